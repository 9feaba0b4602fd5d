//! Arithmetic written as text (`Vmax * A / (Km + A)`), compiled once and evaluated without allocation.
//!
//! Numbers, names, `+ - * / ^`, comparisons (`<`, `<=`, `>`, `>=`, `==`, `!=`; 1 if true, else 0), `not`, `and`, `or` between those,
//! each looser than the one before, and the functions
//! `exp`, `exprel` ((exp(x) - 1) / x, 1 at 0), `log` (natural), `sqrt`, `abs`, `floor`, `ceil`, `sin`, `cos`, `tanh`, `min`, `max`
//! and `if(condition, then, else)`; where the caller allows it, draws ([`Draw`]). `^` binds tightest and to the right, so `-2^2` is -4. What a name stands for is the caller's
//! business: `A` and `[A]` are two different [`Name`]s.
//!
//! ```
//! use models::common::expression::{Expression, Name, Symbol};
//!
//! let law = Expression::parse("k * x^2", &mut |name| match name {
//!     Name::Plain("k") => Some(Symbol::Constant(0.5)),
//!     Name::Plain("x") => Some(Symbol::Variable { index: 0, scale: 1.0 }),
//!     _ => None,
//! });
//! assert_eq!(law.unwrap().evaluate(&[4.0]), 8.0);
//! ```

mod monomial;
mod token;

use std::ops::Range;

use thiserror::Error;

pub use self::monomial::Monomial;
use self::token::{Token, Tokens};
use super::draw::{DRAWS, Draw};
use super::interval::{self, Interval};
use super::term::Term;
use sim_core::rng::Rng;

/// A name as it stands in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// `A` or `cell.A`.
    Plain(&'a str),
    /// `[A]` or `[cell.A]`.
    Bracketed(&'a str),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Symbol {
    /// A number that is known now.
    Constant(f64),
    /// The value at `index` of the slice given to [`Expression::evaluate`], times `scale`.
    Variable {
        /// Index of the value.
        index: u32,
        /// What it is multiplied by.
        scale: f64,
    },
}

/// Why a text is no expression, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// The bytes of the text at fault; empty at its end if something is missing there.
    pub range: Range<usize>,
    /// The name that nothing is known of, if that is what is wrong.
    pub unknown: Option<String>,
}

/// A compiled expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    ops: Vec<Op>,
}

