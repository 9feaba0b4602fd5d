//! What the metrics of a scenario came to, on the terminal: a table a metric, and what is to be said of it.

use std::fmt::Write;

use scenarios::metric::CONTROL;
use scenarios::tables::{MetricRow, MetricTable, StudyTables};

use super::number::{Unit, aligned, cell};

/// Rows of a metric at most.
const ROWS_MAX: usize = 30;

/// Adds what metrics came to.
pub(super) fn metrics(text: &mut String, tables: &StudyTables) {
    for metric in tables.metrics.iter().filter(|m| !m.rows.is_empty() || !m.notes.is_empty()) {
        text.push('\n');
        rows(text, metric, tables);
        for note in &metric.notes {
            let _ = writeln!(text, "{note}");
        }
    }
}

fn rows(text: &mut String, metric: &MetricTable, tables: &StudyTables) {
    let axes: Vec<usize> = (0..tables.axes.len()).filter(|&a| tables.axes[a].labels.len() > 1).collect();
    // An axis that everything is along has nothing to tell apart.
    let axes: Vec<usize> = axes.into_iter().filter(|&a| metric.rows.iter().any(|r| r.along != Some(a))).collect();
    let heading = [metric.name.clone()].into_iter().chain(axes.iter().map(|&a| tables.axes[a].name.clone()));
    let mut grid = vec![heading.chain([metric.kind.clone(), "n".to_owned()]).collect::<Vec<_>>()];
    for row in shown(metric) {
        let place = axes.iter().map(|&a| tables.axes[a].labels[tables.points[row.point].coordinates[a]].clone());
        let name = row.metric.strip_prefix(CONTROL).unwrap_or(&row.metric).to_owned();
        grid.push([name].into_iter().chain(place).chain([value(row), row.estimate.n.to_string()]).collect());
    }
    if metric.rows.is_empty() {
        return;
    }
    text.push_str(&aligned(&grid, 1 + axes.len()));
    if metric.rows.len() > ROWS_MAX {
        let _ = writeln!(text, "... and {} more numbers of it: see summary.csv", metric.rows.len() - ROWS_MAX);
    }
}

/// The rows to show, in their order; of a single point's control coefficients the largest first, their sum last.
fn shown(metric: &MetricTable) -> Vec<&MetricRow> {
    let mut rows: Vec<&MetricRow> = metric.rows.iter().take(ROWS_MAX).collect();
    let is_control = rows.iter().all(|r| r.metric.starts_with(CONTROL) && r.point == rows[0].point);
    if is_control && let Some((_, coefficients)) = rows.split_last_mut() {
        coefficients.sort_by(|a, b| b.estimate.mean.abs().total_cmp(&a.estimate.mean.abs()));
    }
    rows
}

/// A number with its interval and its unit.
fn value(row: &MetricRow) -> String {
    let e = &row.estimate;
    if matches!(row.unit.as_str(), "s" | "bit/s") {
        // Nothing at all has no prefix.
        let unit = Unit::of(&row.unit, if e.mean == 0.0 { 1.0 } else { e.mean }, "");
        return format!("{} {}", unit.cell(e), unit.name);
    }
    let unit = if row.unit == "1" { "" } else { &row.unit };
    format!("{} {unit}", cell(e.mean, e.ci_low, e.ci_high)).trim_end().to_owned()
}
