//! Where the delay of a class or flow arises, from the tables of a study with `[probe.NAME] kind = "attribution"`.

use sim_core::stats::ComponentKind;

use crate::tables::StudyTables;

/// The metric of each cause of delay, and its name.
pub const CAUSES: [(&str, &str); 6] = [
    ("queueing_delay", "queueing"),
    ("shaping_delay", "shaping"),
    ("inspection_delay", "inspection"),
    ("transmission_delay", "transmission"),
    ("propagation_delay", "propagation"),
    ("retransmission_delay", "retransmission"),
];

/// What stands behind a group's name where it is told of as a whole.
const WHOLE: &str = "end_to_end";

/// A part of a delay.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The cause, an index into [`CAUSES`].
    pub cause: usize,
    /// The element; of retransmissions, the way as a whole.
    pub element: String,
    /// The mean over replications, in s for an entity that reached its end.
    pub delay: f64,
}

/// The groups that delays are split for, in the order of the study.
pub fn groups(tables: &StudyTables) -> Vec<&str> {
    let whole = |name: &'_ str| name.strip_suffix(WHOLE)?.strip_suffix('@').map(str::len);
    let shares = tables.components.iter().filter(|c| c.kind == ComponentKind::Share);
    shares.filter_map(|c| Some(&c.name[..whole(&c.name)?])).collect()
}

/// What the delay of `group` is made of at a point of the study, by cause, the largest of each cause first.
pub fn pieces(tables: &StudyTables, point: usize, group: &str) -> Vec<Piece> {
    let element = |name: &str| name.strip_prefix(group)?.strip_prefix('@').map(str::to_owned);
    let mut pieces: Vec<Piece> = tables
        .summary
        .iter()
        .filter(|r| r.point == point && r.stat == "mean" && r.estimate.mean > 0.0)
        .filter_map(|r| {
            let cause = CAUSES.iter().position(|c| c.0 == r.metric)?;
            Some(Piece { cause, element: element(&r.component)?, delay: r.estimate.mean })
        })
        .collect();
    // Stable: equals stay in the study's order.
    pieces.sort_by(|a, b| a.cause.cmp(&b.cause).then(b.delay.total_cmp(&a.delay)));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{Estimate, SummaryRow};
    use sim_core::stats::Component;

    #[test]
    fn pieces_are_of_one_group_and_point_and_in_order() {
        let row = |point, component: &str, metric: &str, mean| SummaryRow {
            point,
            component: component.into(),
            metric: metric.into(),
            stat: "mean".into(),
            unit: "s".into(),
            estimate: Estimate { mean, sd: 0.0, ci_low: mean, ci_high: mean, n: 2 },
        };
        let names = ["web@end_to_end", "web2@end_to_end", "web@a", "web@b", "web2@a"];
        let share = |name: &&str| Component::new(*name, ComponentKind::Share, "packet");
        let tables = StudyTables {
            components: names.iter().map(share).collect(),
            summary: vec![
                row(0, "web@a", "queueing_delay", 1.0),
                row(0, "web@b", "queueing_delay", 2.0),
                row(0, "web@a", "propagation_delay", 9.0),
                row(0, "web@a", "loss_ratio", 0.5),
                row(1, "web@a", "queueing_delay", 5.0),
                row(0, "web2@a", "queueing_delay", 6.0),
                row(0, "web@b", "transmission_delay", 0.0),
                row(0, "web@end_to_end", "retransmission_delay", 0.1),
            ],
            ..StudyTables::default()
        };
        assert_eq!(groups(&tables), ["web", "web2"]);
        let of = pieces(&tables, 0, "web");
        let seen: Vec<_> = of.iter().map(|p| (CAUSES[p.cause].1, p.element.as_str(), p.delay)).collect();
        assert_eq!(
            seen,
            [
                ("queueing", "b", 2.0),
                ("queueing", "a", 1.0),
                ("propagation", "a", 9.0),
                ("retransmission", "end_to_end", 0.1)
            ]
        );
    }
}
