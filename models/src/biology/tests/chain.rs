//! Stages in a row.

use super::*;

fn transport(k: &str, stages: &str) -> String {
    format!(
        "[compartment.blood]\nvolume = \"1 pL\"\ninitial = {{ cargo = 500 }}\n[compartment.tissue]\nvolume = \"1 pL\"
         [pathway.way]\nkind = \"chain\"\nspecies = \"cargo\"\nfrom = \"blood\"\nto = \"tissue\"\nk = \"{k}\"\nstages = {stages}"
    )
}

#[test]
fn the_time_through_a_row_is_hypoexponential() {
    // Means of 120, 300 and 60 s: 5, 50 and 95 % are through by then.
    let row =
        system(&transport("0.008333333333333333 /s", "{ sorting = { mean = \"300 s\" }, exit = { mean = \"60 s\" } }"));
    for (t, share) in [(110.646, 0.05), (401.331, 0.5), (1118.193, 0.95)] {
        let arrived = final_counts(row.as_ref(), "tissue.cargo", 400, t);
        Moments::binomial(500.0, share).assert(&arrived, &format!("{t} s"));
    }
}

#[test]
fn steps_make_a_stage_an_erlang_law() {
    // Four steps of 25 s behind an entry that takes no time: P(T < t) = 1 - e^-x (1 + x + x^2/2 + x^3/6), x = t / 25 s.
    let row = system(&transport("1e6 /s", "{ travel = { mean = \"100 s\", steps = 4 } }"));
    for t in [50.0, 100.0, 180.0] {
        let x: f64 = t / 25.0;
        let share = 1.0 - (-x).exp() * (1.0 + x + x * x / 2.0 + x.powi(3) / 6.0);
        let arrived = final_counts(row.as_ref(), "tissue.cargo", 400, t);
        Moments::binomial(500.0, share).assert(&arrived, &format!("{t} s"));
    }
}

#[test]
fn what_arrives_is_what_the_chain_absorbs_there() {
    // From the first stage 0.02 onwards, 0.01 back, 0.005 lost; from the second 0.05 onwards, 0.0125 lost. With a chance b of coming back, the
    // share that arrives is p / (1 - b).
    let row = system(&transport(
        "0.1 /s",
        "{ sorting = { mean = \"50 s\", back = \"0.01 /s\", lost = \"0.005 /s\" }, exit = { mean = \"20 s\", lost = \"0.0125 /s\" } }",
    ));
    let (on, back): (f64, f64) = (0.02 / 0.035, 0.01 / 0.035);
    let share = on * (0.05 / 0.0625) / (1.0 - back);
    let arrived = final_counts(row.as_ref(), "tissue.cargo", 400, 5000.0);
    Moments::binomial(500.0, share).assert(&arrived, "in the end");
    // Those that came back did so a geometric number of times.
    let influx: Vec<f64> = (0..200)
        .map(|rep| measure(row.as_ref(), &run(row.as_ref(), rep, 0.0, 5000.0), "way", "influx", "mean") * 5000.0)
        .collect();
    let times = Moments {
        mean: 500.0 * back / (1.0 - back),
        variance: 500.0 * back / (1.0 - back).powi(2),
        // A sum of 500 is near enough to normal.
        kurtosis: 3.0,
    };
    times.assert(&influx, "came back");
}

#[test]
fn rows_need_stages_that_take_time() {
    let found = |text: &str| {
        let found = build(text).err().unwrap_or_default();
        found.iter().map(|d| (d.code, d.message.clone())).collect::<Vec<_>>()
    };
    assert_eq!(found(&transport("1 /s", "{}")), [("E0607", "`pathway.way` has no stages".to_owned())]);
    let zero = found(&transport("1 /s", "{ exit = { mean = \"0 s\" } }"));
    assert_eq!(zero, [("E0607", "`pathway.way.stages.exit.mean` is zero".to_owned())]);
    let loops = transport("1 /s", "{ exit = { mean = \"1 s\" } }").replace("to = \"tissue\"", "to = \"blood\"");
    assert_eq!(found(&loops)[0].0, "E0604");
}
