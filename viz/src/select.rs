//! Which components a figure shows, and the look-ups that figures share.

use std::collections::{BTreeMap, BTreeSet};

use scenarios::FigureRequest;
use scenarios::tables::{Estimate, StudyTables, SummaryRow};
use sim_core::stats::ComponentKind;

use crate::style::LINES_MAX;
use crate::unit::pretty;

/// Kinds of components, as figures group them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Station,
    Flow,
    Gate,
    Population,
    Pathway,
    Exit,
    Sample,
    Share,
}

/// Groups of classes, the best to show first.
pub(crate) type Order = &'static [&'static [Class]];

/// Orders of preference by metric: what leaves the system end to end comes first.
pub(crate) fn order(metric: &str) -> Order {
    use Class::{Exit, Flow, Pathway, Population, Station};
    match metric {
        "throughput" => &[&[Flow], &[Pathway], &[Station], &[Population]],
        "occupancy" => &[&[Station, Population], &[Flow], &[Pathway]],
        "sojourn_time" => &[&[Flow], &[Population, Pathway, Exit], &[Station]],
        "exit_share" => &[&[Exit]],
        "bit_rate" | "goodput" | "cwnd" | "slowdown" | "flow_completion_time" => &[&[Flow], &[Station]],
        "loss_ratio" => &[&[Flow], &[Station], &[Population, Pathway]],
        _ => &[&[Station, Pathway], &[Flow, Population]],
    }
}

/// The components chosen for a figure, in the order of the study's description.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice<'a> {
    pub(crate) names: Vec<&'a str>,
    /// How many of the same classes there are in all.
    pub(crate) of: usize,
}

impl Choice<'_> {
    /// The sentence on what is left out, empty if nothing is.
    pub(crate) fn left_out(&self, what: &str) -> String {
        let kept = self.names.len();
        if self.of <= kept {
            return String::new();
        }
        format!(
            "Shown are the {kept} of {} components with the highest {what}; {} are left out.",
            self.of,
            self.of - kept
        )
    }
}

fn class(kind: ComponentKind) -> Class {
    match kind {
        ComponentKind::Station { .. } => Class::Station,
        ComponentKind::Flow => Class::Flow,
        ComponentKind::Gate => Class::Gate,
        ComponentKind::Population { .. } | ComponentKind::Variable => Class::Population,
        ComponentKind::Pathway { .. } => Class::Pathway,
        ComponentKind::Exit { .. } | ComponentKind::Dwell { .. } => Class::Exit,
        ComponentKind::Sample { .. } | ComponentKind::Passed { .. } | ComponentKind::Asked => Class::Sample,
        ComponentKind::Share => Class::Share,
    }
}

/// Whether `name` carries the acknowledgements of another flow, which nobody asks for beside their data.
fn acknowledges(tables: &StudyTables, name: &str) -> bool {
    let is_flow = |name: &str| tables.components.iter().any(|c| c.name == name && c.kind == ComponentKind::Flow);
    name.strip_suffix(".acks").is_some_and(is_flow)
}

/// At most `most` of the scored components: of the first group of `order` that has any, those with the highest scores.
/// Acknowledgements are none of them.
pub(crate) fn choose<'a>(tables: &StudyTables, order: Order, scored: &[(&'a str, f64)], most: usize) -> Choice<'a> {
    let position = |name: &str| tables.components.iter().position(|c| c.name == name);
    let mut known: Vec<(usize, &str, f64)> = scored
        .iter()
        .filter(|(name, score)| !score.is_nan() && !acknowledges(tables, name))
        .filter_map(|(name, score)| Some((position(name)?, *name, *score)))
        .collect();
    known.sort_by_key(|(i, _, _)| *i);
    known.dedup_by_key(|(i, _, _)| *i);
    for group in order {
        let mut some: Vec<_> =
            known.iter().filter(|(i, _, _)| group.contains(&class(tables.components[*i].kind))).collect();
        if some.is_empty() {
            continue;
        }
        let of = some.len();
        some.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        some.truncate(most);
        some.sort_by_key(|(i, _, _)| *i);
        return Choice { names: some.into_iter().map(|(_, name, _)| *name).collect(), of };
    }
    Choice { names: Vec::new(), of: 0 }
}

