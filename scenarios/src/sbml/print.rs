//! Formulas as the text of laws, and values as TOML.

use std::collections::BTreeMap;

use super::math::{Expr, Op};
use super::resolve::{Resolved, Symbol};

/// Names of a scenario's laws that mean something by themselves.
const RESERVED: &[&str] = &["time", "volume", "N_A", "inf", "and", "or", "not"];

/// What the symbols of one reaction are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    of: BTreeMap<Symbol, String>,
}

impl Names {
    /// Names in which these symbols are called as given.
    pub(super) fn new(known: &BTreeMap<Symbol, String>) -> Self {
        Self { of: known.clone() }
    }
    /// The name of `symbol`, `wanted` unless that is taken.
    pub(super) fn name(&mut self, symbol: &Symbol, wanted: &str) -> String {
        if let Some(name) = self.of.get(symbol) {
            return name.clone();
        }
        let taken = |name: &str| RESERVED.contains(&name) || self.of.values().any(|n| n == name);
        let mut name = wanted.to_owned();
        for k in 2.. {
            if !taken(&name) {
                break;
            }
            name = format!("{wanted}_{k}");
        }
        self.of.insert(symbol.clone(), name.clone());
        name
    }
    /// The name that `symbol` has; empty if it has none.
    pub(super) fn get(&self, symbol: &Symbol) -> &str {
        self.of.get(symbol).map_or("", String::as_str)
    }
}

/// Whether a law could misread the name of a species.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The text of a formula; every symbol must have its name.
pub(super) fn formula(e: &Resolved, names: &Names) -> String {
    let mut out = String::new();
    write(e, names, 0, &mut out);
    out
}

/// How tightly an operator binds.
fn binds(op: Op) -> u8 {
    match op {
        Op::Compare(_) => 1,
        Op::Plus | Op::Minus => 3,
        Op::Times | Op::Divide => 5,
        Op::Power => 9,
        Op::If | Op::Function(_) | Op::Draw(_) => 10,
    }
}

/// Writes `e`, in parentheses if it binds less tightly than `least`.
fn write(e: &Resolved, names: &Names, least: u8, out: &mut String) {
    match e {
        Expr::Number(x) if *x < 0.0 => {
            out.push('(');
            out.push_str(&number(*x));
            out.push(')');
        }
        Expr::Number(x) => out.push_str(&number(*x)),
        Expr::Symbol(s) => out.push_str(names.get(s)),
        Expr::Time => out.push_str("time"),
        Expr::Call(..) => {}
        Expr::Apply(op, operands) => {
            let own = if *op == Op::Minus && operands.len() == 1 { 7 } else { binds(*op) };
            if own < least {
                out.push('(');
            }
            application(*op, operands, own, names, out);
            if own < least {
                out.push(')');
            }
        }
    }
}

fn application(op: Op, operands: &[Resolved], own: u8, names: &Names, out: &mut String) {
    let symbol = match op {
        Op::If | Op::Function(_) | Op::Draw(_) => {
            out.push_str(match op {
                Op::Function(name) => name,
                Op::Draw(law) => law.name(),
                _ => "if",
            });
            out.push('(');
            for (k, operand) in operands.iter().enumerate() {
                out.push_str(if k > 0 { ", " } else { "" });
                write(operand, names, 0, out);
            }
            out.push(')');
            return;
        }
        Op::Minus if operands.len() == 1 => {
            out.push('-');
            write(&operands[0], names, own, out);
            return;
        }
        Op::Plus => " + ",
        Op::Minus => " - ",
        Op::Times => " * ",
        Op::Divide => " / ",
        Op::Power => "^",
        Op::Compare(symbol) => {
            write(&operands[0], names, own + 1, out);
            out.push(' ');
            out.push_str(symbol);
            out.push(' ');
            write(&operands[1], names, own + 1, out);
            return;
        }
    };
    for (k, operand) in operands.iter().enumerate() {
        out.push_str(if k > 0 { symbol } else { "" });
        // Operators group to the left, but for powers, which are written out.
        write(operand, names, if k > 0 || op == Op::Power { own + 1 } else { own }, out);
    }
}

/// The shortest text that reads back as the number.
pub(super) fn number(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x}") } else { format!("{x:?}") }
}

/// A text as TOML has it.
pub(super) fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_keep_their_meaning() {
        let symbol = |i| Expr::Symbol(Symbol::Count(i));
        let apply = |op, operands: &[Resolved]| Expr::Apply(op, operands.to_vec());
        let (a, b, c) = (symbol(0), symbol(1), symbol(2));
        let known = ["a", "b", "c"].iter().enumerate().map(|(i, name)| (Symbol::Count(i), (*name).to_owned()));
        let names = Names::new(&known.collect());
        let minus = apply(Op::Minus, &[b.clone(), c.clone()]);
        for (e, text) in [
            (apply(Op::Minus, &[a.clone(), minus.clone()]), "a - (b - c)"),
            (apply(Op::Minus, &[minus.clone(), a.clone()]), "b - c - a"),
            (apply(Op::Times, &[a.clone(), minus.clone(), Expr::Number(2.0)]), "a * (b - c) * 2"),
            (apply(Op::Divide, &[a.clone(), apply(Op::Times, &[b.clone(), c.clone()])]), "a / (b * c)"),
            (apply(Op::Power, &[apply(Op::Power, &[a.clone(), b.clone()]), c.clone()]), "(a^b)^c"),
            (apply(Op::Power, &[a.clone(), apply(Op::Minus, std::slice::from_ref(&b))]), "a^(-b)"),
            (apply(Op::Minus, &[apply(Op::Power, &[a.clone(), b.clone()])]), "-a^b"),
            (
                apply(Op::Compare(">"), &[apply(Op::Plus, &[a.clone(), b.clone()]), Expr::Number(-1.5)]),
                "a + b > (-1.5)",
            ),
            (apply(Op::If, &[a.clone(), Expr::Time, Expr::Number(1e-7)]), "if(a, time, 1e-7)"),
            (apply(Op::Times, &[apply(Op::Compare("<"), &[a.clone(), b.clone()]), minus]), "(a < b) * (b - c)"),
        ] {
            assert_eq!(formula(&e, &names), text);
        }
        let mut names = names;
        assert_eq!(names.name(&Symbol::Parameter("k".into()), "k"), "k");
        assert_eq!(names.name(&Symbol::Local("k".into()), "k"), "k_2");
        assert_eq!(names.name(&Symbol::Local("time".into()), "time"), "time_2");
        assert_eq!(quoted("a \"b\"\\\n"), "\"a \\\"b\\\"\\\\ \"");
        assert_eq!((number(0.1), number(1e16), number(-3.0)), ("0.1".into(), "1e16".into(), "-3".into()));
    }
}
