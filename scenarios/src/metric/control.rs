//! `control`: how much each parameter controls a flux or a level, and which one is the bottleneck.
//!
//! ```text
//! C = d ln J / d ln p     by (ln J(p (1 + delta)) - ln J(p (1 - delta))) / (ln p+ - ln p-)
//! ```
//! J is a mean over replications. The two points share their random numbers, so that most of the noise is in both; the
//! interval is that of the paired differences (delta method on the logarithms), of the sum that of the sums.
//!
//! The summation theorem: over the rates of all steps, coefficients of a flux add up to 1 and those of a level to 0, because
//! rates that are all twice as high are a film that runs twice as fast (Kacser & Burns 1973; Heinrich & Rapoport 1974,
//! doi:10.1111/j.1432-1033.1974.tb03318.x (from memory)). It holds for means of stochastic systems in their steady state too,
//! and for networks. A parameter that is a time, such as a delay, stands for a rate that is its inverse: it counts against the
//! others. Of a response that is a time, the sum is -1.
//!
//! Validated against: a leak and a pump, whose coefficients follow from their stationary law, and the theorem.

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type, Value};
use sim_core::quantity::Dimension;

use super::reading::Reading;
use super::vary::Varied;
use super::view::View;
use super::{Context, MakeMetric, Metric, stretch};
use crate::results::record::StoredRun;
use crate::tables::{Estimate, MetricRow, MetricTable};
use crate::text::value_at;

/// What the metric of a coefficient begins with; the parameter's path follows.
pub const CONTROL: &str = "control.";
/// What stands there for the sum of all.
const SUM: &str = "sum";
/// Standard errors that a sum may be off.
const ERRORS: f64 = 3.0;
/// Points that notes are about at most.
const POINTS_MAX: usize = 12;

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "control",
    doc: "Control coefficients, d ln response / d ln parameter: by how many percent a response changes with one percent of each \
          parameter. The largest is the bottleneck. Every point of the sweep is run with each parameter less and more, with \
          the same random numbers.",
    fields: &[
        Field::required(
            "response",
            Type::Text,
            "What is controlled: a flux (`pgp.throughput`, `web.goodput`) or a level (`cell.drug.occupancy`), as \
             `COMPONENT.METRIC`.",
        ),
        Field::required(
            "over",
            Type::List(&Type::Text),
            "The parameters, by their paths: `[\"pathway.pgp.N\", \"link.uplink.rate\"]`. If they are the rates of all steps, \
             their coefficients add up to 1 for a flux, to 0 for a level and to -1 for a time; those of parameters that are \
             times count against the others.",
        ),
        Field::default(
            "delta",
            Type::Number { min: 0.001, max: 0.5 },
            "0.1",
            "The share by which each is less and more. Smaller is nearer to the derivative, and noisier.",
        ),
        stretch("window", "Take the mean of the series from here to there, instead of the run's own number."),
    ],
    make,
};

#[derive(Debug)]
struct Control {
    response: Reading,
    varied: Vec<Varied>,
    /// How each counts in the sum: times against rates.
    signs: Vec<f64>,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let span = table.span_of("response");
    let mut response = Reading::new(table.text("response"), span, context)?;
    if let Some(over) = context.opt_stretch(table, "window")? {
        response = response.over(over, span, context)?;
    }
    let delta = table.number("delta");
    let path = |v: &Value| Some(Varied { path: v.as_text()?.trim().to_owned(), span: v.span, delta });
    let varied: Vec<Varied> = table.list("over").iter().filter_map(path).collect();
    if let Some(twice) = varied.iter().enumerate().find(|(i, v)| varied[..*i].iter().any(|o| o.path == v.path)) {
        let message = format!("`{}` stands here twice", twice.1.path);
        return Err(Diagnostic::error("E0434", twice.1.span, message, "counted twice in the sum"));
    }
    if varied.is_empty() {
        let message = format!("`{}.over` names no parameter", table.path);
        let d = Diagnostic::error("E0434", table.span_of("over"), message, "nothing to vary");
        return Err(d.help("for example `over = [\"pathway.pgp.N\"]`"));
    }
    let is_time = |path: &str| {
        let value = value_at(context.scenario, path).and_then(Value::as_quantity);
        value.is_some_and(|q| q.dimension == Dimension::TIME)
    };
    let signs = varied.iter().map(|v| if is_time(&v.path) { -1.0 } else { 1.0 }).collect();
    Ok(Some(Box::new(Control { response, varied, signs })))
}

