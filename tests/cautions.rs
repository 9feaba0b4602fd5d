//! What is told at the end of a study of numbers that are not what they look like.

mod common;

use common::{Place, about, manifest, number};

/// One molecule that leaves after 20 s on average, in a run of 20 s.
const WAITING: &str = r#"[scenario]
name = "waiting"
[run]
duration = "20 s"
bins = 1
[study]
seed = 11
replications = 400
[compartment.cell]
volume = "1 pL"
initial = { A = 1 }
[reaction.out]
equation = "A ->"
k = "0.05 /s"
[probe.gone]
kind = "first_passage"
of = "cell.A"
down_to = [0]
"#;

/// A link of 1 Mbit/s, 1000 packets a second.
fn link(traffic: &str, study: &str) -> String {
    format!(
        "[scenario]\nname = \"link\"\n[run]\nduration = \"20 s\"\nwarmup = \"4 s\"\n[study]\nseed = 3\n{study}\
         [node.a]\n[node.b]\n[link.wire]\nfrom = \"a\"\nto = \"b\"\nrate = \"1 Mbit/s\"\ndelay = \"1 ms\"\n\
         queue = {{ kind = \"fifo\", limit = \"1000000 packets\" }}\n\
         [traffic.data]\nfrom = \"a\"\nto = \"b\"\nsize = {{ kind = \"constant\", size = \"125 B\" }}\n{traffic}"
    )
}

#[test]
fn a_first_passage_that_may_not_come_has_a_share_percentiles_and_a_bound() {
    let place = Place::with("waiting.toml", WAITING);
    let run = place.egress(&["run", "waiting.toml", "--out", "out"]).ends_with(0);
    let summary = place.path("out/summary.csv");
    let of = |metric, stat| about(&summary, "cell.A@first n<=0", metric, stat).remove(0);
    let (mean, share) = (of("first_passage_time", "mean"), of("passage_share", "mean"));
    // 1 - 1/e of the runs; the standard error of a share of 400 is 0.024.
    let passed = 1.0 - (-1.0f64).exp();
    assert!((number(&share, "mean") - passed).abs() < 4.0 * 0.0241, "{share:?}");
    assert!(number(&share, "ci_low") < number(&share, "mean") && share["n"] == "400");
    // Over the others a mean would be 8.4 s; it is 20 s.
    assert!(mean["mean"].is_empty() && mean["ci_low"].is_empty(), "{mean:?}");
    assert_eq!(number(&mean, "n"), (400.0 * number(&share, "mean")).round());
    // E min(T, 20) = 20 (1 - 1/e), its variance 2 x 20^2 (1 - 2/e) - 12.64^2 = 51.5.
    let lower = number(&of("first_passage_time", "lower"), "mean");
    assert!((lower - 20.0 * passed).abs() < 4.0 * (51.5f64 / 400.0).sqrt(), "{lower}");
    // The median, 20 ln 2; its standard error is 1 / (2 sqrt(n) f) with the density f = 0.025. The 90th percentile is not reached.
    let median = of("first_passage_time", "p50");
    assert!((number(&median, "mean") - 20.0 * std::f64::consts::LN_2).abs() < 4.0, "{median:?}");
    assert!(number(&median, "ci_low") < 20.0 * std::f64::consts::LN_2);
    assert!(!place.read("out/summary.csv").contains("first_passage_time,p90"));
    assert!(run.err.contains("warning: not in all runs") && run.err.contains("cell.A@first n<=0 in "), "{}", run.err);
    assert!(run.out.contains("first passage at least"), "{}", run.out);
    assert!(manifest(&place.path("out"))["warnings"].to_string().contains("not in all runs"));
    // In a run that is long enough all is as it was.
    let long = place.egress(&["run", "waiting.toml", "--out", "long", "--duration", "1000 s"]).ends_with(0);
    assert!(!long.err.contains("warning"), "{}", long.err);
    let mean = about(&place.path("long/summary.csv"), "cell.A@first n<=0", "first_passage_time", "mean").remove(0);
    assert!((number(&mean, "mean") - 20.0).abs() < 4.0 && mean["n"] == "400", "{mean:?}");
}

