//! What a model declares: compartments, species, parameters, functions, rules, reactions and events, as the file has them.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::config::{Diagnostic, Diagnostics, Span};

use super::math::{Formula, Name, read};
use super::rate_rule::{Course, steady_rate};
use super::units::Units;
use super::xml::{
    Element, child, children, flag, id, invalid, list, math, number, number_or_infinity, place, place_of, unsupported,
};

/// A compartment. Its volume in m^3 is for people: laws use its `size`.
#[derive(Clone, Debug)]
pub(super) struct Compartment {
    pub(super) id: String,
    pub(super) size: Option<f64>,
    /// m^3 in the unit of its size; none if it is no volume.
    pub(super) unit: Option<f64>,
    /// Whether it has no extent, so that its species have no concentration.
    pub(super) is_point: bool,
    pub(super) span: Span,
}

/// A species.
#[derive(Clone, Debug)]
pub(super) struct Species {
    pub(super) id: String,
    /// By index.
    pub(super) compartment: usize,
    pub(super) amount: Option<f64>,
    pub(super) concentration: Option<f64>,
    /// Whether its symbol stands for its amount rather than for its concentration.
    pub(super) is_amount: bool,
    /// Whether reactions leave it as it is.
    pub(super) boundary: bool,
    pub(super) constant: bool,
    pub(super) span: Span,
}

/// A function of the model's own.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) arguments: Vec<String>,
    pub(super) body: Formula,
}

/// A reaction.
#[derive(Clone, Debug)]
pub(super) struct Reaction {
    pub(super) id: String,
    pub(super) reversible: bool,
    pub(super) takes: Vec<(usize, u32)>,
    pub(super) gives: Vec<(usize, u32)>,
    pub(super) law: Formula,
    pub(super) law_span: Span,
    pub(super) local: BTreeMap<String, Option<f64>>,
    pub(super) span: Span,
}

/// What a name is given by a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assigned {
    /// Its value at the start.
    Initially,
    /// Its value at any time.
    Always,
}

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) trigger: Formula,
    pub(super) trigger_span: Span,
    /// Whether the trigger counts as true before the start.
    pub(super) initially: bool,
    /// Whether what it assigns is of the instant that set it off, whatever other events of that instant have changed before it.
    pub(super) at_trigger: bool,
    /// Whether it happens though its trigger no longer holds when it is its turn.
    pub(super) persistent: bool,
    /// How long after its trigger it happens, in the model's unit of time, and where that stands.
    pub(super) delay: Option<(Formula, Span)>,
    /// Which of the events of one instant goes first, if it says: that with the greatest. And where that stands.
    pub(super) priority: Option<(Formula, Span)>,
    pub(super) assignments: Vec<(Name, Formula)>,
    pub(super) span: Span,
}

/// A model as it stands in its file.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) level: u32,
    pub(super) version: String,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) units: Units,
    pub(super) compartments: Vec<Compartment>,
    pub(super) species: Vec<Species>,
    /// Values, where given.
    pub(super) parameters: BTreeMap<String, Option<f64>>,
    pub(super) functions: BTreeMap<String, Function>,
    pub(super) initial: BTreeMap<String, Formula>,
    /// Assignment rules, and rate rules as functions of the time.
    pub(super) rules: BTreeMap<String, Formula>,
    /// Parameters with a rate rule that events set back, or that start from a draw, and their rates.
    pub(super) clocks: BTreeMap<String, Formula>,
    /// What assignment rules and initial assignments are of, in the order of the file, and what that makes them.
    pub(super) assigned: Vec<(Name, Assigned)>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) events: Vec<Event>,
    /// Parts of the file that change nothing here.
    pub(super) ignored: Vec<&'static str>,
}

impl Model {
    /// Reads the model of an SBML document.
    ///
    /// Fails with everything in it that is wrong or not supported.
    pub(super) fn read(root: Element<'_>, particles: Option<f64>) -> Result<Self, Diagnostics> {
        let (level, version) = level(root)?;
        let Some(model) = child(root, "model") else {
            return Err(invalid(place(root), "the file has no model", "expected <model>").into());
        };
        let mut reader = Reader { level, found: Diagnostics::default(), species: BTreeMap::new() };
        let units = Units::read(model, level, particles)?;
        let mut this = Self {
            level,
            version,
            id: model.attribute("id").map(str::to_owned),
            name: model.attribute("name").map(str::to_owned),
            units,
            compartments: Vec::new(),
            species: Vec::new(),
            parameters: BTreeMap::new(),
            functions: BTreeMap::new(),
            initial: BTreeMap::new(),
            rules: BTreeMap::new(),
            clocks: BTreeMap::new(),
            assigned: Vec::new(),
            reactions: Vec::new(),
            events: Vec::new(),
            ignored: Vec::new(),
        };
        reader.packages(root);
        reader.read(model, &mut this);
        if reader.found.has_errors() { Err(reader.found) } else { Ok(this) }
    }
}

