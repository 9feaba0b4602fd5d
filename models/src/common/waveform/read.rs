//! `[waveform.NAME]`: the kinds of courses, and how a file declares them.

use std::collections::BTreeMap;
use std::path::Path;

use sim_core::SimTime;
use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Section, Shape, Span, Table, Type, Value, did_you_mean};
use sim_core::quantity::{Dimension, Quantity};

use super::Waveform;
use super::piece::{Form, Piece};
use crate::common::rows::{for_each_row, one};
use crate::common::spikes::{Trains, run_end};
use crate::registry::{Kind, Registry};

/// The code of a finding that there is no waveform of a name.
pub(crate) const UNKNOWN: &str = "E0365";

/// What a waveform may be made from besides its table.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What relative file names start from.
    pub folder: &'a Path,
    /// The trains of spikes.
    pub trains: &'a Trains,
    /// When the run ends.
    pub end: SimTime,
}

/// Makes a waveform from its checked table.
pub type MakeWaveform = fn(&Table, &Sources<'_>) -> Result<Waveform, Diagnostics>;

/// The section of waveforms.
pub const SECTION: Section = Section {
    name: "waveform",
    shape: Shape::Keyed,
    family: Some("waveform"),
    fields: &[],
    doc: "A course in time, for rates of links and traffic that follow it (`shape`): a factor, 1 where nothing is changed. Time \
          zero is the start of the run.",
};

pub(super) const TIME: Type = Type::Quantity(&[Dimension::TIME]);
pub(super) const VALUE: Type = Type::Signed(VALUES);
/// A factor, or a quantity that rates of a cell may depend on.
const VALUES: &[Dimension] = &[
    Dimension::NUMBER,
    Dimension::CONCENTRATION,
    Dimension::VOLTAGE,
    Dimension::RATE,
    Dimension::ITEMS,
    Dimension::TEMPERATURE,
];

const POINTS: Type = Type::List(&Type::List(&Type::OneOf(&[TIME, VALUE])));
const REPEATS: Field = Field::optional("period", TIME, "Begins anew after so long; without it, the last value stays.");

/// The waveforms that come with the program.
pub const WAVEFORMS: &[Kind<MakeWaveform>] = &[
    Kind {
        name: "sine",
        doc: "mean + amplitude sin(2 pi (t - shift) / period): a day and a night.",
        fields: &[
            Field::default("mean", VALUE, "1.0", "The mean."),
            Field::required("amplitude", VALUE, "How far it swings; of a factor at most the mean."),
            Field::required("period", TIME, "How long a swing takes."),
            Field::default("shift", TIME, "\"0 s\"", "When it first rises through its mean."),
        ],
        make: |table, _| sine(table),
    },
    Kind {
        name: "steps",
        doc: "Holds each value until the next point.",
        fields: &[
            Field::optional("points", POINTS, "Points [\"TIME\", value], the first at \"0 s\", in order of time."),
            Field::optional("file", Type::Text, "A CSV file with the columns time (s) and value instead."),
            REPEATS,
        ],
        make: |table, sources| through(table, sources.folder, false),
    },
    Kind {
        name: "linear",
        doc: "Straight lines between points (a ramp).",
        fields: &[
            Field::optional("points", POINTS, "Points [\"TIME\", value], the first at \"0 s\", in order of time."),
            Field::optional("file", Type::Text, "A CSV file with the columns time (s) and value instead."),
            REPEATS,
        ],
        make: |table, sources| through(table, sources.folder, true),
    },
    Kind {
        name: "exponential",
        doc: "`from` until `start`, then towards `to` with the time constant `tau`.",
        fields: &[
            Field::required("from", VALUE, "The value before."),
            Field::required("to", VALUE, "What it tends to."),
            Field::required("tau", TIME, "The time constant: after it, 63 % of the way is done."),
            Field::default("start", TIME, "\"0 s\"", "When it begins."),
        ],
        make: |table, _| exponential(table),
    },
    Kind {
        name: "gaussian",
        doc: "base + height exp(-(t - centre)^2 / (2 sigma^2)): a surge, or a train of them (a spike's calcium). Between two \
              surges that are close, the nearer one counts.",
        fields: &[
            Field::default("base", VALUE, "1.0", "The value far from the surge."),
            Field::required("height", VALUE, "What the surge adds at its peak."),
            Field::required("centre", TIME, "When it peaks."),
            Field::required(
                "sigma",
                TIME,
                "How wide it is: 68 % of the surge lie within this of its peak; 0.4247 of its width at half height.",
            ),
            Field::optional("period", TIME, "From one surge of a train to the next."),
            Field::default("count", Type::Integer { min: 1, max: 100_000 }, "1", "How many surges the train has."),
            Field::default("also", Type::List(&TIME), "[]", "When further surges peak, after the train."),
        ],
        make: |table, _| gaussian(table),
    },
    Kind {
        name: "pulses",
        doc: "base + height for `width` at every `period`, from `start` on.",
        fields: &[
            Field::default("base", VALUE, "1.0", "The value between pulses."),
            Field::required("height", VALUE, "What a pulse adds."),
            Field::required("width", TIME, "How long a pulse lasts; less than the period."),
            Field::required("period", TIME, "From the beginning of a pulse to the next."),
            Field::default("start", TIME, "\"0 s\"", "When the first begins."),
            Field::default("count", Type::Integer { min: 1, max: 100_000 }, "1", "How many there are."),
        ],
        make: |table, _| pulses(table),
    },
    super::transients::KIND,
];

/// The waveforms of a scenario, by name, and the trains of spikes that they may follow.
#[derive(Clone, Debug, Default)]
pub struct Waveforms {
    all: BTreeMap<String, Waveform>,
    trains: Trains,
}

impl Waveforms {
    /// No waveforms.
    pub fn none() -> &'static Self {
        static NONE: Waveforms = Waveforms { all: BTreeMap::new(), trains: Trains::NONE };
        &NONE
    }
    /// Those of `scenario`.
    ///
    /// Fails with everything that is wrong with them.
    pub fn read(scenario: &Table, registry: &Registry, folder: &Path) -> Result<Self, Diagnostics> {
        let (mut all, mut wrong) = (BTreeMap::new(), Diagnostics::default());
        let trains = Trains::read(scenario, registry, folder).unwrap_or_else(|found| {
            wrong.extend(found);
            Trains::default()
        });
        let sources = Sources { folder, trains: &trains, end: run_end(scenario) };
        for (name, table) in scenario.named(SECTION.name) {
            let make = registry.waveforms.get(table.kind()).expect("the checker knows the kind").make;
            match make(table, &sources) {
                Ok(waveform) => _ = all.insert(name.to_string(), waveform),
                Err(d) => wrong.extend(d),
            }
        }
        if wrong.has_errors() {
            return Err(wrong);
        }
        let mut read = Self { all, trains };
        let mut trains = std::mem::take(&mut read.trains);
        trains.follow(scenario, &|name, span| read.factor(name, span).cloned())?;
        Ok(Self { trains, ..read })
    }
    /// The trains of spikes.
    pub fn trains(&self) -> &Trains {
        &self.trains
    }
    /// The waveform called `name`, which stands at `span`.
    ///
    /// Fails with a hint if there is none.
    pub fn get(&self, name: &str, span: Span) -> Result<&Waveform, Diagnostics> {
        self.all.get(name).ok_or_else(|| {
            let near = did_you_mean(name, self.all.keys().map(String::as_str));
            let help = near.unwrap_or_else(|| format!("declare it: [waveform.{name}] with kind = \"sine\""));
            one(UNKNOWN, span, format!("there is no waveform `{name}`"), "unknown waveform", help)
        })
    }
    /// The same, of one that multiplies a rate.
    ///
    /// Fails with a hint if there is none, or if it is no factor: not a number, or below zero at times.
    pub fn factor(&self, name: &str, span: Span) -> Result<&Waveform, Diagnostics> {
        self.of(name, span, Dimension::NUMBER)
    }
    /// The same, of one whose values are of `dimension` and never below zero.
    ///
    /// Fails with a hint if there is none, or if it is not of this sort.
    pub fn of(&self, name: &str, span: Span, dimension: Dimension) -> Result<&Waveform, Diagnostics> {
        let found = self.signed(name, span, dimension)?;
        if found.min() < 0.0 {
            let message = format!("`{name}` is below zero at times, down to {}", found.min());
            let help = "raise it, or let it swing less";
            return Err(one("E0366", span, message, "a rate would be negative", help));
        }
        Ok(found)
    }
    /// The same, of one whose values are of `dimension` and may be below zero.
    ///
    /// Fails with a hint if there is none, or if it is not of this sort.
    pub fn signed(&self, name: &str, span: Span, dimension: Dimension) -> Result<&Waveform, Diagnostics> {
        let found = self.get(name, span)?;
        if found.dimension == dimension {
            return Ok(found);
        }
        let (is, wanted) = (found.dimension.describe(), dimension.describe());
        let help = match dimension {
            Dimension::NUMBER => "give its values without units: 1 changes nothing".to_string(),
            _ => format!("give its values as `{}`", dimension.example()),
        };
        let message = format!("the values of `{name}` are {is}");
        Err(one("E0366", span, message, &format!("expected {wanted}"), help))
    }
    /// Adds one that is not of the scenario's file.
    pub(crate) fn add(&mut self, name: &str, waveform: Waveform) {
        self.all.insert(name.to_owned(), waveform);
    }
    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str)
    }
}

