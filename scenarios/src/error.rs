//! Why a study could not be carried out, and the exit code that says so.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a study was not started or not finished. Each says what, where, and what to do.
#[derive(Debug, Error)]
pub enum StudyError {
    /// The folder belongs to another scenario or another version of the program.
    #[error(
        "`{folder}` holds another study: `{found}`, not `{wanted}`\n\
         help: name another folder with `--out FOLDER`, or remove this one"
    )]
    OtherStudy {
        /// The results folder.
        folder: PathBuf,
        /// What the folder holds: name, hash, version.
        found: String,
        /// What was to be run.
        wanted: String,
    },
    /// The folder belongs to the same scenario with another seed.
    #[error(
        "`{folder}` holds this study with seed {found}, not {wanted}\n\
         help: run with `--seed {found}`, or name another folder with `--out FOLDER`"
    )]
    OtherSeed {
        /// The results folder.
        folder: PathBuf,
        /// The seed in the folder.
        found: u64,
        /// The seed that was asked for.
        wanted: u64,
    },
    /// The folder holds files that no study wrote.
    #[error(
        "`{folder}` is not empty and holds no study (no manifest.json)\n\
         help: name a new or empty folder with `--out FOLDER`"
    )]
    NotAStudy {
        /// The folder.
        folder: PathBuf,
    },
    /// A manifest that cannot be read.
    #[error("`{path}` is damaged: {reason}\nhelp: remove the folder, or name another one with `--out FOLDER`")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process is at work in the folder.
    #[error(
        "`{folder}` is in use by another run of egress\n\
         help: wait until it ends, or name another folder with `--out FOLDER`"
    )]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{path}`: {source}\nhelp: {}", io_hint(.source))]
    Io {
        /// `write`, `create`, `read`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl StudyError {
    /// The process's exit code: 2 if another folder must be named, 1 if files could not be read or written.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } => 1,
            _ => 2,
        }
    }
    /// Says what was done to which file when `source` happened.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

fn io_hint(e: &io::Error) -> &'static str {
    match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space and run the same command again: finished runs are kept"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "name a folder that can be written with `--out FOLDER`"
        }
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file stands where a folder is needed: name another folder with `--out FOLDER`"
        }
        _ => "when this is mended, run the same command again: finished runs are kept",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_wrong_folder_say_what_to_do() {
        let full = StudyError::io("write", Path::new("out/x/runs/a"))(io::ErrorKind::StorageFull.into());
        assert!(full.to_string().starts_with("cannot write `out/x/runs/a`: "), "{full}");
        assert!(full.to_string().contains("finished runs are kept"), "{full}");
        assert_eq!(full.exit_code(), 1);
        let other = StudyError::OtherSeed { folder: "out/x".into(), found: 1, wanted: 2 };
        assert!(other.to_string().contains("--out") && other.exit_code() == 2);
    }
}
