//! Formulas: `MathML` to a tree, by operators that laws have or that amount to them.

use models::common::draw::Draw;
use sim_core::config::{Diagnostic, Span};

use super::xml::{Element, invalid, place, unsupported};

/// What is done with operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Plus,
    Minus,
    Times,
    Divide,
    Power,
    /// `if(condition, then, else)`
    If,
    /// Everything that is written as a function of its operands: `exp`, `max`.
    Function(&'static str),
    /// A comparison, by its symbol.
    Compare(&'static str),
    /// A number from a law with these arguments, another each time.
    Draw(Draw),
}

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr<S> {
    Number(f64),
    Symbol(S),
    Time,
    Apply(Op, Vec<Expr<S>>),
    /// A function of the model's own, to be worked in.
    Call(S, Vec<Expr<S>>),
}

impl<S> Expr<S> {
    /// All that it names, functions included.
    pub(super) fn names(&self) -> Box<dyn Iterator<Item = &S> + '_> {
        match self {
            Self::Number(_) | Self::Time => Box::new(std::iter::empty()),
            Self::Symbol(name) => Box::new(std::iter::once(name)),
            Self::Apply(_, operands) => Box::new(operands.iter().flat_map(Self::names)),
            Self::Call(name, operands) => Box::new(std::iter::once(name).chain(operands.iter().flat_map(Self::names))),
        }
    }
    /// Whether it reads the time.
    pub(super) fn reads_time(&self) -> bool {
        match self {
            Self::Time => true,
            Self::Number(_) | Self::Symbol(_) => false,
            Self::Apply(_, operands) | Self::Call(_, operands) => operands.iter().any(Self::reads_time),
        }
    }
}

/// A name in the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name {
    pub(super) id: String,
    pub(super) span: Span,
}

/// A formula as the file has it.
pub(super) type Formula = Expr<Name>;

fn apply(op: Op, operands: Vec<Formula>) -> Formula {
    Expr::Apply(op, operands)
}

/// Reads the formula of an element of `MathML`.
///
/// Fails with what is not known here, by its name.
pub(super) fn read(e: Element<'_>) -> Result<Formula, Diagnostic> {
    match e.tag_name().name() {
        "cn" => number(e),
        "ci" => Ok(Expr::Symbol(name(e)?)),
        "csymbol" => csymbol(e),
        "apply" => application(e),
        "piecewise" => piecewise(e),
        "semantics" => {
            let first = e.children().find(Element::is_element);
            read(first.ok_or_else(|| invalid(place(e), "<semantics> is empty", "expected a formula"))?)
        }
        "true" => Ok(Expr::Number(1.0)),
        "false" => Ok(Expr::Number(0.0)),
        "pi" => Ok(Expr::Number(std::f64::consts::PI)),
        "exponentiale" => Ok(Expr::Number(std::f64::consts::E)),
        "infinity" => Ok(Expr::Number(f64::INFINITY)),
        other => Err(unsupported(place(e), format!("<{other}> in a formula"), "see docs/sbml.md for what is")),
    }
}

/// The text within an element, without blanks around it.
fn text(e: Element<'_>) -> &str {
    e.text().unwrap_or_default().trim()
}

fn name(e: Element<'_>) -> Result<Name, Diagnostic> {
    let id = text(e).to_owned();
    if id.is_empty() {
        return Err(invalid(place(e), format!("<{}> names nothing", e.tag_name().name()), "expected an identifier"));
    }
    Ok(Name { id, span: place(e) })
}

fn number(e: Element<'_>) -> Result<Formula, Diagnostic> {
    let parts: Vec<f64> =
        e.children().filter(Element::is_text).filter_map(|c| c.text()?.trim().parse::<f64>().ok()).collect();
    let value = match (e.attribute("type").unwrap_or("real"), parts.as_slice()) {
        ("real" | "integer", [x]) if e.attribute("base").is_none_or(|b| b == "10") => Some(*x),
        // As a decimal text, so that 1 e -3 is the number nearest to 0.001.
        ("e-notation", [mantissa, exponent]) => format!("{mantissa}e{exponent}").parse().ok(),
        ("rational", [a, b]) => Some(a / b),
        _ => None,
    };
    match value.filter(|x| x.is_finite()) {
        Some(x) => Ok(Expr::Number(x)),
        None => {
            Err(invalid(place(e), format!("`{}` is no number", text(e).escape_debug()), "expected a finite number"))
        }
    }
}

fn csymbol(e: Element<'_>) -> Result<Formula, Diagnostic> {
    let url = e.attribute("definitionURL").unwrap_or_default();
    match url.rsplit('/').next().unwrap_or_default() {
        "time" => Ok(Expr::Time),
        "avogadro" => Ok(Expr::Number(6.022_140_76e23)),
        other => {
            Err(unsupported(place(e), format!("the symbol `{}`", other.escape_debug()), "`time` and `avogadro` are"))
        }
    }
}

