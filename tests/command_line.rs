//! The command line: sub-commands, streams and exit codes.

mod common;

use std::path::Path;

use common::{CELL, NETWORK, Place, manifest, with};
use egress::sim_core::config::Kinds;
use serde_json::Value;

const COMMANDS: [&str; 11] =
    ["run", "check", "list", "show", "new", "import", "export", "schema", "validate", "bench", "completions"];

#[test]
fn help_has_examples() {
    let place = Place::new();
    let all = place.egress(&["--help"]).ends_with(0).out;
    for command in COMMANDS {
        assert!(all.contains(&format!("\n  {command} ")), "{command}");
        let run = place.egress(&[command, "--help"]).ends_with(0);
        assert!(run.out.contains(&format!("Examples:\n  egress {command}")), "{}", run.out);
        assert_eq!(run.err, "");
    }
    // The list above has them all; `help` is clap's.
    let listed = all.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    assert_eq!(listed.filter(|l| l.starts_with("  ") && !l.starts_with("   ")).count(), COMMANDS.len() + 1);
}

#[test]
fn version_is_that_of_the_package() {
    let run = Place::new().egress(&["--version"]).ends_with(0);
    assert_eq!(run.out, format!("egress {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_told_from_wrong_scenarios() {
    let place = Place::with("wire.toml", NETWORK);
    place.write("bad.toml", with(NETWORK, "[node.b]", ""));
    for (args, code) in [
        (&["run"][..], 2),
        (&["walk"], 2),
        (&["run", "wire.toml", "--reps", "0"], 2),
        (&["run", "wire.toml", "--reps", "many"], 2),
        (&["run", "no-such"], 2),
        (&["run", "no-such.toml"], 2),
        (&["run", "bad.toml"], 3),
        (&["check", "wire.toml", "bad.toml"], 3),
        (&["bench", "bad.toml"], 3),
        (&["completions", "cmd"], 2),
    ] {
        let run = place.egress(args).ends_with(code);
        assert!(run.err.contains("error"), "{args:?}: {}", run.err);
    }
    assert_eq!(place.names(), ["bad.toml", "wire.toml"]);
}

#[test]
fn bundled_scenarios_are_listed_shown_and_valid() {
    let place = Place::new();
    let list = place.egress(&["list"]).ends_with(0).out;
    assert_eq!(list.lines().count(), egress::scenarios::library::list().len());
    for line in list.lines() {
        let (name, title) = line.split_once("  ").expect("name and title");
        let text = place.egress(&["show", name]).ends_with(0).out;
        assert!(text.contains(title.trim()) && !title.trim().is_empty(), "{name}");
        place.write("copy.toml", &text);
        let [bundled, copy] = [name, "copy.toml"].map(|source| place.egress(&["check", source]).ends_with(0).out);
        assert_eq!(bundled.strip_prefix(name), copy.strip_prefix("copy.toml"));
    }
}

#[test]
fn starters_are_valid_and_never_written_over_a_file() {
    let place = Place::new();
    for world in ["network", "biology"] {
        place.egress(&["new", world, "it.toml"]).ends_with(0);
        let text = place.read("it.toml");
        let check = place.egress(&["check", "it.toml"]).ends_with(0);
        assert!(check.out.starts_with("it.toml: ok: ") && check.err.is_empty(), "{}{}", check.out, check.err);
        let again = place.egress(&["new", world, "it.toml"]).ends_with(2);
        assert!(again.err.contains("`it.toml` exists already"), "{}", again.err);
        assert_eq!(place.read("it.toml"), text);
        std::fs::remove_file(place.path("it.toml")).expect("our own file");
    }
    place.egress(&["new", "network", "no/such/folder.toml"]).ends_with(1);
}

/// The kinds that a schema allows, wherever in it.
fn kinds(schema: &Value, found: &mut Vec<String>) {
    if let Some(kind) = schema.pointer("/properties/kind/enum/0").and_then(Value::as_str) {
        found.push(kind.to_owned());
    }
    match schema {
        Value::Array(parts) => parts.iter().for_each(|part| kinds(part, found)),
        Value::Object(parts) => parts.values().for_each(|part| kinds(part, found)),
        _ => {}
    }
}

#[test]
fn the_schema_names_every_kind() {
    let place = Place::new();
    let json = place.egress(&["schema"]).ends_with(0).out;
    let schema: Value = serde_json::from_str(&json).expect("the schema is JSON");
    assert!(schema["properties"]["scenario"].is_object() && schema["properties"]["link"].is_object());
    let mut found = Vec::new();
    kinds(&schema, &mut found);
    let page = place.egress(&["schema", "--format", "markdown"]).ends_with(0).out;
    for family in ["discipline", "traffic", "size", "service", "stage", "pathway"] {
        let known = egress::registry().names(family);
        assert!(!known.is_empty(), "{family}");
        for kind in known {
            assert!(found.iter().any(|k| k == kind) && page.contains(&format!("`{kind}`")), "{family} {kind}");
        }
    }
}

/// Write the page anew with `egress schema --format markdown > docs/scenario-reference.md`.
#[test]
fn the_reference_page_is_that_of_this_version() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario-reference.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let now = Place::new().egress(&["schema", "--format", "markdown"]).ends_with(0).out;
    let differs = page.lines().zip(now.lines()).find(|(a, b)| a != b);
    assert!(page == now, "docs/scenario-reference.md is out of date: {differs:?}");
}

#[test]
fn completions_are_for_the_shell() {
    let script = Place::new().egress(&["completions", "bash"]).ends_with(0).out;
    assert!(script.contains("_egress()") && script.contains("complete -F _egress"));
    assert!(COMMANDS.iter().all(|command| script.contains(command)));
}

#[test]
fn several_scenarios_have_a_folder_each() {
    let place = Place::with("one.toml", NETWORK);
    place.write("two.toml", with(NETWORK, "\"wire\"\n[run]", "\"second\"\n[run]"));
    place.write("bad.toml", with(NETWORK, "[node.b]", ""));
    place.egress(&["run", "one.toml", "two.toml", "--out", "all", "--quiet"]).ends_with(0);
    for name in ["wire", "second"] {
        assert_eq!(manifest(&place.path("all").join(name))["status"], "done");
    }
    // One that is wrong does not stop the others.
    let run = place.egress(&["run", "bad.toml", "two.toml"]).ends_with(3);
    assert!(run.err.contains("bad.toml:"), "{}", run.err);
    assert_eq!(manifest(&place.path("out/second"))["status"], "done");
    assert!(!place.path("out/wire").exists());
}

#[test]
fn standard_output_is_data_and_quiet_is_silent() {
    let place = Place::with("wire.toml", NETWORK);
    let quiet = place.egress(&["run", "wire.toml", "--quiet", "--out", "quiet"]).ends_with(0);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    let run = place.egress(&["run", "wire.toml", "--out", "talking"]).ends_with(0);
    assert!(run.out.starts_with("flow ") && run.out.contains("\nbottleneck: wire (utilization "), "{}", run.out);
    assert!(run.err.contains("4 replications of 20 s, statistics from 2 s; seed 1"), "{}", run.err);
    common::assert_same_results(&place.path("quiet"), &place.path("talking"));
}

#[test]
fn progress_is_told_in_lines_of_json() {
    let place = Place::with("wire.toml", NETWORK);
    let run = place.egress(&["run", "wire.toml", "--progress", "json"]).ends_with(0);
    let lines: Vec<Value> = run.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let last = lines.last().expect("a line of JSON");
    assert_eq!((&last["done"], &last["total"]), (&Value::from(4), &Value::from(4)));
    assert!(lines.is_sorted_by_key(|line| line["done"].as_u64()) && last["events"].as_u64() > Some(10_000), "{last}");
}

#[test]
fn a_drawn_seed_is_told_and_kept() {
    let place = Place::with("wire.toml", &with(NETWORK, "seed = 1\n", ""));
    let run = place.egress(&["run", "wire.toml"]).ends_with(0);
    let seed = manifest(&place.path("out/wire"))["seed"].clone();
    assert!(run.err.contains(&format!("seed {seed} (drawn; kept in the results)")), "{}", run.err);
    let again = place.egress(&["run", "wire.toml", "--seed", &seed.to_string(), "--out", "again"]).ends_with(0);
    assert_eq!(again.out, run.out);
}

#[test]
fn a_benchmark_is_one_line_of_json() {
    let place = Place::with("wire.toml", NETWORK);
    let run = place.egress(&["bench", "wire.toml", "--json", "--reps", "2"]).ends_with(0);
    assert_eq!(run.out.lines().count(), 1);
    let line: Value = serde_json::from_str(&run.out).expect("a line of JSON");
    let mut keys: Vec<&str> = line.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["peer", "rate", "results", "size", "unit", "version", "wall_s", "workload"]);
    assert_eq!((&line["peer"], &line["workload"]), (&Value::from("egress"), &Value::from("wire")));
    assert_eq!((&line["unit"], &line["size"]), (&Value::from("packets/s"), &Value::from("20 s x 2")));
    // 18 s of 500 packets a second, twice; M/M/1 at one half stays 2 ms, and the propagation takes 1 ms.
    let packets = line["results"]["packets"].as_f64().expect("a number");
    let sojourn = line["results"]["mean_sojourn_s"].as_f64().expect("a number");
    assert!((packets - 18_000.0).abs() < 600.0 && (sojourn - 0.003).abs() < 3e-4, "{packets}, {sojourn} s");
    let (rate, wall) = (line["rate"].as_f64().expect("a rate"), line["wall_s"].as_f64().expect("a time"));
    assert!((rate * wall / packets - 1.0).abs() < 1e-9, "{rate} {wall} {packets}");
    assert_eq!(place.names(), ["wire.toml"], "nothing was written");
    let hops = place.egress(&["bench", "wire.toml", "--count", "hops"]).ends_with(0);
    assert!(hops.out.starts_with("wire.toml: ") && hops.out.contains("packet-hops/s"), "{}", hops.out);
}

