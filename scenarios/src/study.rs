//! Carries out a study: all missing runs in parallel, then the tables.

use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use sim_core::RunError;
use sim_core::rng::Streams;
use sim_core::stats::RunRecord;

use crate::error::StudyError;
use crate::plan::Plan;
use crate::results::files::{create_folder, sync_folder, write_file};
use crate::results::manifest::{Counts, Input, Manifest, SCHEMA_VERSION, Status};
use crate::results::record::StoredRun;
use crate::results::store::RunStore;
use crate::results::write::{write_points, write_tables};
use crate::scenario::Scenario;
use crate::tables::{MetricTable, StudyTables};

/// The most threads that may be asked for.
pub const THREADS_MAX: usize = 1024;

/// How a study is to be carried out.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The results folder; `out/NAME` if not given.
    pub out: Option<PathBuf>,
    /// Threads to run on, up to [`THREADS_MAX`]; 0 means as many as there are cores. There are never more than runs.
    pub threads: usize,
    /// The command line, for the manifest.
    pub command: Vec<String>,
}

/// Learns how far a study is. Called from all threads.
pub trait Progress: Sync {
    /// `done` of `total` runs are there, those of earlier sessions included; `events` were handled in this one.
    fn runs(&self, done: u64, total: u64, events: u64);
}

/// Does not care.
impl Progress for () {
    fn runs(&self, _: u64, _: u64, _: u64) {}
}

/// What became of a study.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its tables, as far as it went.
    pub tables: StudyTables,
    /// Its folder.
    pub folder: PathBuf,
    /// How many runs there are, and how many of them failed.
    pub counts: Counts,
    /// Whether it was interrupted before all runs were made.
    pub interrupted: bool,
    /// Runs that were there before.
    pub resumed: u64,
    /// Self-checks that did not hold, in all runs.
    pub checks_violated: u64,
    /// The first of them, in words.
    pub violations: Vec<String>,
    /// Why runs failed.
    pub failures: Failures,
    /// What is to be said of the numbers: what is censored, cut or not steady. They are in the manifest too.
    pub cautions: Vec<String>,
}

/// Failed runs by reason, in the order of the first run of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The first reasons.
    pub reasons: Vec<Failure>,
    /// Runs that failed for other ones.
    pub others: u64,
}

/// Runs that failed for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason, in words.
    pub reason: String,
    /// The first of them, and when in simulated time, where that is known.
    pub first: String,
    /// How many they are.
    pub runs: u64,
}

impl Failures {
    /// Reasons that are told apart.
    const REASONS_MAX: usize = 20;

    /// Takes in that `run` failed with `error`. When it did so is not part of the reason.
    pub(crate) fn add(&mut self, run: &str, error: &str) {
        let timed = error.strip_prefix("at ").and_then(|e| e.split_once(": "));
        let (first, reason) = timed.map_or((run.to_owned(), error), |(at, what)| (format!("{run} at {at}"), what));
        if let Some(alike) = self.reasons.iter_mut().find(|f| f.reason == reason) {
            alike.runs += 1;
        } else if self.reasons.len() < Self::REASONS_MAX {
            self.reasons.push(Failure { reason: reason.to_owned(), first, runs: 1 });
        } else {
            self.others += 1;
        }
    }
}

impl Outcome {
    /// The process's exit code: 130 interrupted, 5 a self-check was violated, 1 some runs failed, else 0.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self { interrupted: true, .. } => 130,
            Self { checks_violated: 1.., .. } => 5,
            Self { counts: Counts { failed: 1.., .. }, .. } => 1,
            _ => 0,
        }
    }
}

/// A scenario with a seed and a folder of its own.
pub struct Study {
    scenario: Scenario,
    options: RunOptions,
    folder: PathBuf,
    seed: u64,
    seed_drawn: bool,
    /// Hashes of other executables that made runs of the folder.
    other_builds: Vec<String>,
    /// Held while the study exists: no other process writes into the folder.
    _lock: File,
}

