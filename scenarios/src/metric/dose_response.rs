//! `dose_response`: the curve of a response against the doses of a sweep's axis, with its half-maximal dose.
//!
//! The four-parameter curve of [`hill`](super::hill) is fitted to the mean responses, all doses alike; intervals are
//! bootstrapped over replications. A response that rises with the dose has an EC50, one that falls an IC50.
//!
//! Validated against: the IC50 of a pump that works against a leak, Ki (1 + Vmax / (Km k)) in the linear range (Kalvass & Pollack
//! 2007, doi:10.1007/s11095-006-9183-0), and that of competitive inhibition, Ki (1 + S / Km) (Cheng & Prusoff 1973).

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type, did_you_mean};

use super::hill::{DOSES_MIN, Hill};
use super::reading::Reading;
use super::view::View;
use super::{Context, MakeMetric, Metric, resample, stretch};
use crate::results::record::StoredRun;
use crate::tables::{Axis, DoseResponse, Estimate, MetricRow, MetricTable, Point};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "dose_response",
    doc: "The curve of a response against the doses of a sweep's axis: four parameters (`bottom`, `top`, half-maximal dose, Hill \
          coefficient) by least squares, with intervals from a bootstrap over replications.",
    fields: &[
        Field::required(
            "response",
            Type::Text,
            "What responds: `COMPONENT.METRIC` as in `summary.csv`, or `COMPONENT.METRIC.STAT`.",
        ),
        Field::optional("axis", Type::Text, "The path of the doses in `[sweep]`; needed if there are several."),
        stretch("window", "Respond by the mean of the series from here to there, instead of the run's own number."),
        Field::default("resamples", Type::Integer { min: 100, max: 100_000 }, "1000", "Resamples of the bootstrap."),
    ],
    make,
};

/// The share of its whole effect that the lowest and the highest dose are to be this near to, for the doses to bracket it.
const NEAR: f64 = 0.25;

#[derive(Debug)]
struct Curves {
    response: Reading,
    axis: usize,
    resamples: usize,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let span = table.span_of("response");
    let mut response = Reading::new(table.text("response"), span, context)?;
    if let Some(over) = context.opt_stretch(table, "window")? {
        response = response.over(over, span, context)?;
    }
    let Some(axis) = axis(table, context)? else { return Ok(None) };
    Ok(Some(Box::new(Curves { response, axis, resamples: table.integer("resamples") as usize })))
}

/// A warning that the metric in `table` is left out.
fn left_out(table: &Table, context: &Context<'_>, label: &str) {
    context.warn(Diagnostic::warning("W0430", table.span, format!("`{}` is left out", table.path), label));
}

/// The axis that `table` names under `axis`, or the only one that is swept; none, with a warning, if there is none.
pub(super) fn along<'a>(table: &Table, context: &Context<'a>) -> Result<Option<(usize, &'a Axis)>, Diagnostic> {
    let swept: Vec<(usize, &Axis)> =
        context.axes.iter().copied().enumerate().filter(|(_, a)| a.labels.len() > 1).collect();
    let names = || swept.iter().map(|(_, a)| a.name.as_str());
    if swept.is_empty() {
        left_out(table, context, "nothing is swept");
        return Ok(None);
    }
    let chosen = match (table.opt_text("axis"), &swept[..]) {
        (Some(path), _) => swept.iter().find(|(_, a)| a.name == path).ok_or_else(|| {
            let message = format!("`{path}` is not swept");
            let d = Diagnostic::error("E0432", table.span_of("axis"), message, "no axis of the sweep");
            d.help(did_you_mean(path, names()).unwrap_or_else(|| "an axis is called as in `[sweep]`".into()))
        })?,
        (None, [only]) => only,
        (None, _) => {
            let message = format!("`{}` does not say which axis it is about", table.path);
            let d = Diagnostic::error("E0432", table.span, message, "several are swept");
            let paths: Vec<String> = names().map(|n| format!("`axis = \"{n}\"`")).collect();
            return Err(d.help(paths.join(" or ")));
        }
    };
    Ok(Some(*chosen))
}

/// The axis of the doses; none, with a warning, if there is too little of one.
fn axis(table: &Table, context: &Context<'_>) -> Result<Option<usize>, Diagnostic> {
    let Some((index, axis)) = along(table, context)? else { return Ok(None) };
    let Some(doses) = axis.values.as_ref().filter(|v| v.iter().all(|x| *x >= 0.0)) else {
        let span = if table.get("axis").is_some() { table.span_of("axis") } else { table.span };
        let message = format!("the values of `{}` are no doses", axis.name);
        return Err(Diagnostic::error("E0432", span, message, "expected numbers, zero or more"));
    };
    if doses.len() < DOSES_MIN {
        left_out(table, context, "a curve of four parameters needs five doses or more");
        return Ok(None);
    }
    Ok(Some(index))
}

impl Metric for Curves {
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        vec![self.response.take(run)]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for points in groups(study.points, self.axis) {
            self.curve(&points, study, to);
        }
    }
}

