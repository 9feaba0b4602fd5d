//! Passages that take a time of their own.

use super::*;

/// Four stages in a loop; `uptake` is how the last leads to the first.
fn cycle(uptake: &str) -> String {
    format!(
        "[compartment.bouton]\nvolume = \"1 fL\"\ninitial = {{ reserve = 200, docked = 0, primed = 0, fused = 0 }}
         [reaction.dock]\nequation = \"bouton.reserve -> bouton.docked\"\nk = \"0.05 /s\"
         [reaction.prime]\nequation = \"bouton.docked -> bouton.primed\"\nk = \"0.5 /s\"
         [reaction.fuse]\nequation = \"bouton.primed -> bouton.fused\"\nk = \"1 /s\"
         [pathway.endo]\nkind = \"endocytosis\"\nfrom = \"bouton.fused\"\nto = \"bouton.reserve\"\n{uptake}"
    )
}

/// Times of a mean of 10 s.
const TIMES: [&str; 6] = [
    "k = \"0.1 /s\"",
    "delay = { kind = \"exponential\", mean = \"10 s\" }",
    "delay = { kind = \"constant\", time = \"10 s\" }",
    "delay = { kind = \"gamma\", mean = \"10 s\", cv = 0.5 }",
    "delay = { kind = \"lognormal\", mean = \"10 s\", cv = 1 }",
    "delay = { kind = \"constant\", time = \"5 s\" }\nspeed = 0.5",
];

#[test]
fn counts_in_a_closed_loop_are_multinomial_whatever_the_times() {
    // In proportion to mean times of 20, 2, 1 and 10 s.
    for uptake in TIMES {
        let system = system(&cycle(uptake));
        for (stage, time) in [("reserve", 20.0), ("docked", 2.0), ("primed", 1.0), ("fused", 10.0)] {
            let counts = final_counts(system.as_ref(), &format!("bouton.{stage}"), 500, 400.0);
            Moments::binomial(200.0, time / 33.0).assert(&counts, &format!("{stage}, {uptake}"));
        }
        // 6.0606 a second go round. A run of 4000 s is some 120 rounds of each of 200, of independent lengths of a variance of
        // at most 20^2 + 2^2 + 1 + 10^2 s^2 (cv 1): the rate has a relative standard error below sqrt(505 / 33^2 / 24 240).
        let record = run(system.as_ref(), 0, 400.0, 4400.0);
        let flux = measure(system.as_ref(), &record, "endo", "throughput", "mean");
        assert!((flux / (200.0 / 33.0) - 1.0).abs() < 4.0 * (505.0 / 1089.0 / 24_240f64).sqrt(), "{flux} {uptake}");
    }
}

/// Fused vesicles come in at 4 /s and are taken up after exactly 5 s.
const STREAM: &str = "[compartment.cell]\nvolume = \"1 fL\"\ninitial = { fused = 0, reserve = 0 }
    [pathway.release]\nkind = \"influx\"\nspecies = \"fused\"\nto = \"cell\"\nrate = \"4 /s\"
    [pathway.endo]\nkind = \"endocytosis\"\nfrom = \"cell.fused\"\nto = \"cell.reserve\"\ndelay = { kind = \"constant\", time = \"5 s\" }";

#[test]
fn what_is_under_way_for_a_fixed_time_is_poisson() {
    let system = system(STREAM);
    for (t, mean) in [(2.0, 8.0), (5.0, 20.0), (60.0, 20.0)] {
        Moments::poisson(mean).assert(&final_counts(system.as_ref(), "cell.fused", 1000, t), &format!("{t} s"));
    }
    // What has come out is what had come in 5 s before.
    Moments::poisson(4.0 * 55.0).assert(&final_counts(system.as_ref(), "cell.reserve", 1000, 60.0), "taken up");
}

#[test]
fn each_stays_for_its_own_time() {
    let system = system(&format!("{STREAM}\n[probe.stay]\nkind = \"residence\"\nof = \"cell.fused\""));
    let record = run(system.as_ref(), 0, 10.0, 500.0);
    for stat in ["mean", "p50", "max"] {
        let stay = measure(system.as_ref(), &record, "cell.fused", "sojourn_time", stat);
        // Quantiles are those of buckets.
        assert!((stay - 5.0).abs() < if stat == "p50" { 0.03 } else { 1e-9 }, "{stat}: {stay}");
    }
}

