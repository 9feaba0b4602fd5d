//! A figure before it is written: its page, its caption and the numbers in it.

use crate::chart::Line;
use crate::sheet::Page;

/// One figure, drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    /// The name of its files.
    pub(crate) name: String,
    pub(crate) caption: String,
    pub(crate) page: Page,
    pub(crate) csv: String,
}

/// The table that a figure plots, row by row.
pub(crate) struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    pub(crate) fn new(header: &[&str]) -> Self {
        let mut rows = Self(csv::Writer::from_writer(Vec::new()));
        rows.add(header.iter().map(|h| (*h).to_owned()));
        rows
    }
    pub(crate) fn add(&mut self, fields: impl IntoIterator<Item = String>) {
        self.0.write_record(fields).expect("rows have the header's length and memory takes them");
    }
    pub(crate) fn finish(self) -> String {
        let bytes = self.0.into_inner().expect("memory takes everything");
        String::from_utf8(bytes).expect("fields are text")
    }
    /// A table of lines in base units: name, x, y, both ends of the interval, unit.
    pub(crate) fn of_lines(lines: &[Line], header: &[&str; 6], unit: &str) -> String {
        let mut rows = Self::new(header);
        for line in lines {
            for d in &line.dots {
                let numbers = [d.x, d.y, d.low, d.high].map(number);
                rows.add([line.name.clone()].into_iter().chain(numbers).chain([unit.to_owned()]));
            }
        }
        rows.finish()
    }
}

/// The shortest text that reads back as `x`; nothing for NaN.
pub(crate) fn number(x: f64) -> String {
    if x.is_nan() { String::new() } else { x.to_string() }
}
