//! Bad input ends with an exit code of 2 or 3 and a message that says what is wrong, where, what was expected and what to
//! do; never with a panic, and never after something was written.

mod common;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use common::{CELL, NETWORK, Place, Run, SYNAPSE, with};

/// Stands in a text before what is wrong.
const MARK: char = '§';

/// Line and column of the mark, from 1, and the text without it.
fn unmark(text: &str) -> (String, String) {
    let (before, _) = text.split_once(MARK).expect("the place of the error is marked");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (format!("bad.toml:{line}:{column}\n"), text.replace(MARK, ""))
}

/// Runs a scenario that must be refused: `text` marks the place with `§`, `says` must be in the message. It has one mistake,
/// and nothing is said of what follows from it.
#[track_caller]
fn refused(text: &str, says: &[&str]) {
    let (at, text) = unmark(text);
    let place = Place::with("bad.toml", &text);
    let run = place.egress(&["run", "bad.toml"]).ends_with(3);
    for expected in says.iter().chain(&[at.as_str(), "error[E", "= help: "]) {
        assert!(run.err.contains(expected), "expected `{expected}` in:\n{}", run.err);
    }
    assert_eq!(run.err.matches("error[").count(), 1, "one mistake, one error:\n{}", run.err);
    assert_nothing_done(&place, &run, &["bad.toml"]);
    let check = place.egress(&["check", "bad.toml"]).ends_with(3);
    assert_eq!(check.err, run.err);
}

/// As [`refused`], for one change of the network.
#[track_caller]
fn refused_in_network(old: &str, new: &str, says: &[&str]) {
    refused(&with(NETWORK, old, new), says);
}

/// As [`refused`], for one change of the cell.
#[track_caller]
fn refused_in_cell(old: &str, new: &str, says: &[&str]) {
    refused(&with(CELL, old, new), says);
}

#[track_caller]
fn assert_nothing_done(place: &Place, run: &Run, names: &[&str]) {
    assert_eq!(run.out, "");
    assert_eq!(place.names(), names, "nothing was written");
}

#[test]
fn the_scenarios_that_are_spoilt_here_are_valid() {
    for text in [NETWORK, CELL] {
        let run = Place::with("good.toml", text).egress(&["check", "good.toml"]).ends_with(0);
        assert_eq!(run.err, "");
    }
}

#[test]
fn unknown_keys_are_refused_at_every_depth() {
    refused_in_network("[node.a]", "[§nod.a]", &["unknown section `nod`", "did you mean `node`?"]);
    refused_in_network("delay = \"1 ms\"", "§dellay = \"1 ms\"", &["unknown key `dellay`", "did you mean `delay`?"]);
    refused_in_network(
        "mean =",
        "mean = \"1 B\", §meen =",
        &["unknown key `meen`", "not a key of `traffic.data.size`"],
    );
    refused_in_network(", limit", ", §limitt", &["unknown key `limitt`", "did you mean `limit`?"]);
    let inhibitor =
        "Km = \"3 uM\"\ninhibitors = [{ species = \"inhibitor\", Ki = \"1 uM\", §moode = \"competitive\" }]";
    refused_in_cell("Km = \"3 uM\"", inhibitor, &["unknown key `moode`", "did you mean `mode`?"]);
    refused_in_cell("N = 100", "N = 100\n§burst = 3", &["unknown key `burst`", "not a key of `pathway.pump`"]);
}

#[test]
fn missing_keys_are_named_with_an_example() {
    let says = ["the link `wire` has no `to`", "missing key `to`"];
    refused(&with(NETWORK, "[link.wire]\nfrom = \"a\"\nto = \"b\"\n", "§[link.wire]\nfrom = \"a\"\n"), &says);
    let says = ["missing key `mean` in `traffic.data.size`", "add `mean = "];
    refused_in_network("{ kind = \"exponential\", mean = \"125 B\" }", "§{ kind = \"exponential\" }", &says);
    let says = ["missing key `duration` in `run`", "add `duration = "];
    refused(&with(NETWORK, "[run]\nduration = \"20 s\"", "§[run]"), &says);
}

#[test]
fn unknown_kinds_are_refused() {
    refused_in_network("\"fifo\"", "§\"fiffo\"", &["unknown kind `fiffo`", "did you mean `fifo`?"]);
    refused_in_network("\"poisson\"", "§\"poison\"", &["unknown kind `poison`", "did you mean `poisson`?"]);
    refused_in_cell("\"pump\"", "§\"pomp\"", &["unknown kind `pomp`", "did you mean `pump`?"]);
}

#[test]
fn wrong_dimensions_and_units_are_refused() {
    let rate = "rate = \"1 Mbit/s\"";
    refused_in_network(rate, "rate = §\"1 Mbit\"", &["expected a bit rate, found a data size", "`10 Mbit/s`"]);
    refused_in_network(rate, "rate = §5", &["expected a bit rate", "a string with a unit"]);
    refused_in_network(rate, "rate = \"1 §Mbyt/s\"", &["unknown unit `Mbyt`"]);
    refused_in_cell("\"3 uM\"", "§\"3 um\"", &["expected a concentration, found a length"]);
    refused_in_cell("\"1 fL\"", "\"1 §fLL\"", &["unknown unit `fLL`"]);
}

#[test]
fn rates_that_are_no_rates_are_refused() {
    let rate = "rate = \"500 kbit/s\"";
    refused_in_network(rate, "rate = §\"-500 kbit/s\"", &["cannot be negative"]);
    refused_in_network(rate, "rate = \"§nan kbit/s\"", &["not a finite number", "`800 packets/s`"]);
    refused_in_network(rate, "rate = §nan", &["a string with a unit"]);
    refused_in_network(rate, "rate = \"§1e400 kbit/s\"", &["1e400"]);
    refused_in_cell("\"0.3 /s\"", "§\"-0.3 /s\"", &["cannot be negative"]);
    refused_in_cell("N = 100", "N = §-1", &["`pathway.pump.N` is out of bounds", "the nearest is `0`"]);
}

#[test]
fn infinity_is_met_with_the_word_for_it() {
    for endless in ["\"inf\"", "inf", "+inf", "\"unlimited\"", "\"infinite\"", "\"inf packets\""] {
        let says = ["expected \"none\", a count, a data size or a time, found", "write `limit = \"none\"`"];
        refused_in_network("\"1000 packets\"", &format!("§{endless}"), &says);
    }
    let none = Place::with("good.toml", &with(NETWORK, "\"1000 packets\"", "\"none\""));
    none.egress(&["check", "good.toml"]).ends_with(0);
}

