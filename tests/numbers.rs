//! Bundled scenarios give the numbers that theory says.

mod common;

use common::{NETWORK, Place, about, mean_and_error, number, samples, with};
use egress::scenarios::{Overrides, Scenario, Source};
use egress::sim_core::config::Table;

/// The stationary mean count of a birth-death process by its balance equations: births at `birth`, deaths at `death(n)`.
fn stationary_mean(birth: f64, death: impl Fn(f64) -> f64) -> f64 {
    let (mut weight, mut total, mut first) = (1.0, 1.0, 0.0);
    for n in (1..5000).map(f64::from) {
        weight *= birth / death(n);
        total += weight;
        first += n * weight;
    }
    first / total
}

/// The drug in the cell of `pgp-efflux` at an inhibitor's dose in uM, from its equations.
fn drug_held(dose: f64) -> f64 {
    let molecules_per_um = 6.022_140_76e23 * 1e-18 * 1e-3;
    let (leak, maximum) = (0.002, 100.0 * 0.3011);
    let km = 3.0 * (1.0 + dose / 0.5) * molecules_per_um;
    stationary_mean(leak * molecules_per_um, |n| leak * n + maximum * n / (km + n))
}

#[test]
fn the_drug_held_by_a_cell_follows_its_birth_death_process() {
    let place = Place::new();
    for (dose, expected) in [(0.0, 66.67), (1.0, 162.93), (10.0, 432.52)] {
        assert!((drug_held(dose) - expected).abs() < 0.005 + 1e-4 * expected, "{dose} uM: {}", drug_held(dose));
        let out = format!("dose-{dose}");
        let set = format!("intervention.dose.value={dose} uM");
        place.egress(&["run", "pgp-efflux", "--quiet", "--set", &set, "--out", &out]).ends_with(0);
        let (mean, error) = mean_and_error(&samples(&place.path(&out), "cell.drug", "occupancy", "time_mean"));
        assert!(error > 0.0 && error < 0.01 * expected, "{dose} uM: standard error {error}");
        assert!((mean - expected).abs() < 4.0 * error, "{dose} uM: {mean} +- {error}, not {expected}");
    }
}

#[test]
fn the_dye_of_the_efflux_assay_is_binomial_without_the_pump() {
    let place = Place::new();
    place.egress(&["run", "efflux-assay", "--quiet", "--set", "pathway.pump.N=0", "--out", "out"]).ends_with(0);
    let (loaded, stayed) =
        ((1.0 - (-0.0021_f64 * 2400.0).exp()) / 21.0, (1.0 + 20.0 * (-0.0021_f64 * 900.0).exp()) / 21.0);
    let p = loaded * stayed;
    let left = samples(&place.path("out"), "cell.dye", "in_system", "mean");
    let (mean, error) = mean_and_error(&left);
    let expected = 20_000.0 * p;
    assert!((expected - 181.2).abs() < 0.05, "{expected}");
    assert!(error < 0.01 * expected && (mean - expected).abs() < 3.3 * error, "{mean} +- {error}, not {expected}");
    let n = left.len() as f64;
    let z = (error * error * n / (expected * (1.0 - p)) - 1.0) * (n / 2.0).sqrt();
    assert!(z.abs() < 3.3, "variance: z = {z}");
}

#[test]
fn a_failing_line_takes_the_calls_of_the_time_until_routes_converge() {
    let place = Place::new();
    for (convergence, lost) in [("3 s", 1800.0), ("150 ms", 90.0)] {
        let (out, set) = (format!("after {convergence}"), format!("routing.convergence={convergence}"));
        place.egress(&["run", "wan-failover", "--quiet", "--reps", "5", "--set", &set, "--out", &out]).ends_with(0);
        // 600 packets/s, and those that are on the way for 8 ms, the time to send them, and a packet before them.
        let found = samples(&place.path(&out), "calls", "dropped.link_down", "mean");
        assert!(found.iter().all(|n| (lost + 4.0..lost + 6.0).contains(n)), "{convergence}: {found:?}");
        let reached = samples(&place.path(&out), "calls", "dropped", "mean");
        assert_eq!(reached, found, "calls have priority on the backup");
    }
}