/// One step of the program, on a stack.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Constant(f64),
    Load(u32, f64),
    Negate,
    Unary(Unary),
    Binary(Binary),
    Select,
    /// Of so many arguments.
    Draw(Draw, u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unary {
    Exp,
    Exprel,
    Log,
    Sqrt,
    Abs,
    Floor,
    Ceil,
    Sin,
    Cos,
    Tanh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    Unequal,
    And,
    Or,
}

/// The functions, for a message.
const FUNCTIONS: &str = "exp, exprel, log, sqrt, abs, floor, ceil, sin, cos, tanh, min, max, if";

/// Values that an evaluation may hold at once, and the nesting that a text may have.
const DEPTH: usize = 32;

impl Expression {
    /// Compiles `text`; `resolve` says what its names stand for.
    ///
    /// Fails with every name that is not resolved and every function that is wrongly used, each once, up to where the text
    /// does not parse or is nested too deeply, if it does not; in the order of the text.
    pub fn parse(
        text: &str,
        resolve: &mut dyn FnMut(Name<'_>) -> Option<Symbol>,
    ) -> Result<Self, Vec<ExpressionError>> {
        let tokens = Tokens::new(text);
        let mut parser = Parser { tokens, resolve, ops: Vec::new(), nested: 0, open: Vec::new(), wrong: Vec::new() };
        if let Err(e) = parser.whole() {
            let open = parser.open.pop().filter(|_| e.range.start >= text.len());
            parser.wrong.push(match open {
                Some(range) => error(format!("`{}` is not closed: {}", &text[range.clone()], e.message), range),
                None => e,
            });
        }
        let (ops, mut wrong) = (parser.ops, parser.wrong);
        let expression = Self { ops };
        if wrong.is_empty() && expression.stack() > DEPTH {
            wrong.push(error("the expression is nested too deeply", 0..text.len()));
        }
        wrong.sort_by_key(|e| e.range.start);
        if wrong.is_empty() { Ok(expression) } else { Err(wrong) }
    }

    /// The indices of the variables that it reads, ascending, each once.
    pub fn reads(&self) -> Vec<u32> {
        let mut all: Vec<u32> =
            self.ops.iter().filter_map(|op| if let Op::Load(i, _) = op { Some(*i) } else { None }).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The same times the variable at `index`.
    pub(crate) fn times(mut self, index: u32) -> Self {
        self.ops.extend([Op::Load(index, 1.0), Op::Binary(Binary::Multiply)]);
        self
    }

    /// Whether it has draws in it.
    pub fn draws(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Draw(..)))
    }

    /// Its value; not finite where the arithmetic is not (a division by zero), or if it has draws.
    pub fn evaluate(&self, variables: &[f64]) -> f64 {
        self.compute(variables, |stack, top, _, n| {
            stack[top - usize::from(n)] = f64::NAN;
            top - usize::from(n) + 1
        })
    }

    /// The same with its draws from `rng`.
    pub fn sample(&self, variables: &[f64], rng: &mut Rng) -> f64 {
        self.compute(variables, |stack, top, law, n| {
            let first = top - usize::from(n);
            stack[first] = law.sample(&stack[first..top], rng);
            first + 1
        })
    }

    #[inline]
    fn compute(&self, variables: &[f64], mut draw: impl FnMut(&mut [f64; DEPTH], usize, Draw, u8) -> usize) -> f64 {
        let mut stack = [0.0; DEPTH];
        let mut top = 0;
        for op in &self.ops {
            match *op {
                Op::Constant(x) => {
                    stack[top] = x;
                    top += 1;
                }
                Op::Load(i, scale) => {
                    stack[top] = variables[i as usize] * scale;
                    top += 1;
                }
                Op::Negate => stack[top - 1] = -stack[top - 1],
                Op::Unary(f) => stack[top - 1] = f.apply(stack[top - 1]),
                Op::Binary(b) => {
                    top -= 1;
                    stack[top - 1] = b.apply(stack[top - 1], stack[top]);
                }
                Op::Select => {
                    top -= 2;
                    stack[top - 1] = if stack[top - 1] == 0.0 { stack[top + 1] } else { stack[top] };
                }
                Op::Draw(law, n) => top = draw(&mut stack, top, law, n),
            }
        }
        stack[0]
    }

    /// Bounds on its value while variable i is anywhere in `variables[i]` (lowest and highest): interval arithmetic, so they may
    /// be wide, and are infinite where no bound is known.
    pub fn range(&self, variables: &[Interval]) -> Interval {
        let mut stack = [(0.0, 0.0); DEPTH];
        let mut top = 0;
        for op in &self.ops {
            match *op {
                Op::Constant(x) => {
                    stack[top] = (x, x);
                    top += 1;
                }
                Op::Load(i, scale) => {
                    stack[top] = interval::multiply(variables[i as usize], (scale, scale));
                    top += 1;
                }
                Op::Negate => stack[top - 1] = (-stack[top - 1].1, -stack[top - 1].0),
                Op::Unary(f) => stack[top - 1] = f.range(stack[top - 1]),
                Op::Binary(b) => {
                    top -= 1;
                    stack[top - 1] = b.range(stack[top - 1], stack[top]);
                }
                Op::Select => {
                    top -= 2;
                    stack[top - 1] = match stack[top - 1] {
                        (0.0, 0.0) => stack[top + 1],
                        (low, high) if low > 0.0 || high < 0.0 => stack[top],
                        _ => interval::either(stack[top], stack[top + 1]),
                    };
                }
                Op::Draw(_, n) => {
                    top -= usize::from(n) - 1;
                    stack[top - 1] = (f64::NEG_INFINITY, f64::INFINITY);
                }
            }
        }
        stack[0]
    }

    /// The same as a tree; `leaf` says what variables are. A draw is no number there.
    pub fn term(&self, leaf: &dyn Fn(u32) -> Term) -> Term {
        let mut stack: Vec<Term> = Vec::new();
        for op in &self.ops {
            let mut pop = || stack.pop().unwrap_or(Term::Number(0.0));
            let term = match *op {
                Op::Constant(x) => Term::Number(x),
                Op::Load(i, scale) => Term::product(vec![Term::Number(scale), leaf(i)]),
                Op::Negate => Term::Apply("minus", vec![pop().number()]),
                Op::Unary(Unary::Exprel) => exprel_term(pop().number()),
                Op::Unary(f) => Term::Apply(f.name(), vec![pop().number()]),
                Op::Binary(b @ (Binary::And | Binary::Or)) => {
                    let second = pop().truth();
                    Term::two(b.name(), pop().truth(), second)
                }
                Op::Binary(b) => {
                    let second = pop().number();
                    Term::two(b.name(), pop().number(), second)
                }
                Op::Select => {
                    let (otherwise, then) = (pop().number(), pop().number());
                    Term::If(Box::new(pop().truth()), Box::new(then), Box::new(otherwise))
                }
                Op::Draw(_, n) => {
                    (0..n).for_each(|_| drop(pop()));
                    Term::Number(f64::NAN)
                }
            };
            stack.push(term);
        }
        stack.pop().unwrap_or(Term::Number(0.0))
    }

    /// The greatest number of values that it holds at once.
    fn stack(&self) -> usize {
        let (mut now, mut most) = (0usize, 0);
        for op in &self.ops {
            match op {
                Op::Constant(_) | Op::Load(..) => now += 1,
                Op::Negate | Op::Unary(_) => {}
                Op::Binary(_) => now -= 1,
                Op::Select => now -= 2,
                Op::Draw(_, n) => now -= usize::from(*n) - 1,
            }
            most = most.max(now);
        }
        most
    }
}

impl Unary {
    /// In content `MathML`.
    fn name(self) -> &'static str {
        match self {
            Self::Exp => "exp",
            Self::Log => "ln",
            Self::Sqrt => "root",
            Self::Abs => "abs",
            Self::Floor => "floor",
            Self::Ceil => "ceiling",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tanh => "tanh",
            Self::Exprel => "exprel",
        }
    }
    fn apply(self, x: f64) -> f64 {
        match self {
            Self::Exp => libm::exp(x),
            Self::Exprel => exprel(x),
            Self::Log => libm::log(x),
            Self::Sqrt => libm::sqrt(x),
            Self::Abs => x.abs(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Sin => libm::sin(x),
            Self::Cos => libm::cos(x),
            Self::Tanh => libm::tanh(x),
        }
    }
}

impl Unary {
    fn range(self, (low, high): Interval) -> Interval {
        match self {
            Self::Abs if low <= 0.0 && high >= 0.0 => (0.0, high.max(-low)),
            Self::Abs => (low.abs().min(high.abs()), low.abs().max(high.abs())),
            // Within a short stretch it is at most as steep as its argument.
            Self::Sin | Self::Cos => {
                let (middle, half) = (self.apply(low + (high - low) / 2.0), (high - low) / 2.0);
                interval::known(((middle - half).max(-1.0), (middle + half).min(1.0)))
            }
            // The others rise all the way; what has no logarithm or root has no bound.
            _ => interval::known((self.apply(low), self.apply(high))),
        }
    }
}

impl Binary {
    /// In content `MathML`.
    fn name(self) -> &'static str {
        match self {
            Self::Add => "plus",
            Self::Subtract => "minus",
            Self::Multiply => "times",
            Self::Divide => "divide",
            Self::Power => "power",
            Self::Min => "min",
            Self::Max => "max",
            Self::Less => "lt",
            Self::LessEqual => "leq",
            Self::Greater => "gt",
            Self::GreaterEqual => "geq",
            Self::Equal => "eq",
            Self::Unequal => "neq",
            Self::And => "and",
            Self::Or => "or",
        }
    }
    fn range(self, a: Interval, b: Interval) -> Interval {
        // Whether a comparison holds for all, for none, or for some.
        let truth = |all: bool, none: bool| {
            if all {
                (1.0, 1.0)
            } else if none {
                (0.0, 0.0)
            } else {
                (0.0, 1.0)
            }
        };
        // Whether all are true, and whether none is.
        let (is_some, is_none) = (|i: Interval| i.0 > 0.0 || i.1 < 0.0, |i: Interval| i == (0.0, 0.0));
        match self {
            Self::Add => interval::known((a.0 + b.0, a.1 + b.1)),
            Self::Subtract => interval::known((a.0 - b.1, a.1 - b.0)),
            Self::Multiply => interval::multiply(a, b),
            Self::Divide => interval::divide(a, b),
            Self::Power => interval::power(a, b),
            Self::Min => (a.0.min(b.0), a.1.min(b.1)),
            Self::Max => (a.0.max(b.0), a.1.max(b.1)),
            Self::Less => truth(a.1 < b.0, a.0 >= b.1),
            Self::LessEqual => truth(a.1 <= b.0, a.0 > b.1),
            Self::Greater => truth(a.0 > b.1, a.1 <= b.0),
            Self::GreaterEqual => truth(a.0 >= b.1, a.1 < b.0),
            Self::Equal => truth(a.0 == b.1 && a.1 == b.0, a.1 < b.0 || b.1 < a.0),
            Self::Unequal => truth(a.1 < b.0 || b.1 < a.0, a.0 == b.1 && a.1 == b.0),
            Self::And => truth(is_some(a) && is_some(b), is_none(a) || is_none(b)),
            Self::Or => truth(is_some(a) || is_some(b), is_none(a) && is_none(b)),
        }
    }
    #[inline]
    fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => power(a, b),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::Less => f64::from(a < b),
            Self::LessEqual => f64::from(a <= b),
            Self::Greater => f64::from(a > b),
            Self::GreaterEqual => f64::from(a >= b),
            Self::Equal => f64::from(a == b),
            Self::Unequal => f64::from(a != b),
            Self::And => f64::from(is_true(a) && is_true(b)),
            Self::Or => f64::from(is_true(a) || is_true(b)),
        }
    }
}

