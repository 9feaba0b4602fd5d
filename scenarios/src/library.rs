//! The scenarios that come with the program.

use sim_core::config::{Diagnostic, Span, Tree, did_you_mean};

use crate::text::parse;

/// Names and texts; the name is the file's.
const LIBRARY: &[(&str, &str)] = &[
    ("abilene", include_str!("../library/abilene.toml")),
    ("abilene-day", include_str!("../library/abilene-day.toml")),
    ("beta-cell-biphasic", include_str!("../library/beta-cell-biphasic.toml")),
    ("acrab-tolc", include_str!("../library/acrab-tolc.toml")),
    ("bile-export", include_str!("../library/bile-export.toml")),
    ("branch-office", include_str!("../library/branch-office.toml")),
    ("bufferbloat", include_str!("../library/bufferbloat.toml")),
    ("calyx-100hz", include_str!("../library/calyx-100hz.toml")),
    ("cellular-uplink", include_str!("../library/cellular-uplink.toml")),
    ("dumbbell-tcp", include_str!("../library/dumbbell-tcp.toml")),
    ("efflux-assay", include_str!("../library/efflux-assay.toml")),
    ("evening-peak", include_str!("../library/evening-peak.toml")),
    ("export-bottleneck", include_str!("../library/export-bottleneck.toml")),
    ("export-defects", include_str!("../library/export-defects.toml")),
    ("expression-noise", include_str!("../library/expression-noise.toml")),
    ("lactate-export", include_str!("../library/lactate-export.toml")),
    ("office-firewall", include_str!("../library/office-firewall.toml")),
    ("parking-lot", include_str!("../library/parking-lot.toml")),
    ("pgp-dose-response", include_str!("../library/pgp-dose-response.toml")),
    ("pgp-efflux", include_str!("../library/pgp-efflux.toml")),
    ("potassium-channel", include_str!("../library/potassium-channel.toml")),
    ("qos-voice-vs-bulk", include_str!("../library/qos-voice-vs-bulk.toml")),
    ("quantal-analysis", include_str!("../library/quantal-analysis.toml")),
    ("shaped-uplink", include_str!("../library/shaped-uplink.toml")),
    ("slow-start", include_str!("../library/slow-start.toml")),
    ("synapse-depression", include_str!("../library/synapse-depression.toml")),
    ("synaptic-vesicle-cycle", include_str!("../library/synaptic-vesicle-cycle.toml")),
    ("transcytosis", include_str!("../library/transcytosis.toml")),
    ("uptake-block", include_str!("../library/uptake-block.toml")),
    ("wan-availability", include_str!("../library/wan-availability.toml")),
    ("wan-failover", include_str!("../library/wan-failover.toml")),
    ("window-or-link", include_str!("../library/window-or-link.toml")),
];

/// Name and title of each bundled scenario.
pub fn list() -> Vec<(&'static str, String)> {
    let title = |text| match parse("", text, 0).0.get("scenario").and_then(|s| s.get("title")).map(|t| &t.tree) {
        Some(Tree::Str(title)) => title.clone(),
        _ => String::new(),
    };
    LIBRARY.iter().map(|(name, text)| (*name, title(text))).collect()
}

/// The text of a bundled scenario; an error without a place that names near ones if there is none of this name.
pub fn get(name: &str) -> Result<&'static str, Diagnostic> {
    LIBRARY.iter().find(|s| s.0 == name).map(|s| s.1).ok_or_else(|| {
        let names = || LIBRARY.iter().map(|s| s.0);
        let all = format!("bundled scenarios: {}", names().collect::<Vec<_>>().join(", "));
        let help = did_you_mean(name, names()).map_or(all.clone(), |near| format!("{near} {all}"));
        let message = format!("there is no bundled scenario `{name}`");
        Diagnostic::error("E0003", Span::default(), message, "").help(help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, Scenario, Source};
    use crate::text::render;

    #[test]
    fn every_bundled_scenario_has_its_name_and_a_title_and_is_valid() {
        for (name, title) in list() {
            assert!(!title.is_empty(), "{name}");
            let source = Source::Bundled(name.to_owned());
            match Scenario::load(&source, &Overrides::default(), &models::registry()) {
                Ok(s) => assert_eq!(s.name(), name),
                Err(e) => panic!("{name}:\n{}", render(&e.diagnostics, &e.sources, false)),
            }
        }
    }

    #[test]
    fn every_bundled_scenario_is_the_same_with_its_defaults_written_out() {
        for (name, _) in list() {
            let load = |source| match Scenario::load(&source, &Overrides::default(), &models::registry()) {
                Ok(s) => s,
                Err(e) => panic!("{name}:\n{}", render(&e.diagnostics, &e.sources, false)),
            };
            let first = load(Source::Bundled(name.to_owned()));
            assert!(first.warnings().is_empty(), "{name}:\n{}", render(first.warnings(), first.sources(), false));
            let text = first.resolved(1);
            let is_cell = first.table().get("compartment").is_some();
            for of_networks in ["[routing]", "fidelity"] {
                assert_eq!(text.contains(of_networks), !is_cell, "{name}: {of_networks}");
            }
            let has_topology = first.table().get("topology").is_some_and(|v| !v.defaulted);
            assert_eq!(text.contains("[topology]"), has_topology, "{name}");
            let again = load(Source::Text { name: format!("{name}.toml"), text });
            let ids = |s: &Scenario| (0..s.points().len()).map(|p| s.point_id(p).to_owned()).collect::<Vec<_>>();
            assert_eq!(ids(&again), ids(&first), "{name}");
        }
    }
}
