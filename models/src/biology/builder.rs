//! What a kind of pathway builds with: it finds compartments and species, and adds channels.

use std::sync::Arc;

use sim_core::SimTime;
use sim_core::config::{Diagnostic, Diagnostics, Span, Table, did_you_mean};
use sim_core::quantity::Dimension;
use sim_core::stats::{PassageQuestion, StateQuestion};

use super::dwell;
use super::jump::Jump;
use super::law::{AVOGADRO, Law, READS_MAX, Species};
use super::observable::Observable;
use super::releases::Release;
use super::variable::Start;
use crate::common::service::{MakeService, Service};
use crate::common::waveform::{Course, Waveform, Waveforms};
use crate::registry::Family;

/// A compartment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compartment {
    pub(super) index: usize,
    /// Its volume, m^3.
    pub volume: f64,
}

impl Compartment {
    /// The count that `concentration` (mol/m^3) amounts to.
    pub fn molecules(&self, concentration: f64) -> f64 {
        concentration * self.volume * AVOGADRO
    }
}

/// Which way of its pathway a channel is, in the pathway's throughput.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Counted as throughput.
    Forward,
    /// Counted as influx.
    Backward,
    /// A step inside (a carrier that binds), not counted.
    Internal,
}

/// A channel: what one firing takes and gives, and how often it fires. It cannot fire while it lacks what it takes.
#[derive(Clone, Debug)]
pub struct Channel {
    /// What it takes, and how many of each.
    pub takes: Vec<(Species, u32)>,
    /// What it gives, and how many of each.
    pub gives: Vec<(Species, u32)>,
    /// How often it fires.
    pub law: Law,
    /// How it is counted.
    pub passage: Passage,
}

impl Channel {
    /// A channel that takes and gives one of each.
    pub fn new(takes: &[Species], gives: &[Species], law: Law, passage: Passage) -> Self {
        let one = |s: &[Species]| s.iter().map(|&s| (s, 1)).collect();
        Self { takes: one(takes), gives: one(gives), law, passage }
    }

    /// The species that it takes, gives or reads, some of them more than once.
    pub(super) fn species(&self) -> impl Iterator<Item = Species> {
        self.takes.iter().chain(&self.gives).map(|s| s.0).chain(self.law.reads())
    }

    /// The same channel of other species.
    pub(super) fn with_species(mut self, other: &impl Fn(Species) -> Species) -> Self {
        self.takes.iter_mut().chain(&mut self.gives).for_each(|s| s.0 = other(s.0));
        self.law.replace_species(other);
        self
    }
}

/// How the utilization of a pathway is known.
#[derive(Clone, Debug)]
pub(super) enum Busy {
    /// The rate of its channel (by index) over the greatest rate.
    Rate(u32, f64),
    /// The count of some species together over a capacity.
    Count(Vec<Species>, f64),
}

/// A species in a compartment.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub(super) compartment: Option<usize>,
    pub(super) species: String,
    /// The component's name, `cell.drug`.
    pub(super) name: String,
    pub(super) fixed: bool,
    pub(super) initial: f64,
    pub(super) entity: &'static str,
    pub(super) tagged: bool,
    /// Whether it is no count but a number of any size and sign, which interventions set.
    pub(super) variable: bool,
}

/// A pathway or reaction.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    /// Where it stands in the scenario, `pathway.leak`.
    pub(super) path: String,
    pub(super) entity: &'static str,
    pub(super) busy: Option<Busy>,
}

/// A channel and the pathway that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) pathway: u32,
    pub(super) channel: Channel,
    /// The waveform that multiplies its rate.
    pub(super) shape: Option<Arc<str>>,
}

