//! What a part does at instants of its own, besides firings: release at spikes.
//!
//! A release site follows a train of spikes. At each, every filled site releases its vesicle with probability u, all of them
//! together by one binomial draw from a stream of the pathway's own, so that the cost knows nothing of their number:
//!
//! ```text
//! at spike n    u_n = U + (1 - U) u_(n-1) exp(-(t_n - t_(n-1)) / tau_facil),  u_1 = U
//!               released ~ Binomial(filled, u_n)
//! ```
//! (Tsodyks, Pawelzik & Markram 1998, doi:10.1162/089976698300017502): u jumps first, and what it has become is what the spike
//! releases with. Release is a channel that never fires by itself; a spike fires it as often as vesicles are released, so that all
//! books (passages, exits, residence times) are kept as at any firing. Between spikes the group goes on as it does without.
//!
//! The spikes of all sites of a part are kept in a heap; at one instant they come in the order of the file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use sim_core::rng::{Rng, Streams};

use super::law::Species;
use crate::common::ode::seconds;
use crate::common::spikes::{Spikes, Train};

/// How release sites follow their spikes.
#[derive(Clone, Debug)]
pub(super) struct Release {
    /// The pathway's place in the scenario, `pathway.synapse`.
    pub(super) path: String,
    pub(super) train: Train,
    pub(super) train_name: Arc<str>,
    /// The channel that takes a vesicle from a filled site.
    pub(super) channel: u32,
    pub(super) filled: Species,
    /// The release probability at rest, U.
    pub(super) u: f64,
    /// The time constant of facilitation, s; 0 for none.
    pub(super) tau_facil: f64,
}

/// The release sites of a part in one run, and their next spikes.
#[derive(Debug)]
pub(super) struct Releases {
    sites: Vec<Site>,
    /// Times and places in `sites`, the earliest first.
    due: BinaryHeap<Reverse<(u64, u32)>>,
}

/// Release sites in one run.
#[derive(Debug)]
struct Site {
    spikes: Spikes,
    /// What u was at the last spike, and when that was.
    last: Option<(f64, u64)>,
    /// Draws how many are released.
    rng: Rng,
}

impl Releases {
    /// That of a part with these release sites; none if it has none.
    pub(super) fn new(releases: &[Release], streams: Streams) -> Option<Self> {
        let site = |release: &Release| Site {
            spikes: release.train.spikes(&release.train_name, streams),
            last: None,
            rng: streams.stream(&release.path, "release"),
        };
        let mut sites: Vec<Site> = releases.iter().map(site).collect();
        let due = (0..).zip(&mut sites).filter_map(|(i, site)| Some(Reverse((site.spikes.next()?, i)))).collect();
        (!sites.is_empty()).then_some(Self { sites, due })
    }

    /// When the next spike is; `u64::MAX` if there is none.
    pub(super) fn next(&self) -> u64 {
        self.due.peek().map_or(u64::MAX, |due| due.0.0)
    }

    /// Takes the next spike, if it is at `at`: which release sites, and the probability with which each releases now.
    pub(super) fn take(&mut self, at: u64, releases: &[Release]) -> Option<(usize, f64)> {
        if self.next() != at {
            return None;
        }
        let Reverse((_, i)) = self.due.pop()?;
        let site = &mut self.sites[i as usize];
        let u = releases[i as usize].probability(site.last, at);
        site.last = Some((u, at));
        if let Some(next) = site.spikes.next() {
            self.due.push(Reverse((next, i)));
        }
        Some((i as usize, u))
    }

    /// How many of `filled` sites release with probability `u`.
    pub(super) fn draw(&mut self, site: usize, filled: f64, u: f64) -> u64 {
        self.sites[site].rng.binomial(filled as u64, u)
    }
}

impl Release {
    /// The probability at a spike now, after one with `last` of it at a time before.
    fn probability(&self, last: Option<(f64, u64)>, now: u64) -> f64 {
        match last {
            Some((u, then)) if self.tau_facil > 0.0 => {
                self.u + (1.0 - self.u) * u * libm::exp(-seconds(now - then) / self.tau_facil)
            }
            _ => self.u,
        }
    }
}
