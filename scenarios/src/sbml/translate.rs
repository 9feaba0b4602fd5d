//! From a model to the text of a scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sim_core::config::{Diagnostic, Diagnostics, Span};

use super::law::{split, subtracts};
use super::math::{Expr, Name};
use super::model::{Assigned, Model, Reaction};
use super::print::{Names, formula, is_reserved, number, quoted};
use super::resolve::{Resolved, Resolver, Symbol, apply};
use super::xml::{invalid, unsupported};
use super::{event, observable, variable};

/// Counts above this are no longer whole in the arithmetic used.
const COUNT_MAX: f64 = 9_007_199_254_740_992.0;
/// Runs last so many of the model's units of time: SBML does not say how long.
const DURATION: f64 = 100.0;

/// What becomes of a species.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Its count changes, by reactions and events.
    Counted,
    /// It is a number that events assign, or that is drawn at the start.
    Variable,
    /// It is held constant.
    Fixed,
    /// It follows from others by a rule, and is worked in wherever it is read.
    Ruled,
}

/// A model with what its parts become.
pub(super) struct Translator<'a> {
    pub(super) model: &'a Model,
    pub(super) resolver: Resolver<'a>,
    pub(super) roles: Vec<Role>,
    /// The parameters that are variables, and what those are called.
    pub(super) variables: BTreeMap<Symbol, String>,
    /// What species and variables are called in laws.
    pub(super) known: BTreeMap<Symbol, String>,
    pub(super) found: Diagnostics,
    /// By reaction: what its parameters are called.
    pub(super) parameters: Vec<Names>,
    /// By reaction: the parameters that its laws read.
    pub(super) uses: Vec<Vec<Symbol>>,
}

/// The text of the scenario that `model`, of the file called `file`, amounts to; it is called `fallback` if the model has no name.
///
/// Fails with everything that cannot be translated.
pub(super) fn scenario(model: &Model, file: &str, fallback: &str) -> Result<String, Diagnostics> {
    let mut t = Translator::new(model);
    t.check_targets();
    let variables = variable::sections(&mut t);
    let compartments = t.compartments();
    let reactions: Vec<String> = (0..model.reactions.len()).map(|r| t.reaction(r)).collect();
    let observables = observable::sections(&mut t);
    let events = event::all(&mut t);
    if t.found.has_errors() {
        return Err(t.found);
    }
    Ok(t.head(file, fallback) + &variables + &compartments + &reactions.concat() + &observables + &events)
}

impl<'a> Translator<'a> {
    fn new(model: &'a Model) -> Self {
        let resolver = Resolver::new(model);
        let role = |(i, s): (usize, &super::model::Species)| {
            let is_set = variable::is_assigned(model, &s.id) || resolver.is_drawn(&s.id);
            if model.rules.contains_key(&s.id) {
                Role::Ruled
            } else if is_set && !variable::is_changed_by_reactions(model, i) {
                Role::Variable
            } else if !s.boundary && !s.constant {
                Role::Counted
            } else {
                Role::Fixed
            }
        };
        let roles: Vec<Role> = model.species.iter().enumerate().map(role).collect();
        let is_there = |role: Role| matches!(role, Role::Counted | Role::Fixed);
        let mut homes: Vec<usize> =
            model.species.iter().zip(&roles).filter(|s| is_there(*s.1)).map(|s| s.0.compartment).collect();
        homes.sort_unstable();
        homes.dedup();
        let name = |(s, role): (&super::model::Species, &Role)| {
            if *role == Role::Variable {
                return if is_reserved(&s.id) { format!("{}_", s.id) } else { s.id.clone() };
            }
            let dotted = format!("{}.{}", model.compartments[s.compartment].id, s.id);
            if homes.len() > 1 || is_reserved(&s.id) { dotted } else { s.id.clone() }
        };
        let variables = variable::parameters(model, &resolver);
        let counts = model.species.iter().zip(&roles).map(name).enumerate();
        let known = counts.map(|(s, name)| (Symbol::Count(s), name)).chain(variables.clone()).collect();
        let (parameters, uses) = (Vec::new(), Vec::new());
        Self { model, resolver, roles, variables, known, found: Diagnostics::default(), parameters, uses }
    }

