//! `[probe.NAME] kind = "dwell"`: how long single channels stay open and shut, and how openings come in bursts.
//!
//! Channels are counted by state, which is all that their rates need. A channel that moves is any of those in the state that it
//! moves from, drawn by a stream of the probe's own: the walks of single channels so made have the law of the scheme, and no count
//! is another for it. A *stay* is in a class of states, conducting or not, through however many states. A *burst* is a run of
//! openings with shut times below `burst_gap` between them, from the first opening to the end of the last (Colquhoun & Hawkes
//! 1982, doi:10.1098/rstb.1982.0156). Stays and bursts that had begun at time zero are left out.
//!
//! Validated against: two states; three states with bursts, whose shut times are of two exponentials; the open time of
//! Hodgkin and Huxley's potassium channel with and without a blocker.

use sim_core::config::{Diagnostic, Table, did_you_mean};
use sim_core::rng::{Rng, Streams};
use sim_core::{Departure, Probe, SimTime};

use super::builder::{Busy, Owned, World};
use super::network::{NONE, Network};

/// A pathway whose single channels are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// By index.
    pub(super) pathway: u32,
    /// From this many ticks on, a shut time ends a burst.
    pub(super) gap: Option<u64>,
    /// The component of open stays; those of shut ones and of bursts follow.
    pub(super) component: u32,
}

impl Plan {
    /// What the components are called, after the pathway, and whether they are bursts.
    pub(super) fn parts(self) -> impl Iterator<Item = (&'static str, bool)> {
        let all = [("open", false), ("shut", false), ("burst", true)];
        all.into_iter().take(if self.gap.is_some() { 3 } else { 2 })
    }
}

/// Adds the probe in `table`.
///
/// Fails if it is of no channel, or if another probe is, too.
pub(super) fn add(table: &Table, scenario: &Table, world: &mut World) -> Result<(), Diagnostic> {
    let (of, span) = (table.text("of"), table.span_of("of"));
    let channels: Vec<&str> =
        scenario.named("pathway").filter(|(_, t)| t.kind() == "channel").map(|(n, _)| n).collect();
    let pathway = world.pathways.iter().zip(0..).find(|(p, _)| p.name == of && channels.contains(&of)).map(|p| p.1);
    let Some(pathway) = pathway else {
        let d = Diagnostic::error(
            "E0633",
            span,
            format!("there is no channel `{of}`"),
            "expected a pathway of kind `channel`",
        );
        let all = || match channels.as_slice() {
            [] => String::from("add `[pathway.NAME] kind = \"channel\"`"),
            some => format!("there are: {}", some.join(", ")),
        };
        return Err(d.help(did_you_mean(of, channels.iter().copied()).unwrap_or_else(all)));
    };
    if world.dwells.iter().any(|d| d.pathway == pathway) {
        let message = format!("`{of}` is looked at twice");
        return Err(Diagnostic::error("E0608", span, message, "tables could not tell them apart"));
    }
    let gap = table.opt_quantity("burst_gap").map(|q| q.to_ticks().unwrap_or(u64::MAX));
    if gap == Some(0) {
        let message = format!("`{}.burst_gap` is zero", table.path);
        let d = Diagnostic::error("E0633", table.span_of("burst_gap"), message, "each opening would be a burst");
        return Err(d.help("burst_gap = \"0.3 ms\""));
    }
    world.dwells.push(Plan { pathway, gap, component: NONE });
    Ok(())
}

/// The states of a pathway, as single channels go through them.
#[derive(Clone, Debug)]
pub(super) struct Scheme {
    plan: Plan,
    name: String,
    /// Slots, and whether channels there are open.
    states: Vec<(u32, bool)>,
    /// By channel of the network: the states that one moves from and to, by index; none if none does.
    moves: Vec<Option<(u32, u32)>>,
}