#[test]
fn blocked_uptake_lets_release_run_down_to_what_there_was() {
    for uptake in TIMES {
        let blocked = "[intervention.dynamin]\nat = \"0 s\"\ntarget = \"pathway.endo.speed\"\nop = \"block\"";
        let system = system(&format!("{}\n{blocked}", cycle(uptake)));
        let record = run(system.as_ref(), 3, 0.0, 2000.0);
        assert_eq!(measure(system.as_ref(), &record, "bouton.fused", "in_system", "mean"), 200.0, "{uptake}");
        assert_eq!(measure(system.as_ref(), &record, "fuse", "throughput", "mean") * 2000.0, 200.0);
        assert_eq!(measure(system.as_ref(), &record, "endo", "throughput", "mean"), 0.0);
    }
}

#[test]
fn what_is_held_goes_on_when_uptake_does() {
    // Ten come at time zero for 5 s; held from 2 to 12 s, then at twice the speed: 3 s are left, which take 1.5 s.
    let text = "[compartment.cell]\nvolume = \"1 fL\"\ninitial = { fused = 10, reserve = 0 }
        [pathway.endo]\nkind = \"endocytosis\"\nfrom = \"cell.fused\"\nto = \"cell.reserve\"\ndelay = { kind = \"constant\", time = \"5 s\" }
        [intervention.block]\nat = \"2 s\"\ntarget = \"pathway.endo.speed\"\nop = \"block\"
        [intervention.lift]\nat = \"12 s\"\ntarget = \"pathway.endo.speed\"\nop = \"set\"\nvalue = 2";
    let system = system(text);
    let left =
        |end: f64| measure(system.as_ref(), &run(system.as_ref(), 0, 0.0, end), "cell.fused", "in_system", "mean");
    assert_eq!([left(13.4999), left(13.5001)], [10.0, 0.0]);
}

#[test]
fn vesicles_that_are_taken_out_are_any_of_those_under_way() {
    // Ten from time zero, ten more at 4 s; at 4.5 s half are taken out: of the first ten, hypergeometric with mean 5 and
    // variance 10 (1/2) (1/2) (10/19), are back at 6 s.
    let text = "[compartment.cell]\nvolume = \"1 fL\"\ninitial = { fused = 10, reserve = 0 }
        [pathway.endo]\nkind = \"endocytosis\"\nfrom = \"cell.fused\"\nto = \"cell.reserve\"\ndelay = { kind = \"constant\", time = \"5 s\" }
        [intervention.more]\nat = \"4 s\"\ntarget = \"cell.fused\"\nop = \"add\"\nvalue = 10
        [intervention.fewer]\nat = \"4.5 s\"\ntarget = \"cell.fused\"\nop = \"scale\"\nfactor = 0.5";
    let system = system(text);
    let weights: Vec<f64> = (0..=10).map(|k| choose(10, k) * choose(10, 10 - k)).collect();
    Moments::of(&weights).assert(&final_counts(system.as_ref(), "cell.reserve", 1000, 6.0), "back");
    assert!(final_counts(system.as_ref(), "cell.reserve", 50, 9.5).iter().all(|n| *n == 10.0));
}