/// The values under `keys`, and their common dimension.
pub(super) fn values<const N: usize>(table: &Table, keys: [&str; N]) -> Result<([f64; N], Dimension), Diagnostics> {
    let all = keys.map(|key| table.quantity(key));
    // A value that is given says what the others are.
    let dimension = all.iter().map(|q| q.dimension).find(|d| *d != Dimension::NUMBER).unwrap_or(Dimension::NUMBER);
    match keys.iter().zip(&all).find(|(_, q)| q.dimension != dimension) {
        None => Ok((all.map(|q| q.value), dimension)),
        Some((key, q)) => {
            let message = format!("`{key}` is {q}, but other values are {}", dimension.describe());
            let help = format!("{key} = \"{}\"", dimension.example());
            Err(one("E0366", table.span_of(key), message, "of another dimension", help))
        }
    }
}

/// A time over zero, in s.
pub(super) fn positive(table: &Table, key: &str) -> Result<f64, Diagnostics> {
    let q = table.quantity(key);
    if q.value > 0.0 {
        return Ok(q.value);
    }
    Err(one(
        "E0366",
        table.span_of(key),
        format!("`{key}` is {q}"),
        "must be more than zero",
        format!("{key} = \"10 s\""),
    ))
}

pub(super) fn piece(length: f64, form: Form) -> Piece {
    Piece { length, form }
}