#[test]
fn two_lines_that_fail_at_random_lose_what_both_lose_and_the_time_until_routes_follow() {
    let place = Place::new();
    let of = |convergence: &str| {
        let axis = format!("routing.convergence={convergence}");
        place.egress(&["run", "wan-availability", "--quiet", "--sweep", &axis, "--out", convergence]).ends_with(0);
        let of = |component, metric, stat| samples(&place.path(convergence), component, metric, stat);
        let lost = of("readings", "loss_ratio", "mean");
        let up = ["line", "backup"].map(|link| of(link, "availability", "time_mean"));
        (lost, up, of("line", "dropped.link_down", "mean"), of("line", "failures", "mean"))
    };
    let near = |what: &str, found: &[f64], expected: f64| {
        let (mean, error) = mean_and_error(found);
        assert!((mean - expected).abs() < 4.0 * error, "{what}: {mean} +- {error}, not {expected}");
    };
    // Up for 10 of 11 and 20 of 22 minutes, independently.
    let (lost, up, ..) = of("0 s");
    near("line", &up[0], 10.0 / 11.0);
    near("backup", &up[1], 10.0 / 11.0);
    near("lost", &lost, 1.0 / 121.0);
    // Twenty a second for 3 s, or as long as the line is down if that is less (lognormal, mean 60 s, cv 1.5; the mean of the lesser
    // is 2.98 s), at each failure at which routes point to the line: always but shortly after it was down.
    let (_, _, lost, failures) = of("3 s");
    let each: Vec<f64> = lost.iter().zip(&failures).map(|(lost, failures)| lost / failures).collect();
    let (mean, error) = mean_and_error(&each);
    assert!(error < 0.3 && (mean - 59.6).abs() < 4.0 * error + 0.5, "{mean} +- {error}");
}

/// A link of a scenario: name, ends, capacity in bit/s.
struct Link {
    name: String,
    ends: [String; 2],
    rate: f64,
}

fn links(scenario: &Table) -> Vec<Link> {
    let read = |(name, table): (&str, &Table)| Link {
        name: name.to_owned(),
        ends: ["from", "to"].map(|end| table.text(end).to_owned()),
        rate: table.quantity("rate").value,
    };
    scenario.named("link").map(read).collect()
}

/// The link that a packet at `node` takes towards `target` and where it leads: fewest hops, of ties the first declared.
fn next_hop(links: &[Link], node: &str, target: &str) -> (usize, String) {
    let mut hops = vec![(target.to_owned(), 0)];
    let mut at = 0;
    while at < hops.len() {
        let (here, far) = hops[at].clone();
        for link in links {
            for (a, b) in [(0, 1), (1, 0)] {
                if link.ends[a] == here && !hops.iter().any(|h| h.0 == link.ends[b]) {
                    hops.push((link.ends[b].clone(), far + 1));
                }
            }
        }
        at += 1;
    }
    let far = |n: &str| hops.iter().find(|h| h.0 == n).expect("all nodes are connected").1;
    let ways = links.iter().enumerate().flat_map(|(i, l)| [(i, &l.ends[0], &l.ends[1]), (i, &l.ends[1], &l.ends[0])]);
    let mut nearer = ways.filter(|(_, from, to)| from.as_str() == node && far(to) + 1 == far(node));
    let (link, _, to) = nearer.next().expect("there is a way");
    (link, to.clone())
}

/// The utilization of every link in both directions, by name and node that it starts from, from the demands alone.
fn expected_utilizations(scenario: &Table) -> Vec<(String, String, f64)> {
    let links = links(scenario);
    let ways = links.iter().flat_map(|l| l.ends.iter().map(|from| (l.name.clone(), from.clone(), 0.0)));
    let mut load: Vec<(String, String, f64)> = ways.collect();
    let demand = scenario.table("traffic").table("demand");
    for row in demand.list("demands") {
        let egress::sim_core::config::Data::List(cells) = &row.data else { panic!("a demand is a list") };
        let [from, to] = [0, 1].map(|i| cells[i].as_text().expect("a node"));
        let bits = cells[2].as_number().expect("a demand") * demand.number("load") * 1e6;
        let mut at = from.to_owned();
        while at != to {
            let (link, next) = next_hop(&links, &at, to);
            let side = usize::from(links[link].ends[1] == at);
            load[2 * link + side].2 += bits / links[link].rate;
            at = next;
        }
    }
    load
}

