//! Every bundled scenario keeps the laws that must hold: conservation, Little's law, the utilization law.

mod common;

use common::{Place, manifest};
use egress::scenarios::library;

/// How each scenario is shortened.
fn shorter(name: &str) -> [&'static str; 2] {
    match name {
        "abilene" => ["run.duration=50 ms", "run.warmup=40 ms"],
        "abilene-day" | "evening-peak" => ["run.duration=2 h", "run.warmup=20 min"],
        "beta-cell-biphasic" => ["run.duration=10 min", "run.warmup=1 min"],
        "branch-office" | "bufferbloat" | "cellular-uplink" | "dumbbell-tcp" | "parking-lot" | "qos-voice-vs-bulk"
        | "shaped-uplink" => ["run.duration=5 s", "run.warmup=1 s"],
        "acrab-tolc" => ["run.duration=3.1 s", "run.warmup=2.9 s"],
        "calyx-100hz" => ["run.duration=50 ms", "run.warmup=15 ms"],
        "efflux-assay" => ["run.duration=50 min", "run.warmup=1 min"],
        "synapse-depression" => ["run.duration=11 s", "run.warmup=1 s"],
        "synaptic-vesicle-cycle" => ["run.duration=240 s", "run.warmup=50 s"],
        "quantal-analysis" => ["run.duration=150 ms", "run.warmup=1 ms"],
        "transcytosis" => ["run.duration=20 min", "run.warmup=1 min"],
        "export-bottleneck" => ["run.duration=30 min", "run.warmup=10 min"],
        // Its metrics look at certain times.
        "export-defects" => ["run.duration=150 min", "run.warmup=110 min"],
        "pgp-dose-response" | "pgp-efflux" => ["run.duration=20 min", "run.warmup=10 min"],
        "expression-noise" => ["run.duration=70 min", "run.warmup=50 min"],
        "uptake-block" => ["run.duration=20 s", "run.warmup=5 s"],
        "slow-start" => ["run.duration=1 s", "run.warmup=500 ms"],
        "window-or-link" => ["run.duration=2 s", "run.warmup=500 ms"],
        "bile-export" | "lactate-export" => ["run.duration=2 min", "run.warmup=1 min"],
        "potassium-channel" => ["run.duration=20 ms", "run.warmup=10 ms"],
        "wan-availability" => ["run.duration=90 min", "run.warmup=30 min"],
        "office-firewall" => ["run.duration=40 s", "run.warmup=35 s"],
        "wan-failover" => ["run.duration=45 s", "run.warmup=21 s"],
        _ => panic!("say here how `{name}` is shortened"),
    }
}

#[test]
fn bundled_scenarios_keep_the_laws_and_draw_their_figures() {
    let place = Place::new();
    for (name, _) in library::list() {
        let [duration, warmup] = shorter(name);
        let args = ["run", name, "--reps", "2", "--set", duration, "--set", warmup, "--quiet"];
        place.egress(&args).ends_with(0);
        let folder = place.path("out").join(name);
        let manifest = manifest(&folder);
        assert_eq!(manifest["status"], "done", "{name}");
        assert_eq!(manifest["counts"]["done"], manifest["counts"]["planned"], "{name}");
        assert_eq!(manifest["checks"]["violated"], 0, "{name}: {}", manifest["checks"]);
        let runs = manifest["counts"]["done"].as_u64().unwrap();
        let made = manifest["checks"]["made"].as_u64().unwrap();
        assert!(made >= runs, "{name}: {made} checks in {runs} runs");
        let figures = common::files(&folder.join("figures"));
        for form in ["svg", "png", "csv", "txt"] {
            let of_form = figures.iter().filter(|(file, _)| file.ends_with(&format!(".{form}")));
            assert!(of_form.clone().count() > 0 && of_form.clone().all(|f| !f.1.is_empty()), "{name}: {form}");
        }
    }
}
