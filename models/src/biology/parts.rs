//! Which channels have to do with each other.
//!
//! Two channels are connected if they belong to the same pathway or if both take, give or read a species that is not
//! held constant; whatever one intervention reads or changes, or one observable reads, is connected by it too. Nothing that happens in one part of a system tells anything about another part, so each is a system of
//! its own with its own stream of random numbers, and what is added beside it changes none of its numbers. What is held
//! constant connects nothing: it changes at fixed times only, by interventions.

use super::builder::{Busy, Exit, World};
use super::dwell;
use super::law::Species;
use super::network::NONE;
use super::observable::{Observable, Observed};
use super::releases::Release;

/// A part of a world, as a world of its own.
#[derive(Debug)]
pub(super) struct Piece {
    /// The element that its stream is named after: its first pathway or reaction.
    pub(super) element: String,
    pub(super) world: World,
    /// The component of each pool, or [`NONE`].
    pub(super) pools: Vec<u32>,
    /// The component of each pathway.
    pub(super) pathways: Vec<u32>,
    /// The ways out of species whose exits are told apart, each with its component.
    pub(super) exits: Vec<(Exit, u32)>,
    /// Pathways whose single channels are looked at.
    pub(super) dwells: Vec<dwell::Plan>,
    /// Expressions that are told.
    pub(super) observed: Vec<Observed>,
    /// Species of which every change is told.
    pub(super) told: Vec<u32>,
    /// Pathways of which every passage is told.
    pub(super) told_pathways: Vec<u32>,
}

/// The parts of `world` in the order of their first channels. What no channel has to do with comes last, together.
///
/// Components are numbered like this: every species that can change, then all observables, all pathways, then all exits,
/// what happens at times and spikes, stays, what is asked.
pub(super) fn split(world: &World) -> Vec<Piece> {
    let mut members = members(world);
    members.retain(|m| !m.pools.is_empty() || !m.pathways.is_empty() || !m.observables.is_empty());
    let mut components = 0..;
    let of_pool: Vec<u32> =
        world.pools.iter().map(|p| if p.fixed { NONE } else { components.next().unwrap_or(NONE) }).collect();
    let first_observable = components.start;
    let first_pathway = first_observable + world.observables.len() as u32;
    let exits = world.exits();
    let first = first_pathway as usize + world.pathways.len() + exits.len() + world.samples.len() + world.passed.len();
    let mut next = first as u32;
    let place = |plan: &dwell::Plan| {
        let component = next;
        next += plan.parts().count() as u32;
        dwell::Plan { component, ..*plan }
    };
    let dwells: Vec<dwell::Plan> = world.dwells.iter().map(place).collect();
    members.into_iter().map(|m| m.piece(world, &of_pool, first_observable, &exits, &dwells)).collect()
}

/// What a part consists of, by index into the world, ascending.
#[derive(Clone, Debug, Default)]
struct Members {
    pools: Vec<u32>,
    pathways: Vec<u32>,
    channels: Vec<u32>,
    jumps: Vec<u32>,
    observables: Vec<u32>,
}

/// The members of all parts; the last are those of none.
fn members(world: &World) -> Vec<Members> {
    let pathway_node = |p: u32| world.pools.len() + p as usize;
    let mut links = Links::new(world.pools.len() + world.pathways.len());
    for owned in &world.channels {
        for species in owned.channel.species().filter(|s| !s.fixed) {
            links.connect(pathway_node(owned.pathway), species.slot as usize);
        }
    }
    for (p, pathway) in (0..).zip(&world.pathways) {
        if let Some(Busy::Count(species, _)) = &pathway.busy {
            for s in species {
                links.connect(pathway_node(p), s.slot as usize);
            }
        }
    }
    for jump in &world.jumps {
        let first = jump.changes[0].0;
        for species in jump.species().filter(|s| !s.fixed) {
            links.connect(first.slot as usize, species.slot as usize);
        }
    }
    for observable in &world.observables {
        let mut reads = observable.value.reads().filter(|s| !s.fixed);
        if let Some(first) = reads.next() {
            reads.for_each(|other| links.connect(first.slot as usize, other.slot as usize));
        }
    }
    for start in &world.starts {
        for species in start.reads().filter(|s| !s.fixed) {
            links.connect(start.of.slot as usize, species.slot as usize);
        }
    }
    let mut part_of = vec![usize::MAX; links.0.len()];
    let mut members: Vec<Members> = Vec::new();
    for (q, owned) in (0..).zip(&world.channels) {
        let part = &mut part_of[links.root(pathway_node(owned.pathway))];
        if *part == usize::MAX {
            *part = members.len();
            members.push(Members::default());
        }
        let to = &mut members[*part];
        to.channels.push(q);
        // Each part has its own copy of what is held constant.
        to.pools.extend(owned.channel.species().filter(|s| s.fixed).map(|s| s.slot));
    }
    let none = members.len();
    members.push(Members::default());
    let mut part = |node| part_of[links.root(node)].min(none);
    for (slot, _) in world.pools.iter().enumerate().filter(|p| !p.1.fixed) {
        members[part(slot)].pools.push(slot as u32);
    }
    for p in 0..world.pathways.len() as u32 {
        members[part(pathway_node(p))].pathways.push(p);
    }
    for (j, jump) in (0..).zip(&world.jumps) {
        let to = &mut members[part(jump.changes[0].0.slot as usize)];
        to.jumps.push(j);
        to.pools.extend(jump.species().filter(|s| s.fixed).map(|s| s.slot));
    }
    for (o, observable) in (0..).zip(&world.observables) {
        let moving = observable.value.reads().find(|s| !s.fixed);
        let to = &mut members[moving.map_or(none, |s| part(s.slot as usize))];
        to.observables.push(o);
        to.pools.extend(observable.value.reads().filter(|s| s.fixed).map(|s| s.slot));
    }
    for start in &world.starts {
        let to = &mut members[part(start.of.slot as usize)];
        to.pools.extend(start.reads().filter(|s| s.fixed).map(|s| s.slot));
    }
    for m in &mut members {
        m.pools.sort_unstable();
        m.pools.dedup();
    }
    members
}

