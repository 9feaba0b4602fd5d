//! Responses against doses, with the fitted curve and its half-maximal dose, on a logarithmic dose axis.

use scenarios::FigureRequest;
use scenarios::tables::{DoseResponse, Estimate, MetricTable, StudyTables};

use crate::axis::Scale;
use crate::caption::{Caption, brief};
use crate::chart::{Axis, Chart, Dot, Key, Line};
use crate::figure::{Draft, Rows, number};
use crate::font::Words;
use crate::label;
use crate::select;
use crate::style::{LINES_MAX, Look};
use crate::unit::{Unit, pretty};

/// Steps of a drawn curve.
const STEPS: usize = 120;
/// How the half-maximal dose is drawn: black dots.
const HALF: Look = Look { color: LINES_MAX - 1, dash: 2, mark: 0, open: false };

/// The figures of all metrics of this kind, or of those that are asked for.
pub(crate) fn drafts(tables: &StudyTables, wanted: &FigureRequest) -> Vec<Draft> {
    let asked = |m: &&MetricTable| wanted.components.is_empty() || wanted.components.contains(&m.name);
    tables.metrics.iter().filter(asked).filter_map(|m| draft(tables, m, wanted)).collect()
}

fn draft(tables: &StudyTables, metric: &MetricTable, wanted: &FigureRequest) -> Option<Draft> {
    let drawn: Vec<&DoseResponse> =
        select::spread(metric.curves.len(), LINES_MAX - 1).into_iter().map(|i| &metric.curves[i]).collect();
    let first = *drawn.first()?;
    let axis = tables.axes.get(first.axis)?;
    let doses = || drawn.iter().flat_map(|c| &c.doses).copied().filter(|x| *x > 0.0);
    let (low, high) = (doses().fold(f64::INFINITY, f64::min), doses().fold(0.0, f64::max));
    if high <= low {
        return None;
    }
    let entity = select::entity(tables, &[first.response[0].as_str()]);
    let ends = drawn.iter().flat_map(|c| &c.responses).flat_map(|e| [e.mean, e.ci_high]);
    let highest = ends.filter(|y| y.is_finite()).fold(0.0, f64::max);
    if highest <= 0.0 {
        return None;
    }
    let unit = Unit::of(&first.unit, entity, highest);
    let lowest = drawn.iter().flat_map(|c| &c.responses).map(|e| e.mean).filter(|y| *y > 0.0).fold(highest, f64::min);
    let y_scale = if wanted.log == Some(true) {
        Scale::log_rounded(lowest * unit.factor, highest * unit.factor)
    } else {
        Scale::from_zero(highest * unit.factor, 5)
    };
    let name = |c: &DoseResponse| match drawn.len() {
        1 => first.response[0].clone(),
        _ => select::point_label(tables, c.point, |a| a != c.axis),
    };
    let chart = Chart {
        x: Axis::new(Scale::log_padded(low, high), x_label(&axis.name, &axis.unit, wanted)),
        y: Axis::new(y_scale, unit.after(&y_label(first, drawn.len(), wanted))),
        lines: lines(&drawn, (low, high), y_scale.low(), unit.factor),
        scattered: drawn.iter().enumerate().map(|(i, c)| points(c, i, name(c), unit.factor)).collect(),
        legend: Some(legend(&drawn, &axis.unit, &name)),
        shade: None,
        marked: false,
    };
    let caption = caption(tables, metric, &drawn, &chart);
    let name = format!("dose_response_{}", metric.name);
    Some(Draft { name, caption, page: chart.draw(), csv: csv(&drawn, &axis.unit, &name_of(tables, &drawn)) })
}

fn x_label(path: &str, unit: &str, wanted: &FigureRequest) -> Words {
    let quantity = wanted.x_label.clone().unwrap_or_else(|| label::of_path(path));
    Unit { factor: 1.0, label: Words::plain(pretty(unit)) }.after(&quantity)
}

