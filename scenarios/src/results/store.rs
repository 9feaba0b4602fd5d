//! The runs that are finished: a file each, and a journal that lists them.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::files::{create_folder, sync_folder, write_file};
use super::record::StoredRun;
use crate::error::StudyError;

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    run: String,
    wall_s: f64,
}

/// The finished runs of a folder.
#[derive(Debug)]
pub(crate) struct RunStore {
    folder: PathBuf,
    journal: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Wall-clock time in s of each run in the journal.
    wall: BTreeMap<String, f64>,
    file: Option<File>,
    unsynced: u32,
}

/// The name of a run: its point's identity and its replication.
pub(crate) fn run_id(point_id: &str, replication: u32) -> String {
    format!("{point_id}-r{replication:05}")
}

impl RunStore {
    /// After so many lines the journal is made to survive a power cut.
    const SYNC_EVERY: u32 = 64;

    /// The runs in the study folder `folder`; a torn last line of the journal is left out.
    pub(crate) fn open(folder: &Path) -> Result<Self, StudyError> {
        let journal = folder.join("journal").join("runs.jsonl");
        let text = match fs::read(&journal) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(StudyError::io("read", &journal)(e)),
        };
        let lines = text.lines().filter_map(|l| serde_json::from_str::<Line>(l).ok());
        let wall = lines.map(|l| (l.run, l.wall_s)).collect();
        Ok(Self { folder: folder.to_owned(), journal, inner: Mutex::new(Inner { wall, ..Inner::default() }) })
    }
    /// The run, if it is finished and its file whole.
    pub(crate) fn load(&self, point_id: &str, replication: u32) -> Option<StoredRun> {
        self.wall(point_id, replication)?;
        StoredRun::from_bytes(&fs::read(self.path(point_id, replication)).ok()?)
    }
    /// How long the run took on the wall clock, in s, if it is in the journal.
    pub(crate) fn wall(&self, point_id: &str, replication: u32) -> Option<f64> {
        self.lock().wall.get(&run_id(point_id, replication)).copied()
    }
    /// Keeps a finished run.
    pub(crate) fn commit(
        &self,
        point_id: &str,
        replication: u32,
        run: &StoredRun,
        wall_s: f64,
    ) -> Result<(), StudyError> {
        let path = self.path(point_id, replication);
        create_folder(path.parent().unwrap_or(&self.folder))?;
        write_file(&path, &run.to_bytes())?;
        let line = Line { run: run_id(point_id, replication), wall_s: (wall_s * 1e6).round() / 1e6 };
        self.append(line)
    }
    /// Makes everything survive a power cut.
    pub(crate) fn sync(&self) -> Result<(), StudyError> {
        let mut inner = self.lock();
        inner.unsynced = 0;
        if let Some(file) = &inner.file {
            file.sync_data().map_err(StudyError::io("write", &self.journal))?;
        }
        sync_folder(&self.folder.join("runs"));
        sync_folder(&self.folder.join("journal"));
        Ok(())
    }

    fn append(&self, line: Line) -> Result<(), StudyError> {
        let fault = || StudyError::io("write", &self.journal);
        let text = serde_json::to_string(&line).map_err(|e| fault()(e.into()))? + "\n";
        let mut inner = self.lock();
        if inner.file.is_none() {
            inner.file = Some(self.open_journal()?);
        }
        inner.unsynced += 1;
        let sync = inner.unsynced.is_multiple_of(Self::SYNC_EVERY);
        if let Some(file) = &mut inner.file {
            file.write_all(text.as_bytes()).map_err(fault())?;
            if sync {
                file.sync_data().map_err(fault())?;
            }
        }
        inner.wall.insert(line.run, line.wall_s);
        Ok(())
    }
    /// Opens the journal for appending, on a line of its own even after a torn one.
    fn open_journal(&self) -> Result<File, StudyError> {
        create_folder(self.journal.parent().unwrap_or(&self.folder))?;
        let fault = || StudyError::io("write", &self.journal);
        let torn = fs::read(&self.journal).is_ok_and(|b| b.last().is_some_and(|&c| c != b'\n'));
        let mut file = OpenOptions::new().create(true).append(true).open(&self.journal).map_err(fault())?;
        if torn {
            file.write_all(b"\n").map_err(fault())?;
        }
        Ok(file)
    }
    fn path(&self, point_id: &str, replication: u32) -> PathBuf {
        self.folder.join("runs").join(point_id).join(format!("r{replication:05}.run"))
    }
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the map as it was: whole lines only.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
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
        // A damaged file counts as missing.
        fs::write(folder.path().join("runs/p/r00002.run"), b"egrun").unwrap();
        assert_eq!(store.load("p", 2), None);
    }
}
