//! The form in which a run is kept: everything that the tables are made from, in binary.
//!
//! Little-endian; `f64` as its bits, so that reading gives exactly what was written; a BLAKE3 hash at the end, so that a
//! torn or damaged run is noticed and its run made again. The content is a pure function of the run.

use sim_core::RunError;
use sim_core::stats::{Component, RunRecord, Sketch};

/// Changes whenever the layout does: runs of another layout count as missing.
const MAGIC: &[u8; 8] = b"egrun\0\0\x01";
const HASH: usize = blake3::OUT_LEN;

/// What is known of one run after it: a [`RunRecord`] that owns its names, or why there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredRun {
    /// Why the run failed, if it did; the rest is then empty.
    pub error: Option<String>,
    /// Events handled.
    pub events: u64,
    /// Comparisons made by the self-checks.
    pub checks_made: u32,
    /// Self-checks that did not hold, in words.
    pub violations: Vec<String>,
    /// Numbers of the window, in the order of the record.
    pub measures: Vec<StoredMeasure>,
    /// Width of a bin of the series, in s.
    pub bin: f64,
    /// Series of the whole run.
    pub series: Vec<StoredSeries>,
    /// Distributions of sojourn times, by component.
    pub sojourns: Vec<(String, Sketch)>,
}

/// What is measured where: the key of a measure.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MeasureKey {
    /// Name of the component.
    pub component: String,
    /// Metric, as in [`sim_core::stats::Measure`].
    pub metric: String,
    /// Statistic within a run.
    pub stat: String,
    /// Unit.
    pub unit: String,
}

/// One number of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMeasure {
    /// What it is.
    pub key: MeasureKey,
    /// The value, in the key's unit; NaN if there was nothing to measure.
    pub value: f64,
}

/// One series of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSeries {
    /// Name of the component.
    pub component: String,
    /// `throughput`, `occupancy` or `utilization`.
    pub metric: String,
    /// Unit of the values.
    pub unit: String,
    /// One value a bin.
    pub values: Vec<f64>,
}

impl StoredRun {
    /// The stored form of what a run gave.
    pub fn new(components: &[Component], outcome: Result<RunRecord, RunError>) -> Self {
        let record = match outcome {
            Ok(record) => record,
            Err(e) => return Self { error: Some(e.to_string()), ..Self::default() },
        };
        let name = |i: u32| components[i as usize].name.clone();
        let measures = record.measures.iter().map(|m| StoredMeasure {
            key: MeasureKey {
                component: name(m.component),
                metric: m.metric.to_owned(),
                stat: m.stat.to_owned(),
                unit: m.unit.to_owned(),
            },
            value: m.value,
        });
        let series = record.series.rows.into_iter().map(|r| StoredSeries {
            component: name(r.component),
            metric: r.metric.to_owned(),
            unit: r.unit.to_owned(),
            values: r.values,
        });
        Self {
            error: None,
            events: record.events,
            checks_made: record.checks.made,
            violations: record.checks.violations,
            measures: measures.collect(),
            bin: record.series.bin,
            series: series.collect(),
            sojourns: record.sojourns.into_iter().map(|(c, s)| (name(c), s)).collect(),
        }
    }

