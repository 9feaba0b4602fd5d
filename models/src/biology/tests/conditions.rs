//! Interventions that the state sets off, and those on several counts.

use super::*;

/// Comes at 2/s, and is taken away as soon as there are ten: a Poisson count modulo ten.
const RENEWAL: &str = r#"
[compartment.cell]
volume = "1 pL"
initial = { X = 0 }
[pathway.in]
kind = "influx"
species = "X"
to = "cell"
rate = "2 molecules/s"
"#;
const RESET: &str = "[intervention.reset]\nwhen = \"cell.X >= 10\"\ntarget = \"cell.X\"\nvalue = 0\n";

/// Poisson of this mean, modulo ten.
fn renewed(mean: f64) -> Moments {
    let mut weights = vec![0.0; 10];
    let mut p = 1.0;
    for n in 0..200_usize {
        weights[n % 10] += p;
        p *= mean / (n + 1) as f64;
    }
    Moments::of(&weights)
}

#[test]
fn a_condition_acts_each_time_that_it_becomes_true() {
    for reset in [
        RESET.to_owned(),
        RESET.replace("target = \"cell.X\"\nvalue = 0", "changes = { \"cell.X\" = \"cell.X - 10\" }"),
        RESET.replace("cell.X >= 10", "X > 9.5"),
    ] {
        let s = system(&format!("{RENEWAL}{reset}"));
        for t in [3.0, 7.0, 21.0] {
            renewed(2.0 * t).assert(&final_counts(&*s, "cell.X", 4000, t), &format!("{reset} at {t}"));
        }
    }
}

#[test]
fn conditions_hold_where_rates_follow_waveforms() {
    let ramp = "shape = \"ramp\"\n[waveform.ramp]\nkind = \"linear\"\npoints = [[\"0 s\", 0], [\"20 s\", 2]]\n";
    let s = system(&format!("{RENEWAL}{ramp}{RESET}"));
    for t in [5.0, 12.0] {
        renewed(2.0 * 0.05 * t * t).assert(&final_counts(&*s, "cell.X", 4000, t), &format!("at {t}"));
    }
}

#[test]
fn a_condition_that_only_seems_to_follow_the_time_takes_the_same_path() {
    let (plain, timed) = (RENEWAL.to_owned() + RESET, RENEWAL.to_owned() + &RESET.replace(">= 10", ">= 10 + 0 * time"));
    let (plain, timed) = (system(&plain), system(&timed));
    for rep in 0..50 {
        let (a, b) = (run(&*plain, rep, 0.0, 100.0), run(&*timed, rep, 0.0, 100.0));
        assert_eq!((a.measures, a.events), (b.measures, b.events), "to the last bit");
    }
}

#[test]
fn how_a_run_is_cut_changes_nothing() {
    let text = format!(
        "{RENEWAL}{RESET}[intervention.more]\nwhen = \"cell.X < 5 and_now\"\ntarget = \"cell.X\"\nop = \"add\"\nvalue = 2\n\
         [waveform.pulse]\nkind = \"sine\"\nmean = 0\namplitude = 1\nperiod = \"3 s\"\n"
    )
    .replace("cell.X < 5 and_now", "(cell.X < 5) * (pulse > 0.5)");
    let s = system(&text);
    for rep in 0..20 {
        let whole = s.run(Streams::new(1, rep), window(0.0, 50.0, 1)).unwrap();
        let cut = s.run(Streams::new(1, rep), window(0.0, 50.0, 977)).unwrap();
        assert_eq!(whole.measures, cut.measures);
    }
}

const DECAY: &str = r#"
[compartment.cell]
volume = "1 pL"
initial = { drug = 1000, dye = 7 }
[pathway.decay]
kind = "degradation"
species = "drug"
from = "cell"
k = "0.1 /s"
"#;

#[test]
fn a_condition_on_the_time_acts_at_that_time() {
    for lines in [
        "[intervention.a]\nwhen = \"time >= 2.5\"\ntarget = \"cell.drug\"\nvalue = 500\n",
        "[intervention.a]\nwhen = \"cell.drug > 0 * time\"\nchanges = { \"cell.dye\" = \"8\" }\n\
         [intervention.b]\nat = \"2.5 s\"\nchanges = { \"cell.drug\" = \"501.2 - time + 0.1 * cell.dye\" }\n",
    ] {
        let s = system(&format!("{DECAY}{lines}"));
        let before = Moments::binomial(1000.0, (-0.25_f64).exp());
        before.assert(&final_counts(&*s, "cell.drug", 2000, 2.5), "just before");
        assert_eq!(final_counts(&*s, "cell.drug", 20, 2.500_000_001), vec![500.0; 20], "{lines}");
        Moments::binomial(500.0, (-0.55_f64).exp()).assert(&final_counts(&*s, "cell.drug", 2000, 8.0), lines);
    }
}