/// Everything that a scenario's sections describe, before it is frozen into arrays.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) compartments: Vec<(String, Compartment)>,
    pub(super) pools: Vec<Pool>,
    /// Species known anywhere, and what one of them is.
    pub(super) declared: Vec<(String, &'static str)>,
    pub(super) pathways: Vec<Named>,
    pub(super) channels: Vec<Owned>,
    /// The courses that rates follow.
    pub(super) waveforms: Waveforms,
    /// The laws of times.
    pub(super) services: Family<MakeService>,
    /// Release sites that spikes drive, and how.
    pub(super) releases: Vec<Release>,
    /// Interventions on several counts, or that the state sets off.
    pub(super) jumps: Vec<Jump>,
    /// Variables whose value at first is worked out in each run, in the order in which it is.
    pub(super) starts: Vec<Start>,
    /// What is told besides counts.
    pub(super) observables: Vec<Observable>,
    /// The waveforms that interventions and observables read.
    pub(super) watched: Vec<Arc<str>>,
    /// When the run ends.
    pub(super) end: SimTime,
    /// Whether counts may be broken: those of a mean.
    pub(super) is_mean: bool,
    /// Slots of followed species whose exits are told apart.
    pub(super) split: Vec<u32>,
    /// What passes pathways at spikes.
    pub(super) passed: Vec<Passed>,
    /// Pathways whose single channels are looked at.
    pub(super) dwells: Vec<dwell::Plan>,
    /// Counts at certain times: slot, or observable (by index, behind all slots), time in ticks, and what that is called.
    pub(super) samples: Vec<(u32, u64, String)>,
    /// What is asked about counts, with slots in place of components, and what the answers are called.
    pub(super) states: Vec<(StateQuestion, String)>,
    /// The same about passages, with pathways by index.
    pub(super) asked_passages: Vec<(PassageQuestion, String)>,
    /// Pathways of whose gaps the tails are asked for.
    pub(super) gaps: Vec<u32>,
}

/// What passes a pathway at a spike.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    /// The pathway, by index.
    pub(super) pathway: u32,
    /// The spike, counted from 1.
    pub(super) spike: u64,
    /// From when until when, in ticks.
    pub(super) from: u64,
    pub(super) until: u64,
}

/// A way out of a followed species.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    /// The slot of the species.
    pub(super) slot: u32,
    /// The pathway or reaction, by index.
    pub(super) pathway: u32,
}

/// Finds compartments and species for one pathway, and takes its channels.
///
/// A kind's maker is a function of its checked table and of this. The whole of a kind, as another crate would write it:
///
/// ```
/// use models::Kind;
/// use models::biology::{Channel, Law, MakePathway, Passage, PathwayBuilder};
/// use sim_core::config::{Diagnostic, Field, Table, Type};
/// use sim_core::quantity::Dimension;
///
/// const FIELDS: &[Field] = &[
///     Field::required("species", Type::Text, "What is secreted."),
///     Field::required("from", Type::Reference("compartment"), "Where it is made."),
///     Field::required("to", Type::Reference("compartment"), "Where it goes."),
///     Field::required("k", Type::Quantity(&[Dimension::RATE]), "Rate constant of each molecule."),
/// ];
///
/// /// Molecules leave in pairs: 2 S -> 2 S outside, propensity k n (n - 1) / 2.
/// fn make(table: &Table, to: &mut PathwayBuilder<'_>) -> Result<(), Diagnostic> {
///     let inside = to.species_in(table, "species", "from")?;
///     let outside = to.species_in(table, "species", "to")?;
///     let law = Law::MassAction { c: table.quantity("k").value, reactants: vec![(inside, 2)] };
///     to.channel(Channel { takes: vec![(inside, 2)], gives: vec![(outside, 2)], law, passage: Passage::Forward });
///     Ok(())
/// }
///
/// let mut registry = models::registry();
/// registry.pathways.add(Kind { name: "paired", doc: "Leaves in pairs.", fields: FIELDS, make: make as MakePathway });
/// ```
#[derive(Debug)]
pub struct PathwayBuilder<'a> {
    pub(super) world: &'a mut World,
    pub(super) pathway: u32,
}