/// The components that are asked for, or those that [`choose`] takes.
pub(crate) fn pick<'a>(
    tables: &StudyTables,
    order: Order,
    scored: &[(&'a str, f64)],
    most: usize,
    wanted: &FigureRequest,
) -> Choice<'a> {
    if wanted.components.is_empty() {
        return choose(tables, order, scored, most);
    }
    let known = |name: &String| scored.iter().find(|(n, score)| n == name && !score.is_nan()).map(|(n, _)| *n);
    let names: Vec<&str> = wanted.components.iter().filter_map(known).take(most).collect();
    Choice { of: names.len(), names }
}

/// What a figure about single points of a sweep shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shown<'a> {
    /// Several components at one point.
    Components(Choice<'a>, usize),
    /// One component at several points, of so many.
    Points(&'a str, Vec<usize>, usize),
}

impl Shown<'_> {
    /// The components.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Components(choice, _) => choice.names.clone(),
            Self::Points(name, ..) => vec![name],
        }
    }
    /// ` of uplink`, where only the points are in the legend.
    pub(crate) fn of(&self) -> String {
        match self {
            Self::Components(..) => String::new(),
            Self::Points(name, ..) => format!(" of {name}"),
        }
    }
}

/// What to show of a quantity that has `level` (NaN where there is none) at points and components: in a sweep the component
/// that changes most from point to point.
pub(crate) fn shown<'a>(
    tables: &StudyTables,
    order: Order,
    there: &[(usize, &'a str)],
    level: impl Fn(usize, &str) -> f64,
    wanted: &FigureRequest,
) -> Option<Shown<'a>> {
    let points: BTreeSet<usize> = there.iter().map(|t| t.0).collect();
    let first = *points.first()?;
    if points.len() > 1 && wanted.point.is_none() && wanted.components.len() < 2 {
        let names: BTreeSet<&str> = there.iter().map(|t| t.1).collect();
        let change = |name: &&'a str| {
            let levels = points.iter().map(|p| level(*p, name)).filter(|x| x.is_finite());
            let (low, high) = levels.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
            // Among those that do not change the highest.
            (*name, if high >= low { high - low + 1e-9 * high } else { f64::NAN })
        };
        let changes: Vec<(&str, f64)> = names.iter().map(change).collect();
        let name = *pick(tables, order, &changes, 1, wanted).names.first()?;
        let known: Vec<usize> = points.iter().copied().filter(|p| level(*p, name).is_finite()).collect();
        let drawn = spread(known.len(), LINES_MAX).into_iter().map(|i| known[i]).collect();
        return Some(Shown::Points(name, drawn, tables.points.len()));
    }
    let point = wanted.point.unwrap_or(first);
    let scored: Vec<(&str, f64)> =
        there.iter().filter(|t| t.0 == point).map(|(p, name)| (*name, level(*p, name))).collect();
    let choice = pick(tables, order, &scored, LINES_MAX, wanted);
    (!choice.names.is_empty()).then_some(Shown::Components(choice, point))
}

/// What passes at all of `names`, if it is the same.
pub(crate) fn entity(tables: &StudyTables, names: &[&str]) -> Option<&'static str> {
    let mut all = tables.components.iter().filter(|c| names.contains(&c.name.as_str())).map(|c| c.entity);
    let first = all.next()?;
    all.all(|e| e == first).then_some(first)
}

/// How the field calls the time from entry to exit.
pub(crate) fn sojourn_name(entity: Option<&str>) -> &'static str {
    match entity {
        Some("packet") => "Delay",
        Some("transfer") => "Transfer time",
        Some(_) => "Residence time",
        None => "Sojourn time",
    }
}

