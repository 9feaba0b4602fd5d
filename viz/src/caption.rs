//! Captions: what a reader must know to judge a figure, sentence by sentence.

use scenarios::tables::{Axis, StudyTables};

use crate::chart::Chart;
use crate::select::Shown;
use crate::unit::{Unit, plural};

/// A caption in the making.
pub(crate) struct Caption<'a> {
    tables: &'a StudyTables,
    sentences: Vec<String>,
}

impl<'a> Caption<'a> {
    /// Begins with what is shown, and of which study.
    pub(crate) fn new(tables: &'a StudyTables, shown: &str) -> Self {
        let study = if tables.title.is_empty() { &tables.name } else { &tables.title };
        Self { tables, sentences: vec![format!("{shown}: {study}.")] }
    }
    /// Adds a sentence; an empty one is not added.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !sentence.is_empty() {
            self.sentences.push(sentence);
        }
    }
    /// On replications and the interval, drawn as `what`.
    pub(crate) fn interval(&mut self, what: &str) {
        self.say(match self.tables.replications {
            _ if self.tables.is_without_chance() => "No chance in it: no confidence interval.".into(),
            0 | 1 => "One replication: no confidence interval.".into(),
            n => {
                let percent = brief(100.0 * self.tables.confidence);
                format!("{what}: {percent} % confidence interval of the mean over n = {n} replications (Student's t).")
            }
        });
    }
    /// On replications and intervals that are not drawn.
    pub(crate) fn hidden_interval(&mut self) {
        let (percent, n) = (brief(100.0 * self.tables.confidence), self.tables.replications);
        self.say(format!(
            "The {percent} % confidence intervals (n = {n} replications) would hide the lines; the table has them."
        ));
    }
    /// On which components or points of a sweep are shown; the components are those with the highest `what`.
    pub(crate) fn shown(&mut self, shown: &Shown<'_>, what: &str) {
        match shown {
            Shown::Points(name, points, of) => {
                let axes: Vec<&str> = self.tables.axes.iter().map(|a| a.name.as_str()).collect();
                self.say(format!("Shown is {name} at {} of {of} points, by {}.", points.len(), axes.join(", ")));
            }
            Shown::Components(choice, point) => {
                self.point(*point);
                self.say(choice.left_out(what));
            }
        }
    }
    /// On how intervals end on the chart's y axis.
    pub(crate) fn ends(&mut self, chart: &Chart, replications: u32) {
        if replications < 2 {
            return;
        }
        if chart.y.scale.is_log() {
            self.say("Lower ends on the logarithmic axis: mean times exp(-half-width / mean).");
        }
        if chart.cuts_intervals() {
            self.say("Intervals are cut at the ends of the axis.");
        }
    }
    /// On the one point of a sweep that is shown.
    pub(crate) fn point(&mut self, at: usize) {
        let Some(point) = self.tables.points.get(at).filter(|p| !p.coordinates.is_empty()) else { return };
        let part = |(axis, at): (&Axis, &usize)| Some(format!("{} = {}", axis.name, axis.labels.get(*at)?));
        let parts: Vec<String> = self.tables.axes.iter().zip(&point.coordinates).filter_map(part).collect();
        self.say(format!("Only the point {} of the sweep.", parts.join(", ")));
    }
    /// Ends with the seed.
    pub(crate) fn finish(mut self) -> String {
        self.say(format!("Seed {}.", self.tables.seed));
        self.sentences.join(" ")
    }
}

/// `12 packets`, `1 packet`; `entities` where they differ.
pub(crate) fn counted(n: u64, entity: Option<&str>) -> String {
    match (n, entity) {
        (1, Some(e)) => format!("1 {e}"),
        (_, Some(e)) => format!("{n} {}", plural(e)),
        (_, None) => format!("{n} entities"),
    }
}

/// Four significant digits at most.
pub(crate) fn brief(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return "0".into();
    }
    let digits = (3 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// A time with three digits and its unit.
pub(crate) fn time(seconds: f64) -> String {
    let unit = Unit::of("s", None, seconds);
    let x = seconds * unit.factor;
    let digits = if x > 0.0 { (2 - x.log10().floor() as i32).clamp(0, 9) as usize } else { 0 };
    format!("{x:.digits$} {}", unit.label.head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_joined_and_empty_ones_left_out() {
        let tables = StudyTables { name: "mm1".into(), replications: 1, seed: 3, ..StudyTables::default() };
        let mut caption = Caption::new(&tables, "Delay");
        caption.say("");
        caption.interval("Bands");
        assert_eq!(caption.finish(), "Delay: mm1. One replication: no confidence interval. Seed 3.");
    }

    #[test]
    fn numbers_in_captions_are_brief() {
        assert_eq!(brief(60.0), "60");
        assert_eq!(brief(0.123_456), "0.1235");
        assert_eq!(brief(12_345.6), "12346");
        assert_eq!(brief(f64::NAN), "0");
        assert_eq!(counted(1, Some("packet")), "1 packet");
        assert_eq!((time(0.008_949), time(0.5849), time(75.0)), ("8.95 ms".into(), "0.585 s".into(), "75.0 s".into()));
    }
}