/// The level and version of SBML of the root.
fn level(root: Element<'_>) -> Result<(u32, String), Diagnostic> {
    if root.tag_name().name() != "sbml" {
        let message = format!("the root is <{}>", root.tag_name().name());
        return Err(Diagnostic::error("E0702", place(root), message, "expected <sbml>").help("is it an SBML file?"));
    }
    let version = root.attribute("version").unwrap_or("?").escape_debug().to_string();
    match root.attribute("level") {
        Some("2") => Ok((2, version)),
        Some("3") => Ok((3, version)),
        other => {
            let message = format!("SBML Level {} is not supported", other.unwrap_or("?").escape_debug());
            let d = Diagnostic::error("E0702", place_of(root, "level"), message, "expected 2 or 3");
            Err(d.help("convert it to Level 3 (libSBML and its online converter do)"))
        }
    }
}

struct Reader {
    level: u32,
    found: Diagnostics,
    /// Indices by id.
    species: BTreeMap<String, usize>,
}

impl Reader {
    /// Refuses packages that a model cannot be understood without.
    fn packages(&mut self, root: Element<'_>) {
        for a in root.attributes().filter(|a| a.name() == "required" && a.namespace().is_some() && a.value() != "false")
        {
            let namespace = a.namespace().unwrap_or_default();
            if namespace.ends_with("/distrib/version1") {
                continue;
            }
            let package = root
                .namespaces()
                .find(|n| n.uri() == namespace)
                .and_then(roxmltree::Namespace::name)
                .unwrap_or(namespace);
            let at = super::xml::span(&a.range());
            let what = format!("the package `{}`", package.escape_debug());
            self.found.push(unsupported(at, what, "only the core of SBML and draws (`distrib`) are read"));
        }
    }