    /// What a species or variable is called in laws.
    pub(super) fn name_of(&self, symbol: &Symbol) -> &str {
        self.known.get(symbol).map_or("", String::as_str)
    }

    /// The formula with the values of parameters and sizes in their places, where they have no names: outside reactions.
    pub(super) fn with_values(&self, e: &Resolved, span: Span) -> Result<Resolved, Diagnostic> {
        Ok(match e {
            Expr::Symbol(symbol) if !self.known.contains_key(symbol) => {
                Expr::Number(self.resolver.value(symbol, None, span)?)
            }
            Expr::Apply(op, operands) => {
                Expr::Apply(*op, operands.iter().map(|e| self.with_values(e, span)).collect::<Result<_, _>>()?)
            }
            other => other.clone(),
        })
    }

    /// The species' name with its compartment.
    pub(super) fn path(&self, species: usize) -> String {
        let s = &self.model.species[species];
        format!("{}.{}", self.model.compartments[s.compartment].id, s.id)
    }

    /// That rules and initial assignments are of something that can have a value, one each.
    fn check_targets(&mut self) {
        let mut seen = BTreeSet::new();
        for (Name { id, span }, how) in &self.model.assigned {
            let what = if *how == Assigned::Always { "a rule" } else { "an initial assignment" };
            let is_size = self.resolver.is_compartment(id);
            let is_known = self.resolver.species(id).is_some() || self.model.parameters.contains_key(id) || is_size;
            let d = if !is_known {
                let what = format!("{what} of `{id}`, which is no species, parameter or compartment,");
                unsupported(*span, what, "stoichiometries are constant")
            } else if *how == Assigned::Always && self.rule_draws(id, *span) {
                let help = "a rule holds all the time: there would be no end of draws; let an event assign it";
                unsupported(*span, format!("a draw in the rule of `{id}`"), help)
            } else if is_size && *how == Assigned::Always {
                unsupported(*span, format!("a rule for the size of `{id}`"), "sizes are constant")
            } else if !seen.insert(id) {
                invalid(*span, format!("`{id}` is given a value twice"), "expected one rule or initial assignment")
            } else {
                continue;
            };
            self.found.push(d);
        }
    }

    /// Whether the rule of `id` draws, by itself or in what it reads.
    fn rule_draws(&self, id: &str, span: Span) -> bool {
        let rule = self.model.rules.get(id);
        rule.is_some_and(|rule| self.resolver.resolve(rule, None, span).is_ok_and(|rule| rule.draws()))
    }

    fn head(&self, file: &str, fallback: &str) -> String {
        let m = self.model;
        let mut out = String::new();
        let shown: String = file.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(
            out,
            "# From `{shown}`, SBML Level {} Version {}, by egress {}.",
            m.level,
            m.version,
            env!("CARGO_PKG_VERSION")
        );
        let _ = writeln!(out, "# {}", units_note(m));
        let _ = writeln!(out, "# Laws are the file's own; functions and rules are worked in.");
        for what in &m.ignored {
            let _ = writeln!(out, "# Left out, since nothing depends on them: {what}.");
        }
        let name = m.id.as_deref().filter(|id| !id.is_empty()).unwrap_or(fallback);
        let name: String =
            name.chars().map(|c| if c.is_alphanumeric() || "_-.".contains(c) { c } else { '-' }).take(100).collect();
        let name = name.trim_start_matches('.');
        let _ = writeln!(out, "[scenario]\nname = {}", quoted(if name.is_empty() { "model" } else { name }));
        if let Some(title) = &m.name {
            let _ = writeln!(out, "title = {}", quoted(title));
        }
        let _ = writeln!(
            out,
            "\n[run]\nduration = \"{} s\"  # SBML does not say how long",
            number(DURATION * m.units.seconds)
        );
        out
    }