#[test]
fn links_and_traffic_need_their_nodes() {
    let ends = "to = \"b\"\nrate = \"1 Mbit/s\"";
    refused_in_network(ends, "to = §\"c\"\nrate = \"1 Mbit/s\"", &["`c`", "node"]);
    let ends = "to = \"b\"\nrate = \"500 kbit/s\"";
    refused_in_network(ends, "to = §\"bb\"\nrate = \"500 kbit/s\"", &["`bb`", "did you mean `b`?"]);
    refused_in_cell("from = \"cell\"", "from = §\"cel\"", &["`cel`", "did you mean `cell`?"]);
}

#[test]
fn destinations_that_no_way_leads_to_are_refused() {
    let island = with(NETWORK, "[node.b]", "[node.b]\n[node.island]");
    let text = with(&island, "to = \"b\"\nrate = \"500 kbit/s\"", "to = \"island\"\nrate = \"500 kbit/s\"");
    refused(&with(&text, "[traffic.data]", "§[traffic.data]"), &["no way leads from `a` to `island`", "[link.NAME]"]);
}

#[test]
fn names_are_unique() {
    refused_in_network("[node.b]", "[node.b]\n[node.§b]", &["`b` is given twice"]);
    refused_in_cell("N = 100", "N = 100\n§N = 200", &["`N` is given twice"]);
    // Nothing would tell a link from traffic of the same name in the tables.
    refused_in_network("[traffic.data]", "§[traffic.wire]", &["two elements are called `wire`"]);
}

#[test]
fn loops_without_delay_are_refused() {
    let loops = "§[node.a]\nnext = { c = 1 }\n[node.c]\nnext = { a = 0.5, exit = 0.5 }";
    let text = with(NETWORK, "[node.a]", loops);
    let wandering = with(&text, "to = \"b\"\nrate = \"500 kbit/s\"", "rate = \"500 kbit/s\"");
    refused(&wandering, &["without any time passing: a -> c -> a", "give a link of the loop a rate or a delay"]);
    // Nor is one that takes time and that nothing leaves.
    let round = with(NETWORK, "[node.a]\n[node.b]", "[node.a]\nnext = §{ b = 1 }\n[node.b]\nnext = { a = 1 }");
    let endless = with(&round, "to = \"b\"\nrate = \"500 kbit/s\"", "rate = \"500 kbit/s\"");
    refused(&endless, &["E0326", "the packets of `data` go round for ever: a -> b -> a", "{ b = 0.9, exit = 0.1 }"]);
}

#[test]
fn absurd_sizes_are_refused_with_the_limit() {
    let text =
        with(NETWORK, "[node.a]", "§[topology]\nkind = \"ring\"\nnodes = 1000000000\nrate = \"1 Mbit/s\"\n[node.a]");
    refused(&text, &["10^9 nodes", "100000"]);
    refused_in_network("\"20 s\"", "§\"1000 d\"", &["106 days"]);
    refused_in_network("replications = 4", "replications = §1000000000", &["1000000"]);
    let sweep = "[sweep]\n\"link.wire.rate\" = { from = \"1 Mbit/s\", to = \"2 Mbit/s\", n = §1000000000 }\n[node.a]";
    refused_in_network("[node.a]", sweep, &["2 to 10000 values"]);
}

#[test]
fn a_warm_up_leaves_something_of_the_run() {
    refused_in_network("warmup = \"2 s\"", "warmup = §\"20 s\"", &["warm"]);
    refused_in_network("warmup = \"2 s\"", "warmup = §\"1 h\"", &["warm"]);
}

#[test]
fn pathways_need_their_ends_and_species() {
    refused_in_cell("species = \"drug\"\nfrom", "species = §\"drag\"\nfrom", &["drag", "did you mean `drug`?"]);
    let between = "between = [\"cell\", \"medium\"]";
    refused_in_cell(between, "between = §[\"cell\", \"cell\"]", &["stays within compartment `cell`"]);
    let substrate = with(CELL, "species = \"drug\"\nfrom", "from");
    refused(&with(&substrate, "[pathway.pump]", "§[pathway.pump]"), &["missing key `species`"]);
}

#[test]
fn carriers_and_fields_are_refused_where_they_make_something_out_of_nothing() {
    let area = "area = \"0.5 um^2\"";
    refused_in_cell(area, &format!("{area}\nz = §2"), &["has a charge but no voltage", "add `V = \"-70 mV\"`"]);
    let carrier = |more: &str| format!("kind = \"carrier\"\nmodel = \"reversible\"\n{more}");
    let broken = carrier("kcat_back = §\"1 /s\"");
    refused_in_cell("kind = \"pump\"", &broken, &["an affinity of -1.2040 kT", "expected 0.3 /s"]);
    let within = with(&with(CELL, "kind = \"pump\"", &carrier("")), "to = \"medium\"", "to = §\"cell\"");
    refused(&within, &["stays within compartment `cell`"]);
    let km = with(&with(CELL, "kind = \"pump\"", &carrier("")), "Km = \"3 uM\"", "Km = §\"0 uM\"");
    refused(&km, &["`pathway.pump.Km` is zero", "for example `Km = \"2 uM\"`"]);
    let cycle = "kind = \"carrier\"\nmodel = \"cycle\"\nk_on = \"1 /uM/s\"\nk_off = \"1 /s\"\nk_loaded = \"1 /s\"\nk_empty = \"1 /s\"";
    let cycle = with(CELL, "kind = \"pump\"", cycle).replace("kcat = \"0.3 /s\"\nKm = \"3 uM\"\n", "");
    let fraction = with(&cycle, "N = 100", "N = §2.5")
        .replace("[probe.residence]\nkind = \"residence\"\nof = \"cell.drug\"\n", "");
    refused(&fraction, &["2.5 explicit carriers", "expected a whole number"]);
}