fn y_label(first: &DoseResponse, curves: usize, wanted: &FigureRequest) -> String {
    let quantity = || label::of_metric(&first.response[1]);
    let of = if curves > 1 { format!(" of {}", first.response[0]) } else { String::new() };
    wanted.y_label.clone().unwrap_or_else(|| quantity() + &of)
}

/// The curves, and where each has half its effect.
fn lines(drawn: &[&DoseResponse], (low, high): (f64, f64), floor: f64, factor: f64) -> Vec<Line> {
    let dot = |x: f64, y: f64| Dot { x, y, low: f64::NAN, high: f64::NAN };
    let mut lines = Vec::new();
    for (i, c) in drawn.iter().enumerate() {
        let Some(curve) = &c.curve else { continue };
        let dots = (0..=STEPS).map(|k| {
            let x = low * (high / low).powf(k as f64 / STEPS as f64);
            dot(x, curve.at(x) * factor)
        });
        let look = Look { dash: 0, ..Look::nth(i) };
        lines.push(Line { name: String::new(), look, dots: dots.collect(), marks: Vec::new() });
        if (low..=high).contains(&curve.x50) {
            let dots = vec![dot(curve.x50, floor), dot(curve.x50, curve.at(curve.x50) * factor)];
            lines.push(Line { name: String::new(), look: HALF, dots, marks: Vec::new() });
        }
    }
    lines
}

/// The responses that were found, with their intervals.
fn points(c: &DoseResponse, i: usize, name: String, factor: f64) -> Line {
    let dot =
        |(&x, e): (&f64, &Estimate)| Dot { x, y: e.mean * factor, low: e.ci_low * factor, high: e.ci_high * factor };
    Line { name, look: Look::nth(i), dots: c.doses.iter().zip(&c.responses).map(dot).collect(), marks: Vec::new() }
}

fn legend(drawn: &[&DoseResponse], unit: &str, name: &impl Fn(&DoseResponse) -> String) -> Vec<Key> {
    let key = |(i, c): (usize, &&DoseResponse)| {
        let half = match (&c.curve, &c.half) {
            (Some(curve), Some(half)) => {
                let what = if curve.rises() { "EC50" } else { "IC50" };
                format!(", {what} {} {}", between(half), pretty(unit))
            }
            _ => String::new(),
        };
        let look = Look { dash: 0, ..Look::nth(i) };
        Key { name: format!("{}{half}", name(c)), look: Some(look), marked: true }
    };
    drawn.iter().enumerate().map(key).collect()
}

