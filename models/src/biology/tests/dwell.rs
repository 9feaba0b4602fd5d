//! Stays of single channels, and bursts of openings.

use super::*;

/// Rates of the opening of a channel that has just shut: B -> O at `beta`, B -> C at `back`, C -> B at `forth`.
struct Shut {
    back: f64,
    beta: f64,
    forth: f64,
}

impl Shut {
    /// The survival function of the shut time as two exponentials: weights and rates, from the eigenvalues of
    /// [[-(back + beta), back], [forth, -forth]] with S(0) = 1 and S'(0) = -beta.
    fn parts(&self) -> [(f64, f64); 2] {
        let Self { back, beta, forth } = self;
        let sum = back + beta + forth;
        let root = (sum * sum - 4.0 * beta * forth).sqrt();
        let (fast, slow) = (0.5 * (sum + root), 0.5 * (sum - root));
        let weight = (beta - slow) / (fast - slow);
        [(weight, fast), (1.0 - weight, slow)]
    }
    fn sum(&self, of: impl Fn(f64) -> f64) -> f64 {
        self.parts().iter().map(|(weight, rate)| weight * of(*rate)).sum()
    }
    /// The share of those of at least `t` s.
    fn longer(&self, t: f64) -> f64 {
        self.sum(|rate| (-rate * t).exp())
    }
    /// The mean of those below `t` s.
    fn within(&self, t: f64) -> f64 {
        self.sum(|rate| (1.0 - (-rate * t).exp() * (1.0 + rate * t)) / rate) / (1.0 - self.longer(t))
    }
    fn mean(&self) -> f64 {
        self.sum(|rate| 1.0 / rate)
    }
    fn sd(&self) -> f64 {
        (self.sum(|rate| 2.0 / rate / rate) - self.mean().powi(2)).sqrt()
    }
}

/// Mean and standard deviation of stays, and how many there were, over all of a long run.
fn stays(text: &str, name: &str, end: f64) -> [f64; 3] {
    let system = system(text);
    let record = run(system.as_ref(), 0, 0.1 * end, end);
    let of = |metric, stat| measure(system.as_ref(), &record, name, metric, stat);
    [of("sojourn_time", "mean"), of("sojourn_time", "sd"), of("departures", "mean")]
}

/// Mean within four standard errors, and standard deviation, of a law with this kurtosis.
fn assert_stays([mean, sd, n]: [f64; 3], expected: f64, spread: f64, kurtosis: f64, what: &str) {
    assert!((mean - expected).abs() < 4.0 * spread / n.sqrt(), "{what}: mean {mean}, not {expected}, of {n}");
    let relative = ((kurtosis - 1.0) / n).sqrt() / 2.0;
    assert!((sd / spread - 1.0).abs() < 4.0 * relative, "{what}: sd {sd}, not {spread}, of {n}");
}