#[test]
fn the_busiest_link_of_a_backbone_carries_the_demands_that_cross_it() {
    let scenario =
        Scenario::load(&Source::Bundled("abilene".into()), &Overrides::default(), &egress::registry()).ok().unwrap();
    let expected = expected_utilizations(scenario.table());
    let busiest = expected.iter().max_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
    assert_eq!((busiest.0.as_str(), busiest.1.as_str()), ("ATLAng_IPLSng", "IPLSng"));
    let place = Place::new();
    let run = place.egress(&["run", "abilene", "--out", "out"]).ends_with(0);
    let ranking = common::rows(&place.path("out/bottlenecks.csv"));
    let first = ranking[0]["component"].as_str();
    assert!(first.starts_with("ATLAng_IPLSng"), "{first}");
    assert!(run.out.contains("utilization") && run.out.contains(&format!("bottleneck: {first}")), "{}", run.out);
    let seen = &about(&place.path("out/summary.csv"), first, "utilization", "time_mean")[0];
    let (low, high) = (number(seen, "ci_low"), number(seen, "ci_high"));
    assert!(low < busiest.2 && busiest.2 < high, "{low} to {high}, not {}", busiest.2);
}

/// A D/D/1 queue: 100 packets of 1250 B a second over 1.01 Mbit/s, so that none of them waits.
fn regular() -> String {
    let text = with(NETWORK, "kind = \"poisson\"", "kind = \"constant\"");
    let text = with(&text, "rate = \"500 kbit/s\"", "rate = \"100 packets/s\"");
    let text = with(
        &text,
        "size = { kind = \"exponential\", mean = \"125 B\" }",
        "size = { kind = \"constant\", size = \"1250 B\" }",
    );
    with(&text, "rate = \"1 Mbit/s\"", "rate = \"1.01 Mbit/s\"")
}

#[test]
fn quantiles_lie_within_what_was_seen() {
    let place = Place::with("regular.toml", &regular());
    place.write("wire.toml", NETWORK);
    for name in ["regular", "wire"] {
        place.egress(&["run", &format!("{name}.toml"), "--quiet", "--out", name]).ends_with(0);
        let folder = place.path(name);
        let of = |component, stat| samples(&folder, component, "sojourn_time", stat);
        for component in ["wire", "data"] {
            for stat in ["p50", "p90", "p99"] {
                let pairs = of(component, stat).into_iter().zip(of(component, "max"));
                pairs.for_each(|(quantile, max)| {
                    assert!(quantile <= max, "{name} {component} {stat}: {quantile} > {max}");
                });
            }
        }
    }
    // All sojourns are the same time, so every quantile is that time: 10^4 bits over 1.01 Mbit/s, and 1 ms on the way.
    let folder = place.path("regular");
    for stat in ["p50", "p90", "p99", "max"] {
        for seen in samples(&folder, "wire", "sojourn_time", stat) {
            assert!((seen - 1e4 / 1.01e6).abs() < 1e-11, "{stat}: {seen} s");
        }
    }
}

#[test]
fn the_share_that_waits_is_the_utilization_of_an_mm1_queue() {
    let place = Place::with("wire.toml", NETWORK);
    place.egress(&["run", "wire.toml", "--quiet", "--reps", "40", "--out", "out"]).ends_with(0);
    for component in ["wire", "data"] {
        let (mean, error) = mean_and_error(&samples(&place.path("out"), component, "wait_ratio", "mean"));
        assert!(error > 0.0 && error < 0.005, "{component}: standard error {error}");
        assert!((mean - 0.5).abs() < 3.3 * error, "{component}: {mean} +- {error}, not 0.5");
    }
    // Nobody waits where packets come evenly and leave before the next.
    place.write("regular.toml", regular());
    place.egress(&["run", "regular.toml", "--quiet", "--out", "regular"]).ends_with(0);
    assert_eq!(samples(&place.path("regular"), "wire", "wait_ratio", "mean"), [0.0; 4]);
}

