//! Reaction equations: `2 A + B -> C`, `A <-> cell.B`, `-> A`, `A ->`.

use std::ops::Range;

/// A term of a side: how many, of what, and where the name stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) n: u32,
    pub(super) name: String,
    pub(super) range: Range<usize>,
}

/// A parsed equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Equation {
    pub(super) left: Vec<Term>,
    pub(super) right: Vec<Term>,
    pub(super) reversible: bool,
}

/// What is wrong, where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EquationError {
    pub(super) message: String,
    pub(super) range: Range<usize>,
    pub(super) expected: &'static str,
}

/// Reads an equation.
pub(super) fn parse(text: &str) -> Result<Equation, EquationError> {
    let (arrow, reversible) = match (text.find("<->"), text.find("->")) {
        (Some(at), _) => (at..at + 3, true),
        (None, Some(at)) => (at..at + 2, false),
        (None, None) => {
            let message = format!("`{text}` has no arrow");
            return Err(EquationError { message, range: 0..text.len(), expected: "expected `->` or `<->`" });
        }
    };
    let left = side(text, 0..arrow.start)?;
    let right = side(text, arrow.end..text.len())?;
    if left.is_empty() && right.is_empty() {
        let message = "nothing on either side of the arrow".to_owned();
        return Err(EquationError { message, range: arrow, expected: "expected a species" });
    }
    Ok(Equation { left, right, reversible })
}

/// The terms between plus signs; none if blank. The same species in two terms is one term.
fn side(text: &str, range: Range<usize>) -> Result<Vec<Term>, EquationError> {
    let mut terms: Vec<Term> = Vec::new();
    if text[range.clone()].trim().is_empty() {
        return Ok(terms);
    }
    let mut start = range.start;
    for part in text[range].split('+') {
        let next = term(part, start)?;
        start += part.len() + 1;
        match terms.iter_mut().find(|t| t.name == next.name) {
            Some(same) => same.n += next.n,
            None => terms.push(next),
        }
    }
    Ok(terms)
}

fn term(part: &str, start: usize) -> Result<Term, EquationError> {
    let body = part.trim();
    let at = start + part.len() - part.trim_start().len();
    let digits = body.len() - body.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let name = body[digits..].trim_start();
    let wrong = |message: String, expected| Err(EquationError { message, range: at..at + body.len(), expected });
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !starts || name.contains(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')) {
        return wrong(format!("`{body}` is no term"), "expected a species, or a count and a species: `2 A`");
    }
    let n = if digits == 0 { Ok(1) } else { body[..digits].parse::<u32>() };
    let Some(n) = n.ok().filter(|n| (1..=MOST).contains(n)) else {
        return wrong(format!("`{}` of one species", &body[..digits]), "expected 1 to 1000000");
    };
    let range = at + body.len() - name.len()..at + body.len();
    Ok(Term { n, name: name.to_owned(), range })
}

/// The most of one species in one term.
const MOST: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// An equation written out in full, each term with its count.
    fn full(text: &str) -> String {
        let e = parse(text).unwrap();
        let side = |s: &[Term]| s.iter().map(|t| format!("{} {}", t.n, t.name)).collect::<Vec<_>>().join(" + ");
        format!("{} {} {}", side(&e.left), if e.reversible { "<->" } else { "->" }, side(&e.right))
    }

    #[test]
    fn equations_are_read() {
        for (text, expected) in [
            ("2 A -> D", "2 A -> 1 D"),
            ("A + cell.B<->3C_2", "1 A + 1 cell.B <-> 3 C_2"),
            ("A + A ->", "2 A -> "),
            ("-> A", " -> 1 A"),
        ] {
            assert_eq!(full(text), expected);
        }
        assert_eq!(parse("A +  2 BB -> C").unwrap().left[1].range, 7..9);
    }

    #[test]
    fn mistakes_are_located() {
        for (text, range) in [
            ("A + B", 0..5),
            ("A + -> B", 3..4),
            ("->", 0..2),
            ("A -> B -> C", 4..11),
            ("0 A -> B", 0..3),
            ("A -> 2.5 B", 5..10),
            ("A -> 99999999999 B", 5..18),
        ] {
            let e = parse(text).unwrap_err();
            assert!(e.range.start.abs_diff(range.start) <= 1 && e.range.end == range.end, "{text}: {e:?}");
        }
    }
}
