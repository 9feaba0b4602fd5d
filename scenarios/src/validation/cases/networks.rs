//! Networks of queues.

use super::super::case::{Case, Observable};
use super::super::closed_form::{mm1, mmc, traffic_equations};
use super::{NUMBER, SOJOURN, case};

const TANDEM: (&str, &str) = (
    "every queue of the row is M/M/1 by itself; the times add up",
    "Burke 1956, doi:10.1287/opre.4.6.699 (DOI from memory)",
);
const JACKSON: (&str, &str) = (
    "lambda_j = external_j + sum_i lambda_i p_ij; every queue is M/M/1 at lambda_j; T = L / external",
    "Jackson 1957, doi:10.1287/opre.5.4.518 (DOI from memory)",
);

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("tandem-3", "Three M/M/1 queues in a row", TANDEM, include_str!("tandem.toml"), tandem()),
        case(
            "jackson-feedback",
            "Two queues, a fifth goes round again",
            JACKSON,
            include_str!("jackson-feedback.toml"),
            network(&[("work", 8.0, 20.0), ("test", 0.0, 15.0)], &[vec![0.0, 1.0], vec![0.2, 0.0]], "customers"),
        ),
        case(
            "jackson-gateway",
            "Firewall, inspection of a part, uplink",
            JACKSON,
            include_str!("jackson-gateway.toml"),
            network(
                &[("firewall", 100.0, 200.0), ("inspector", 0.0, 50.0), ("sender", 0.0, 150.0)],
                &[vec![0.0, 0.3, 0.7], vec![0.0, 0.0, 1.0], vec![0.0; 3]],
                "packets",
            ),
        ),
        case(
            "branch-office",
            "Three flows of a branch office through four inspectors and an uplink",
            JACKSON,
            include_str!("branch-office.toml"),
            office(),
        ),
    ]
}

/// The rate of all flows goes through every station; all flows wait alike.
fn office() -> Vec<Observable> {
    let total = 1000.0;
    let (access, inspection, uplink) = (mm1(total, 125e3).means, mmc(total, 1e3 / 3.0, 4), mm1(total, 1250.0).means);
    let time = access.sojourn + inspection.sojourn + uplink.sojourn + 8e-3;
    let mut all: Vec<Observable> = [("inspection", inspection.number), ("uplink", uplink.number)]
        .map(|(at, number)| Observable::mean(&format!("number in system, {at}"), at, NUMBER, number, "packet"))
        .into();
    all.extend(
        ["calls", "web", "backup"]
            .map(|flow| Observable::mean(&format!("sojourn time, {flow}, end to end"), flow, SOJOURN, time, "s")),
    );
    all
}

fn tandem() -> Vec<Observable> {
    let queues = [("first", 1000.0), ("second", 800.0), ("third", 2000.0)].map(|(at, mu)| (at, mm1(600.0, mu).means));
    let number = |(at, q): &(&'static str, super::super::closed_form::Queue)| {
        Observable::mean(&format!("number in system, {at}"), at, NUMBER, q.number, "packet")
    };
    let mut all: Vec<Observable> = queues.iter().map(number).collect();
    let total = queues.iter().map(|(_, q)| q.sojourn).sum();
    all.push(Observable::mean("sojourn time, end to end", "customers", SOJOURN, total, "s"));
    all
}

/// Stations as (name, external rate, service rate), and where customers go next.
fn network(stations: &[(&'static str, f64, f64)], next: &[Vec<f64>], flow: &'static str) -> Vec<Observable> {
    let external: Vec<f64> = stations.iter().map(|s| s.1).collect();
    let rates = traffic_equations(&external, next).expect("customers leave");
    let numbers: Vec<f64> = stations.iter().zip(&rates).map(|(s, &rate)| mm1(rate, s.2).means.number).collect();
    let mut all = Vec::new();
    for ((&(at, _, _), rate), &number) in stations.iter().zip(&rates).zip(&numbers) {
        all.push(Observable::mean(&format!("throughput, {at}"), at, super::FLUX, *rate, "1/s"));
        all.push(Observable::mean(&format!("number in system, {at}"), at, NUMBER, number, "packet"));
    }
    let total: f64 = numbers.iter().sum();
    all.push(Observable::mean("number in the network", flow, NUMBER, total, "packet"));
    let time = total / external.iter().sum::<f64>();
    all.push(Observable::mean("sojourn time, end to end", flow, SOJOURN, time, "s"));
    all
}