#[test]
fn a_benchmark_counts_what_there_is() {
    let place = Place::with("wire.toml", NETWORK);
    place.write("cell.toml", CELL);
    for (name, count, says) in
        [("cell.toml", "hops", "no hops in a cell"), ("wire.toml", "firings", "no firings in a network")]
    {
        let run = place.egress(&["bench", name, "--count", count]).ends_with(2);
        assert!(run.err.contains(says) && run.err.contains("help: ") && run.out.is_empty(), "{}", run.err);
    }
}

/// Where nobody reads what is said, the exit code is all the same.
#[test]
fn standard_error_that_is_closed_changes_nothing() {
    let place = Place::with("wire.toml", NETWORK);
    place.write("bad.toml", with(NETWORK, "[node.b]", ""));
    for (args, code) in [
        (&["check", "bad.toml"][..], 3),
        (&["run", "wire.toml"], 0),
        (&["run", "wire.toml", "--progress", "json", "--out", "json"], 0),
        (&["walk"], 2),
        (&["new", "network", "new.toml"], 0),
        (&["validate", "no-such"], 2),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = place.command(args).stderr(writer).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}

/// A law that is negative where the cell is full.
#[test]
fn runs_that_all_fail_give_one_error_and_no_table() {
    let law = "[reaction.r]\nequation = \"drug -> \"\nin = \"cell\"\nlaw = \"5 - drug\"\n[probe.residence]";
    let place = Place::with("cell.toml", &with(CELL, "[probe.residence]", law));
    let run = place.egress(&["run", "cell.toml"]).ends_with(1);
    assert_eq!((run.out.as_str(), run.err.matches("error").count()), ("", 1), "{}", run.err);
    assert!(run.err.contains("4 runs failed: ") && run.err.contains("out/cell/runs.csv"), "{}", run.err);
    let line = place.read("cell.toml").lines().position(|line| line == "[reaction.r]").expect("its header") + 1;
    assert!(run.err.contains("`reaction.r` at cell.drug = "), "{}", run.err);
    assert!(run.err.contains(&format!("\n --> cell.toml:{line}:")), "{}", run.err);
}

#[test]
fn validation_compares_with_closed_forms() {
    let run = Place::new().egress(&["validate", "mm1-080", "--format", "json"]).ends_with(0);
    let results: Value = serde_json::from_str(&run.out).expect("JSON");
    assert!(run.out.contains("mm1-080") && results.as_array().is_some_and(|r| r.len() == 1), "{}", run.out);
}

#[test]
fn packets_of_a_trace_that_come_too_late_are_told() {
    let (head, _) = NETWORK.split_once("kind = \"poisson\"").expect("the network has traffic");
    let place = Place::new();
    place.write("trace.csv", "time,size\n1,125\n19.9,125\n20,125\n25,125\n");
    let warnings = |more: &str| {
        let data = format!("{head}kind = \"trace\"\nfile = \"trace.csv\"\nfrom = \"a\"\nto = \"b\"\n{more}");
        place.write("trace.toml", data);
        place.egress(&["check", "trace.toml"]).ends_with(0).err
    };
    let late = warnings("");
    assert!(late.contains("warning[W0341]: 2 of the 4 packets of `traffic.data` are never sent"), "{late}");
    assert!(late.contains("trace.toml:19:8") && late.contains("at or after the end of the run, 20 s"), "{late}");
    assert!(warnings("start = \"1 s\"\n").contains("3 of the 4 packets"));
    let nothing = warnings("stop = \"500 ms\"\n");
    assert!(nothing.contains("4 of the 4 packets") && nothing.contains("`stop`, 500 ms"), "{nothing}");
    // What `stop` cuts off is meant to be cut off.
    place.write("trace.csv", "time,size\n1,125\n19.9,125\n");
    assert_eq!((warnings(""), warnings("stop = \"2 s\"\n")), (String::new(), String::new()));
    let args = ["run", "trace.toml", "--set", "run.duration=10 s", "--out", "out", "--no-figures"];
    let run = place.egress(&args).ends_with(0);
    assert!(run.err.contains("1 of the 2 packets"), "{}", run.err);
    assert_eq!(place.egress(&[&args[..], &["--quiet"]].concat()).ends_with(0).err, "");
    assert!(manifest(&place.path("out"))["warnings"].to_string().contains("W0341"));
}

#[test]
fn a_size_in_the_place_of_its_law_is_answered_with_the_law() {
    let place = Place::with("wire.toml", &with(NETWORK, "{ kind = \"exponential\", mean = \"125 B\" }", "\"1000 B\""));
    let run = place.egress(&["check", "wire.toml"]).ends_with(3);
    assert!(run.err.contains("help: write `{ kind = \"constant\", size = \"1000 B\" }`"), "{}", run.err);
}

#[test]
fn figures_can_be_left_out_and_drawn_later() {
    let place = Place::with("wire.toml", NETWORK);
    place.egress(&["run", "wire.toml", "--no-figures", "--out", "out", "--quiet"]).ends_with(0);
    assert!(place.path("out/summary.csv").exists() && !place.path("out/figures").exists());
    place.egress(&["run", "wire.toml", "--out", "out", "--quiet"]).ends_with(0);
    assert!(place.path("out/figures").exists());
}
