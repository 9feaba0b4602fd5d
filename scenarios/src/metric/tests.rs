use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::fixture::load;
use crate::scenario::Overrides;
use crate::study::{Outcome, RunOptions, Study};
use crate::tables::{MetricRow, MetricTable};
use crate::text::render;

/// Two stations whose utilization is 1 / (1 + rate) and a little noise, and whose times are exponential.
const BASE: &str = "[scenario]\nname = \"demo\"\n[run]\nduration = \"10 s\"\nwarmup = \"1 s\"\nbins = 20\n\
                    [study]\nseed = 1\nreplications = 6\n[station.a]\nrate = \"2 /s\"\nservers = 4\n[station.b]\nrate = \"5 /s\"\n";
const DOSES: &str = "[sweep]\n\"station.a.rate\" = { from = \"0.01 /s\", to = \"100 /s\", n = 9, scale = \"log\" }\n";

fn findings(more: &str) -> String {
    match load(&format!("{BASE}{more}"), &Overrides::default()) {
        Ok(s) => render(s.warnings(), s.sources(), false),
        Err(e) => render(&e.diagnostics, &e.sources, false),
    }
}

fn study(more: &str, folder: &Path, threads: usize) -> Outcome {
    let scenario = load(&format!("{BASE}{more}"), &Overrides::default())
        .unwrap_or_else(|e| panic!("{}", render(&e.diagnostics, &e.sources, false)));
    let options = RunOptions { out: Some(folder.to_owned()), threads, command: Vec::new() };
    Study::prepare(scenario, options).unwrap().run(&(), &AtomicBool::new(false)).unwrap()
}

fn run(more: &str) -> (tempfile::TempDir, Outcome) {
    let folder = tempfile::tempdir().unwrap();
    let outcome = study(more, folder.path(), 2);
    (folder, outcome)
}

#[track_caller]
fn row<'a>(table: &'a MetricTable, metric: &str, point: usize) -> &'a MetricRow {
    table.rows.iter().find(|r| r.metric == metric && r.point == point).unwrap_or_else(|| panic!("{metric}: {table:?}"))
}

#[test]
fn what_is_not_there_is_underlined() {
    for (metric, code, says) in [
        ("kind = \"dose_response\"\nresponse = \"aa.utilization\"", "E0430", "did you mean `a.utilization`"),
        ("kind = \"dose_response\"\nresponse = \"a.utilisation\"", "E0430", "did you mean `utilization`"),
        ("kind = \"dose_response\"\nresponse = \"a.utilization.p99\"", "E0430", "no number called `utilization.p99`"),
        (
            "kind = \"dose_response\"\nresponse = \"a.utilization\"\naxis = \"station.a.rat\"",
            "E0432",
            "did you mean `station.a.rate`",
        ),
        (
            "kind = \"dose_response\"\nresponse = \"a.wait_ratio\"\nwindow = [\"2 s\", \"4 s\"]",
            "E0430",
            "there is no series",
        ),
        (
            "kind = \"dose_response\"\nresponse = \"a.throughput\"\nwindow = [\"2 s\", \"40 s\"]",
            "E0433",
            "after the run",
        ),
        ("kind = \"dose_response\"\nresponse = \"a.throughput\"\nwindow = [\"2 s\"]", "E0433", "has 1 times"),
        (
            "kind = \"dose_response\"\nresponse = \"a.throughput\"\nwindow = [\"2 s\", \"2.1 s\"]",
            "E0433",
            "shorter than a bin",
        ),
        ("kind = \"control\"\nresponse = \"a.throughput\"\nover = [\"station.b.rat\"]", "E0434", "`station.b.rate`"),
        ("kind = \"control\"\nresponse = \"a.throughput\"\nover = [\"study.seed\"]", "E0434", "cannot be varied"),
        ("kind = \"control\"\nresponse = \"a.throughput\"\nover = [\"station.b.queue\"]", "E0434", "a number"),
        ("kind = \"control\"\nresponse = \"a.throughput\"\nover = [\"station.b.servers\"]", "E0434", "no whole number"),
        ("kind = \"control\"\nresponse = \"a.throughput\"\nover = [\"station.b.failing\"]", "E0434", "not above zero"),
        ("kind = \"control\"\nresponse = \"a.throughput\"\nover = []", "E0434", "names no parameter"),
        (
            "kind = \"control\"\nresponse = \"a.throughput\"\nover = [\"station.b.rate\", \"station.b.rate\"]",
            "E0434",
            "twice",
        ),
        ("kind = \"controll\"\nresponse = \"a.throughput\"", "E0105", "did you mean `control`"),
        ("kind = \"drift\"\nof = \"a.arrivals\"", "E0430", "no series"),
        ("kind = \"exposure\"\nof = \"a.occupancy\"\nthreshold = \"2 s\"", "E0435", "unit packet"),
        ("kind = \"clearance\"\nof = \"a\"\nby = [\"a.throughput\"]", "E0435", "in no compartment"),
        ("kind = \"balance\"\negress = [\"a.utilization\"]\ningress = [\"b.throughput\"]", "E0435", "no flux"),
        ("kind = \"balance\"\negress = [\"a.bit_rate\"]\ningress = [\"b.throughput\"]", "E0435", "not in the unit"),
        ("kind = \"balance\"\negress = []\ningress = [\"b.throughput\"]", "E0435", "names no flux"),
        ("kind = \"regulation\"\nof = \"a.occupancy\"\nset_point = 0", "E0435", "is zero"),
        ("kind = \"regulation\"\nof = \"a.occupancy\"\ndisturbed = \"11 s\"", "E0433", "after the end"),
    ] {
        let text = findings(&format!("{DOSES}[metric.m]\n{metric}\n"));
        assert!(text.starts_with(&format!("error[{code}]")) && text.contains(says), "{metric}\n{text}");
        assert_eq!(text.matches("error[").count(), 1, "{text}");
        assert!(text.contains("test.toml:"), "{text}");
    }
    let text = findings("[metric.a]\nkind = \"drift\"\nof = \"b.occupancy\"\n");
    assert!(text.starts_with("error[E0431]"), "{text}");
    let two = format!(
        "{DOSES}\"station.b.rate\" = [\"1 /s\", \"2 /s\"]\n[metric.m]\nkind = \"dose_response\"\nresponse = \"a.utilization\"\n"
    );
    let text = findings(&two);
    assert!(text.starts_with("error[E0432]") && text.contains("axis = \"station.b.rate\""), "{text}");
}