impl Members {
    /// The release sites of `world` whose channels these are.
    fn releases(&self, world: &World, species: &impl Fn(Species) -> Species) -> Vec<Release> {
        let own = |release: &Release| {
            let channel = self.channels.binary_search(&release.channel).ok()? as u32;
            Some(Release { channel, filled: species(release.filled), ..release.clone() })
        };
        world.releases.iter().filter_map(own).collect()
    }
    fn piece(
        &self,
        world: &World,
        of_pool: &[u32],
        first_observable: u32,
        exits: &[Exit],
        dwells: &[dwell::Plan],
    ) -> Piece {
        let place = |list: &[u32], x: u32| list.binary_search(&x).map_or(NONE, |i| i as u32);
        let own = |list: &[u32], all: Vec<u32>| {
            all.into_iter().map(|x| place(list, x)).filter(|x| *x != NONE).collect::<Vec<u32>>()
        };
        let species = |s: Species| Species { slot: place(&self.pools, s.slot), ..s };
        let first_pathway = first_observable + world.observables.len() as u32;
        let observed = |&o: &u32| {
            let Observable { name, value } = world.observables[o as usize].clone();
            Observed { component: first_observable + o, name, value: value.with_species(&species) }
        };
        let mut part = World {
            pools: self.pools.iter().map(|&s| world.pools[s as usize].clone()).collect(),
            pathways: self.pathways.iter().map(|&p| world.pathways[p as usize].clone()).collect(),
            channels: self.channels.iter().map(|&q| world.channels[q as usize].clone()).collect(),
            releases: self.releases(world, &species),
            jumps: self.jumps.iter().map(|&j| world.jumps[j as usize].clone().with_species(&species)).collect(),
            starts: world
                .starts
                .iter()
                .filter(|s| place(&self.pools, s.of.slot) != NONE)
                .map(|s| s.with_species(&species))
                .collect(),
            watched: world.watched.clone(),
            waveforms: world.waveforms.clone(),
            ..World::default()
        };
        for pathway in &mut part.pathways {
            match &mut pathway.busy {
                Some(Busy::Rate(channel, _)) => *channel = place(&self.channels, *channel),
                Some(Busy::Count(of, _)) => of.iter_mut().for_each(|s| *s = species(*s)),
                None => {}
            }
        }
        for owned in &mut part.channels {
            owned.pathway = place(&self.pathways, owned.pathway);
            owned.channel = owned.channel.clone().with_species(&species);
        }
        Piece {
            element: part.pathways.first().map_or(String::new(), |p| p.path.clone()),
            world: part,
            pools: self.pools.iter().map(|&s| of_pool[s as usize]).collect(),
            pathways: self.pathways.iter().map(|&p| first_pathway + p).collect(),
            dwells: dwells
                .iter()
                .map(|d| dwell::Plan { pathway: place(&self.pathways, d.pathway), ..*d })
                .filter(|d| d.pathway != NONE)
                .collect(),
            observed: self.observables.iter().map(observed).collect(),
            told: own(&self.pools, world.states.iter().map(|s| s.0.of).collect()),
            told_pathways: own(&self.pathways, world.told_pathways()),
            exits: (first_pathway + world.pathways.len() as u32..)
                .zip(exits)
                .map(|(c, e)| (Exit { slot: place(&self.pools, e.slot), pathway: place(&self.pathways, e.pathway) }, c))
                .filter(|(e, _)| e.slot != NONE && e.pathway != NONE)
                .collect(),
        }
    }
}

/// Sets of connected nodes: each points to another of its set, the root to itself.
struct Links(Vec<usize>);

impl Links {
    fn new(nodes: usize) -> Self {
        Self((0..nodes).collect())
    }
    fn root(&mut self, mut node: usize) -> usize {
        while self.0[node] != node {
            self.0[node] = self.0[self.0[node]];
            node = self.0[node];
        }
        node
    }
    fn connect(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
