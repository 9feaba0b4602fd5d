//! `regulation`: how well a level is held at its set point, or comes back to it after a disturbance.
//!
//! ```text
//! set_point_error = |mean - x*| / x*          over the window
//! settling_time   = last time at which the mean course is outside x* (1 +- band), from the disturbance on
//! overshoot       = how far the mean course goes beyond x*, seen from where it comes from, over x*
//! ```
//! A single molecule count never stays within a band; its mean course does. So the course is averaged over replications, bin
//! by bin, and intervals are bootstrapped over replications. Noise that is left in the mean course makes the settling time
//! longer: it is to be small against the band.
//!
//! Validated against: a step of production, where a level relaxes with exp(-k t).

use models::Kind;
use sim_core::config::{Diagnostic, Field, Table, Type};
use sim_core::quantity::Dimension;

use super::content::{LEVEL, level};
use super::reading::{Reading, mean};
use super::view::View;
use super::{Context, MakeMetric, Metric, resample, stretch};
use crate::results::record::StoredRun;
use crate::tables::{Estimate, MetricRow, MetricTable};

pub(super) const KIND: Kind<MakeMetric> = Kind {
    name: "regulation",
    doc: "How well a level is held at a set point: `set_point_error` in the window; and after a disturbance `settling_time`, \
          until its mean course stays within the band, and `overshoot`, how far that goes beyond the set point.",
    fields: &[
        Field::required("of", Type::Text, "The level: `COMPONENT.METRIC`, such as `cell.drug.occupancy`."),
        Field::optional(
            "set_point",
            LEVEL,
            "What it should be: a count, or a concentration in a compartment. The mean over the window unless given; there is no \
             error then.",
        ),
        Field::default(
            "disturbed",
            Type::Quantity(&[Dimension::TIME]),
            "\"0 s\"",
            "When it is disturbed: settling is counted from here.",
        ),
        Field::default("band", Type::Number { min: 1e-4, max: 1.0 }, "0.05", "The band, as a share of the set point."),
        stretch("window", "From when to when it should be as it should; the run's window unless given."),
        Field::default("resamples", Type::Integer { min: 100, max: 100_000 }, "400", "Resamples of the bootstrap."),
    ],
    make,
};

#[derive(Debug)]
struct Regulation {
    of: Reading,
    set_point: Option<f64>,
    disturbed: f64,
    band: f64,
    window: (f64, f64),
    resamples: usize,
}

fn make(table: &Table, context: &Context<'_>) -> Result<Option<Box<dyn Metric>>, Diagnostic> {
    let span = table.span_of("of");
    let of = Reading::new(table.text("of"), span, context)?;
    of.check_series(span, context)?;
    let set_point = level(table, "set_point", &of, context)?;
    if set_point == Some(0.0) {
        let message = format!("`{}.set_point` is zero", table.path);
        return Err(Diagnostic::error("E0435", table.span_of("set_point"), message, "an error relative to it is none"));
    }
    let disturbed = table.quantity("disturbed").value;
    let end = context.window.end.as_secs_f64();
    if disturbed >= end {
        let message = format!("`{}.disturbed` is after the end of the run", table.path);
        return Err(Diagnostic::error("E0433", table.span_of("disturbed"), message, format!("which is at {end} s")));
    }
    let window = context.stretch(table, "window")?;
    let (band, resamples) = (table.number("band"), table.integer("resamples") as usize);
    Ok(Some(Box::new(Regulation { of, set_point, disturbed, band, window, resamples })))
}

/// What a mean course comes to.
struct Course {
    error: f64,
    settling: f64,
    overshoot: f64,
}

