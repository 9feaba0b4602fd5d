//! The runs that are finished: one file with all of them end to end, and a journal that says where each is.
//!
//! A run is appended first and its line after it. What a kill leaves behind is a torn end of either: a run without a line, or
//! a line whose run is not whole, which its hash tells. Such a run counts as missing. Both files are
//! synced after every second of work, so that a power cut costs no more than that.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::files::{create_folder, sync_folder};
use super::record::StoredRun;
use crate::error::StudyError;

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    run: String,
    #[serde(flatten)]
    place: Place,
    wall_s: f64,
}

/// Where a run is in the file of runs, in bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place {
    at: u64,
    bytes: u64,
}

/// The finished runs of a folder.
#[derive(Debug)]
pub(crate) struct RunStore {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Where each run of the journal is, and its wall-clock time in s.
    runs: BTreeMap<String, (Place, f64)>,
    /// The file of runs, to read from.
    reader: Option<File>,
    writer: Option<Writer>,
}

/// The files, open for appending.
#[derive(Debug)]
struct Writer {
    runs: File,
    journal: File,
    /// Seconds of work in what was appended since the last sync.
    unsynced_s: f64,
}

/// The name of a run: its point's identity and its replication.
pub(crate) fn run_id(point_id: &str, replication: u32) -> String {
    format!("{point_id}-r{replication:05}")
}

impl RunStore {
    /// After so many seconds of work everything is made to survive a power cut.
    const SYNC_AFTER: f64 = 1.0;