#[test]
fn without_doses_a_curve_is_left_out() {
    let metric = "[metric.m]\nkind = \"dose_response\"\nresponse = \"a.utilization\"\n";
    assert!(findings(metric).starts_with("warning[W0430]"));
    let few = format!("[sweep]\n\"station.a.rate\" = [\"1 /s\", \"2 /s\"]\n{metric}");
    assert!(findings(&few).contains("five doses"));
    assert!(run(&few).1.tables.metrics.is_empty());
}

#[test]
fn the_half_maximal_dose_of_a_known_curve_is_found() {
    let metric = "[metric.half]\nkind = \"dose_response\"\nresponse = \"a.utilization\"\n";
    let (folder, outcome) = run(&format!("{DOSES}{metric}"));
    let [table] = &outcome.tables.metrics[..] else { panic!("{:?}", outcome.tables.metrics) };
    // 1 / (1 + x) falls: half at 1, as steep as 1. The noise is the same at all doses, 0.01 u.
    let names: Vec<&str> = table.rows.iter().map(|r| r.metric.as_str()).collect();
    assert_eq!(names, ["ic50", "hill_coefficient", "bottom", "top"]);
    let half = row(table, "ic50", 0);
    assert!((half.estimate.mean - 1.0).abs() < 1e-6 && half.unit == "/s" && half.estimate.n == 6, "{half:?}");
    assert!((row(table, "hill_coefficient", 0).estimate.mean - 1.0).abs() < 1e-6);
    let bottom = row(table, "bottom", 0).estimate;
    assert!(bottom.mean > 0.0 && bottom.mean < 0.01 && bottom.ci_low < bottom.mean && bottom.mean < bottom.ci_high);
    assert!(table.notes.is_empty() && table.curves[0].doses.len() == 9, "{table:?}");
    // Along the axis there is no value of it.
    let summary = fs::read_to_string(folder.path().join("summary.csv")).unwrap();
    let line = summary.lines().find(|l| l.contains("half,ic50,fit")).unwrap();
    assert!(line.starts_with(",half,ic50,fit,") && line.ends_with(",6,/s"), "{line}");
}

#[test]
fn doses_that_do_not_bracket_are_told() {
    let metric = "[metric.half]\nkind = \"dose_response\"\nresponse = \"a.utilization\"\n";
    let doses = DOSES.replace("100 /s", "1.5 /s");
    let notes = run(&format!("{doses}{metric}")).1.tables.metrics[0].notes.clone();
    assert!(notes.len() == 1 && notes[0].contains("the highest dose has not the full effect"), "{notes:?}");
}

