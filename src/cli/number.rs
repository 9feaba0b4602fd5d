//! Estimates as people read them: one unit a column, and no more digits than the interval supports.

use scenarios::tables::Estimate;

/// Digits of a mean at most, however narrow its interval.
const DIGITS_MAX: i32 = 5;

/// What values of a column are multiplied with, and the name of the unit that they then have.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) factor: f64,
    pub(super) name: String,
}

impl Unit {
    /// The unit for values in `unit`, the largest of them about `largest`. Shares, of unit `%`, are told in percent; rates and counts
    /// name the `entity` that they count.
    pub(super) fn of(unit: &str, largest: f64, entity: &str) -> Self {
        let prefixed = |steps: &[(f64, &str)], unit: &str| {
            let fits = steps.iter().find(|(size, _)| largest >= *size).or(steps.last());
            fits.map(|(size, prefix)| Self { factor: 1.0 / size, name: format!("{prefix}{unit}") })
        };
        let known = match unit {
            "s" => prefixed(&[(1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n")], "s"),
            "bit/s" => prefixed(&[(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")], "bit/s"),
            "%" => Some(Self { factor: 100.0, name: "%".to_owned() }),
            "1" => Some(Self { factor: 1.0, name: String::new() }),
            _ => None,
        };
        known.unwrap_or_else(|| {
            let name = match unit {
                "1/s" => format!("{entity}s/s"),
                _ if unit == entity => format!("{entity}s"),
                _ => unit.to_owned(),
            };
            Self { factor: 1.0, name }
        })
    }

    /// An estimate in this unit.
    pub(super) fn cell(&self, e: &Estimate) -> String {
        let f = self.factor;
        cell(e.mean * f, e.ci_low * f, e.ci_high * f)
    }

    /// A number without an interval in this unit.
    pub(super) fn number(&self, x: f64) -> String {
        significant(x * self.factor, 4)
    }
}

/// `mean ± half-width`, or `mean (low to high)` where the interval ends at a limit that the value cannot pass.
pub(super) fn cell(mean: f64, low: f64, high: f64) -> String {
    if mean.is_nan() {
        return String::new();
    }
    let (below, above) = (mean - low, high - mean);
    let half = below.max(above);
    if half.is_nan() || half <= 0.0 {
        return significant(mean, DIGITS_MAX);
    }
    let size = mean.abs().max(half);
    if !(1e-4..1e8).contains(&size) {
        let exponent = size.log10().floor() as i32;
        let scale = 10f64.powi(exponent);
        return format!("({}) x 10^{exponent}", pair(mean / scale, below / scale, above / scale));
    }
    pair(mean, below, above)
}

fn pair(mean: f64, below: f64, above: f64) -> String {
    let half = below.max(above);
    // Two digits of the interval, and the mean to the same place.
    let supported = half.log10().floor() as i32 - 1;
    let finest = if mean == 0.0 { supported } else { mean.abs().log10().floor() as i32 + 1 - DIGITS_MAX };
    let place = supported.max(finest);
    if (below - above).abs() > 1e-6 * half {
        return format!("{} ({} to {})", at(mean, place), at(mean - below, place), at(mean + above, place));
    }
    // An interval that is narrower than the last digit is not told as nothing.
    let half = if supported < finest { half.max(10f64.powi(place)) } else { half };
    format!("{} ± {}", at(mean, place), at(half, place))
}

/// `x` rounded to a multiple of ten to the `place`.
fn at(x: f64, place: i32) -> String {
    let text = if let Ok(decimals) = usize::try_from(-place) {
        format!("{x:.decimals$}")
    } else {
        let unit = 10f64.powi(place);
        format!("{:.0}", (x / unit).round() * unit)
    };
    // A limit of zero is zero.
    if text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.')) { "0".to_owned() } else { text }
}

/// `x` with so many digits; whole numbers as they are.
pub(super) fn significant(x: f64, digits: i32) -> String {
    if x == 0.0 || (x.fract() == 0.0 && x.abs() < 1e8) {
        return format!("{x:.0}");
    }
    let place = x.abs().log10().floor() as i32 + 1 - digits;
    if !(1e-5..1e8).contains(&x.abs()) {
        return format!("{x:.*e}", digits.max(1) as usize - 1);
    }
    let text = at(x, place.min(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Columns side by side, the first to the left and numbers to the right.
pub(super) fn aligned(grid: &[Vec<String>], to_the_left: usize) -> String {
    let columns = grid.first().map_or(0, Vec::len);
    let width = |c: usize| grid.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in grid {
        for (c, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            let gap = if c == 0 { "" } else { "  " };
            let parts = if c < to_the_left { [gap, cell, &pad] } else { [gap, &pad, cell] };
            text.extend(parts);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mean: f64, half: f64) -> String {
        cell(mean, mean - half, mean + half)
    }

    #[test]
    fn a_cell_shows_the_digits_that_its_interval_supports() {
        assert_eq!(shown(66.6721, 0.123), "66.67 ± 0.12");
        assert_eq!(shown(12_345.6, 78.0), "12346 ± 78");
        assert_eq!(shown(485_365.0, 6417.0), "485400 ± 6400");
        assert_eq!(shown(0.004_56, 0.000_12), "0.00456 ± 0.00012");
        assert_eq!(shown(3.2e-7, 1.1e-8), "(3.20 ± 0.11) x 10^-7");
        // Narrower than five digits of the mean.
        assert_eq!(shown(10.019_999_5, 8.3e-6), "10.020 ± 0.001");
        assert_eq!(shown(0.5, 0.7), "0.50 ± 0.70");
        assert_eq!((shown(20.0, 0.0), shown(0.000_32, 0.0)), ("20".into(), "0.00032".into()));
        assert_eq!(cell(0.800_001, f64::NAN, f64::NAN), "0.8");
        assert_eq!(cell(f64::NAN, f64::NAN, f64::NAN), "");
    }

    #[test]
    fn an_interval_that_ends_at_a_limit_is_told_by_its_ends() {
        assert_eq!(cell(0.22, 0.0, 0.48), "0.22 (0 to 0.48)");
        assert_eq!(cell(99.4, 93.8, 100.0), "99.4 (93.8 to 100.0)");
    }

    #[test]
    fn units_fit_the_largest_value() {
        let name = |unit, largest| Unit::of(unit, largest, "packet").name;
        assert_eq!(
            (name("s", 0.012), name("s", 3e-6), name("s", 55.0), name("s", 0.0)),
            ("ms".into(), "us".into(), "s".into(), "ns".into())
        );
        assert_eq!((name("bit/s", 8e6), name("bit/s", 2e9)), ("Mbit/s".into(), "Gbit/s".into()));
        assert_eq!(
            (name("1/s", 2.0), name("packet", 2.0), name("%", 0.5)),
            ("packets/s".into(), "packets".into(), "%".into())
        );
        let e = Estimate { mean: 0.012, sd: 0.0, ci_low: 0.0118, ci_high: 0.0122, n: 5 };
        assert_eq!(Unit::of("s", 0.012, "packet").cell(&e), "12.00 ± 0.20");
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let grid = [vec!["a".into(), "bb".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(aligned(&grid, 1), "a    bb\nccc   d\n");
    }
}
