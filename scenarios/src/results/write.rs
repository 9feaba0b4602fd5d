//! Makes the tables of a study from its run files, in the order of points and replications.

use std::fs;
use std::path::Path;

use sim_core::TICKS_PER_SECOND;

use super::caution::cautions;
use super::files::{CsvFile, create_folder, number};
use super::fold::{PointFold, PointTables};
use super::manifest::{CheckSummary, Counts, Manifest};
use super::parquet::MetricsParquet;
use super::record::StoredRun;
use super::store::{RunStore, run_id};
use crate::error::StudyError;
use crate::metric::{Gathered, Named};
use crate::plan::coordinates;
use crate::study::Failures;
use crate::summary::bottlenecks;
use crate::tables::{Axis, Point, StudyTables};

/// Violations that are spelt out.
const SHOWN: usize = 20;

/// Reads the tables of a finished or interrupted study back from its folder, for figures and reports.
///
/// What the scenario's metrics came to is not among them: it is in `summary.csv`.
///
/// Fails if there is no study in `folder`.
pub fn load(folder: &Path) -> Result<(StudyTables, Manifest), StudyError> {
    let missing = || StudyError::io("read", &folder.join("manifest.json"))(std::io::ErrorKind::NotFound.into());
    let manifest = Manifest::read(folder)?.ok_or_else(missing)?;
    let store = RunStore::open(folder)?;
    let mut tables = blank(&manifest);
    for (point, id) in manifest.points.iter().enumerate() {
        let mut fold = PointFold::new(steady_from(&manifest), manifest.figure_bins);
        for run in (0..manifest.replications).filter_map(|r| store.load(id, r)) {
            fold.add(&run);
        }
        let mut point_tables = fold.finish(point, manifest.confidence);
        point_tables.alike |= !manifest.chance;
        take(&mut tables, point, point_tables);
    }
    Ok((tables, manifest))
}

/// The tables without results.
fn blank(manifest: &Manifest) -> StudyTables {
    let axes: Vec<Axis> = manifest.axes.iter().cloned().map(Axis::from).collect();
    let lengths: Vec<usize> = axes.iter().map(|a| a.labels.len()).collect();
    let points = (0..manifest.points.len()).map(|k| Point { coordinates: coordinates(&lengths, k) }).collect();
    StudyTables {
        name: manifest.name.clone(),
        title: manifest.title.clone(),
        axes,
        points,
        components: manifest.components.iter().cloned().map(Into::into).collect(),
        warmup: manifest.warmup_s,
        end: manifest.end_s,
        seed: manifest.seed,
        confidence: manifest.confidence,
        ..StudyTables::default()
    }
}

/// Adds what the runs of point `at` came to.
fn take(tables: &mut StudyTables, at: usize, point: PointTables) {
    // Where nothing is drawn one replication is as good as many: the others say how many there are.
    if tables.alike.len() == at {
        tables.replications = point.n;
    } else if !point.alike {
        tables.replications = tables.replications.min(point.n);
    }
    tables.alike.extend(point.alike.then_some(at));
    tables.summary.extend(point.summary);
    tables.series.extend(point.coarse);
    tables.sojourns.extend(point.sojourns);
}

/// The end of the warm-up, in s; none is taken to be meant where the sweep changes it.
fn steady_from(manifest: &Manifest) -> f64 {
    let is_swept = manifest.axes.iter().any(|a| Axis::from(a.clone()).name == "run.warmup");
    if is_swept { 0.0 } else { manifest.warmup_s }
}

/// What the runs of a study came to.
pub(crate) struct Written {
    pub(crate) tables: StudyTables,
    pub(crate) counts: Counts,
    pub(crate) checks: CheckSummary,
    /// Why runs failed.
    pub(crate) failures: Failures,
    /// What is to be said of the numbers, a sentence each.
    pub(crate) cautions: Vec<String>,
}