/// `4.67 (4.6 to 4.74)`
fn between(e: &Estimate) -> String {
    let digits = |x: f64| {
        let text = brief(x);
        // Three digits are enough to read.
        if x != 0.0 && x.is_finite() {
            let places = (2 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
            format!("{x:.places$}")
        } else {
            text
        }
    };
    if e.ci_low.is_nan() {
        digits(e.mean)
    } else {
        format!("{} ({} to {})", digits(e.mean), digits(e.ci_low), digits(e.ci_high))
    }
}

fn name_of(tables: &StudyTables, drawn: &[&DoseResponse]) -> Vec<String> {
    let name = |c: &&DoseResponse| match drawn.len() {
        1 => c.response[0].clone(),
        _ => select::point_label(tables, c.point, |a| a != c.axis),
    };
    drawn.iter().map(name).collect()
}

/// Responses and the curve at each dose, in base units; doses in the unit of the axis.
fn csv(drawn: &[&DoseResponse], dose_unit: &str, names: &[String]) -> String {
    let dose = format!("dose [{}]", if dose_unit.is_empty() { "1" } else { dose_unit });
    let mut rows = Rows::new(&["name", &dose, "mean", "ci_low", "ci_high", "n", "curve", "unit"]);
    for (c, name) in drawn.iter().zip(names) {
        for (&x, e) in c.doses.iter().zip(&c.responses) {
            let curve = c.curve.map_or(f64::NAN, |curve| curve.at(x));
            let cells = [x, e.mean, e.ci_low, e.ci_high].map(number).into_iter();
            let rest = [e.n.to_string(), number(curve), c.unit.clone()];
            rows.add([name.clone()].into_iter().chain(cells).chain(rest));
        }
    }
    rows.finish()
}

fn caption(tables: &StudyTables, metric: &MetricTable, drawn: &[&DoseResponse], chart: &Chart) -> String {
    let [component, quantity, _] = &drawn[0].response;
    let axis = &tables.axes[drawn[0].axis].name;
    let shown = format!("{} of {component} against {axis}", label::of_metric(quantity));
    let mut caption = Caption::new(tables, &shown);
    caption.interval("Whiskers");
    let interval = if tables.replications > 1 { ", with its bootstrap interval" } else { "" };
    caption.say(format!("Lines: four-parameter curves by least squares; dotted: half of the effect{interval}."));
    if drawn.iter().any(|c| c.doses.contains(&0.0)) {
        caption.say("The response without any dose is fitted, and not drawn.");
    }
    if drawn.len() < metric.curves.len() {
        caption.say(format!("{} of {} curves are drawn.", drawn.len(), metric.curves.len()));
    }
    caption.ends(chart, tables.replications);
    caption.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::metric::hill::Hill;
    use scenarios::tables::{Axis as SweepAxis, Point};

    const CURVE: Hill = Hill { none: 8.0, full: 1.0, x50: 2.0, h: 1.0 };

    fn around(mean: f64) -> Estimate {
        Estimate { mean, sd: 0.1, ci_low: 0.95 * mean, ci_high: 1.05 * mean, n: 9 }
    }

    fn tables(doses: &[f64]) -> StudyTables {
        let labels: Vec<String> = doses.iter().map(|d| format!("{d} uM")).collect();
        let axis = "intervention.dose.value".to_owned();
        let curve = DoseResponse {
            point: 0,
            axis: 0,
            response: ["pgp".into(), "throughput".into(), "mean".into()],
            unit: "1/s".into(),
            doses: doses.to_vec(),
            responses: doses.iter().map(|&x| around(CURVE.at(x))).collect(),
            curve: Some(CURVE),
            half: Some(around(2.0)),
        };
        let metric = MetricTable { name: "efflux".into(), curves: vec![curve], ..MetricTable::default() };
        StudyTables {
            axes: vec![SweepAxis { name: axis, unit: "uM".into(), labels, values: Some(doses.to_vec()), log: true }],
            points: (0..doses.len()).map(|i| Point { coordinates: vec![i] }).collect(),
            metrics: vec![metric],
            replications: 9,
            confidence: 0.95,
            ..StudyTables::default()
        }
    }

    #[test]
    fn responses_are_drawn_with_their_curve_and_half_of_its_effect() {
        let doses = [0.0, 0.1, 1.0, 10.0, 100.0];
        let drafts = drafts(&tables(&doses), &FigureRequest::of("dose_response"));
        let [draft] = &drafts[..] else { panic!("one figure") };
        assert_eq!(draft.name, "dose_response_efflux");
        let svg = crate::svg::write(&draft.page, "t", &draft.caption);
        assert!(svg.contains("IC50 2.00 (1.90 to 2.10)"), "{svg}");
        assert!(draft.caption.contains("without any dose is fitted, and not drawn"), "{}", draft.caption);
        let lines: Vec<&str> = draft.csv.lines().collect();
        assert_eq!(lines[0], "name,dose [uM],mean,ci_low,ci_high,n,curve,unit");
        assert_eq!((lines.len(), lines[1]), (6, "pgp,0,8,7.6,8.4,9,8,1/s"));
    }

    #[test]
    fn metrics_that_are_not_asked_for_are_not_drawn() {
        let tables = tables(&[0.1, 0.3, 1.0, 3.0, 10.0]);
        let of = |name: &str| {
            let wanted = FigureRequest { components: vec![name.into()], ..FigureRequest::of("dose_response") };
            drafts(&tables, &wanted).len()
        };
        assert_eq!((of("efflux"), of("other")), (1, 0));
        assert!(drafts(&StudyTables::default(), &FigureRequest::of("dose_response")).is_empty());
    }
}
