//! What each code of a finding about a scenario file means.

/// Codes with their meaning, in order.
pub const CODES: &[(&str, &str)] = &[
    (
        "E0001",
        "The file is not TOML. All syntax errors of a file are reported at once. A value with a unit is a string: `\"5 ms\"`.",
    ),
    ("E0002", "A TOML date or time of day. Simulated time starts at zero and has no calendar; a label goes in quotes."),
    ("E0003", "An input file is missing, unreadable, empty, larger than 16 MiB, or not UTF-8 text."),
    ("E0101", "A top-level section that scenarios do not have. `egress schema` lists them."),
    (
        "E0102",
        "A key that the table does not take. Unknown keys are errors everywhere, so that a misspelt one is not ignored.",
    ),
    ("E0103", "A key or a section that must be given is missing."),
    ("E0104", "A value has the wrong TOML type, such as a number where a string with a unit is expected."),
    ("E0105", "The `kind` is not one that the program knows."),
    ("E0106", "A value names an element that the scenario does not declare."),
    (
        "E0107",
        "An element's name has other characters than letters, digits, `_` and `-`. Names are parts of dotted paths.",
    ),
    ("E0108", "A number is outside the bounds that its key allows."),
    ("E0109", "A string is not one of the choices that its key allows."),
    ("E0110", "Tables are nested too deeply."),
    (
        "E0199",
        "The declaration of an element is wrong; this is a mistake in the program or in a plug-in, not in the file.",
    ),
    ("E0201", "A value has a unit of another dimension than its key: `\"5 mM\"` where a time is expected."),
    (
        "E0202",
        "A value with a unit cannot be read. `bit` and `B`, `kB` and `KiB` are kept apart; `M` alone is mol/L; `min` is a minute.",
    ),
    ("E0203", "A quantity that cannot be negative is negative."),
    ("E0204", "A number is infinite or not a number."),
    ("E0301", "An override is not `PATH=VALUE` with a dotted path such as `link.uplink.rate`."),
    ("E0302", "The path of an override leads through a value that is no table, or past the end of an array."),
    ("E0303", "The value of an override begins like a TOML string, array or table, but is not one."),
];

/// The meaning of a code; any case.
pub fn explain(code: &str) -> Option<&'static str> {
    CODES.iter().find(|c| c.0.eq_ignore_ascii_case(code)).map(|c| c.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_in_use_is_explained_and_every_explained_one_is_in_use() {
        let sources = [
            include_str!("parse.rs"),
            include_str!("source.rs"),
            include_str!("overrides.rs"),
            include_str!("../../../sim-core/src/config/check.rs"),
            include_str!("../../../sim-core/src/config/check_value.rs"),
        ];
        let code_at = |text: &'static str, i: usize| text.get(i + 1..i + 6).filter(|c| c[1..].parse::<u16>().is_ok());
        let mut used: Vec<&str> =
            sources.iter().flat_map(|t| t.match_indices("\"E").filter_map(|(i, _)| code_at(t, i))).collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used, CODES.iter().map(|c| c.0).collect::<Vec<_>>());
        assert!(explain("e0201").unwrap().contains("dimension") && explain("E9999").is_none());
    }
}