impl Metric for Regulation {
    /// The width of a bin, the mean over the window, and the course after the disturbance.
    fn readings(&self, run: &StoredRun) -> Vec<f64> {
        let window = self.of.bins(run, self.window.0, self.window.1).unwrap_or_default();
        let course = self.of.bins(run, self.disturbed, f64::INFINITY).unwrap_or_default();
        [run.bin, mean(window)].into_iter().chain(course.iter().copied()).collect()
    }
    fn tell(&self, study: &View<'_>, to: &mut MetricTable) {
        for point in 0..study.points.len() {
            let runs = study.complete(&[point]);
            let of = |draw: &mut dyn Iterator<Item = usize>| self.course(&mean_course(study, point, draw));
            let whole = of(&mut runs.iter().copied());
            let times = if runs.len() > 1 { self.resamples } else { 0 };
            let resampled: Vec<Course> =
                resample::draws(study, runs.len(), times).map(|d| of(&mut d.into_iter().map(|i| runs[i]))).collect();
            let estimate = |of: fn(&Course) -> f64| -> Estimate {
                resample::turned(of(&whole), resampled.iter().map(of).collect(), study.confidence, runs.len())
            };
            if self.set_point.is_some() {
                let error = estimate(|c| c.error);
                to.rows.push(MetricRow::new(point, "set_point_error", "course", error, "1"));
            }
            to.rows.push(MetricRow::new(point, "settling_time", "course", estimate(|c| c.settling), "s"));
            to.rows.push(MetricRow::new(point, "overshoot", "course", estimate(|c| c.overshoot), "1"));
            if whole.settling.is_nan() && !runs.is_empty() {
                let at = study.place(point);
                to.notes.push(format!("{}{at} does not settle before the end of the run", self.of.name()));
            }
        }
    }
}

/// The mean of the readings of some replications, number by number.
fn mean_course(study: &View<'_>, point: usize, runs: &mut dyn Iterator<Item = usize>) -> Vec<f64> {
    let (mut sum, mut n) = (Vec::new(), 0.0);
    for r in runs {
        let xs = study.of(point)[r].as_deref().unwrap_or_default();
        sum.resize(xs.len(), 0.0);
        sum.iter_mut().zip(xs).for_each(|(s, x)| *s += x);
        n += 1.0;
    }
    sum.into_iter().map(|s: f64| s / n).collect()
}

impl Regulation {
    fn course(&self, readings: &[f64]) -> Course {
        let [bin, level, course @ ..] = readings else {
            return Course { error: f64::NAN, settling: f64::NAN, overshoot: f64::NAN };
        };
        let goal = self.set_point.unwrap_or(*level);
        let outside = |x: &f64| (x - goal).abs() > self.band * goal;
        let settling = match course.iter().rposition(outside) {
            // It is outside to the end.
            Some(last) if last + 1 == course.len() => f64::NAN,
            Some(last) => (last + 1) as f64 * bin,
            None => 0.0,
        };
        // It comes from below if it begins below: then what is above is beyond.
        let side = if course.first().is_some_and(|x| *x > goal) { -1.0 } else { 1.0 };
        let beyond = course.iter().map(|x| side * (x - goal)).fold(0.0, f64::max);
        Course { error: (level - goal).abs() / goal, settling, overshoot: beyond / goal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::record::MeasureKey;

    fn regulation(set_point: Option<f64>) -> Regulation {
        let of = Reading { key: MeasureKey::default(), over: None };
        Regulation { of, set_point, disturbed: 0.0, band: 0.05, window: (0.0, 1.0), resamples: 100 }
    }

    #[test]
    fn courses_settle_after_their_last_way_out_of_the_band() {
        let course = |xs: &[f64]| regulation(Some(100.0)).course(&[&[0.5, 98.0], xs].concat());
        let c = course(&[0.0, 90.0, 112.0, 104.0, 94.0, 97.0, 100.0]);
        assert_eq!((c.error, c.settling), (0.02, 2.5));
        assert!((c.overshoot - 0.12).abs() < 1e-12);
        // From above, what is below is beyond.
        assert!((course(&[150.0, 120.0, 93.0, 99.0]).overshoot - 0.07).abs() < 1e-12);
        assert_eq!(course(&[99.0, 101.0]).settling, 0.0);
        assert!(course(&[99.0, 101.0, 80.0]).settling.is_nan());
        // Without a set point it is what it comes to.
        assert_eq!(regulation(None).course(&[1.0, 50.0, 10.0, 49.0]).settling, 1.0);
    }
}
