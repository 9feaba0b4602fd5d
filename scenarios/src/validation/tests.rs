//! The suite itself: quick cases pass, wrong expectations fail, and the page lists every case.

use std::path::Path;

use super::*;

fn named(ids: &[&str]) -> Vec<Case> {
    let all = cases(true);
    let find = |id: &&str| all.iter().find(|c| c.id == *id).unwrap_or_else(|| panic!("no case {id}")).clone();
    // With the replications of the short suite.
    ids.iter().map(|id| cases(false).into_iter().find(|c| c.id == *id).unwrap_or_else(|| find(id))).collect()
}

fn run_all(cases: &[Case], options: Options) -> Vec<CaseResult> {
    run(cases, &models::registry(), options, &())
}

/// Every kind of component and of statistic, in cases that take little time.
const QUICK: &[&str] = &[
    "mm1-050",
    "mm1k",
    "md1",
    "priority-cobham",
    "jackson-feedback",
    "residence-time",
    "competing-exits",
    "immigration-death",
    "birth-death",
    "ion-flux",
    "carrier-queue",
    "carrier-cycle",
    "competitive-inhibition",
    "shaper",
];

#[test]
fn quick_cases_pass() {
    let results = run_all(&named(QUICK), Options::default());
    for r in &results {
        assert_eq!(r.verdict(), Verdict::Pass, "{}", table(&results));
    }
    // Queues check conservation, Little's law and the utilization law; where everything is held constant, nothing is.
    let checks = |id: &str| results.iter().find(|r| r.id == id).map(|r| (r.runs, r.checks));
    assert_eq!(checks("mm1-050"), Some((40, 200)));
    assert_eq!(checks("competitive-inhibition"), Some((12_000, 0)));
}

#[test]
fn wrong_expectations_fail() {
    // Each quantity and statistic, off by five per cent (a tenth, where less is expected of the estimate).
    let mut wrong = named(&["mm1-050", "immigration-death"]);
    for o in wrong.iter_mut().flat_map(|c| &mut c.observables) {
        o.exact *= if o.error_max > 0.01 { 1.25 } else { 1.08 };
    }
    let results = run_all(&wrong, Options::default());
    for row in results.iter().flat_map(|r| &r.rows) {
        assert_eq!(row.verdict, Verdict::Fail, "{}", table(&results));
    }
    assert!(results.iter().all(|r| r.verdict() == Verdict::Fail));
}

#[test]
fn too_few_runs_are_inconclusive() {
    let results = run_all(&named(&["mm1-050"]), Options { replications: Some(1), ..Options::default() });
    assert_eq!(results[0].verdict(), Verdict::Inconclusive, "{}", table(&results));
}

#[test]
fn results_do_not_depend_on_threads_but_on_the_seed() {
    let cases = named(&["birth-death", "mm1-050"]);
    let with = |threads, seed| run_all(&cases, Options { seed, replications: Some(7), threads });
    assert_eq!(with(1, None), with(3, None));
    let other = with(1, Some(99));
    assert!(other != with(1, None) && other == with(2, Some(99)));
}

#[test]
fn a_case_that_cannot_be_loaded_fails_with_the_reason() {
    let mut cases = named(&["birth-death", "mm1-050"]);
    cases[0].set.push("reaction.birth.k=1 m".to_owned());
    cases[1].observables[0].quantity =
        Quantity::Measure { component: "nowhere", metric: "occupancy", stat: "time_mean" };
    for (result, reason) in run_all(&cases, Options::default()).iter().zip(["reaction.birth.k", "number in system"]) {
        assert_eq!((result.verdict(), result.runs), (Verdict::Fail, 0));
        assert!(result.violations[0].contains(reason), "{:?}", result.violations);
    }
}

#[test]
fn a_full_validation_has_all_short_cases_with_more_runs() {
    let (short, full) = (cases(false), cases(true));
    assert!(full.len() > short.len());
    for (s, f) in short.iter().zip(&full) {
        assert_eq!((s.id, f.replications.map(|n| n >= 40)), (f.id, Some(true)));
    }
    let mut ids: Vec<&str> = full.iter().map(|c| c.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), full.len(), "a name is used twice");
}

#[test]
fn the_page_lists_every_case() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/validation.md");
    let page = std::fs::read_to_string(page).unwrap();
    for row in page_rows() {
        assert!(page.contains(&row), "docs/validation.md lacks the line\n{row}\nof\n{}", page_rows().join("\n"));
    }
}

/// The lines of the page's tables.
fn page_rows() -> Vec<String> {
    let short = cases(false);
    let row = |c: &Case| {
        let full = if short.iter().any(|s| s.id == c.id) { "" } else { " (`--full`)" };
        let mut names: Vec<&str> = c.observables.iter().map(|o| o.name.as_str()).collect();
        if names.len() > 7 {
            names.truncate(3);
            names.push("...");
        }
        format!("| `{}`{full} | {} | {} | {} | {} |", c.id, c.title, names.join("; "), c.formula, c.source)
    };
    cases(true).iter().map(row).collect()
}

#[test]
#[ignore = "takes half a minute; `egress validate` does the same"]
fn all_cases_pass() {
    let results = run_all(&cases(false), Options::default());
    assert!(results.iter().all(|r| r.verdict() == Verdict::Pass), "{}", table(&results));
}