fn piecewise(e: Element<'_>) -> Result<Formula, Diagnostic> {
    let mut pieces = Vec::new();
    let mut otherwise = None;
    for piece in e.children().filter(Element::is_element) {
        let parts: Vec<Element<'_>> = piece.children().filter(Element::is_element).collect();
        match (piece.tag_name().name(), parts.as_slice()) {
            ("piece", [value, condition]) => pieces.push((read(*value)?, read(*condition)?)),
            ("otherwise", [value]) => otherwise = Some(read(*value)?),
            (other, _) => return Err(invalid(place(piece), format!("<{other}> is not complete"), "in a <piecewise>")),
        }
    }
    let Some(mut value) = otherwise else {
        return Err(unsupported(place(e), "<piecewise> without <otherwise>", "say what it is in all other cases"));
    };
    for (then, condition) in pieces.into_iter().rev() {
        value = apply(Op::If, vec![condition, then, value]);
    }
    Ok(value)
}

fn application(e: Element<'_>) -> Result<Formula, Diagnostic> {
    let mut parts = e.children().filter(Element::is_element);
    let Some(operator) = parts.next() else {
        return Err(invalid(place(e), "<apply> is empty", "expected an operator"));
    };
    let (mut operands, mut qualifiers) = (Vec::new(), Vec::new());
    for part in parts {
        if matches!(part.tag_name().name(), "degree" | "logbase") {
            let inner = part.children().find(Element::is_element);
            qualifiers
                .push(read(inner.ok_or_else(|| invalid(place(part), "an empty qualifier", "expected a number"))?)?);
        } else {
            operands.push(read(part)?);
        }
    }
    let known = operators(operator.tag_name().name(), operands, qualifiers.pop(), operator)?;
    known.map_err(|given| {
        let message = format!("<{}> has {given} operands", operator.tag_name().name());
        invalid(place(operator), message, "not that many")
    })
}

/// The formula; or how many operands there are, if it takes another number.
fn operators(
    operator: &str,
    mut operands: Vec<Formula>,
    qualifier: Option<Formula>,
    at: Element<'_>,
) -> Result<Result<Formula, usize>, Diagnostic> {
    let n = operands.len();
    let function = |name| apply(Op::Function(name), Vec::new());
    Ok(match (operator, n) {
        ("plus" | "or" | "xor", 0) => Ok(Expr::Number(0.0)),
        ("times" | "and", 0) => Ok(Expr::Number(1.0)),
        ("plus" | "times", 1) => Ok(operands.remove(0)),
        ("plus", _) => Ok(apply(Op::Plus, operands)),
        ("times", _) => Ok(apply(Op::Times, operands)),
        ("minus", 1 | 2) => Ok(apply(Op::Minus, operands)),
        ("divide", 2) => Ok(apply(Op::Divide, operands)),
        ("power", 2) => Ok(apply(Op::Power, operands)),
        ("root", 1) => Ok(match qualifier {
            None | Some(Expr::Number(2.0)) => with(&function("sqrt"), operands),
            Some(degree) => {
                operands.push(apply(Op::Divide, vec![Expr::Number(1.0), degree]));
                apply(Op::Power, operands)
            }
        }),
        ("exp" | "abs" | "floor" | "sin" | "cos" | "tanh", 1) => {
            let name = ["exp", "abs", "floor", "sin", "cos", "tanh"].into_iter().find(|f| *f == operator);
            Ok(with(&function(name.unwrap_or_default()), operands))
        }
        ("ceiling", 1) => Ok(with(&function("ceil"), operands)),
        ("ln", 1) => Ok(with(&function("log"), operands)),
        ("tan", 1) => {
            let cos = with(&function("cos"), operands.clone());
            Ok(apply(Op::Divide, vec![with(&function("sin"), operands), cos]))
        }
        ("log", 1) => {
            let base = with(&function("log"), vec![qualifier.unwrap_or(Expr::Number(10.0))]);
            Ok(apply(Op::Divide, vec![with(&function("log"), operands), base]))
        }
        ("min" | "max", 1..) => Ok(match n {
            1 => operands.remove(0),
            _ => with(&function(if operator == "min" { "min" } else { "max" }), operands),
        }),
        ("eq" | "neq" | "gt" | "lt" | "geq" | "leq", 2..) => {
            let symbols = [("eq", "=="), ("neq", "!="), ("gt", ">"), ("lt", "<"), ("geq", ">="), ("leq", "<=")];
            let symbol = symbols.into_iter().find(|s| s.0 == operator).map_or("==", |s| s.1);
            let mut pairs: Vec<Formula> =
                operands.windows(2).map(|pair| apply(Op::Compare(symbol), pair.to_vec())).collect();
            // `a < b < c` holds if both do.
            Ok(if pairs.len() == 1 { pairs.remove(0) } else { apply(Op::Times, pairs) })
        }
        ("and", _) => Ok(apply(Op::Times, operands.into_iter().map(truth).collect())),
        ("or", 1) => Ok(truth(operands.remove(0))),
        ("or", _) => Ok(with(&function("max"), operands.into_iter().map(truth).collect())),
        ("xor", _) => {
            let folded = operands.into_iter().map(truth).reduce(|a, b| apply(Op::Compare("!="), vec![a, b]));
            Ok(folded.unwrap_or(Expr::Number(0.0)))
        }
        ("not", 1) => Ok(apply(Op::Minus, vec![Expr::Number(1.0), truth(operands.remove(0))])),
        ("ci", _) => Ok(Expr::Call(name(at)?, operands)),
        (
            "minus" | "divide" | "power" | "root" | "exp" | "abs" | "floor" | "ceiling" | "ln" | "log" | "sin" | "cos"
            | "tan" | "tanh" | "min" | "max" | "not" | "eq" | "neq" | "gt" | "lt" | "geq" | "leq",
            _,
        ) => Err(n),
        ("csymbol", _) => {
            let url = at.attribute("definitionURL").unwrap_or_default();
            if let Some(law) = url.rsplit_once("/symbols/distrib/").and_then(|parts| Draw::named(parts.1)) {
                let is_known = law.arguments().contains(&n);
                return Ok(if is_known { Ok(apply(Op::Draw(law), operands)) } else { Err(n) });
            }
            let symbol = url.rsplit('/').next().unwrap_or_default().escape_debug().to_string();
            return Err(unsupported(place(at), format!("the function `{symbol}`"), "see docs/sbml.md for what is"));
        }
        _ => return Err(unsupported(place(at), format!("the operator <{operator}>"), "see docs/sbml.md for what is")),
    })
}

