//! A reaction network frozen into flat arrays, as the reaction group runs it.

use std::sync::Arc;

use super::agenda::Delay;
use super::builder::{Busy, Owned, Passage, World};
use super::dose::Dose;
use super::dwell;
use super::jump::Jump;
use super::law::Law;
use super::observable::Observed;
use super::parts::Piece;
use super::rates::Rates;
use super::releases::Release;
use super::small;
use super::tree::SumTree;
use super::variable::Start;
use crate::common::waveform::Course;

/// No component, no meter.
pub(super) const NONE: u32 = u32::MAX;

/// Rows of different length in one array.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rows<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.items.extend(row);
        self.ends.push(self.items.len() as u32);
    }
    #[inline]
    pub(super) fn row(&self, i: usize) -> &[T] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.items[start..self.ends[i] as usize]
    }
}

/// What never changes during a run, of one part of a system. Slots hold counts: one for each species, then one that always holds 1.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Counts at time zero.
    pub(super) initial: Vec<f64>,
    /// What counts at time zero are besides, in each run.
    pub(super) starts: Vec<Start>,
    /// Names of slots and channels, for messages.
    pub(super) slot_names: Vec<String>,
    pub(super) channel_names: Vec<String>,
    /// Where channels stand in the scenario, for messages.
    channel_paths: Vec<String>,
    /// Slots that are variables, and no counts.
    pub(super) variable: Vec<bool>,
    /// The component of each slot, or [`NONE`].
    pub(super) components: Vec<u32>,
    /// Slots whose entities are followed.
    pub(super) tagged: Vec<bool>,
    /// Slots of which every change is told; empty if there is none.
    pub(super) told: Vec<bool>,
    /// By channel: the component whose every passage forwards is told, or [`NONE`]; empty if there is none.
    pub(super) told_passages: Vec<u32>,
    /// By slot whose exits are told apart: the component of the exit that each channel is; empty for the others.
    pub(super) exits: Vec<Vec<u32>>,
    /// Pathways whose single channels are looked at.
    pub(super) dwells: Vec<dwell::Scheme>,
    /// Expressions that are told.
    pub(super) observed: Vec<Observed>,
    /// By channel: those whose value changes when it fires.
    pub(super) observers: Rows<u32>,
    /// By channel: slots that change, and by how much.
    pub(super) changes: Rows<(u32, f64)>,
    /// By channel: channels whose propensity changes when it fires.
    pub(super) dependents: Rows<u32>,
    /// By channel: nodes of the tree to refresh when it fires.
    pub(super) touched: Rows<(u32, u32)>,
    /// By channel: the slots that its law reads.
    pub(super) reads: Rows<u32>,
    /// Components of pathways with passages to count, or that are busy or not without any.
    pub(super) passed: Vec<u32>,
    /// By channel: whose passages it counts, by place in `passed`, and whether backwards; or [`NONE`].
    pub(super) passages: Vec<(u32, bool)>,
    /// Channels whose rate over the greatest is the utilization of a component.
    pub(super) meters: Vec<(u32, u32)>,
    /// Components whose utilization is the count of a slot over a capacity; of several slots, the sum.
    pub(super) busy_counts: Vec<(u32, u32, f64)>,
}

