//! Release sites that spikes drive.

use super::*;

fn synapse(train: &str, site: &str, more: &str) -> String {
    format!(
        "[compartment.cleft]\nvolume = \"1 aL\"\ninitial = {{ transmitter = 0, reserve = 1000 }}
         [spikes.stim]\n{train}
         [pathway.synapse]\nkind = \"release_site\"\nspikes = \"stim\"\n{site}\n{more}"
    )
}
const EACH: &str = "[probe.each]\nkind = \"per_spike\"\nof = \"synapse\"";
const TEN: &str = "sites = 10\nU = 0.5\ntau_rec = \"0.8 s\"";

/// What is released at each of `spikes` spikes, counted from `first`, replication by replication.
fn released(system: &dyn System, first: usize, spikes: usize, reps: u64, end: f64) -> Vec<Vec<f64>> {
    let of = |rep| {
        let record = run(system, rep, 0.0, end);
        let at = |k| measure(system, &record, &format!("synapse@spike {k}"), "passages", "mean");
        (first..first + spikes).map(at).collect()
    };
    (0..reps).map(of).collect()
}

/// The probabilities of 0 to n out of n.
fn binomial(n: u32, p: f64) -> Vec<f64> {
    let mut row = vec![(1.0 - p).powi(n as i32)];
    for k in 0..n {
        row.push(row[k as usize] * f64::from(n - k) / f64::from(k + 1) * p / (1.0 - p));
    }
    row
}

#[test]
fn a_regular_train_releases_binomially_with_neighbours_that_avoid_each_other() {
    let (n, u, tau) = (10.0, 0.5, 0.8);
    for (rate, filled) in [(1.0, 0.832_795), (5.0, 0.362_266), (20.0, 0.114_252), (100.0, 0.024_540)] {
        let e = f64::exp(-1.0 / (rate * tau));
        let r = (1.0 - e) / (1.0 - (1.0 - u) * e);
        assert!((r - filled).abs() < 1e-6, "{rate}: {r}");
        // The way there is as lambda^k: 1e-6 after 40 spikes at the latest.
        let (skip, reps) = (40, 6000);
        let train = format!("kind = \"regular\"\nrate = \"{rate} /s\"\ncount = 44");
        let system = system(&synapse(&train, TEN, &format!("{EACH}\nskip = {skip}\ncount = 2")));
        let all = released(system.as_ref(), skip + 1, 2, reps, 42.5 / rate);
        let first: Vec<f64> = all.iter().map(|x| x[0]).collect();
        let p = u * r;
        Moments::binomial(n, p).assert(&first, &format!("{rate} /s"));
        // Chi-square of the distribution, cells of five expected or more.
        let (mut chi, mut cells) = (0.0, 0.0_f64);
        for (k, share) in binomial(10, p).into_iter().enumerate() {
            let (expected, found) = (share * reps as f64, first.iter().filter(|x| **x == k as f64).count() as f64);
            if expected >= 5.0 {
                chi += (found - expected).powi(2) / expected;
                cells += 1.0;
            }
        }
        let degrees = (cells - 1.0).max(1.0);
        assert!(chi < degrees + 4.0 * (2.0 * degrees).sqrt() + 8.0, "{rate} /s: {chi} of {degrees}");
        // The covariance of neighbours; of nearly independent ones its standard error is that of a product.
        let cov = all.iter().map(|x| (x[0] - n * p) * (x[1] - n * p)).sum::<f64>() / reps as f64;
        let expected = n * u * u * r * ((1.0 - e) - r);
        let error = n * p * (1.0 - p) / (reps as f64).sqrt();
        assert!((cov - expected).abs() < 4.5 * error, "{rate} /s: covariance {cov} is not {expected}");
    }
}

