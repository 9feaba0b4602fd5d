//! The numbers of a study on the terminal: every mean with its interval.

use std::fmt::Write;

use scenarios::attribution::{CAUSES, Piece, groups, pieces};
use scenarios::study::Outcome;
use scenarios::summary::bottlenecks;
use scenarios::tables::{Estimate, StudyTables, SummaryRow};
use sim_core::stats::{Component, ComponentKind};

/// More rows than this do not help on a terminal; the tables have all.
const ROWS_MAX: usize = 12;
/// Points that are shown one by one.
const POINTS_MAX: usize = 12;

/// What is shown of a component, in this order: metric, stat, heading.
const COLUMNS: [(&str, &str, &str); 8] = [
    ("throughput", "mean", "throughput 1/s"),
    ("goodput", "mean", "goodput bit/s"),
    ("occupancy", "time_mean", "occupancy"),
    ("sojourn_time", "mean", "sojourn s"),
    ("sojourn_time", "p99", "p99 s"),
    ("slowdown", "mean", "slowdown"),
    ("utilization", "time_mean", "utilization"),
    ("loss_ratio", "mean", "loss ratio"),
];

/// The study in words and numbers.
pub(super) fn report(outcome: &Outcome) -> String {
    let tables = &outcome.tables;
    let mut text = String::new();
    for point in 0..tables.points.len().min(POINTS_MAX) {
        if !tables.axes.is_empty() {
            let _ = writeln!(text, "\n{}", coordinates(tables, point));
        }
        components(&mut text, tables, point);
        ranking(&mut text, tables, point);
        delays(&mut text, tables, point);
    }
    if tables.points.len() > POINTS_MAX {
        let _ = writeln!(text, "\n... and {} more points: see summary.csv", tables.points.len() - POINTS_MAX);
    }
    text
}

fn coordinates(tables: &StudyTables, point: usize) -> String {
    let at = tables.axes.iter().zip(&tables.points[point].coordinates);
    at.map(|(axis, &i)| format!("{} = {}", axis.name, axis.labels[i])).collect::<Vec<_>>().join(", ")
}

fn components(text: &mut String, tables: &StudyTables, point: usize) {
    let rows: Vec<&SummaryRow> = tables.summary.iter().filter(|r| r.point == point).collect();
    let find = |component: &str, metric: &str, stat: &str| {
        rows.iter().find(|r| r.component == component && r.metric == metric && r.stat == stat).map(|r| r.estimate)
    };
    let parts = |c: &&Component| c.kind != ComponentKind::Share;
    let names: Vec<&str> = tables.components.iter().filter(parts).map(|c| c.name.as_str()).collect();
    let shown = most_important(&names, |name| {
        let busy = find(name, "utilization", "time_mean").map_or(0.0, |e| e.mean);
        let flow = find(name, "throughput", "mean").map_or(0.0, |e| e.mean);
        // Utilization first; among the rest the largest flow.
        if busy.is_nan() { flow } else { busy * 1e30 + flow }
    });
    let used: Vec<_> =
        COLUMNS.iter().filter(|c| shown.iter().any(|n| find(n, c.0, c.1).is_some_and(|e| !e.mean.is_nan()))).collect();
    let mut grid = vec![vec!["component".to_owned()]];
    grid[0].extend(used.iter().map(|c| c.2.to_owned()));
    for name in &shown {
        let mut line = vec![(*name).to_owned()];
        line.extend(used.iter().map(|c| find(name, c.0, c.1).map_or(String::new(), |e| cell(&e))));
        grid.push(line);
    }
    text.push_str(&aligned(&grid));
    if shown.len() < names.len() {
        let _ = writeln!(text, "... and {} more components: see summary.csv", names.len() - shown.len());
    }
    let bounds: Vec<String> =
        shown.iter().filter_map(|n| Some(format!("{n} {:.1e}", find(n, "loss_ratio", "upper")?.mean))).collect();
    if !bounds.is_empty() {
        let _ =
            writeln!(text, "no loss seen; the ratio is below ({} %): {}", tables.confidence * 100.0, bounds.join(", "));
    }
}

/// The first names by `weight`, in their own order.
fn most_important<'a>(names: &[&'a str], weight: impl Fn(&str) -> f64) -> Vec<&'a str> {
    let mut order: Vec<(usize, f64)> = names.iter().enumerate().map(|(i, n)| (i, weight(n))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    order.truncate(ROWS_MAX);
    order.sort_by_key(|o| o.0);
    order.into_iter().map(|(i, _)| names[i]).collect()
}

