//! What happens in a group at set times: releases at spikes, and arrivals of those that were under way.
//!
//! Either uses up the hazard that has accrued, changes counts, and goes on with the rest, as interventions do.

use sim_core::Probe;

use super::agenda::Arrival;
use super::group::{Group, leave};
use super::network::NONE;

impl Group<'_> {
    /// There are spikes at `now`: the sites that they drive release.
    ///
    /// Fails if a condition that this makes true changes a count out of hand.
    pub(super) fn spike<P: Probe>(&mut self, now: u64, probe: &mut P) -> Result<(), String> {
        let Some(mut sites) = self.sites.take() else { return Ok(()) };
        let (last, before) = (self.now, self.total());
        self.now = now;
        let releases = &self.phases[self.phase].releases;
        let mut released = 0;
        while let Some((site, u)) = sites.take(now, releases) {
            let filled = self.x[releases[site].filled.slot as usize];
            let n = sites.draw(site, filled, u);
            released += n;
            if n > 0 {
                self.fire_at_once(releases[site].channel as usize, n, probe);
            }
        }
        self.sites = Some(sites);
        if released == 0 {
            // The hazard goes on as it did, to the tick.
            self.now = last;
        } else {
            self.use_up(before, last, now);
            self.aim(self.total());
        }
        // Conditions have been looked for up to this spike only.
        self.look(now, probe)
    }

    /// Channel `q` fires `n` times now.
    pub(super) fn fire_at_once<P: Probe>(&mut self, q: usize, n: u64, probe: &mut P) {
        self.fired[q] += n;
        for &(slot, change) in self.network.changes.row(q) {
            let slot = slot as usize;
            let (x, to) = (self.x[slot], self.x[slot] + change * n as f64);
            self.books[slot].enter(x, to, self.now);
            self.x[slot] = to;
        }
        if self.is_followed() {
            for _ in 0..n {
                self.tag_changes(q, self.now, probe);
            }
        }
        for &d in self.network.dependents.row(q) {
            self.update(d as usize);
        }
        self.tree.refresh(self.network.touched.row(q));
    }

    /// What is due at `at` by the agenda happens.
    pub(super) fn arrive<P: Probe>(&mut self, at: u64, probe: &mut P) {
        let Some(Arrival { channel, slot, since }) = self.agenda.as_mut().and_then(|agenda| agenda.take()) else {
            return;
        };
        self.use_up(self.total(), self.now, at);
        self.now = at;
        self.apply::<P, true>(channel as usize, probe);
        if self.network.tagged[slot as usize] {
            let exit = self.network.exits[slot as usize].get(channel as usize).copied().unwrap_or(NONE);
            leave(self.network.components[slot as usize], since, exit, at, probe);
        }
        self.aim(self.total());
    }

    /// Takes `n` of those under way in `slot` out now.
    pub(super) fn take_out<P: Probe>(&mut self, slot: usize, n: f64, probe: &mut P) {
        let Some(agenda) = &mut self.agenda else { return };
        for since in agenda.take_out(slot as u32, n) {
            if self.network.tagged[slot] {
                leave(self.network.components[slot], since, NONE, self.now, probe);
            }
        }
    }

    /// When the next spike is; `u64::MAX` if there is none.
    pub(super) fn next_spike(&self) -> u64 {
        self.sites.as_ref().map_or(u64::MAX, |sites| sites.next())
    }

    /// When the next of those under way arrives; `u64::MAX` if none does.
    pub(super) fn next_arrival(&self) -> u64 {
        self.agenda.as_ref().map_or(u64::MAX, |agenda| agenda.next())
    }
}