#[test]
fn neighbours_avoid_each_other_as_the_law_says() {
    // Where it is strongest: 1 /s, correlation -0.102; many spikes of one run stand for many runs.
    let site = "sites = 1\nU = 0.5\ntau_rec = \"0.8 s\"";
    let train = "kind = \"regular\"\nrate = \"1 /s\"";
    let system = system(&synapse(train, site, &format!("{EACH}\nskip = 10\ncount = 1000")));
    let all = released(system.as_ref(), 11, 1000, 60, 1011.0);
    let e = f64::exp(-1.0 / 0.8);
    let r = (1.0 - e) / (1.0 - 0.5 * e);
    let p = 0.5 * r;
    let products: Vec<f64> =
        all.iter().flat_map(|x| x.windows(2).map(|w| (w[0] - p) * (w[1] - p)).collect::<Vec<_>>()).collect();
    let cov = products.iter().sum::<f64>() / products.len() as f64;
    let expected = 0.25 * r * ((1.0 - e) - r);
    assert!((expected / (p * (1.0 - p)) + 0.102_21).abs() < 1e-5);
    let error = p * (1.0 - p) / (products.len() as f64).sqrt();
    assert!((cov - expected).abs() < 4.0 * error, "{cov} is not {expected} +- {error}");
    // Independent spikes would be found out.
    assert!(expected.abs() > 20.0 * error);
}

#[test]
fn releases_approach_the_steady_state_geometrically() {
    let train = "kind = \"regular\"\nrate = \"100 /s\"\ncount = 6";
    let system = system(&synapse(train, TEN, EACH));
    let all = released(system.as_ref(), 1, 5, 8000, 0.1);
    for (k, mean) in [5.0, 2.531_06, 1.311_92, 0.709_92, 0.412_66].into_iter().enumerate() {
        let xs: Vec<f64> = all.iter().map(|x| x[k]).collect();
        Moments::binomial(10.0, mean / 10.0).assert(&xs, &format!("spike {}", k + 1));
    }
}

#[test]
fn the_rate_of_release_is_bounded_by_that_of_recovery() {
    // N U R f: 12.27 /s at 100 Hz, towards N / tau_rec = 12.5 /s.
    for (rate, expected) in [(10.0_f64, 10.514_8), (100.0, 12.270), (1000.0, 12.476_6)] {
        let e = f64::exp(-1.0 / (rate * 0.8));
        let law = 10.0 * 0.5 * (1.0 - e) / (1.0 - 0.5 * e) * rate;
        assert!((law / expected - 1.0).abs() < 1e-3, "{rate}: {law}");
        let system = system(&synapse(&format!("kind = \"regular\"\nrate = \"{rate} /s\""), TEN, ""));
        let rates: Vec<f64> = (0..40)
            .map(|rep| {
                measure(system.as_ref(), &run(system.as_ref(), rep, 10.0, 110.0), "synapse", "throughput", "mean")
            })
            .collect();
        let mean = rates.iter().sum::<f64>() / 40.0;
        // Fewer than Poisson: neighbours avoid each other.
        assert!((mean - law).abs() < 4.0 * (law / (100.0 * 40.0)).sqrt(), "{rate} /s: {mean} is not {law}");
    }
}

#[test]
fn poisson_spikes_find_sites_filled_as_the_mean_field_says() {
    // E[R] before a spike is 1 / (1 + U r tau), exactly, since spikes do not look.
    for rate in [1.0, 10.0] {
        let system = system(&synapse(&format!("kind = \"poisson\"\nrate = \"{rate} /s\""), TEN, ""));
        let law = 10.0 * 0.5 * rate / (1.0 + 0.5 * rate * 0.8);
        let rates: Vec<f64> = (0..60)
            .map(|rep| {
                measure(system.as_ref(), &run(system.as_ref(), rep, 20.0, 220.0), "synapse", "throughput", "mean")
            })
            .collect();
        let mean = rates.iter().sum::<f64>() / 60.0;
        let sd = (rates.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 59.0).sqrt();
        assert!((mean - law).abs() < 4.0 * sd / 60.0_f64.sqrt(), "{rate} /s: {mean} is not {law} (sd {sd})");
        assert!(sd / 60.0_f64.sqrt() < 0.02 * law, "too few runs to tell");
    }
}

