//! Diagnostics as people read them: the source line, what is wrong underlined, and a hint.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use sim_core::config::{Diagnostic, Diagnostics, Severity};

use super::parse::GIVEN_TWICE;
use super::source::{Sources, floor_boundary};

/// So many findings are shown: of a mistake that a program made ten thousand times, the first ones tell.
const SHOWN: usize = 25;

/// The findings in the order of their places, each with its source line, and a blank line between two. Of very many the first
/// errors are shown, then the first warnings, and how many more there are.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, colour: bool) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|d| (d.severity != Severity::Error, d.span.source, d.span.start));
    let hidden = sorted.split_off(sorted.len().min(SHOWN));
    sorted.sort_by_key(|d| (d.span.source, d.span.start));
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut texts: Vec<String> = sorted.iter().map(|d| one(d, sources, &renderer)).collect();
    let more = |severity: Severity, name: &str| match hidden.iter().filter(|d| d.severity == severity).count() {
        0 => None,
        1 => Some(format!("1 more {name}")),
        n => Some(format!("{n} more {name}s")),
    };
    let more = [more(Severity::Error, "error"), more(Severity::Warning, "warning")];
    if !hidden.is_empty() {
        texts.push(format!("and {}", more.into_iter().flatten().collect::<Vec<_>>().join(" and ")));
    }
    if texts.is_empty() { String::new() } else { texts.join("\n\n") + "\n" }
}

fn one(d: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match d.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(d.message.as_str()).id(d.code);
    let text = sources.text(d.span.source);
    let mut group = if text.is_empty() {
        title.elements(Vec::<Snippet<'_, annotate_snippets::Annotation<'_>>>::new())
    } else {
        let underline = AnnotationKind::Primary.span(first_line(text, d.span.start as usize, d.span.end as usize));
        let underline = if d.label.is_empty() { underline } else { underline.label(d.label.as_str()) };
        title.element(Snippet::source(text).path(sources.name(d.span.source)).annotation(underline))
    };
    if let Some(help) = &d.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The part of a range on its first line: a table of many lines is shown by its head.
fn first_line(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let start = floor_boundary(text, start);
    let end = floor_boundary(text, end).max(start);
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |i| start + i);
    start..end.min(line_end).max(start)
}

/// The findings of a check, without those that follow from a syntax error: those on its line, those that something is
/// missing, which may be in what could not be read, and unknown keys below a header that could not be read.
#[must_use]
pub fn without_echoes(found: &Diagnostics, syntax: &Diagnostics, sources: &Sources) -> Diagnostics {
    let line = |d: &Diagnostic| (d.span.source, sources.line_column(d.span).0);
    let unread = syntax.iter().any(|s| s.code != GIVEN_TWICE);
    let is_astray = |d: &Diagnostic| d.code == "E0101" && syntax.iter().any(|s| is_below_header(s, d, sources));
    let is_echo =
        |d: &Diagnostic| unread && d.code == "E0103" || is_astray(d) || syntax.iter().any(|s| line(s) == line(d));
    let mut kept = Diagnostics::default();
    for d in found.iter().filter(|d| !is_echo(d)) {
        kept.push(d.clone());
    }
    kept
}

/// Whether `syntax` is about a header of a table, and `d` between that and the next one.
fn is_below_header(syntax: &Diagnostic, d: &Diagnostic, sources: &Sources) -> bool {
    let text = sources.text(syntax.span.source);
    let at = |d: &Diagnostic| floor_boundary(text, d.span.start as usize);
    let (header, found) = (at(syntax), at(d));
    let line = text[..header].rfind('\n').map_or(0, |i| i + 1);
    syntax.span.source == d.span.source
        && header < found
        && text[line..].trim_start().starts_with('[')
        && !text[header..found].contains("\n[")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::config::Span;

    const TEXT: &str = "[link.up]\ndelay = \"5 mM\"\n";

    fn source() -> Sources {
        let mut sources = Sources::default();
        sources.add("demo.toml", TEXT);
        sources
    }

    fn found(d: Diagnostic) -> Diagnostics {
        let mut all = Diagnostics::default();
        all.push(d);
        all
    }

    #[test]
    fn a_finding_shows_its_line_and_a_hint() {
        let span = Span { source: 0, start: 18, end: 24 };
        let d =
            Diagnostic::error("E0201", span, "expected a time, found a concentration", "in mol/m^3").help("try `5 ms`");
        let expected = "\
error[E0201]: expected a time, found a concentration
 --> demo.toml:2:9
  |
2 | delay = \"5 mM\"
  |         ^^^^^^ in mol/m^3
  |
  = help: try `5 ms`
";
        assert_eq!(render(&found(d.clone()), &source(), false), expected);
        assert!(render(&found(d), &source(), true).contains("\u{1b}["));
    }

    #[test]
    fn a_finding_without_a_text_is_one_line() {
        let d =
            Diagnostic::error("E0003", Span { source: 9, ..Span::default() }, "there is no file `x`", "").help("check");
        assert_eq!(render(&found(d), &source(), false), "error[E0003]: there is no file `x`\n |\n = help: check\n");
    }

    #[test]
    fn a_place_outside_the_text_is_drawn_at_its_end() {
        let d = Diagnostic::error("E0001", Span { source: 0, start: 900, end: 950 }, "cut short", "here");
        assert!(render(&found(d), &source(), false).contains("demo.toml:"));
    }

    #[test]
    fn of_very_many_the_first_errors_are_shown() {
        let span = Span { source: 0, start: 18, end: 24 };
        let mut all = Diagnostics::default();
        (0..30).for_each(|_| all.push(Diagnostic::warning("W0001", span, "odd", "")));
        (0..SHOWN - 1).for_each(|_| all.push(Diagnostic::error("E0001", span, "wrong", "")));
        let text = render(&all, &source(), false);
        assert_eq!((text.matches("error[").count(), text.matches("warning[").count()), (SHOWN - 1, 1));
        assert!(text.ends_with("\n\nand 29 more warnings\n"), "{text}");
        (0..2).for_each(|_| all.push(Diagnostic::error("E0001", span, "wrong", "")));
        let text = render(&all, &source(), false);
        assert_eq!((text.matches("error[").count(), text.matches("warning[").count()), (SHOWN, 0));
        assert!(text.ends_with("and 1 more error and 30 more warnings\n"), "{text}");
    }

    #[test]
    fn findings_on_the_line_of_a_syntax_error_are_left_out() {
        let at = |start| found(Diagnostic::error("E0001", Span { source: 0, start, end: start + 1 }, "m", "l"));
        assert!(without_echoes(&at(12), &at(20), &source()).is_empty());
        assert!(!without_echoes(&at(2), &at(20), &source()).is_empty());
    }
}
