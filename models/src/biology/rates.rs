//! Laws compiled for speed.
//!
//! Everything up to two reactants has one form without branches, `c x[i] (x[j] - d)`: a slot that always holds 1 stands
//! in for reactants that are not there, and 2 A is `c/2 x (x - 1)`. Other laws sit beside it.

use std::sync::Arc;

use super::builder::Channel;
use super::law::{Inhibition, Law, Propensity, READS_MAX, Species, VARIABLES};
use crate::common::expression::{Expression, Monomial};
use crate::common::interval::Interval;

/// `other` of a law that is of the common form.
pub(super) const COMMON: u32 = u32::MAX;

/// `c x[i] (x[j] - d)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    pub(super) c: f64,
    pub(super) d: f64,
    pub(super) i: u32,
    pub(super) j: u32,
    /// Index into the other laws, or [`COMMON`].
    pub(super) other: u32,
}

impl Common {
    fn new(c: f64, i: u32, j: u32, d: f64) -> Self {
        Self { c, d, i, j, other: COMMON }
    }
}

/// A law that was written out, if it comes to the common form; and the reactants that it lacks nothing of where it is not
/// zero.
fn product(
    law: &Expression,
    reads: &[Species],
    one: u32,
    is_variable: &[bool],
) -> Option<(Common, Vec<(Species, u32)>)> {
    // A variable may be below zero, which the common form does not look out for.
    if reads.iter().any(|s| is_variable[s.slot as usize]) {
        return None;
    }
    let Monomial { c, factors } = law.monomial().filter(|m| m.c >= 0.0 && m.c.is_finite())?;
    let of = |index: u32| reads[index as usize];
    match *factors.as_slice() {
        [] => Some((Common::new(c, one, one, 0.0), Vec::new())),
        [(a, 0.0)] => Some((Common::new(c, of(a).slot, one, 0.0), vec![(of(a), 1)])),
        [(a, 0.0), (b, 0.0)] if a != b => {
            Some((Common::new(c, of(a).slot, of(b).slot, 0.0), vec![(of(a), 1), (of(b), 1)]))
        }
        // Of what is held constant there may be half a molecule: a rate below zero, which ends a run.
        [(a, 0.0), (b, 1.0)] if a == b && !of(a).fixed => {
            Some((Common::new(c, of(a).slot, of(a).slot, 1.0), vec![(of(a), 2)]))
        }
        _ => None,
    }
}

/// Laws of other forms.
#[derive(Clone, Debug)]
enum Form {
    /// `c` times the number of ways to choose the reactants.
    Choices {
        c: f64,
        reactants: Vec<(u32, u32)>,
    },
    /// `vmax n / (km free + n loaded)` with factors that never change worked in.
    Saturation {
        vmax: f64,
        km: f64,
        loaded: f64,
        substrate: u32,
    },
    /// The same with inhibitors whose counts change.
    Inhibited {
        vmax: f64,
        km: f64,
        substrate: u32,
        inhibitors: Vec<(u32, f64, Inhibition)>,
    },
    Expression {
        law: Arc<Expression>,
        reads: Vec<u32>,
    },
    /// The same with waveforms, by index.
    Following {
        law: Arc<Expression>,
        reads: Vec<u32>,
        follows: Vec<u32>,
    },
    Custom {
        propensity: Arc<dyn Propensity>,
        reads: Vec<u32>,
    },
}

#[derive(Clone, Debug)]
struct Other {
    form: Form,
    /// What must be there for it to fire: slot and count.
    needs: Vec<(u32, u32)>,
}

/// The laws of all channels.
#[derive(Clone, Debug)]
pub(super) struct Rates {
    pub(super) common: Vec<Common>,
    /// Channels with laws that were written out: these hold for means too. Ascending.
    written: Vec<u32>,
    others: Vec<Other>,
}

