//! From the checked sections of a scenario to compartments, species, pathways and their channels.

use sim_core::config::{Diagnostic, Diagnostics, Span, Table};
use sim_core::quantity::{Dimension, Quantity};

use super::builder::{Channel, Compartment, Named, Owned, PathwayBuilder, Pool, World, first};
use super::law::{AVOGADRO, Law, Species};
use super::{dwell, jump, mean, observable, reaction, spikes, variable};
use crate::BuildContext;
use crate::common::spikes::run_end;
use crate::probe;

/// Counts above this are no longer whole in the arithmetic used.
pub(super) const COUNT_MAX: f64 = 9_007_199_254_740_992.0;

/// The named tables of a section, in the order of the file.
pub(super) fn tables<'a>(scenario: &'a Table, section: &str) -> impl Iterator<Item = (&'a str, Span, &'a Table)> {
    let entries = scenario.opt_table(section).map_or(&[][..], |t| &t.entries);
    entries.iter().filter_map(|(name, span, v)| Some((name.as_str(), *span, v.as_table()?)))
}

/// Builds the world that `scenario` describes.
///
/// Fails with everything that is wrong with it.
pub(super) fn assemble(scenario: &Table, context: &BuildContext<'_>) -> Result<World, Diagnostics> {
    let registry = context.registry;
    let mut world = World {
        waveforms: context.waveforms.clone(),
        services: registry.services.clone(),
        end: run_end(scenario),
        is_mean: mean::is_asked(scenario),
        ..World::default()
    };
    let mut findings = Diagnostics::default();
    declare(scenario, &mut world);
    for (name, span, table) in tables(scenario, "compartment") {
        if let Err(d) = compartment(name, span, table, &mut world) {
            findings.push(d);
        }
    }
    variable::add(scenario, &mut world, &mut findings);
    // Pathways may be without species: release sites that nothing refills. Those that name a place say what is missing.
    let is_placeless = scenario.named("pathway").next().is_some() && scenario.named("reaction").next().is_none();
    if world.compartments.is_empty() && world.pools.is_empty() && !is_placeless && !findings.has_errors() {
        let d = Diagnostic::error("E0601", scenario.span, "there is no compartment", "species live in compartments");
        findings.push(d.help("add `[compartment.cell]` with a `volume` and what it holds at first"));
    }
    for (name, _, table) in tables(scenario, "pathway") {
        let kind = registry.pathways.get(table.kind()).expect("the checker knows the kind");
        let mut builder = begin(&mut world, name, table);
        if let Err(d) = (kind.make)(table, &mut builder).and_then(|()| builder.follow_all(table, "shape")) {
            findings.push(d);
        }
    }
    for (name, span, table) in tables(scenario, "reaction") {
        if world.pathways.iter().any(|p| p.name == name) {
            let message = format!("`{name}` is the name of a pathway and of a reaction");
            findings.push(Diagnostic::error("E0608", span, message, "tables could not tell them apart"));
        }
        if let Err(found) = reaction::make(table, &mut begin(&mut world, name, table)) {
            findings.extend(found);
        }
    }
    check_delays(scenario, &world, &mut findings);
    jump::add(scenario, &mut world, &mut findings);
    observable::add(scenario, &mut world, &mut findings);
    let (probes, wrong) = probe::of(scenario, crate::World::Biology, registry);
    findings.extend(wrong);
    // A mean has no molecules to follow.
    let is_mean = world.is_mean;
    for table in probes.into_iter().filter(|table| !is_mean || table.kind() == "count") {
        let done = match table.kind() {
            "count" => sample(table, &mut world),
            "states" | "first_passage" => states(table, &mut world),
            "passages" => passages(table, &mut world),
            "tail" => {
                tail(table, &mut world);
                Ok(())
            }
            "per_spike" => spikes::count(table, &mut world),
            "dwell" => dwell::add(table, scenario, &mut world),
            _ => follow(table, &mut world),
        };
        if let Err(d) = done {
            findings.push(d);
        }
    }
    if world.pathways.is_empty() && world.pools.iter().all(|p| p.fixed) && !findings.has_errors() {
        let message = "nothing moves in this scenario";
        let d = Diagnostic::error("E0300", scenario.span, message, "no species whose count changes, and no pathway");
        findings.push(
            d.help("say what a compartment holds at first (`initial`), and add a [pathway.NAME] by which it leaves"),
        );
    }
    if findings.has_errors() { Err(findings) } else { Ok(world) }
}