impl Scheme {
    /// That of `plan` in a part of a system.
    pub(super) fn new(plan: Plan, world: &World) -> Self {
        let pathway = &world.pathways[plan.pathway as usize];
        let open: Vec<u32> = match &pathway.busy {
            Some(Busy::Count(open, _)) => open.iter().map(|s| s.slot).collect(),
            _ => Vec::new(),
        };
        let own = |owned: &Owned| owned.pathway == plan.pathway;
        let is_state = |slot: u32| world.pools[slot as usize].compartment.is_none();
        let mut slots: Vec<u32> =
            world.channels.iter().filter(|c| own(c)).flat_map(|c| c.channel.species()).map(|s| s.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        slots.retain(|&slot| is_state(slot));
        let moved = |owned: &Owned| {
            let place = |list: &[(super::law::Species, u32)]| {
                list.iter().find_map(|(s, _)| slots.binary_search(&s.slot).ok()).map(|i| i as u32)
            };
            Some((place(&owned.channel.takes)?, place(&owned.channel.gives)?))
                .filter(|(from, to)| own(owned) && from != to)
        };
        let moves = world.channels.iter().map(moved).collect();
        let states = slots.iter().map(|&slot| (slot, open.contains(&slot))).collect();
        Self { plan, name: pathway.path.clone(), states, moves }
    }
}

/// A single channel.
#[derive(Clone, Copy, Debug)]
struct Single {
    /// When it came into its class of states.
    since: Option<u64>,
    /// When its burst began.
    burst: Option<u64>,
    /// Openings of the burst so far.
    openings: u64,
}

/// All channels of a scheme, one by one.
#[derive(Debug)]
pub(super) struct Dwellers<'a> {
    scheme: &'a Scheme,
    /// By state.
    singles: Vec<Vec<Single>>,
    rng: Rng,
}

impl<'a> Dwellers<'a> {
    /// Those of `scheme` at time zero.
    pub(super) fn new(scheme: &'a Scheme, network: &Network, streams: Streams) -> Self {
        let unknown = Single { since: None, burst: None, openings: 0 };
        let singles = scheme.states.iter().map(|s| vec![unknown; network.initial[s.0 as usize] as usize]).collect();
        Self { scheme, singles, rng: streams.stream(&scheme.name, "dwell") }
    }

    /// Channel `q` of the network has fired now.
    pub(super) fn fired<P: Probe>(&mut self, q: usize, now: u64, probe: &mut P) {
        let Some((from, to)) = self.scheme.moves[q] else { return };
        let pool = &mut self.singles[from as usize];
        let who = self.rng.below(pool.len() as u64) as usize;
        let mut single = pool.swap_remove(who);
        match (self.scheme.states[from as usize].1, self.scheme.states[to as usize].1) {
            (true, false) => self.shuts(&mut single, now, probe),
            (false, true) => self.opens(&mut single, now, probe),
            _ => {}
        }
        self.singles[to as usize].push(single);
    }
    fn shuts<P: Probe>(&self, single: &mut Single, now: u64, probe: &mut P) {
        self.tell(0, single.since, now, 1, probe);
        single.openings += 1;
        single.since = Some(now);
    }
    fn opens<P: Probe>(&self, single: &mut Single, now: u64, probe: &mut P) {
        self.tell(1, single.since, now, 1, probe);
        // Who was shut at time zero had been so for a time that nobody knows, at least from then on.
        let shut = now - single.since.unwrap_or(0);
        if self.scheme.plan.gap.is_some_and(|gap| shut >= gap) {
            if let Some(ended) = single.since {
                self.tell(2, single.burst, ended, single.openings, probe);
            }
            (single.burst, single.openings) = (Some(now), 0);
        }
        single.since = Some(now);
    }
    /// Tells of a stay, unless nobody knows when it began.
    fn tell<P: Probe>(&self, part: u32, since: Option<u64>, until: u64, openings: u64, probe: &mut P) {
        let Some(since) = since else { return };
        let (at, since) = (SimTime::from_ticks(until), SimTime::from_ticks(since));
        let departure = Departure { at, since, service: (at - since).ticks(), size: openings, ..Departure::default() };
        probe.leave(self.scheme.plan.component + part, departure);
    }
}