#[test]
fn control_coefficients_are_logarithmic_slopes() {
    let metric = "[metric.slow]\nkind = \"control\"\nresponse = \"a.sojourn_time\"\nover = [\"station.a.rate\", \"station.b.rate\", \"station.a.servers\"]\n";
    let (folder, outcome) = run(metric);
    let [table] = &outcome.tables.metrics[..] else { panic!("{:?}", outcome.tables.metrics) };
    // Times are inverse to the rate, of the same random numbers exactly; the other parameters do nothing to them.
    let of = |metric: &str| row(table, metric, 0).estimate;
    let own = of("control.station.a.rate");
    assert!((own.mean + 1.0).abs() < 1e-9 && own.ci_high - own.ci_low < 1e-9 && own.n == 6, "{own:?}");
    assert_eq!(of("control.station.b.rate").mean, 0.0);
    assert!((of("control.sum").mean + 1.0).abs() < 1e-9);
    let [note] = &table.notes[..] else { panic!("{:?}", table.notes) };
    assert!(note.starts_with("a.sojourn_time is controlled most by station.a.rate (-1.000)"), "{note}");
    assert!(note.ends_with("the sum of all is -1.000, as it is over the rates of all steps (-1)"), "{note}");
    // Six points more, each a parameter less or more: 1.8 and 2.2 /s, 3 and 5 servers.
    assert_eq!((outcome.counts.planned, outcome.tables.points.len()), (42, 1));
    let points = fs::read_to_string(folder.path().join("points.csv")).unwrap();
    let ends: Vec<&str> = points.lines().map(|l| l.split_once(',').unwrap().1.split_once(',').unwrap().1).collect();
    assert_eq!(ends[..3], ["varied,value", ",", "station.a.rate,1.8 /s"], "{points}");
    assert_eq!(ends[7], "station.a.servers,5");
    let summary = fs::read_to_string(folder.path().join("summary.csv")).unwrap();
    assert!(summary.contains("\nslow,control.station.a.rate,mean,-"), "{summary}");
    // No number of a point that is not of the sweep stands beside those that are.
    assert_eq!(summary.matches("a,sojourn_time,mean,").count(), 1);
}

#[test]
fn metrics_change_no_run_and_may_come_later() {
    let sweep = "[sweep]\n\"station.a.rate\" = [\"1 /s\", \"2 /s\"]\n";
    let metrics = "[metric.grows]\nkind = \"drift\"\nof = \"a.throughput\"\n\
                   [metric.slow]\nkind = \"control\"\nresponse = \"a.sojourn_time\"\nover = [\"station.a.rate\"]\n";
    let (later, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = study(sweep, later.path(), 2);
    let more = study(&format!("{sweep}{metrics}"), later.path(), 1);
    assert_eq!((more.resumed, more.counts.planned), (12, 36));
    // Debug prints NaN like any number.
    assert_eq!(format!("{:?}", more.tables.summary), format!("{:?}", first.tables.summary));
    study(&format!("{sweep}{metrics}"), fresh.path(), 8);
    for file in ["summary.csv", "metrics.csv", "points.csv", "bottlenecks.csv", "distributions.csv"] {
        let read = |folder: &Path| fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(read(later.path()), read(fresh.path()), "{file}");
    }
    assert_eq!(more.tables.metrics[1].rows.len(), 4);
}

#[test]
fn failing_runs_are_left_out_in_pairs() {
    let base = BASE.replace("[station.b]\n", "[station.b]\nfailing = 0.4\n").replace("= 6\n", "= 40\n");
    let metric = "[metric.slow]\nkind = \"control\"\nresponse = \"a.sojourn_time\"\nover = [\"station.a.rate\"]\n";
    let scenario = load(&format!("{base}{metric}"), &Overrides::default()).ok().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = RunOptions { out: Some(folder.path().to_owned()), threads: 2, command: Vec::new() };
    let outcome = Study::prepare(scenario, options).unwrap().run(&(), &AtomicBool::new(false)).unwrap();
    let e = row(&outcome.tables.metrics[0], "control.station.a.rate", 0).estimate;
    assert!(e.n > 10 && e.n < 35 && (e.mean + 1.0).abs() < 1e-9, "{e:?}");
}

#[test]
fn metrics_of_spikes_need_their_probe() {
    for (metric, says) in [
        ("kind = \"per_spike\"\nof = \"a\"", "nothing counts what `a` releases at spikes"),
        ("kind = \"paired_pulse\"\nof = \"a\"", "nothing counts what `a` releases at spikes"),
        ("kind = \"quantal\"\nof = \"a.throughputs\"", "did you mean"),
    ] {
        let found = findings(&format!("{DOSES}[metric.m]\n{metric}\n"));
        assert!(found.contains(says), "{metric}:\n{found}");
    }
    let left_out = findings("[metric.m]\nkind = \"quantal\"\nof = \"a.throughput\"\n");
    assert!(left_out.contains("W0430") && left_out.contains("nothing is swept"), "{left_out}");
}