    /// Whether `other` saw the same, to the bit: where nothing is drawn, all replications do.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let bits =
            |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits());
        let values = |run: &Self| run.measures.iter().map(|m| m.value).collect::<Vec<f64>>();
        self.events == other.events
            && bits(&values(self), &values(other))
            && self.series.len() == other.series.len()
            && self.series.iter().zip(&other.series).all(|(a, b)| bits(&a.values, &b.values))
            && self.sojourns == other.sojourns
    }

    /// The bytes that are kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer(MAGIC.to_vec());
        w.byte(u8::from(self.error.is_some()));
        w.text(self.error.as_deref().unwrap_or_default());
        w.number(self.events);
        w.number(self.checks_made.into());
        w.number(self.violations.len() as u64);
        for v in &self.violations {
            w.text(v);
        }
        w.number(self.measures.len() as u64);
        for m in &self.measures {
            w.texts([&m.key.component, &m.key.metric, &m.key.stat, &m.key.unit]);
            w.float(m.value);
        }
        w.float(self.bin);
        w.number(self.series.len() as u64);
        for s in &self.series {
            w.texts([&s.component, &s.metric, &s.unit]);
            w.number(s.values.len() as u64);
            for &x in &s.values {
                w.float(x);
            }
        }
        w.number(self.sojourns.len() as u64);
        for (component, sketch) in &self.sojourns {
            w.text(component);
            let (first, counts) = sketch.to_parts();
            w.number(first as u64);
            w.number(counts.len() as u64);
            for n in counts {
                w.number(n);
            }
        }
        let hash = blake3::hash(&w.0);
        w.0.extend_from_slice(hash.as_bytes());
        w.0
    }

    /// Reads these bytes; `None` if they are not whole or of another layout.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
        if blake3::hash(content).as_bytes() != hash {
            return None;
        }
        let mut r = Reader(content.strip_prefix(MAGIC)?);
        let failed = r.take(1)?[0] == 1;
        let error = r.text()?;
        let run = Self {
            error: failed.then_some(error),
            events: r.number()?,
            checks_made: u32::try_from(r.number()?).ok()?,
            violations: r.list(Reader::text)?,
            measures: r.list(|r| {
                let [component, metric, stat, unit] = [r.text()?, r.text()?, r.text()?, r.text()?];
                Some(StoredMeasure { key: MeasureKey { component, metric, stat, unit }, value: r.float()? })
            })?,
            bin: r.float()?,
            series: r.list(|r| {
                let [component, metric, unit] = [r.text()?, r.text()?, r.text()?];
                Some(StoredSeries { component, metric, unit, values: r.list(Reader::float)? })
            })?,
            sojourns: r.list(|r| {
                let component = r.text()?;
                let first = r.number()? as usize;
                Some((component, Sketch::from_parts(first, &r.list(Reader::number)?)))
            })?,
        };
        r.0.is_empty().then_some(run)
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, b: u8) {
        self.0.push(b);
    }
    /// Seven bits a byte, low bits first: most counts are small.
    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.byte(n as u8 | 0x80);
            n >>= 7;
        }
        self.byte(n as u8);
    }
    fn float(&mut self, x: f64) {
        self.0.extend_from_slice(&x.to_bits().to_le_bytes());
    }
    fn text(&mut self, s: &str) {
        self.number(s.len() as u64);
        self.0.extend_from_slice(s.as_bytes());
    }
    fn texts<const N: usize>(&mut self, all: [&str; N]) {
        for s in all {
            self.text(s);
        }
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }
    fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let b = self.take(1)?[0];
            n |= u64::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Some(n);
            }
        }
        None
    }
    fn float(&mut self) -> Option<f64> {
        Some(f64::from_bits(u64::from_le_bytes(self.take(8)?.try_into().ok()?)))
    }
    fn text(&mut self) -> Option<String> {
        let n = usize::try_from(self.number()?).ok()?;
        String::from_utf8(self.take(n)?.to_vec()).ok()
    }
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let n = self.number()?;
        (0..n).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> StoredRun {
        let mut sketch = Sketch::default();
        for x in 0..1000u64 {
            sketch.add(x * x * 1_000_000);
        }
        let key = |stat: &str| MeasureKey {
            component: "uplink".into(),
            metric: "sojourn_time".into(),
            stat: stat.into(),
            unit: "s".into(),
        };
        StoredRun {
            error: None,
            events: u64::MAX,
            checks_made: 4,
            violations: vec!["uplink: conservation: 3 is not 4".into()],
            measures: vec![
                StoredMeasure { key: key("mean"), value: 0.1 + 0.2 },
                StoredMeasure { key: key("p99"), value: f64::INFINITY },
            ],
            bin: 1.0 / 3.0,
            series: vec![StoredSeries {
                component: "uplink".into(),
                metric: "occupancy".into(),
                unit: "packet".into(),
                values: vec![0.0, -0.0, 1e-300],
            }],
            sojourns: vec![("uplink".into(), sketch)],
        }
    }

    #[test]
    fn what_is_written_is_read_back_bit_by_bit() {
        let run = sample();
        let back = StoredRun::from_bytes(&run.to_bytes()).unwrap();
        assert_eq!(back, run);
        assert_eq!(back.series[0].values[1].to_bits(), (-0.0f64).to_bits());
        assert_eq!(back.sojourns[0].1.total(), 1000);
        let failed = StoredRun { error: Some("no progress".into()), ..StoredRun::default() };
        assert_eq!(StoredRun::from_bytes(&failed.to_bytes()), Some(failed));
    }

    #[test]
    fn damaged_files_are_noticed() {
        let bytes = sample().to_bytes();
        for cut in [0, 1, 8, 31, 32, 40, bytes.len() - 1] {
            assert_eq!(StoredRun::from_bytes(&bytes[..cut]), None, "cut at {cut}");
        }
        for at in (0..bytes.len()).step_by(7) {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert_eq!(StoredRun::from_bytes(&bad), None, "bit flipped at {at}");
        }
    }
}