/// Points that differ only in the axis `at`.
pub(super) fn groups(points: &[Point], at: usize) -> Vec<Vec<usize>> {
    let mut groups = std::collections::BTreeMap::<Vec<usize>, Vec<usize>>::new();
    for (i, p) in points.iter().enumerate() {
        let mut others = p.coordinates.clone();
        others.remove(at);
        groups.entry(others).or_default().push(i);
    }
    groups.into_values().collect()
}

impl Curves {
    /// The curve of points that differ in the dose only.
    fn curve(&self, points: &[usize], study: &View<'_>, to: &mut MetricTable) {
        let Some(values) = &study.axes[self.axis].values else { return };
        let dose = |p: usize| values[study.points[p].coordinates[self.axis]];
        let mut points = points.to_vec();
        points.sort_by(|&a, &b| dose(a).total_cmp(&dose(b)));
        let doses: Vec<f64> = points.iter().map(|&p| dose(p)).collect();
        let runs = study.complete(&points);
        let means = |runs: &mut dyn Iterator<Item = usize>| -> Vec<f64> {
            let (mut sums, mut n) = (vec![0.0; points.len()], 0.0);
            for r in runs {
                n += 1.0;
                sums.iter_mut().zip(&points).for_each(|(sum, &p)| *sum += study.value(p, r, 0));
            }
            sums.into_iter().map(|s| s / n).collect()
        };
        let curve = Hill::fit(&doses, &means(&mut runs.iter().copied()));
        let mut half = None;
        match curve {
            Some(curve) => {
                let fit = |draw: Vec<usize>| curve.fit_from(&doses, &means(&mut draw.into_iter().map(|i| runs[i])));
                let times = if runs.len() > 1 { self.resamples } else { 0 };
                let fits: Vec<Option<Hill>> = resample::draws(study, runs.len(), times).map(fit).collect();
                half = Some(self.rows(&curve, &fits, points[0], runs.len(), study, to));
                to.notes.extend(brackets(&curve, &doses).map(|what| self.note(what, points[0], study)));
            }
            None => to.notes.push(self.note("no curve could be fitted", points[0], study)),
        }
        let key = &self.response.key;
        to.curves.push(DoseResponse {
            point: points[0],
            axis: self.axis,
            response: [key.component.clone(), key.metric.clone(), key.stat.clone()],
            unit: key.unit.clone(),
            responses: points.iter().map(|&p| study.mean(p, 0)).collect(),
            doses,
            curve,
            half,
        });
    }

    /// Adds the numbers of a curve; returns the half-maximal dose.
    fn rows(
        &self,
        curve: &Hill,
        fits: &[Option<Hill>],
        point: usize,
        n: usize,
        study: &View<'_>,
        to: &mut MetricTable,
    ) -> Estimate {
        let estimate = |of: &dyn Fn(&Hill) -> f64| {
            let resampled = fits.iter().map(|f| f.as_ref().map_or(f64::NAN, of)).collect();
            resample::estimate(of(curve), resampled, study.confidence, n)
        };
        let half = estimate(&|c| c.x50);
        let dose_unit = match study.axes[self.axis].unit.as_str() {
            "" => "1",
            unit => unit,
        };
        let name = if curve.rises() { "ec50" } else { "ic50" };
        let rows = [
            (name, half, dose_unit),
            ("hill_coefficient", estimate(&|c| c.h), "1"),
            ("bottom", estimate(&Hill::bottom), self.response.key.unit.as_str()),
            ("top", estimate(&Hill::top), self.response.key.unit.as_str()),
        ];
        to.rows.extend(rows.map(|(metric, estimate, unit)| MetricRow {
            point,
            along: Some(self.axis),
            metric: metric.to_owned(),
            stat: "fit",
            estimate,
            unit: unit.to_owned(),
        }));
        half
    }

    /// A sentence about the curve that begins at `point`.
    fn note(&self, what: &str, point: usize, study: &View<'_>) -> String {
        let others = study.axes.iter().zip(&study.points[point].coordinates).enumerate();
        let others = others.filter(|(i, (a, _))| *i != self.axis && a.labels.len() > 1);
        let place: Vec<&str> = others.map(|(_, (a, &at))| a.labels[at].as_str()).collect();
        let at = if place.is_empty() { String::new() } else { format!(" at {}", place.join(", ")) };
        format!("{} against {}{at}: {what}", self.response.name(), study.axes[self.axis].name)
    }
}

/// What is to be said of doses that do not reach from one plateau to the other.
fn brackets(curve: &Hill, doses: &[f64]) -> Option<&'static str> {
    let effect = |x: f64| (curve.at(x) - curve.none) / (curve.full - curve.none);
    let ends = (effect(*doses.first()?), effect(*doses.last()?));
    match (ends.0 <= NEAR, ends.1 >= 1.0 - NEAR) {
        (true, true) => None,
        (false, true) => Some("the lowest dose has an effect already: the plateau below it is a guess"),
        (true, false) => Some("the highest dose has not the full effect: the plateau above it is a guess"),
        (false, false) => Some("the doses reach no plateau: the curve is a guess"),
    }
}
