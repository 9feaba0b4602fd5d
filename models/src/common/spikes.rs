//! `[spikes.NAME]`: trains of spikes (action potentials), instants at which something happens.
//!
//! ```text
//! regular   t_k = start + k / rate,  k = 0, 1, 2, ...
//! poisson   gaps are exponential with mean 1 / rate, the first from `start` on (Dayan & Abbott 2001, Theoretical Neuroscience,
//!           ch. 1 (from memory)); drawn anew in each replication, from a stream named after the train. With a `shape` the next
//!           spike comes where rate times the integral of the waveform has reached an exponential of mean 1: exact
//! csv       the times of a file, in s
//! ```
//! All that is driven by one train has the same spikes, in whatever part of a system it is: each draws them from the same
//! stream. Times are rounded to ticks one by one, so that nothing adds up in a long train.
//!
//! Validated against: times worked out by hand, counts of Poisson processes, at a steady rate and under a sine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sim_core::config::{Diagnostic, Diagnostics, Field, Section, Shape, Span, Table, Type, did_you_mean};
use sim_core::quantity::{Dimension, Quantity};
use sim_core::rng::{Rng, Streams};
use sim_core::{SimTime, TICKS_PER_SECOND};

use super::rows::{for_each_row, one};
use super::waveform::{Course, Waveform};
use crate::registry::{Kind, Registry};

const TICKS: f64 = TICKS_PER_SECOND as f64;
/// The code of a finding that there is no train of a name.
pub(crate) const UNKNOWN: &str = "E0367";
/// The code of a finding that a train makes no sense.
const SENSELESS: &str = "E0368";
/// Spikes that are closer than this on average are none of a cell.
const RATE_MAX: f64 = 1e9;
/// Files of more than this are refused.
const MIB_MAX: u64 = 64;

/// The section of trains.
pub const SECTION: Section = Section {
    name: "spikes",
    shape: Shape::Keyed,
    family: Some("spikes"),
    fields: &[],
    doc: "A train of spikes (action potentials), for release sites that it drives (`spikes`) and waveforms that follow it (`train`). \
          Time zero is the start of the run.",
};

/// Makes a train from its checked table; relative file names start from the folder.
pub type MakeTrain = fn(&Table, &Path) -> Result<Train, Diagnostics>;

const TIME: Type = Type::Quantity(&[Dimension::TIME]);
const START: Field = Field::default("start", TIME, "\"0 s\"", "When it begins.");
const END: Field = Field::optional("end", TIME, "When it ends: no spike comes at this time or later.");
const COUNT: Field = Field::optional("count", Type::Integer { min: 1, max: 1_000_000_000 }, "How many spikes it has.");

/// The kinds of trains that come with the program.
pub const TRAINS: &[Kind<MakeTrain>] = &[
    Kind {
        name: "regular",
        doc: "Spikes at equal distances, the first at `start`.",
        fields: &[
            Field::optional("rate", Type::Quantity(&[Dimension::RATE]), "Spikes a second; or give `period`."),
            Field::optional("period", TIME, "From one spike to the next; or give `rate`."),
            START,
            COUNT,
            END,
        ],
        make: |table, _| regular(table),
    },
    Kind {
        name: "poisson",
        doc: "Spikes that know nothing of each other: other ones in each replication.",
        fields: &[
            Field::required("rate", Type::Quantity(&[Dimension::RATE]), "Spikes a second on average."),
            Field::optional("shape", Type::Reference("waveform"), "The [waveform.NAME] that multiplies the rate."),
            START,
            COUNT,
            END,
        ],
        make: |table, _| poisson(table),
    },
    Kind {
        name: "csv",
        doc: "Spikes at the times of a file.",
        fields: &[Field::required("file", Type::Text, "A CSV file with the column time (s), ascending.")],
        make: listed,
    },
];

/// A train of spikes. Cheap to copy.
#[derive(Clone, Debug)]
pub struct Train {
    law: Law,
    /// Spikes at most.
    count: u64,
    /// No spike from this tick on.
    end: u64,
}

#[derive(Clone, Debug)]
enum Law {
    /// In ticks.
    Regular {
        start: u64,
        period: f64,
    },
    /// Ticks, and spikes a tick.
    Poisson {
        start: u64,
        rate: f64,
        /// What multiplies the rate.
        shape: Option<Course>,
    },
    Listed(Arc<[u64]>),
}

