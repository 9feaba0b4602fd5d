//! What the whole-program tests share: a folder of its own for each test, the program run in it, tables read back.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// An M/M/1 queue at utilization one half, 500 packets a second.
pub(crate) const NETWORK: &str = r#"[scenario]
name = "wire"
[run]
duration = "20 s"
warmup = "2 s"
[study]
seed = 1
replications = 4
[node.a]
[node.b]
[link.wire]
from = "a"
to = "b"
rate = "1 Mbit/s"
delay = "1 ms"
queue = { kind = "fifo", limit = "1000 packets" }
[traffic.data]
kind = "poisson"
from = "a"
to = "b"
rate = "500 kbit/s"
size = { kind = "exponential", mean = "125 B" }
"#;

/// Release sites that Poisson spikes drive, and what becomes of the transmitter.
pub(crate) const SYNAPSE: &str = r#"[scenario]
name = "synapse"
[run]
duration = "200 s"
warmup = "20 s"
bins = 10
[study]
seed = 5
replications = 4
[compartment.cleft]
volume = "1 aL"
initial = { transmitter = 0 }
[spikes.stim]
kind = "poisson"
rate = "30 /s"
[pathway.synapse]
kind = "release_site"
spikes = "stim"
sites = 10
U = 0.5
tau_rec = "0.8 s"
tau_facil = "50 ms"
to = "cleft.transmitter"
q = 20
[pathway.uptake]
kind = "degradation"
species = "transmitter"
from = "cleft"
k = "100 /s"
[probe.residence]
kind = "residence"
of = "cleft.transmitter"
[[figure]]
kind = "throughput"
"#;

/// A cell that takes a drug up and pumps it out.
pub(crate) const CELL: &str = r#"[scenario]
name = "cell"
[run]
duration = "20 min"
warmup = "2 min"
[study]
seed = 1
replications = 4
[compartment.medium]
volume = "1 uL"
fixed = { drug = "1 uM", inhibitor = "0 uM" }
[compartment.cell]
volume = "1 fL"
initial = { drug = "0 uM" }
[pathway.leak]
kind = "permeation"
species = "drug"
between = ["cell", "medium"]
P = "4.0e-7 cm/s"
area = "0.5 um^2"
[pathway.pump]
kind = "pump"
species = "drug"
from = "cell"
to = "medium"
N = 100
kcat = "0.3 /s"
Km = "3 uM"
[intervention.dose]
at = "5 min"
target = "compartment.medium.fixed.drug"
value = "2 uM"
[probe.residence]
kind = "residence"
of = "cell.drug"
"#;

/// `text` with one occurrence of `old` made `new`.
pub(crate) fn with(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "`{old}` stands once");
    text.replace(old, new)
}

/// What the program said and how it ended.
pub(crate) struct Run {
    /// The exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let run =
            Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!run.err.contains("panicked") && run.code != 101, "{}", run.err);
        run
    }
    /// Runs a program to its end.
    pub(crate) fn to_end(command: &mut Command) -> Self {
        Self::of(&command.output().expect("the program starts"))
    }
    /// The same if it ended with `code`.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard error:\n{}\nstandard output:\n{}", self.err, self.out);
        self
    }
}

/// A folder of its own.
pub(crate) struct Place(TempDir);

impl Place {
    /// An empty folder, removed in the end.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }
    /// A folder with one file.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let place = Self::new();
        place.write(name, text);
        place
    }
    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("a file in a temporary folder");
    }
    /// Reads a text file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
    /// What is in it, hidden files too.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
    /// The program in this folder, to be started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_egress")), args)
    }
    /// Another program in this folder.
    pub(crate) fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.0.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }
    /// Runs the program to its end.
    pub(crate) fn egress(&self, args: &[&str]) -> Run {
        Run::to_end(&mut self.command(args))
    }
    /// Waits for a program that was started with pipes.
    pub(crate) fn wait(child: std::process::Child) -> Run {
        Run::of(&child.wait_with_output().expect("the program ends"))
    }
}

/// Where Cargo builds.
pub(crate) fn target_folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is below the target folder")
}

/// Cargo on the crate `tests/NAME`, which is outside the workspace; in the profile and folder of this test, so that the
/// dependencies that are there are not built again.
pub(crate) fn cargo_outside(name: &str, args: &[&str]) -> Run {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests").join(name);
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the workspace has a lock file");
    let profile = if cfg!(debug_assertions) { "test" } else { "release" };
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).args(["--offline", "--profile", profile]).current_dir(folder);
    Run::to_end(command.env("CARGO_TARGET_DIR", target_folder()))
}

/// Every file below a folder with its bytes, by its path in it.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(f) = folders.pop() {
        for path in fs::read_dir(&f).unwrap_or_else(|e| panic!("{}: {e}", f.display())).map(|e| e.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// The files of a study that must be the same bytes however it was carried out: all but wall-clock times (`runs.csv`), the
/// order of work (the journal) and the command (the manifest).
pub(crate) fn results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let varies = |name: &str| name == "runs.csv" || name == "manifest.json" || name.starts_with("journal");
    files(folder).into_iter().filter(|(name, _)| !varies(name)).collect()
}

/// Fails with the name of the first file that differs.
#[track_caller]
pub(crate) fn assert_same_results(a: &Path, b: &Path) {
    let (a, b) = (results(a), results(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(*bytes == b[name], "{name} differs");
    }
}

/// The rows of a CSV file, by the names of their columns.
pub(crate) fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    reader.deserialize().map(|row| row.expect("a row of a table")).collect()
}

/// The number in a column.
pub(crate) fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|e| panic!("{column} of {row:?}: {e}"))
}

/// The rows of a table about one number of one component.
pub(crate) fn about(path: &Path, component: &str, metric: &str, stat: &str) -> Vec<BTreeMap<String, String>> {
    let mut rows = rows(path);
    rows.retain(|r| r["component"] == component && r["metric"] == metric && r["stat"] == stat);
    assert!(!rows.is_empty(), "{component} {metric} {stat} is in {}", path.display());
    rows
}

/// A number of each replication of a study without a sweep.
pub(crate) fn samples(folder: &Path, component: &str, metric: &str, stat: &str) -> Vec<f64> {
    about(&folder.join("metrics.csv"), component, metric, stat).iter().map(|r| number(r, "value")).collect()
}

/// Mean and standard error of the mean.
pub(crate) fn mean_and_error(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// `manifest.json` of a study.
pub(crate) fn manifest(folder: &Path) -> serde_json::Value {
    let text = fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("a manifest is JSON")
}
