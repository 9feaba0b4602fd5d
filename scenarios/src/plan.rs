//! The points of a sweep and the order in which runs are made.

use sim_core::config::{Data, Diagnostic, Key, Node, Section, Shape, Span, Table, Tree, Value};

use crate::sweep::SweepAxis;
use crate::tables::Point;
use crate::text::{get_path, near_paths, set_path, split_path, value_at};

/// The most points that a sweep may have.
pub const POINTS_MAX: usize = 100_000;

/// Sections that say how to study a system, not what it is: they are neither swept nor part of a point's identity.
pub(crate) const NOT_THE_SYSTEM: &[&str] = &["scenario", "study", "sweep", "metric", "figure"];

/// Points and replications, in the order of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Points of the sweep; 1 if there is none.
    pub points: usize,
    /// Runs of each.
    pub replications: u32,
}

impl Plan {
    /// How many runs there are.
    pub fn runs(self) -> u64 {
        self.points as u64 * u64::from(self.replications)
    }
    /// All runs as (point, replication), replication by replication: every beginning of the list is a balanced design, so
    /// that what an interrupted study leaves can be used.
    pub fn order(self) -> impl Iterator<Item = (usize, u32)> {
        (0..self.replications).flat_map(move |r| (0..self.points).map(move |p| (p, r)))
    }
}

/// The grid of all axes, the last one running fastest; one point without coordinates if there is no axis.
///
/// Fails if there would be more than [`POINTS_MAX`].
pub(crate) fn grid(axes: &[SweepAxis]) -> Result<Vec<Point>, Diagnostic> {
    let count = axes.iter().try_fold(1usize, |n, a| n.checked_mul(a.values.len())).unwrap_or(usize::MAX);
    if let Some(last) = axes.last().filter(|_| count > POINTS_MAX) {
        let lengths: Vec<String> = axes.iter().map(|a| a.values.len().to_string()).collect();
        let message = format!("a sweep of {} points", lengths.join(" x "));
        let d = Diagnostic::error("E0404", last.span, message, format!("up to {POINTS_MAX} points are taken"));
        return Err(d.help("use fewer values, or several scenarios"));
    }
    let lengths: Vec<usize> = axes.iter().map(|a| a.values.len()).collect();
    Ok((0..count).map(|k| Point { coordinates: coordinates(&lengths, k) }).collect())
}

/// The coordinates of point `k` on axes of these lengths, the last one running fastest.
pub(crate) fn coordinates(lengths: &[usize], mut k: usize) -> Vec<usize> {
    let mut coordinates = vec![0; lengths.len()];
    for (c, n) in coordinates.iter_mut().zip(lengths).rev() {
        *c = k % n;
        k /= n;
    }
    coordinates
}

/// The scenario's tree at a point.
pub(crate) fn at_point(root: &Node, base: &Table, axes: &[SweepAxis], point: &Point) -> Result<Node, Diagnostic> {
    let mut tree = root.clone();
    for (axis, &i) in axes.iter().zip(&point.coordinates) {
        fill_in(&mut tree, base, &axis.axis.name)?;
        set_path(&mut tree, &axis.axis.name, axis.values[i].clone())?;
    }
    Ok(tree)
}

/// Makes the tables on the way to `path` that only defaults gave, so that setting one of their keys keeps the others.
pub(crate) fn fill_in(tree: &mut Node, base: &Table, path: &str) -> Result<(), Diagnostic> {
    let Some(keys) = split_path(path) else { return Ok(()) };
    for (_, range) in keys.iter().take(keys.len().saturating_sub(1)) {
        let prefix = &path[..range.end];
        if get_path(tree, prefix).is_none()
            && let Some(value) = value_at(base, prefix).filter(|v| !v.has_wrong())
        {
            set_path(tree, prefix, to_node(value))?;
        }
    }
    Ok(())
}

/// The code of a path that leads nowhere.
pub(crate) const NO_SUCH_PATH: &str = "E0401";

/// Whether `path` leads nowhere because something that is no table stands on its way in place of one: that is told of
/// anyway.
pub(crate) fn is_lost(root: &Node, base: &Table, path: &str) -> bool {
    let Some(keys) = split_path(path) else { return false };
    keys.iter().rev().skip(1).any(|(_, range)| {
        let prefix = &path[..range.end];
        let in_the_way = get_path(root, prefix).is_some_and(|n| !matches!(n.tree, Tree::Table(_) | Tree::Array(_)));
        in_the_way && value_at(base, prefix).is_none_or(Value::has_wrong)
    })
}

