//! CSV files that a scenario names: columns by header or by order, every complaint with its line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Take};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use sim_core::config::{Diagnostic, Diagnostics, Span, Table, did_you_mean};

/// So many complaints about one file are enough.
const COMPLAINTS_MAX: usize = 3;

/// A complaint about a row, and a hint.
pub(crate) type Complaint = (String, String);

/// One row of a file.
pub(crate) struct Row<'a> {
    record: &'a StringRecord,
    columns: &'a [Option<usize>],
}

impl<'a> Row<'a> {
    /// The cell in column `column` of those asked for; `None` if it is empty or the file has no such column.
    pub(crate) fn cell(&self, column: usize) -> Option<&'a str> {
        self.columns[column].and_then(|i| self.record.get(i)).filter(|c| !c.is_empty())
    }
}

/// Opens the file that `key` of `table` names, relative to the scenario's folder.
///
/// Fails if there is no such file, or if it is larger than `limit` MiB.
pub(crate) fn open(table: &Table, key: &str, folder: &Path, limit: u64) -> Result<Take<File>, Diagnostics> {
    let (name, span) = (table.text(key), table.span_of(key));
    let path = folder.join(name);
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?, file)));
    match opened {
        Ok((meta, file)) if meta.is_file() && meta.len() <= limit << 20 => {
            // It may grow while it is read.
            Ok(file.take(limit << 20))
        }
        Ok((meta, _)) if meta.is_file() => {
            Err(one("E0340", span, format!("`{name}` is larger than {limit} MiB"), "too large", "give a part of it"))
        }
        Ok(_) => Err(one("E0340", span, format!("`{name}` is not a file"), "not a file", "name a file")),
        Err(e) => {
            let help = format!("file names start from the scenario's folder: {}", folder.display());
            Err(one("E0340", span, format!("cannot read `{name}`: {e}"), "cannot be read", help))
        }
    }
}

pub(crate) fn one(
    code: &'static str,
    span: Span,
    message: impl Into<String>,
    label: &str,
    help: impl Into<String>,
) -> Diagnostics {
    let mut all = Diagnostics::default();
    all.push(Diagnostic::error(code, span, message, label).help(help));
    all
}

/// Hands every row of the CSV file under `key` of `table` to `each`, the columns in the order of `columns`. The first
/// line is a header if it names one of them; without a header, columns are in that order. `#` begins a comment line.
///
/// Fails with the first complaints of `each` and about lines that are not CSV, each with its line.
pub(crate) fn for_each_row(
    table: &Table,
    key: &str,
    folder: &Path,
    limit: u64,
    columns: &[&str],
    each: &mut dyn FnMut(&Row<'_>) -> Result<(), Complaint>,
) -> Result<(), Diagnostics> {
    let mut file = BufReader::new(open(table, key, folder, limit)?);
    let (name, span) = (table.text(key), table.span_of(key));
    let mut places: Vec<Option<usize>> = (0..columns.len()).map(Some).collect();
    let (mut record, mut wrong, mut first) = (StringRecord::new(), Diagnostics::default(), true);
    let mut bytes = Vec::new();
    for line in 1u64.. {
        bytes.clear();
        let read = file.read_until(b'\n', &mut bytes);
        if line == 1
            && let Some((message, help)) = other_format(&bytes, columns)
        {
            return Err(one("E0341", span, format!("`{name}` {message}"), "not a table", help));
        }
        let found = match read {
            Ok(0) => break,
            Ok(_) => cells(&bytes, line == 1, &mut record),
            Err(e) => {
                return Err(one("E0340", span, format!("cannot read `{name}`: {e}"), "cannot be read", "try again"));
            }
        };
        let found = match found {
            Ok(false) => continue,
            Ok(true) if std::mem::take(&mut first) && is_header(&record, columns) => {
                header(&record, columns, &mut places)
            }
            Ok(true) => each(&Row { record: &record, columns: &places }),
            Err(message) => Err((message, format!("columns: {}", columns.join(", ")))),
        };
        if let Err((message, help)) = found {
            let message = format!("{name}, line {line}: {message}");
            wrong.push(Diagnostic::error("E0341", span, message, "in this file").help(help));
            if wrong.iter().count() >= COMPLAINTS_MAX {
                break;
            }
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(()) }
}

/// What a file is that is no table, by its first line; none of its lines would tell the user more.
fn other_format(line: &[u8], columns: &[&str]) -> Option<Complaint> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
    let table = format!("write a CSV table with the columns {}", columns.join(", "));
    if line.starts_with(b"?SNDlib") {
        return Some(("is in SNDlib's native format, which is not read".into(), table));
    }
    let help =
        format!("{table}; of networks, GraphML is read: [topology] kind = \"graphml\"; SNDlib's formats are not");
    line.starts_with(b"<").then(|| ("is XML, which is not read here".into(), help))
}

/// Splits one line into trimmed cells; false if it has none. Fields in quotes end on their line, so that every complaint
/// has the number that an editor shows.
fn cells(line: &[u8], first: bool, record: &mut StringRecord) -> Result<bool, String> {
    let text = std::str::from_utf8(line).map_err(|_| "not UTF-8 text".to_string())?;
    // Spreadsheets put a byte order mark in front.
    let text = if first { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text }.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(false);
    }
    if text.contains('"') {
        let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(text.as_bytes());
        return reader.read_record(record).map_err(|e| format!("not CSV: {e}"));
    }
    record.clear();
    text.split(',').for_each(|cell| record.push_field(cell.trim()));
    Ok(true)
}

/// `time (s)` is the column `time`.
fn column_name(cell: &str) -> String {
    cell.split('(').next().unwrap_or_default().trim().to_lowercase()
}

fn is_header(record: &StringRecord, columns: &[&str]) -> bool {
    record.iter().any(|cell| columns.contains(&column_name(cell).as_str()))
}

fn header(record: &StringRecord, columns: &[&str], places: &mut [Option<usize>]) -> Result<(), Complaint> {
    places.fill(None);
    for (i, cell) in record.iter().enumerate() {
        let Some(c) = columns.iter().position(|c| *c == column_name(cell)) else {
            let all = format!("columns: {}", columns.join(", "));
            let help = did_you_mean(cell, columns.iter().copied()).map_or(all.clone(), |near| format!("{near} {all}"));
            return Err((format!("there is no column `{cell}`"), help));
        };
        if places[c].replace(i).is_some() {
            return Err((format!("two columns `{cell}`"), "leave out one of them".into()));
        }
    }
    Ok(())
}
