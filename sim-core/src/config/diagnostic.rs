//! What is wrong with an input, where, what was expected, and what to do.

/// A range of bytes in one of the input texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// Which input: 0 is the scenario file; others are added for `--set` and `--sweep` arguments.
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario can run, but probably not as meant.
    Warning,
    /// The scenario cannot run.
    Error,
}

/// One finding about an input.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Stable code, `E0101` or `W0301`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One line: what is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Short text under the underline: what was expected.
    pub label: String,
    /// A hint: what to do, or a near match.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a hint.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), span, label: label.into(), help: None }
    }
    /// A warning without a hint.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message, label) }
    }
    /// The same with a hint.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All findings about one input, in the order found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, d: Diagnostic) {
        self.0.push(d);
    }
    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Takes over the findings of `other`.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(d: Diagnostic) -> Self {
        Self(vec![d])
    }
}

/// "did you mean `x`?" for the candidate nearest to `name`, if one is near enough.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// The candidate nearest to `name`, if one is near enough to have been meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let best = candidates
        .into_iter()
        .map(|c| (nearness(&name, &c.to_lowercase()), c))
        // The first of equals, so that the order of declaration decides.
        .reduce(|a, b| if b.0 > a.0 { b } else { a })?;
    (best.0 > 0.75).then_some(best.1)
}

/// Jaro-Winkler misses swapped and missing letters in short words (`lna` for `lan`, `rn` for `run`), which one edit
/// explains.
fn nearness(a: &str, b: &str) -> f64 {
    let one_edit = a.chars().count().max(b.chars().count()) > 2 && strsim::damerau_levenshtein(a, b) == 1;
    strsim::jaro_winkler(a, b).max(if one_edit { 0.8 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        assert_eq!(did_you_mean("lna", ["wan", "lan"]).unwrap(), "did you mean `lan`?");
        assert_eq!(did_you_mean("Capcity", ["rate", "capacity"]).unwrap(), "did you mean `capacity`?");
        assert_eq!(did_you_mean("colour", ["rate", "delay"]), None);
        assert_eq!(did_you_mean("x", []), None);
    }

    #[test]
    fn a_warning_alone_is_no_error() {
        let mut all = Diagnostics::default();
        all.push(Diagnostic::warning("W0001", Span::default(), "m", "l").help("h"));
        assert!(!all.has_errors() && !all.is_empty());
        all.push(Diagnostic::error("E0001", Span::default(), "m", "l"));
        assert!(all.has_errors());
    }
}
