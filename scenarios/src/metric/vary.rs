//! Parameters that a metric varies by itself: the same scenario with one value a little less, and a little more.
//!
//! A value with a unit or a plain number is multiplied by 1 - delta and 1 + delta; of a whole number the nearest whole ones
//! are taken, at least one less and one more. What was made of it is what counts: the step is the difference of the
//! logarithms of the two values that were run.

use sim_core::config::{Diagnostic, Node, Span, Table, Tree, did_you_mean};

use crate::plan::{NOT_THE_SYSTEM, fill_in, to_node};
use crate::sweep::end_of_range;
use crate::text::{get_path, near_paths, set_path, value_at};

/// A parameter and by how much it is varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Varied {
    /// Its path.
    pub(crate) path: String,
    /// Where that stands.
    pub(crate) span: Span,
    /// The share by which it becomes less and more.
    pub(crate) delta: f64,
}

/// The points where a parameter is less and more, and the difference of the logarithms of its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) low: usize,
    pub(crate) high: usize,
    pub(crate) step: f64,
}

/// Digits that a varied value keeps: enough for any parameter, and none of them noise of the arithmetic.
const DIGITS: usize = 11;

/// The scenario `tree` of a point with `varied` less and more, each with the value; `base` is the checked scenario.
///
/// Fails if there is no number above zero at the path.
pub(crate) fn vary(tree: &Node, base: &Table, varied: &Varied) -> Result<[(Node, f64); 2], Diagnostic> {
    let Varied { path, span, delta } = varied;
    let head = path.split('.').next().unwrap_or_default();
    if NOT_THE_SYSTEM.contains(&head) {
        let message = format!("`{path}` cannot be varied");
        return Err(Diagnostic::error("E0434", *span, message, "it says how the system is studied"));
    }
    let mut tree = tree.clone();
    fill_in(&mut tree, base, path)?;
    let value = get_path(&tree, path).cloned().or_else(|| value_at(base, path).map(to_node));
    let Some(value) = value else {
        let near = near_paths(base, path);
        let d = Diagnostic::error("E0434", *span, format!("there is no value `{path}`"), "matches nothing");
        let near = did_you_mean(path, near.iter().map(String::as_str));
        return Err(d.help(near.unwrap_or_else(|| "a path is written `link.uplink.rate`: section, name, key".into())));
    };
    let no_number = |label: &str| Diagnostic::error("E0434", *span, format!("`{path}` cannot be varied"), label);
    let (x, unit) = end_of_range(&value).map_err(|_| no_number("expected a number, with its unit or without"))?;
    if x <= 0.0 {
        return Err(no_number("is not above zero"));
    }
    let whole = matches!(value.tree, Tree::Int(_));
    if whole && x < 2.0 {
        return Err(no_number("there is no whole number between it and zero"));
    }
    let changed = |sign: f64| {
        let y = if whole { x + sign * (delta * x).round().max(1.0) } else { rounded(x * (1.0 + sign * delta)) };
        let mut tree = tree.clone();
        set_path(&mut tree, path, Node { tree: unit.write(y, whole), span: *span })?;
        Ok((tree, y))
    };
    Ok([changed(-1.0)?, changed(1.0)?])
}

fn rounded(x: f64) -> f64 {
    format!("{x:.DIGITS$e}").parse().unwrap_or(x)
}
