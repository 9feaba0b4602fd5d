//! The unit table: symbols, prefixes, and what to write instead of a unit that is not there.

use super::Dimension;
use super::ratio::Ratio;

/// Which prefixes a unit takes. Only those in use are allowed, so that a slip (`mbit`, `Ms`) is not a strange quantity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefixes {
    None,
    /// a to m.
    Small,
    /// a to m, c, d.
    Metric,
    /// m, k to E.
    Frequency,
    /// k to E.
    Large,
    /// k to E, Ki to Ei.
    Data,
    /// a to m, k to T.
    Both,
}

/// A unit: its symbols, which prefixes they take, its size in base units as a fraction, its dimension.
struct Unit {
    symbols: &'static [&'static str],
    prefixes: Prefixes,
    size: (i128, i128),
    dimension: Dimension,
}

const fn unit(symbols: &'static [&'static str], prefixes: Prefixes, size: (i128, i128), dimension: Dimension) -> Unit {
    Unit { symbols, prefixes, size, dimension }
}

const UNITS: &[Unit] = &[
    unit(&["s"], Prefixes::Small, (1, 1), Dimension::TIME),
    unit(&["min"], Prefixes::None, (60, 1), Dimension::TIME),
    unit(&["h"], Prefixes::None, (3600, 1), Dimension::TIME),
    unit(&["d"], Prefixes::None, (86_400, 1), Dimension::TIME),
    unit(&["Hz"], Prefixes::Frequency, (1, 1), Dimension::RATE),
    unit(&["bit", "bits"], Prefixes::Data, (1, 1), Dimension::DATA),
    unit(&["B", "byte", "bytes"], Prefixes::Data, (8, 1), Dimension::DATA),
    unit(&["packet", "packets"], Prefixes::Large, (1, 1), Dimension::ITEMS),
    unit(&["molecule", "molecules"], Prefixes::None, (1, 1), Dimension::ITEMS),
    unit(&["vesicle", "vesicles"], Prefixes::None, (1, 1), Dimension::ITEMS),
    unit(&["customer", "customers"], Prefixes::None, (1, 1), Dimension::ITEMS),
    unit(&["ion", "ions"], Prefixes::None, (1, 1), Dimension::ITEMS),
    unit(&["item", "items"], Prefixes::None, (1, 1), Dimension::ITEMS),
    unit(&["m"], Prefixes::Metric, (1, 1), Dimension::LENGTH),
    unit(&["km"], Prefixes::None, (1000, 1), Dimension::LENGTH),
    unit(&["L", "l"], Prefixes::Metric, (1, 1000), Dimension::VOLUME),
    unit(&["g"], Prefixes::Small, (1, 1000), Dimension::MASS),
    unit(&["kg"], Prefixes::None, (1, 1), Dimension::MASS),
    unit(&["mol"], Prefixes::Small, (1, 1), Dimension::AMOUNT),
    unit(&["M"], Prefixes::Small, (1000, 1), Dimension::CONCENTRATION),
    unit(&["V"], Prefixes::Both, (1, 1), Dimension::VOLTAGE),
    unit(&["A"], Prefixes::Small, (1, 1), Dimension::CURRENT),
    unit(&["C"], Prefixes::Small, (1, 1), Dimension::CHARGE),
    unit(&["S"], Prefixes::Small, (1, 1), Dimension::CONDUCTANCE),
    unit(&["F"], Prefixes::Small, (1, 1), Dimension::CAPACITANCE),
    unit(&["ohm", "\u{3a9}", "\u{2126}"], Prefixes::Both, (1, 1), Dimension::RESISTANCE),
    unit(&["K"], Prefixes::Small, (1, 1), Dimension::TEMPERATURE),
    unit(&["J"], Prefixes::Both, (1, 1), Dimension::ENERGY),
    unit(&["Pa"], Prefixes::Both, (1, 1), Dimension::PRESSURE),
    unit(&["%"], Prefixes::None, (1, 100), Dimension::NUMBER),
];