impl PathwayBuilder<'_> {
    /// The compartment that `table` names under `key`.
    ///
    /// Fails if there is none of that name.
    pub fn compartment(&self, table: &Table, key: &str) -> Result<Compartment, Diagnostic> {
        self.compartment_named(table.text(key), table.span_of(key))
    }

    /// The compartment called `name`; `span` is where the name stands.
    ///
    /// Fails if there is none of that name.
    pub fn compartment_named(&self, name: &str, span: Span) -> Result<Compartment, Diagnostic> {
        if let Some((_, c)) = self.world.compartments.iter().find(|(n, _)| n == name) {
            return Ok(*c);
        }
        let names = self.world.compartments.iter().map(|(n, _)| n.as_str());
        let d = Diagnostic::error(
            "E0601",
            span,
            format!("there is no compartment `{name}`"),
            "not a `[compartment.NAME]` of this scenario",
        );
        Err(match did_you_mean(name, names.clone()) {
            Some(near) => d.help(near),
            None => d.help(format!("there are: {}", names.collect::<Vec<_>>().join(", "))),
        })
    }

    /// The species that `table` names under `species`, in the compartment that it names under `compartment`.
    ///
    /// Fails if there is no such compartment or if the species is known nowhere.
    pub fn species_in(&mut self, table: &Table, species: &str, compartment: &str) -> Result<Species, Diagnostic> {
        let place = self.compartment(table, compartment)?;
        self.species(table.text(species), &place, table.span_of(species))
    }

    /// Species `name` in `place`; `span` is where the name stands. If it is known only elsewhere, there is none of it in
    /// `place` at first.
    ///
    /// Fails if the species is known nowhere.
    pub fn species(&mut self, name: &str, place: &Compartment, span: Span) -> Result<Species, Diagnostic> {
        if let Some(found) = self.find(name, place) {
            return Ok(found);
        }
        let Some((_, entity)) = self.world.declared.iter().find(|(n, _)| n == name) else {
            return Err(self.unknown_species(name, span));
        };
        let pool = Pool {
            compartment: Some(place.index),
            species: name.to_owned(),
            name: format!("{}.{name}", self.world.compartments[place.index].0),
            fixed: false,
            initial: 0.0,
            entity,
            tagged: false,
            variable: false,
        };
        Ok(self.world.add_pool(pool))
    }

    /// Species `name` in `place`, if it is there already.
    pub fn find(&self, name: &str, place: &Compartment) -> Option<Species> {
        let at = self.world.pools.iter().position(|p| p.compartment == Some(place.index) && p.species == name)?;
        Some(Species { slot: at as u32, fixed: self.world.pools[at].fixed })
    }

    /// The species at `text`, `compartment.species`; `span` is where that stands.
    ///
    /// Fails if it is not of this form or if either part is unknown.
    pub fn place(&mut self, text: &str, span: Span) -> Result<Species, Diagnostic> {
        let Some((compartment, species)) = text.split_once('.') else {
            let message = format!("`{text}` does not say where");
            let d = Diagnostic::error("E0603", span, message, "expected `compartment.species`");
            return Err(match self.world.compartments.first() {
                Some((first, _)) => d.help(format!("for example `{first}.{text}`")),
                None => d,
            });
        };
        let place = self.compartment_named(compartment, span)?;
        self.species(species, &place, span)
    }

    fn unknown_species(&self, name: &str, span: Span) -> Diagnostic {
        let names = self.world.declared.iter().map(|(n, _)| n.as_str());
        let message = format!("there is no species `{name}`");
        let d = Diagnostic::error("E0602", span, message, "in no compartment's `fixed` or `initial`");
        d.help(did_you_mean(name, names).unwrap_or_else(|| format!("declare it with `[species.{name}]`")))
    }

    /// A species of the pathway's own, called `PATHWAY.NAME` in tables: the states of its carriers. Counts at the start are rounded
    /// unless the scenario asks for its mean.
    pub fn state(&mut self, name: &str, initial: f64) -> Species {
        let name = format!("{}.{name}", self.world.pathways[self.pathway as usize].name);
        let initial = if self.world.is_mean { initial } else { initial.round() };
        let pool = Pool {
            compartment: None,
            species: name.clone(),
            name,
            fixed: false,
            initial,
            entity: "carrier",
            tagged: false,
            variable: false,
        };
        self.world.add_pool(pool)
    }

    /// The law of times that `table` holds under `key`.
    ///
    /// Fails if its times are none.
    pub fn times(&self, table: &Table, key: &str) -> Result<Service, Diagnostic> {
        let law = table.table(key);
        let make = self.world.services.get(law.kind()).expect("the checker knows the kind").make;
        make(law).map_err(|found| first(&found))
    }

    /// What the pathway is called.
    pub fn name(&self) -> &str {
        &self.world.pathways[self.pathway as usize].name
    }
    /// When the run ends, if the scenario says; after an hour otherwise.
    pub fn end(&self) -> SimTime {
        self.world.end
    }

    /// Makes `species`, and what passes this pathway, count as vesicles in tables.
    pub fn is_vesicle(&mut self, species: Species) {
        self.counts_as(species, "vesicle");
        self.passes("vesicle");
    }
    /// What one of `species` is called in tables.
    pub fn counts_as(&mut self, species: Species, entity: &'static str) {
        self.world.pools[species.slot as usize].entity = entity;
    }
    /// What passes this pathway is called so in tables.
    pub fn passes(&mut self, entity: &'static str) {
        self.world.pathways[self.pathway as usize].entity = entity;
    }

    /// Adds a channel.
    ///
    /// # Panics
    /// If its law reads more than [`READS_MAX`] species: a bug in the kind.
    pub fn channel(&mut self, channel: Channel) {
        if let Law::Custom { reads, .. } = &channel.law {
            assert!(reads.len() <= READS_MAX, "a law of one's own reads at most {READS_MAX} species");
        }
        self.world.channels.push(Owned { pathway: self.pathway, channel, shape: None });
    }

    /// Multiplies the rate of the channel added last by the waveform that `table` names under `key`, if it names one.
    ///
    /// Fails if there is none of that name, or if it is no factor.
    pub fn follow(&mut self, table: &Table, key: &str) -> Result<(), Diagnostic> {
        let last = self.world.channels.len().saturating_sub(1);
        self.follow_from(last, table, key)
    }
    /// The same of all channels of the pathway.
    pub(super) fn follow_all(&mut self, table: &Table, key: &str) -> Result<(), Diagnostic> {
        let from = self.world.channels.partition_point(|owned| owned.pathway < self.pathway);
        self.follow_from(from, table, key)
    }
    fn follow_from(&mut self, from: usize, table: &Table, key: &str) -> Result<(), Diagnostic> {
        let Some(name) = table.opt_text(key) else { return Ok(()) };
        let span = table.span_of(key);
        self.world.waveforms.factor(name, span).map_err(|found| first(&found))?;
        for owned in &mut self.world.channels[from..] {
            if matches!(&owned.channel.law, Law::Delay { .. }) {
                let message = format!("`{}` has times, and no rate", table.path);
                let d = Diagnostic::error("E0613", span, message, "nothing that a waveform could multiply");
                return Err(d.help("leave out `shape`, or give a rate constant `k` instead of times"));
            }
            if matches!(&owned.channel.law, Law::Expression { follows, .. } if !follows.is_empty()) {
                let message = format!("`{}` reads waveforms already", table.path);
                let d = Diagnostic::error("E0613", span, message, "a rate that cannot be multiplied besides");
                return Err(match table.get("law").or(table.get("law_back")) {
                    Some(_) => d.help(format!("write `* {name}` into the law")),
                    None => d.help("leave out `shape`"),
                });
            }
            owned.shape = Some(name.into());
        }
        Ok(())
    }

    /// That there is a waveform called `name`, whose values are of `dimension` and never below zero.
    ///
    /// Fails if there is not.
    pub fn check_waveform(&self, name: &str, span: Span, dimension: Dimension) -> Result<(), Diagnostic> {
        self.world.waveforms.of(name, span, dimension).map(|_| ()).map_err(|found| first(&found))
    }
    /// The waveform called `name`, whose values are of `dimension`, whatever their sign.
    ///
    /// Fails if there is none such.
    pub fn waveform(&self, name: &str, span: Span, dimension: Dimension) -> Result<Waveform, Diagnostic> {
        self.world.waveforms.signed(name, span, dimension).cloned().map_err(|found| first(&found))
    }
    /// Adds a waveform of the pathway's own for its rates to follow; `name` has a dot in it, unlike those of files.
    pub fn add_waveform(&mut self, name: &str, waveform: Waveform) {
        self.world.waveforms.add(name, waveform);
    }
    /// That there is a waveform called `name`, whose values are of `dimension` and may be below zero.
    ///
    /// Fails if there is not.
    pub fn check_signed_waveform(&self, name: &str, span: Span, dimension: Dimension) -> Result<(), Diagnostic> {
        self.world.waveforms.signed(name, span, dimension).map(|_| ()).map_err(|found| first(&found))
    }
    /// Multiplies the rate of the channel added last by the waveform called `name`, in SI base units.
    pub fn follow_waveform(&mut self, name: &str) {
        if let Some(owned) = self.world.channels.last_mut() {
            owned.shape = Some(name.into());
        }
    }

    /// Makes the channel added last fire at the spikes of the train that `table` names under `spikes`: for each of `filled` with
    /// probability `u`, which spikes raise for a time of `tau_facil` s.
    ///
    /// Fails if there is no such train.
    pub(super) fn release_at_spikes(
        &mut self,
        filled: Species,
        table: &Table,
        u: f64,
        tau_facil: f64,
    ) -> Result<(), Diagnostic> {
        let name = table.text("spikes");
        let train = self.world.waveforms.trains().get(name, table.span_of("spikes"))?.clone();
        let channel = self.world.channels.len() as u32 - 1;
        let (path, train_name) = (table.path.clone(), name.into());
        self.world.releases.push(Release { path, train, train_name, channel, filled, u, tau_facil });
        Ok(())
    }

    /// Another passage of this pathway, called `PATHWAY.NAME` in tables: one more of the substrates that its carriers share.
    pub fn branch(&mut self, name: &str) -> PathwayBuilder<'_> {
        let Named { name: base, path, entity, .. } = &self.world.pathways[self.pathway as usize];
        let branch = Named { name: format!("{base}.{name}"), path: format!("{path}.{name}"), entity, busy: None };
        self.world.pathways.push(branch);
        let pathway = self.world.pathways.len() as u32 - 1;
        PathwayBuilder { world: self.world, pathway }
    }

    /// Makes the pathway report a utilization: the rate of the channel added last over `vmax` (1/s).
    pub fn busy_by_rate(&mut self, vmax: f64) {
        let channel = self.world.channels.len() as u32 - 1;
        self.world.pathways[self.pathway as usize].busy = Some(Busy::Rate(channel, vmax));
    }

    /// Makes the pathway report a utilization: the count of `species` over `capacity`.
    pub fn busy_by_count(&mut self, species: Species, capacity: f64) {
        self.busy_by_counts(&[species], capacity);
    }
    /// The same of several species together.
    pub fn busy_by_counts(&mut self, species: &[Species], capacity: f64) {
        self.world.pathways[self.pathway as usize].busy = Some(Busy::Count(species.to_vec(), capacity));
    }
}