#[test]
fn waveforms_set_off_at_every_crossing_even_if_nothing_fires() {
    // Above one half from 1/12 to 5/12 of each 3 s.
    let s = system(
        "[compartment.cell]\nvolume = \"1 pL\"\ninitial = { X = 0 }\n\
         [waveform.wave]\nkind = \"sine\"\nmean = 0\namplitude = 1\nperiod = \"3 s\"\n\
         [intervention.pulse]\nwhen = \"wave > 0.5\"\ntarget = \"cell.X\"\nop = \"add\"\nvalue = 4\n",
    );
    for (end, pulses) in [(0.24, 0.0), (0.26, 1.0), (3.24, 1.0), (3.26, 2.0), (300.2, 100.0), (300.3, 101.0)] {
        assert_eq!(final_counts(&*s, "cell.X", 1, end), [4.0 * pulses], "{end}");
    }
}

#[test]
fn all_changes_are_of_what_was_there_before() {
    for when in ["at = \"5 s\"", "when = \"time > 4.999999\""] {
        let s = system(&format!(
            "{DECAY}[intervention.swap]\n{when}\nchanges = {{ \"cell.drug\" = \"dye + 0.5\", \"cell.dye\" = \"[drug] / [dye]\" }}\n"
        ));
        for rep in 0..10 {
            let count = |end, name| measure(&*s, &run(&*s, rep, 0.0, end), name, "in_system", "mean");
            let before = count(4.999_99, "cell.drug");
            assert_eq!(count(5.000_000_000_001, "cell.drug"), 8.0);
            assert_eq!(count(5.000_000_000_001, "cell.dye"), (before / 7.0).round());
        }
    }
}

#[test]
fn one_condition_may_set_off_another_at_once() {
    let s = system(&format!(
        "{DECAY}[intervention.second]\nwhen = \"dye > 8\"\ntarget = \"cell.drug\"\nvalue = 0\n\
         [intervention.first]\nwhen = \"drug < 900\"\ntarget = \"cell.dye\"\nvalue = 9\n"
    ));
    let record = run(&*s, 0, 0.0, 100.0);
    assert_eq!(measure(&*s, &record, "cell.dye", "in_system", "mean"), 9.0);
    assert_eq!(measure(&*s, &record, "decay", "throughput", "mean") * 100.0, 101.0, "899 are left, then none");
    assert_eq!(record.events, 102, "the first look, and all firings");
}

#[test]
fn what_holds_at_the_start_acts_at_the_start() {
    let s = system(&format!(
        "{DECAY}[intervention.a]\nwhen = \"dye < 8\"\ntarget = \"cell.drug\"\nop = \"scale\"\nfactor = 2\n"
    ));
    let record = run(&*s, 0, 0.0, 1e-9);
    assert_eq!(measure(&*s, &record, "cell.drug", "in_system", "mean"), 2000.0);
}

#[test]
fn those_who_are_put_in_and_taken_out_are_followed() {
    let probe = "[probe.stay]\nkind = \"residence\"\nof = \"cell.X\"\n";
    let end = "[intervention.end]\nat = \"99 s\"\nchanges = { \"cell.X\" = \"0\" }\n\
               [intervention.stop]\nat = \"99 s\"\ntarget = \"pathway.in.rate\"\nvalue = \"0 molecules/s\"\n";
    let (plain, followed) =
        (system(&format!("{RENEWAL}{RESET}{end}")), system(&format!("{RENEWAL}{RESET}{end}{probe}")));
    for rep in 0..20 {
        let record = run(&*followed, rep, 0.0, 100.0);
        let of = |metric, stat| measure(&*followed, &record, "cell.X", metric, stat);
        let stays = of("sojourn_time", "mean") * of("departures", "mean");
        assert!((stays / (of("occupancy", "time_mean") * 100.0) - 1.0).abs() < 1e-9, "{stays}");
        let unseen = run(&*plain, rep, 0.0, 100.0);
        let rest = record.measures.iter().filter(|m| m.metric != "sojourn_time").copied();
        assert_eq!(rest.collect::<Vec<_>>(), unseen.measures);
    }
}