impl Study {
    /// Takes possession of the results folder. Without a seed in the scenario, that of the runs in the folder is used, or
    /// one is drawn; [`Study::seed_drawn`] tells, so that it can be shown.
    ///
    /// Fails if the folder holds something else, is in use, or cannot be made.
    pub fn prepare(scenario: Scenario, options: RunOptions) -> Result<Self, StudyError> {
        let folder = options.out.clone().unwrap_or_else(|| Path::new("out").join(scenario.name()));
        let known = Manifest::read(&folder)?;
        if let Some(manifest) = &known {
            same_study(&folder, manifest, &scenario)?;
        } else if holds_other_files(&folder) {
            return Err(StudyError::NotAStudy { folder });
        }
        create_folder(&folder)?;
        let lock = lock(&folder)?;
        let (seed, seed_drawn) = match (scenario.seed(), &known) {
            (Some(seed), _) => (seed, false),
            (None, Some(manifest)) => (manifest.seed, manifest.seed_drawn),
            (None, None) => (draw_seed(), true),
        };
        let mut other_builds = known.map_or_else(Vec::new, |m| m.executables);
        other_builds.retain(|b| b != executable());
        Ok(Self { scenario, options, folder, seed, seed_drawn, other_builds, _lock: lock })
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
    /// The seed of all random numbers.
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// Whether the seed was drawn, not given.
    pub fn seed_drawn(&self) -> bool {
        self.seed_drawn
    }
    /// Whether runs in the folder were made by another build of the same version, whose results may differ.
    pub fn has_runs_of_another_build(&self) -> bool {
        !self.other_builds.is_empty()
    }
    /// Points and replications.
    pub fn plan(&self) -> Plan {
        self.scenario.plan()
    }

    /// Makes the runs that are missing and writes all tables. Once `cancel` is true, runs that are under way are given up
    /// and the tables hold what is there.
    ///
    /// Fails if files cannot be written; runs that fail are recorded and the others go on.
    pub fn run(&self, progress: &dyn Progress, cancel: &AtomicBool) -> Result<Outcome, StudyError> {
        let mut manifest = self.manifest();
        manifest.write(&self.folder)?;
        self.write_inputs(&manifest)?;
        let store = RunStore::open(&self.folder)?;
        let todo = self.missing(&store);
        let total = self.plan().runs();
        let resumed = total - todo.len() as u64;
        self.work(&todo, &store, cancel, &|done, events| progress.runs(resumed + done, total, events))?;
        store.sync()?;
        let written = write_tables(&self.folder, &manifest, &store, &self.scenario.metrics)?;
        let interrupted = written.counts.done + written.counts.failed < total;
        manifest.status = if interrupted { Status::Interrupted } else { Status::Done };
        manifest.counts = written.counts;
        manifest.checks = written.checks.clone();
        let said = |m: &MetricTable| m.notes.iter().map(|n| format!("metric.{}: {n}", m.name)).collect::<Vec<_>>();
        manifest.warnings.extend(written.cautions.iter().cloned());
        manifest.notes = written.tables.metrics.iter().flat_map(said).collect();
        manifest.write(&self.folder)?;
        sync_folder(&self.folder);
        Ok(Outcome {
            tables: written.tables,
            folder: self.folder.clone(),
            counts: written.counts,
            interrupted,
            resumed,
            checks_violated: written.checks.violated,
            violations: written.checks.violations,
            failures: written.failures,
            cautions: written.cautions,
        })
    }

    /// The runs that are not there, in the order of work.
    fn missing(&self, store: &RunStore) -> Vec<(usize, u32)> {
        let missing = |&(p, r): &(usize, u32)| store.load(self.scenario.point_id(p), r).is_none();
        self.plan().order().filter(missing).collect()
    }

    /// Makes the runs of `todo`, each thread taking the next one from the front.
    fn work(
        &self,
        todo: &[(usize, u32)],
        store: &RunStore,
        cancel: &AtomicBool,
        report: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), StudyError> {
        let (next, done, events) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let fault: Mutex<Option<StudyError>> = Mutex::new(None);
        let faulty = AtomicBool::new(false);
        report(0, 0);
        let worker = |_: rayon::BroadcastContext<'_>| {
            while !cancel.load(Ordering::Relaxed) && !faulty.load(Ordering::Relaxed) {
                let Some(&(point, replication)) = todo.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                match self.make(point, replication, store, cancel) {
                    Ok(None) => break,
                    Ok(Some(n)) => {
                        let events = events.fetch_add(n, Ordering::Relaxed) + n;
                        report(done.fetch_add(1, Ordering::Relaxed) + 1, events);
                    }
                    Err(e) => {
                        faulty.store(true, Ordering::Relaxed);
                        fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
                    }
                }
            }
        };
        let wanted = match self.options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n.min(THREADS_MAX),
        };
        // A thread without a run would do nothing.
        let threads = rayon::ThreadPoolBuilder::new().num_threads(wanted.min(todo.len().max(1))).build();
        let pool = threads.map_err(|e| StudyError::io("start threads for", &self.folder)(std::io::Error::other(e)))?;
        pool.broadcast(worker);
        fault.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Makes one run and keeps it; returns its events, or `None` if it was given up.
    fn make(
        &self,
        point: usize,
        replication: u32,
        store: &RunStore,
        cancel: &AtomicBool,
    ) -> Result<Option<u64>, StudyError> {
        let elapsed = stopwatch();
        let streams = Streams::new(self.seed, u64::from(replication));
        let outcome = self.scenario.system(point).run_unless(cancel, streams, self.scenario.window(point));
        if let Err(RunError::Cancelled { .. }) = outcome {
            return Ok(None);
        }
        let run = StoredRun::new(self.scenario.system(point).components(), outcome);
        store.commit(self.scenario.point_id(point), replication, &run, elapsed())?;
        Ok(Some(run.events))
    }