impl Rates {
    /// Compiles the laws of `channels`; `one` is the slot that always holds 1, `counts` what slots hold at first (for
    /// those that never change), `is_variable` which are no counts.
    pub(super) fn new<'a>(
        channels: impl Iterator<Item = &'a Channel>,
        one: u32,
        counts: &[f64],
        is_variable: &[bool],
        course_of: &mut dyn FnMut(&str) -> u32,
    ) -> Self {
        let mut rates = Self { common: Vec::new(), written: Vec::new(), others: Vec::new() };
        for channel in channels {
            let law = rates.compile(channel, one, counts, is_variable, course_of);
            rates.common.push(law);
        }
        rates
    }

    fn compile(
        &mut self,
        channel: &Channel,
        one: u32,
        counts: &[f64],
        is_variable: &[bool],
        course_of: &mut dyn FnMut(&str) -> u32,
    ) -> Common {
        let common = Common::new;
        // The common form is zero by itself when its reactants lack; it must not be used for a channel that takes more.
        let covers = |law: &[(Species, u32)]| {
            let needs = channel.takes.iter().filter(|(s, _)| !s.fixed);
            needs.clone().all(|(s, n)| law.iter().any(|(r, m)| r == s && m >= n))
        };
        let form = match &channel.law {
            // Fires when its time has come only.
            Law::Delay { .. } => return common(0.0, one, one, 0.0),
            Law::Constant(k) if covers(&[]) => return common(*k, one, one, 0.0),
            Law::Constant(k) => Form::Choices { c: *k, reactants: Vec::new() },
            Law::FirstOrder { k, of } if covers(&[(*of, 1)]) => return common(*k, of.slot, one, 0.0),
            Law::FirstOrder { k, of } => Form::Choices { c: *k, reactants: vec![(of.slot, 1)] },
            Law::MassAction { c, reactants } => match reactants.as_slice() {
                [] if covers(&[]) => return common(*c, one, one, 0.0),
                [(a, 1)] if covers(reactants) => return common(*c, a.slot, one, 0.0),
                // Of what is held constant there may be half a molecule, of which no two react: not a rate below zero.
                [(a, 2)] if covers(reactants) && !(a.fixed && counts[a.slot as usize] < 1.0) => {
                    return common(c / 2.0, a.slot, a.slot, 1.0);
                }
                [(a, 1), (b, 1)] if covers(reactants) => return common(*c, a.slot, b.slot, 0.0),
                _ => Form::Choices { c: *c, reactants: reactants.iter().map(|(s, n)| (s.slot, *n)).collect() },
            },
            Law::MichaelisMenten { vmax, km, substrate, inhibitors } => {
                let mut ordered = inhibitors.clone();
                ordered.sort_by_key(|i| i.mode == Inhibition::NonCompetitive);
                if ordered.iter().all(|i| i.species.fixed) {
                    let (mut free, mut loaded) = (1.0, 1.0);
                    for i in &ordered {
                        i.mode.apply(counts[i.species.slot as usize] / i.ki, &mut free, &mut loaded);
                    }
                    Form::Saturation { vmax: *vmax, km: km * free, loaded, substrate: substrate.slot }
                } else {
                    let inhibitors = ordered.iter().map(|i| (i.species.slot, i.ki, i.mode)).collect();
                    Form::Inhibited { vmax: *vmax, km: *km, substrate: substrate.slot, inhibitors }
                }
            }
            Law::Expression { law, reads, follows } => {
                let product = if follows.is_empty() { product(law, reads, one, is_variable) } else { None };
                if let Some((law, _)) = product.filter(|(_, reactants)| covers(reactants)) {
                    self.written.push(self.common.len() as u32);
                    return law;
                }
                let (law, reads) = (Arc::clone(law), reads.iter().map(|s| s.slot).collect());
                if follows.is_empty() {
                    Form::Expression { law, reads }
                } else {
                    Form::Following { law, reads, follows: follows.iter().map(|name| course_of(name)).collect() }
                }
            }
            Law::Custom { propensity, reads } => {
                Form::Custom { propensity: Arc::clone(propensity), reads: reads.iter().map(|s| s.slot).collect() }
            }
        };
        let needs = channel.takes.iter().filter(|(s, _)| !s.fixed).map(|(s, n)| (s.slot, *n)).collect();
        self.others.push(Other { form, needs });
        Common { c: 0.0, d: 0.0, i: 0, j: 0, other: self.others.len() as u32 - 1 }
    }

    /// Whether all laws are of the common form.
    pub(super) fn all_common(&self) -> bool {
        self.others.is_empty()
    }

    /// The propensity of channel `q` at counts `x`, in 1/s.
    #[inline]
    pub(super) fn rate(&self, q: usize, x: &[f64]) -> f64 {
        let law = &self.common[q];
        if law.other == COMMON {
            law.c * x[law.i as usize] * (x[law.j as usize] - law.d)
        } else {
            self.others[law.other as usize].rate(x, &[])
        }
    }
    /// The same of one that may follow waveforms, which have these values.
    pub(super) fn rate_at(&self, q: usize, x: &[f64], values: &[f64]) -> f64 {
        match self.common[q].other {
            COMMON => self.rate(q, x),
            other => self.others[other as usize].rate(x, values),
        }
    }
    /// The rate of channel `q` in the mean, where counts may be broken: as for very many molecules.
    pub(super) fn mean(&self, q: usize, x: &[f64], values: &[f64]) -> f64 {
        let law = &self.common[q];
        match law.other {
            COMMON if self.written.binary_search(&(q as u32)).is_ok() => self.rate(q, x),
            COMMON => law.c * x[law.i as usize] * x[law.j as usize],
            other => self.others[other as usize].mean(x, values),
        }
    }
    /// Bounds on it while waveforms have values in these ranges.
    pub(super) fn range(&self, q: usize, x: &[f64], ranges: &[Interval]) -> Interval {
        let other = self.others.get(self.common[q].other as usize);
        let Some(other @ Other { form: Form::Following { law, reads, follows }, .. }) = other else {
            let rate = self.rate(q, x);
            return (rate, rate);
        };
        if other.lacks(x) {
            return (0.0, 0.0);
        }
        let mut all = [(0.0, 0.0); VARIABLES];
        for (to, &slot) in all.iter_mut().zip(reads) {
            *to = (x[slot as usize], x[slot as usize]);
        }
        for (to, &course) in all[READS_MAX..].iter_mut().zip(follows) {
            *to = ranges[course as usize];
        }
        law.range(&all)
    }
}