/// Writes all tables of the study that `manifest` describes, from the runs in `store`, into `folder`; `metrics` are made of
/// them.
pub(crate) fn write_tables(
    folder: &Path,
    manifest: &Manifest,
    store: &RunStore,
    metrics: &[Named],
) -> Result<Written, StudyError> {
    let counts = Counts { planned: manifest.plan().runs(), ..Counts::default() };
    let (tables, checks, failures) = (blank(manifest), CheckSummary::default(), Failures::default());
    let mut written = Written { tables, counts, checks, failures, cautions: Vec::new() };
    let mut files = Files::create(folder, &written.tables.axes)?;
    let mut gathered = Gathered::new(metrics, manifest.plan().points);
    let mut found = Vec::new();
    let ids = manifest.points.iter().chain(manifest.variants.iter().map(|v| &v.id));
    for (point, id) in ids.enumerate() {
        let mut fold = PointFold::new(steady_from(manifest), manifest.figure_bins);
        for replication in 0..manifest.replications {
            let run = store.load(id, replication);
            gathered.add(point, run.as_ref());
            let Some(run) = run else {
                files.missing_run(id, point, replication)?;
                continue;
            };
            written.tally(&run, &run_id(id, replication));
            fold.add(&run);
            files.run(id, point, replication, &run, store.wall(id, replication))?;
        }
        let mut point_tables = fold.finish(point, manifest.confidence);
        point_tables.alike |= !manifest.chance;
        if point_tables.alike {
            gathered.keep_first(point);
        }
        if point >= manifest.points.len() {
            // Of use to a metric only, which tells what it is.
            continue;
        }
        files.point(folder, point, &labels(&written.tables, point), &point_tables)?;
        found.append(&mut point_tables.found);
        take(&mut written.tables, point, point_tables);
    }
    written.cautions = cautions(&found, &written.tables);
    written.tables.metrics = gathered.finish(&written.tables);
    files.metrics(&written.tables)?;
    files.finish(folder, &written.tables)?;
    Ok(written)
}

impl Written {
    fn tally(&mut self, run: &StoredRun, id: &str) {
        self.counts.done += u64::from(run.error.is_none());
        self.counts.failed += u64::from(run.error.is_some());
        self.counts.events += run.events;
        self.checks.made += u64::from(run.checks_made);
        self.checks.violated += run.violations.len() as u64;
        let left = SHOWN.saturating_sub(self.checks.violations.len());
        self.checks.violations.extend(run.violations.iter().take(left).map(|v| format!("{id}: {v}")));
        if let Some(error) = &run.error {
            self.failures.add(id, error);
        }
    }
}

/// The values of the axes at a point, as the scenario writes them.
fn labels(tables: &StudyTables, point: usize) -> Vec<String> {
    let at = tables.axes.iter().zip(&tables.points[point].coordinates);
    at.map(|(a, &i)| a.labels[i].clone()).collect()
}

fn with_axes(axes: &[Axis], columns: &[&str]) -> Vec<String> {
    axes.iter().map(|a| a.name.as_str()).chain(columns.iter().copied()).map(str::to_owned).collect()
}

/// Writes `points.csv`: each axis as the scenario writes its values and, where they are numbers, as numbers; after the points
/// of the sweep those at which a metric varies a parameter.
pub(crate) fn write_points(folder: &Path, manifest: &Manifest) -> Result<(), StudyError> {
    let tables = blank(manifest);
    let mut header = vec!["point".to_owned(), "point_id".to_owned()];
    for a in &tables.axes {
        header.push(a.name.clone());
        if a.values.is_some() {
            header.push(format!("{} [{}]", a.name, if a.unit.is_empty() { "1" } else { &a.unit }));
        }
    }
    if !manifest.variants.is_empty() {
        header.extend(["varied".to_owned(), "value".to_owned()]);
    }
    let mut csv = CsvFile::create(&folder.join("points.csv"), header)?;
    let cells = |of: usize| {
        let at = tables.axes.iter().zip(&tables.points[of].coordinates);
        at.flat_map(|(a, &i)| [a.labels[i].clone()].into_iter().chain(a.values.as_ref().map(|v| number(v[i]))))
    };
    for (k, id) in manifest.points.iter().enumerate() {
        let empty = if manifest.variants.is_empty() { 0 } else { 2 };
        let more = std::iter::repeat_n(String::new(), empty);
        csv.row([k.to_string(), id.clone()].into_iter().chain(cells(k)).chain(more))?;
    }
    for (k, v) in (manifest.points.len()..).zip(&manifest.variants) {
        let more = [v.path.clone(), v.value.clone()];
        csv.row([k.to_string(), v.id.clone()].into_iter().chain(cells(v.of)).chain(more))?;
    }
    csv.commit()
}

