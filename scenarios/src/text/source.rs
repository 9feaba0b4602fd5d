//! The texts that diagnostics point into, and reading them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sim_core::config::{Diagnostic, Span};

/// The largest input file in bytes: 16 MiB.
pub const FILE_LIMIT: u64 = 16 << 20;

/// The input texts of a study with their names: the scenario file first, then `--set` and `--sweep` arguments.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<(String, String)>);

impl Sources {
    /// Adds a text; returns its index, the `source` of spans into it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        self.0.push((name.into(), text.into()));
        self.0.len() as u32 - 1
    }
    /// The name of a text; empty if there is none.
    pub fn name(&self, source: u32) -> &str {
        self.0.get(source as usize).map_or("", |s| &s.0)
    }
    /// A text; empty if there is none.
    pub fn text(&self, source: u32) -> &str {
        self.0.get(source as usize).map_or("", |s| &s.1)
    }
    /// Line and column of the start of a span, both from 1; the column counts characters.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = self.text(span.source);
        let at = floor_boundary(text, span.start as usize);
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// The last character boundary of `text` at or before `at`.
pub(super) fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The text of an input file; an error (without a place) if it is missing, unreadable, empty, too large or no text.
pub fn read_file(path: &Path) -> Result<String, Diagnostic> {
    let name = path.display();
    let refuse = |message: String, help: &str| Err(Diagnostic::error("E0003", Span::default(), message, "").help(help));
    let too_large = || {
        let message = format!("`{name}` is larger than {} MiB", FILE_LIMIT >> 20);
        refuse(message, "an input file may have up to 16 MiB; keep large topologies and traces in files of their own")
    };
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return refuse(format!("there is no file `{name}`"), "check the spelling and the current directory");
        }
        Err(e) => return refuse(format!("cannot read `{name}`: {e}"), "check who may read it"),
        Ok(m) if m.is_dir() => return refuse(format!("`{name}` is a directory"), "name the file in it"),
        Ok(m) if m.len() > FILE_LIMIT => return too_large(),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    // The length that the system states may be wrong (pipes, devices), hence the limit on what is read.
    if let Err(e) = File::open(path).and_then(|f| f.take(FILE_LIMIT + 1).read_to_end(&mut bytes)) {
        return refuse(format!("cannot read `{name}`: {e}"), "check who may read it");
    }
    if bytes.len() as u64 > FILE_LIMIT {
        return too_large();
    }
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return refuse(format!("`{name}` is no text: byte {at} is zero"), "is it the right file?");
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            return refuse(format!("`{name}` is not UTF-8 text: see byte {at}"), "save it as UTF-8");
        }
    };
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return refuse(format!("`{name}` is empty"), "is it the right file?");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_text_are_refused_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let refusal = |name: &str, content: Option<&[u8]>| {
            let path = dir.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            read_file(&path).expect_err(name).message
        };
        assert!(refusal("missing", None).starts_with("there is no file"));
        assert!(refusal("empty", Some(b" \n")).ends_with("is empty"));
        assert!(refusal("latin1", Some(b"title = \"\xe9t\xe9\"")).contains("not UTF-8 text: see byte 9"));
        assert!(refusal("binary", Some(b"PK\0\x01")).contains("byte 2 is zero"));
        assert!(refusal("", None).ends_with("is a directory"));
    }

    #[test]
    fn too_large_files_are_refused_unread() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(FILE_LIMIT + 1).unwrap();
        assert!(read_file(file.path()).unwrap_err().message.ends_with("is larger than 16 MiB"));
        file.as_file().set_len(0).unwrap();
        std::fs::write(file.path(), "a = 1\n").unwrap();
        assert_eq!(read_file(file.path()).unwrap(), "a = 1\n");
    }

    #[test]
    fn columns_count_characters() {
        let mut sources = Sources::default();
        let source = sources.add("f", "a = 1\nµm = 2\n");
        assert_eq!(sources.line_column(Span { source, start: 9, end: 10 }), (2, 3));
        assert_eq!(sources.line_column(Span { source, start: 999, end: 999 }), (3, 1));
    }
}