#[test]
fn the_bound_on_unseen_losses_is_a_share() {
    let place = Place::with("wire.toml", NETWORK);
    // Two packets come in all: at 0.25 s in each of two runs, which their jitter makes two.
    place.write("one.csv", "time,size\n0.25,125\n");
    let data = "kind = \"trace\"\nfile = \"one.csv\"\nfrom = \"a\"\nto = \"b\"\n";
    let (head, _) = NETWORK.split_once("kind = \"poisson\"").expect("the network has traffic");
    let delay = "delay = \"1 ms\"\n";
    let jitter = "jitter = { kind = \"exponential\", mean = \"1 ms\" }\n";
    let head = with(head, delay, &format!("{delay}{jitter}"));
    place.write("few.toml", with(&format!("{head}{data}"), "warmup = \"2 s\"", ""));
    let run = place
        .egress(&["run", "few.toml", "--reps", "2", "--out", "out", "--set", "study.confidence=0.99"])
        .ends_with(0);
    assert!(
        run.out.contains("none was seen; the share lost is below ") && run.out.contains(" % (99 %; "),
        "{}",
        run.out
    );
    let bound = &about(&place.path("out/summary.csv"), "wire", "loss_ratio", "upper")[0];
    // Clopper and Pearson for none of two, one-sided: 1 - 0.01^(1/2).
    assert!((number(bound, "mean") - 0.9).abs() < 1e-6, "{bound:?}");
}

#[test]
fn fitted_half_maximal_doses_of_inhibitors_are_those_of_their_modes() {
    // Substrate and inhibitor are held, so the curve is 1 / (1 + I / IC50) exactly: IC50 is Ki (1 + S / Km) of a competitive
    // inhibitor, Ki of a non-competitive and Ki (1 + Km / S) of an uncompetitive one (Cheng & Prusoff 1973).
    let modes = [("competitive", 0.7), ("noncompetitive", 0.5), ("uncompetitive", 1.75)];
    let of_mode = |(mode, _): (&str, f64)| {
        format!(
            "[pathway.{mode}]\nkind = \"pump\"\nspecies = \"drug\"\nfrom = \"cell\"\nto = \"medium\"\nN = 1000\n\
             kcat = \"0.3 /s\"\nKm = \"5 uM\"\n\
             inhibitors = [{{ species = \"inhibitor\", in = \"cell\", Ki = \"0.5 uM\", mode = \"{mode}\" }}]\n\
             [metric.ic50-{mode}]\nkind = \"dose_response\"\nresponse = \"{mode}.throughput\"\n"
        )
    };
    let text = format!(
        "[scenario]\nname = \"modes\"\n[run]\nduration = \"200 s\"\n[study]\nseed = 1\nreplications = 20\n\
         [compartment.cell]\nvolume = \"1 pL\"\nfixed = {{ drug = \"2 uM\", inhibitor = \"1 uM\" }}\n\
         [compartment.medium]\nvolume = \"1 uL\"\nfixed = {{ drug = \"0 uM\" }}\n\
         [sweep]\n\"compartment.cell.fixed.inhibitor\" = {{ from = \"0.02 uM\", to = \"50 uM\", n = 12, scale = \"log\" }}\n{}",
        modes.map(of_mode).concat()
    );
    let place = Place::with("modes.toml", &text);
    place.egress(&["run", "modes.toml", "--quiet", "--out", "out"]).ends_with(0);
    for (mode, expected) in modes {
        let of = |metric| about(&place.path("out/summary.csv"), &format!("ic50-{mode}"), metric, "fit")[0].clone();
        let fitted = of("ic50");
        let [mean, low, high] = ["mean", "ci_low", "ci_high"].map(|c| number(&fitted, c));
        // Four standard errors are 2.04 halves of a 95 % interval; the interval itself is a few percent wide.
        assert!((mean - expected).abs() < 2.1 * (high - low) / 2.0, "{mode}: {mean} ({low} to {high}), not {expected}");
        assert!(high - low < 0.08 * expected && fitted["unit"] == "uM", "{mode}: {fitted:?}");
        let hill = of("hill_coefficient");
        let half = (number(&hill, "ci_high") - number(&hill, "ci_low")) / 2.0;
        assert!((number(&hill, "mean") - 1.0).abs() < 2.1 * half, "{mode}: {hill:?}");
    }
}