impl Train {
    /// Its spikes in one run; `name` is what the scenario calls it.
    pub fn spikes(&self, name: &str, streams: Streams) -> Spikes {
        let is_drawn = self.is_drawn();
        let rng = is_drawn.then(|| streams.stream(&format!("{}.{name}", SECTION.name), "spike"));
        Spikes { train: self.clone(), k: 0, at: 0, rng }
    }
    /// Whether its times differ from run to run.
    pub fn is_drawn(&self) -> bool {
        matches!(self.law, Law::Poisson { .. })
    }
    /// Its times in ticks, before `end` at most; none if they differ from run to run.
    pub fn times(&self, end: u64) -> Option<impl Iterator<Item = u64> + use<>> {
        let spikes = Spikes { train: self.clone(), k: 0, at: 0, rng: None };
        (!self.is_drawn()).then(|| spikes.take_while(move |at| *at < end))
    }
    /// Spikes a second, about.
    pub fn rate(&self) -> f64 {
        match &self.law {
            Law::Regular { period, .. } => TICKS / period,
            Law::Poisson { rate, .. } => rate * TICKS,
            Law::Listed(times) => times.last().map_or(0.0, |last| times.len() as f64 * TICKS / (*last).max(1) as f64),
        }
    }
}

/// The spikes of a train in one run, in ticks, one after another.
#[derive(Clone, Debug)]
pub struct Spikes {
    train: Train,
    /// How many there have been.
    k: u64,
    /// When the last one was, of those that are drawn.
    at: u64,
    rng: Option<Rng>,
}

impl Iterator for Spikes {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.k >= self.train.count {
            return None;
        }
        let at = match (&mut self.train.law, &mut self.rng) {
            (Law::Listed(times), _) => *times.get(self.k as usize)?,
            (Law::Regular { start, period }, _) => start.saturating_add((self.k as f64 * *period).round() as u64),
            (Law::Poisson { start, rate, shape }, Some(rng)) => {
                let (last, area) = (if self.k == 0 { *start } else { self.at }, rng.exponential() / *rate);
                let gap = match shape {
                    None => area.round() as u64,
                    Some(course) => course.reach(last, area)?.0,
                };
                last.saturating_add(gap)
            }
            (Law::Poisson { .. }, None) => return None,
        };
        if at >= self.train.end {
            return None;
        }
        self.k += 1;
        self.at = at;
        Some(at)
    }
}

/// The trains of a scenario, by name.
#[derive(Clone, Debug, Default)]
pub struct Trains(BTreeMap<String, Train>);

impl Trains {
    /// No trains.
    pub(crate) const NONE: Self = Self(BTreeMap::new());

    /// Those of `scenario`.
    ///
    /// Fails with everything that is wrong with them.
    pub fn read(scenario: &Table, registry: &Registry, folder: &Path) -> Result<Self, Diagnostics> {
        let (mut all, mut wrong) = (BTreeMap::new(), Diagnostics::default());
        for (name, table) in scenario.named(SECTION.name) {
            let make = registry.spikes.get(table.kind()).expect("the checker knows the kind").make;
            match make(table, folder) {
                Ok(train) => _ = all.insert(name.to_string(), train),
                Err(d) => wrong.extend(d),
            }
        }
        if wrong.has_errors() { Err(wrong) } else { Ok(Self(all)) }
    }
    /// Lets the trains that name a `shape` follow it.
    ///
    /// Fails with every one that is no factor.
    pub(super) fn follow(
        &mut self,
        scenario: &Table,
        factor: &dyn Fn(&str, Span) -> Result<Waveform, Diagnostics>,
    ) -> Result<(), Diagnostics> {
        let mut wrong = Diagnostics::default();
        for (name, table) in scenario.named(SECTION.name) {
            let (Some(by), Some(train)) = (table.opt_text("shape"), self.0.get_mut(name)) else { continue };
            match (factor(by, table.span_of("shape")), &mut train.law) {
                (Ok(waveform), Law::Poisson { shape, .. }) => *shape = Some(Course::new(&waveform)),
                (Ok(_), _) => {}
                (Err(found), _) => wrong.extend(found),
            }
        }
        if wrong.has_errors() { Err(wrong) } else { Ok(()) }
    }
    /// The train called `name`, which stands at `span`.
    ///
    /// Fails with a hint if there is none.
    pub fn get(&self, name: &str, span: Span) -> Result<&Train, Diagnostic> {
        self.0.get(name).ok_or_else(|| {
            let near = did_you_mean(name, self.0.keys().map(String::as_str));
            let help = near.unwrap_or_else(|| format!("declare it: [spikes.{name}] with kind = \"regular\""));
            let message = format!("there is no train of spikes `{name}`");
            Diagnostic::error(UNKNOWN, span, message, "unknown train").help(help)
        })
    }
}