/// The summary, to look estimates up.
pub(crate) struct Estimates<'a>(BTreeMap<(usize, &'a str, &'a str, &'a str), &'a SummaryRow>);

impl<'a> Estimates<'a> {
    pub(crate) fn of(tables: &'a StudyTables) -> Self {
        let key = |r: &'a SummaryRow| (r.point, r.component.as_str(), r.metric.as_str(), r.stat.as_str());
        Self(tables.summary.iter().map(|r| (key(r), r)).collect())
    }
    /// The estimate, if there is one with a mean.
    pub(crate) fn get(&self, point: usize, component: &str, metric: &str, stat: &str) -> Option<Estimate> {
        self.0.get(&(point, component, metric, stat)).map(|r| r.estimate).filter(|e| e.mean.is_finite())
    }
    pub(crate) fn unit(&self, component: &str, metric: &str) -> Option<&'a str> {
        self.0.values().find(|r| r.component == component && r.metric == metric).map(|r| r.unit.as_str())
    }
}

/// `n` items of `0..len`, evenly spread and with both ends.
pub(crate) fn spread(len: usize, n: usize) -> Vec<usize> {
    if len <= n {
        return (0..len).collect();
    }
    (0..n).map(|i| (i * (len - 1) + (n - 1) / 2) / (n - 1).max(1)).collect()
}

/// The labels of a point's coordinates on the axes that `include` keeps.
pub(crate) fn point_label(tables: &StudyTables, point: usize, include: impl Fn(usize) -> bool) -> String {
    let Some(p) = tables.points.get(point) else { return String::new() };
    let part = |(axis, at): (usize, &usize)| Some(pretty(tables.axes.get(axis)?.labels.get(*at)?));
    let parts: Vec<String> =
        p.coordinates.iter().enumerate().filter(|(axis, _)| include(*axis)).filter_map(part).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::stats::Component;

    #[test]
    fn the_highest_of_the_first_group_are_chosen_in_the_study_s_order() {
        let flow = |name: &str| Component::new(name, ComponentKind::Flow, "packet");
        let station =
            |name: &str| Component { kind: ComponentKind::Station { servers: 1, paced: false }, ..flow(name) };
        let components = vec![station("link"), flow("a"), flow("b"), flow("c")];
        let tables = StudyTables { components, ..StudyTables::default() };
        let scored = [("c", 3.0), ("link", 9.0), ("a", 1.0), ("b", 2.0), ("unknown", 99.0)];
        let choice = choose(&tables, order("throughput"), &scored, 2);
        assert_eq!(choice, Choice { names: vec!["b", "c"], of: 3 });
        assert!(choice.left_out("throughput").contains("1 are left out"));
        let none = choose(&tables, order("throughput"), &[("a", f64::NAN)], 2);
        assert!(none.names.is_empty() && none.left_out("throughput").is_empty());
    }

    #[test]
    fn acknowledgements_are_not_shown_beside_their_data() {
        let flow = |name: &str| Component::new(name, ComponentKind::Flow, "packet");
        let components = vec![flow("bulk"), flow("bulk.acks"), flow("sirs.acks")];
        let tables = StudyTables { components, ..StudyTables::default() };
        let scored = [("bulk", 1.0), ("bulk.acks", 3.0), ("sirs.acks", 2.0)];
        let choice = choose(&tables, order("sojourn_time"), &scored, 7);
        assert_eq!(choice, Choice { names: vec!["bulk", "sirs.acks"], of: 2 });
    }

    #[test]
    fn spreads_have_both_ends() {
        assert_eq!(spread(3, 7), [0, 1, 2]);
        assert_eq!(spread(10, 4), [0, 3, 6, 9]);
        assert_eq!(spread(100, 7).len(), 7);
        assert_eq!(spread(100, 7).last(), Some(&99));
        assert_eq!(spread(5, 1), [0]);
    }
}
