//! Models in SBML, through the program.

mod common;

use common::Place;

const EVENTS: &str = include_str!("../scenarios/src/validation/cases/sbml-events.xml");

#[test]
fn a_model_runs_as_it_is() {
    let place = Place::with("resets.xml", EVENTS);
    let run =
        place.egress(&["run", "resets.xml", "--duration", "20 s", "--reps", "3", "--seed", "1", "--progress", "none"]);
    let told = run.ends_with(0);
    assert!(told.err.contains("resets.xml is SBML: One `item` is one molecule; one `second` is 1 s."), "{}", told.err);
    assert!(told.err.contains("Runs of 20 s (`--duration`)"), "{}", told.err);
    assert!(told.out.contains("cell.Q"), "{}", told.out);
    let check = place.egress(&["check", "resets.xml"]).ends_with(0);
    assert!(
        check.out.starts_with("resets.xml: ok") && check.err.contains("Runs of 100 s"),
        "{}{}",
        check.out,
        check.err
    );
    place.egress(&["bench", "resets.xml", "--json"]).ends_with(0);
}

#[test]
fn an_imported_model_gives_the_numbers_of_the_model() {
    let place = Place::with("resets.xml", EVENTS);
    let import = place.egress(&["import", "sbml", "resets.xml", "-o", "resets.toml"]).ends_with(0);
    assert!(import.err.contains("wrote resets.toml; next: egress run resets.toml"), "{}", import.err);
    let shown = place.egress(&["import", "sbml", "resets.xml"]).ends_with(0).out;
    assert!(
        shown.contains("\n[intervention.spill]\nwhen = \"Q >= 10\"\nchanges = { \"cell.Q\" = \"0\" }\n"),
        "{shown}"
    );
    assert!(shown.contains("\n[intervention.reset]\nat = \"12.5 s\"\n"), "{shown}");
    let summary = |file: &str, out: &str| {
        let args = ["run", file, "--out", out, "--reps", "4", "--seed", "5", "--duration", "30 s", "--quiet"];
        place.egress(&args).ends_with(0);
        place.read(&format!("{out}/summary.csv"))
    };
    assert_eq!(summary("resets.xml", "a"), summary("resets.toml", "b"));
}

#[test]
fn what_is_not_supported_is_located_in_the_model() {
    let model = EVENTS.replace(
        "    <listOfReactions>",
        "    <listOfRules>\n      <rateRule variable=\"X\"/>\n    </listOfRules>\n    <listOfReactions>",
    );
    let line = model.lines().position(|l| l.contains("<rateRule")).expect("a rule") + 1;
    let place = Place::with("rates.xml", &model);
    for args in [&["check", "rates.xml"][..], &["run", "rates.xml"], &["import", "sbml", "rates.xml"]] {
        let told = place.egress(args).ends_with(3);
        assert!(told.err.contains("error[E0703]: <rateRule> of `X` is not supported"), "{}", told.err);
        assert!(told.err.contains(&format!(" --> rates.xml:{line}:7\n")), "{}", told.err);
    }
    place.egress(&["import", "sbml", "nowhere.xml"]).ends_with(2);
    place.egress(&["import", "sbml", "rates.xml", "--particles-per-unit", "0"]).ends_with(2);
}

#[test]
fn hostile_files_are_refused() {
    let bomb = "<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>\n<sbml>&b;</sbml>";
    let told = Place::with("bomb.xml", bomb).egress(&["check", "bomb.xml"]).ends_with(3);
    assert!(told.err.contains("has a document type declaration") && told.err.contains("bomb.xml:1:1"), "{}", told.err);
    let deep = format!("<sbml>\n{}", "<a>".repeat(1_000_000));
    let told = Place::with("deep.xml", &deep).egress(&["check", "deep.xml"]).ends_with(3);
    assert!(told.err.contains("more than 200 elements within each other"), "{:.300}", told.err);
    let wide = format!("<sbml>{}</sbml>", "<a xmlns:x='u' y='v'/>".repeat(500_000));
    Place::with("wide.xml", &wide).egress(&["check", "wide.xml"]).ends_with(3);
    let place = Place::with("huge.xml", "<sbml/>");
    let file = std::fs::OpenOptions::new().write(true).open(place.path("huge.xml")).expect("the file");
    file.set_len(100 << 20).expect("room");
    let told = place.egress(&["check", "huge.xml"]).ends_with(2);
    assert!(told.err.contains("larger than 16 MiB"), "{}", told.err);
}