    /// The runs in the study folder `folder`; a torn last line of the journal is left out.
    pub(crate) fn open(folder: &Path) -> Result<Self, StudyError> {
        let store = Self { folder: folder.join("journal"), inner: Mutex::default() };
        let text = match fs::read(store.journal()) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(StudyError::io("read", &store.journal())(e)),
        };
        let lines = text.lines().filter_map(|l| serde_json::from_str::<Line>(l).ok());
        store.lock().runs = lines.map(|l| (l.run, (l.place, l.wall_s))).collect();
        Ok(store)
    }
    /// The run, if it is finished and whole.
    pub(crate) fn load(&self, point_id: &str, replication: u32) -> Option<StoredRun> {
        let mut inner = self.lock();
        let (place, _) = *inner.runs.get(&run_id(point_id, replication))?;
        if inner.reader.is_none() {
            inner.reader = Some(File::open(self.runs()).ok()?);
        }
        let bytes = place.read(inner.reader.as_mut()?).ok()?;
        drop(inner);
        StoredRun::from_bytes(&bytes)
    }
    /// How long the run took on the wall clock, in s, if it is in the journal.
    pub(crate) fn wall(&self, point_id: &str, replication: u32) -> Option<f64> {
        self.lock().runs.get(&run_id(point_id, replication)).map(|&(_, wall)| wall)
    }
    /// Keeps a finished run.
    pub(crate) fn commit(
        &self,
        point_id: &str,
        replication: u32,
        run: &StoredRun,
        wall_s: f64,
    ) -> Result<(), StudyError> {
        let bytes = run.to_bytes();
        let wall_s = (wall_s * 1e6).round() / 1e6;
        let mut inner = self.lock();
        let Inner { runs, writer, .. } = &mut *inner;
        let writer = match writer {
            Some(writer) => writer,
            None => writer.insert(self.writer()?),
        };
        let at = writer.append(&bytes).map_err(StudyError::io("write", &self.runs()))?;
        let line = Line { run: run_id(point_id, replication), place: Place { at, bytes: bytes.len() as u64 }, wall_s };
        writer.note(&line).map_err(StudyError::io("write", &self.journal()))?;
        runs.insert(line.run, (line.place, wall_s));
        writer.unsynced_s += wall_s;
        if writer.unsynced_s > Self::SYNC_AFTER {
            writer.sync().map_err(StudyError::io("write", &self.runs()))?;
        }
        Ok(())
    }
    /// Makes everything survive a power cut.
    pub(crate) fn sync(&self) -> Result<(), StudyError> {
        if let Some(writer) = &mut self.lock().writer {
            writer.sync().map_err(StudyError::io("write", &self.runs()))?;
            sync_folder(&self.folder);
        }
        Ok(())
    }

    /// Opens the files for appending, the journal on a line of its own even after a torn one.
    fn writer(&self) -> Result<Writer, StudyError> {
        create_folder(&self.folder)?;
        let append = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(StudyError::io("write", path))
        };
        let (runs, journal) = (self.runs(), self.journal());
        let torn = fs::read(&journal).is_ok_and(|b| b.last().is_some_and(|&c| c != b'\n'));
        let mut writer = Writer { runs: append(&runs)?, journal: append(&journal)?, unsynced_s: 0.0 };
        if torn {
            writer.journal.write_all(b"\n").map_err(StudyError::io("write", &journal))?;
        }
        Ok(writer)
    }
    fn runs(&self) -> PathBuf {
        self.folder.join("runs.bin")
    }
    fn journal(&self) -> PathBuf {
        self.folder.join("runs.jsonl")
    }
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the map as it was: whole lines only.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The bytes there.
    fn read(self, file: &mut File) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.at))?;
        // What the journal says may be damaged: no more is taken than there is.
        file.take(self.bytes).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Writer {
    /// Appends a run; returns where it begins.
    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.runs.seek(SeekFrom::End(0))?;
        self.runs.write_all(bytes)?;
        Ok(at)
    }
    /// Appends a line to the journal.
    fn note(&mut self, line: &Line) -> io::Result<()> {
        self.journal.write_all((serde_json::to_string(line)? + "\n").as_bytes())
    }
    /// Runs before the lines that name them.
    fn sync(&mut self) -> io::Result<()> {
        self.runs.sync_data()?;
        self.journal.sync_data()?;
        self.unsynced_s = 0.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_there_if_its_line_and_its_file_are() {
        let folder = tempfile::tempdir().unwrap();
        let run = StoredRun { events: 7, ..StoredRun::default() };
        let store = RunStore::open(folder.path()).unwrap();
        store.commit("p", 0, &run, 0.25).unwrap();
        store.commit("p", 1, &run, 0.5).unwrap();
        assert_eq!(store.load("p", 1), Some(run.clone()));
        assert_eq!(store.load("p", 2), None);
        // Killed while a line was written: the run counts as missing, and the next line stands alone.
        let journal = folder.path().join("journal/runs.jsonl");
        let text = fs::read_to_string(&journal).unwrap();
        fs::write(&journal, &text[..text.len() - 5]).unwrap();
        let store = RunStore::open(folder.path()).unwrap();
        assert_eq!((store.wall("p", 0), store.load("p", 1)), (Some(0.25), None));
        store.commit("p", 2, &run, 0.0).unwrap();
        let store = RunStore::open(folder.path()).unwrap();
        assert!(store.load("p", 0).is_some() && store.load("p", 1).is_none() && store.load("p", 2).is_some());
        // Killed while a run was written: what is torn is passed over.
        let runs = folder.path().join("journal/runs.bin");
        let mut bytes = fs::read(&runs).unwrap();
        let whole = bytes.len();
        bytes.extend_from_slice(b"egrun");
        fs::write(&runs, &bytes).unwrap();
        let store = RunStore::open(folder.path()).unwrap();
        store.commit("p", 3, &run, 0.0).unwrap();
        assert_eq!(store.load("p", 3), Some(run.clone()));
        // A damaged run counts as missing, and no other.
        bytes[whole - 40] ^= 1;
        bytes.extend_from_slice(&run.to_bytes());
        fs::write(&runs, &bytes).unwrap();
        let store = RunStore::open(folder.path()).unwrap();
        assert_eq!((store.load("p", 0), store.load("p", 2), store.load("p", 3)), (Some(run.clone()), None, Some(run)));
        // Nothing is read beyond the end, whatever the journal says.
        fs::write(&journal, "{\"run\":\"p-r00000\",\"at\":0,\"bytes\":18446744073709551615,\"wall_s\":0.1}\n").unwrap();
        assert_eq!(RunStore::open(folder.path()).unwrap().load("p", 0), None);
    }
}