    fn each<'a, T>(
        &mut self,
        items: impl IntoIterator<Item = Element<'a>>,
        mut f: impl FnMut(&mut Self, Element<'a>) -> Result<T, Diagnostic>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for item in items {
            match f(self, item) {
                Ok(t) => all.push(t),
                Err(d) => self.found.push(d),
            }
        }
        all
    }

    fn read(&mut self, model: Element<'_>, to: &mut Model) {
        if let Some(factor) = model.attribute("conversionFactor") {
            let what = format!("`conversionFactor` (`{}`)", factor.escape_debug());
            self.found.push(unsupported(place_of(model, "conversionFactor"), what, "give amounts in one unit"));
        }
        for part in children(model) {
            match part.tag_name().name() {
                "listOfConstraints" => to.ignored.push("constraints"),
                "listOfCompartmentTypes" | "listOfSpeciesTypes" => to.ignored.push("types of compartments and species"),
                _ => {}
            }
        }
        to.compartments = self.each(list(model, "listOfCompartments"), |_, e| compartment(e, &to.units));
        let places: BTreeMap<&str, usize> = to.compartments.iter().map(|c| c.id.as_str()).zip(0..).collect();
        to.species = self.each(list(model, "listOfSpecies"), |_, e| species(e, &places, &to.compartments, &to.units));
        self.species = to.species.iter().map(|s| s.id.clone()).zip(0..).collect();
        to.parameters = self.each(list(model, "listOfParameters"), |_, e| parameter(e)).into_iter().collect();
        to.functions = self.each(list(model, "listOfFunctionDefinitions"), |_, e| function(e)).into_iter().collect();
        let initial = self.each(list(model, "listOfInitialAssignments"), |_, e| assignment(e, "symbol"));
        to.initial = initial.into_iter().collect();
        let (rates, rules): (Vec<_>, Vec<_>) =
            list(model, "listOfRules").into_iter().partition(|e| e.tag_name().name() == "rateRule");
        let targets = list(model, "listOfInitialAssignments").into_iter().map(|e| (e, "symbol", Assigned::Initially));
        let targets = targets.chain(rules.iter().map(|e| (*e, "variable", Assigned::Always)));
        to.assigned = targets
            .filter_map(|(e, key, how)| Some((Name { id: e.attribute(key)?.to_owned(), span: place_of(e, key) }, how)))
            .collect();
        to.rules = self.each(rules, |_, e| rule(e)).into_iter().collect();
        to.reactions = self.each(list(model, "listOfReactions"), |this, e| this.reaction(e, &to.units));
        to.events = self.each(list(model, "listOfEvents"), |_, e| event(e));
        let moving: BTreeSet<&str> = rates.iter().filter_map(|e| e.attribute("variable")).collect();
        let ruled = self.each(rates.iter().copied(), |_, e| steady_rate(e, to, &moving));
        for (id, course) in ruled {
            match course {
                Course::Whole(formula) => to.rules.insert(id, formula),
                Course::Clock(rate) => to.clocks.insert(id, rate),
            };
        }
        self.once(model);
    }

    /// Reports what is declared twice.
    fn once(&mut self, model: Element<'_>) {
        let lists = ["listOfCompartments", "listOfSpecies", "listOfParameters", "listOfFunctionDefinitions"];
        let mut seen = BTreeSet::new();
        for e in lists.into_iter().chain(["listOfReactions"]).flat_map(|name| list(model, name)) {
            if let Some(id) = e.attribute("id")
                && !seen.insert(id)
            {
                let message = format!("`{}` is declared twice", id.escape_debug());
                self.found.push(invalid(place_of(e, "id"), message, "the second time"));
            }
        }
    }

    fn reaction(&mut self, e: Element<'_>, units: &Units) -> Result<Reaction, Diagnostic> {
        let id = id(e, "id")?.to_owned();
        if flag(e, "fast", false)? {
            return Err(unsupported(
                place_of(e, "fast"),
                "a fast reaction",
                "give it a rate, or work it into the others",
            ));
        }
        let Some(kinetics) = child(e, "kineticLaw") else {
            return Err(invalid(place(e), format!("reaction `{id}` has no <kineticLaw>"), "how often does it fire?"));
        };
        // Level 2 had them in its first versions.
        for (key, what) in [("substanceUnits", "substance"), ("timeUnits", "time")] {
            if let Some(unit) = kinetics.attribute(key) {
                let what = format!("a unit of {what} of its own of the law of `{id}`");
                units.same(unit, place_of(kinetics, key), &what)?;
            }
        }
        let formula = math(kinetics)?;
        let mut local = BTreeMap::new();
        for p in list(kinetics, "listOfParameters").into_iter().chain(list(kinetics, "listOfLocalParameters")) {
            let (name, value) = parameter(p)?;
            local.insert(name, value);
        }
        Ok(Reaction {
            id,
            reversible: flag(e, "reversible", true)?,
            takes: self.side(e, "listOfReactants")?,
            gives: self.side(e, "listOfProducts")?,
            law: read(formula)?,
            law_span: place(kinetics),
            local,
            span: place(e),
        })
    }

    /// The species of one side of a reaction and how many of each.
    fn side(&self, reaction: Element<'_>, side: &str) -> Result<Vec<(usize, u32)>, Diagnostic> {
        let mut all: Vec<(usize, u32)> = Vec::new();
        for e in list(reaction, side) {
            let name = id(e, "species")?;
            let Some(&species) = self.species.get(name) else {
                return Err(invalid(
                    place_of(e, "species"),
                    format!("there is no species `{name}`"),
                    "not in the model",
                ));
            };
            if let Some(m) = child(e, "stoichiometryMath") {
                return Err(unsupported(place(m), "<stoichiometryMath>", "give `stoichiometry` as a number"));
            }
            let n = match number(e, "stoichiometry")? {
                None if self.level == 2 => 1.0,
                None => return Err(invalid(place(e), "no `stoichiometry`", "expected a number")),
                Some(n) => n,
            };
            if n.fract() != 0.0 || !(0.0..=1e6).contains(&n) {
                let at = place_of(e, "stoichiometry");
                return Err(unsupported(
                    at,
                    format!("the stoichiometry {n}"),
                    "molecules react in whole numbers, up to a million",
                ));
            }
            match all.iter_mut().find(|s| s.0 == species) {
                Some(same) => same.1 = same.1.saturating_add(n as u32),
                None => all.push((species, n as u32)),
            }
        }
        all.retain(|s| s.1 > 0);
        Ok(all)
    }
}

fn event(e: Element<'_>) -> Result<Event, Diagnostic> {
    let trigger = child(e, "trigger");
    let Some(trigger) = trigger else { return Err(invalid(place(e), "an event without <trigger>", "when?")) };
    let formula_of = |name| child(e, name).map(|found| Ok((read(math(found)?)?, place(found)))).transpose();
    let (delay, priority) = (formula_of("delay")?, formula_of("priority")?);
    let formula = math(trigger)?;
    let mut assignments = Vec::new();
    for a in list(e, "listOfEventAssignments") {
        let (id, formula) = assignment(a, "variable")?;
        assignments.push((Name { id, span: place_of(a, "variable") }, formula));
    }
    if assignments.is_empty() {
        return Err(invalid(place(e), "an event that assigns nothing", "would do nothing"));
    }
    Ok(Event {
        id: e.attribute("id").is_some().then(|| id(e, "id").map(str::to_owned)).transpose()?,
        trigger: read(formula)?,
        trigger_span: place(trigger),
        // Level 2 has no such attribute: there an event can happen only after the start.
        initially: flag(trigger, "initialValue", true)?,
        at_trigger: flag(e, "useValuesFromTriggerTime", true)?,
        persistent: flag(trigger, "persistent", true)?,
        delay,
        priority,
        assignments,
        span: place(e),
    })
}

