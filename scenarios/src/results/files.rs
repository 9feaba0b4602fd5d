//! Files that are there whole or not at all, and numbers as tables write them.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::StudyError;

/// A file that takes its place only when it is complete: written beside it, synced, renamed.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    writer: BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl AtomicFile {
    /// Opens the file that will be `target`.
    pub(crate) fn create(target: &Path) -> Result<Self, StudyError> {
        // The name is fixed, so that what a killed process left behind is overwritten, not piled up.
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{name}.tmp"));
        let file = File::create(&temporary).map_err(StudyError::io("create", target))?;
        Ok(Self { writer: BufWriter::new(file), temporary, target: target.to_owned(), committed: false })
    }
    /// Puts the file in its place.
    pub(crate) fn commit(mut self) -> Result<(), StudyError> {
        let in_place = |f: &mut Self| -> io::Result<()> {
            f.writer.flush()?;
            f.writer.get_ref().sync_all()?;
            fs::rename(&f.temporary, &f.target)
        };
        in_place(&mut self).map_err(StudyError::io("write", &self.target))?;
        self.committed = true;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            // Best effort: the error that brought us here is the one to report.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a whole file, or nothing.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(StudyError::io("write", path))?;
    file.commit()
}

/// Makes a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<(), StudyError> {
    fs::create_dir_all(path).map_err(StudyError::io("create", path))
}

/// Makes the names in a folder survive a power cut, where the system can do that.
pub(crate) fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

/// A CSV file, complete or not there.
pub(crate) struct CsvFile {
    writer: csv::Writer<AtomicFile>,
    path: PathBuf,
}

impl CsvFile {
    /// Opens it and writes the header.
    pub(crate) fn create<S: AsRef<str>>(path: &Path, header: impl IntoIterator<Item = S>) -> Result<Self, StudyError> {
        let mut file = Self { writer: csv::Writer::from_writer(AtomicFile::create(path)?), path: path.to_owned() };
        file.row(header)?;
        Ok(file)
    }
    /// Writes a row.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> Result<(), StudyError> {
        for cell in cells {
            self.writer.write_field(cell.as_ref()).map_err(|e| self.failed(e))?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(|e| self.failed(e))
    }
    /// Puts the file in its place.
    pub(crate) fn commit(self) -> Result<(), StudyError> {
        let path = self.path;
        let file = self.writer.into_inner().map_err(|e| {
            let source = io::Error::new(e.error().kind(), e.error().to_string());
            StudyError::io("write", &path)(source)
        })?;
        file.commit()
    }
    fn failed(&self, e: csv::Error) -> StudyError {
        StudyError::io("write", &self.path)(e.into())
    }
}

/// The shortest decimal that reads back as `x`; nothing for NaN.
pub(crate) fn number(x: f64) -> String {
    if x.is_nan() {
        String::new()
    } else if x.fract() == 0.0 && x.abs() < 1e15 {
        format!("{x}")
    } else {
        format!("{x:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_committed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_file(&path, b"old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new, but not all of").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let missing = write_file(&folder.path().join("no/b.csv"), b"x").unwrap_err();
        assert!(missing.to_string().contains("no/b.csv"), "{missing}");
    }

    #[test]
    fn numbers_are_the_shortest_that_read_back() {
        for x in [0.1, 1.0 / 3.0, 1e-300, 1e300, 5e-324, 123_456_789.125, 1e15, -2.0, f64::INFINITY] {
            assert_eq!(number(x).parse::<f64>().unwrap(), x);
            assert!(number(x).len() < 25, "{}", number(x));
        }
        assert_eq!((number(f64::NAN), number(20.0), number(0.1)), (String::new(), "20".into(), "0.1".into()));
    }

    #[test]
    fn cells_are_quoted_as_csv_wants() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut csv = CsvFile::create(&path, ["a", "b"]).unwrap();
        csv.row(["1,5", "say \"x\""]).unwrap();
        csv.row(["", ""]).unwrap();
        csv.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a,b\n\"1,5\",\"say \"\"x\"\"\"\n,\n");
    }
}