#[test]
fn poisson_spikes_follow_a_waveform() {
    // Sites that are always filled count spikes. rate 50 (1 + 0.8 sin(2 pi t)): by quarters of a second.
    let text = "[waveform.day]\nkind = \"sine\"\namplitude = 0.8\nperiod = \"1 s\"
        [probe.c]\nkind = \"count\"\nof = \"cleft.transmitter\"\ntimes = [\"10 s\", \"10.5 s\", \"11 s\"]";
    let train = "kind = \"poisson\"\nrate = \"50 /s\"\nshape = \"day\"";
    let system = system(&synapse(train, "sites = 1\nU = 1.0\ntau_rec = \"1 ns\"\nto = \"cleft.transmitter\"", text));
    let counts: Vec<[f64; 3]> = (0..2000)
        .map(|rep| {
            let record = run(system.as_ref(), rep, 0.0, 11.5);
            ["10 s", "10.5 s", "11 s"]
                .map(|t| measure(system.as_ref(), &record, &format!("cleft.transmitter@{t}"), "count", "mean"))
        })
        .collect();
    // Half a sine has the integral 1 / pi.
    let half = 50.0 * 0.8 / std::f64::consts::PI;
    for (k, mean) in [(0, 25.0 + half), (1, 25.0 - half)] {
        let xs: Vec<f64> = counts.iter().map(|c| c[k + 1] - c[k]).collect();
        Moments::poisson(mean).assert(&xs, &format!("half {k}"));
    }
}

#[test]
fn facilitation_is_that_of_the_recursion() {
    // Mongillo, Barak & Tsodyks 2008, doi:10.1126/science.1150769: U = 0.2, tau_facil = 1.5 s, tau_rec = 0.2 s.
    let (u0, tau_f, tau_r) = (0.2, 1.5, 0.2);
    for (rate, u_end, r_end) in [(1.0, 0.339_41, 0.997_70), (10.0, 0.794_93, 0.449_36), (50.0, 0.949_69, 0.099_70)] {
        let site = "sites = 20\nU = 0.2\ntau_rec = \"0.2 s\"\ntau_facil = \"1.5 s\"";
        let train = format!("kind = \"regular\"\nrate = \"{rate} /s\"\ncount = 61");
        let system = system(&synapse(&train, site, EACH));
        let all = released(system.as_ref(), 1, 60, 2000, 60.5 / rate);
        let (mut u, mut r) = (u0, 1.0);
        for k in 0..60 {
            if [0, 1, 2, 5, 59].contains(&k) {
                let xs: Vec<f64> = all.iter().map(|x| x[k]).collect();
                Moments::binomial(20.0, u * r).assert(&xs, &format!("{rate} /s, spike {}", k + 1));
            }
            if k == 59 {
                assert!((u - u_end).abs() < 1e-5 && (r - r_end).abs() < 1e-5, "{rate} /s: {u} {r}");
            }
            r = 1.0 - (1.0 - r * (1.0 - u)) * f64::exp(-1.0 / (rate * tau_r));
            u = u0 + (1.0 - u0) * u * f64::exp(-1.0 / (rate * tau_f));
        }
    }
}

#[test]
fn pairs_of_spikes_have_the_ratio_of_the_closed_form() {
    for (ms, ratio) in [(20, 0.512_345), (100, 0.558_752), (500, 0.732_369)] {
        let train = format!("kind = \"regular\"\nperiod = \"{ms} ms\"\ncount = 3");
        let system = system(&synapse(&train, "sites = 1000\nU = 0.5\ntau_rec = \"0.8 s\"", EACH));
        let all = released(system.as_ref(), 1, 2, 400, 1.1);
        let first: Vec<f64> = all.iter().map(|x| x[0]).collect();
        let second: Vec<f64> = all.iter().map(|x| x[1]).collect();
        Moments::binomial(1000.0, 0.5).assert(&first, "first");
        Moments::binomial(1000.0, 0.5 * ratio).assert(&second, &format!("{ms} ms"));
    }
}

#[test]
fn quanta_go_where_they_are_sent_and_sites_are_filled_from_the_reserve() {
    let site = "sites = 50\nU = 1.0\ntau_rec = \"10 ms\"\nfrom = \"cleft.reserve\"\nto = \"cleft.transmitter\"\nq = 7";
    let system = system(&synapse("kind = \"regular\"\nrate = \"10 /s\"", site, ""));
    let record = run(system.as_ref(), 0, 0.0, 60.0);
    let at = |c: &str, m: &str| measure(system.as_ref(), &record, c, m, "mean");
    // 50 at first and 1000 in reserve: all of them in the end, 7 molecules each.
    assert_eq!(at("cleft.transmitter", "in_system"), 7.0 * 1050.0);
    assert_eq!((at("cleft.reserve", "in_system"), at("synapse.filled", "in_system")), (0.0, 0.0));
    assert_eq!((at("synapse.empty", "in_system"), at("synapse", "throughput")), (50.0, 1050.0 / 60.0));
}