fn with(function: &Formula, operands: Vec<Formula>) -> Formula {
    let Expr::Apply(op, _) = function else { return function.clone() };
    apply(*op, operands)
}

/// The operand as 1 or 0.
fn truth(e: Formula) -> Formula {
    let holds = |e: &Formula| match e {
        Expr::Apply(Op::Compare(_), _) => true,
        Expr::Number(x) => *x == 0.0 || *x == 1.0,
        _ => false,
    };
    let is_truth = match &e {
        Expr::Apply(Op::Times | Op::Function("max"), operands) => operands.iter().all(holds),
        Expr::Apply(Op::Minus, operands) => matches!(operands.as_slice(), [Expr::Number(1.0), b] if holds(b)),
        e => holds(e),
    };
    if is_truth { e } else { apply(Op::Compare("!="), vec![e, Expr::Number(0.0)]) }
}

impl<S> Expr<S> {
    /// How many parts it has.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Apply(_, operands) | Self::Call(_, operands) => operands.iter().fold(1, |n, e| n + e.size()),
            _ => 1,
        }
    }
    /// How many parts are within each other.
    pub(super) fn height(&self) -> usize {
        match self {
            Self::Apply(_, operands) | Self::Call(_, operands) => {
                1 + operands.iter().map(Self::height).max().unwrap_or(0)
            }
            _ => 1,
        }
    }
    /// Whether `f` holds of a symbol in it.
    pub(super) fn any(&self, f: &mut dyn FnMut(&S) -> bool) -> bool {
        match self {
            Self::Symbol(s) => f(s),
            Self::Apply(_, operands) | Self::Call(_, operands) => operands.iter().any(|e| e.any(f)),
            Self::Number(_) | Self::Time => false,
        }
    }
    /// Whether a draw is in it.
    pub(super) fn draws(&self) -> bool {
        match self {
            Self::Apply(Op::Draw(_), _) => true,
            Self::Apply(_, operands) | Self::Call(_, operands) => operands.iter().any(Self::draws),
            Self::Number(_) | Self::Symbol(_) | Self::Time => false,
        }
    }
    /// Whether a number in it is infinite.
    pub(super) fn has_infinity(&self) -> bool {
        match self {
            Self::Number(x) => x.is_infinite(),
            Self::Apply(_, operands) | Self::Call(_, operands) => operands.iter().any(Self::has_infinity),
            Self::Symbol(_) | Self::Time => false,
        }
    }
    /// Whether the time is in it.
    pub(super) fn has_time(&self) -> bool {
        match self {
            Self::Time => true,
            Self::Apply(_, operands) | Self::Call(_, operands) => operands.iter().any(Self::has_time),
            Self::Number(_) | Self::Symbol(_) => false,
        }
    }
}
