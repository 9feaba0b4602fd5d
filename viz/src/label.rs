//! Names for axes: paths of a scenario and metrics, as a reader would say them.

/// The name of a swept path: `link.uplink.rate` is the rate of the uplink, `compartment.medium.fixed.inh` is inh in the
/// medium. What is swept stands first, and what it is part of after it.
pub(crate) fn of_path(path: &str) -> String {
    let keys: Vec<&str> = path.split('.').map(|k| k.trim_matches(['"', '\''])).collect();
    match keys[..] {
        ["compartment", name, "fixed", species] => format!("{species} in {name}"),
        ["compartment", name, "initial", species] => format!("Initial {species} in {name}"),
        ["intervention", name, "value"] => spoken(&[name]),
        ["run" | "study" | "routing" | "topology", ref rest @ ..] if !rest.is_empty() => spoken(rest),
        [_, name, ref rest @ ..] if !rest.is_empty() => format!("{} of {name}", spoken(rest)),
        _ => path.to_owned(),
    }
}

/// The name of a metric: `flow_completion_time` is the flow completion time.
pub(crate) fn of_metric(metric: &str) -> String {
    spoken(&[metric])
}

/// Keys as words, the first with a capital unless it is a symbol (`N`, `Km`, `k_out`).
fn spoken(keys: &[&str]) -> String {
    let is_symbol = |k: &str| k.len() < 3 || k.starts_with("k_") || k.chars().any(char::is_uppercase);
    let words: Vec<String> =
        keys.iter().map(|k| if is_symbol(k) { (*k).to_owned() } else { k.replace(['_', '.'], " ") }).collect();
    let text = words.join(" ");
    if keys.first().is_some_and(|k| is_symbol(k)) {
        return text;
    }
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_said_as_a_reader_would() {
        for (path, said) in [
            ("link.uplink.rate", "Rate of uplink"),
            ("link.uplink.queue.limit", "Queue limit of uplink"),
            ("stage.shaper.burst", "Burst of shaper"),
            ("intervention.dose.value", "Dose"),
            ("compartment.medium.fixed.inh", "inh in medium"),
            ("compartment.cell.initial.drug", "Initial drug in cell"),
            ("pathway.pgp.N", "N of pgp"),
            ("pathway.leak.k_out", "k_out of leak"),
            ("run.duration", "Duration"),
            ("traffic.\"a b\".rate", "Rate of a b"),
            ("odd", "odd"),
        ] {
            assert_eq!(of_path(path), said, "{path}");
        }
        assert_eq!(of_metric("dropped.tail_drop"), "Dropped tail drop");
    }
}