#[test]
fn interventions_change_sites_during_a_run() {
    let toxin = "[intervention.toxin]\nat = \"1 s\"\ntarget = \"pathway.synapse.U\"\nop = \"set\"\nvalue = 0.1\n";
    let train = "kind = \"regular\"\nrate = \"0.5 /s\"\ncount = 3";
    let system = system(&synapse(train, "sites = 20\nU = 1.0\ntau_rec = \"1 ms\"", &format!("{toxin}{EACH}")));
    let all = released(system.as_ref(), 1, 3, 500, 6.0);
    assert!(all.iter().all(|x| x[0] == 20.0));
    let xs: Vec<f64> = all.iter().map(|x| x[1]).collect();
    Moments::binomial(20.0, 0.1).assert(&xs, "after the toxin");
}

#[test]
fn neither_bins_nor_probes_change_a_draw_and_equal_trains_are_one() {
    let train = "kind = \"poisson\"\nrate = \"30 /s\"";
    let other = "[pathway.other]\nkind = \"release_site\"\nspikes = \"stim\"\nsites = 10\nU = 1.0\ntau_rec = \"1 us\"";
    let alone = system(&synapse(train, "sites = 10\nU = 1.0\ntau_rec = \"1 us\"", ""));
    let beside = system(&synapse(
        train,
        "sites = 10\nU = 1.0\ntau_rec = \"1 us\"",
        &format!("{other}\n[probe.c]\nkind = \"count\"\nof = \"cleft.transmitter\"\ntimes = [\"0.33 s\", \"1 s\"]"),
    ));
    let number = |s: &dyn System, bins, c: &str| {
        let record = s.run(Streams::new(1, 5), window(0.0, 20.0, bins)).unwrap();
        assert_eq!(record.checks.violations, Vec::<String>::new());
        measure(s, &record, c, "throughput", "mean")
    };
    let plain = number(alone.as_ref(), 1, "synapse");
    assert!(plain > 0.0);
    for (s, bins) in [(&alone, 997), (&beside, 1), (&beside, 64)] {
        assert_eq!(number(s.as_ref(), bins, "synapse"), plain);
    }
    // Sites that are always filled release all at each spike: both parts have the same spikes.
    let spikes = number(beside.as_ref(), 1, "other");
    assert!((spikes - plain).abs() <= 0.5, "{spikes} {plain}");
    let per_spike = synapse("kind = \"regular\"\nrate = \"30 /s\"", TEN, &format!("{EACH}\ncount = 50"));
    let regular = synapse("kind = \"regular\"\nrate = \"30 /s\"", TEN, "");
    let (a, b) = (system(&per_spike), system(&regular));
    assert_eq!(number(a.as_ref(), 7, "synapse"), number(b.as_ref(), 1, "synapse"));
}

#[test]
fn sites_that_follow_a_condition_or_a_waveform_release_too() {
    // The reserve is refilled whenever it runs low, and transmitter is cleared at a rate that swings.
    let more = "[intervention.refill]\nwhen = \"cleft.reserve < 500\"\nchanges = { \"cleft.reserve\" = \"1000\" }
        [waveform.swing]\nkind = \"sine\"\namplitude = 0.5\nperiod = \"0.3 s\"
        [pathway.clear]\nkind = \"degradation\"\nspecies = \"transmitter\"\nfrom = \"cleft\"\nk = \"5 /s\"\nshape = \"swing\"
        [probe.stay]\nkind = \"residence\"\nof = \"cleft.transmitter\"";
    let site = "sites = 40\nU = 0.5\ntau_rec = \"10 ms\"\nfrom = \"cleft.reserve\"\nto = \"cleft.transmitter\"";
    let system = system(&synapse("kind = \"regular\"\nrate = \"20 /s\"", site, more));
    let records: Vec<RunRecord> = (0..20).map(|rep| run(system.as_ref(), rep, 5.0, 65.0)).collect();
    // e = exp(-5); nearly all sites are filled again: N U R f.
    let e = f64::exp(-5.0);
    let law = 40.0 * 0.5 * (1.0 - e) / (1.0 - 0.5 * e) * 20.0;
    let mean = |c: &str, m: &str| {
        records.iter().map(|r| measure(system.as_ref(), r, c, m, "mean")).sum::<f64>() / records.len() as f64
    };
    assert!(
        (mean("synapse", "throughput") - law).abs() < 4.0 * (law / 1200.0).sqrt(),
        "{}",
        mean("synapse", "throughput")
    );
    let reserve = records.iter().map(|r| measure(system.as_ref(), r, "cleft.reserve", "in_system", "mean"));
    assert!(reserve.into_iter().all(|n| (499.0..=1000.0).contains(&n)));
}