fn begin<'a>(world: &'a mut World, name: &str, table: &Table) -> PathwayBuilder<'a> {
    let (name, path) = (name.to_owned(), table.path.clone());
    world.pathways.push(Named { name, path, entity: "molecule", busy: None });
    let pathway = world.pathways.len() as u32 - 1;
    PathwayBuilder { world, pathway }
}

/// What is under way leaves by its own pathway, and there is not too much of it.
fn check_delays(scenario: &Table, world: &World, findings: &mut Diagnostics) {
    let delayed = |owned: &Owned| if let Law::Delay { of, .. } = owned.channel.law { Some(of) } else { None };
    for (q, of) in world.channels.iter().enumerate().filter_map(|(q, owned)| Some((q, delayed(owned)?))) {
        let (pool, own) = (&world.pools[of.slot as usize], &world.pathways[world.channels[q].pathway as usize]);
        let span =
            scenario.named("pathway").find(|p| p.1.path == own.path).map_or(scenario.span, |p| p.1.span_of("from"));
        let mut refuse = |message: String, label: &str, help: &str| {
            findings.push(Diagnostic::error("E0615", span, message, label).help(help));
        };
        let takes = |owned: &Owned| owned.channel.takes.iter().any(|(s, _)| *s == of);
        if let Some((_, other)) = world.channels.iter().enumerate().find(|(i, other)| *i != q && takes(other)) {
            let message = format!("`{}` takes of `{}`, too", world.pathways[other.pathway as usize].path, pool.name);
            let help = "give a rate constant `k` instead of times, or let the other take them from where these go";
            refuse(message, "everything here leaves when its time has passed", help);
        }
        if pool.fixed {
            let message = format!("`{}` is held constant", pool.name);
            refuse(message, "nothing comes to it whose time could pass", "give it under `initial`");
        }
        if pool.initial > FOLLOWED_MAX {
            let message = format!("{:e} of `{}` are under way at first", pool.initial, pool.name);
            refuse(
                message,
                "at most 1e8",
                "give a rate constant `k` instead of times: that costs the same for any count",
            );
        }
    }
}

/// Notes all species that the file names as being there.
fn declare(scenario: &Table, world: &mut World) {
    for (name, _, table) in tables(scenario, "species") {
        let entity = match table.text("entity") {
            "vesicle" => "vesicle",
            "ion" => "ion",
            _ => "molecule",
        };
        world.declared.push((name.to_owned(), entity));
    }
    for (_, _, table) in tables(scenario, "compartment") {
        for key in ["fixed", "initial"] {
            for (name, ..) in table.opt_table(key).map_or(&[][..], |t| &t.entries) {
                if !world.declared.iter().any(|(n, _)| n == name) {
                    world.declared.push((name.clone(), "molecule"));
                }
            }
        }
    }
}

fn compartment(name: &str, span: Span, table: &Table, world: &mut World) -> Result<(), Diagnostic> {
    let volume = table.quantity("volume").value;
    if name.contains('.') {
        return Err(Diagnostic::error("E0609", span, format!("`{name}` has a dot in it"), "names of places have dots"));
    }
    let place = Compartment { index: world.compartments.len(), volume };
    world.compartments.push((name.to_owned(), place));
    if volume <= 0.0 {
        let message = format!("`{}` has no volume", table.path);
        return Err(Diagnostic::error("E0609", table.span_of("volume"), message, "must be above zero"));
    }
    for (key, fixed) in [("fixed", true), ("initial", false)] {
        for (species, span, value) in table.opt_table(key).map_or(&[][..], |t| &t.entries) {
            let Some(quantity) = value.as_quantity() else { continue };
            let initial = count(quantity, &place, !fixed && !world.is_mean).map_err(|label| {
                Diagnostic::error("E0609", value.span, format!("`{}.{key}.{species}` is no count", table.path), label)
            })?;
            if world.pools.iter().any(|p| p.compartment == Some(place.index) && p.species == *species) {
                let message = format!("`{species}` in `{name}` is both held constant and given at first");
                return Err(Diagnostic::error("E0609", *span, message, "give it under `fixed` or under `initial`"));
            }
            let entity = world.declared.iter().find(|d| d.0 == *species).map_or("molecule", |d| d.1);
            let name = format!("{name}.{species}");
            let compartment = Some(place.index);
            let species = species.clone();
            world.add_pool(Pool { compartment, species, name, fixed, initial, entity, tagged: false, variable: false });
        }
    }
    Ok(())
}

