//! `[waveform.NAME] kind = "spikes"`: what each spike of a train adds to a level, such as the calcium of action potentials.
//!
//! ```text
//! exponential   base + sum over spikes of height exp(-u / tau)                u: since the spike and its delay, from 0 on
//! alpha         base + sum over spikes of height u / tau exp(1 - u / tau)     its peak, `height`, comes after tau
//! gaussian      base + height exp(-u^2 / (2 sigma^2)) of the nearest spike
//! ```
//! Exponentials and alpha functions add up exactly, whatever went before: between two spikes the sum is one of the same form (Rall
//! 1967, doi:10.1152/jn.1967.30.5.1138 (from memory), for alpha functions). Gaussians do not; of those the nearest counts, which is
//! right where spikes are some `sigma` apart.
//!
//! Validated against: sums over spikes, one by one; release by calcium sensors under the same surges written out.

use sim_core::config::{Diagnostics, Field, Table, Type};

use super::Waveform;
use super::piece::{Form, Piece};
use super::read::{MakeWaveform, Sources, TIME, VALUE, piece, positive, values};
use crate::common::ode::seconds;
use crate::common::rows::one;
use crate::registry::Kind;

/// A spike is a piece of a waveform.
const SPIKES_MAX: usize = 200_000;
/// How many spikes after the end of a run are still made, so that what comes before does not depend on when it ends.
const BEYOND: usize = 2;

pub(super) const KIND: Kind<MakeWaveform> = Kind {
    name: "spikes",
    doc: "What each spike of a train adds, such as calcium: exponentials and alpha functions in sum, or the surge of the nearest spike.",
    fields: &[
        Field::required("train", Type::Reference("spikes"), "The [spikes.NAME]; not one that is drawn."),
        Field::required(
            "form",
            Type::Choice(&["exponential", "alpha", "gaussian"]),
            "A jump by `height` that decays with `tau`; a rise to `height` within `tau` that decays with it; a surge with its \
             peak at the spike and a width of `sigma`.",
        ),
        Field::required("base", VALUE, "The value without spikes."),
        Field::required("height", VALUE, "What a spike adds at its peak."),
        Field::optional("tau", TIME, "The time constant of an exponential or alpha function."),
        Field::optional("sigma", TIME, "The width of a surge: 0.4247 of its width at half height."),
        Field::default("delay", TIME, "\"0 s\"", "How long after its spike it begins; of a surge, peaks."),
    ],
    make,
};

fn make(table: &Table, sources: &Sources<'_>) -> Result<Waveform, Diagnostics> {
    let ([base, height], dimension) = values(table, ["base", "height"])?;
    let form = table.text("form");
    let (key, other) = if form == "gaussian" { ("sigma", "tau") } else { ("tau", "sigma") };
    for (key, wanted) in [(key, true), (other, false)] {
        if table.get(key).is_some() != wanted {
            let message =
                format!("`{}` of form `{form}` {} `{key}`", table.path, if wanted { "needs" } else { "has no" });
            let span = if wanted { table.span } else { table.span_of(key) };
            let help = if wanted { format!("{key} = \"1 ms\"") } else { "leave it out".to_owned() };
            return Err(one("E0366", span, message, "how wide?", help));
        }
    }
    let width = positive(table, key)?;
    let times = times(table, sources)?;
    let mut pieces = match form {
        "gaussian" => surges(&times, base, height, width),
        "alpha" => sums(&times, base, 0.0, height * std::f64::consts::E / width, 1.0 / width),
        _ => sums(&times, base, height, 0.0, 1.0 / width),
    };
    if let Some(last) = pieces.last_mut() {
        last.length = f64::INFINITY;
    }
    Ok(Waveform { dimension, ..Waveform::new(pieces, false) })
}

/// When each spike begins to add something, in s.
fn times(table: &Table, sources: &Sources<'_>) -> Result<Vec<f64>, Diagnostics> {
    let (name, span) = (table.text("train"), table.span_of("train"));
    let train = sources.trains.get(name, span).map_err(Diagnostics::from)?;
    let Some(times) = train.times(u64::MAX) else {
        let message = format!("the spikes of `spikes.{name}` differ from run to run");
        let help = "follow a `regular` train, or the spikes of a file; release sites may follow drawn ones";
        return Err(one("E0366", span, message, "a waveform is the same in all runs", help));
    };
    let delay = table.quantity("delay").value;
    let (mut all, mut beyond) = (Vec::new(), 0);
    for at in times {
        if all.len() == SPIKES_MAX {
            let message = format!("`spikes.{name}` has more than {SPIKES_MAX} spikes in a run");
            return Err(one("E0366", span, message, "too many for a waveform", "end it before: `end = \"10 s\"`"));
        }
        all.push(seconds(at) + delay);
        beyond += usize::from(at >= sources.end.ticks());
        if beyond == BEYOND {
            break;
        }
    }
    Ok(all)
}