/// The first of some findings.
pub(super) fn first(found: &Diagnostics) -> Diagnostic {
    found.iter().next().cloned().expect("there is one")
}

impl World {
    /// The pathways of which passages are told one by one.
    pub(super) fn told_pathways(&self) -> Vec<u32> {
        self.asked_passages.iter().map(|p| p.0.of).chain(self.gaps.iter().copied()).collect()
    }
    /// The ways out of species whose exits are told apart, species by species in the order of the pathways.
    pub(super) fn exits(&self) -> Vec<Exit> {
        let leaves = |owned: &Owned, slot: u32| {
            let count = |list: &[(Species, u32)]| list.iter().filter(|s| s.0.slot == slot).map(|s| s.1).sum::<u32>();
            count(&owned.channel.takes) > count(&owned.channel.gives)
        };
        let mut slots = self.split.clone();
        slots.sort_unstable();
        slots.dedup();
        let pathways = 0..self.pathways.len() as u32;
        let all = slots.into_iter().flat_map(|slot| pathways.clone().map(move |pathway| Exit { slot, pathway }));
        let is_way = |e: &Exit| self.channels.iter().any(|c| c.pathway == e.pathway && leaves(c, e.slot));
        all.filter(is_way).collect()
    }
    /// The waveform called `name`, or the time.
    pub(super) fn course(&self, name: &str) -> Course {
        let found = self.waveforms.get(name, Span::default());
        found.map_or_else(|_| Course::new(&Waveform::clock()), Course::new)
    }
    /// The variable called `name`.
    pub(super) fn variable(&self, name: &str) -> Option<Species> {
        let slot = self.pools.iter().position(|p| p.variable && p.name == name)?;
        Some(Species { slot: slot as u32, fixed: false })
    }
    pub(super) fn add_pool(&mut self, pool: Pool) -> Species {
        let species = Species { slot: self.pools.len() as u32, fixed: pool.fixed };
        self.pools.push(pool);
        species
    }
}
