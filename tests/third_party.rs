//! A crate outside the workspace adds kinds of its own and gets the whole command line: `third-party/` adds the queue
//! discipline `lifo`, the congestion control `fixed` and the pathway `paired`.

mod common;

use std::path::PathBuf;
use std::sync::OnceLock;

use common::{NETWORK, Place, Run, cargo_outside, manifest, mean_and_error, samples, target_folder, with};

/// The program of the other crate.
fn program() -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| drop(cargo_outside("third-party", &["build"]).ends_with(0)));
    target_folder().join(if cfg!(debug_assertions) { "debug" } else { "release" }).join("my-egress")
}

fn my_egress(place: &Place, args: &[&str]) -> Run {
    Run::to_end(&mut place.command_of(&program(), args)).ends_with(0)
}

/// A scenario of the other crate.
fn scenario(name: &str) -> String {
    format!("{}/tests/third-party/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_discipline_of_ones_own_serves_packets() {
    let place = Place::new();
    let lifo = scenario("network.toml");
    my_egress(&place, &["run", &lifo, "--quiet", "--reps", "10", "--out", "lifo"]);
    my_egress(
        &place,
        &["run", &lifo, "--quiet", "--reps", "10", "--set", "link.wire.queue.kind=fifo", "--out", "fifo"],
    );
    let of = |out: &str, stat| mean_and_error(&samples(&place.path(out), "wire", "sojourn_time", stat));
    // The order of service changes no mean (Kleinrock 1975, 3.4) but who waits for how long.
    let ((lifo, e), (fifo, f)) = (of("lifo", "mean"), of("fifo", "mean"));
    assert!((lifo - fifo).abs() < 3.0 * e.hypot(f), "{lifo} +- {e} s, {fifo} +- {f} s");
    let ((lifo, e), (fifo, f)) = (of("lifo", "sd"), of("fifo", "sd"));
    assert!(lifo - fifo > 5.0 * e.hypot(f), "{lifo} +- {e} s, {fifo} +- {f} s");
    assert_eq!(manifest(&place.path("lifo"))["checks"]["violated"], 0);
}

#[test]
fn a_congestion_control_of_ones_own_sets_the_window() {
    let place = Place::new();
    my_egress(&place, &["run", &scenario("transport.toml"), "--quiet", "--out", "out"]);
    assert_eq!(samples(&place.path("out"), "data", "cwnd", "time_mean"), [100.0]);
    // 100 segments of 1460 bytes a round trip of 100 ms and the transmissions of a segment and an acknowledgement.
    let goodput = samples(&place.path("out"), "data", "goodput", "mean")[0];
    let exact = 100.0 * 1460.0 * 8.0 / (0.1 + 2.0 * 120e-6 + 3.2e-6);
    assert!((goodput / exact - 1.0).abs() < 0.01, "{goodput} is not {exact}");
    assert_eq!(manifest(&place.path("out"))["checks"]["violated"], 0);
}

#[test]
fn a_pathway_of_ones_own_moves_molecules() {
    let place = Place::new();
    let biology = scenario("biology.toml");
    // The last pair takes a second on average.
    my_egress(&place, &["run", &biology, "--quiet", "--set", "run.warmup=500 s", "--out", "out"]);
    let held = |component, stat| samples(&place.path("out"), component, "occupancy", stat);
    assert_eq!(held("cell.S", "max"), [1.0; 4]);
    assert_eq!(held("medium.S", "max"), [100.0; 4]);
    let means = held("cell.S", "time_mean").into_iter().zip(held("medium.S", "time_mean"));
    for (cell, medium) in means {
        assert!((cell - 1.0).abs() < 1e-9 && (medium - 100.0).abs() < 1e-9, "{cell} and {medium}");
    }
    assert_eq!(manifest(&place.path("out"))["checks"]["violated"], 0);
}

#[test]
fn the_other_crate_has_the_whole_command_line() {
    let place = Place::with("wire.toml", &with(NETWORK, "\"fifo\"", "\"lifoo\""));
    assert!(my_egress(&place, &["list"]).out.contains("branch-office"));
    for format in ["json", "markdown"] {
        let schema = my_egress(&place, &["schema", "--format", format]).out;
        for said in ["lifo", "Last in, first out", "paired", "Molecules leave in pairs.", "fifo", "pump"] {
            assert!(schema.contains(said), "{said} is in the schema as {format}");
        }
    }
    let refused = Run::to_end(&mut place.command_of(&program(), &["check", "wire.toml"])).ends_with(3);
    assert!(refused.err.contains("did you mean `lifo`?"), "{}", refused.err);
    // The program itself knows nothing of it.
    let unknown = place.egress(&["check", &scenario("network.toml")]).ends_with(3);
    assert!(unknown.err.contains("unknown kind `lifo`"), "{}", unknown.err);
}
