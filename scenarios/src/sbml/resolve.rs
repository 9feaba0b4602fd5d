//! What the names in formulas mean: functions and rules are worked in, species become counts, and values at the start are known.
//!
//! A species' symbol is its concentration, its count over particles a unit and over the compartment's size, unless the species
//! has only units of substance: then it is its amount, its count over particles a unit.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use sim_core::config::{Diagnostic, Span};

use super::math::{Expr, Formula, Name, Op};
use super::model::Model;
use super::xml::{invalid, unsupported};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Symbol {
    /// The count of a species, by index.
    Count(usize),
    /// A parameter of a reaction's own.
    Local(String),
    Parameter(String),
    /// The size of a compartment, by index.
    Size(usize),
    /// Particles in a unit of substance.
    Particles,
}

/// A formula whose names are known.
pub(super) type Resolved = Expr<Symbol>;

/// Parts of a formula after everything is worked in.
const PARTS_MAX: usize = 20_000;
/// Parts of a formula within each other; laws do not take more than half as many.
const DEPTH_MAX: usize = 128;
/// Values at the start that are worked out of each other.
const CHAIN_MAX: usize = 50;

/// Resolves the names of a model.
pub(super) struct Resolver<'a> {
    pub(super) model: &'a Model,
    species: BTreeMap<&'a str, usize>,
    compartments: BTreeMap<&'a str, usize>,
    reactions: BTreeSet<&'a str>,
    /// Parts that the formula that is being resolved may still have.
    room: Cell<usize>,
    /// Values at the start, and the names whose values are being worked out.
    start: RefCell<BTreeMap<Symbol, f64>>,
    pending: RefCell<Vec<Symbol>>,
}

/// What is known besides the model's names.
#[derive(Clone, Copy)]
struct Scope<'s> {
    local: Option<&'s BTreeMap<String, Option<f64>>>,
    arguments: Option<&'s BTreeMap<&'s str, Resolved>>,
    depth: usize,
    /// Where the formula stands.
    span: Span,
}

pub(super) fn apply(op: Op, operands: Vec<Resolved>) -> Resolved {
    Expr::Apply(op, operands)
}

