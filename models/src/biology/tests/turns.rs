//! What conditions set off, and when it is whose turn.

use super::*;

/// Births at rate 2; `Z` is set off by the third.
fn births(turn: &str, becomes: &str) -> Box<dyn System> {
    system(&format!(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ N = 0, Z = 0 }}\n\
         [reaction.birth]\nequation = \"-> N\"\nlaw = \"2\"\n\
         [intervention.mark]\nwhen = \"N >= 3\"\n{turn}\nchanges = {{ \"cell.Z\" = \"{becomes}\" }}\n\
         [probe.z]\nkind = \"first_passage\"\nof = \"cell.Z\"\nup_to = [1]\n"
    ))
}

fn times(s: &dyn System, n: u64, end: f64) -> Vec<f64> {
    let time = |rep| measure(s, &run(s, rep, 0.0, end), "cell.Z@first n>=1", "first_passage_time", "mean");
    (0..n).map(time).collect()
}

/// The sum of exponential times of these rates and of `more`.
fn sum(rates: &[f64], more: f64) -> Moments {
    let cumulant = |power: i32| rates.iter().map(|rate| rate.powi(-power)).sum::<f64>();
    Moments { mean: cumulant(1) + more, variance: cumulant(2), kurtosis: 3.0 + 6.0 * cumulant(4) / cumulant(2).powi(2) }
}

#[test]
fn delays_are_added_to_the_time_of_the_condition() {
    let fixed = births("delay = \"1.5 s\"", "1");
    sum(&[2.0; 3], 1.5).assert(&times(&*fixed, 4000, 40.0), "fixed");
    let drawn = births("delay = \"exponential(0.5) + 1\"", "1");
    sum(&[2.0, 2.0, 2.0, 0.5], 1.0).assert(&times(&*drawn, 4000, 60.0), "drawn");
    for s in [fixed, drawn] {
        let at_once = s.run(Streams::new(1, 7), window(0.0, 40.0, 1)).unwrap();
        let cut = s.run(Streams::new(1, 7), window(0.0, 40.0, 311)).unwrap();
        assert_eq!(at_once.measures, cut.measures);
    }
}

#[test]
fn values_are_those_of_the_trigger_or_of_the_action() {
    let seen = |from: &str| {
        let s = births(&format!("delay = \"1 s\"\n{from}"), "N");
        final_counts(&*s, "cell.Z", 4000, 40.0)
    };
    assert!(seen("values_from = \"trigger\"").iter().all(|z| *z == 3.0));
    // Three and those that have come within a second.
    let later = Moments { mean: 5.0, ..Moments::poisson(2.0) };
    later.assert(&seen(""), "at the action");
    assert_eq!(seen(""), seen("values_from = \"action\""));
}

/// One molecule that leaves at rate 1; `Z` counts what it has set off.
fn leaving(turn: &str) -> Vec<f64> {
    let s = system(&format!(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ A = 1, Z = 0 }}\n\
         [reaction.leave]\nequation = \"A ->\"\nlaw = \"A\"\n\
         [intervention.mark]\nwhen = \"A == 1\"\n{turn}\nchanges = {{ \"cell.Z\" = \"Z + 1\" }}\n"
    ));
    final_counts(&*s, "cell.Z", 4000, 5.0)
}

#[test]
fn what_no_longer_holds_is_given_up_unless_it_is_persistent() {
    let stays = f64::exp(-0.5);
    Moments::binomial(1.0, stays).assert(&leaving("delay = \"0.5 s\"\npersistent = false"), "while it is there");
    assert!(leaving("delay = \"0.5 s\"").iter().all(|z| *z == 1.0));
    assert!(leaving("held_before = true").iter().all(|z| *z == 0.0));
    assert!(leaving("").iter().all(|z| *z == 1.0));
    // Beyond the end of time.
    assert!(leaving("delay = \"1e30\"").iter().all(|z| *z == 0.0));
}

/// Two that become true at 3 s; what `X` is after both.
fn two(first: &str, second: &str) -> f64 {
    let s = system(&format!(
        "[variable.X]\ninitial = 1\n\
         [intervention.add]\nwhen = \"time >= 3\"\nvalues_from = \"action\"\nchanges = {{ X = \"X + 1\" }}\n{first}\n\
         [intervention.double]\nwhen = \"time >= 3 and X < 2\"\nvalues_from = \"action\"\nchanges = {{ X = \"2 * X\" }}\n{second}\n"
    ));
    measure(&*s, &run(&*s, 0, 0.0, 5.0), "X", "value", "mean")
}

#[test]
fn the_greatest_priority_goes_first() {
    assert_eq!(two("", ""), 4.0);
    assert_eq!(two("", "priority = 1"), 3.0);
    assert_eq!(two("priority = 2", "priority = 1"), 4.0);
    // Looked up when it is their turn.
    assert_eq!(two("priority = \"-X\"", "priority = \"X\""), 3.0);
    // Two is no longer below two when it is its turn.
    assert_eq!(two("", "persistent = false"), 2.0);
    assert_eq!(two("", "priority = 1\npersistent = false"), 3.0);
}

#[test]
fn a_delay_below_zero_ends_the_run_and_turns_are_for_conditions() {
    let s = births("delay = \"1 - N\"", "1");
    let failed = s.run(Streams::new(1, 0), window(0.0, 40.0, 1)).unwrap_err().to_string();
    assert!(failed.contains("`intervention.mark` would act -2 s after its condition"), "{failed}");
    let cell = "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { N = 3 }\n[intervention.i]\nat = \"1 s\"\n\
                changes = { \"cell.N\" = \"0\" }\n";
    for key in
        ["delay = \"1 s\"", "persistent = false", "priority = 3", "held_before = true", "values_from = \"action\""]
    {
        let found = build(&format!("{cell}{key}\n")).err().expect(key);
        assert_eq!(found.iter().next().map(|d| d.code), Some("E0627"), "{key}");
    }
}