/// When the runs of a scenario end; after an hour if nothing says.
pub(crate) fn run_end(scenario: &Table) -> SimTime {
    const HOUR: f64 = 3600.0;
    let run = scenario.opt_table("run");
    let duration = run.and_then(|run| run.opt_quantity("duration")).map_or(HOUR, |q| q.value);
    SimTime::from_ticks((duration * TICKS) as u64)
}

fn ticks(seconds: f64) -> u64 {
    (seconds * TICKS).round() as u64
}

/// A train with the ends that its table gives.
fn limited(law: Law, table: &Table) -> Result<Train, Diagnostics> {
    let end = table.opt_quantity("end").map_or(SimTime::HORIZON_MAX.ticks(), |q| ticks(q.value));
    if table.get("end").is_some() && end <= ticks(table.quantity("start").value) {
        let message = format!("`{}` ends before it begins", table.path);
        return Err(one(SENSELESS, table.span_of("end"), message, "not after `start`", "end = \"10 s\""));
    }
    let count = if table.get("count").is_some() { table.integer("count") as u64 } else { u64::MAX };
    Ok(Train { law, count, end })
}

/// The rate under `key`, in 1/s.
fn rate(table: &Table, key: &str) -> Result<f64, Diagnostics> {
    let q = table.quantity(key);
    if q.value > 0.0 && q.value <= RATE_MAX {
        return Ok(q.value);
    }
    let label = if q.value > 0.0 { "more than 1e9 a second" } else { "must be more than zero" };
    Err(one(SENSELESS, table.span_of(key), format!("`{}.{key}` is {q}", table.path), label, "rate = \"10 /s\""))
}

fn regular(table: &Table) -> Result<Train, Diagnostics> {
    let start = ticks(table.quantity("start").value);
    let period = match (table.get("rate"), table.opt_quantity("period")) {
        (Some(_), None) => TICKS / rate(table, "rate")?,
        (None, Some(q)) if q.value * RATE_MAX >= 1.0 => q.value * TICKS,
        (None, Some(q)) => {
            let message = format!("`{}.period` is {q}", table.path);
            return Err(one(SENSELESS, table.span_of("period"), message, "less than 1 ns", "period = \"10 ms\""));
        }
        _ => {
            let message = format!("`{}` needs `rate` or `period`, one of them", table.path);
            return Err(one(SENSELESS, table.span, message, "how far apart?", "rate = \"10 /s\""));
        }
    };
    limited(Law::Regular { start, period }, table)
}

fn poisson(table: &Table) -> Result<Train, Diagnostics> {
    let start = ticks(table.quantity("start").value);
    limited(Law::Poisson { start, rate: rate(table, "rate")? / TICKS, shape: None }, table)
}