/// What is no number is not true.
pub(crate) fn is_true(x: f64) -> bool {
    x != 0.0 && !x.is_nan()
}

/// `(exp(x) - 1) / x`, which is 1 at 0: it rises all the way, is never below zero, and has no gap at 0 where a quotient written out
/// has one. The opening rates of Hodgkin and Huxley and the fluxes of Goldman, Hodgkin and Katz are of the form `1 / exprel(x)`.
pub fn exprel(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { libm::expm1(x) / x }
}

/// `(exp x - 1) / x`, 1 at 0.
fn exprel_term(x: Term) -> Term {
    let (one, is_zero) = (Term::Number(1.0), Term::two("eq", x.clone(), Term::Number(0.0)));
    let rise = Term::two("minus", Term::Apply("exp", vec![x.clone()]), one.clone());
    Term::If(Box::new(is_zero), Box::new(one), Box::new(Term::two("divide", rise, x)))
}

/// Squares and cubes, by far the most common powers, without the full function.
fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 {
        a * a
    } else if b == 3.0 {
        a * a * a
    } else {
        libm::pow(a, b)
    }
}

fn error(message: impl Into<String>, range: Range<usize>) -> ExpressionError {
    ExpressionError { message: message.into(), range, unknown: None }
}

/// Operators between two operands: how tightly they bind on the left and on the right.
fn infix(token: Token<'_>) -> Option<(Binary, u8, u8)> {
    let (Token::Symbol(symbol) | Token::Name(symbol)) = token else { return None };
    Some(match symbol {
        "or" => (Binary::Or, 1, 2),
        "and" => (Binary::And, 3, 4),
        "<" => (Binary::Less, 7, 8),
        "<=" => (Binary::LessEqual, 7, 8),
        ">" => (Binary::Greater, 7, 8),
        ">=" => (Binary::GreaterEqual, 7, 8),
        "==" => (Binary::Equal, 7, 8),
        "!=" => (Binary::Unequal, 7, 8),
        "+" => (Binary::Add, 9, 10),
        "-" => (Binary::Subtract, 9, 10),
        "*" => (Binary::Multiply, 11, 12),
        "/" => (Binary::Divide, 11, 12),
        "^" => (Binary::Power, 15, 14),
        _ => return None,
    })
}
/// How tightly `not` binds: tighter than `and`, looser than comparisons.
const NOT: u8 = 5;
/// How tightly a sign binds: tighter than `*`, looser than `^`.
const SIGN: u8 = 13;

