//! What is to be said of the numbers of a study before anybody believes them: cautions, told at its end and kept in its
//! manifest. None of them is an error.

use sim_core::stats::ComponentKind;

use crate::tables::{StudyTables, place};

/// Components that a caution names; the rest are counted.
const NAMED: usize = 4;

/// What is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// All replications came out the same.
    Alike,
    /// What was waited for did not come to pass in some runs.
    Waiting,
    /// Times of stays are cut by the end of the run.
    Cut,
    /// A level grows through the whole window.
    Growing,
}

impl Doubt {
    const ALL: [Self; 4] = [Self::Alike, Self::Growing, Self::Waiting, Self::Cut];

    /// What it means for the numbers.
    fn meaning(self) -> &'static str {
        match self {
            Self::Alike => {
                "there is no chance in it: all replications are the same, to the bit. They count as one, and there are no intervals"
            }
            Self::Waiting => {
                "not in all runs did it come to pass: there is no mean, only the share of the runs (`passage_share`), percentiles that \
                 were reached, and a mean of min(time, duration), which the true one is not below (stat `lower`)"
            }
            Self::Cut => {
                "stays that had not ended when the run did are not counted, so the times are too short, for long stays are missing; \
                 a longer run, and a warm-up as long as the longest stays, mend it"
            }
            Self::Growing => {
                "no steady state: more comes in than goes out, all through the window. Its occupancy and times depend on how long the \
                 run is"
            }
        }
    }
}

/// A doubt about a component at a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) doubt: Doubt,
    pub(crate) point: usize,
    /// The component; empty if it is about the whole point.
    pub(crate) component: String,
    /// In numbers.
    pub(crate) words: String,
}

/// The cautions of a study, a sentence each, with the components that they are about.
pub(crate) fn cautions(found: &[Found], tables: &StudyTables) -> Vec<String> {
    let told = |doubt: Doubt| {
        let about: Vec<&Found> = found.iter().filter(|f| f.doubt == doubt && !is_moot(f, found, tables)).collect();
        if about.is_empty() {
            return None;
        }
        let at = |f: &Found| {
            let text = format!("{} {}{}", f.component, f.words, place(&tables.axes, &tables.points[f.point]));
            text.trim().to_owned()
        };
        let mut places: Vec<String> = about.iter().take(NAMED).map(|f| at(f)).filter(|p| !p.is_empty()).collect();
        if about.len() > NAMED {
            places.push(format!("and {} more", about.len() - NAMED));
        }
        let colon = if places.is_empty() { "" } else { ": " };
        Some(format!("{}{colon}{}", doubt.meaning(), places.join("; ")))
    };
    Doubt::ALL.into_iter().filter_map(told).collect()
}

/// Whether it is told already: a flow grows because a station or a count on its way does.
fn is_moot(f: &Found, found: &[Found], tables: &StudyTables) -> bool {
    let is_flow = |name: &str| tables.components.iter().any(|c| c.name == name && c.kind == ComponentKind::Flow);
    let tells = |other: &&Found| other.doubt == f.doubt && other.point == f.point && !is_flow(&other.component);
    f.doubt == Doubt::Growing && is_flow(&f.component) && found.iter().any(|o| tells(&o))
}

#[cfg(test)]
mod tests {
    use sim_core::stats::Component;

    use super::*;
    use crate::tables::{Axis, Point};

    #[test]
    fn each_doubt_is_told_once_with_its_places() {
        let station = ComponentKind::Station { servers: 1, paced: false };
        let axis = Axis {
            name: "load".into(),
            unit: String::new(),
            labels: vec!["0.9".into(), "1.1".into()],
            values: None,
            log: false,
        };
        let tables = StudyTables {
            components: vec![
                Component::new("web", ComponentKind::Flow, "packet"),
                Component::new("uplink", station, "packet"),
            ],
            axes: vec![axis],
            points: (0..2).map(|k| Point { coordinates: vec![k] }).collect(),
            ..StudyTables::default()
        };
        let found = |doubt, component: &str, words: &str| Found {
            doubt,
            point: 1,
            component: component.into(),
            words: words.into(),
        };
        let all = [
            found(Doubt::Cut, "web", "(90 inside, 100 left)"),
            found(Doubt::Growing, "web", "(1 -> 90 packets)"),
            found(Doubt::Growing, "uplink", "(1 -> 90 packets)"),
        ];
        let told = cautions(&all, &tables);
        assert_eq!(told.len(), 2);
        assert!(told[0].starts_with("no steady state") && told[0].ends_with(": uplink (1 -> 90 packets) at 1.1"));
        assert!(told[1].ends_with(": web (90 inside, 100 left) at 1.1"), "{}", told[1]);
        // Without the station the flow is all there is to tell.
        assert!(cautions(&all[..2], &tables)[0].ends_with("web (1 -> 90 packets) at 1.1"));
        let many: Vec<Found> = (0..7).map(|k| found(Doubt::Waiting, &format!("k{k}"), "in 1 of 9")).collect();
        assert!(cautions(&many, &tables)[0].ends_with("k3 in 1 of 9 at 1.1; and 3 more"));
        assert!(cautions(&[], &tables).is_empty());
    }
}