fn listed(table: &Table, folder: &Path) -> Result<Train, Diagnostics> {
    let mut all: Vec<u64> = Vec::new();
    for_each_row(table, "file", folder, MIB_MAX, &["time"], &mut |row| {
        let expected = || "a row is a time in seconds, later than that of the row before".to_string();
        let cell = row.cell(0).ok_or_else(|| ("a row without a time".to_string(), expected()))?;
        let time = Quantity::parse(&format!("{cell} s")).ok().filter(|q| q.value >= 0.0).and_then(Quantity::to_ticks);
        let time = time.ok_or_else(|| (format!("`{cell}` is not a time in seconds"), expected()))?;
        if let Some(last) = all.last().filter(|last| **last >= time) {
            return Err((format!("a spike at {cell} s follows one at {} s", *last as f64 / TICKS), expected()));
        }
        all.push(time);
        Ok(())
    })?;
    if all.is_empty() {
        let message = format!("there are no spikes in `{}`", table.text("file"));
        return Err(one(SENSELESS, table.span_of("file"), message, "no row with a time", "a row is a time in seconds"));
    }
    Ok(Train { law: Law::Listed(all.into()), count: u64::MAX, end: SimTime::HORIZON_MAX.ticks() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::traffic::fixture::{TestFile, table};

    fn read(text: &str) -> Result<Train, Diagnostics> {
        let table = table(TRAINS, text);
        let make = TRAINS.iter().find(|k| k.name == table.kind()).unwrap().make;
        make(&table, &std::env::temp_dir())
    }
    fn seconds(train: &Train, end: f64) -> Vec<f64> {
        train.times(ticks(end)).unwrap().map(|t| t as f64 / TICKS).collect()
    }

    #[test]
    fn regular_trains_do_not_drift() {
        let train = read("{ kind = 'regular', rate = '20 /s', start = '1 s', count = 3 }").unwrap();
        assert_eq!(seconds(&train, 10.0), [1.0, 1.05, 1.1]);
        let train = read("{ kind = 'regular', period = '10 ms', end = '30 ms' }").unwrap();
        assert_eq!(seconds(&train, 10.0), [0.0, 0.01, 0.02]);
        // A third of a second is no whole number of ticks; 3000 of them are.
        let train = read("{ kind = 'regular', rate = '3 /s' }").unwrap();
        assert_eq!(train.times(u64::MAX).unwrap().nth(3000), Some(1000 * TICKS_PER_SECOND));
    }

    #[test]
    fn files_give_times() {
        let file = TestFile::new("spikes.csv", b"time (s)\n0.1\n0.25\n1e1\n");
        let train = read(&format!("{{ kind = 'csv', file = '{}' }}", file.name)).unwrap();
        assert_eq!(seconds(&train, 100.0), [0.1, 0.25, 10.0]);
        for (name, text, code, line) in [
            ("order.csv", "0.1\n0.3\n0.2\n", "E0341", "line 3"),
            ("twice.csv", "0.1\n0.1\n", "E0341", "line 2"),
            ("negative.csv", "-0.1\n", "E0341", "line 1"),
            ("word.csv", "0.1\nsoon\n", "E0341", "line 2"),
            ("nan.csv", "0.1\nnan\n", "E0341", "line 2"),
            ("empty.csv", "time (s)\n", SENSELESS, "no spikes"),
            ("nothing.csv", "", SENSELESS, "no spikes"),
        ] {
            let file = TestFile::new(&format!("spikes-{name}"), text.as_bytes());
            let found = read(&format!("{{ kind = 'csv', file = '{}' }}", file.name)).unwrap_err();
            let first = found.iter().next().unwrap();
            assert!(first.code == code && first.message.contains(line), "{name}: {first:?}");
        }
        assert_eq!(read("{ kind = 'csv', file = 'no-such.csv' }").unwrap_err().iter().next().unwrap().code, "E0340");
    }

    #[test]
    fn poisson_trains_are_poisson_and_differ_by_replication() {
        let train = read("{ kind = 'poisson', rate = '50 /s', start = '1 s', end = '11 s' }").unwrap();
        assert!(train.times(u64::MAX).is_none());
        let n = 2000;
        let counts: Vec<f64> = (0..n).map(|rep| train.spikes("stim", Streams::new(1, rep)).count() as f64).collect();
        let mean = counts.iter().sum::<f64>() / n as f64;
        let variance = counts.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        // 500 expected; the variance of a variance is 2 sd^4 / n and a little more.
        assert!((mean - 500.0).abs() < 4.0 * (500.0 / n as f64).sqrt(), "{mean}");
        assert!((variance / 500.0 - 1.0).abs() < 4.0 * (2.002 / n as f64).sqrt(), "{variance}");
        let of = |name: &str, rep| train.spikes(name, Streams::new(1, rep)).take(5).collect::<Vec<_>>();
        assert_eq!(of("stim", 3), of("stim", 3));
        assert!(of("stim", 3) != of("stim", 4) && of("stim", 3) != of("other", 3));
        assert!(of("stim", 0)[0] > TICKS_PER_SECOND);
    }

    #[test]
    fn trains_that_make_no_sense_are_refused() {
        for text in [
            "{ kind = 'regular', rate = '0 /s' }",
            "{ kind = 'regular', period = '0 s' }",
            "{ kind = 'regular', rate = '1e12 /s' }",
            "{ kind = 'regular' }",
            "{ kind = 'regular', rate = '1 /s', period = '1 s' }",
            "{ kind = 'regular', rate = '1 /s', start = '2 s', end = '1 s' }",
            "{ kind = 'poisson', rate = '0 /s' }",
        ] {
            let found = read(text).err().unwrap_or_else(|| panic!("{text}"));
            assert!(found.iter().all(|d| d.code == SENSELESS && d.help.is_some()), "{text}: {found:?}");
        }
    }
}