impl Network {
    /// Freezes the channels of a part.
    pub(super) fn new(piece: &Piece) -> Self {
        let world = &piece.world;
        let one = world.pools.len();
        let mut network = Self {
            initial: world.pools.iter().map(|p| p.initial).chain([1.0]).collect(),
            starts: world.starts.clone(),
            slot_names: world.pools.iter().map(|p| p.name.clone()).collect(),
            channel_names: Vec::new(),
            channel_paths: Vec::new(),
            variable: world.pools.iter().map(|p| p.variable).chain([false]).collect(),
            components: piece.pools.clone(),
            tagged: world.pools.iter().map(|p| p.tagged).chain([false]).collect(),
            told: told(piece),
            told_passages: told_passages(piece),
            exits: exits(piece),
            dwells: piece.dwells.iter().map(|plan| dwell::Scheme::new(*plan, world)).collect(),
            observed: piece.observed.clone(),
            observers: Rows::default(),
            changes: Rows::default(),
            dependents: Rows::default(),
            touched: Rows::default(),
            reads: Rows::default(),
            passed: passed(piece),
            passages: Vec::new(),
            meters: Vec::new(),
            busy_counts: Vec::new(),
        };
        for (&component, pathway) in piece.pathways.iter().zip(&world.pathways) {
            match &pathway.busy {
                Some(Busy::Rate(channel, _)) => network.meters.push((*channel, component)),
                Some(Busy::Count(species, capacity)) => {
                    network.busy_counts.extend(species.iter().map(|s| (component, s.slot, *capacity)));
                }
                None => {}
            }
        }
        let mut readers = vec![Vec::new(); one];
        for (q, owned) in world.channels.iter().enumerate() {
            let channel = &owned.channel;
            let mut reads: Vec<u32> = channel.law.reads().iter().map(|s| s.slot).collect();
            // A channel that lacks what it takes is at rest, whatever its law says.
            reads.extend(channel.takes.iter().filter(|(s, _)| !s.fixed).map(|(s, _)| s.slot));
            reads.sort_unstable();
            reads.dedup();
            for &s in &reads {
                readers[s as usize].push(q as u32);
            }
            network.reads.push(reads);
            network.changes.push(net_changes(channel));
            let pathway = &world.pathways[owned.pathway as usize];
            network.channel_names.push(pathway.name.clone());
            network.channel_paths.push(pathway.path.clone());
            let component = piece.pathways[owned.pathway as usize];
            let place = || network.passed.binary_search(&component).expect("found among them") as u32;
            network.passages.push(match channel.passage {
                Passage::Forward => (place(), false),
                Passage::Backward => (place(), true),
                Passage::Internal => (NONE, false),
            });
        }
        let tree = SumTree::new(world.channels.len());
        for q in 0..world.channels.len() {
            let changed = network.changes.row(q).iter();
            let mut dependents: Vec<u32> = changed.flat_map(|&(s, _)| &readers[s as usize]).copied().collect();
            dependents.sort_unstable();
            dependents.dedup();
            network.touched.push(tree.touched(dependents.iter().map(|&d| d as usize)));
            network.dependents.push(dependents);
            let is_changed =
                |o: &Observed| o.value.reads().any(|s| network.changes.row(q).iter().any(|c| c.0 == s.slot));
            let observers = (0..).zip(&network.observed).filter(|o| is_changed(o.1)).map(|o| o.0).collect::<Vec<u32>>();
            network.observers.push(observers);
        }
        network
    }

    /// The slot that always holds 1.
    pub(super) fn one(&self) -> usize {
        self.initial.len() - 1
    }
    /// A mean of `x` in `slot` as laws may read it: rounding may take that of a count below zero, where laws mean nothing.
    pub(super) fn sound(&self, slot: u32, x: f64) -> f64 {
        if self.variable[slot as usize] { x } else { x.max(0.0) }
    }
    /// How many channels there are.
    pub(super) fn channels(&self) -> usize {
        self.passages.len()
    }

    /// The slot of the species called `name`, if it can change.
    pub(super) fn slot_of(&self, name: &str) -> Option<u32> {
        let named = self.slot_names.iter().zip(0..).find(|s| s.0 == name)?.1;
        (self.components[named as usize] != NONE).then_some(named)
    }

