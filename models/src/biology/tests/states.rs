//! For what share of the time there are so many.

use super::*;

const PROBE: &str = "[probe.share]\nkind = \"states\"\nof = \"cell.A\"\ncounts = [0, 1, 5]\nat_least = [3]\n";

/// The text with the probe, and what of the run the probe must not change.
fn shares(text: &str, end: f64) -> ([f64; 4], RunRecord) {
    let s = system(&format!("{text}{PROBE}"));
    let record = s.run(Streams::new(1, 0), window(end / 10.0, end, 13)).unwrap();
    let plain = system(text).run(Streams::new(1, 0), window(end / 10.0, end, 13)).unwrap();
    assert_eq!(format!("{:?}", plain.measures), format!("{:?}", &record.measures[..plain.measures.len()]), "{text}");
    assert_eq!((plain.series, plain.events), (record.series.clone(), record.events), "{text}");
    let share = |state: &str| measure(&*s, &record, &format!("cell.A@{state}"), "time_share", "time_mean");
    (["n=0", "n=1", "n=5", "n>=3"].map(share), record)
}

fn cell(initial: u32) -> String {
    format!("[compartment.cell]\nvolume = \"1 pL\"\ninitial = {{ A = {initial}, B = 0 }}\n")
}

#[test]
fn immigration_and_death_are_poisson() {
    let law = |n: i32| (-2.0_f64).exp() * 2.0_f64.powi(n) / [1.0, 1.0, 2.0, 6.0, 24.0, 120.0][n as usize];
    let exact = [law(0), law(1), law(5), 1.0 - law(0) - law(1) - law(2)];
    let plain = "[reaction.come]\nequation = \"-> A\"\nc = 2\n[reaction.go]\nequation = \"A ->\"\nc = 1\n";
    // The same through the general method, where laws follow a waveform, and where a condition is looked at.
    let general =
        "[reaction.come]\nequation = \"-> A\"\nlaw = \"2 + 0 * A^2\"\n[reaction.go]\nequation = \"A ->\"\nc = 1\n";
    let varying = "[waveform.w]\nkind = \"steps\"\npoints = [[\"0 s\", 1]]\n[reaction.come]\nequation = \"-> A\"\nc = 2\n\
                   shape = \"w\"\n[reaction.go]\nequation = \"A ->\"\nc = 1\n";
    for text in [plain, general, varying] {
        let (found, _) = shares(&format!("{}{text}", cell(0)), 40_000.0);
        // Correlated over 1 s: 36 000 s are some 18 000 draws.
        for (found, exact) in found.into_iter().zip(exact) {
            let error = (exact * (1.0 - exact) * 2.0 / 36_000.0).sqrt();
            assert!((found - exact).abs() < 4.0 * error, "{text}: {found} is not {exact} +- {error}");
        }
    }
}

#[test]
fn doses_count_at_once() {
    // 0 until 10 s, 5 until 40 s, 1 until 70 s, 4 afterwards; measured from 10 s on.
    let dose = |name: &str, at: u32, op: &str, n: u32| {
        format!("[intervention.{name}]\nat = \"{at} s\"\ntarget = \"cell.A\"\nop = \"{op}\"\nvalue = {n}\n")
    };
    let text = format!(
        "{}[reaction.none]\nequation = \"A -> A\"\nc = 0\n{}{}{}",
        cell(0),
        dose("a", 10, "dose", 5),
        dose("b", 40, "set", 1),
        dose("c", 70, "dose", 3)
    );
    let (found, _) = shares(&text, 100.0);
    assert_eq!(found, [0.0, 30.0 / 90.0, 30.0 / 90.0, 60.0 / 90.0]);
}