#[test]
fn stays_in_two_states_are_exponential() {
    // Opens at 200 /s, shuts at 800 /s: open for 1.25 ms on average, shut for 5 ms; the kurtosis of an exponential law is 9.
    let text = "[compartment.cell]\nvolume = \"1 pL\"\n[pathway.gate]\nkind = \"channel\"\nN = 100\nstates = [\"C\", \"O\"]
        conducting = [\"O\"]\ntransitions = [{ from = \"C\", to = \"O\", rate = \"200 /s\" }, { from = \"O\", to = \"C\", rate = \"800 /s\" }]
        [probe.gate]\nkind = \"dwell\"\nof = \"gate\"";
    assert_stays(stays(text, "gate@open", 20.0), 1.25e-3, 1.25e-3, 9.0, "open");
    assert_stays(stays(text, "gate@shut", 20.0), 5e-3, 5e-3, 9.0, "shut");
}

#[test]
fn openings_come_in_bursts() {
    // C - A -> B <-> O: k+ A = 100, k- = 2000, beta = 15 000, alpha = 2000 /s (Colquhoun & Hawkes 1982).
    let text = "[compartment.cell]\nvolume = \"1 pL\"\n[pathway.gate]\nkind = \"channel\"\nN = 50\nstates = [\"C\", \"B\", \"O\"]
        conducting = [\"O\"]\ntransitions = [{ from = \"C\", to = \"B\", rate = \"100 /s\" }, { from = \"B\", to = \"C\", rate = \"2000 /s\" }, { from = \"B\", to = \"O\", rate = \"15000 /s\" }, { from = \"O\", to = \"B\", rate = \"2000 /s\" }]
        [probe.gate]\nkind = \"dwell\"\nof = \"gate\"\nburst_gap = \"0.5 ms\"";
    let system = system(text);
    let record = run(system.as_ref(), 0, 1.0, 41.0);
    let of = |name: &str, metric, stat| measure(system.as_ref(), &record, name, metric, stat);
    let three = |name: &str| ["mean", "sd"].map(|stat| of(name, "sojourn_time", stat));
    let n = of("gate@open", "departures", "mean");
    let [mean, sd] = three("gate@open");
    assert_stays([mean, sd, n], 0.5e-3, 0.5e-3, 9.0, "open");
    let shut = Shut { back: 2000.0, beta: 15_000.0, forth: 100.0 };
    // From B a channel opens, or visits C for 10 ms before it comes back to B.
    let visits = 2000.0 / 15_000.0;
    assert!((shut.mean() / ((1.0 + visits) / 17_000.0 + visits / 100.0) - 1.0).abs() < 1e-9);
    let [mean, _] = three("gate@shut");
    assert!((mean - shut.mean()).abs() < 4.0 * shut.sd() / n.sqrt(), "shut for {mean} s, not {}", shut.mean());
    // Each shut time ends the burst with the chance that it lasts for 0.5 ms: geometric, of kurtosis 9 + p^2 / (1 - p).
    let (gap, bursts) = (0.5e-3, of("gate@burst", "departures", "mean"));
    let ends = shut.longer(gap);
    let (openings, spread) = (1.0 / ends, (1.0 - ends).sqrt() / ends);
    let [mean, sd] = ["mean", "sd"].map(|stat| of("gate@burst", "openings", stat));
    assert_stays([mean, sd, bursts], openings, spread, 9.0 + ends * ends / (1.0 - ends), "openings");
    // The textbook counts visits to C instead of long shut times: 1 + beta / k- = 8.5.
    assert!((openings / 8.5 - 1.0).abs() < 0.06, "{openings}");
    // Open times, and between them shut times below the gap.
    let length = openings * 0.5e-3 + (openings - 1.0) * shut.within(gap);
    let [mean, sd] = three("gate@burst");
    assert!((mean - length).abs() < 4.0 * sd / bursts.sqrt(), "a burst of {mean} s, not {length}");
}

#[test]
fn looking_at_single_channels_changes_no_count() {
    let text = "[compartment.cell]\nvolume = \"1 pL\"\n[pathway.gate]\nkind = \"channel\"\nN = 30\nstates = [\"C\", \"O\"]
        conducting = [\"O\"]\ntransitions = [{ from = \"C\", to = \"O\", rate = \"200 /s\" }, { from = \"O\", to = \"C\", rate = \"800 /s\" }]";
    let probed = format!("{text}\n[probe.gate]\nkind = \"dwell\"\nof = \"gate\"\nburst_gap = \"1 ms\"");
    let (bare, probed) = (system(text), system(&probed));
    let of = |system: &dyn System, bins| {
        let record = system.run(Streams::new(3, 0), window(0.1, 1.0, bins)).unwrap();
        let counts =
            ["C", "O"].map(|s| measure(system, &record, &format!("gate.{s}"), "occupancy", "time_mean").to_bits());
        (counts, record)
    };
    let (counts, _) = of(bare.as_ref(), 1);
    let (same, few) = of(probed.as_ref(), 1);
    let (again, many) = of(probed.as_ref(), 997);
    assert_eq!((counts, counts), (same, again));
    let stays = |record: &RunRecord| {
        ["gate@open", "gate@shut", "gate@burst"]
            .map(|name| measure(probed.as_ref(), record, name, "sojourn_time", "mean").to_bits())
    };
    assert_eq!(stays(&few), stays(&many));
}

#[test]
fn only_channels_are_looked_at() {
    let text = |probe: &str| {
        format!(
            "[compartment.cell]\nvolume = \"1 pL\"\n[pathway.gate]\nkind = \"channel\"\nN = 30\nstates = [\"C\", \"O\"]
            conducting = [\"O\"]\ntransitions = [{{ from = \"C\", to = \"O\", rate = \"200 /s\" }}, {{ from = \"O\", to = \"C\", rate = \"800 /s\" }}]
            {probe}"
        )
    };
    let codes = |probe: &str| build(&text(probe)).err().unwrap_or_default().iter().map(|d| d.code).collect::<Vec<_>>();
    let probe = |of: &str, gap: &str| format!("[probe.{of}]\nkind = \"dwell\"\nof = \"{of}\"\n{gap}\n");
    assert_eq!(codes(&probe("gate", "")), Vec::<&str>::new());
    assert_eq!(codes(&probe("gat", "")), ["E0633"]);
    assert_eq!(codes(&probe("gate", "burst_gap = \"0 s\"")), ["E0633"]);
    let again = probe("gate", "").replace("[probe.gate]", "[probe.again]");
    assert_eq!(codes(&format!("{}{again}", probe("gate", ""))), ["E0608"]);
}