    /// Whether `other` differs in nothing but laws and in what is held constant.
    pub(super) fn same_shape(&self, other: &Self) -> bool {
        let held = |slot: usize| self.components.get(slot) == Some(&NONE);
        let same = |(slot, (a, b)): (usize, (&f64, &f64))| a == b || held(slot);
        self.slot_names == other.slot_names
            && self.channel_names == other.channel_names
            && self.changes == other.changes
            && self.reads == other.reads
            && self.passed == other.passed
            && self.passages == other.passages
            && self.initial.iter().zip(&other.initial).enumerate().all(same)
    }

    /// Where channel `q` stands and what the species that it reads hold, for a message.
    pub(super) fn describe(&self, q: usize, x: &[f64]) -> String {
        let state: Vec<String> =
            self.reads.row(q).iter().map(|&s| format!("{} = {}", self.slot_names[s as usize], x[s as usize])).collect();
        let state = if state.is_empty() { String::new() } else { format!(" at {}", state.join(", ")) };
        format!("`{}`{state}", self.channel_paths[q])
    }
}

/// The components of pathways with passages to count, or that are busy or not without any, in order.
fn passed(piece: &Piece) -> Vec<u32> {
    let world = &piece.world;
    let mut is_told: Vec<bool> = world.pathways.iter().map(|p| matches!(p.busy, Some(Busy::Count(..)))).collect();
    for owned in world.channels.iter().filter(|owned| owned.channel.passage != Passage::Internal) {
        is_told[owned.pathway as usize] = true;
    }
    let mut all: Vec<u32> = piece.pathways.iter().zip(is_told).filter(|p| p.1).map(|p| *p.0).collect();
    all.sort_unstable();
    all
}

/// The slots of which every change is told; none if there is none.
fn told(piece: &Piece) -> Vec<bool> {
    if piece.told.is_empty() {
        return Vec::new();
    }
    (0..piece.world.pools.len() as u32).map(|slot| piece.told.contains(&slot)).collect()
}

/// By channel: the component whose every passage forwards is told; none if there is none.
fn told_passages(piece: &Piece) -> Vec<u32> {
    if piece.told_pathways.is_empty() {
        return Vec::new();
    }
    let told = |owned: &Owned| match owned.channel.passage {
        Passage::Forward if piece.told_pathways.contains(&owned.pathway) => piece.pathways[owned.pathway as usize],
        _ => NONE,
    };
    piece.world.channels.iter().map(told).collect()
}

/// The component of the exit that each channel is, slot by slot.
fn exits(piece: &Piece) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new(); piece.world.pools.len()];
    for &(exit, component) in &piece.exits {
        let row: &mut Vec<u32> = &mut all[exit.slot as usize];
        row.resize(piece.world.channels.len(), NONE);
        let own = row.iter_mut().zip(&piece.world.channels).filter(|(_, owned)| owned.pathway == exit.pathway);
        own.for_each(|(to, _)| *to = component);
    }
    all
}

/// By how much a firing changes each slot, leaving out what is held constant and what comes out even.
fn net_changes(channel: &super::builder::Channel) -> Vec<(u32, f64)> {
    let signed = |list: &[(super::law::Species, u32)], sign: f64| -> Vec<(u32, f64)> {
        list.iter().filter(|(s, _)| !s.fixed).map(|(s, n)| (s.slot, sign * f64::from(*n))).collect()
    };
    let mut all = signed(&channel.takes, -1.0);
    all.extend(signed(&channel.gives, 1.0));
    all.sort_by_key(|c| c.0);
    let mut net: Vec<(u32, f64)> = Vec::new();
    for (slot, change) in all {
        match net.last_mut() {
            Some(last) if last.0 == slot => last.1 += change,
            _ => net.push((slot, change)),
        }
    }
    net.retain(|c| c.1 != 0.0);
    net
}

/// What the rate of a channel follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drive {
    /// Nothing but counts.
    Steady,
    /// It is multiplied by a course, by index.
    Shape(u32),
    /// Its law reads courses.
    Law,
}