#[test]
fn states_of_channels_can_be_asked_for() {
    // Of two channels, each open with probability 2 / (2 + 6): none, one or both.
    let text = "[compartment.cell]\nvolume = \"1 pL\"\n\
                [pathway.gate]\nkind = \"channel\"\nN = 2\nstates = [\"C\", \"O\"]\nconducting = [\"O\"]\n\
                transitions = [{ from = \"C\", to = \"O\", rate = \"2 /s\" }, { from = \"O\", to = \"C\", rate = \"6 /s\" }]\n";
    let probes = "[probe.share]\nkind = \"states\"\nof = \"gate.O\"\ncounts = [0, 1, 2]\n\
                  [probe.first]\nkind = \"first_passage\"\nof = \"gate.O\"\nup_to = [1]\n\
                  [probe.then]\nkind = \"count\"\nof = \"gate.O\"\ntimes = [\"3000 s\"]\n";
    let s = system(&format!("{text}{probes}"));
    let record = s.run(Streams::new(1, 0), window(0.0, 4000.0, 5)).unwrap();
    // Correlated over 1/8 s: 4000 s are some 16 000 draws.
    for (n, exact) in [(0, 9.0 / 16.0), (1, 6.0 / 16.0), (2, 1.0 / 16.0_f64)] {
        let found = measure(&*s, &record, &format!("gate.O@n={n}"), "time_share", "time_mean");
        let error = (exact * (1.0 - exact) / 16_000.0).sqrt();
        assert!((found - exact).abs() < 4.0 * error, "{n}: {found} is not {exact} +- {error}");
    }
    assert!(measure(&*s, &record, "gate.O@first n>=1", "first_passage_time", "mean") > 0.0);
    assert!(measure(&*s, &record, "gate.O@3000 s", "count", "mean") <= 2.0);
}

#[test]
fn who_is_followed_counts_once() {
    let text =
        format!("{}[reaction.come]\nequation = \"-> A\"\nc = 2\n[reaction.go]\nequation = \"A ->\"\nc = 1\n", cell(3));
    let asked =
        format!("{text}{PROBE}[probe.first]\nkind = \"first_passage\"\nof = \"cell.A\"\nup_to = [5]\ndown_to = [0]\n");
    let followed = format!("{asked}[probe.stay]\nkind = \"residence\"\nof = \"cell.A\"\n");
    let [alone, besides] = [asked, followed].map(|text| {
        let s = system(&text);
        let record = s.run(Streams::new(1, 0), window(10.0, 500.0, 5)).unwrap();
        let share = ["n=0", "n=1", "n=5", "n>=3"];
        let share = share.map(|n| measure(&*s, &record, &format!("cell.A@{n}"), "time_share", "time_mean"));
        let first = ["first n>=5", "first n<=0"];
        (share, first.map(|n| measure(&*s, &record, &format!("cell.A@{n}"), "first_passage_time", "mean")))
    });
    assert!(alone.0.iter().chain(&alone.1).all(|x| *x > 0.0), "{alone:?}");
    assert_eq!(alone, besides);
}

#[test]
fn what_is_under_way_counts_until_it_arrives() {
    // One that takes 4 s, and one that is taken out before: 2 from 0 s, 1 from 2 s, none from 4 s on.
    let text = format!(
        "{}[pathway.back]\nkind = \"endocytosis\"\nfrom = \"cell.A\"\nto = \"cell.B\"\n\
         delay = {{ kind = \"constant\", time = \"4 s\" }}\n\
         [intervention.take]\nat = \"2 s\"\ntarget = \"cell.A\"\nop = \"set\"\nvalue = 1\n",
        cell(2)
    );
    let s = system(&format!("{text}{PROBE}"));
    let record = s.run(Streams::new(1, 0), window(0.0, 10.0, 13)).unwrap();
    let share = |state: &str| measure(&*s, &record, &format!("cell.A@{state}"), "time_share", "time_mean");
    assert_eq!([share("n=0"), share("n=1"), share("n>=3")], [0.6, 0.2, 0.0]);
}

#[test]
fn first_passages_and_passages_change_nothing_and_fit_each_other() {
    let text = format!(
        "{}[reaction.out]\nequation = \"A -> B\"\nc = 0.5\n[reaction.back]\nequation = \"B -> A\"\nc = 0.1\n",
        cell(10)
    );
    let probes = "[probe.f]\nkind = \"first_passage\"\nof = \"cell.A\"\ndown_to = [9, 10]\nup_to = [11]\n\
                  [probe.p]\nkind = \"passages\"\nof = \"out\"\nnumbers = [1, 3, 1000000]\n";
    let s = system(&format!("{text}{probes}"));
    let record = s.run(Streams::new(1, 0), window(0.0, 50.0, 13)).unwrap();
    let plain = system(&text).run(Streams::new(1, 0), window(0.0, 50.0, 13)).unwrap();
    assert_eq!(format!("{:?}", plain.measures), format!("{:?}", &record.measures[..plain.measures.len()]));
    let of = |name: &str, metric: &str| measure(&*s, &record, name, metric, "mean");
    assert_eq!(of("cell.A@first n<=10", "first_passage_time"), 0.0);
    // The first that goes makes it nine.
    assert_eq!(of("cell.A@first n<=9", "first_passage_time"), of("out@passage 1", "passage_time"));
    assert!(
        of("cell.A@first n>=11", "first_passage_time").is_nan() && of("out@passage 1000000", "passage_time").is_nan()
    );
    let (first, n) = (of("out@passage 1", "passage_time"), of("out", "throughput") * 50.0);
    let last = first + of("out@interval", "interval") * (n.round() - 1.0);
    assert!(first < of("out@passage 3", "passage_time") && last > 0.0 && last < 50.0, "{first} {last}");
    // The distribution is there to be drawn.
    let place = s.components().iter().position(|c| c.name == "out@interval").unwrap() as u32;
    let sketch = &record.sojourns.iter().find(|(c, _)| *c == place).unwrap().1;
    assert_eq!(sketch.total() as f64, n.round() - 1.0);
}