/// A parser by precedence that writes the program as it goes.
struct Parser<'a, 'r> {
    tokens: Tokens<'a>,
    resolve: &'r mut dyn FnMut(Name<'_>) -> Option<Symbol>,
    ops: Vec<Op>,
    nested: usize,
    /// The brackets that are not closed yet, those of functions with the name.
    open: Vec<Range<usize>>,
    /// What is wrong, but does not keep it from reading on.
    wrong: Vec<ExpressionError>,
}

impl Parser<'_, '_> {
    fn whole(&mut self) -> Result<(), ExpressionError> {
        self.expression(0)?;
        match self.tokens.next()? {
            (Token::End, _) => Ok(()),
            (token, range) => Err(error(format!("unexpected {token}"), range)),
        }
    }

    /// Reads operands and operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<(), ExpressionError> {
        self.nested += 1;
        self.operand()?;
        while let Some((binary, left, right)) = infix(self.tokens.peek()?.0) {
            if left < least {
                break;
            }
            self.tokens.next()?;
            self.expression(right)?;
            self.emit(Op::Binary(binary));
        }
        self.nested -= 1;
        Ok(())
    }

    fn operand(&mut self) -> Result<(), ExpressionError> {
        let (token, range) = self.tokens.next()?;
        if self.nested > 2 * DEPTH {
            return Err(error("the expression is nested too deeply", range));
        }
        match token {
            Token::Number(x) => self.emit(Op::Constant(x)),
            Token::Name("not") => {
                self.expression(NOT)?;
                self.emit(Op::Constant(0.0));
                self.emit(Op::Binary(Binary::Equal));
            }
            Token::Name("and" | "or") => {
                return Err(error(format!("expected a number, a name or `(`, found {token}"), range));
            }
            Token::Name(name) if self.tokens.peek()?.0 == Token::Symbol("(") => self.call(name, range)?,
            Token::Name(name) => self.name(Name::Plain(name), range),
            Token::Symbol("[") => {
                self.open.push(range);
                let (inner, at) = self.tokens.next()?;
                let Token::Name(name) = inner else {
                    return Err(error(format!("expected a name between `[` and `]`, found {inner}"), at));
                };
                self.expect("]")?;
                self.open.pop();
                self.name(Name::Bracketed(name), at);
            }
            Token::Symbol("(") => {
                self.open.push(range);
                self.expression(0)?;
                self.expect(")")?;
                self.open.pop();
            }
            Token::Symbol("-") => {
                self.expression(SIGN)?;
                self.emit(Op::Negate);
            }
            Token::Symbol("+") => self.expression(SIGN)?,
            other => return Err(error(format!("expected a number, a name or `(`, found {other}"), range)),
        }
        Ok(())
    }

    fn name(&mut self, name: Name<'_>, range: Range<usize>) {
        match (self.resolve)(name) {
            Some(Symbol::Constant(x)) => self.emit(Op::Constant(x)),
            Some(Symbol::Variable { index, scale }) => self.emit(Op::Load(index, scale)),
            None => {
                let (Name::Plain(text) | Name::Bracketed(text)) = name;
                let message = format!("unknown name `{text}`");
                if self.wrong.iter().all(|e| e.unknown.as_deref() != Some(text)) {
                    self.wrong.push(ExpressionError { message, range, unknown: Some(text.to_owned()) });
                }
                self.emit(Op::Constant(f64::NAN));
            }
        }
    }

    fn call(&mut self, function: &str, range: Range<usize>) -> Result<(), ExpressionError> {
        let bracket = self.tokens.peek()?.1.end;
        self.expect("(")?;
        self.open.push(range.start..bracket);
        let fold = match function {
            "min" => Some(Binary::Min),
            "max" => Some(Binary::Max),
            _ => None,
        };
        let mut given = 0;
        loop {
            self.expression(0)?;
            given += 1;
            if let Some(binary) = fold.filter(|_| given > 1) {
                self.emit(Op::Binary(binary));
            }
            let (token, at) = self.tokens.next()?;
            match token {
                Token::Symbol(",") => {}
                Token::Symbol(")") => break,
                other => return Err(error(format!("expected `,` or `)`, found {other}"), at)),
            }
        }
        self.open.pop();
        if let Err(message) = self.apply(function, given) {
            self.wrong.push(error(message, range));
        }
        Ok(())
    }

    /// Adds the step of a function of `given` values.
    fn apply(&mut self, function: &str, given: usize) -> Result<(), String> {
        let (op, wanted) = match function {
            "min" | "max" if given > 1 => return Ok(()),
            "min" | "max" => return Err(format!("`{function}` takes two values or more, given {given}")),
            "exp" => (Op::Unary(Unary::Exp), 1),
            "exprel" => (Op::Unary(Unary::Exprel), 1),
            "log" => (Op::Unary(Unary::Log), 1),
            "sqrt" => (Op::Unary(Unary::Sqrt), 1),
            "abs" => (Op::Unary(Unary::Abs), 1),
            "floor" => (Op::Unary(Unary::Floor), 1),
            "ceil" => (Op::Unary(Unary::Ceil), 1),
            "sin" => (Op::Unary(Unary::Sin), 1),
            "cos" => (Op::Unary(Unary::Cos), 1),
            "tanh" => (Op::Unary(Unary::Tanh), 1),
            "if" => (Op::Select, 3),
            _ => return self.draw(function, given),
        };
        if given != wanted {
            let values = if wanted == 1 { "one value" } else { "three values" };
            return Err(format!("`{function}` takes {values}, given {given}"));
        }
        self.emit(op);
        Ok(())
    }

    /// Adds a draw of `given` arguments.
    fn draw(&mut self, function: &str, given: usize) -> Result<(), String> {
        let Some(law) = Draw::named(function) else {
            return Err(format!("unknown function `{function}`; there are {FUNCTIONS}, and draws: {DRAWS}"));
        };
        if !law.arguments().contains(&given) {
            let counts: Vec<String> = law.arguments().iter().map(ToString::to_string).collect();
            return Err(format!("`{function}` takes {} values, given {given}", counts.join(" or ")));
        }
        self.emit(Op::Draw(law, given as u8));
        Ok(())
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), ExpressionError> {
        let (token, range) = self.tokens.next()?;
        if token == Token::Symbol(symbol) {
            Ok(())
        } else {
            Err(error(format!("expected `{symbol}`, found {token}"), range))
        }
    }

    /// Adds a step; arithmetic between constants is done at once.
    fn emit(&mut self, op: Op) {
        let folded = match (op, self.ops.as_slice()) {
            (Op::Negate, [.., Op::Constant(a)]) => Some((1, -a)),
            (Op::Unary(f), [.., Op::Constant(a)]) => Some((1, f.apply(*a))),
            (Op::Binary(b), [.., Op::Constant(x), Op::Constant(y)]) => Some((2, b.apply(*x, *y))),
            _ => None,
        };
        if let Some((taken, value)) = folded {
            self.ops.truncate(self.ops.len() - taken);
            self.ops.push(Op::Constant(value));
        } else {
            self.ops.push(op);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compile(text: &str) -> Result<Expression, Vec<ExpressionError>> {
        Expression::parse(text, &mut |name| match name {
            Name::Plain("x") => Some(Symbol::Variable { index: 0, scale: 1.0 }),
            Name::Bracketed("x") => Some(Symbol::Variable { index: 0, scale: 0.5 }),
            Name::Plain("cell.y") => Some(Symbol::Variable { index: 1, scale: 1.0 }),
            Name::Plain("k") => Some(Symbol::Constant(3.0)),
            _ => None,
        })
    }
    fn value(text: &str) -> f64 {
        compile(text).unwrap_or_else(|e| panic!("{text}: {e:?}")).evaluate(&[4.0, 10.0])
    }

    #[test]
    fn precedence_is_that_of_arithmetic() {
        for (text, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("8 / 2 / 2", 2.0),
            ("8 - 2 - 2", 4.0),
            ("2 ^ 3 ^ 2", 512.0),
            ("-2 ^ 2", -4.0),
            ("2 ^ -1", 0.5),
            ("2 * -x", -8.0),
            ("x ^ 0.5", 2.0),
            ("x^3 + x^2", 80.0),
            ("k * x / (cell.y + x)", 12.0 / 14.0),
            ("[x] + x", 6.0),
            ("1 < 2 + 3", 1.0),
            ("x >= 4", 1.0),
            ("x != 4", 0.0),
            ("if(x < 3, 1, cell.y)", 10.0),
            ("max(1, x, 3) + min(x, 2)", 6.0),
            ("exp(log(x)) + sqrt(x) + abs(-x)", 10.0),
            ("1e-3*1.5E2", 0.15),
            ("floor(x / 3) + ceil(x / 3)", 3.0),
            ("sin(x)^2 + cos(x)^2 + tanh(0)", 1.0),
            ("exprel(x) - (exp(x) - 1) / x + exprel(0)", 1.0),
            ("exprel(-1e-9)", 1.0 - 0.5e-9),
            ("1 / exprel(1e4) + 1 / exprel(-1e4)", 1e4),
        ] {
            assert!((value(text) - expected).abs() < 1e-14, "{text}: {} is not {expected}", value(text));
        }
    }

    #[test]
    fn conditions_are_combined() {
        let value = |text: &str| {
            let known = &mut |name: Name<'_>| (name == Name::Plain("nan")).then_some(Symbol::Constant(f64::NAN));
            Expression::parse(text, known).unwrap().evaluate(&[])
        };
        for (text, holds) in [
            ("1 < 2 and 2 < 3", true),
            ("1 < 2 and 3 < 2", false),
            ("1 > 2 or 2 < 3", true),
            ("1 or 0 and 0", true),
            ("(1 or 0) and 0", false),
            ("not 1 == 2", true),
            ("not 0 and 0", false),
            ("not (0 and 0)", true),
            ("not not 3", true),
            ("1 + 1 and -1", true),
            ("nan or 0", false),
            ("nan and 1", false),
        ] {
            assert_eq!(value(text), f64::from(holds), "{text}");
        }
        let range = |text: &str, x: Interval| {
            let x_only = &mut |_: Name<'_>| Some(Symbol::Variable { index: 0, scale: 1.0 });
            Expression::parse(text, x_only).unwrap().range(&[x])
        };
        assert_eq!(range("x > 1 and x < 4", (2.0, 3.0)), (1.0, 1.0));
        assert_eq!(range("x > 1 and x < 4", (5.0, 6.0)), (0.0, 0.0));
        assert_eq!(range("x < 1 or x > 4", (2.0, 3.0)), (0.0, 0.0));
        assert_eq!(range("not (x < 1 or x > 4)", (0.0, 3.0)), (0.0, 1.0));
        assert!(Expression::parse("and 1", &mut |_| None).is_err());
    }

    #[test]
    fn what_is_constant_is_worked_out_once() {
        assert_eq!(compile("2 * k + exp(0)").unwrap().ops, [Op::Constant(7.0)]);
        assert_eq!(compile("x * cell.y + [x]").unwrap().reads(), [0, 1]);
        assert_eq!(compile("2 + x").unwrap().times(1).evaluate(&[4.0, 10.0]), 60.0);
    }

    #[test]
    fn mistakes_are_located() {
        for (text, message, range) in [
            ("1 + ", "expected a number, a name or `(`, found the end", 4..4),
            ("1 + * 2", "expected a number, a name or `(`, found `*`", 4..5),
            ("(1 + 2", "`(` is not closed: expected `)`, found the end", 0..1),
            ("x * log(", "`log(` is not closed: expected a number, a name or `(`, found the end", 4..8),
            ("min(x, (1)", "`min(` is not closed: expected `,` or `)`, found the end", 0..4),
            ("2 * [x ", "`[` is not closed: expected `]`, found the end", 4..5),
            ("(1 + 2]", "expected `)`, found `]`", 6..7),
            ("1 2", "unexpected the number 2", 2..3),
            ("foo * 2", "unknown name `foo`", 0..3),
            (
                "sun(x)",
                "unknown function `sun`; there are exp, exprel, log, sqrt, abs, floor, ceil, sin, cos, tanh, min, max, if, and draws: \
                 normal, uniform, exponential, gamma, poisson, cauchy, chisquare, rayleigh, bernoulli, laplace, lognormal, \
                 binomial",
                0..3,
            ),
            ("exp(1, 2)", "`exp` takes one value, given 2", 0..3),
            ("min(1)", "`min` takes two values or more, given 1", 0..3),
            ("x $ 2", "`$` has no meaning in an expression", 2..3),
            ("1.2.3", "`1.2.3` is not a number", 0..5),
            ("[2]", "expected a name between `[` and `]`, found the number 2", 1..2),
            ("", "expected a number, a name or `(`, found the end", 0..0),
        ] {
            let found = compile(text).unwrap_err();
            assert_eq!((found.len(), found[0].message.as_str(), found[0].range.clone()), (1, message, range), "{text}");
        }
        let deep = "(".repeat(500) + "1" + &")".repeat(500);
        assert_eq!(compile(&deep).unwrap_err()[0].message, "the expression is nested too deeply");
        let wide = "x^".repeat(40) + "x";
        assert_eq!(compile(&wide).unwrap_err()[0].message, "the expression is nested too deeply");
    }

    #[test]
    fn mistakes_are_found_in_one_pass() {
        let found = compile("foo * bar + foo * sun(min(baz)) + log(").unwrap_err();
        let messages: Vec<&str> = found.iter().map(|e| e.message.as_str()).collect();
        let expected = [
            "unknown name `foo`",
            "unknown name `bar`",
            "unknown function `sun`; there are exp, exprel, log, sqrt, abs, floor, ceil, sin, cos, tanh, min, max, if, and draws: \
                 normal, uniform, exponential, gamma, poisson, cauchy, chisquare, rayleigh, bernoulli, laplace, lognormal, \
                 binomial",
            "`min` takes two values or more, given 1",
            "unknown name `baz`",
            "`log(` is not closed: expected a number, a name or `(`, found the end",
        ];
        assert_eq!(messages, expected);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[-+*/^()<>=!a-z0-9., \\[\\]]{0,40}") {
            if let Ok(e) = compile(&text) {
                e.evaluate(&[1.0, 2.0]);
            }
        }
        #[test]
        fn values_lie_in_their_range(
            which in 0usize..15, x in -5.0..5.0f64, y in -5.0..5.0f64, dx in 0.0..3.0f64, dy in 0.0..3.0f64,
            u in 0.0..1.0f64, v in 0.0..1.0f64,
        ) {
            let text = [
                "x * cell.y - [x] / cell.y", "x / (cell.y + 9)", "x^3 - cell.y^2", "x^-2 + 1", "abs(x)^0.7 * exp(-cell.y)",
                "max(x, cell.y) - min(x, 2)", "if(x < cell.y, x, -cell.y)", "log(abs(x) + 1) * sqrt(abs(cell.y))",
                "30 * x^4 / (k^4 + x^4)", "if(x >= 0, 1, 0) * (cell.y != x)", "2^x / (1 + exp(-cell.y))", "-x^cell.y",
                "sin(x) * cos(2 * cell.y) - tanh(x)", "floor(x) + ceil(cell.y / 2)", "x / exprel(-3 * cell.y)",
            ][which];
            let e = compile(text).unwrap();
            let (low, high) = e.range(&[(x, x + dx), (y, y + dy)]);
            let value = e.evaluate(&[x + u * dx, y + v * dy]);
            let slack = 1e-9 * value.abs().max(1.0);
            prop_assert!(value.is_nan() || value >= low - slack && value <= high + slack, "{} {} {} {}", text, low, value, high);
        }
        #[test]
        fn sums_and_products_agree_with_the_language(a in -100.0..100.0f64, b in -100.0..100.0f64, c in 0.1..100.0f64) {
            prop_assert_eq!(value(&format!("{a} + {b} * {c} - {a} / {c}")), a + b * c - a / c);
        }
    }
}