#[test]
fn trains_of_spikes_and_release_sites_are_refused_where_they_make_no_sense() {
    let probe = "[probe.residence]";
    for (old, new, says) in [
        ("rate = \"30 /s\"", "rate = §\"0 /s\"", "more than zero"),
        ("rate = \"30 /s\"", "rate = \"§nan /s\"", "finite"),
        ("spikes = \"stim\"", "spikes = §\"stin\"", "did you mean `stim`?"),
        ("sites = 10", "sites = §0", "1"),
        ("sites = 10", "sites = §-3", "1"),
        ("U = 0.5", "U = §0.0", "above zero"),
        ("U = 0.5", "U = §1.5", "1"),
        ("tau_rec = \"0.8 s\"", "tau_rec = §\"0 s\"", "zero"),
        (probe, "[probe.each]\nkind = \"per_spike\"\nof = §\"synapse\"\n[probe.residence]", "differ from run to run"),
        (probe, "[metric.pair]\nkind = \"paired_pulse\"\nof = §\"synapse\"\n[probe.residence]", "per_spike"),
    ] {
        refused(&with(SYNAPSE, old, new), &[says]);
    }
    let mean = with(SYNAPSE, "spikes = \"stim\"", "spikes = §\"stim\"");
    refused(&with(&mean, "warmup", "fidelity = \"mean\"\nwarmup"), &["are drawn"]);
    for (content, says) in [
        ("0.1\n0.3\n0.2\n", "line 3: a spike at 0.2 s follows one at 0.3 s"),
        ("-1\n", "line 1: `-1` is not a time"),
        ("0.1\nsoon\n", "line 2: `soon` is not a time"),
        ("", "there are no spikes"),
    ] {
        let text = with(&with(SYNAPSE, "\"poisson\"", "\"csv\""), "rate = \"30 /s\"", "file = §\"it\"");
        let (at, text) = unmark(&text);
        let place = Place::with("bad.toml", &text);
        place.write("it", content);
        let check = place.egress(&["check", "bad.toml"]).ends_with(3);
        assert!(check.err.contains(says) && check.err.contains(&at), "{}", check.err);
    }
    let export = Place::with("s.toml", SYNAPSE).egress(&["export", "sbml", "s.toml"]).ends_with(3);
    assert!(export.err.contains("error[E0720]: `pathway.synapse` releases at spikes"), "{}", export.err);
}

#[test]
fn uptake_and_single_channels_are_refused_where_they_make_no_sense() {
    let uptake = |keys: &str| {
        let endo = format!(
            "[pathway.endo]\nkind = \"endocytosis\"\nfrom = \"cell.drug\"\nto = \"cell.held\"\n{keys}\n[species.held]\n"
        );
        with(CELL, "[intervention.dose]", &format!("{endo}[intervention.dose]"))
    };
    let taken = uptake("delay = { kind = \"constant\", time = \"5 s\" }");
    refused(
        &with(&taken, "from = \"cell.drug\"", "from = §\"cell.drug\""),
        &["`pathway.leak` takes of `cell.drug`, too"],
    );
    refused(&uptake("delay = { kind = \"constant\", time = §\"0 s\" }"), &["a time of 0 s"]);
    refused(&uptake("k = \"1 /s\"\ndelay = §{ kind = \"constant\", time = \"5 s\" }"), &["both `k` and `delay`"]);
    refused(&uptake("k = §\"0 /s\""), &["zero"]);
    let probe = "[probe.single]\nkind = \"dwell\"\nof = §\"pump\"\n[probe.residence]";
    refused_in_cell("[probe.residence]", probe, &["there is no channel `pump`", "kind `channel`"]);
}

#[test]
fn figures_show_what_there_is() {
    let figure = |keys: &str| format!("{NETWORK}\n[[figure]]\n{keys}\n");
    refused(
        &figure("kind = \"utilization\"\nmetric = §\"goodput\""),
        &["`metric` says nothing about a figure of kind `utilization`"],
    );
    refused(&figure("kind = \"throughput\"\ncomponent = §\"nowhere\""), &["nothing called `nowhere`"]);
    refused(&figure("kind = \"sweep\"\naxis = §\"link.wire.rate\""), &["`link.wire.rate` is not swept"]);
    refused(&figure("kind = \"occupancy\"\npoint = §7"), &["there is no point 7"]);
    refused(
        &figure("kind = \"sweep\"\nmetric = §\"sojourn_tme\""),
        &["nothing that is shown has a `sojourn_tme`", "did you mean `sojourn_time`", "there are: ", "utilization"],
    );
    refused(
        &figure("kind = \"sweep\"\nmetric = \"loss_ratio\"\nstat = §\"p99\""),
        &["there is no `p99` of `loss_ratio`", "there are: mean, upper"],
    );
    refused(
        &figure("kind = \"series\"\nmetric = §\"sojourn_time\"\ncomponent = \"data\""),
        &["nothing that is shown has a `sojourn_time` over time", "there are: occupancy, throughput"],
    );
    // What is known only after the runs is told then.
    let text = figure("kind = \"sweep\"");
    let place = Place::with("good.toml", &text);
    let run = place.egress(&["run", "good.toml", "--reps", "1", "--out", "out"]).ends_with(0);
    assert!(run.err.contains("nothing to draw for the figure `sweep`"), "{}", run.err);
}

#[test]
fn interventions_need_a_target() {
    let target = "target = \"compartment.medium.fixed.drug\"";
    refused_in_cell(target, "target = §\"compartment.medium.fixed.drag\"", &["drag", "compartment.medium.fixed.drug"]);
    refused_in_cell(target, "target = §\"\"", &[]);
}

#[test]
fn metrics_need_something_to_be_about() {
    let metric = |lines: &str| format!("[metric.m]\n{lines}\n[probe.residence]");
    for (lines, says) in [
        ("kind = \"drift\"\nof = §\"cell.drag.occupancy\"", "did you mean `cell.drug.occupancy`?"),
        ("kind = \"drift\"\nof = §\"cell.drug.ocupancy\"", "did you mean `occupancy`?"),
        ("kind = \"control\"\nresponse = \"pump.throughput\"\nover = [§\"pathway.pump.n\"]", "`pathway.pump.N`"),
        ("kind = \"exposure\"\nof = \"cell.drug.occupancy\"\nthreshold = §\"1 s\"", "another dimension"),
        ("kind = §\"drifts\"\nof = \"cell.drug.occupancy\"", "did you mean `drift`?"),
    ] {
        refused_in_cell("[probe.residence]", &metric(lines), &[says]);
    }
    refused_in_cell(
        "[probe.residence]",
        "[probe.n]\nkind = \"count\"\nof = §\"cell.drag\"\ntimes = [\"1 s\"]\n[probe.residence]",
        &["drag"],
    );
}

#[test]
fn equations_that_do_not_parse_are_refused_where_they_go_wrong() {
    let with_equation = |equation: &str| {
        let reaction =
            format!("[reaction.r]\nequation = \"{equation}\"\nin = \"cell\"\nk = \"1 /s\"\n[intervention.dose]");
        with(CELL, "[intervention.dose]", &reaction)
    };
    refused(&with_equation("§drug => inhibitor"), &["has no arrow", "expected `->` or `<->`"]);
    refused(&with_equation("drug -> §2 -> inhibitor"), &["is no term", "expected a species"]);
    refused(&with_equation("§druk -> inhibitor"), &["druk", "did you mean `drug`?"]);
}