/// Laws and held counts from some time on.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// When it begins, in ticks.
    pub(super) at: u64,
    pub(super) rates: Rates,
    /// The slot whose count changes when it begins, and how.
    pub(super) dose: Option<(u32, Dose)>,
    /// The one of `jumps` that happens when it begins.
    pub(super) jump: Option<u32>,
    /// Release sites that spikes drive.
    pub(super) releases: Vec<Release>,
    /// Interventions on several counts, or that the state sets off.
    pub(super) jumps: Vec<Jump>,
    /// The waveforms that those read.
    pub(super) watched: Vec<Course>,
    /// Slots that are held constant, and what they hold.
    pub(super) fixed: Vec<(u32, f64)>,
    /// The waveforms that rates follow, and their names.
    pub(super) courses: Vec<(Arc<str>, Course)>,
    /// By channel.
    pub(super) drives: Vec<Drive>,
    /// By channel: the greatest rate that its utilization is relative to, or 0.
    pub(super) capacity: Vec<f64>,
    /// What takes a time of its own.
    pub(super) delays: Vec<Delay>,
    /// The same for the fast kernel, if the network is small and plain enough.
    pub(super) small: Option<small::Plan>,
}

impl Phase {
    /// Whether a waveform that a pathway has worked out for the whole run is another than in `first`.
    pub(super) fn rewrites(&self, first: &Self) -> bool {
        // Only those have dots in their names.
        let derived = || self.courses.iter().filter(|c| c.0.contains('.'));
        derived().any(|(name, course)| first.courses.iter().any(|(n, old)| n == name && !course.is_same(old)))
    }
    /// What holds from `at` on according to `world`.
    pub(super) fn new(at: u64, world: &World, network: &Network) -> Self {
        let counts: Vec<f64> = world.pools.iter().map(|p| p.initial).collect();
        let mut courses: Vec<(Arc<str>, Course)> = Vec::new();
        let mut course_of = |name: &str| {
            let known = courses.iter().position(|c| *c.0 == *name);
            known.unwrap_or_else(|| {
                courses.push((name.into(), world.course(name)));
                courses.len() - 1
            }) as u32
        };
        let channels = || world.channels.iter().map(|c| &c.channel);
        let rates = Rates::new(channels(), network.one() as u32, &counts, &network.variable, &mut course_of);
        let drive = |owned: &Owned| match (&owned.shape, &owned.channel.law) {
            (Some(shape), _) => Drive::Shape(course_of(shape)),
            (None, Law::Expression { follows, .. }) if !follows.is_empty() => Drive::Law,
            _ => Drive::Steady,
        };
        let drives: Vec<Drive> = world.channels.iter().map(drive).collect();
        let fixed = world.pools.iter().zip(0..).filter(|p| p.0.fixed).map(|(p, slot)| (slot, p.initial)).collect();
        let mut capacity = vec![0.0; network.channels()];
        for pathway in &world.pathways {
            if let Some(Busy::Rate(channel, vmax)) = &pathway.busy {
                capacity[*channel as usize] = *vmax;
            }
        }
        let is_steady = drives.iter().all(|d| *d == Drive::Steady);
        let delays = delays(world);
        let small = small::Plan::new(network, &rates).filter(|_| is_steady && delays.is_empty());
        let (releases, jumps) = (world.releases.clone(), world.jumps.clone());
        let watched = world.watched.iter().map(|name| world.course(name)).collect();
        let (dose, jump) = (None, None);
        Self { at, rates, dose, jump, releases, jumps, watched, fixed, courses, drives, capacity, delays, small }
    }
}

/// The channels that fire at set times.
fn delays(world: &World) -> Vec<Delay> {
    let delay = |(owned, channel): (&Owned, u32)| match &owned.channel.law {
        Law::Delay { time, speed, of } => Some(Delay { channel, slot: of.slot, time: time.clone(), speed: *speed }),
        _ => None,
    };
    world.channels.iter().zip(0..).filter_map(delay).collect()
}