fn compartment(e: Element<'_>, units: &Units) -> Result<Compartment, Diagnostic> {
    let dimensions = number(e, "spatialDimensions")?.unwrap_or(3.0);
    let size = number(e, "size")?;
    let id = id(e, "id")?.to_owned();
    if size.is_some_and(|s| s <= 0.0) {
        return Err(invalid(place_of(e, "size"), format!("compartment `{id}` has no extent"), "must be above zero"));
    }
    let unit = if dimensions == 3.0 { Some(units.volume_of(e)?) } else { None };
    Ok(Compartment { id, size, unit, is_point: dimensions == 0.0, span: place(e) })
}

fn species(
    e: Element<'_>,
    places: &BTreeMap<&str, usize>,
    compartments: &[Compartment],
    units: &Units,
) -> Result<Species, Diagnostic> {
    let name = id(e, "id")?.to_owned();
    let home = id(e, "compartment")?;
    let Some(&compartment) = places.get(home) else {
        return Err(invalid(
            place_of(e, "compartment"),
            format!("there is no compartment `{home}`"),
            "not in the model",
        ));
    };
    if e.attribute("conversionFactor").is_some() {
        let what = format!("`conversionFactor` of `{name}`");
        return Err(unsupported(place_of(e, "conversionFactor"), what, "give amounts in one unit"));
    }
    if let Some(unit) = e.attribute("substanceUnits") {
        let what = format!("a unit of substance of its own of `{name}`");
        units.same(unit, place_of(e, "substanceUnits"), &what)?;
    }
    // Level 2 had it in its first versions: the unit of size of its concentration.
    if let Some(unit) = e.attribute("spatialSizeUnits")
        && units.size_of(unit) != compartments[compartment].unit
    {
        let what = format!("a unit of size of its own of `{name}`");
        return Err(unsupported(place_of(e, "spatialSizeUnits"), what, "use that of its compartment"));
    }
    Ok(Species {
        id: name,
        compartment,
        amount: number(e, "initialAmount")?,
        concentration: number(e, "initialConcentration")?,
        is_amount: flag(e, "hasOnlySubstanceUnits", false)?,
        boundary: flag(e, "boundaryCondition", false)?,
        constant: flag(e, "constant", false)?,
        span: place(e),
    })
}

fn parameter(e: Element<'_>) -> Result<(String, Option<f64>), Diagnostic> {
    Ok((id(e, "id")?.to_owned(), number_or_infinity(e, "value")?))
}

fn function(e: Element<'_>) -> Result<(String, Function), Diagnostic> {
    // As drafts of the package had it.
    if let Some(draw) = e.children().find(|c| c.tag_name().name() == "drawFromDistribution") {
        let help = "write the draw where it is made, as the csymbol that the final version of `distrib` has";
        return Err(unsupported(place(draw), "<drawFromDistribution> of a function", help));
    }
    let lambda = math(e)?;
    if lambda.tag_name().name() != "lambda" {
        return Err(invalid(place(lambda), "a function that is no <lambda>", "expected <lambda>"));
    }
    let mut arguments = Vec::new();
    let mut body = None;
    for part in lambda.children().filter(Element::is_element) {
        if part.tag_name().name() == "bvar" {
            let name = part.children().find(Element::is_element).and_then(|c| c.text()).unwrap_or_default();
            arguments.push(name.trim().to_owned());
        } else {
            body = Some(read(part)?);
        }
    }
    let body = body.ok_or_else(|| invalid(place(lambda), "a function without a formula", "expected one"))?;
    Ok((id(e, "id")?.to_owned(), Function { arguments, body }))
}

pub(super) fn assignment(e: Element<'_>, target: &str) -> Result<(String, Formula), Diagnostic> {
    Ok((id(e, target)?.to_owned(), read(math(e)?)?))
}

fn rule(e: Element<'_>) -> Result<(String, Formula), Diagnostic> {
    match e.tag_name().name() {
        "assignmentRule" => assignment(e, "variable"),
        other => {
            let of = e.attribute("variable").map_or(String::new(), |v| format!(" of `{}`", v.escape_debug()));
            let help = "counts change by reactions and events; a rate may depend on the time by the symbol `time`";
            Err(unsupported(place(e), format!("<{}>{of}", other.escape_debug()), help))
        }
    }
}