/// The tables that are written run by run and point by point.
struct Files {
    runs: CsvFile,
    metrics: CsvFile,
    parquet: MetricsParquet,
    summary: CsvFile,
    distributions: CsvFile,
}

impl Files {
    fn create(folder: &Path, axes: &[Axis]) -> Result<Self, StudyError> {
        create_folder(&folder.join("series"))?;
        let csv = |name: &str, header: &[&str]| CsvFile::create(&folder.join(name), header.iter().copied());
        let columns = ["component", "metric", "stat", "mean", "sd", "ci_low", "ci_high", "n", "unit"];
        let summary = with_axes(axes, &columns);
        Ok(Self {
            runs: csv("runs.csv", &["run", "point", "replication", "status", "events", "wall_s", "error"])?,
            metrics: csv("metrics.csv", &["point", "replication", "component", "metric", "stat", "value", "unit"])?,
            parquet: MetricsParquet::create(&folder.join("metrics.parquet"))?,
            summary: CsvFile::create(&folder.join("summary.csv"), summary)?,
            distributions: csv("distributions.csv", &["point", "component", "upper_s", "count", "ccdf"])?,
        })
    }

    fn missing_run(&mut self, id: &str, point: usize, replication: u32) -> Result<(), StudyError> {
        let [run, point, replication] = [run_id(id, replication), point.to_string(), replication.to_string()];
        self.runs.row([run.as_str(), &point, &replication, "missing", "", "", ""])
    }

    fn run(&mut self, id: &str, point: usize, r: u32, run: &StoredRun, wall: Option<f64>) -> Result<(), StudyError> {
        let [name, at, replication, events] = [run_id(id, r), point.to_string(), r.to_string(), run.events.to_string()];
        let status = if run.error.is_some() { "failed" } else { "ok" };
        let wall = wall.map(number).unwrap_or_default();
        let error = run.error.as_deref().unwrap_or_default();
        self.runs.row([name.as_str(), &at, &replication, status, &events, &wall, error])?;
        for m in &run.measures {
            let (k, value) = (&m.key, number(m.value));
            self.metrics.row([at.as_str(), &replication, &k.component, &k.metric, &k.stat, &value, &k.unit])?;
            self.parquet.row(point, r, m)?;
        }
        Ok(())
    }

    fn point(&mut self, folder: &Path, point: usize, labels: &[String], t: &PointTables) -> Result<(), StudyError> {
        for row in &t.summary {
            let e = &row.estimate;
            let [mean, sd, n] = [number(e.mean), number(e.sd), e.n.to_string()];
            let [low, high] = [number(e.ci_low), number(e.ci_high)];
            let cells = [&row.component, &row.metric, &row.stat, &mean, &sd, &low, &high, &n, &row.unit];
            self.summary.row(labels.iter().chain(cells))?;
        }
        for (_, component, sketch) in &t.sojourns {
            let total = sketch.total();
            let mut above = total;
            for (upper, count) in sketch.buckets() {
                above -= count;
                let ccdf = above as f64 / total as f64;
                let upper = number(upper / TICKS_PER_SECOND as f64);
                let [at, count, ccdf] = [point.to_string(), count.to_string(), number(ccdf)];
                self.distributions.row([&at, component, &upper, &count, &ccdf])?;
            }
        }
        write_series(folder, point, t)
    }

