//! The program against exact results.
//!
//! A [`Case`] is a small scenario whose results are known in closed form ([`closed_form`]); [`cases`] are those that come
//! with the program. [`run`] simulates them and judges every number ([`Row`]): z is the difference in standard errors,
//! and the limit is such that a correct program fails anything in a whole table with a chance of 1 %. Conservation,
//! Little's law and the utilization law are checked in every run besides, exactly.

mod case;
mod cases;
pub mod closed_form;
mod judge;
mod run;
mod table;

pub use case::{Case, Observable, Quantity, Statistic};
pub use cases::cases;
pub use judge::{FALSE_ALARM, Row, Verdict};
pub use run::{CaseResult, Options, run};
pub use table::{table, to_json};

#[cfg(test)]
mod tests;