fn sine(table: &Table) -> Result<Waveform, Diagnostics> {
    let ([mean, amplitude], dimension) = values(table, ["mean", "amplitude"])?;
    let period = positive(table, "period")?;
    let omega = 2.0 * std::f64::consts::PI / period;
    let phase = -omega * table.quantity("shift").value;
    let swing = piece(period, Form::Sine { mean, amplitude, omega, phase });
    Ok(Waveform { dimension, ..Waveform::new(vec![swing], true) })
}

fn exponential(table: &Table) -> Result<Waveform, Diagnostics> {
    let ([from, to], dimension) = values(table, ["from", "to"])?;
    let tau = positive(table, "tau")?;
    let start = table.quantity("start").value;
    let decay = piece(f64::INFINITY, Form::Exponential { to, gap: from - to, rate: 1.0 / tau });
    let before = (start > 0.0).then(|| piece(start, Form::Constant(from)));
    Ok(Waveform { dimension, ..Waveform::new(before.into_iter().chain([decay]).collect(), false) })
}

fn gaussian(table: &Table) -> Result<Waveform, Diagnostics> {
    let ([base, height], dimension) = values(table, ["base", "height"])?;
    let (centre, sigma) = (table.quantity("centre").value, positive(table, "sigma")?);
    let count = table.integer("count");
    let period = match table.get("period") {
        Some(_) => positive(table, "period")?,
        None if count == 1 => 0.0,
        None => {
            let help = "period = \"10 ms\"";
            return Err(one("E0366", table.span_of("count"), "a train without a period", "how far apart?", help));
        }
    };
    let train = (0..count).map(|k| centre + k as f64 * period);
    let centres: Vec<f64> =
        train.chain(table.list("also").iter().filter_map(|v| Some(v.as_quantity()?.value))).collect();
    if let Some([before, next]) = centres.array_windows().find(|[before, next]| next <= before) {
        let message = format!("a surge at {next} s follows one at {before} s");
        return Err(one(
            "E0366",
            table.span_of("also"),
            message,
            "times go forward",
            "put them in order, after the train",
        ));
    }
    let mut pieces = Vec::new();
    let mut begins = 0.0;
    for (i, &at) in centres.iter().enumerate() {
        let ends = centres.get(i + 1).map_or(f64::INFINITY, |next| f64::midpoint(at, *next));
        pieces.push(piece(ends - begins, Form::Gaussian { base, height, centre: at - begins, sigma }));
        begins = ends;
    }
    Ok(Waveform { dimension, ..Waveform::new(pieces, false) })
}