fn choose(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

#[test]
fn cutting_a_run_and_probes_change_nothing() {
    let text = cycle(TIMES[3]);
    let (bare, probed) =
        (system(&text), system(&format!("{text}\n[probe.stay]\nkind = \"residence\"\nof = \"bouton.docked\"")));
    let cut = |system: &dyn System, bins| {
        let record = system.run(Streams::new(7, 0), window(10.0, 300.0, bins)).unwrap();
        ["reserve", "docked", "primed", "fused"].map(|s| {
            let of = |metric| measure(system, &record, &format!("bouton.{s}"), metric, "mean").to_bits();
            [of("in_system"), of("arrivals"), of("departures")]
        })
    };
    let whole = cut(bare.as_ref(), 1);
    assert_eq!(whole, cut(bare.as_ref(), 997));
    assert_eq!(whole, cut(probed.as_ref(), 13));
}

#[test]
fn wrong_uptake_is_refused() {
    let found = |uptake: &str| {
        let found = build(&cycle(uptake)).err().unwrap_or_default();
        found.iter().map(|d| (d.code, d.message.clone())).collect::<Vec<_>>()
    };
    let first = |uptake: &str| found(uptake)[0].clone();
    assert_eq!(first(""), ("E0607", "`pathway.endo` has neither `k` nor `delay`".to_owned()));
    assert_eq!(first(&format!("{}\n{}", TIMES[0], TIMES[2])).0, "E0607");
    assert_eq!(first("k = \"0 /s\""), ("E0607", "`pathway.endo.k` is zero".to_owned()));
    assert_eq!(first("delay = { kind = \"constant\", time = \"0 s\" }").0, "E0352");
    assert_eq!(first("delay = { kind = \"gamma\", mean = \"10 s\", cv = -1 }").0, "E0108");
    assert_eq!(first("delay = { kind = \"weibull\", mean = \"10 s\" }").0, "E0105");
    let leak = "[reaction.leak]\nequation = \"bouton.fused -> \"\nk = \"1 /s\"";
    let message = "`reaction.leak` takes of `bouton.fused`, too".to_owned();
    assert_eq!(found(&format!("{}\n{leak}", TIMES[2])), [("E0615", message)]);
    assert_eq!(found(&format!("{}\n{leak}", TIMES[1])), []);
    let waved = "[waveform.w]\nkind = \"sine\"\nmean = 1\namplitude = 0.5\nperiod = \"1 s\"";
    assert_eq!(first(&format!("{}\nshape = \"w\"\n{waved}", TIMES[2])).0, "E0613");
    let itself = cycle(TIMES[2]).replace("to = \"bouton.reserve\"", "to = \"bouton.fused\"");
    assert_eq!(build(&itself).err().unwrap_or_default().iter().next().map(|d| d.code), Some("E0604"));
    let many = cycle(TIMES[2]).replace("fused = 0", "fused = 1000000000");
    assert_eq!(build(&many).err().unwrap_or_default().iter().next().map(|d| d.code), Some("E0615"));
}

#[test]
fn released_vesicles_come_back_after_their_time() {
    // Sites are filled again long before the next spike: a spike releases a binomial number, 20 and 0.5, and exactly a second later
    // these are back. What is under way has been released at the ten spikes before.
    let text = "[compartment.bouton]\nvolume = \"1 fL\"\ninitial = { reserve = 300, fused = 0 }
        [spikes.stim]\nkind = \"regular\"\nrate = \"10 /s\"
        [pathway.synapse]\nkind = \"release_site\"\nspikes = \"stim\"\nsites = 20\nU = 0.5\ntau_rec = \"1 ns\"
        from = \"bouton.reserve\"\nto = \"bouton.fused\"
        [pathway.endo]\nkind = \"endocytosis\"\nfrom = \"bouton.fused\"\nto = \"bouton.reserve\"\ndelay = { kind = \"constant\", time = \"1 s\" }
        [probe.stay]\nkind = \"residence\"\nof = \"bouton.fused\"\n";
    // Between two spikes all that is under way is taken out.
    let toxin = "[intervention.take]\nwhen = \"time >= 4.951\"\ntarget = \"bouton.fused\"\nvalue = 0\n";
    let system = system(&format!("{text}{toxin}"));
    for (end, spikes) in [(0.35, 4), (0.95, 10), (1.05, 10), (4.95, 10), (5.35, 4)] {
        let fused = final_counts(system.as_ref(), "bouton.fused", 1000, end);
        Moments::binomial(20.0 * f64::from(spikes), 0.5).assert(&fused, &format!("under way at {end} s"));
    }
    for rep in 0..20 {
        let record = run(system.as_ref(), rep, 0.0, 4.95);
        let at = |c: &str, m: &str, stat: &str| measure(system.as_ref(), &record, c, m, stat);
        let held = ["bouton.reserve", "synapse.filled", "bouton.fused"].map(|c| at(c, "in_system", "mean"));
        assert_eq!(held.iter().sum::<f64>(), 320.0, "{held:?}");
        assert_eq!(held[1], 20.0);
        for stat in ["mean", "max"] {
            assert!((at("bouton.fused", "sojourn_time", stat) - 1.0).abs() < 1e-9, "{stat}");
        }
        // It is the same run, however it is cut.
        let cut = system.run(Streams::new(1, rep), window(0.0, 4.95, 333)).unwrap();
        let of = |r: &RunRecord| measure(system.as_ref(), r, "bouton.fused", "occupancy", "time_mean");
        assert!((of(&cut) - of(&record)).abs() < 1e-9 && cut.events == record.events);
    }
}
