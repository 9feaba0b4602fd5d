//! Captions: what a reader must know to judge a figure, sentence by sentence.

use scenarios::tables::{Axis, StudyTables};

use crate::select::Choice;
use crate::unit::plural;

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
            0 | 1 => "One replication: no confidence interval.".into(),
            n => {
                let percent = brief(100.0 * self.tables.confidence);
                format!("{what}: {percent} % confidence interval of the mean over n = {n} replications (Student's t).")
            }
        });
    }
    /// On which points of a sweep are shown: some `lines` of them for one component, or only the point `first`.
    pub(crate) fn points(&mut self, choice: &Choice<'_>, lines: usize, first: usize) {
        let points = self.tables.points.len();
        if points < 2 {
            return;
        }
        if let [only] = &choice.names[..] {
            let axes: Vec<&str> = self.tables.axes.iter().map(|a| a.name.as_str()).collect();
            self.say(format!("Lines: {only} at {lines} of {points} points, by {}.", axes.join(", ")));
        } else {
            self.point(first);
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
    }
}