/// SI prefixes with their powers of ten.
const TENS: &[(&str, i32)] = &[
    ("z", -21),
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("µ", -6),
    ("μ", -6),
    ("m", -3),
    ("c", -2),
    ("d", -1),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// Binary prefixes with their powers of two.
const TWOS: &[(&str, u32)] = &[("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

impl Prefixes {
    fn ten(self, power: i32) -> bool {
        match self {
            Self::None => false,
            Self::Small => power <= -3,
            Self::Metric => power < 0,
            Self::Frequency => power >= 3 || power == -3,
            Self::Large | Self::Data => power >= 3,
            Self::Both => power <= -3 || power >= 3,
        }
    }
}

/// The size in base units and the dimension of a symbol with or without a prefix.
pub(super) fn lookup(symbol: &str) -> Option<(Ratio, Dimension)> {
    // The whole symbol first, so that `min` is a minute and `mol` no prefixed unit.
    let plain = |s: &str| UNITS.iter().find(|u| u.symbols.contains(&s));
    if let Some(u) = plain(symbol) {
        return Some((Ratio::new(u.size.0, u.size.1)?, u.dimension));
    }
    for &(prefix, power) in TWOS {
        if let Some(u) = symbol.strip_prefix(prefix).and_then(plain).filter(|u| u.prefixes == Prefixes::Data) {
            return Some((Ratio::new(u.size.0, u.size.1)?.mul(Ratio::new(1 << power, 1)?)?, u.dimension));
        }
    }
    for &(prefix, power) in TENS {
        if let Some(u) = symbol.strip_prefix(prefix).and_then(plain).filter(|u| u.prefixes.ten(power)) {
            return Some((Ratio::new(u.size.0, u.size.1)?.mul(Ratio::power_of_ten(power)?)?, u.dimension));
        }
    }
    None
}

/// Spellings that people use and that are ambiguous or not units here, with what to write.
const INSTEAD: &[(&[&str], &str)] = &[
    (&["sec", "secs", "second", "seconds"], "write `s` for seconds"),
    (&["msec", "msecs", "millisecond", "milliseconds"], "write `ms` for milliseconds"),
    (&["usec", "usecs", "microsecond", "microseconds"], "write `us` for microseconds"),
    (&["nsec", "nanosecond", "nanoseconds"], "write `ns` for nanoseconds"),
    (&["mins", "minute", "minutes"], "write `min` for minutes"),
    (&["hr", "hrs", "hour", "hours"], "write `h` for hours"),
    (&["day", "days"], "write `d` for days"),
    (&["bps"], "write `bit/s`"),
    (&["kbps", "Kbps"], "write `kbit/s` for bits or `kB/s` for bytes"),
    (&["mbps", "Mbps"], "write `Mbit/s` for bits or `MB/s` for bytes"),
    (&["gbps", "Gbps"], "write `Gbit/s` for bits or `GB/s` for bytes"),
    (&["pps"], "write `packets/s`"),
    (&["rps", "cps"], "write `/s`"),
    (&["b"], "write `bit` for bits or `B` for bytes"),
    (&["kb", "Kb"], "write `kbit` for bits or `kB` for bytes"),
    (&["mb", "Mb"], "write `Mbit` for bits or `MB` for bytes"),
    (&["gb", "Gb"], "write `Gbit` for bits or `GB` for bytes"),
    (&["KB"], "write `kB` for 1000 bytes or `KiB` for 1024 bytes"),
    (&["pkt", "pkts"], "write `packets`"),
    (&["um2", "um²"], "write `um^2`"),
    (&["um3"], "write `um^3`"),
    (&["cm2"], "write `cm^2`"),
    (&["degC", "celsius", "Celsius", "°C"], "temperatures are absolute: write `310.15 K` for 37 degrees Celsius"),
    (&["liter", "liters", "litre", "litres"], "write `L` for litres"),
    (&["molar", "Molar"], "write `M` for mol/L"),
    (&["mole", "moles"], "write `mol`"),
    (&["volt", "volts"], "write `V` for volts"),
];

/// What to write instead of an unknown symbol: a known slip, the same symbol in other case, or the nearest spelling.
pub(super) fn hint(symbol: &str) -> Option<String> {
    if let Some((_, text)) = INSTEAD.iter().find(|(s, _)| s.contains(&symbol)) {
        return Some((*text).to_owned());
    }
    let all = symbols();
    if let Some(other) = all.iter().find(|s| s.to_lowercase() == symbol.to_lowercase()) {
        return Some(format!("did you mean `{other}`?"));
    }
    // One letter is near to every other; a long word may be off by more.
    let letters = symbol.chars().count();
    let near = |known: &str| Some(strsim::damerau_levenshtein(known, symbol)).filter(|d| *d <= 1 + letters / 6);
    let words = INSTEAD.iter().flat_map(|(words, text)| words.iter().map(|w| (near(w), (*text).to_owned())));
    let symbols = all.iter().map(|s| (near(s), format!("did you mean `{s}`?")));
    let nearest = symbols.chain(words).filter_map(|(d, text)| Some((d?, text))).min_by_key(|c| c.0);
    nearest.filter(|_| letters > 1).map(|(_, text)| text)
}

/// Every symbol that [`lookup`] knows, the common ones first.
fn symbols() -> Vec<String> {
    let mut all: Vec<String> = UNITS.iter().flat_map(|u| u.symbols).map(|s| (*s).to_owned()).collect();
    for u in UNITS {
        for s in u.symbols {
            all.extend(TENS.iter().filter(|t| u.prefixes.ten(t.1) && t.0.is_ascii()).map(|t| format!("{}{s}", t.0)));
            if u.prefixes == Prefixes::Data {
                all.extend(TWOS.iter().map(|t| format!("{}{s}", t.0)));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_symbol_has_two_readings() {
        let mut all = symbols();
        all.sort();
        let n = all.len();
        all.dedup();
        assert_eq!(all.len(), n, "a prefixed symbol collides with another");
        assert!(all.iter().all(|s| lookup(s).is_some()));
    }

    #[test]
    fn bits_bytes_and_binary_prefixes_are_kept_apart() {
        let size = |s: &str| lookup(s).map(|u| (u.0.num, u.0.den));
        assert_eq!(size("kB"), Some((8000, 1)));
        assert_eq!(size("KiB"), Some((8192, 1)));
        assert_eq!(size("Mbit"), Some((1_000_000, 1)));
        assert_eq!((size("mbit"), size("Mb"), size("KB"), size("Kis")), (None, None, None, None));
    }

    #[test]
    fn slips_get_the_right_spelling() {
        assert_eq!(hint("Mb").unwrap(), "write `Mbit` for bits or `MB` for bytes");
        assert_eq!(hint("mbit").unwrap(), "did you mean `Mbit`?");
        assert_eq!(hint("seconds").unwrap(), "write `s` for seconds");
        assert_eq!(hint("pakets").unwrap(), "did you mean `packets`?");
        assert_eq!(hint("minuts").unwrap(), "write `min` for minutes");
        assert_eq!((hint("furlong"), hint("x")), (None, None));
    }
}
