//! A run is a function of scenario, seed and replication: of nothing else.

mod common;

use std::collections::BTreeMap;

use common::{CELL, NETWORK, Place, SYNAPSE, about, assert_same_results, rows, with};

/// Runs a bundled scenario on 1, 2 and 8 threads.
fn assert_same_on_threads(args: &[&str]) {
    let place = Place::new();
    for threads in ["1", "2", "8"] {
        place.egress(&[args, &["--quiet", "--threads", threads, "--out", threads]].concat()).ends_with(0);
    }
    let whole = common::results(&place.path("1"));
    for file in ["summary.csv", "metrics.csv", "metrics.parquet", "distributions.csv", "series/point-00000.csv"] {
        assert!(whole.contains_key(file), "{file}");
    }
    assert!(whole.keys().filter(|file| file.starts_with("figures/")).count() > 3);
    assert_same_results(&place.path("1"), &place.path("2"));
    assert_same_results(&place.path("1"), &place.path("8"));
}

#[test]
fn a_network_is_the_same_on_any_number_of_threads() {
    let set = ["--set", "run.duration=3 s", "--set", "run.warmup=1 s"];
    assert_same_on_threads(&[&["run", "branch-office", "--reps", "3"], &set[..]].concat());
}

#[test]
fn filters_and_translators_are_the_same_on_any_number_of_threads() {
    let set = ["--set", "run.duration=40 s", "--set", "run.warmup=10 s"];
    assert_same_on_threads(&[&["run", "office-firewall", "--reps", "2"], &set[..]].concat());
}

#[test]
fn a_cell_is_the_same_on_any_number_of_threads() {
    let set = ["--set", "run.duration=20 min", "--set", "run.warmup=10 min"];
    assert_same_on_threads(&[&["run", "pgp-efflux", "--reps", "3"], &set[..]].concat());
}

#[test]
fn metrics_are_the_same_on_any_number_of_threads() {
    let set = ["--set", "run.duration=30 min", "--set", "run.warmup=10 min"];
    assert_same_on_threads(&[&["run", "export-bottleneck", "--reps", "4"], &set[..]].concat());
    let set = ["--set", "run.duration=20 min", "--set", "run.warmup=15 min"];
    assert_same_on_threads(&[&["run", "pgp-dose-response", "--reps", "4"], &set[..]].concat());
}

/// The rows of a study about some components, of one table.
fn rows_about(place: &Place, out: &str, table: &str, components: &[String]) -> Vec<BTreeMap<String, String>> {
    let mut rows = rows(&place.path(out).join(table));
    rows.retain(|r| components.contains(&r["component"]));
    rows
}

/// Runs `text` with and without `more`, which must not touch what was there.
fn assert_not_disturbed(text: &str, more: &str) {
    let place = Place::with("plain.toml", text);
    place.write("more.toml", format!("{text}{more}"));
    place.egress(&["run", "plain.toml", "--quiet", "--out", "plain"]).ends_with(0);
    place.egress(&["run", "more.toml", "--quiet", "--out", "more"]).ends_with(0);
    let all = rows(&place.path("plain/metrics.csv"));
    let components: Vec<String> = all.iter().map(|r| r["component"].clone()).collect();
    assert!(rows(&place.path("more/metrics.csv")).len() > all.len());
    for table in ["metrics.csv", "summary.csv", "distributions.csv", "series/point-00000.csv"] {
        let [plain, more] = ["plain", "more"].map(|out| rows_about(&place, out, table, &components));
        assert!(!plain.is_empty() && plain == more, "{table} differs");
    }
}

#[test]
fn an_element_that_is_not_connected_changes_nothing_in_a_network() {
    let more = "[node.c]\n[node.d]\n[link.wire2]\nfrom = \"c\"\nto = \"d\"\nrate = \"1 Mbit/s\"\n\
        [traffic.other]\nkind = \"poisson\"\nfrom = \"c\"\nto = \"d\"\nrate = \"300 kbit/s\"\nsize = { kind = \"imix\" }\n";
    assert_not_disturbed(NETWORK, more);
}