impl Other {
    /// Whether it lacks what it takes.
    fn lacks(&self, x: &[f64]) -> bool {
        self.needs.iter().any(|&(s, n)| x[s as usize] < f64::from(n))
    }
    fn rate(&self, x: &[f64], values: &[f64]) -> f64 {
        if self.lacks(x) { 0.0 } else { self.value(x, values) }
    }
    fn mean(&self, x: &[f64], values: &[f64]) -> f64 {
        let rate = match &self.form {
            Form::Choices { c, reactants } => {
                reactants.iter().fold(*c, |p, &(s, n)| (1..=n).fold(p, |p, i| p * x[s as usize] / f64::from(i)))
            }
            _ => self.value(x, values),
        };
        let unread = self.needs.iter().filter(|(s, _)| !self.reads(*s));
        unread.fold(rate, |rate, &(s, n)| rate * (x[s as usize] / f64::from(n)).min(1.0))
    }
    /// Whether its law reads a slot.
    fn reads(&self, slot: u32) -> bool {
        match &self.form {
            Form::Choices { reactants, .. } => reactants.iter().any(|r| r.0 == slot),
            Form::Saturation { substrate, .. } => *substrate == slot,
            Form::Inhibited { substrate, inhibitors, .. } => {
                *substrate == slot || inhibitors.iter().any(|i| i.0 == slot)
            }
            Form::Expression { reads, .. } | Form::Following { reads, .. } | Form::Custom { reads, .. } => {
                reads.contains(&slot)
            }
        }
    }
    /// What its law says, whether it can fire or not.
    fn value(&self, x: &[f64], values: &[f64]) -> f64 {
        match &self.form {
            Form::Choices { c, reactants } => reactants.iter().fold(*c, |p, &(s, n)| p * choose(x[s as usize], n)),
            Form::Saturation { vmax, km, loaded, substrate } => {
                let n = x[*substrate as usize];
                if n == 0.0 { 0.0 } else { vmax * n / (km + n * loaded) }
            }
            Form::Inhibited { vmax, km, substrate, inhibitors } => {
                let (mut free, mut loaded) = (1.0, 1.0);
                for &(slot, ki, mode) in inhibitors {
                    mode.apply(x[slot as usize] / ki, &mut free, &mut loaded);
                }
                let n = x[*substrate as usize];
                if n == 0.0 { 0.0 } else { vmax * n / (km * free + n * loaded) }
            }
            Form::Expression { law, reads } => with_counts(x, reads, |counts| law.evaluate(counts)),
            Form::Following { law, reads, follows } => {
                let mut all = [0.0; VARIABLES];
                for (to, &slot) in all.iter_mut().zip(reads) {
                    *to = x[slot as usize];
                }
                for (to, &course) in all[READS_MAX..].iter_mut().zip(follows) {
                    *to = values[course as usize];
                }
                law.evaluate(&all)
            }
            Form::Custom { propensity, reads } => with_counts(x, reads, |counts| propensity.rate(counts)),
        }
    }
}

fn with_counts(x: &[f64], reads: &[u32], f: impl FnOnce(&[f64]) -> f64) -> f64 {
    let mut counts = [0.0; READS_MAX];
    for (to, &slot) in counts.iter_mut().zip(reads) {
        *to = x[slot as usize];
    }
    f(&counts[..reads.len()])
}

/// How many ways there are to choose `n` of `x`.
fn choose(x: f64, n: u32) -> f64 {
    (0..n).fold(1.0, |p, i| p * ((x - f64::from(i)).max(0.0) / f64::from(i + 1)))
}