/// The count that `quantity` amounts to in `place`. A `whole` one is rounded if it is a concentration or an amount; if
/// it is a count it must be whole by itself.
pub(super) fn count(quantity: Quantity, place: &Compartment, whole: bool) -> Result<f64, String> {
    let given = matches!(quantity.dimension, Dimension::NUMBER | Dimension::ITEMS);
    let n = match quantity.dimension {
        Dimension::CONCENTRATION => place.molecules(quantity.value),
        Dimension::AMOUNT => quantity.value * AVOGADRO,
        _ => quantity.value,
    };
    if !n.is_finite() || (whole && n > COUNT_MAX) {
        return Err(format!("{n:e} molecules are too many to count one by one; hold it constant with `fixed`"));
    }
    if whole && given && n.fract() != 0.0 {
        return Err(String::from("expected a whole number of molecules"));
    }
    Ok(if whole { n.round() } else { n })
}

/// The slot of the species that a probe is of, or of the state of a channel or carrier, which cannot be `followed` one by one.
///
/// Fails if there is none, or if its count does not change.
fn probed(table: &Table, world: &World, followed: bool) -> Result<usize, Diagnostic> {
    let (of, span) = (table.text("of"), table.span_of("of"));
    let fits = |p: &Pool| p.compartment.is_some() || !followed;
    let names = world.pools.iter().filter(|p| !p.fixed && fits(p)).map(|p| p.name.as_str());
    let Some(at) = world.pools.iter().position(|p| p.name == of && fits(p)) else {
        let expected = if followed {
            "expected `compartment.species`"
        } else {
            "expected `compartment.species`, `pathway.state` of a channel or carrier, a variable or an observable"
        };
        let d = Diagnostic::error("E0602", span, format!("there is no `{of}` to follow"), expected);
        return Err(match sim_core::config::did_you_mean(of, names.clone()) {
            Some(near) => d.help(near),
            None => d.help(format!("there are: {}", names.collect::<Vec<_>>().join(", "))),
        });
    };
    if world.pools[at].fixed {
        let message = format!("`{of}` is held constant: its molecules neither come nor go");
        return Err(Diagnostic::error("E0609", span, message, "expected a species whose count changes"));
    }
    Ok(at)
}

/// `[probe.NAME] kind = "count"`: how many there are at certain times, or what a variable or an observable then is.
fn sample(table: &Table, world: &mut World) -> Result<(), Diagnostic> {
    let of = table.text("of");
    let is_held = world.pools.iter().any(|p| p.fixed && p.name == of);
    let known = world.observables.iter().position(|o| o.name == of);
    let slot = match known {
        Some(observable) => world.pools.len() + observable,
        None if is_held => {
            // What is held constant is told as an observable, which interventions may change.
            let span = table.span_of("of");
            observable::observe(of, of, span, world).map_err(|found| first(&found))?;
            world.pools.len() + world.observables.len() - 1
        }
        None => probed(table, world, false)?,
    } as u32;
    if table.text("metric") != probe::HELD_NOW {
        let message = format!("a cell has no level `{}`", table.text("metric"));
        return Err(Diagnostic::error("E0609", table.span_of("metric"), message, "expected \"occupancy\""));
    }
    for instant in probe::instants(table)? {
        let name = instant.name();
        is_new(&name, instant.span, world)?;
        world.samples.push((slot, instant.ticks, name));
    }
    Ok(())
}

/// `[probe.NAME]` of kind `states` and `first_passage`: for what share of the time there are so many, and when there first are.
fn states(table: &Table, world: &mut World) -> Result<(), Diagnostic> {
    let of = table.text("of");
    let is_variable = world.pools.iter().any(|p| p.variable && p.name == of);
    if is_variable || world.observables.iter().any(|o| o.name == of) {
        let what = if is_variable { "a variable" } else { "an observable" };
        let message = format!("`{of}` is {what}, and no count");
        let d = Diagnostic::error("E0609", table.span_of("of"), message, "expected a species whose count changes");
        return Err(d.help(
            "its values at certain times are told by `kind = \"count\"`; the share of time with a condition by an `[observable.NAME]`, \
             `value = \"A + B > 3\"`",
        ));
    }
    let slot = probed(table, world, false)? as u32;
    for (question, name) in probe::states(table, slot)? {
        is_new(&name, table.span, world)?;
        world.states.push((question, name));
    }
    Ok(())
}