    fn manifest(&self) -> Manifest {
        let s = &self.scenario;
        let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        let scenario = Input { file: "scenario.toml".to_owned(), blake3: hash(&s.text) };
        let named = s.inputs.iter().map(|i| Input { file: i.name.clone(), blake3: i.hash.clone() });
        Manifest {
            schema_version: SCHEMA_VERSION,
            program: "egress".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            executables: self.other_builds.iter().cloned().chain([executable().to_owned()]).collect(),
            status: Status::Running,
            name: s.name().to_owned(),
            title: s.title().to_owned(),
            study: s.id.clone(),
            seed: self.seed,
            seed_drawn: self.seed_drawn,
            replications: self.plan().replications,
            confidence: s.confidence(),
            warmup_s: s.window(0).warmup.as_secs_f64(),
            end_s: s.window(0).end.as_secs_f64(),
            chance: s.draws(),
            figure_bins: s.figure_bins(),
            command: self.options.command.clone(),
            inputs: [scenario].into_iter().chain(named).collect(),
            axes: s.axes().iter().map(Into::into).collect(),
            points: s.points[..s.grid.len()].iter().map(|p| p.id.clone()).collect(),
            variants: s.variants.iter().zip(&s.points[s.grid.len()..]).map(Into::into).collect(),
            components: s.system(0).components().iter().map(Into::into).collect(),
            counts: Counts { planned: self.plan().runs(), ..Counts::default() },
            checks: crate::results::manifest::CheckSummary::default(),
            notes: Vec::new(),
            warnings: s.warnings().iter().map(|d| format!("{}: {}", d.code, d.message)).collect(),
        }
    }

    fn write_inputs(&self, manifest: &Manifest) -> Result<(), StudyError> {
        write_file(&self.folder.join("scenario.toml"), self.scenario.text.as_bytes())?;
        write_file(&self.folder.join("scenario.resolved.toml"), self.scenario.resolved(self.seed).as_bytes())?;
        write_points(&self.folder, manifest)
    }
}

/// Makes one run of a scenario without keeping it.
///
/// Fails if the system does.
pub fn run_once(scenario: &Scenario, point: usize, replication: u32, seed: u64) -> Result<RunRecord, RunError> {
    let streams = Streams::new(seed, u64::from(replication));
    scenario.system(point).run(streams, scenario.window(point))
}

fn same_study(folder: &Path, known: &Manifest, scenario: &Scenario) -> Result<(), StudyError> {
    if known.study != scenario.id {
        let wanted = format!("{} {} of egress {}", scenario.name(), scenario.id, env!("CARGO_PKG_VERSION"));
        return Err(StudyError::OtherStudy { folder: folder.to_owned(), found: known.describe(), wanted });
    }
    match scenario.seed() {
        Some(wanted) if wanted != known.seed => {
            Err(StudyError::OtherSeed { folder: folder.to_owned(), found: known.seed, wanted })
        }
        _ => Ok(()),
    }
}

/// Whether there are files that no study left behind (before its manifest, a study makes hidden ones only).
fn holds_other_files(folder: &Path) -> bool {
    let hidden = |e: &fs::DirEntry| e.file_name().to_string_lossy().starts_with('.');
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|e| !hidden(&e)))
}

/// Locks the folder for this process; the system lifts the lock when the process ends, however it ends.
fn lock(folder: &Path) -> Result<File, StudyError> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(StudyError::io("create", &path))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(StudyError::Busy { folder: folder.to_owned() }),
        // Some network file systems have no locks; a study there is on its own.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// BLAKE3 of the program that runs; empty if it cannot be read.
