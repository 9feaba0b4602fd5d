//! Dotted paths of values: reading them, listing them, finding near ones.

use sim_core::config::{Data, Table, Value, key_text};

/// The keys of a dotted path, and the byte range of each; `None` if it is malformed. Keys may be in quotes.
pub fn split_path(path: &str) -> Option<Vec<(String, std::ops::Range<usize>)>> {
    let mut keys = Vec::new();
    let mut at = 0;
    loop {
        let rest = &path[at..];
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (key, length) = if let Some(q) = quote {
            let end = rest[1..].find(q)? + 1;
            (&rest[1..end], end + 1)
        } else {
            let end = rest.find(['.', '"', '\'', '=']).unwrap_or(rest.len());
            (rest[..end].trim(), end)
        };
        if key.is_empty() {
            return None;
        }
        keys.push((key.to_owned(), at..at + length));
        at += length;
        match path[at..].chars().next() {
            None => return Some(keys),
            Some('.') => at += 1,
            Some(_) => return None,
        }
    }
}

/// The path of every value in a checked scenario, in its order; list elements by index.
pub fn paths(resolved: &Table) -> Vec<String> {
    let mut all = Vec::new();
    table(resolved, "", &mut all);
    all
}

/// The value at a dotted path of a checked scenario; list elements by index.
pub fn value_at<'a>(resolved: &'a Table, path: &str) -> Option<&'a Value> {
    let keys = split_path(path.trim())?;
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(resolved.get(&first.0)?, |value, (key, _)| match &value.data {
        Data::Table(t) => t.get(key),
        Data::List(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn table(t: &Table, prefix: &str, all: &mut Vec<String>) {
    for (key, _, v) in &t.entries {
        let dot = if prefix.is_empty() { "" } else { "." };
        value(v, format!("{prefix}{dot}{}", key_text(key)), all);
    }
}

fn value(v: &Value, path: String, all: &mut Vec<String>) {
    match &v.data {
        Data::Table(t) => table(t, &path, all),
        Data::List(items) if items.iter().any(|v| matches!(v.data, Data::Table(_))) => {
            for (i, item) in items.iter().enumerate() {
                value(item, format!("{path}.{i}"), all);
            }
        }
        _ => all.push(path),
    }
}

/// Up to five paths of the checked scenario that are spelled most like `path`, the nearest first.
pub fn near_paths(resolved: &Table, path: &str) -> Vec<String> {
    let mut scored: Vec<(f64, String)> = paths(resolved)
        .into_iter()
        .map(|p| (strsim::normalized_damerau_levenshtein(&p, path).max(tail_score(&p, path)), p))
        .filter(|(score, _)| *score > 0.5)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().take(5).map(|(_, p)| p).collect()
}

/// `uplink.rate` is near `link.uplink.rate`: the user left out the section.
fn tail_score(full: &str, path: &str) -> f64 {
    let is_tail = full.strip_suffix(path).is_some_and(|head| head.ends_with('.'));
    if is_tail { 0.9 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::config::Span;

    fn keys(path: &str) -> Option<Vec<String>> {
        Some(split_path(path)?.into_iter().map(|k| k.0).collect())
    }

    #[test]
    fn paths_split_at_dots_outside_quotes() {
        assert_eq!(keys("link.uplink.rate").unwrap(), ["link", "uplink", "rate"]);
        assert_eq!(keys("sweep.\"link.uplink.rate\"").unwrap(), ["sweep", "link.uplink.rate"]);
        assert_eq!(keys("a.'b c'").unwrap(), ["a", "b c"]);
        for bad in ["", ".", "a.", ".a", "a..b", "\"a", "a\"b\"", "\"a\"b"] {
            assert_eq!(keys(bad), None, "{bad}");
        }
        assert_eq!(split_path("ab.c").unwrap()[1].1, 3..4);
    }

    #[test]
    fn near_paths_are_the_nearest_full_ones() {
        let leaf = |name: &str| (name.to_owned(), Span::default(), Value::given(Data::Bool(true), Span::default()));
        let nest = |name: &str, entries| {
            let t = Table { entries, ..Table::default() };
            let data = Data::Table(t);
            (name.to_owned(), Span::default(), Value::given(data, Span::default()))
        };
        let up = nest("uplink", vec![leaf("rate"), leaf("delay"), leaf("a.b")]);
        let root =
            Table { entries: vec![nest("link", vec![up]), nest("run", vec![leaf("duration")])], ..Table::default() };
        assert_eq!(paths(&root), ["link.uplink.rate", "link.uplink.delay", "link.uplink.\"a.b\"", "run.duration"]);
        assert_eq!(near_paths(&root, "link.uplnik.rate")[0], "link.uplink.rate");
        assert_eq!(near_paths(&root, "uplink.delay")[0], "link.uplink.delay");
        assert_eq!(near_paths(&root, "zzz"), Vec::<String>::new());
        assert!(paths(&root).iter().all(|p| value_at(&root, p).is_some()));
        assert!(value_at(&root, "link.uplink.rate.x").is_none() && value_at(&root, "link..rate").is_none());
    }
}