fn pulses(table: &Table) -> Result<Waveform, Diagnostics> {
    let ([base, height], dimension) = values(table, ["base", "height"])?;
    let (width, period) = (positive(table, "width")?, positive(table, "period")?);
    if width >= period {
        let message = "pulses that are as long as their period never end";
        return Err(one("E0366", table.span_of("width"), message, "not less than `period`", "shorten `width`"));
    }
    let start = table.quantity("start").value;
    let mut pieces = Vec::new();
    if start > 0.0 {
        pieces.push(piece(start, Form::Constant(base)));
    }
    for _ in 0..table.integer("count") {
        pieces.push(piece(width, Form::Constant(base + height)));
        pieces.push(piece(period - width, Form::Constant(base)));
    }
    pieces.push(piece(f64::INFINITY, Form::Constant(base)));
    Ok(Waveform { dimension, ..Waveform::new(pieces, false) })
}

/// Steps or straight lines through points.
fn through(table: &Table, folder: &Path, straight: bool) -> Result<Waveform, Diagnostics> {
    let (points, dimension) = match (table.get("points"), table.get("file")) {
        (Some(_), None) => inline(table.list("points"))?,
        (None, Some(_)) => (imported(table, folder)?, Dimension::NUMBER),
        _ => {
            let help = "points = [[\"0 s\", 1.0], [\"10 s\", 2.0]], or file = \"load.csv\"";
            return Err(one("E0366", table.span, "either `points` or `file`", "one of them", help));
        }
    };
    let span = table.span_of(if table.get("points").is_some() { "points" } else { "file" });
    in_order(&points, span)?;
    let period = table.get("period").map(|_| positive(table, "period")).transpose()?;
    let last = points[points.len() - 1];
    if let Some(period) = period.filter(|p| *p <= last.0) {
        let message = format!("a period of {period} s ends before the last point, at {} s", last.0);
        return Err(one("E0366", table.span_of("period"), message, "too short", "lengthen it, or leave points out"));
    }
    // Behind the last point: the last value, or the way back to the first.
    let end = (period.unwrap_or(f64::INFINITY), if period.is_some() { points[0].1 } else { last.1 });
    let ends = points.iter().skip(1).copied().chain([end]);
    let pieces = points.iter().zip(ends).map(|(&(at, v), (until, next))| {
        let length = until - at;
        let form = if straight && length.is_finite() {
            Form::Linear { from: v, slope: (next - v) / length }
        } else {
            Form::Constant(v)
        };
        piece(length, form)
    });
    Ok(Waveform { dimension, ..Waveform::new(pieces.collect(), period.is_some()) })
}