#[test]
fn the_mean_is_that_of_the_exact_law_at_every_spike() {
    let mean = "[run]\nfidelity = \"mean\"\n";
    let site = "sites = 20\nU = 0.2\ntau_rec = \"0.2 s\"\ntau_facil = \"1.5 s\"\nto = \"cleft.transmitter\"\nq = 3";
    let train = "kind = \"regular\"\nrate = \"10 /s\"\nstart = \"50 ms\"";
    let system = system(&format!("{mean}{}", synapse(train, site, "")));
    let (mut u, mut r, mut sum) = (0.2, 1.0, 0.0);
    for k in 0..30 {
        sum += 20.0 * u * r;
        r = 1.0 - (1.0 - r * (1.0 - u)) * f64::exp(-0.1 / 0.2);
        u = 0.2 + 0.8 * u * f64::exp(-0.1 / 1.5);
        if [0, 1, 7, 29].contains(&k) {
            let end = 0.05 + 0.1 * (f64::from(k) + 0.5);
            let record = run(system.as_ref(), 0, 0.0, end);
            let found = measure(system.as_ref(), &record, "cleft.transmitter", "in_system", "mean");
            assert!((found / (3.0 * sum) - 1.0).abs() < 1e-6, "after {} spikes: {found} is not {}", k + 1, 3.0 * sum);
        }
    }
    let drawn = build(&format!("{mean}{}", synapse("kind = \"poisson\"\nrate = \"10 /s\"", site, ""))).err().unwrap();
    assert!(drawn.iter().any(|d| d.code == "E0630" && d.message.contains("spikes.stim")), "{drawn:?}");
}

#[test]
fn a_sensor_releases_at_spikes_as_under_the_same_surges_written_out() {
    // The first surge alone: release probability 0.066360 at 20 uM (Lou, Scheuss & Schneggenburger 2005), from the matrix exponential.
    let text = |calcium: &str, probe: &str| {
        format!(
            "[compartment.t]\nvolume = \"1 fL\"\n[spikes.stim]\nkind = \"regular\"\nperiod = \"10 ms\"\ncount = 3
             [waveform.ca]\nbase = \"50 nM\"\nheight = \"20 uM\"\nsigma = \"0.212330 ms\"\n{calcium}
             [pathway.synapse]\nkind = \"sensor\"\npreset = \"lou2005\"\ncalcium = \"ca\"\nN = 4000\n{probe}"
        )
    };
    let train = "kind = \"spikes\"\ntrain = \"stim\"\nform = \"gaussian\"\ndelay = \"2 ms\"";
    let by_hand = "kind = \"gaussian\"\ncentre = \"2 ms\"\nperiod = \"10 ms\"\ncount = 3";
    let each = format!("{EACH}\ntrain = \"stim\"\nwindow = \"10 ms\"");
    let followed = system(&text(train, &each));
    let all = released(followed.as_ref(), 1, 3, 60, 0.03);
    let first: Vec<f64> = all.iter().map(|x| x[0]).collect();
    Moments::binomial(4000.0, 0.066_36).assert(&first, "first spike");
    // The same random numbers give the same run.
    let written = system(&text(by_hand, ""));
    for (rep, spikes) in all.iter().enumerate() {
        let record = run(written.as_ref(), rep as u64, 0.0, 0.03);
        let released = measure(written.as_ref(), &record, "synapse", "throughput", "mean") * 0.03;
        assert!((released - spikes.iter().sum::<f64>()).abs() < 1e-6, "replication {rep}: {released}");
    }
}