impl Metric for Control {
    fn varied(&self) -> &[Varied] {
        &self.varied
    }
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        vec![self.response.take(run)]
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            self.at(point, study, to);
        }
    }
}

impl Control {
    /// The coefficients at a point of the sweep.
    fn at(&self, point: usize, study: &View<'_>, to: &mut MetricTable) {
        let pairs = &study.pairs[point];
        let points: Vec<usize> = pairs.iter().flat_map(|p| [p.low, p.high]).collect();
        let runs = study.complete(&points);
        let mean = |p: usize| runs.iter().map(|&r| study.value(p, r, 0)).sum::<f64>() / runs.len() as f64;
        let mut sum = (0.0, vec![0.0; runs.len()]);
        let mut all = Vec::new();
        for ((varied, sign), pair) in self.varied.iter().zip(&self.signs).zip(pairs) {
            let (low, high) = (mean(pair.low), mean(pair.high));
            let value = libm::log(high / low) / pair.step;
            let each =
                |&r: &usize| (study.value(pair.high, r, 0) / high - study.value(pair.low, r, 0) / low) / pair.step;
            let influence: Vec<f64> = runs.iter().map(each).collect();
            sum.0 += sign * value;
            sum.1.iter_mut().zip(&influence).for_each(|(s, x)| *s += sign * x);
            all.push((varied.path.as_str(), study.delta(value, &influence)));
        }
        let sum = study.delta(sum.0, &sum.1);
        let row = |(path, estimate): (&str, Estimate)| {
            MetricRow::new(point, &format!("{CONTROL}{path}"), "mean", estimate, "1")
        };
        to.rows.extend(all.iter().copied().map(row));
        to.rows.push(row((SUM, sum)));
        if point < POINTS_MAX {
            to.notes.extend(self.note(&all, sum, point, study));
        }
    }

    /// Which parameters control most, and what the summation theorem says of the sum.
    fn note(&self, all: &[(&str, Estimate)], sum: Estimate, point: usize, study: &View<'_>) -> Option<String> {
        let is_flux = self.expected() > 0.0;
        // What holds a flux back makes it larger by being more, or less if it is a time.
        let weight = |i: usize, e: &Estimate| if is_flux { self.signs[i] * e.mean } else { e.mean.abs() };
        let mut ranked: Vec<(f64, &(&str, Estimate))> =
            all.iter().enumerate().map(|(i, c)| (weight(i, &c.1), c)).filter(|(w, _)| w.is_finite()).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let ranked: Vec<&(&str, Estimate)> = ranked.into_iter().map(|r| r.1).collect();
        let told = |(path, e): &&(&str, Estimate)| format!("{path} ({})", rounded(e.mean));
        let (first, rest) = ranked.split_first()?;
        let (response, at) = (self.response.name(), study.place(point));
        let next = rest.first().map_or(String::new(), |r| format!(", next {}", told(r)));
        let most = if is_flux {
            format!("bottleneck of {response}{at}: {}{next}", told(first))
        } else {
            format!("{response}{at} is controlled most by {}{next}", told(first))
        };
        let error = sum.sd / f64::from(sum.n).sqrt();
        if !(sum.mean.is_finite() && error.is_finite()) {
            return Some(most);
        }
        let expected = self.expected();
        // Central differences are off by a part of the square of the step.
        let holds = (sum.mean - expected).abs() <= ERRORS * error + self.varied[0].delta.powi(2);
        let verdict = if holds { "as it is" } else { "not as it is" };
        let total = rounded(sum.mean);
        Some(format!("{most}; the sum of all is {total}, {verdict} over the rates of all steps ({expected:.0})"))
    }

    /// The sum over the rates of all steps.
    fn expected(&self) -> f64 {
        match (self.response.key.unit.as_str(), self.response.key.metric.as_str()) {
            ("1/s" | "bit/s", _) | (_, "arrivals" | "departures") => 1.0,
            ("s", _) => -1.0,
            _ => 0.0,
        }
    }
}

/// Three digits are enough in a sentence; the tables have them all.
fn rounded(x: f64) -> String {
    let text = format!("{x:.3}");
    if text == "-0.000" { "0.000".to_owned() } else { text }
}
