//! Exact results that the program is checked against, each with its source.

mod arrivals;
mod availability;
mod counts;
mod networks;
mod queues;
mod transport;

pub use arrivals::{Bursts, Dm1, dm1, kingman, mmpp_m1_number, on_off_fluid};
pub use availability::{interval_availability, point_availability};
pub use counts::{
    Law, batches, binomial, birth_death_at, birth_death_stationary, failures_at, gilbert_elliott, linear_birth_death,
    normal_above, poisson, poisson_modulo,
};
pub use networks::traffic_equations;
pub use queues::{
    Mm1, Mm1k, Queue, cobham, erlang_b, erlang_c, exponential_quantile, md1_wait_beyond, md1k_loss, mm1, mm1k, mmc,
    mmc_wait_quantile, mmc_waits_longer, pollaczek_khinchine,
};
pub use transport::{square_root_law, with_timeouts};

/// Asserts that `got` is `want` up to a relative error.
#[cfg(test)]
#[track_caller]
fn near(got: f64, want: f64, error: f64) {
    assert!((got / want - 1.0).abs() <= error, "{got} is not {want}");
}