/// The surge of the nearest spike.
fn surges(times: &[f64], base: f64, height: f64, sigma: f64) -> Vec<Piece> {
    let (mut pieces, mut begins) = (Vec::new(), 0.0);
    for (i, &at) in times.iter().enumerate() {
        let ends = times.get(i + 1).map_or(f64::INFINITY, |next| f64::midpoint(at, *next));
        pieces.push(piece(ends - begins, Form::Gaussian { base, height, centre: at - begins, sigma }));
        begins = ends;
    }
    if pieces.is_empty() {
        pieces.push(piece(f64::INFINITY, Form::Constant(base)));
    }
    pieces
}

/// Sums of (jump + rise u) exp(-rate u) over all spikes before.
fn sums(times: &[f64], base: f64, jump: f64, rise: f64, rate: f64) -> Vec<Piece> {
    let first = times.first().copied().unwrap_or(f64::INFINITY);
    let mut pieces = Vec::new();
    if first > 0.0 {
        pieces.push(piece(first, Form::Constant(base)));
    }
    let (mut gap, mut slope) = (0.0, 0.0);
    for (i, &at) in times.iter().enumerate() {
        (gap, slope) = (gap + jump, slope + rise);
        let length = times.get(i + 1).map_or(f64::INFINITY, |next| next - at);
        pieces.push(piece(
            length,
            match rise {
                0.0 => Form::Exponential { to: base, gap, rate },
                _ => Form::Alpha { to: base, gap, slope, rate },
            },
        ));
        if length < f64::INFINITY {
            let decay = libm::exp(-rate * length);
            (gap, slope) = ((gap + slope * length) * decay, slope * decay);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use sim_core::SimTime;
    use sim_core::config::Span;

    use super::*;
    use crate::common::spikes::Trains;
    use crate::network::traffic::fixture::{scenario, table};
    use crate::registry::registry;

    fn trains() -> Trains {
        let text = "{ spikes = { even = { kind = 'regular', rate = '10 /s', start = '0.5 s', count = 4 }, drawn = { kind = 'poisson', rate = '1 /s' }, endless = { kind = 'regular', rate = '1e6 /s' } } }";
        Trains::read(&scenario(&[crate::common::spikes::SECTION], text), &registry(), &std::env::temp_dir()).unwrap()
    }
    fn read(text: &str) -> Result<Waveform, Diagnostics> {
        let end = SimTime::from_secs(60);
        make(&table(&[KIND], text), &Sources { folder: &std::env::temp_dir(), trains: &trains(), end })
    }

    type Shape = fn(f64) -> f64;

    #[test]
    fn transients_add_up() {
        assert!(trains().get("even", Span::default()).is_ok());
        let times = [0.5, 0.6, 0.7, 0.8];
        let cases: [(&str, Shape); 2] = [
            ("form = 'exponential', tau = '0.2 s'", |u| (-u / 0.2).exp()),
            ("form = 'alpha', tau = '0.15 s'", |u| u / 0.15 * (1.0 - u / 0.15).exp()),
        ];
        for (form, shape) in cases {
            let text =
                format!("{{ kind = 'spikes', train = 'even', base = 0.5, height = 3, delay = '20 ms', {form} }}");
            let w = read(&text).unwrap();
            for k in 0..300 {
                let t = 0.007 * f64::from(k);
                let since = |at: f64| t - at - 0.02;
                let sum: f64 = times.iter().filter(|at| since(**at) >= 0.0).map(|at| shape(since(*at))).sum();
                assert!((w.value(t) - 0.5 - 3.0 * sum).abs() < 1e-12, "{form} at {t}: {}", w.value(t));
            }
        }
    }

    #[test]
    fn surges_are_those_of_the_nearest_spike() {
        let w = read("{ kind = 'spikes', train = 'even', base = '0.1 uM', height = '20 uM', form = 'gaussian', sigma = '1 ms', delay = '10 ms' }").unwrap();
        for (t, value) in
            [(0.51, 20.1e-3), (0.61, 20.1e-3), (0.56, 0.1e-3), (0.811, 0.1e-3 + 20e-3 * f64::exp(-0.5)), (9.0, 0.1e-3)]
        {
            assert!((w.value(t) - value).abs() < 1e-12, "{t}: {}", w.value(t));
        }
    }

    #[test]
    fn transients_that_make_no_sense_are_refused() {
        let good = "{ kind = 'spikes', train = 'even', base = 0, height = 1, form = 'alpha', tau = '1 ms' }";
        assert!(read(good).is_ok());
        for (from, to) in [
            ("even", "drawn"),
            ("even", "endless"),
            ("tau = '1 ms'", "sigma = '1 ms'"),
            ("tau = '1 ms'", "tau = '1 ms', sigma = '1 ms'"),
            ("tau = '1 ms'", "tau = '0 s'"),
            ("height = 1", "height = '1 uM'"),
        ] {
            let text = good.replace(from, to);
            let found = read(&text).err().unwrap_or_else(|| panic!("{text}"));
            assert!(found.iter().all(|d| d.code == "E0366" && d.help.is_some()), "{text}: {found:?}");
        }
    }
}