/// Checks a scenario: its errors are those at the places marked by `§`, and say `says`, in the order of the text.
#[track_caller]
fn all_refused(text: &str, says: &[&str]) {
    let marks: Vec<usize> = text.match_indices(MARK).map(|(at, _)| at).collect();
    let places = marks.iter().map(|&at| {
        let before = text[..at].replace(MARK, "");
        let line = before.matches('\n').count() + 1;
        format!("bad.toml:{line}:{}", before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
    });
    let run = Place::with("bad.toml", &text.replace(MARK, "")).egress(&["check", "bad.toml"]).ends_with(3);
    let told: Vec<&str> = run.err.split("\n\n").collect();
    assert_eq!(told.len(), says.len(), "{}", run.err);
    for ((told, says), place) in told.iter().zip(says).zip(places) {
        assert!(
            told.contains(says) && told.contains(&format!("{place}\n")),
            "expected `{says}` at {place} in:\n{told}"
        );
    }
}

const MANY_IN_A_NETWORK: &str = r#"[scenario]
name = "many"
[run]
duration = "20 s"
warmup = §"30 s"
[sweep]
"link.wire.rate" = ["1 Mbit/s", §"2 Mbit"]
§"link.wires.rate" = ["1 Mbit/s"]
[node.a]
[node.b]
next = §{ a = 0.5 }
[§nodde.gone]
[node.island]
[link.wire]
from = "a"
to = "b"
rate = "1 §Mbitt/s"
queue = { kind = "priority", classes = ["voice", §"bulk"] }
[link.spur]
from = "a"
to = §"nowhere"
[link.good]
from = "a"
to = "b"
§dellay = "1 ms"
rate = §"0 bit/s"
queue = { kind = §"fiffo", limit = 5 }
[link.far]
§form = "b"
to = "far"
[link.farther]
from = "far"
to = "farther"
rate = §5
[node.far]
[node.farther]
[traffic.data]
kind = "poisson"
from = "a"
to = "farther"
rate = §"500 kbit"
class = "voice"
§[traffic.lost]
kind = "poisson"
from = "a"
to = "island"
rate = "500 kbit/s"
[traffic.fish]
kind = §"poison"
from = "gone"
to = §"c"
rate = "500 kbit/s"
size = §{ kind = "exponential" }
[traffic.wire]
kind = "trace"
file = §"missing.csv"
from = "b"
to = "a"
"#;

#[test]
fn all_errors_of_a_network_are_told_at_once() {
    let says = [
        "the warm-up takes the whole run",
        "at the sweep's point link.wire.rate = 2 Mbit",
        "`link.wires.rate` matches nothing",
        "sum to 0.5",
        "unknown section `nodde`",
        "unknown unit `Mbitt`",
        "no traffic has the class `bulk`",
        "there is no node `nowhere`",
        "unknown key `dellay`",
        "a link of rate zero",
        "unknown kind `fiffo`",
        "unknown key `form`",
        "expected a bit rate, found a whole number",
        "found a data size",
        "no way leads from `a` to `island`",
        "unknown kind `poison`",
        "there is no node `c`",
        "missing key `mean`",
        "cannot read `missing.csv`",
    ];
    all_refused(MANY_IN_A_NETWORK, &says);
}

const MANY_IN_A_CELL: &str = r#"[scenario]
name = "many"
[run]
duration = "20 min"
[compartment.medium]
volume = "1 §uLL"
fixed = { drug = §"1 um", inhibitor = "0 uM" }
[compartment.cell]
volume = "1 fL"
initial = { drug = §1.5 }
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["cell", "medium"]
P = §"4.0e-7 cm"
area = "0.5 um^2"
[pathway.pump]
kind = §"pomp"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "0.3 /s"
Km = "3 uM"
[pathway.other]
kind = "pump"
species = §"drag"
from = "cell"
to = §"mediun"
N = 100
kcat = "0.3 /s"
Km = "3 uM"
[reaction.r]
equation = "drug -> §drukk"
in = "cell"
k = "1 /s"
[reaction.s]
equation = "drug -> inhibitor"
in = "cell"
k = §"1 /uM/s"
[intervention.dose]
at = "5 min"
target = "compartment.medium.fixed.drug"
value = "2 uM"
[intervention.fewer]
at = "5 min"
target = "pathway.pump.N"
value = 5
[intervention.typo]
at = "5 min"
target = §"reaction.q.k"
value = "5 /s"
[intervention.late]
at = §"200 d"
target = "reaction.r.k"
value = "5 /s"
[intervention.other]
at = "1 min"
target = "reaction.r.k"
value = §"5 uM"
[probe.residence]
kind = "residence"
of = §"cell.drag"
"#;

#[test]
fn all_errors_of_a_cell_are_told_at_once() {
    let says = [
        "unknown unit `uLL`",
        "found a length",
        "`compartment.cell.initial.drug` is no count",
        "found a length",
        "unknown kind `pomp`",
        "there is no species `drag`",
        "there is no compartment `mediun`",
        "there is no species `drukk`",
        "but the reaction is of order 1",
        "there is no value `reaction.q.k`",
        "longer than any run",
        "is a rate, not a concentration",
        "there is no `cell.drag` to follow",
    ];
    all_refused(MANY_IN_A_CELL, &says);
}

#[test]
fn a_shape_of_a_link_needs_a_waveform_a_rate_and_packets() {
    let waveform = "[waveform.day]\nkind = \"sine\"\namplitude = 0.5\nperiod = \"4 s\"\n[node.a]";
    let text = with(NETWORK, "[node.a]", waveform);
    let link = "rate = \"1 Mbit/s\"\ndelay";
    let shaped = |keys: &str| with(&text, link, &format!("{keys}\ndelay"));
    refused(&shaped("rate = \"1 Mbit/s\"\nshape = §\"dya\""), &["no waveform `dya`", "did you mean `day`?"]);
    refused(&shaped("rate = \"1 Mbit/s\"\nshape = §0.5"), &["expected \"none\" or the name of a waveform"]);
    refused(&shaped("shape = §\"day\""), &["`wire` has a `shape` and no `rate`", "rate = \"10 Mbit/s\""]);
    refused(&shaped("rate = \"900 Tbit/s\"\nshape = §\"day\""), &["times 1.5", "1000 Tbit/s"]);
    let fluid = with(&shaped("rate = \"1 Mbit/s\"\nshape = §\"day\""), "[run]", "[run]\nfidelity = \"fluid\"");
    refused(&fluid, &["a `shape` at link `wire` has no fluid", "leave out `fidelity`"]);
    let none = Place::with("good.toml", &shaped("shape = \"none\""));
    none.egress(&["check", "good.toml"]).ends_with(0);
}

#[test]
fn nothing_is_said_of_what_follows_from_a_mistake() {
    // Names that are lost with what holds them.
    refused_in_network("[node.b]", "[§nod.b]", &["unknown section `nod`"]);
    refused_in_network("[node.b]", "[§host.b]", &["unknown section `host`"]);
    refused_in_network("[link.wire]", "[§lnk.wire]", &["unknown section `lnk`"]);
    refused_in_cell("[compartment.cell]", "[§compartmnt.cell]", &["unknown section `compartmnt`"]);
    refused_in_cell("[compartment.cell]", "[§box.cell]", &["unknown section `box`"]);
    refused_in_cell("initial =", "§contents =", &["unknown key `contents`"]);
    refused_in_cell("fixed = {", "§fixd = {", &["unknown key `fixd`"]);
    refused_in_cell("[pathway.pump]", "[§pathwy.pump]", &["unknown section `pathwy`"]);
    // Ways that a mistake closes.
    let wire = "from = \"a\"\nto = \"b\"\nrate = \"1 Mbit/s\"";
    refused_in_network(wire, "§form = \"a\"\nto = \"b\"\nrate = \"1 Mbit/s\"", &["unknown key `form`"]);
    refused_in_network(wire, "from = \"a\"\nto = §7\nrate = \"1 Mbit/s\"", &["expected a string"]);
    refused_in_network(wire, "from = \"a\"\nto = §\"bb\"\nrate = \"1 Mbit/s\"", &["no node `bb`"]);
    refused_in_network(wire, "from = \"b\"\nto = \"a\"\nduplex = §\"yes\"", &["`yes` is not one of the choices"]);
    let ends = "to = \"b\"\nrate = \"500 kbit/s\"";
    refused_in_network(ends, "to = §7\nrate = \"500 kbit/s\"", &["expected a string"]);
    refused_in_network(ends, "§too = \"b\"\nrate = \"500 kbit/s\"", &["unknown key `too`"]);
    let ring = "[topology]\nkind = \"ring\"\nnodes = §\"4\"\n[traffic.more]\nkind = \"poisson\"\nrate = \"1 /s\"\nfrom = \"n0\"\nto = \"n3\"\n[node.a]";
    refused_in_network("[node.a]", ring, &["expected a whole number"]);
    // Kinds, classes, and what depends on them.
    let classes =
        with(NETWORK, "kind = \"fifo\", limit = \"1000 packets\"", "kind = \"priority\", classes = [\"voice\"]");
    refused(&with(&classes, "kind = \"poisson\"", "kind = §\"poison\"\nclass = \"voice\""), &["unknown kind `poison`"]);
    refused(&with(&classes, "kind = \"poisson\"", "kind = \"poisson\"\nclass = §5"), &["expected a string"]);
    refused_in_cell("kind = \"pump\"", "kind = §\"leak\"", &["unknown kind `leak`"]);
    let explicit = "Km = §\"3 um\"\nexplicit = true\nk_on = \"1 /uM/s\"\nk_off = \"1 /s\"";
    refused_in_cell("Km = \"3 uM\"", explicit, &["found a length"]);
    // What an intervention changes.
    refused_in_cell("{ drug = \"1 uM\", inhib", "{ drug = §\"1 um\", inhib", &["found a length"]);
    refused_in_cell("volume = \"1 uL\"", "volume = §\"1 um\"", &["found a length"]);
    // The run itself.
    refused_in_network("\"20 s\"", "§\"20 m\"", &["found a length"]);
    let no_run = with(NETWORK, "[run]\nduration = \"20 s\"\nwarmup = \"2 s\"\n", "");
    refused(&format!("{MARK}{no_run}"), &["missing section `[run]`"]);
}

/// Gives arguments that must be refused; what is said must have all of `says`.
#[track_caller]
fn refused_arguments(args: &[&str], code: i32, says: &[&str]) {
    let place = Place::with("wire.toml", NETWORK);
    let run = place.egress(args).ends_with(code);
    for expected in says.iter().chain(&["help: "]) {
        assert!(run.err.contains(expected), "expected `{expected}` in:\n{}", run.err);
    }
    assert_nothing_done(&place, &run, &["wire.toml"]);
}

#[test]
fn paths_that_match_nothing_list_near_ones() {
    for option in ["--set", "--sweep"] {
        let near = |argument: &str, says: &[&str]| refused_arguments(&["run", "wire.toml", option, argument], 3, says);
        near("link.wir.rate=1 Mbit/s", &[option, ":1:1", "link.wire.rate"]);
        near("link.wire.rat=1 Mbit/s", &[option, ":1:1", "did you mean `rate`?"]);
        near("lnk.wire.rate=1 Mbit/s", &[option, ":1:1", "link.wire.rate"]);
        near("link.wire.rate=1 m", &[option, "expected a bit rate, found a length"]);
        near("link.wire.rate=fast", &[option, ":1:16", "expected a number with a unit", "`10 Mbit/s`"]);
        refused_arguments(&["run", "wire.toml", option, "link.wire.rate"], 2, &[option, "has no `=`"]);
    }
}

#[test]
fn a_value_in_the_place_of_a_table_is_told_where_it_was_given() {
    let says = ["--set:1:1\n", "expected a table `[link.NAME]`", "`link.wire` is a table: set one of its keys"];
    let place = Place::with("swept.toml", &format!("{NETWORK}[sweep]\n\"link.wire.rate\" = [\"1 Mbit/s\"]\n"));
    let run = place.egress(&["run", "swept.toml", "--set", "link.wire=1"]).ends_with(3);
    assert!(says.iter().all(|s| run.err.contains(s)), "{}", run.err);
    assert_eq!(run.err.matches("error[").count(), 1, "the sweep's path is not at fault:\n{}", run.err);
    refused_in_network("[link.wire]", "[link]\n§rate = \"1 bit/s\"\n[link.wire]", &["give the table a name"]);
}

#[test]
fn numbers_beyond_reason_are_refused() {
    for (option, value, says) in [
        ("--threads", "100000", "must be at most 1024"),
        ("--threads", "-1", "must be at least 0"),
        ("--reps", "0", "must be at least 1"),
        ("--reps", "-1", "must be at least 1"),
        ("--reps", "99999999", "must be at most 1000000"),
        ("--seed", "-1", "must be at least 0"),
        ("--seed", "9223372036854775808", "must be at most 9223372036854775807"),
        ("--reps", "many", "not a whole number"),
    ] {
        let place = Place::with("wire.toml", NETWORK);
        let run = place.egress(&["run", "wire.toml", option, value]).ends_with(2);
        assert!(run.err.contains(option) && run.err.contains(says) && !run.err.contains("tip:"), "{}", run.err);
        assert_nothing_done(&place, &run, &["wire.toml"]);
    }
}

#[test]
fn one_slip_in_the_syntax_is_one_error() {
    for (old, new, says) in [
        ("mean = \"125 B\"", "me§ an = \"125 B\"", "a key is one word, or in quotes"),
        ("[node.a]", "[sweep]\n\"link.wire.rate\" = [\"1 bit/s\", §\n[node.a]", "is there a `]` missing?"),
        ("name = \"wire\"", "name §wire", "a key is one word"),
    ] {
        let (_, text) = unmark(&with(NETWORK, old, new));
        let run = Place::with("bad.toml", &text).egress(&["check", "bad.toml"]).ends_with(3);
        assert_eq!(run.err.matches("error[").count(), 1, "{new}:\n{}", run.err);
        assert!(run.err.contains(says), "{}", run.err);
    }
}

#[test]
fn unknown_names_list_what_there_is() {
    let says = ["there is no bundled scenario `branch-ofice`", "did you mean `branch-office`?", "pgp-efflux"];
    refused_arguments(&["run", "branch-ofice"], 2, &says);
    refused_arguments(&["show", "branch-ofice"], 2, &says);
    refused_arguments(&["rn", "wire.toml"], 2, &["did you mean `egress run`?"]);
    refused_arguments(&["validate", "mm1-08"], 2, &["there is no case `mm1-08`", "did you mean"]);
}

#[test]
fn files_that_are_no_scenarios_are_refused() {
    let place = Place::new();
    place.write("empty.toml", "");
    place.write("binary.toml", b"[run]\x00\x01\x02");
    place.write("latin.toml", b"title = \"\xe9\"");
    let huge = File::create(place.path("huge.toml")).expect("a file");
    huge.set_len(100 << 20).expect("a file with a hole");
    fs::create_dir(place.path("folder.toml")).expect("a folder");
    for (name, says) in [
        ("empty.toml", "is empty"),
        ("binary.toml", "is no text"),
        ("latin.toml", "is not UTF-8"),
        ("huge.toml", "is larger than 16 MiB"),
        ("folder.toml", "is a directory"),
        ("missing.toml", "there is no file"),
    ] {
        let run = place.egress(&["run", name]).ends_with(2);
        assert!(run.err.contains(name) && run.err.contains(says) && run.err.contains("help: "), "{}", run.err);
        assert!(run.out.is_empty() && !place.path("out").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with("secret.toml", NETWORK);
    fs::set_permissions(place.path("secret.toml"), fs::Permissions::from_mode(0o000))
        .expect("permissions of our own file");
    if File::open(place.path("secret.toml")).is_ok() {
        return; // The superuser reads everything.
    }
    let run = place.egress(&["run", "secret.toml"]).ends_with(2);
    assert!(run.err.contains("cannot read `secret.toml`") && run.err.contains("help: "), "{}", run.err);
}

#[test]
fn folders_of_something_else_are_left_alone() {
    let place = Place::with("wire.toml", NETWORK);
    place.write("file", "mine");
    fs::create_dir(place.path("thesis")).expect("a folder");
    place.write("thesis/one.tex", "mine");
    let run = |args: &[&str]| place.egress(&[&["run", "wire.toml", "--quiet"], args].concat());
    run(&["--out", "other"]).ends_with(0);
    let before = common::files(&place.path("."));
    for (args, code, says) in [
        (&["--out", "file"][..], 1, "a file stands where a folder is needed"),
        (&["--out", "file/below"], 1, "`file"),
        (&["--out", "thesis"], 2, "holds no study"),
        (&["--out", "other", "--set", "link.wire.delay=2 ms"], 2, "holds another study"),
        (&["--out", "other", "--seed", "2"], 2, "with seed 1, not 2"),
    ] {
        let run = run(args).ends_with(code);
        assert!(run.err.contains(says) && run.err.contains("--out"), "{args:?}: {}", run.err);
    }
    assert!(common::files(&place.path(".")) == before, "nothing was written");
}

#[cfg(target_os = "linux")]
#[test]
fn places_that_cannot_be_written_are_named() {
    let place = Place::with("wire.toml", NETWORK);
    let run = place.egress(&["run", "wire.toml", "--out", "/proc/egress"]).ends_with(1);
    assert!(run.err.contains("/proc/egress") && run.err.contains("help: "), "{}", run.err);
    assert_nothing_done(&place, &run, &["wire.toml"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_the_finished_runs() {
    let place = Place::with("wire.toml", NETWORK);
    fs::create_dir(place.path("out")).expect("a folder");
    // The table is first written under this name.
    std::os::unix::fs::symlink("/dev/full", place.path("out/.summary.csv.tmp")).expect("a link");
    let run = place.egress(&["run", "wire.toml", "--out", "out"]).ends_with(1);
    assert!(run.err.contains("summary.csv") && run.err.contains("free some space"), "{}", run.err);
    assert!(!place.path("out/summary.csv").exists());
    let journal = place.read("out/journal/runs.jsonl");
    assert_eq!(journal.lines().count(), 4);
    place.egress(&["run", "wire.toml", "--out", "out"]).ends_with(0);
    assert_eq!(place.read("out/journal/runs.jsonl"), journal, "nothing was run again");
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_cannot_be_written_is_an_error() {
    let full = File::options().write(true).open("/dev/full").expect("a device");
    let place = Place::new();
    let child = place.command(&["show", "abilene"]).stdout(full).stderr(Stdio::piped()).spawn().expect("it starts");
    let run = Place::wait(child).ends_with(1);
    assert!(run.err.contains("cannot write to standard output"), "{}", run.err);
}

#[test]
fn a_study_that_would_never_end_is_warned_of_before_it_starts() {
    let text = with(NETWORK, "\"20 s\"", "\"80 d\"").replace("replications = 4", "replications = 1000");
    let place = Place::with("long.toml", &text);
    let check = place.egress(&["check", "long.toml"]).ends_with(0);
    assert!(check.err.contains("warning[W0401]") && check.err.contains("long.toml:4:12"), "{}", check.err);
    let mut child =
        place.command(&["run", "long.toml"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut first = String::new();
    said.read_line(&mut first).expect("it says something");
    child.kill().expect("a process of our own can be killed");
    child.wait().expect("it ends");
    assert!(first.starts_with("warning[W0401]: this study takes about"), "{first}");
}

/// The network with another queue before its link.
fn with_queue(queue: &str) -> String {
    with(NETWORK, "{ kind = \"fifo\", limit = \"1000 packets\" }", queue)
}

/// The network with another source than its Poisson packets; `text` has its keys.
fn with_source(text: &str, keys: &str) -> String {
    with(
        &with(text, "kind = \"poisson\"\n", &format!("{keys}\n")),
        "rate = \"500 kbit/s\"\nsize = { kind = \"exponential\", mean = \"125 B\" }\n",
        "",
    )
}

/// Full packets instead of those of the network.
fn with_full_packets(text: &str) -> String {
    with(text, "{ kind = \"exponential\", mean = \"125 B\" }", "{ kind = \"constant\", size = \"1500 B\" }")
}

#[test]
fn mistakes_in_the_classes_of_a_queue_are_told_at_their_place() {
    let htb = |classes: &str| with_queue(&format!("{{ kind = \"htb\", classes = {{ {classes} }} }}"));
    let first = "a = { rate = \"700 kbit/s\", match = { class = \"default\" } }";
    for (classes, says) in [
        ("a = { rate = \"1 Mbit/s\", ceil = §\"900 kbit/s\" }", ["E0376", "a ceiling of 900 kbit/s below the rate"]),
        (
            "a = { rate = \"1 Mbit/s\", match = { class = §\"vioce\" } }",
            ["E0330", "the classes of this scenario's traffic"],
        ),
        ("a = { rate = \"1 bit/s\", parent = §\"top\" }", ["E0374", "without `parent` it borrows from the whole"]),
        (
            "a = { rate = \"1 bit/s\", parent = §\"b\" }, b = { rate = \"1 bit/s\", parent = \"a\" }",
            ["E0374", "the classes a, b are each other's parents"],
        ),
        ("a = { rate = \"1 bit/s\", parent = §\"a\" }", ["E0374", "a loop"]),
        ("a = { rate = \"1 Mbit/s\", quantum = §\"0 B\" }", ["E0375", "a quantum of nothing"]),
        (
            &format!("top = {{ rate = \"600 kbit/s\" }}, {first}, b = {{ rate = §\"400 kbit/s\" }}")
                .replace("\"700 kbit/s\",", "\"300 kbit/s\", parent = \"top\",")
                .replace("§\"400 kbit/s\"", "§\"400 kbit/s\", parent = \"top\""),
            ["E0376", "rates of 700 kbit/s are guaranteed out of 600 kbit/s of `top`"],
        ),
        (
            &format!("{first}, b = {{ rate = §\"600 kbit/s\" }}"),
            ["E0376", "rates of 1.3 Mbit/s are guaranteed out of 1 Mbit/s of the whole"],
        ),
    ] {
        refused(&htb(classes), &says);
    }
}

#[test]
fn turns_of_nothing_are_refused() {
    refused(&with_queue("{ kind = \"drr\", quantum = §\"0 B\" }"), &["E0375", "would never send"]);
    let class = "{ kind = \"drr\", classes = { a = { quantum = §\"0 B\" } } }";
    refused(&with_queue(class), &["E0375", "must be positive"]);
    refused(&with_queue("{ kind = \"fq_codel\", quantum = §\"0 B\" }"), &["E0363", "sends nothing at its turn"]);
    refused(&with_queue("{ kind = \"wfq\", classes = { a = { weight = §0 } } }"), &["E0108", "out of bounds"]);
}

#[test]
fn bursts_that_hold_no_packet_are_refused() {
    let tbf = |keys: &str| with_queue(&format!("{{ kind = \"tbf\", rate = \"1 Mbit/s\", {keys} }}"));
    refused(&tbf("burst = §\"0 B\""), &["E0380", "no tokens"]);
    let says = ["E0380", "the burst of 1 kB is smaller than the MTU of 1.5 kB"];
    refused(&tbf("burst = §\"1 kB\", mtu = \"1500 B\""), &says);
    let lost =
        ["E0382", "`wire` has a burst of 1 kB, but `data` sends packets of 1.5 kB", "they are always dropped there"];
    refused(&with_full_packets(&tbf("burst = §\"1 kB\"")), &lost);
    // Segments of a connection are full packets, too.
    refused(&with_source(&tbf("burst = §\"1 kB\""), "kind = \"bulk\""), &lost);
    // With a peak rate, no packet is larger than `mtu`.
    let peak = with_full_packets(&tbf("peakrate = \"2 Mbit/s\", mtu = §\"1 kB\", burst = \"9 kB\""));
    refused(&peak, &lost);
    let stage = |kind: &str| {
        let keys = format!(
            "[node.a]\nstages = [\"s\"]\n[stage.s]\nkind = \"{kind}\"\nrate = \"1 Mbit/s\"\nburst = §\"1 kB\"\n"
        );
        with_full_packets(&with(NETWORK, "[node.a]\n", &keys))
    };
    refused(&stage("shaper"), &["E0382", "`s` has a burst of 1 kB, but `data` sends"]);
    // A policer is there to drop: it may be meant.
    warned(&stage("policer"), &["W0381", "`s` has a burst of 1 kB, but `data` sends"]);
}

/// Checks a scenario that is valid but doubtful: at the place marked by `§`, all of `says` is told, in one warning.
#[track_caller]
fn warned(text: &str, says: &[&str]) {
    let (at, text) = unmark(text);
    let check = Place::with("bad.toml", &text).egress(&["check", "bad.toml"]).ends_with(0);
    for expected in says.iter().chain(&[at.as_str(), "warning[W", "= help: "]) {
        assert!(check.err.contains(expected), "expected `{expected}` in:\n{}", check.err);
    }
    assert_eq!(check.err.matches("warning[").count(), 1, "{}", check.err);
}

#[test]
fn marks_that_nobody_gives_or_heeds_are_warned_of() {
    let capable = |text: &str| with(text, "[traffic.data]\n", "[traffic.data]\necn = true\n");
    let says =
        ["W0362", "`data` reacts to marks, but no queue on its way marks", "`red`, `codel`, `fq_codel` or `pie`"];
    warned(&with(&capable(NETWORK), "[traffic.data]", "§[traffic.data]"), &says);
    let dctcp = with_source(NETWORK, "kind = \"bulk\"\ntcp = { cc = { kind = \"dctcp\" } }");
    warned(&with(&dctcp, "[traffic.data]", "§[traffic.data]"), &says);
    warned(&with_queue("{ kind = \"codel\", ecn = §true }"), &["W0360", "no traffic reacts to marks"]);
    for queue in [
        "{ kind = \"red\", ecn = true }",
        "{ kind = \"codel\", ce_threshold = \"1 ms\" }",
        "{ kind = \"drr\", queue = { kind = \"pie\", ecn = true } }",
    ] {
        let check = Place::with("good.toml", &capable(&with_queue(queue))).egress(&["check", "good.toml"]).ends_with(0);
        assert_eq!(check.err, "", "{queue}");
    }
}

#[test]
fn small_quanta_and_bursts_of_classes_are_warned_of() {
    let small = with_full_packets(&with_queue("{ kind = \"drr\", quantum = §\"100 B\" }"));
    warned(&small, &["W0373", "a packet of 1500 B takes several rounds of 100 B"]);
    let htb = "{ kind = \"htb\", classes = { a = { rate = \"1 Mbit/s\", burst = §\"100 B\" } } }";
    warned(&with_queue(htb), &["W0371", "does not hold a full packet"]);
}

#[test]
fn broken_recordings_are_refused_where_they_break() {
    let header = [&0xa1b2_c3d4_u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 8], &[255, 255, 0, 0, 1, 0, 0, 0]].concat();
    let packet = |second: u32| {
        let words = [second, 0, 60, 60].map(u32::to_le_bytes).concat();
        [words, vec![0; 60]].concat()
    };
    let cut = [&header[..], &packet(1), &packet(2)[..40]].concat();
    let back = [&header[..], &packet(2), &packet(1)].concat();
    for (kind, content, says) in [
        (
            "trace",
            &b"time,size\n0.1,100\n0.3,100\n0.2,100\n"[..],
            ["line 4: the time goes back", "sort the file by time"],
        ),
        ("trace", b"time,size\n-0.1,100\n", ["line 2: `-0.1` is not a time", "a row is a time"]),
        ("trace", b"time,size\n0.1,abc\n", ["line 2: `abc` is not a size", "a row is a time"]),
        ("pcap", &cut, ["cut off in packet 2", "editcap"]),
        ("pcap", &header[..20], ["not a pcap or pcapng file", "tshark"]),
        ("pcap", &header, ["a capture without packets", "capture something"]),
        ("pcap", &back, ["packet 2 was captured before", "reordercap"]),
        ("pcap", b"no capture at all, but long enough for one", ["not a pcap or pcapng file", "tshark"]),
    ] {
        let (at, text) = unmark(&with_source(NETWORK, &format!("kind = \"{kind}\"\nfile = §\"it\"")));
        let place = Place::with("bad.toml", &text);
        place.write("it", content);
        let check = place.egress(&["check", "bad.toml"]).ends_with(3);
        for expected in says.iter().chain(&[at.as_str(), "error[E", "it"]) {
            assert!(check.err.contains(expected), "{kind}: expected `{expected}` in:\n{}", check.err);
        }
    }
}

#[test]
fn next_hops_must_be_there() {
    let spread = with(NETWORK, "[node.b]\n", "[node.b]\n[node.island]\n[routing]\necmp = \"hash_threshold\"\n");
    let text = with(&spread, "to = \"b\"\nrate = \"500 kbit/s\"", "to = \"island\"\nrate = \"500 kbit/s\"");
    let says = ["E0321", "no way leads from `a` to `island`", "add a [link.NAME] on the way"];
    refused(&with(&text, "[traffic.data]", "§[traffic.data]"), &says);
    let far = "[node.a]\nroutes = [{ prefix = \"0.0.0.0/0\", via = §\"island\" }]\n";
    refused(
        &with(&spread, "[node.a]\n", far),
        &["E0391", "no link leads from `a` to `island`", "its neighbours are b"],
    );
}

#[test]
fn rules_that_never_match_are_warned_of() {
    let rules = "rules = [{ match = {}, band = 1 }, { match = { flow = \"data\" }, band = 0 }]";
    let text = with(NETWORK, "kind = \"fifo\", limit = \"1000 packets\"", &format!("kind = \"prio\", {rules}"));
    let place = Place::with("rules.toml", &text);
    let check = place.egress(&["check", "rules.toml"]).ends_with(0);
    for said in ["warning[W0370]: this rule never matches", "rules.toml:16:", "the first match wins"] {
        assert!(check.err.contains(said), "{}", check.err);
    }
    assert_eq!(check.err.matches("W0370").count(), 1, "{}", check.err);
}

/// A network whose first node has this stage.
fn with_stage(stage: &str) -> String {
    let text = with(NETWORK, "[node.a]\n", "[node.a]\nstages = [\"it\"]\n");
    format!("{text}\n[stage.it]\n{stage}\n")
}

#[test]
fn filters_are_checked() {
    let with_rules = |rules: &str| with_stage(&format!("kind = \"firewall\"\nrules = [{rules}]"));
    for (rules, says) in [
        ("{ action = §\"reject\" }", ["reject", "accept"]),
        ("§{ match = {} }", ["action", "accept"]),
        ("{ action = \"drop\", match = { destination_port = §\"90-80\" } }", ["E0371", "the lower one first"]),
        ("{ action = \"drop\", match = { protocol = \"tcp\", source_port = [22, §\"!99999\"] } }", ["E0371", "99999"]),
        ("{ action = \"drop\", match = { source = §\"!10.0.0.0/40\" } }", ["E0325", "10.20.0.0/22"]),
        ("{ action = \"drop\", match = { protocol = §\"!quic\" } }", ["E0337", "IANA"]),
        ("{ name = \"x\", action = \"drop\" }, { name = §\"x\", action = \"drop\" }", ["E0383", "an earlier rule"]),
        ("{ name = §\"default\", action = \"drop\" }", ["E0383", "match no rule"]),
    ] {
        refused(&with_rules(rules), &says);
    }
    refused(&with_stage("kind = \"firewall\"\nrules = []\ndefault = §\"allow\""), &["allow", "accept"]);
}

#[test]
fn rules_that_never_decide_are_warned_of() {
    let rules = "rules = [\n{ action = \"accept\" },\n{ name = \"late\", action = \"drop\", match = { source = \"10.0.0.9/8\" } },\n]";
    let place = Place::with("rules.toml", &with_stage(&format!("kind = \"firewall\"\n{rules}")));
    let check = place.egress(&["check", "rules.toml"]).ends_with(0);
    for said in [
        "warning[W0383]: rule `late` is shadowed: it can never decide a packet",
        "all that it matches is decided before by rule `1` (accept)",
        "warning[W0325]: `10.0.0.9/8` has bits set beyond its length",
        "taken for 10.0.0.0/8",
        "rules.toml:",
    ] {
        assert!(check.err.contains(said), "expected `{said}` in:\n{}", check.err);
    }
}

#[test]
fn translators_are_checked() {
    for (keys, says) in [
        ("ports = §0", ["0", "1"]),
        ("ports = §\"2000-1000\"", ["E0384", "the lower one first"]),
        ("ports = §\"all\"", ["E0384", "1024-65535"]),
        ("timeout = §\"0 s\"", ["E0384", "RFC 4787"]),
        ("timeout = §\"5 packets\"", ["5 packets", "time"]),
        ("mapping = §\"symmetric\"", ["symmetric", "endpoint_dependent"]),
        ("inside = §\"office\"", ["E0325", "10.20.0.0/22"]),
    ] {
        refused(&with_stage(&format!("kind = \"nat\"\n{keys}")), &says);
    }
    let source =
        |n: &str| with_source(NETWORK, &format!("kind = \"constant\"\nrate = \"5 packets/s\"\nconversations = {n}"));
    refused(&source("§0"), &["1"]);
    refused(&source("§\"many\""), &["per_packet"]);
}