#[test]
fn probes_of_what_is_not_there_are_findings() {
    let out = format!("{}[reaction.out]\nequation = \"A -> B\"\nc = 0.5\n", cell(10));
    let codes = |probe: &str| {
        let found = build(&format!("{out}[probe.p]\n{probe}\n")).err().unwrap();
        found.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(codes("kind = \"passages\"\nof = \"outt\""), ["E0602"]);
    assert_eq!(codes("kind = \"passages\"\nof = \"out\"\nnumbers = [2, 2]"), ["E0608"]);
    assert_eq!(codes("kind = \"first_passage\"\nof = \"cell.A\""), ["E0608"]);
    assert_eq!(codes("kind = \"states\"\nof = \"cell.C\"\ncounts = [1]"), ["E0602"]);
    assert_eq!(
        codes(
            "kind = \"states\"\nof = \"cell.A\"\ncounts = [1]\n[probe.q]\nkind = \"states\"\nof = \"cell.A\"\ncounts = [1]"
        ),
        ["E0608"]
    );
}

#[test]
fn tails_of_residences_and_gaps() {
    // Comes at 5 /s, stays for 2 s on average: residences and gaps are exponential.
    let text = format!(
        "{}[reaction.come]\nequation = \"-> A\"\nc = 5\n[reaction.go]\nequation = \"A ->\"\nc = 0.5\n\
         [probe.stay]\nkind = \"residence\"\nof = \"cell.A\"\nsplit_by = \"pathway\"\n\
         [probe.long]\nkind = \"tail\"\nof = \"cell.A\"\nlonger_than = [\"3 s\"]\npercentiles = [99.9]\n\
         [probe.exit]\nkind = \"tail\"\nof = \"cell.A@go\"\nlonger_than = [\"3 s\"]\n\
         [probe.gaps]\nkind = \"tail\"\nof = \"come\"\nmetric = \"interval\"\nlonger_than = [\"0.5 s\"]\n",
        cell(0)
    );
    let s = system(&text);
    let record = s.run(Streams::new(1, 0), window(100.0, 20_100.0, 1)).unwrap();
    let of = |name: &str, metric: &str| measure(&*s, &record, name, metric, "mean");
    let share = |name: &str, exact: f64| {
        let found = of(name, "exceedance");
        // 100 000 independent times.
        assert!((found - exact).abs() < 4.0 * (exact * (1.0 - exact) / 1e5).sqrt(), "{name}: {found} is not {exact}");
    };
    share("cell.A@sojourn_time>3 s", (-1.5_f64).exp());
    share("come@interval>0.5 s", (-2.5_f64).exp());
    assert_eq!(of("cell.A@sojourn_time>3 s", "exceedance"), of("cell.A@go@sojourn_time>3 s", "exceedance"));
    // The sd of the quantile is sqrt(p (1 - p) / n) over the density there, 0.5 (1 - p); and the sketch's 0.4 %.
    let (p99, exact) = (of("cell.A@sojourn_time p99.9", "percentile"), 2.0 * 1000.0_f64.ln());
    assert!((p99 - exact).abs() < 4.0 * 2.0 / (100.0_f64).sqrt() + 0.004 * exact, "{p99} is not {exact}");
    // Nobody is followed: there are no residences.
    let unfollowed = text.replace("\"residence\"", "\"count\"").replace("split_by = \"pathway\"", "times = [\"1 s\"]");
    let found = build(&unfollowed).map(|_| ()).unwrap_err();
    let codes: Vec<&str> = found.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E0398", "E0398"], "{found:?}");
}