#[test]
fn conditions_on_the_time_become_true_between_spikes_that_release_nothing() {
    // All is released at once and nothing comes back: nothing fires after the first spike.
    let more = "[intervention.late]\nwhen = \"time >= 0.55\"\nchanges = { \"cleft.reserve\" = \"7\" }";
    let site = "sites = 5\nU = 1.0\ntau_rec = \"1000000 h\"\nfrom = \"cleft.transmitter\"";
    let system = system(
        &synapse("kind = \"regular\"\nrate = \"10 /s\"", site, more).replace("cleft.reserve", "cleft.transmitter"),
    );
    for (end, count) in [(0.54, 0.0), (0.56, 7.0), (2.0, 7.0)] {
        let record = run(system.as_ref(), 0, 0.0, end);
        assert_eq!(measure(system.as_ref(), &record, "cleft.transmitter", "in_system", "mean"), count, "{end}");
    }
}

#[test]
fn sites_and_trains_that_make_no_sense_are_located() {
    let found = |train: &str, site: &str, more: &str| {
        build(&synapse(train, site, more)).err().map(|d| d.iter().map(|d| d.code).collect::<Vec<_>>())
    };
    let regular = "kind = \"regular\"\nrate = \"10 /s\"";
    assert_eq!(found(regular, TEN, &format!("{EACH}\ncount = 5")), None);
    let site = |sites: &str, u: &str, more: &str| format!("sites = {sites}\nU = {u}\ntau_rec = \"1 s\"\n{more}");
    for (sites, u, code) in [
        ("10", "0.0", "E0607"),
        ("10", "1.5", "E0108"),
        ("10", "-0.5", "E0108"),
        ("10", "nan", "E0204"),
        ("0", "0.5", "E0108"),
        ("-3", "0.5", "E0108"),
        ("2.5", "0.5", "E0104"),
    ] {
        let codes = found(regular, &site(sites, u, ""), "").unwrap_or_else(|| panic!("{sites} {u}"));
        assert_eq!(codes, [code], "{sites} {u}");
    }
    assert_eq!(found(regular, "sites = 1\nU = 0.5\ntau_rec = \"0 s\"", ""), Some(vec!["E0607"]));
    assert_eq!(found(regular, &site("1", "0.5", "q = 5"), ""), Some(vec!["E0607"]));
    assert_eq!(found(regular, &site("1", "0.5", "to = \"cleft.no\""), ""), Some(vec!["E0602"]));
    assert_eq!(found("kind = \"regular\"\nrate = \"0 /s\"", TEN, ""), Some(vec!["E0368"]));
    assert_eq!(found("kind = \"poisson\"\nrate = \"0 /s\"", TEN, ""), Some(vec!["E0368"]));
    assert_eq!(found("kind = \"poisson\"\nrate = \"10 /s\"", TEN, EACH), Some(vec!["E0632"]));
    assert_eq!(found(regular, TEN, "[probe.each]\nkind = \"per_spike\"\nof = \"synapsis\""), Some(vec!["E0632"]));
    assert_eq!(found(regular, TEN, &format!("{EACH}\nwindow = \"0 s\"")), Some(vec!["E0632"]));
    let unknown = "[compartment.c]\nvolume = \"1 fL\"\n[pathway.s]\nkind = \"release_site\"\nspikes = \"x\"\nsites = 1\nU = 1.0\ntau_rec = \"1 s\"";
    let codes = build(unknown).err().map(|d| d.iter().map(|d| d.code).collect::<Vec<_>>());
    assert!(codes.as_ref().is_some_and(|c| c.len() == 1), "{codes:?}");
}

#[test]
fn release_sites_need_no_compartment() {
    let text = "[spikes.stim]\nkind = \"regular\"\nrate = \"20 /s\"\n[pathway.synapse]\nkind = \"release_site\"\nspikes = \"stim\"\n\
                sites = 10\nU = 0.5\ntau_rec = \"100 ms\"\n";
    let s = system(text);
    assert!(s.warnings().iter().next().is_none());
    assert!(measure(&*s, &run(&*s, 0, 0.0, 2.0), "synapse", "throughput", "mean") > 0.0);
    let place = build(&format!("{text}to = \"cleft.glutamate\"\n")).err().expect("an error");
    assert!(place.iter().all(|d| d.message.contains("cleft")), "{place:?}");
}
