//! Single queues whose arrivals are regular or come in bursts.

use super::super::case::{Case, Observable, Quantity};
use super::super::closed_form::{dm1, kingman, mmpp_m1_number, on_off_fluid};
use super::{BUSY, NUMBER, QUANTILE_ERROR, SOJOURN, WAIT, WAITS, case};

const DM1: (&str, &str) = (
    "sigma = exp(-mu (1 - sigma) / lambda); Wq = sigma / (mu (1 - sigma)); W exponential",
    "Kleinrock 1975, Queueing Systems vol. 1, ch. 6 (from memory)",
);
const BATCHES: (&str, &str) = (
    "L = rho / (1 - rho) (X + 1) / 2, batches of X",
    "Gross, Shortle, Thompson & Harris 2008, Fundamentals of Queueing Theory, ch. 3 (from memory)",
);
const KINGMAN: (&str, &str) = (
    "Wq = rho / (1 - rho) (ca^2 + cs^2) / 2 services, an approximation: within 10 %",
    "Kingman 1961, doi:10.1017/S0305004100036094 (DOI from memory)",
);
const MMPP: (&str, &str) = (
    "p_n = p_0 R^n, R the least solution of A0 + R A1 + R^2 A2 = 0",
    "Neuts 1981, Matrix-Geometric Solutions, ch. 3 (from memory)",
);
const ON_OFF: (&str, &str) = (
    "P(Q > x) = rho exp(-eta x), eta = 1 / (on (peak - c)) - 1 / (off c), for fluid; of packets within 0.5 %",
    "Anick, Mitra & Sondhi 1982, doi:10.1002/j.1538-7305.1982.tb03089.x (DOI from memory)",
);

const SERVER: &str = include_str!("server.toml");
const LINK: &str = include_str!("mm1-link.toml");
const BURSTS: &str = include_str!("on-off.toml");

pub(super) fn cases() -> Vec<Case> {
    let regular = "traffic.customers.kind=constant";
    vec![
        case("dm1", "D/M/1 at load 0.8", DM1, SERVER, regular_arrivals()).with(&[regular, "study.seed=142"]),
        case("batches", "M/M/1 at load 0.7 whose customers come by fours", BATCHES, SERVER, by_fours())
            .with(&["traffic.customers.rate=700 packets/s", "traffic.customers.batch=4", "study.seed=145"]),
        case("kingman", "Regular arrivals and long-tailed services (cv 1.5) at load 0.9", KINGMAN, SERVER, heavy())
            .with(&[
                regular,
                "traffic.customers.rate=900 packets/s",
                "stage.workers.service={ kind = \"lognormal\", mean = \"1 ms\", cv = 1.5 }",
                "study.seed=143",
            ]),
        case("mmpp", "M/M/1 whose arrivals change between 1600 and 200 a second", MMPP, LINK, modulated()).with(&[
            "link.line.rate=1200 kbit/s",
            "traffic.customers={ from = \"source\", to = \"sink\", kind = \"mmpp\", \
             rates = [\"1600 packets/s\", \"200 packets/s\"], transitions = [[\"0 /s\", \"10 /s\"], [\"10 /s\", \"0 /s\"]], \
             size = { kind = \"exponential\", mean = \"1000 bit\" } }",
            "run.duration=505 s",
            "study.seed=144",
        ]),
        case("on-off", "A source that sends in exponential bursts", ON_OFF, BURSTS, bursts()),
    ]
}

fn regular_arrivals() -> Vec<Observable> {
    let q = dm1(800.0, 1000.0);
    let quantile = |name, stat, p| Observable {
        tolerance: QUANTILE_ERROR,
        ..Observable::mean(name, "workers", ("sojourn_time", stat), q.sojourn_quantile(p), "s").within(0.02)
    };
    vec![
        Observable::mean("share that waits", "workers", WAITS, q.waits, "1"),
        Observable::mean("wait", "workers", WAIT, q.means.wait, "s"),
        Observable::mean("number in system", "workers", NUMBER, q.means.number, "packet"),
        Observable::mean("utilization", "workers", BUSY, q.means.utilization, "1"),
        quantile("sojourn time, median", "p50", 0.5),
        quantile("sojourn time, 99 %", "p99", 0.99),
    ]
}

fn by_fours() -> Vec<Observable> {
    let number = 0.7 / 0.3 * 2.5;
    vec![
        Observable::mean("number in system", "workers", NUMBER, number, "packet").within(0.015),
        Observable::mean("sojourn time", "workers", SOJOURN, number / 700.0, "s").within(0.015),
        Observable::mean("utilization", "workers", BUSY, 0.7, "1"),
    ]
}

fn heavy() -> Vec<Observable> {
    let q = kingman(900.0, 1e-3, 0.0, 1.5 * 1.5);
    let about = |o: Observable| Observable { tolerance: 0.1, ..o }.within(0.03);
    vec![
        about(Observable::mean("wait", "workers", WAIT, q.wait, "s")),
        about(Observable::mean("sojourn time", "workers", SOJOURN, q.sojourn, "s")),
    ]
}

fn modulated() -> Vec<Observable> {
    let number = mmpp_m1_number([1600.0, 200.0], [10.0, 10.0], 1200.0);
    vec![
        Observable::mean("number in system", "line", NUMBER, number, "packet").within(0.02),
        Observable::mean("sojourn time", "line", SOJOURN, number / 900.0, "s").within(0.02),
        Observable::mean("utilization", "line", BUSY, 0.75, "1"),
    ]
}

/// In packets of a two-hundredth of what the link sends in a second. A packet counts as a whole from its first bit to its
/// last, which makes half a packet more than of fluid.
fn bursts() -> Vec<Observable> {
    let (packets, q) = (200.0, on_off_fluid(2.0, 1.0, 2.5, 1.0));
    let of_packets = |o: Observable| Observable { tolerance: 0.005, ..o };
    let number = packets * q.mean;
    // eta = 1 / (on (peak - c)) - 1 / (off c), in 1/Mbit.
    let beyond = |name: &str, at, x: f64, error| {
        let share = q.busy * (-(1.0 - 1.0 / 2.5) * x).exp();
        of_packets(Observable::mean(name, at, ("time_share", "time_mean"), share, "1").within(error))
    };
    vec![
        beyond("more than 1 Mbit", "line@n>=200", 1.0, 0.02),
        beyond("more than 3 Mbit", "line@n>=600", 3.0, 0.03),
        beyond("more than 5 Mbit", "line@n>=1000", 5.0, 0.06),
        Observable::mean("utilization", "line", BUSY, q.busy, "1"),
        of_packets(Observable::mean("content", "line", NUMBER, number, "packet").within(0.02)),
        of_packets(Observable {
            quantity: Quantity::SquaredDeviation { component: "line", mean: number },
            ..Observable::mean("variance of the content", "line", NUMBER, packets * packets * q.variance, "1")
                .within(0.04)
        }),
    ]
}