    fn compartments(&mut self) -> String {
        let mut out = String::new();
        for (c, compartment) in self.model.compartments.iter().enumerate() {
            let (mut initial, mut fixed) = (Vec::new(), Vec::new());
            for (s, species) in self.model.species.iter().enumerate().filter(|s| s.1.compartment == c) {
                let role = self.roles[s];
                if matches!(role, Role::Ruled | Role::Variable) {
                    continue;
                }
                if self.resolver.is_drawn(&species.id) {
                    // An intervention draws it.
                    initial.push(format!("{} = 0", species.id));
                    continue;
                }
                match self.count(s, role != Role::Fixed) {
                    Ok(n) if role == Role::Fixed => fixed.push(format!("{} = {}", species.id, number(n))),
                    Ok(n) => initial.push(format!("{} = {}", species.id, number(n))),
                    Err(d) => self.found.push(d),
                }
            }
            if initial.is_empty() && fixed.is_empty() {
                continue;
            }
            let size = self.resolver.size(c, compartment.span).ok();
            let volume = match (size, compartment.unit) {
                (Some(size), Some(unit)) => format!("\"{} L\"", number(rounded(size * unit * 1e3))),
                (None, Some(_)) => "\"1 L\"  # no size is given, and nothing depends on it".to_owned(),
                (_, None) => "\"1 L\"  # it has no volume, and nothing depends on it".to_owned(),
            };
            let _ = writeln!(out, "\n[compartment.{}]\nvolume = {volume}", compartment.id);
            for (key, entries) in [("fixed", fixed), ("initial", initial)] {
                if !entries.is_empty() {
                    let _ = writeln!(out, "{key} = {{ {} }}", entries.join(", "));
                }
            }
        }
        out
    }

    /// The count of a species at the start; a `whole` one if it is to change.
    fn count(&self, species: usize, whole: bool) -> Result<f64, Diagnostic> {
        let s = &self.model.species[species];
        let n = self.resolver.count(species, s.span)?;
        let id = &s.id;
        if n < 0.0 {
            return Err(Diagnostic::error("E0705", s.span, format!("there are {n} of `{id}` at first"), "below zero"));
        }
        if !whole && n.is_finite() {
            return Ok(n);
        }
        let help = "counts are whole: amounts in `item`, or in `mole` for molecules by the mole; \
                    `egress import sbml --particles-per-unit N` says how many molecules a unit is";
        if n > COUNT_MAX {
            let message = format!("there are {n:e} molecules of `{id}` at first");
            return Err(Diagnostic::error("E0705", s.span, message, "too many to count one by one").help(help));
        }
        if self.model.units.particles == 1.0 && (n - n.round()).abs() > 1e-9 * n.max(1.0) {
            let message = format!("there are {n} molecules of `{id}` at first");
            return Err(Diagnostic::error("E0705", s.span, message, "not a whole number").help(help));
        }
        Ok(n.round())
    }

    /// The section of a reaction, of whatever is right about it.
    fn reaction(&mut self, r: usize) -> String {
        let reaction = &self.model.reactions[r];
        let (section, names, uses) = self.try_reaction(reaction).unwrap_or_else(|d| {
            self.found.push(d);
            (String::new(), Names::default(), Vec::new())
        });
        self.parameters.push(names);
        self.uses.push(uses);
        section
    }