fn executable() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let bytes = std::env::current_exe().and_then(fs::read);
        bytes.map_or(String::new(), |b| blake3::hash(&b).to_hex().to_string())
    })
}

/// A seed that is short enough to be typed.
fn draw_seed() -> u64 {
    RandomState::new().build_hasher().finish() % 1_000_000_000
}

/// Seconds since it was made.
#[expect(clippy::disallowed_types, reason = "wall times are shown in runs.csv, results never depend on them")]
fn stopwatch() -> impl Fn() -> f64 {
    let start = std::time::Instant::now();
    move || start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fixture::load;
    use crate::results;
    use crate::scenario::Overrides;

    const TEXT: &str = "[scenario]\nname = \"demo\"\ntitle = \"Demo\"\n[run]\nduration = \"10 s\"\nwarmup = \"1 s\"\nbins = 8\n\
        [study]\nseed = 1\nreplications = 6\n[station.a]\nrate = \"2 /s\"\n[station.b]\nrate = \"5 /s\"\n\
        [sweep]\n\"station.a.rate\" = [\"1 /s\", \"4 /s\"]\n\"station.b.servers\" = [1, 2, 3]\n";

    fn study(text: &str, folder: &Path, threads: usize) -> Result<Study, StudyError> {
        let scenario = load(text, &Overrides::default()).unwrap_or_else(|e| panic!("{:?}", e.diagnostics));
        Study::prepare(scenario, RunOptions { out: Some(folder.to_owned()), threads, command: vec!["egress".into()] })
    }
    fn run(text: &str, folder: &Path, threads: usize) -> Outcome {
        study(text, folder, threads).unwrap().run(&(), &AtomicBool::new(false)).unwrap()
    }

    /// Every file of a study with its bytes; of `runs.csv` all but the wall times. The journal is in the order of work.
    fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(f) = folders.pop() {
            for path in fs::read_dir(&f).unwrap().map(|e| e.unwrap().path()) {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if name == "runs.csv" {
                    let mut reader = csv::Reader::from_path(&path).unwrap();
                    let rows = reader.records().map(|r| r.unwrap().iter().take(5).collect::<Vec<_>>().join(","));
                    all.insert(name, rows.collect::<Vec<_>>().join("\n").into_bytes());
                } else if !name.starts_with("journal") {
                    all.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        all
    }

    fn assert_same(a: &Path, b: &Path, what: &str) {
        let (a, b) = (contents(a), contents(b));
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
        for (name, bytes) in &a {
            assert!(*bytes == b[name], "{what}: {name} differs");
        }
    }

    /// Cancels after some runs.
    struct After<'a>(u64, &'a AtomicBool);
    impl Progress for After<'_> {
        fn runs(&self, done: u64, _: u64, _: u64) {
            if done >= self.0 {
                self.1.store(true, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn all_tables_are_there_and_tidy() {
        let dir = tempfile::tempdir().unwrap();
        let outcome = run(TEXT, dir.path(), 2);
        assert_eq!((outcome.exit_code(), outcome.counts.done, outcome.resumed), (0, 36, 0));
        let summary = fs::read_to_string(dir.path().join("summary.csv")).unwrap();
        let mut lines = summary.lines();
        let header = "station.a.rate,station.b.servers,component,metric,stat,mean,sd,ci_low,ci_high,n,unit";
        assert_eq!(lines.next(), Some(header));
        assert_eq!(lines.next(), Some("1 /s,1,a,arrivals,mean,100,0,100,100,6,packet"));
        assert_eq!(lines.filter(|l| l.contains(",upper,")).count(), 12);
        // 600 packets, none of them lost: 1 - 0.05^(1/600).
        assert!(summary.contains("4 /s,3,b,loss_ratio,upper,0.00498044"), "{summary}");
        let metrics = fs::read_to_string(dir.path().join("metrics.csv")).unwrap();
        assert_eq!(metrics.lines().next(), Some("point,replication,component,metric,stat,value,unit"));
        assert_eq!(metrics.lines().count(), 1 + 36 * 8);
        let points = fs::read_to_string(dir.path().join("points.csv")).unwrap();
        assert!(points.starts_with("point,point_id,station.a.rate,station.a.rate [/s],station.b.servers,"), "{points}");
        let ranking = fs::read_to_string(dir.path().join("bottlenecks.csv")).unwrap();
        assert!(ranking.lines().nth(1).unwrap().starts_with("1 /s,1,1,a,0.50"), "{ranking}");
        assert_eq!(fs::read_dir(dir.path().join("series")).unwrap().count(), 6);
        let tail = fs::read_to_string(dir.path().join("distributions.csv")).unwrap();
        assert!(tail.lines().last().unwrap().ends_with(",0"), "the last bucket has nothing above it");
        let manifest = Manifest::read(dir.path()).unwrap().unwrap();
        assert_eq!((manifest.status, manifest.checks.made), (Status::Done, 36 * 4));
        assert_eq!(fs::read_to_string(dir.path().join("scenario.toml")).unwrap(), TEXT);
    }

    #[test]
    fn tables_do_not_depend_on_threads() {
        let [one, two, eight] = [1, 2, 8].map(|threads| {
            let dir = tempfile::tempdir().unwrap();
            run(TEXT, dir.path(), threads);
            dir
        });
        assert_same(one.path(), two.path(), "2 threads");
        assert_same(one.path(), eight.path(), "8 threads");
    }

    #[test]
    fn tables_do_not_depend_on_interruptions() {
        let whole = tempfile::tempdir().unwrap();
        run(TEXT, whole.path(), 1);
        let dir = tempfile::tempdir().unwrap();
        for (threads, stop) in [(1, 1), (2, 10), (8, 20)] {
            let cancel = AtomicBool::new(false);
            let outcome = study(TEXT, dir.path(), threads).unwrap().run(&After(stop, &cancel), &cancel).unwrap();
            assert!(outcome.interrupted && outcome.exit_code() == 130);
            // A balanced beginning: no point is more than a few runs ahead.
            assert!(outcome.counts.done >= stop && outcome.counts.done < stop + 9);
            assert_eq!(Manifest::read(dir.path()).unwrap().unwrap().status, Status::Interrupted);
        }
        // One run is damaged, the last ones are lost, the journal's end is torn, a temporary file is left.
        let runs = dir.path().join("journal/runs.bin");
        let mut bytes = fs::read(&runs).unwrap();
        bytes[100] ^= 1;
        fs::write(&runs, &bytes[..bytes.len() * 4 / 5]).unwrap();
        let journal = dir.path().join("journal/runs.jsonl");
        let text = fs::read_to_string(&journal).unwrap();
        fs::write(&journal, &text[..text.len() - 9]).unwrap();
        fs::write(dir.path().join(".summary.csv.tmp"), "half").unwrap();
        let outcome = run(TEXT, dir.path(), 2);
        assert!(outcome.resumed > 0 && outcome.resumed < 36);
        assert_same(whole.path(), dir.path(), "resumed");
        assert_eq!(run(TEXT, dir.path(), 2).resumed, 36);
        assert_same(whole.path(), dir.path(), "nothing to do");
    }

    #[test]
    fn more_replications_and_values_use_the_runs_that_are_there() {
        let (dir, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        run(TEXT, dir.path(), 2);
        let more = TEXT.replace("replications = 6", "replications = 8").replace("[1, 2, 3]", "[3, 4]");
        let outcome = run(&more, dir.path(), 2);
        assert_eq!((outcome.resumed, outcome.counts.done), (12, 32));
        run(&more, fresh.path(), 1);
        assert_same(fresh.path(), dir.path(), "extended");
    }

    #[test]
    fn sweep_points_share_their_random_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let tables = run(TEXT, dir.path(), 1).tables;
        // Only the servers of b differ between points 0 and 1, which the made-up runs do not look at.
        let of = |point| {
            let rows = tables.summary.iter().filter(move |r| r.point == point);
            rows.map(|r| r.estimate.mean).collect::<Vec<f64>>()
        };
        assert_eq!(of(0), of(1));
        assert_ne!(of(0), of(3));
    }

    #[test]
    fn a_folder_of_another_study_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        run(TEXT, dir.path(), 2);
        let before = contents(dir.path());
        let other = study(&TEXT.replace("10 s", "11 s"), dir.path(), 1).err().unwrap();
        assert!(matches!(other, StudyError::OtherStudy { .. }) && other.exit_code() == 2, "{other}");
        let text = other.to_string();
        assert_eq!((text.matches("demo ").count(), text.contains("--out")), (2, true), "{text}");
        let seed = study(&TEXT.replace("seed = 1", "seed = 2"), dir.path(), 1).err().unwrap();
        assert!(matches!(seed, StudyError::OtherSeed { found: 1, wanted: 2, .. }), "{seed}");
        assert!(contents(dir.path()) == before);
    }

    #[test]
    fn folders_that_cannot_be_used_say_why() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "").unwrap();
        assert!(matches!(study(TEXT, dir.path(), 1), Err(StudyError::NotAStudy { .. })));
        let file = study(TEXT, &dir.path().join("thesis.tex"), 1).err().unwrap();
        assert!(file.to_string().contains("thesis.tex") && file.to_string().contains("--out"), "{file}");
        let free = dir.path().join("new/out");
        let held = study(TEXT, &free, 1).unwrap();
        assert!(matches!(study(TEXT, &free, 1), Err(StudyError::Busy { .. })));
        drop(held);
        assert!(study(TEXT, &free, 1).is_ok());
        fs::write(free.join("manifest.json"), "{").unwrap();
        assert!(matches!(study(TEXT, &free, 1), Err(StudyError::Damaged { .. })));
    }

    #[test]
    fn a_place_that_cannot_be_written_stops_the_study_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let s = study(TEXT, dir.path(), 2).unwrap();
        // A file stands where the folder of the runs should be.
        fs::write(dir.path().join("journal"), "").unwrap();
        let e = s.run(&(), &AtomicBool::new(false)).unwrap_err();
        assert!(matches!(e, StudyError::Io { .. }) && e.to_string().contains("journal") && e.exit_code() == 1, "{e}");
        let manifest = Manifest::read(dir.path()).unwrap().unwrap();
        assert_eq!(manifest.status, Status::Running);
        assert!(!dir.path().join("summary.csv").exists());
    }

    #[test]
    fn a_drawn_seed_stays_with_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let text = TEXT.replace("seed = 1\n", "");
        let first = study(&text, dir.path(), 1).unwrap();
        assert!(first.seed_drawn());
        let seed = first.seed();
        first.run(&(), &AtomicBool::new(false)).unwrap();
        drop(first);
        let resolved = fs::read_to_string(dir.path().join("scenario.resolved.toml")).unwrap();
        assert!(resolved.contains(&format!("seed = {seed}\n")), "{resolved}");
        let again = study(&text, dir.path(), 1).unwrap();
        assert_eq!(again.seed(), seed);
        assert_eq!(again.run(&(), &AtomicBool::new(false)).unwrap().resumed, 36);
    }

    #[test]
    fn failing_runs_are_recorded_and_the_others_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let text = TEXT
            .replace("[station.b]\n", "[station.b]\nfailing = 0.5\n")
            .replace("replications = 6", "replications = 40");
        let outcome = run(&text, dir.path(), 2);
        assert_eq!((outcome.exit_code(), outcome.interrupted), (1, false));
        assert!(
            outcome.counts.failed > 20
                && outcome.counts.done > 20
                && outcome.counts.done + outcome.counts.failed == 240
        );
        let [Failure { reason, first, runs }] = &outcome.failures.reasons[..] else { panic!("{:?}", outcome.failures) };
        assert_eq!(*runs, outcome.counts.failed);
        assert!(reason.ends_with("station.b: seized up") && first.contains(" at "), "{reason} {first}");
        let runs = fs::read_to_string(dir.path().join("runs.csv")).unwrap();
        assert_eq!(runs.matches(",failed,0,").count() as u64, outcome.counts.failed);
        let row = outcome.tables.summary.iter().find(|r| r.metric == "arrivals").unwrap();
        assert!(row.estimate.n < 40 && row.estimate.n > 0);
        assert_eq!(run(&text, dir.path(), 2).resumed, 240);
    }

    #[test]
    fn violated_laws_are_an_error_exit() {
        let dir = tempfile::tempdir().unwrap();
        let text = TEXT.replace("[station.b]\n", "[station.b]\nwrong = 1.0\n");
        let outcome = run(&text, dir.path(), 2);
        assert_eq!((outcome.exit_code(), outcome.checks_violated), (5, 36));
        let manifest = Manifest::read(dir.path()).unwrap().unwrap();
        assert_eq!(manifest.checks.violations.len(), 20);
        assert!(manifest.checks.violations[0].ends_with("station.b: conservation: 3 is not 4"));
    }

    #[test]
    fn tables_can_be_read_back_from_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let text = TEXT.replace("[1, 2, 3]", "[1]");
        let tables = run(&text, dir.path(), 2).tables;
        let (back, _) = results::load(dir.path()).unwrap();
        // Debug prints NaN like any number.
        assert_eq!(format!("{back:?}"), format!("{tables:?}"));
        assert_eq!((back.replications, back.series.len(), back.sojourns.len()), (6, 4, 4));
        assert!(matches!(results::load(&dir.path().join("no")), Err(StudyError::Io { .. })));
    }
}