/// `mean ± half-width`, to the digits that the interval supports.
fn cell(e: &Estimate) -> String {
    let half = (e.ci_high - e.ci_low) / 2.0;
    if e.mean.is_nan() {
        return String::new();
    }
    if half.is_nan() || half <= 0.0 {
        return significant(e.mean, 5);
    }
    // Two digits of the interval, and the mean to the same place.
    let place = half.abs().log10().floor() as i32 - 1;
    if !(-9..6).contains(&place) || e.mean.abs() < 1e-4 {
        return format!("{:.3e} ± {half:.1e}", e.mean);
    }
    let digits = usize::try_from(-place).unwrap_or(0);
    format!("{:.digits$} ± {half:.digits$}", e.mean)
}

fn significant(x: f64, digits: i32) -> String {
    if x == 0.0 || (x.fract() == 0.0 && x.abs() < 1e7) {
        return format!("{x}");
    }
    let place = digits - 1 - x.abs().log10().floor() as i32;
    if (0..10).contains(&place) { format!("{x:.*}", place as usize) } else { format!("{x:.4e}") }
}

fn ranking(text: &mut String, tables: &StudyTables, point: usize) {
    let ranked = bottlenecks(tables, point);
    let Some(first) = ranked.first() else { return };
    let others: Vec<String> =
        ranked.iter().skip(1).take(4).map(|b| format!("{} {:.3}", b.component, b.utilization.mean)).collect();
    let then = if others.is_empty() { String::new() } else { format!("; then {}", others.join(", ")) };
    let _ = writeln!(text, "bottleneck: {} (utilization {}){then}", first.component, cell(&first.utilization));
}

/// Where the delay of each group arises, where that is known.
fn delays(text: &mut String, tables: &StudyTables, point: usize) {
    let groups = groups(tables);
    for group in groups.iter().take(ROWS_MAX) {
        let mut pieces = pieces(tables, point, group);
        let total: f64 = pieces.iter().map(|p| p.delay).sum();
        pieces.sort_by(|a, b| b.delay.total_cmp(&a.delay));
        let part = |p: &Piece| {
            let (share, cause) = (100.0 * p.delay / total, CAUSES[p.cause].1);
            format!("{share:.0} % {cause} at {}", p.element)
        };
        // What is under half a percent says nothing.
        let parts: Vec<String> = pieces.iter().filter(|p| p.delay > 0.005 * total).take(4).map(part).collect();
        if !parts.is_empty() {
            let _ = writeln!(text, "delay of {group}: {} s, of it {}", significant(total, 4), parts.join(", "));
        }
    }
    if groups.len() > ROWS_MAX {
        let _ = writeln!(text, "... and the delays of {} more: see summary.csv", groups.len() - ROWS_MAX);
    }
}

/// Columns side by side, numbers to the right.
fn aligned(grid: &[Vec<String>]) -> String {
    let columns = grid.first().map_or(0, Vec::len);
    let width = |c: usize| grid.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in grid {
        for (c, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            let _ = if c == 0 { write!(text, "{cell}{pad}") } else { write!(text, "  {pad}{cell}") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(mean: f64, half: f64) -> Estimate {
        Estimate { mean, sd: f64::NAN, ci_low: mean - half, ci_high: mean + half, n: 5 }
    }

    #[test]
    fn a_cell_shows_the_digits_that_its_interval_supports() {
        assert_eq!(cell(&estimate(66.6721, 0.123)), "66.67 ± 0.12");
        assert_eq!(cell(&estimate(12_345.6, 78.0)), "12346 ± 78");
        assert_eq!(cell(&estimate(0.004_56, 0.000_12)), "0.00456 ± 0.00012");
        assert_eq!(cell(&estimate(3.2e-7, 1.1e-8)), "3.200e-7 ± 1.1e-8");
        assert_eq!(cell(&estimate(f64::NAN, f64::NAN)), "");
        assert_eq!(cell(&estimate(20.0, 0.0)), "20");
        assert_eq!(cell(&Estimate { ci_low: f64::NAN, ci_high: f64::NAN, ..estimate(0.8, 0.0) }), "0.80000");
    }

    #[test]
    fn only_the_most_important_rows_are_shown() {
        let names: Vec<String> = (0..30).map(|i| format!("c{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let shown = most_important(&names, |n| n[1..].parse().unwrap());
        assert_eq!(shown.len(), ROWS_MAX);
        assert_eq!(shown[0], "c18");
    }
}