    fn try_reaction(&self, reaction: &Reaction) -> Result<(String, Names, Vec<Symbol>), Diagnostic> {
        let id = &reaction.id;
        let mut names = Names::new(&self.known);
        let law = self.resolver.resolve(&reaction.law, Some(&reaction.local), reaction.law_span)?;
        if law.draws() {
            let help = "a rate holds all the time: there would be no end of draws; let an event assign a parameter";
            return Err(unsupported(reaction.law_span, format!("a draw in the law of reaction `{id}`"), help));
        }
        if law.has_infinity() {
            return Err(unsupported(
                reaction.law_span,
                format!("infinity in the law of reaction `{id}`"),
                "give a number",
            ));
        }
        let halves = if reaction.reversible { split(&law) } else { None };
        if halves.is_none() && reaction.reversible && subtracts(&law) {
            let what = format!("the law of reversible reaction `{id}`, which is no difference of two rates,");
            let help = "write it as `f - g`, or say `reversible=\"false\"` if it goes one way only";
            return Err(unsupported(reaction.law_span, what, help));
        }
        let sides = [self.side(&reaction.takes, reaction)?, self.side(&reaction.gives, reaction)?];
        let mut out = String::new();
        if sides.iter().all(String::is_empty) {
            let _ = writeln!(out, "\n# reaction `{id}` changes nothing");
            return Ok((out, names, Vec::new()));
        }
        let (laws, arrow) = match halves {
            Some((forth, back)) => (vec![("law", forth), ("law_back", back)], "<->"),
            None => (vec![("law", law)], "->"),
        };
        let mut uses = Vec::new();
        let mut texts = Vec::new();
        for (key, law) in laws {
            let law = self.propensity(law);
            self.name_all(&law, &mut names, &mut uses);
            texts.push(format!("{key} = {}", quoted(&formula(&law, &names))));
        }
        let equation = format!("{} {arrow} {}", sides[0], sides[1]);
        let _ = writeln!(out, "\n[reaction.{id}]\nequation = {}\n{}", quoted(equation.trim()), texts.join("\n"));
        let mut values = Vec::new();
        for symbol in &uses {
            let value = self.resolver.value(symbol, Some(&reaction.local), reaction.law_span)?;
            if !value.is_finite() {
                let message = format!("`{}` in the law of reaction `{id}` is {value}", names.name(symbol, ""));
                return Err(invalid(reaction.law_span, message, "expected a finite number"));
            }
            values.push(format!("{} = {}", names.name(symbol, ""), number(value)));
        }
        if !values.is_empty() {
            let _ = writeln!(out, "parameters = {{ {} }}", values.join(", "));
        }
        Ok((out, names, uses))
    }

    /// A rate in the model's units as firings in a second.
    fn propensity(&self, law: Resolved) -> Resolved {
        let units = &self.model.units;
        let law = if units.particles == 1.0 {
            law
        } else {
            apply(super::math::Op::Times, vec![Expr::Symbol(Symbol::Particles), law])
        };
        super::resolve::over(law, units.seconds)
    }

    /// Names all symbols of a law but counts, which have theirs.
    fn name_all(&self, law: &Resolved, names: &mut Names, uses: &mut Vec<Symbol>) {
        law.any(&mut |symbol| {
            let wanted = match symbol {
                known if self.known.contains_key(known) => return false,
                Symbol::Count(_) => return false,
                Symbol::Local(id) | Symbol::Parameter(id) => id.as_str(),
                Symbol::Size(c) => &self.model.compartments[*c].id,
                Symbol::Particles => "particles",
            };
            names.name(symbol, wanted);
            if !uses.contains(symbol) {
                uses.push(symbol.clone());
            }
            false
        });
    }

    /// One side of an equation, without what reactions do not change and nothing holds.
    fn side(&self, side: &[(usize, u32)], reaction: &Reaction) -> Result<String, Diagnostic> {
        let mut terms = Vec::new();
        for &(s, n) in side {
            let species = &self.model.species[s];
            match self.roles[s] {
                Role::Ruled if !species.boundary => {
                    let message = format!("`{}` has a rule and is changed by reaction `{}`", species.id, reaction.id);
                    return Err(invalid(reaction.span, message, "expected one of the two, or `boundaryCondition`"));
                }
                Role::Ruled | Role::Variable => {}
                Role::Counted | Role::Fixed => {
                    let name = self.name_of(&Symbol::Count(s));
                    terms.push(if n == 1 { name.to_owned() } else { format!("{n} {name}") });
                }
            }
        }
        Ok(terms.join(" + "))
    }
}

/// Twelve digits: what rounding in a change of units leaves over is not shown.
fn rounded(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}

/// What the model's units amount to, in a line.
pub(super) fn units_note(model: &Model) -> String {
    let units = &model.units;
    let particles = if units.particles == 1.0 {
        format!("One `{}` is one molecule", units.substance)
    } else {
        format!("One `{}` is {} molecules, called `particles` in laws", units.substance, number(units.particles))
    };
    let time = if units.seconds == 1.0 { String::from("1 s") } else { format!("{} s", number(units.seconds)) };
    format!("{particles}; one `{}` is {time}.", units.time)
}