impl<'a> Resolver<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self {
            model,
            species: model.species.iter().map(|s| s.id.as_str()).zip(0..).collect(),
            compartments: model.compartments.iter().map(|c| c.id.as_str()).zip(0..).collect(),
            reactions: model.reactions.iter().map(|r| r.id.as_str()).collect(),
            room: Cell::new(0),
            start: RefCell::default(),
            pending: RefCell::default(),
        }
    }

    /// The index of the species called `id`.
    pub(super) fn species(&self, id: &str) -> Option<usize> {
        self.species.get(id).copied()
    }
    pub(super) fn is_compartment(&self, id: &str) -> bool {
        self.compartments.contains_key(id)
    }

    /// `formula` with its names known; it stands at `span`, where the parameters `local` hide others.
    ///
    /// Fails if a name is not known, or if there is no end to what is to be worked in.
    pub(super) fn resolve(
        &self,
        formula: &Formula,
        local: Option<&BTreeMap<String, Option<f64>>>,
        span: Span,
    ) -> Result<Resolved, Diagnostic> {
        self.room.set(PARTS_MAX);
        self.within(formula, Scope { local, arguments: None, depth: 0, span })
    }

    /// What the name `id` of the model, which stands at `span`, stands for.
    ///
    /// Fails as [`resolve`](Self::resolve) does.
    pub(super) fn resolve_name(&self, id: &str, span: Span) -> Result<Resolved, Diagnostic> {
        self.resolve(&Expr::Symbol(Name { id: id.to_owned(), span }), None, span)
    }

    fn take(&self, parts: usize, scope: Scope<'_>) -> Result<(), Diagnostic> {
        let Some(room) = self.room.get().checked_sub(parts).filter(|_| scope.depth <= DEPTH_MAX) else {
            let message = "with its functions and rules worked in, this formula has no end, or none soon";
            let label = format!("more than {PARTS_MAX} parts, or {DEPTH_MAX} within each other");
            return Err(invalid(scope.span, message, label));
        };
        self.room.set(room);
        Ok(())
    }

    fn within(&self, formula: &Formula, scope: Scope<'_>) -> Result<Resolved, Diagnostic> {
        let scope = Scope { depth: scope.depth + 1, ..scope };
        self.take(1, scope)?;
        match formula {
            Expr::Number(x) => Ok(Expr::Number(*x)),
            Expr::Time => Ok(over(Expr::Time, self.model.units.seconds)),
            Expr::Symbol(name) => self.symbol(name, scope),
            Expr::Apply(op, operands) => {
                Ok(apply(*op, operands.iter().map(|e| self.within(e, scope)).collect::<Result<_, _>>()?))
            }
            Expr::Call(name, operands) => self.call(name, operands, scope),
        }
    }

    fn call(&self, name: &Name, operands: &[Formula], scope: Scope<'_>) -> Result<Resolved, Diagnostic> {
        let Some(function) = self.model.functions.get(&name.id) else {
            return Err(invalid(name.span, format!("there is no function `{}`", name.id), "not in the model"));
        };
        if function.arguments.len() != operands.len() {
            let (takes, given) = (function.arguments.len(), operands.len());
            let message = format!("`{}` takes {takes} arguments, given {given}", name.id);
            return Err(invalid(name.span, message, "not that many"));
        }
        let mut arguments = BTreeMap::new();
        for (argument, operand) in function.arguments.iter().zip(operands) {
            arguments.insert(argument.as_str(), self.within(operand, scope)?);
        }
        let inner = Scope { local: None, arguments: Some(&arguments), ..scope };
        self.within(&function.body, inner)
    }

    fn symbol(&self, name: &Name, scope: Scope<'_>) -> Result<Resolved, Diagnostic> {
        let id = name.id.as_str();
        if let Some(given) = scope.arguments.and_then(|a| a.get(id)) {
            self.take(given.size(), Scope { depth: scope.depth + given.height(), ..scope })?;
            return Ok(given.clone());
        }
        if let Some(value) = scope.local.and_then(|l| l.get(id)) {
            return match value {
                Some(_) => Ok(Expr::Symbol(Symbol::Local(id.to_owned()))),
                None => Err(invalid(name.span, format!("the parameter `{id}` has no value"), "a reaction's own")),
            };
        }
        if let Some(rule) = self.model.rules.get(id).filter(|_| !self.is_compartment(id)) {
            // A rule sees the model's names only.
            return self.within(rule, Scope { local: None, arguments: None, ..scope });
        }
        if let Some(rate) = self.model.clocks.get(id) {
            // What is kept is what it would have been at time zero.
            let rate = self.within(rate, Scope { local: None, arguments: None, ..scope })?;
            let time = over(Expr::Time, self.model.units.seconds);
            let at_zero = Expr::Symbol(Symbol::Parameter(id.to_owned()));
            return Ok(apply(Op::Plus, vec![at_zero, apply(Op::Times, vec![rate, time])]));
        }
        if let Some(&species) = self.species.get(id) {
            return self.quantity(species, name.span);
        }
        if let Some(&compartment) = self.compartments.get(id) {
            self.size(compartment, name.span)?;
            return Ok(Expr::Symbol(Symbol::Size(compartment)));
        }
        if self.model.parameters.contains_key(id) {
            return Ok(Expr::Symbol(Symbol::Parameter(id.to_owned())));
        }
        if self.reactions.contains(id) {
            let help = "write its kinetic law out, or make it a function";
            return Err(unsupported(name.span, format!("the rate of reaction `{id}` in a formula"), help));
        }
        let known = self.species.keys().chain(self.compartments.keys()).copied();
        let known = known.chain(self.model.parameters.keys().map(String::as_str));
        let d = invalid(name.span, format!("there is no `{}`", id.escape_debug()), "not in the model");
        Err(match sim_core::config::did_you_mean(id, known) {
            Some(near) => d.help(near),
            None => d,
        })
    }

    /// What the symbol of a species stands for.
    fn quantity(&self, species: usize, span: Span) -> Result<Resolved, Diagnostic> {
        let s = &self.model.species[species];
        let mut value = Expr::Symbol(Symbol::Count(species));
        if self.model.units.particles != 1.0 {
            value = apply(Op::Divide, vec![value, Expr::Symbol(Symbol::Particles)]);
        }
        if self.is_concentration(species) && self.size(s.compartment, span)? != 1.0 {
            value = apply(Op::Divide, vec![value, Expr::Symbol(Symbol::Size(s.compartment))]);
        }
        Ok(value)
    }

    /// Whether the symbol of a species stands for its concentration.
    pub(super) fn is_concentration(&self, species: usize) -> bool {
        let s = &self.model.species[species];
        !s.is_amount && !self.model.compartments[s.compartment].is_point
    }

    /// The count that a formula for the value of a species amounts to.
    pub(super) fn count_of(&self, species: usize, value: Resolved, span: Span) -> Result<Resolved, Diagnostic> {
        let mut factors = vec![value];
        if self.is_concentration(species) && self.size(self.model.species[species].compartment, span)? != 1.0 {
            factors.push(Expr::Symbol(Symbol::Size(self.model.species[species].compartment)));
        }
        if self.model.units.particles != 1.0 {
            factors.push(Expr::Symbol(Symbol::Particles));
        }
        Ok(if factors.len() == 1 { factors.remove(0) } else { apply(Op::Times, factors) })
    }

    /// The size of a compartment, which is needed at `span`.
    pub(super) fn size(&self, compartment: usize, span: Span) -> Result<f64, Diagnostic> {
        let c = &self.model.compartments[compartment];
        self.check_known(&c.id, c.span)?;
        let value = self.remembered(Symbol::Size(compartment), span, || {
            if let Some(formula) = self.model.initial.get(&c.id) {
                return self.at_start(formula, c.span);
            }
            c.size.ok_or_else(|| {
                let message = format!("compartment `{}` has no `size`", c.id);
                let d = invalid(span, message, "a concentration or a size is needed here");
                d.help("give the compartment a size, or its species `hasOnlySubstanceUnits=\"true\"`")
            })
        })?;
        if value > 0.0 { Ok(value) } else { Err(invalid(c.span, format!("compartment `{}` has no extent", c.id), "")) }
    }

    /// Whether the value of `id` at the start is drawn, or depends on one that is.
    pub(super) fn is_drawn(&self, id: &str) -> bool {
        self.depends_on_draw(id, &mut BTreeSet::new())
    }

    fn depends_on_draw<'m>(&'m self, id: &'m str, seen: &mut BTreeSet<&'m str>) -> bool {
        if !seen.insert(id) {
            return false;
        }
        let model = self.model;
        let formula = model.initial.get(id).or_else(|| model.rules.get(id));
        let formula = formula.or_else(|| model.functions.get(id).map(|f| &f.body));
        formula.is_some_and(|f| f.draws() || f.names().any(|name| self.depends_on_draw(&name.id, seen)))
    }

    /// Fails if the value of `id` at the start, which is needed at `span`, is drawn.
    fn check_known(&self, id: &str, span: Span) -> Result<(), Diagnostic> {
        if !self.is_drawn(id) {
            return Ok(());
        }
        let help =
            "draws mean something in initial assignments of species and parameters, and in assignments of events";
        Err(unsupported(span, format!("what depends on the draw of `{id}` here"), help))
    }

    /// The value of a parameter at the start.
    fn parameter(&self, id: &str, span: Span) -> Result<f64, Diagnostic> {
        self.check_known(id, span)?;
        self.remembered(Symbol::Parameter(id.to_owned()), span, || {
            if let Some(formula) = self.model.initial.get(id).or_else(|| self.model.rules.get(id)) {
                return self.at_start(formula, span);
            }
            let value = self.model.parameters.get(id).copied().flatten();
            value.ok_or_else(|| invalid(span, format!("the parameter `{id}` has no value"), "needed here"))
        })
    }

    /// The count of a species at the start, whole or not.
    pub(super) fn count(&self, species: usize, at: Span) -> Result<f64, Diagnostic> {
        let s = &self.model.species[species];
        self.check_known(&s.id, at)?;
        self.remembered(Symbol::Count(species), at, || {
            let particles = self.model.units.particles;
            let formula = self.model.initial.get(&s.id).or_else(|| self.model.rules.get(&s.id));
            match (formula, s.amount, s.concentration) {
                (Some(formula), ..) => {
                    let value = self.at_start(formula, s.span)?;
                    let size = if self.is_concentration(species) { self.size(s.compartment, s.span)? } else { 1.0 };
                    Ok(value * size * particles)
                }
                (None, Some(amount), _) => Ok(amount * particles),
                (None, None, Some(concentration)) => Ok(concentration * self.size(s.compartment, s.span)? * particles),
                (None, None, None) => {
                    let message = format!("species `{}` has no value at the start", s.id);
                    Err(invalid(s.span, message, "expected `initialAmount` or `initialConcentration`"))
                }
            }
        })
    }

    fn at_start(&self, formula: &Formula, span: Span) -> Result<f64, Diagnostic> {
        let room = self.room.get();
        let resolved = self.resolve(formula, None, span)?;
        self.room.set(room);
        let value = self.evaluate(&resolved, None, span)?;
        if value.is_finite() {
            return Ok(value);
        }
        Err(invalid(span, format!("its value at the start is {value}"), "expected a finite number"))
    }

    fn remembered(
        &self,
        symbol: Symbol,
        span: Span,
        work_out: impl FnOnce() -> Result<f64, Diagnostic>,
    ) -> Result<f64, Diagnostic> {
        if let Some(value) = self.start.borrow().get(&symbol) {
            return Ok(*value);
        }
        if self.pending.borrow().contains(&symbol) || self.pending.borrow().len() >= CHAIN_MAX {
            return Err(invalid(
                span,
                "values at the start depend on each other without end",
                "in a circle, or too long",
            ));
        }
        self.pending.borrow_mut().push(symbol.clone());
        let value = work_out();
        self.pending.borrow_mut().pop();
        self.start.borrow_mut().insert(symbol, value.clone()?);
        value
    }

    /// The value of a resolved formula at the start, with the reaction's own parameters `local`.
    pub(super) fn evaluate(
        &self,
        formula: &Resolved,
        local: Option<&BTreeMap<String, Option<f64>>>,
        span: Span,
    ) -> Result<f64, Diagnostic> {
        Ok(match formula {
            Expr::Number(x) => *x,
            Expr::Time => 0.0,
            Expr::Symbol(symbol) => self.value(symbol, local, span)?,
            Expr::Apply(op, operands) => {
                let values: Vec<f64> =
                    operands.iter().map(|e| self.evaluate(e, local, span)).collect::<Result<_, _>>()?;
                compute(*op, &values)
            }
            Expr::Call(..) => f64::NAN,
        })
    }

    /// The value of a symbol at the start.
    pub(super) fn value(
        &self,
        symbol: &Symbol,
        local: Option<&BTreeMap<String, Option<f64>>>,
        span: Span,
    ) -> Result<f64, Diagnostic> {
        match symbol {
            Symbol::Count(species) => self.count(*species, span),
            Symbol::Local(id) => Ok(local.and_then(|l| l.get(id).copied().flatten()).unwrap_or(f64::NAN)),
            Symbol::Parameter(id) => self.parameter(id, span),
            Symbol::Size(compartment) => self.size(*compartment, span),
            Symbol::Particles => Ok(self.model.units.particles),
        }
    }
}

