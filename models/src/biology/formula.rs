//! Expressions over counts, concentrations, waveforms and the time, as laws and interventions have them.
//!
//! A species' name stands for its count, `[A]` for its concentration in mol/m^3; parameters come before all other names, then
//! `volume` (m^3, of the compartment that names without a dot are in), `N_A` (1/mol), `inf`, `time` (s), the waveforms and the variables.

use std::ops::Range;
use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Span, Table, did_you_mean};

use super::builder::{Compartment, PathwayBuilder};
use super::law::{AVOGADRO, FOLLOWS_MAX, READS_MAX, Species};
use crate::common::expression::{Expression, ExpressionError, Name, Symbol};

/// What the time is called.
pub(super) const TIME: &str = "time";
/// What a bound that is none is called.
const INFINITY: &str = "inf";
/// Names that mean something by themselves.
pub(super) const RESERVED: &[&str] = &[TIME, "volume", "N_A", INFINITY, "and", "or", "not"];

/// A compiled expression; variable `i` is the count of `reads[i]`, variable `READS_MAX + i` the value of `follows[i]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Formula {
    pub(super) law: Arc<Expression>,
    pub(super) reads: Vec<Species>,
    pub(super) follows: Vec<Arc<str>>,
}

/// An expression to be read, with what is known where it stands.
pub(super) struct FormulaText<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
    /// The species whose count it is multiplied by, if any.
    pub(super) each_of: Option<Species>,
    /// The compartment that names without a dot are in.
    pub(super) home: Option<Compartment>,
    pub(super) parameters: Option<&'a Table>,
    /// Names that are likely to be meant, for hints.
    pub(super) names: Vec<String>,
    /// What it is called in messages: "rate law".
    pub(super) what: &'static str,
    /// Whether draws mean something in it: it is looked at once each time that something happens.
    pub(super) draws: bool,
}

impl FormulaText<'_> {
    /// Compiles it.
    ///
    /// Fails if it is no expression, and with everything in it that is unknown.
    pub(super) fn read(self, to: &mut PathwayBuilder<'_>) -> Result<Formula, Diagnostics> {
        let Self { text, span, each_of, home, parameters, .. } = self;
        let mut reads: Vec<Species> = each_of.into_iter().collect();
        let mut follows: Vec<Arc<str>> = Vec::new();
        let waveforms = to.world.waveforms.clone();
        let law = Expression::parse(text, &mut |name| {
            let (Name::Plain(word) | Name::Bracketed(word)) = name;
            if name == Name::Plain(word) {
                if let Some(q) = parameters.and_then(|t| t.opt_quantity(word)) {
                    return Some(Symbol::Constant(q.value));
                }
                match (word, home) {
                    ("volume", Some(home)) => return Some(Symbol::Constant(home.volume)),
                    ("N_A", _) => return Some(Symbol::Constant(AVOGADRO)),
                    (INFINITY, _) => return Some(Symbol::Constant(f64::INFINITY)),
                    _ => {}
                }
            }
            if name == Name::Plain(word) && (word == TIME || waveforms.names().any(|n| n == word)) {
                let index = follows.iter().position(|f| **f == *word).unwrap_or_else(|| {
                    follows.push(word.into());
                    follows.len() - 1
                });
                // Behind all species that can be read.
                return Some(Symbol::Variable { index: (READS_MAX + index) as u32, scale: 1.0 });
            }
            let variable = to.world.variable(word).filter(|_| name == Name::Plain(word));
            let (species, scale) = if let Some(variable) = variable {
                (variable, 1.0)
            } else {
                let (species, place) = species_of(word, home, span, to).ok()?;
                (species, if name == Name::Plain(word) { 1.0 } else { 1.0 / place.molecules(1.0) })
            };
            let index = reads.iter().position(|s| *s == species).unwrap_or_else(|| {
                reads.push(species);
                reads.len() - 1
            }) as u32;
            Some(Symbol::Variable { index, scale })
        });
        let mut known: Vec<&str> = self.names.iter().map(String::as_str).collect();
        known.extend(parameters.into_iter().flat_map(|t| t.entries.iter().map(|e| e.0.as_str())));
        known.extend(RESERVED);
        known.extend(to.world.pools.iter().filter(|p| p.variable).map(|p| p.name.as_str()));
        known.extend(waveforms.names());
        known.extend(to.world.declared.iter().map(|(name, _)| name.as_str()));
        let what = self.what;
        let finding = |e: ExpressionError| {
            let d = Diagnostic::error("E0613", part(span, text, &e.range), e.message, format!("in this {what}"));
            let Some(name) = e.unknown else { return d };
            d.help(did_you_mean(&name, known.iter().copied()).unwrap_or_else(|| match what {
                "rate law" => format!("give it under `parameters`: `parameters = {{ {name} = 1 }}`"),
                _ => format!("there are: {}", self.names.join(", ")),
            }))
        };
        let law = law.map_err(|all| {
            let mut wrong = Diagnostics::default();
            all.into_iter().map(finding).for_each(|d| wrong.push(d));
            wrong
        })?;
        for (read, what, most) in [(reads.len(), "species", READS_MAX), (follows.len(), "waveforms", FOLLOWS_MAX)] {
            if read > most {
                let message = format!("the {} reads {read} {what}", self.what);
                return Err(Diagnostic::error("E0613", span, message, format!("at most {most} are possible")).into());
            }
        }
        if law.draws() && !self.draws {
            let message = format!("a draw in a {}", self.what);
            let d = Diagnostic::error("E0613", span, message, "looked at all the time: there would be no end of draws");
            return Err(d
                .help("draw a `[variable.NAME]`, at the start (`initial`) or in the `changes` of an intervention")
                .into());
        }
        let law = if each_of.is_some() { law.times(0) } else { law };
        Ok(Formula { law: Arc::new(law), reads, follows })
    }
}

/// The species called `name`, in `home` if it has no dot, and the compartment that it is in.
///
/// Fails if there is none.
pub(super) fn species_of(
    name: &str,
    home: Option<Compartment>,
    span: Span,
    to: &mut PathwayBuilder<'_>,
) -> Result<(Species, Compartment), Diagnostic> {
    if let Some((compartment, _)) = name.split_once('.') {
        let place = to.compartment_named(compartment, span)?;
        return Ok((to.place(name, span)?, place));
    }
    let Some(home) = home else {
        let message = format!("`{name}` does not say which compartment it is in");
        let d = Diagnostic::error("E0603", span, message, "there are several");
        return Err(d.help(format!("add `in = \"{}\"`", to.world.compartments.first().map_or("cell", |c| &c.0))));
    };
    Ok((to.species(name, &home, span)?, home))
}

/// The place of a `range` of a string's bytes within `span`, the string with its quotes.
pub(super) fn part(span: Span, text: &str, range: &Range<usize>) -> Span {
    if (span.end.saturating_sub(span.start)) as usize != text.len() + 2 {
        return span;
    }
    let at = |byte: usize| span.start + 1 + byte as u32;
    Span { source: span.source, start: at(range.start), end: at(range.end.max(range.start + 1)) }
}