/// `[probe.NAME] kind = "passages"`: when what passes passes.
fn passages(table: &Table, world: &mut World) -> Result<(), Diagnostic> {
    let (of, span) = (table.text("of"), table.span_of("of"));
    let Some(pathway) = world.pathways.iter().position(|p| p.name == of) else {
        let names = || world.pathways.iter().map(|p| p.name.as_str());
        let message = format!("there is no `{of}` to look at");
        let d = Diagnostic::error("E0602", span, message, "expected a pathway or a reaction");
        let all = || format!("there are: {}", names().collect::<Vec<_>>().join(", "));
        return Err(d.help(sim_core::config::did_you_mean(of, names()).unwrap_or_else(all)));
    };
    for (question, name) in probe::passages(table, pathway as u32)? {
        is_new(&name, table.span, world)?;
        world.asked_passages.push((question, name));
    }
    Ok(())
}

/// `[probe.NAME] kind = "tail"`: read when all components are known; until then, of which pathways passages are to be told.
fn tail(table: &Table, world: &mut World) {
    if table.text("metric") == "interval" {
        let pathway = world.pathways.iter().position(|p| p.name == table.text("of"));
        world.gaps.extend(pathway.map(|p| p as u32));
    }
}

/// Fails if another probe tells of the same.
fn is_new(name: &str, span: Span, world: &World) -> Result<(), Diagnostic> {
    let samples = world.samples.iter().map(|s| &s.2);
    let asked = world.states.iter().map(|s| &s.1).chain(world.asked_passages.iter().map(|p| &p.1));
    if samples.chain(asked).any(|known| known == name) {
        let message = format!("two probes tell of `{name}`");
        return Err(Diagnostic::error("E0608", span, message, "tables could not tell them apart"));
    }
    Ok(())
}

/// `[probe.NAME] kind = "residence"`: entities of a species are followed one by one.
fn follow(table: &Table, world: &mut World) -> Result<(), Diagnostic> {
    let at = probed(table, world, true)?;
    let (of, span) = (table.text("of"), table.span_of("of"));
    if table.get("split_by").is_some() {
        world.split.push(at as u32);
    }
    let pool = &mut world.pools[at];
    if pool.initial > FOLLOWED_MAX {
        let message = format!("`{of}` begins with {:e} molecules", pool.initial);
        return Err(Diagnostic::error("E0609", span, message, format!("at most {FOLLOWED_MAX:e} can be followed")));
    }
    pool.tagged = true;
    Ok(())
}

/// Warnings about species that are followed and bind to explicit carriers: what is measured ends with the binding.
pub(super) fn bound_while_followed(scenario: &Table, world: &World) -> Diagnostics {
    let mut found = Diagnostics::default();
    for (_, table) in scenario.named("probe").filter(|(_, t)| t.kind() == "residence") {
        let Some(of) = table.opt_text("of") else { continue };
        // Carriers are in no compartment.
        let binds = |owned: &&Owned| {
            let name = |s: Species| world.pools[s.slot as usize].name == of;
            let is_carrier = |s: Species| world.pools[s.slot as usize].compartment.is_none();
            let Channel { takes, gives, .. } = &owned.channel;
            takes.iter().any(|t| name(t.0))
                && takes.iter().any(|t| is_carrier(t.0))
                && gives.iter().all(|g| is_carrier(g.0))
        };
        if let Some(owned) = world.channels.iter().find(binds) {
            let pump = &world.pathways[owned.pathway as usize];
            let message = format!("`{of}` binds to the carriers of `{}` one by one", pump.path);
            let label = "residence times are from one binding or release to the next";
            let d = Diagnostic::warning("W0626", table.span_of("of"), message, label);
            found.push(d.help(format!("what leaves for good is the throughput of `{}`", pump.name)));
        }
    }
    found
}

/// Following takes 8 bytes a molecule.
pub(super) const FOLLOWED_MAX: f64 = 1e8;
