//! The two worlds that a scenario can describe, and what only one of them has.

use sim_core::config::{Diagnostic, Diagnostics, Section, Span, Table};

use crate::{biology, network};

/// A family of systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// Packets and links.
    Network,
    /// Molecules and compartments.
    Biology,
}

impl World {
    /// The world that `scenario` describes; a network if nothing says otherwise.
    pub fn of(scenario: &Table) -> Self {
        let given = |section: &&str| Self::is_given(scenario, section);
        let sections = Self::Biology.sections();
        let mut of_cells = sections.iter().map(|s| s.name);
        let is_network = Self::Network.bodies().iter().any(given);
        if Self::Biology.bodies().iter().any(given) || (!is_network && of_cells.any(|s| given(&s))) {
            Self::Biology
        } else {
            Self::Network
        }
    }

    /// Whether `key` is a section that only the other world has, `[routing]` of a cell.
    pub fn is_foreign(self, key: &str) -> bool {
        self.other().sections().iter().any(|s| s.name == key)
    }

    /// The sections that no other world has.
    fn sections(self) -> Vec<Section> {
        match self {
            Self::Network => network::sections(),
            Self::Biology => biology::SECTIONS.to_vec(),
        }
    }

    /// The sections without which there is nothing for the others to be about.
    fn bodies(self) -> &'static [&'static str] {
        match self {
            Self::Network => &["topology", "node", "link", "traffic"],
            Self::Biology => &["compartment"],
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Network => Self::Biology,
            Self::Biology => Self::Network,
        }
    }

    /// One of its systems, and all of them.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Network => ("a network", "networks"),
            Self::Biology => ("a cell", "cells"),
        }
    }

    fn is_given(scenario: &Table, section: &str) -> bool {
        scenario.get(section).is_some_and(|v| !v.defaulted)
    }
}

/// That a scenario has both bodies.
pub(crate) fn check_one(scenario: &Table) -> Result<(), Diagnostic> {
    let first = |world: World| {
        let bodies =
            scenario.entries.iter().filter(|(name, _, v)| world.bodies().contains(&name.as_str()) && !v.defaulted);
        bodies.map(|(name, span, _)| (*span, name.as_str(), world)).min_by_key(|b| b.0)
    };
    let (Some(a), Some(b)) = (first(World::Network), first(World::Biology)) else { return Ok(()) };
    let (first, second) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    let message = "a scenario describes a network or a cell, not both";
    let label = format!("of {}, after `{}` of {}", second.2.names().0, first.1, first.2.names().0);
    let d = Diagnostic::error("E0304", second.0, message, label);
    Err(d.help("make a scenario of each, or leave out what is not meant"))
}

/// What of `scenario` is for systems of another world than its own, and would do nothing.
pub(crate) fn foreign(scenario: &Table) -> Diagnostics {
    let world = World::of(scenario);
    let (its, others) = (world.names().0, world.other().names().1);
    let mut found = Diagnostics::default();
    let mut report = |span: Span, what: &str| {
        let d = Diagnostic::error("E0305", span, format!("{what} is for {others}"), format!("this is {its}"));
        found.push(d.help("leave it out: it would do nothing"));
    };
    for (name, span, value) in &scenario.entries {
        if !value.defaulted && world.is_foreign(name) {
            report(*span, &format!("`[{name}]`"));
        }
    }
    let fidelity = scenario.opt_table("run").and_then(|run| run.get("fidelity"));
    if let Some(given) = fidelity.filter(|v| !v.defaulted) {
        let is_of_cells = matches!(given.as_text(), Some("molecule" | "mean"));
        if is_of_cells != (world == World::Biology) {
            let what = format!("`fidelity = \"{}\"`", given.as_text().unwrap_or_default());
            report(given.span, &what);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sim_core::config::check;

    use super::*;
    use crate::network::traffic::fixture::tree;
    use crate::{BuildContext, build, registry, sections};

    const NETWORK: &str = "node = { a = {}, b = {} }, link = { l = { from = 'a', to = 'b', rate = '1 Mbit/s' } },
        traffic = { t = { kind = 'poisson', from = 'a', to = 'b', rate = '1 packets/s' } }";
    const CELL: &str = "compartment = { cell = { volume = '1 pL', initial = { drug = 5 } } },
        pathway = { decay = { kind = 'degradation', species = 'drug', from = 'cell', k = '1 /s' } }";

    /// Code and message of everything that is wrong with a scenario.
    fn findings(text: &str) -> Vec<(&'static str, String)> {
        let (registry, mut found) = (registry(), Diagnostics::default());
        let run = crate::network::traffic::fixture::run_section();
        let table = check(&tree(&format!("{{ {text} }}")), &[sections(), vec![run]].concat(), &registry, &mut found);
        assert!(!found.has_errors(), "{text}: {found:?}");
        let found = build(&table, &BuildContext::new(&registry, Path::new("."))).err().unwrap_or_default();
        found.iter().map(|d| (d.code, d.message.clone())).collect()
    }

    #[test]
    fn a_scenario_is_of_one_world() {
        assert_eq!(findings(NETWORK), []);
        assert_eq!(findings(CELL), []);
        let both = "a scenario describes a network or a cell, not both".to_owned();
        assert_eq!(findings(&format!("{NETWORK}, {CELL}")), [("E0304", both.clone())]);
        assert_eq!(findings(&format!("{CELL}, node = {{ a = {{}} }}")), [("E0304", both.clone())]);
        assert_eq!(findings(&format!("{NETWORK}, compartment = {{ c = {{ volume = '1 pL' }} }}")), [("E0304", both)]);
    }

    #[test]
    fn what_is_for_the_other_world_is_refused() {
        let one = |what: &str, whom: &str| vec![("E0305", format!("{what} is for {whom}"))];
        let cell = |more: &str| findings(&format!("{CELL}, {more}"));
        assert_eq!(cell("routing = { ecmp = 'hrw' }"), one("`[routing]`", "networks"));
        assert_eq!(
            cell("stage = { s = { kind = 'server', service = { kind = 'constant', time = '1 ms' } } }"),
            one("`[stage]`", "networks")
        );
        assert_eq!(cell("run = { fidelity = 'fluid' }"), one("`fidelity = \"fluid\"`", "networks"));
        assert_eq!(cell("run = { fidelity = 'molecule' }"), []);
        assert_eq!(cell("run = {}"), []);
        let network = |more: &str| findings(&format!("{NETWORK}, {more}"));
        assert_eq!(network("species = { x = {} }"), one("`[species]`", "cells"));
        assert_eq!(
            network("species = { A = {} }, reaction = { r = { equation = 'A ->', k = '1 /s' } }"),
            [one("`[species]`", "cells"), one("`[reaction]`", "cells")].concat()
        );
        assert_eq!(network("run = { fidelity = 'packet' }"), []);
        assert_eq!(network("run = { fidelity = 'mean' }"), one("`fidelity = \"mean\"`", "cells"));
    }

    #[test]
    fn something_moves() {
        let nothing = [("E0300", "nothing moves in this scenario".to_owned())];
        for text in ["run = {}", "routing = {}", "node = { a = {} }", "compartment = { c = { volume = '1 pL' } }"] {
            assert_eq!(findings(text), nothing, "{text}");
        }
        assert_eq!(findings("compartment = { c = { volume = '1 pL', fixed = { drug = 1 } } }"), nothing);
    }
}