fn in_order(points: &[(f64, f64)], span: Span) -> Result<(), Diagnostics> {
    let message = match points {
        [] => "no points".to_string(),
        [(first, _), ..] if *first != 0.0 => format!("the first point is at {first} s"),
        _ => match points.windows(2).find(|w| w[1].0 <= w[0].0) {
            Some(w) => format!("a point at {} s follows one at {} s", w[1].0, w[0].0),
            None => return Ok(()),
        },
    };
    Err(one("E0366", span, message, "points begin at \"0 s\" and go forward", "[[\"0 s\", 1.0], [\"10 s\", 2.0]]"))
}

fn inline(points: &[Value]) -> Result<(Vec<(f64, f64)>, Dimension), Diagnostics> {
    let mut wrong = Diagnostics::default();
    let (mut all, mut dimension) = (Vec::new(), None);
    for point in points {
        let cells = if let Data::List(cells) = &point.data { cells.as_slice() } else { &[] };
        match cells {
            [Value { data: Data::Quantity(t), .. }, v @ Value { data: Data::Quantity(q), .. }]
                if t.dimension == Dimension::TIME =>
            {
                let common = *dimension.get_or_insert(q.dimension);
                if q.dimension != common {
                    let message = format!("{q}, but the first value is {}", common.describe());
                    let d = Diagnostic::error("E0366", v.span, message, "of another dimension");
                    wrong.push(d.help("give all values in units of one kind"));
                }
                all.push((t.value, q.value));
            }
            _ => wrong.push(
                Diagnostic::error("E0366", point.span, "not a point", "expected [\"TIME\", value]")
                    .help("[\"10 s\", 2.0]"),
            ),
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok((all, dimension.unwrap_or(Dimension::NUMBER))) }
}

/// Points of more than this in a file are refused.
const MIB_MAX: u64 = 64;

fn imported(table: &Table, folder: &Path) -> Result<Vec<(f64, f64)>, Diagnostics> {
    let mut all = Vec::new();
    for_each_row(table, "file", folder, MIB_MAX, &["time", "value"], &mut |row| {
        let expected = || "a row is a time in seconds and a value".to_string();
        let (Some(time), Some(value)) = (row.cell(0), row.cell(1)) else {
            return Err(("a row without time and value".into(), expected()));
        };
        let seconds = Quantity::parse(&format!("{time} s")).ok().filter(|q| q.value >= 0.0);
        let seconds = seconds.ok_or_else(|| (format!("`{time}` is not a time in seconds"), expected()))?;
        let value = value.parse().ok().filter(|v: &f64| v.is_finite());
        all.push((seconds.value, value.ok_or_else(|| ("not a value".to_string(), expected()))?));
        Ok(())
    })?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::traffic::fixture::{TestFile, table};

    fn read(text: &str) -> Result<Waveform, Diagnostics> {
        let table = table(WAVEFORMS, text);
        let make = WAVEFORMS.iter().find(|k| k.name == table.kind()).unwrap().make;
        make(
            &table,
            &Sources { folder: &std::env::temp_dir(), trains: &Trains::default(), end: SimTime::from_secs(60) },
        )
    }

    fn values(text: &str, at: &[f64]) -> Vec<f64> {
        let waveform = read(text).unwrap_or_else(|d| panic!("{text}: {d:?}"));
        at.iter().map(|t| (waveform.value(*t) * 1e9).round() / 1e9).collect()
    }

    #[test]
    fn kinds_have_their_values() {
        let day = "{ kind = 'sine', amplitude = 0.5, period = '24 h', shift = '6 h' }";
        assert_eq!(values(day, &[0.0, 6.0 * 3600.0, 12.0 * 3600.0, 30.0 * 3600.0]), [0.5, 1.0, 1.5, 1.0]);
        let steps = "{ kind = 'steps', points = [['0 s', 1], ['10 s', 3.5]], period = '15 s' }";
        assert_eq!(values(steps, &[0.0, 9.9, 10.0, 14.9, 15.0, 25.0]), [1.0, 1.0, 3.5, 3.5, 1.0, 3.5]);
        let ramp = "{ kind = 'linear', points = [['0 s', 1], ['10 s', 3]] }";
        assert_eq!(values(ramp, &[0.0, 5.0, 10.0, 100.0]), [1.0, 2.0, 3.0, 3.0]);
        let saw = "{ kind = 'linear', points = [['0 s', 1], ['10 s', 3]], period = '12 s' }";
        assert_eq!(values(saw, &[11.0, 12.0, 17.0]), [2.0, 1.0, 2.0]);
        let relax = "{ kind = 'exponential', from = 2, to = 1, tau = '10 s', start = '5 s' }";
        assert_eq!(values(relax, &[0.0, 5.0, 15.0]), [2.0, 2.0, 1.367_879_441]);
        let surge = "{ kind = 'gaussian', height = 2, centre = '60 s', sigma = '10 s' }";
        assert_eq!(values(surge, &[60.0, 70.0]), [3.0, 2.213_061_319]);
        let surges = "{ kind = 'gaussian', base = '1 uM', height = '2 uM', centre = '60 s', sigma = '1 s', period = '10 s', count = 2, also = ['100 s'] }";
        assert_eq!(values(surges, &[60.0, 71.0, 80.0, 99.0]), [3e-3, 2.213_061e-3, 1e-3, 2.213_061e-3]);
        let train = "{ kind = 'pulses', height = 4, width = '1 s', period = '5 s', start = '2 s', count = 2 }";
        assert_eq!(values(train, &[0.0, 2.5, 3.5, 7.5, 12.5]), [1.0, 5.0, 1.0, 5.0, 1.0]);
    }

    #[test]
    fn files_give_points() {
        let file = TestFile::new("wave.csv", b"time (s),value\n0,1\n10,3\n");
        let text = format!("{{ kind = 'linear', file = '{}' }}", file.name);
        assert_eq!(values(&text, &[5.0]), [2.0]);
        let file = TestFile::new("bad-wave.csv", b"0,1\n10,-3\nx,1\n11,y\n");
        let found = read(&format!("{{ kind = 'steps', file = '{}' }}", file.name)).unwrap_err();
        assert_eq!(found.iter().count(), 2);
    }

    #[test]
    fn courses_that_make_no_sense_are_refused() {
        for text in [
            "{ kind = 'sine', mean = '5 mV', amplitude = 1.5, period = '1 s' }",
            "{ kind = 'steps', points = [['0 s', 1], ['5 s', '2 uM']] }",
            "{ kind = 'sine', amplitude = 0.5, period = '0 s' }",
            "{ kind = 'steps' }",
            "{ kind = 'steps', points = [] }",
            "{ kind = 'steps', points = [['1 s', 1]] }",
            "{ kind = 'steps', points = [['0 s', 1], ['0 s', 2]] }",
            "{ kind = 'steps', points = [['0 s', 1], ['5 s', 2]], period = '5 s' }",
            "{ kind = 'steps', points = [['0 s', 1, 2]] }",
            "{ kind = 'pulses', height = 1, width = '5 s', period = '5 s' }",
            "{ kind = 'gaussian', height = 1, centre = '1 s', sigma = '1 s', count = 3 }",
            "{ kind = 'gaussian', height = 1, centre = '1 s', sigma = '1 s', also = ['0.5 s'] }",
        ] {
            let found = read(text).err().unwrap_or_else(|| panic!("{text}"));
            assert!(found.iter().all(|d| d.code == "E0366" && d.help.is_some()), "{text}: {found:?}");
        }
    }
}