#[test]
fn an_element_that_is_not_connected_changes_nothing_in_a_cell() {
    let more = "[compartment.vesicle]\nvolume = \"0.1 fL\"\ninitial = { dye = \"200 uM\", drug = 50, bleached = 0 }\n\
        [pathway.dye]\nkind = \"permeation\"\nspecies = \"dye\"\nbetween = [\"vesicle\", \"medium\"]\n\
        P = \"1e-6 cm/s\"\narea = \"0.1 um^2\"\n\
        [reaction.bleach]\nequation = \"dye -> bleached\"\nin = \"vesicle\"\nlaw = \"k * dye / (1 + bleached)\"\n\
        parameters = { k = \"1 /s\" }\n\
        [intervention.light]\nat = \"7 min\"\ntarget = \"reaction.bleach.parameters.k\"\nvalue = \"2 /s\"\n\
        [probe.dye]\nkind = \"residence\"\nof = \"vesicle.dye\"\n";
    let text = with(CELL, "inhibitor = \"0 uM\"", "inhibitor = \"0 uM\", dye = \"1 uM\"");
    assert_not_disturbed(&text, more);
}

/// Sweeps a value that no run depends on: all points must have the same numbers, to the last digit.
fn assert_points_share_streams(text: &str, sweep: &str) {
    let place = Place::with("it.toml", text);
    place.egress(&["run", "it.toml", "--quiet", "--sweep", sweep, "--out", "out"]).ends_with(0);
    let all = rows(&place.path("out/metrics.csv"));
    let of = |point: &str| -> Vec<_> {
        let of_point = all.iter().filter(|r| r["point"] == point);
        of_point.map(|r| (&r["replication"], &r["component"], &r["metric"], &r["stat"], &r["value"])).collect()
    };
    assert!(of("0").len() > 20);
    assert!(of("0") == of("1"));
}

#[test]
fn points_of_a_sweep_share_their_random_numbers_in_a_network() {
    assert_points_share_streams(NETWORK, "link.wire.queue.limit=5000 packets,6000 packets");
}

#[test]
fn points_of_a_sweep_share_their_random_numbers_in_a_cell() {
    assert_points_share_streams(&with(CELL, "N = 100", "N = 0"), "pathway.pump.kcat=1 /s,2 /s");
}

#[test]
fn replications_and_seeds_differ() {
    let place = Place::with("it.toml", NETWORK);
    place.egress(&["run", "it.toml", "--quiet", "--out", "one"]).ends_with(0);
    place.egress(&["run", "it.toml", "--quiet", "--seed", "2", "--out", "two"]).ends_with(0);
    let delays = |out: &str| {
        let rows = about(&place.path(out).join("metrics.csv"), "wire", "sojourn_time", "mean");
        rows.into_iter().map(|r| r["value"].clone()).collect::<Vec<_>>()
    };
    let mut all = [delays("one"), delays("two")].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 8);
}

#[test]
fn bins_of_series_change_no_measure() {
    for text in [NETWORK, CELL] {
        let place = Place::with("it.toml", text);
        for bins in ["1", "7", "1000"] {
            let set = format!("run.bins={bins}");
            place.egress(&["run", "it.toml", "--quiet", "--set", &set, "--out", bins]).ends_with(0);
        }
        for table in ["metrics.csv", "summary.csv"] {
            let read = |bins: &str| place.read(&format!("{bins}/{table}"));
            assert!(read("1000") == read("1") && read("1000") == read("7"), "{table} differs");
        }
    }
}

#[test]
fn release_at_spikes_is_the_same_on_any_number_of_threads_and_beside_others() {
    let place = Place::with("synapse.toml", SYNAPSE);
    for threads in ["1", "2", "8"] {
        place.egress(&["run", "synapse.toml", "--quiet", "--threads", threads, "--out", threads]).ends_with(0);
    }
    assert_same_results(&place.path("1"), &place.path("2"));
    assert_same_results(&place.path("1"), &place.path("8"));
    // A synapse without connection under the same spikes, a count, other bins.
    let more = "[pathway.other]\nkind = \"release_site\"\nspikes = \"stim\"\nsites = 3\nU = 0.9\ntau_rec = \"1 s\"\n\
        [probe.count]\nkind = \"count\"\nof = \"cleft.transmitter\"\ntimes = [\"33.3 s\", \"50 s\"]\n";
    assert_not_disturbed(SYNAPSE, more);
    place.egress(&["run", "synapse.toml", "--quiet", "--set", "run.bins=777", "--out", "bins"]).ends_with(0);
    let table = |out: &str| rows(&place.path(out).join("metrics.csv"));
    assert_eq!(table("bins"), table("1"));
}
