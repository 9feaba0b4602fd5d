//! Expressions that come to a number times counts, as `k * A * B` and `k * A * (A - 1) / 2` do.

use super::{Binary, Expression, Op};

/// `c` times a product of variables less something: `(index, d)` is a factor `x - d`.
#[derive(Clone, Debug, PartialEq)]
pub struct Monomial {
    /// The number before it.
    pub c: f64,
    /// The factors, ascending.
    pub factors: Vec<(u32, f64)>,
}

impl Expression {
    /// The expression as a monomial, if it is written as one.
    pub fn monomial(&self) -> Option<Monomial> {
        let mut stack: Vec<Monomial> = Vec::new();
        for op in &self.ops {
            let value = match *op {
                Op::Constant(c) => Monomial { c, factors: Vec::new() },
                Op::Load(index, scale) => Monomial { c: scale, factors: vec![(index, 0.0)] },
                Op::Negate => {
                    let a = stack.pop()?;
                    Monomial { c: -a.c, ..a }
                }
                Op::Binary(binary) => {
                    let b = stack.pop()?;
                    stack.pop()?.combined(binary, b)?
                }
                Op::Unary(_) | Op::Select | Op::Draw(..) => return None,
            };
            stack.push(value);
        }
        let mut whole = stack.pop()?;
        whole.factors.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        Some(whole)
    }
}

impl Monomial {
    fn is_number(&self) -> bool {
        self.factors.is_empty()
    }

    /// What `binary` makes of it and `b`.
    fn combined(mut self, binary: Binary, b: Self) -> Option<Self> {
        match binary {
            _ if self.is_number() && b.is_number() => Some(Self { c: binary.apply(self.c, b.c), factors: Vec::new() }),
            Binary::Multiply => {
                self.c *= b.c;
                self.factors.extend(b.factors);
                Some(self)
            }
            Binary::Divide if b.is_number() => Some(Self { c: self.c / b.c, ..self }),
            Binary::Subtract if b.is_number() => match (self.c, self.factors.as_slice()) {
                (1.0, [(index, d)]) => Some(Self { c: 1.0, factors: vec![(*index, d + b.c)] }),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Name, Symbol};
    use super::*;

    fn of(text: &str) -> Option<(f64, Vec<(u32, f64)>)> {
        let expression = Expression::parse(text, &mut |name| match name {
            Name::Plain("A") => Some(Symbol::Variable { index: 0, scale: 1.0 }),
            Name::Bracketed("A") => Some(Symbol::Variable { index: 0, scale: 4.0 }),
            Name::Plain("B") => Some(Symbol::Variable { index: 1, scale: 1.0 }),
            Name::Plain("k") => Some(Symbol::Constant(0.5)),
            _ => None,
        });
        expression.unwrap().monomial().map(|m| (m.c, m.factors))
    }

    #[test]
    fn products_are_recognized() {
        assert_eq!(of("k"), Some((0.5, vec![])));
        assert_eq!(of("-k * 3 ^ 2"), Some((-4.5, vec![])));
        assert_eq!(of("B * k * A * 2"), Some((1.0, vec![(0, 0.0), (1, 0.0)])));
        assert_eq!(of("k * A * (A - 1) / 2"), Some((0.25, vec![(0, 0.0), (0, 1.0)])));
        assert_eq!(of("(A - 2) * (A - 1) * A"), Some((1.0, vec![(0, 0.0), (0, 1.0), (0, 2.0)])));
        assert_eq!(of("k * [A]"), Some((2.0, vec![(0, 0.0)])));
    }

    #[test]
    fn nothing_else_is() {
        for text in
            ["A + 1", "k / A", "A ^ 2", "1 - A", "2 * A - 1", "[A] - 1", "exp(A)", "min(A, 3)", "if(A > 2, A, 1)"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
