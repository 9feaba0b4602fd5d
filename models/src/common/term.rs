//! Formulas as trees, for formats of other programs.

/// A formula of counts, waveforms and the time.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A number.
    Number(f64),
    /// The time, s.
    Time,
    /// The count of a species, by index.
    Count(usize),
    /// The value of a waveform, by index.
    Waveform(usize),
    /// An operator of content `MathML` (`plus`, `times`, `ln`, `lt`, ...) over its operands.
    Apply(&'static str, Vec<Term>),
    /// The first if the condition (a comparison, or several) holds, else the second.
    If(Box<Term>, Box<Term>, Box<Term>),
}

impl Term {
    /// The sum of some.
    #[must_use]
    pub fn sum(terms: Vec<Self>) -> Self {
        Self::many("plus", 0.0, terms)
    }
    /// The product of some; factors of one are left out.
    #[must_use]
    pub fn product(mut terms: Vec<Self>) -> Self {
        terms.retain(|t| *t != Self::Number(1.0));
        Self::many("times", 1.0, terms)
    }
    fn many(op: &'static str, none: f64, mut terms: Vec<Self>) -> Self {
        match terms.len() {
            0 => Self::Number(none),
            1 => terms.remove(0),
            _ => Self::Apply(op, terms),
        }
    }
    /// `op` over two.
    #[must_use]
    pub fn two(op: &'static str, a: Self, b: Self) -> Self {
        Self::Apply(op, vec![a, b])
    }
    /// It before `end` (s), `then` from there on.
    #[must_use]
    pub fn until(self, end: f64, then: Self) -> Self {
        let before = Self::two("lt", Self::Time, Self::Number(end));
        Self::If(Box::new(before), Box::new(self), Box::new(then))
    }

    fn is_truth(&self) -> bool {
        matches!(self, Self::Apply("lt" | "leq" | "gt" | "geq" | "eq" | "neq" | "and" | "or", _))
    }
    /// As a number: 1 if it is a condition that holds, 0 if it does not.
    #[must_use]
    pub fn number(self) -> Self {
        if !self.is_truth() {
            return self;
        }
        Self::If(Box::new(self), Box::new(Self::Number(1.0)), Box::new(Self::Number(0.0)))
    }
    /// As a condition: whether it is not zero.
    #[must_use]
    pub fn truth(self) -> Self {
        if self.is_truth() { self } else { Self::two("neq", self, Self::Number(0.0)) }
    }

    /// The species that it reads, ascending, each once.
    pub fn counts(&self) -> Vec<usize> {
        let mut all = Vec::new();
        self.gather(&mut all);
        all.sort_unstable();
        all.dedup();
        all
    }
    /// The same with other terms in place of the counts.
    #[must_use]
    pub fn with_counts(&self, by: &dyn Fn(usize) -> Self) -> Self {
        let again = |t: &Self| t.with_counts(by);
        match self {
            Self::Count(i) => by(*i),
            Self::Apply(op, terms) => Self::Apply(op, terms.iter().map(again).collect()),
            Self::If(a, b, c) => Self::If(Box::new(again(a)), Box::new(again(b)), Box::new(again(c))),
            Self::Number(_) | Self::Time | Self::Waveform(_) => self.clone(),
        }
    }
    fn gather(&self, to: &mut Vec<usize>) {
        match self {
            Self::Count(i) => to.push(*i),
            Self::Apply(_, terms) => terms.iter().for_each(|t| t.gather(to)),
            Self::If(a, b, c) => [a, b, c].into_iter().for_each(|t| t.gather(to)),
            Self::Number(_) | Self::Time | Self::Waveform(_) => {}
        }
    }
}