/// `value` over a number of units, if that is not one.
pub(super) fn over(value: Resolved, units: f64) -> Resolved {
    if units == 1.0 { value } else { apply(Op::Divide, vec![value, Expr::Number(units)]) }
}

fn compute(op: Op, x: &[f64]) -> f64 {
    let truth = f64::from;
    match (op, x) {
        (Op::Plus, _) => x.iter().sum(),
        (Op::Times, _) => x.iter().product(),
        (Op::Minus, [a]) => -a,
        (Op::Minus, [a, b]) => a - b,
        (Op::Divide, [a, b]) => a / b,
        (Op::Power, [a, b]) => libm::pow(*a, *b),
        (Op::If, [condition, then, otherwise]) => *(if *condition == 0.0 { otherwise } else { then }),
        (Op::Compare(symbol), [a, b]) => truth(match symbol {
            "==" => a == b,
            "!=" => a != b,
            ">" => a > b,
            "<" => a < b,
            ">=" => a >= b,
            _ => a <= b,
        }),
        (Op::Function("min"), _) => x.iter().copied().fold(f64::INFINITY, f64::min),
        (Op::Function("max"), _) => x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        (Op::Function(name), [a]) => match name {
            "exp" => libm::exp(*a),
            "log" => libm::log(*a),
            "sqrt" => libm::sqrt(*a),
            "abs" => a.abs(),
            "floor" => a.floor(),
            "ceil" => a.ceil(),
            "sin" => libm::sin(*a),
            "cos" => libm::cos(*a),
            "tanh" => libm::tanh(*a),
            _ => f64::NAN,
        },
        _ => f64::NAN,
    }
}