/// Whether `path` leads to something that can be set: a key of an existing table (whether the table takes that key is
/// for the check to say). The error names near paths.
pub(crate) fn find(root: &Node, base: &Table, sections: &[Section], path: &str, span: Span) -> Result<(), Diagnostic> {
    let nothing = || {
        let d =
            Diagnostic::error(NO_SUCH_PATH, span, format!("`{path}` matches nothing in this scenario"), "no such path");
        let near = near_paths(base, path);
        if near.is_empty() {
            d.help("a path is written `link.uplink.rate`: section, name, key; a new element as a whole: `probe.p = { kind = ... }`")
        } else {
            let near: Vec<String> = near.iter().map(|p| format!("`{p}`")).collect();
            d.help(format!("did you mean {}?", near.join(" or ")))
        }
    };
    let keys = split_path(path).ok_or_else(nothing)?;
    let section = sections.iter().find(|s| s.name == keys[0].0).ok_or_else(nothing)?;
    if get_path(root, path).is_some() || value_at(base, path).is_some() {
        return Ok(());
    }
    let depth = if section.shape == Shape::Single { 1 } else { 2 };
    let parent = &path[..keys[keys.len().saturating_sub(2)].1.end];
    let exists = match (get_path(root, parent), value_at(base, parent)) {
        (Some(n), _) => matches!(n.tree, Tree::Table(_)),
        (None, Some(v)) => matches!(v.data, Data::Table(_)),
        (None, None) => false,
    };
    if keys.len() > depth && exists { Ok(()) } else { Err(nothing()) }
}

/// Whether `path` is that of an element, and `value` one written out as a whole: such may be added. (A single key of an element
/// that is not there is more likely a name mistyped.)
pub(crate) fn adds_element(sections: &[Section], path: &str, value: &str) -> bool {
    let Some(keys) = split_path(path) else { return false };
    let is_keyed = sections.iter().any(|s| s.name == keys[0].0 && s.shape == Shape::Keyed);
    keys.len() == 2 && is_keyed && value.trim_start().starts_with('{')
}

/// A checked value as a tree again.
pub(crate) fn to_node(value: &Value) -> Node {
    let tree = match &value.data {
        Data::Quantity(q) => Tree::Str(q.to_string()),
        Data::Number(x) => Tree::Float(*x),
        Data::Integer(i) => Tree::Int(*i),
        Data::Bool(b) => Tree::Bool(*b),
        Data::Text(s) => Tree::Str(s.clone()),
        Data::List(items) => Tree::Array(items.iter().map(to_node).collect()),
        Data::Table(t) => {
            let key = |name: &str, span| Key { name: name.to_owned(), span };
            Tree::Table(t.entries.iter().map(|(k, span, v)| (key(k, *span), to_node(v))).collect())
        }
        Data::Any(node) => return node.clone(),
    };
    Node { tree, span: value.span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Axis;

    fn axis(n: usize) -> SweepAxis {
        let axis = Axis { name: format!("a.b.{n}"), unit: String::new(), labels: Vec::new(), values: None, log: false };
        let value = Node { tree: Tree::Int(0), span: Span::default() };
        SweepAxis { axis, values: vec![value; n], span: Span::default() }
    }

    #[test]
    fn the_last_axis_runs_fastest() {
        let points = grid(&[axis(2), axis(3)]).unwrap();
        let coordinates: Vec<Vec<usize>> = points.into_iter().map(|p| p.coordinates).collect();
        assert_eq!(coordinates, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
        assert_eq!(grid(&[]).unwrap(), [Point { coordinates: Vec::new() }]);
    }

    #[test]
    fn endless_grids_are_refused() {
        let d = grid(&[axis(1000), axis(101)]).unwrap_err();
        assert_eq!((d.code, d.message.as_str()), ("E0404", "a sweep of 1000 x 101 points"));
    }

    #[test]
    fn every_beginning_of_the_order_is_balanced() {
        let plan = Plan { points: 3, replications: 4 };
        let order: Vec<(usize, u32)> = plan.order().collect();
        assert_eq!(order.len() as u64, plan.runs());
        for cut in 0..order.len() {
            let done = |p| order[..cut].iter().filter(|w| w.0 == p).count();
            assert!((0..3).all(|p| done(0) - done(p) <= 1), "{cut}");
        }
    }
}