#[test]
fn overload_is_no_steady_state() {
    let place = Place::new();
    let told = |rate: &str, warmup: &str| {
        place.write("link.toml", link(&format!("kind = \"poisson\"\nrate = \"{rate}\"\n"), "replications = 5\n"));
        let out = format!("{rate}{warmup}").replace([' ', '/'], "");
        let warmup = format!("run.warmup=\"{warmup}\"");
        place.egress(&["run", "link.toml", "--out", &out, "--set", &warmup]).ends_with(0).err
    };
    // 200 packets a second more than can go: from 4 s to 20 s the queue grows from 800 to 4000; the middles of its first and last
    // eighth are at 5 s and 19 s.
    let over = told("1200 packets/s", "4 s");
    assert!(over.contains("warning: no steady state") && over.contains(": wire grew from "), "{over}");
    assert!(!over.contains("data grew"), "the flow grows because the link does: {over}");
    let words = over.split_once("wire grew from ").unwrap().1;
    let (from, to) = words.split_once(" packets").unwrap().0.split_once(" to ").unwrap();
    let (from, to): (f64, f64) = (from.parse().unwrap(), to.parse().unwrap());
    // The number of packets that come in 19 s has a standard deviation of 150, a mean of five one of 68.
    assert!((from - 1000.0).abs() < 4.0 * 35.0 && (to - 3800.0).abs() < 4.0 * 68.0, "{from} {to}");
    // Nobody who leaves the beginning in claims a steady state.
    assert!(!told("1200 packets/s", "0 s").contains("no steady state"));
    for load in ["300 packets/s", "800 packets/s", "950 packets/s"] {
        let err = told(load, "4 s");
        assert!(!err.contains("warning"), "{load}: {err}");
    }
}

#[test]
fn without_chance_one_run_tells_all() {
    let constant = "kind = \"constant\"\nrate = \"900 packets/s\"\n";
    let place = Place::with("link.toml", &link(constant, ""));
    let run = place.egress(&["run", "link.toml", "--out", "one"]).ends_with(0);
    assert!(run.err.contains("1 replication of 20 s") && run.err.contains("no chance in it"), "{}", run.err);
    assert!(run.out.contains("no chance in it: no intervals") && !run.err.contains("warning"), "{}", run.out);
    // What is asked for is done, and told.
    place.write("link.toml", link(constant, "replications = 4\n"));
    let run = place.egress(&["run", "link.toml", "--out", "four"]).ends_with(0);
    assert!(run.err.contains("warning: there is no chance in it") && run.err.contains("4 replications"), "{}", run.err);
    assert!(run.out.contains("no chance in it: no intervals") && !run.out.contains('±'), "{}", run.out);
    let runs = place.read("four/runs.csv");
    assert_eq!(runs.lines().count(), 5);
    let row = about(&place.path("four/summary.csv"), "data", "sojourn_time", "mean").remove(0);
    assert!(row["n"] == "1" && row["ci_low"].is_empty(), "{row:?}");
    let caption = place.read("four/figures/throughput.txt");
    assert!(caption.contains("No chance in it"), "{caption}");
    // The numbers are those of one.
    assert_eq!(place.read("four/summary.csv"), place.read("one/summary.csv"));
    // With chance there are as many as by default.
    place.write("link.toml", link("kind = \"poisson\"\nrate = \"900 packets/s\"\n", ""));
    let run = place.egress(&["run", "link.toml", "--out", "drawn"]).ends_with(0);
    assert!(run.err.contains("20 replications") && run.out.contains('±'), "{}", run.err);
}

#[test]
fn stays_that_the_end_cuts_are_told() {
    // 20 molecules a second come, and stay for 10 s on average; at the end of 60 s 200 are inside, and 1000 have left.
    let text = "[scenario]\nname = \"stays\"\n[run]\nduration = \"60 s\"\n[study]\nseed = 4\nreplications = 5\n\
        [compartment.cell]\nvolume = \"1 pL\"\ninitial = { A = 0 }\n\
        [reaction.come]\nequation = \"-> A\"\nlaw = \"20\"\n[reaction.go]\nequation = \"A ->\"\nk = \"0.1 /s\"\n\
        [probe.stay]\nkind = \"residence\"\nof = \"cell.A\"\n";
    let place = Place::with("stays.toml", text);
    let told =
        |out: &str, set: &[&str]| place.egress(&[&["run", "stays.toml", "--out", out], set].concat()).ends_with(0).err;
    let cut = told("cut", &[]);
    assert!(cut.contains("warning: stays that had not ended") && cut.contains("still inside at the end: "), "{cut}");
    // After a warm-up of ten mean stays next to none is missing.
    let long = told("long", &["--duration", "1000 s", "--set", "run.warmup=\"100 s\""]);
    assert!(!long.contains("warning"), "{long}");
}