#[test]
fn parts_without_conditions_take_no_notice() {
    let other = "[compartment.b]\nvolume = \"1 pL\"\ninitial = { Y = 100 }\n\
                 [pathway.out]\nkind = \"degradation\"\nspecies = \"Y\"\nfrom = \"b\"\nk = \"0.1 /s\"\n";
    let with = |lines: &str| system(&format!("{RENEWAL}{other}{lines}"));
    let (plain, watched) =
        (with(""), with("[intervention.r]\nwhen = \"cell.X >= 10\"\ntarget = \"cell.X\"\nvalue = 0\n"));
    for rep in 0..20 {
        let of = |s: &dyn System, metric, stat| measure(s, &run(s, rep, 0.0, 20.0), "b.Y", metric, stat);
        for (metric, stat) in [("occupancy", "time_mean"), ("in_system", "mean")] {
            assert_eq!(of(&*plain, metric, stat).to_bits(), of(&*watched, metric, stat).to_bits());
        }
    }
}

#[test]
fn a_run_in_which_there_is_no_end_to_it_fails() {
    let fault = |lines: &str| {
        let s = system(&format!("{DECAY}{lines}"));
        s.run(Streams::new(1, 0), window(0.0, 10.0, 1)).expect_err("an error").to_string()
    };
    let e = fault(
        "[intervention.a]\nwhen = \"dye > 6\"\ntarget = \"cell.dye\"\nvalue = 0\n\
         [intervention.b]\nwhen = \"dye < 6\"\ntarget = \"cell.dye\"\nvalue = 7\n",
    );
    assert!(e.contains("set each other off without end"), "{e}");
    let e = fault("[intervention.a]\nwhen = \"drug < 990\"\nchanges = { \"cell.dye\" = \"dye - 100\" }\n");
    assert!(e.contains("`intervention.a` makes `cell.dye` -93, which is no count"), "{e}");
    let e = fault("[intervention.a]\nat = \"1 s\"\nchanges = { \"cell.dye\" = \"1 / 0\" }\n");
    assert!(e.contains("makes `cell.dye` inf"), "{e}");
    let e = fault("[intervention.a]\nwhen = \"drug < 990\"\nchanges = { \"cell.dye\" = \"dye * 1e17\" }\n");
    assert!(e.contains("makes 7e17 of `cell.dye`"), "{e}");
}

#[test]
fn mistakes_are_located() {
    for (lines, at, message, help) in [
        ("when = \"cell.drug < 9\"\nat = \"1 s\"\ntarget = \"cell.drug\"\nvalue = 1", "\"cell.drug < 9\"", "both", ""),
        ("target = \"cell.drug\"\nvalue = 1", "]", "has no `at`", "at = "),
        ("at = \"1 s\"\nvalue = 1", "]", "has no `target`", "target = "),
        ("when = \"cell.durg < 9\"\ntarget = \"cell.drug\"\nvalue = 1", "cell.durg", "unknown name", "`cell.drug`"),
        ("when = \"drug < \"\ntarget = \"cell.drug\"\nvalue = 1", "\"", "found the end", ""),
        (
            "when = \"drug < 9\"\ntarget = \"pathway.decay.k\"\nvalue = \"1 /s\"",
            "\"pathway.decay.k\"",
            "is no count",
            "law",
        ),
        (
            "when = \"drug < 9\"\ntarget = \"cell.dyes\"\nvalue = 1",
            "\"cell.dyes\"",
            "there is no `cell.dyes`",
            "cell.dye",
        ),
        (
            "when = \"drug < 9\"\nchanges = { \"cell.dyes\" = \"1\" }",
            "\"cell.dyes\"",
            "there is no `cell.dyes`",
            "cell.dye",
        ),
        ("when = \"drug < 9\"\nchanges = { \"cell.dye\" = \"dey\" }", "dey", "unknown name `dey`", ""),
        ("when = \"drug < 9\"\nchanges = {}", "{}", "changes nothing", "cell.P"),
        ("at = \"1 s\"\nchanges = { \"cell.dye\" = \"1\" }\nfactor = 2", "2", "`factor` has no meaning", ""),
    ] {
        let text = format!("{DECAY}[intervention.i]\n{lines}\n");
        let Err(found) = build(&text) else { panic!("{lines} was accepted") };
        let d = found.iter().next().expect("a finding");
        assert!(d.message.contains(message), "{lines}: {d:?}");
        assert!(d.help.clone().unwrap_or_default().contains(help), "{lines}: {d:?}");
        assert_eq!(&text[d.span.start as usize..d.span.end as usize], at, "{lines}: {d:?}");
        assert_eq!(found.iter().count(), 1, "{lines}: {found:?}");
    }
}