    /// Adds what metrics came to, to the summary: where it is of all points along an axis, its column is empty.
    fn metrics(&mut self, tables: &StudyTables) -> Result<(), StudyError> {
        for (name, row) in tables.metrics.iter().flat_map(|m| m.rows.iter().map(move |r| (&m.name, r))) {
            let mut place = labels(tables, row.point);
            if let Some(along) = row.along {
                place[along].clear();
            }
            let e = &row.estimate;
            let [mean, low, high, n] = [number(e.mean), number(e.ci_low), number(e.ci_high), e.n.to_string()];
            // What it is of are points and resamples, too: a deviation would not be that of runs.
            let cells = [name.as_str(), &row.metric, row.stat, &mean, "", &low, &high, &n, &row.unit];
            self.summary.row(place.iter().map(String::as_str).chain(cells))?;
        }
        Ok(())
    }

    fn finish(self, folder: &Path, tables: &StudyTables) -> Result<(), StudyError> {
        self.runs.commit()?;
        self.metrics.commit()?;
        self.parquet.commit()?;
        self.summary.commit()?;
        self.distributions.commit()?;
        write_bottlenecks(folder, tables)?;
        remove_stale_series(folder, tables.points.len())
    }
}

fn series_file(point: usize) -> String {
    format!("point-{point:05}.csv")
}

fn write_series(folder: &Path, point: usize, t: &PointTables) -> Result<(), StudyError> {
    let header = ["start_s", "end_s", "component", "metric", "mean", "ci_low", "ci_high", "n", "unit"];
    let mut csv = CsvFile::create(&folder.join("series").join(series_file(point)), header)?;
    for (s, n) in t.series.iter().zip(&t.series_n) {
        let n = n.to_string();
        let most = if s.metric == "utilization" { 1.0 } else { f64::INFINITY };
        for (k, (mean, half)) in s.mean.iter().zip(&s.half_width).enumerate() {
            let [start, end] = [number(k as f64 * s.bin), number((k + 1) as f64 * s.bin)];
            // As in the summary, an interval ends where the value does.
            let cut = |end: f64| if end.is_nan() { end } else { end.clamp(0.0, most) };
            let (low, high) = (cut(mean - half), cut(mean + half));
            let [mean, low, high] = [number(*mean), number(low), number(high)];
            csv.row([&start, &end, &s.component, &s.metric, &mean, &low, &high, &n, &s.unit])?;
        }
    }
    csv.commit()
}

fn write_bottlenecks(folder: &Path, tables: &StudyTables) -> Result<(), StudyError> {
    let columns = ["rank", "component", "utilization", "ci_low", "ci_high", "n", "loss_ratio"];
    let mut csv = CsvFile::create(&folder.join("bottlenecks.csv"), with_axes(&tables.axes, &columns))?;
    for point in 0..tables.points.len() {
        for (rank, b) in bottlenecks(tables, point).iter().enumerate() {
            let u = &b.utilization;
            let loss = b.loss_ratio.map(|l| number(l.mean)).unwrap_or_default();
            let cells =
                [(rank + 1).to_string(), b.component.clone(), number(u.mean), number(u.ci_low), number(u.ci_high)];
            csv.row(labels(tables, point).into_iter().chain(cells).chain([u.n.to_string(), loss]))?;
        }
    }
    csv.commit()
}

/// Removes the series of points that an earlier, larger sweep had.
fn remove_stale_series(folder: &Path, points: usize) -> Result<(), StudyError> {
    let series = folder.join("series");
    let current: std::collections::BTreeSet<String> = (0..points).map(series_file).collect();
    for entry in fs::read_dir(&series).map_err(StudyError::io("read", &series))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("point-") && !current.contains(&name) {
            fs::remove_file(entry.path()).map_err(StudyError::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}
