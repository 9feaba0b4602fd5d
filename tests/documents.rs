//! What the documents show is what the program does.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{CELL, NETWORK, Place, rows};
use egress::scenarios::{Overrides, Scenario, Source, library};

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The blocks of code in a language, in their order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let block = |part: &str| part.split("```").next().unwrap_or_default().to_owned();
    text.split(&fence).skip(1).map(block).collect()
}

#[test]
fn the_examples_of_the_readme_print_what_it_shows() {
    let readme = document("README.md");
    let place = Place::new();
    for scenario in blocks(&readme, "toml").iter().filter(|b| b.starts_with("[scenario]")) {
        let (_, name) = scenario.lines().next().unwrap_or_default().split_once("# ").expect("its name is in a comment");
        place.write(name, scenario);
        let command = format!("$ egress run {name}\n");
        let shown = blocks(&readme, "text").into_iter().find_map(|b| b.strip_prefix(&command).map(str::to_owned));
        let shown = shown.unwrap_or_else(|| panic!("{name}: no output is shown"));
        let run = place.egress(&["run", name]).ends_with(0);
        assert!(run.out == shown, "{name} prints\n{}\nbut the document shows\n{shown}", run.out);
    }
    // Lines out of a longer output.
    let lines: Vec<String> = blocks(&readme, "text").into_iter().filter(|b| b.starts_with("delay of ")).collect();
    assert_eq!(lines.len(), 1);
    let run = place.egress(&["run", "qos-voice-vs-bulk"]).ends_with(0);
    for line in lines[0].lines() {
        assert!(run.out.lines().any(|l| l == line), "{line}\nis not in\n{}", run.out);
    }
}

#[test]
fn every_bundled_scenario_is_in_the_overview() {
    let readme = document("README.md");
    for (name, _) in library::list() {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

/// A name that a rule has made, as the page has it.
fn of_any_rule(prefix: &str, name: &str) -> String {
    if name.starts_with(prefix) { format!("{prefix}NAME") } else { name.to_owned() }
}

#[test]
fn every_metric_and_statistic_is_explained() {
    let page = document("docs/results.md");
    let mut names = BTreeSet::new();
    // What the kinds of elements measure besides.
    for (name, _) in library::list() {
        let scenario = Scenario::load(&Source::Bundled(name.into()), &Overrides::default(), &egress::registry());
        let scenario = scenario.unwrap_or_else(|e| panic!("{name}: {:?}", e.diagnostics));
        for c in scenario.system(0).components() {
            names.extend(c.extras.iter().map(|e| of_any_rule("hits.", e.metric)));
            names.extend(c.reasons.iter().filter_map(|r| Some(of_any_rule("rule:", r.1.strip_prefix("dropped.")?))));
        }
    }
    let place = Place::with("network.toml", &format!("{NETWORK}[probe.where]\nkind = \"attribution\"\n"));
    place.write("cell.toml", CELL);
    let metrics = "[sweep]\n\"pathway.pump.N\" = [10, 30, 100, 300, 1000]\n\
        [metric.a]\nkind = \"dose_response\"\nresponse = \"pump.throughput\"\n\
        [metric.j]\nkind = \"dose_response\"\nresponse = \"cell.drug.occupancy\"\n\
        [metric.b]\nkind = \"control\"\nresponse = \"pump.throughput\"\nover = [\"pathway.pump.kcat\"]\n\
        [metric.c]\nkind = \"regulation\"\nof = \"cell.drug.occupancy\"\nset_point = \"0.2 uM\"\n\
        [metric.d]\nkind = \"exposure\"\nof = \"cell.drug.occupancy\"\nthreshold = \"0.2 uM\"\n\
        [metric.e]\nkind = \"clearance\"\nof = \"cell.drug\"\nby = [\"pump.throughput\"]\n\
        [metric.f]\nkind = \"accumulation\"\nof = \"cell.drug.occupancy\"\nbaseline = [\"2 min\", \"5 min\"]\n\
        [metric.g]\nkind = \"balance\"\negress = [\"pump.throughput\"]\ningress = [\"leak.influx\"]\n\
        [metric.h]\nkind = \"drift\"\nof = \"cell.drug.occupancy\"\n\
        [probe.early]\nkind = \"count\"\nof = \"cell.drug\"\ntimes = [\"1 min\"]\n\
        [metric.i]\nkind = \"moments\"\nof = \"cell.drug@1 min.count\"\n";
    place.write("metrics.toml", format!("{CELL}split_by = \"pathway\"\n{metrics}"));
    for name in ["network", "cell", "metrics"] {
        place.egress(&["run", &format!("{name}.toml"), "--quiet", "--reps", "1", "--out", name]).ends_with(0);
        for row in rows(&place.path(name).join("summary.csv")) {
            let metric = &row["metric"].replace("control.pathway.pump.kcat", "control.PATH");
            names.insert(metric.strip_prefix("dropped.").unwrap_or(metric).to_owned());
            names.insert(row["stat"].clone());
        }
    }
    assert!(names.len() > 30 && names.contains("wait_ratio") && names.contains("slowdown"), "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "docs/results.md does not explain `{name}`");
    }
    // Every file of a results folder has its row.
    for entry in std::fs::read_dir(place.path("cell")).expect("a results folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(name.starts_with('.') || page.contains(&format!("`{name}")), "docs/results.md does not explain {name}");
    }
}
