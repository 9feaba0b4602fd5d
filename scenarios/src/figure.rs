//! `[[figure]]`: which figures a scenario asks for, and what they are to show.

use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Section, Shape, Table, Type, Value, did_you_mean};

use crate::metric::Known;
use crate::tables::Axis;

/// The kinds of figures that `[[figure]]` may ask for.
pub const KINDS: &[&str] =
    &["throughput", "occupancy", "series", "delay_ccdf", "utilization", "attribution", "sweep", "dose_response"];

/// A figure that a scenario asks for. What it does not say is chosen by what there is to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FigureRequest {
    /// One of [`KINDS`].
    pub kind: String,
    /// The components to show.
    pub components: Vec<String>,
    /// Of a sweep or a series: the metric to show.
    pub metric: Option<String>,
    /// Of a sweep: the statistic to show.
    pub stat: Option<String>,
    /// Of a sweep: the path of the axis to show it against.
    pub axis: Option<String>,
    /// The only point of the sweep to show.
    pub point: Option<usize>,
    /// Instead of the quantity's name at the x axis.
    pub x_label: Option<String>,
    /// Instead of the quantity's name at the y axis.
    pub y_label: Option<String>,
    /// Whether the y axis is logarithmic.
    pub log: Option<bool>,
}

impl FigureRequest {
    /// All figures of a kind, as they are drawn unless something else is said.
    pub fn of(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }
}

const LINES: &[&str] = &["throughput", "occupancy", "series", "delay_ccdf", "sweep", "dose_response"];

/// The section.
pub(crate) const SECTION: Section = Section {
    name: "figure",
    shape: Shape::Array,
    family: None,
    fields: &[
        Field::required(
            "kind",
            Type::Choice(KINDS),
            "What is drawn: `throughput`, `occupancy` or any other metric (`series`) over time, the distribution of delays, utilizations, where delay \
             arises, metrics against a sweep's axes, or the fitted curves of metrics of kind `dose_response`.",
        ),
        Field::optional(
            "component",
            Type::OneOf(&[Type::Text, Type::List(&Type::Text)]),
            "The component or components to show; of `attribution`, classes or flows; of `dose_response`, metrics. Unless \
             given, those that show most. In a sweep, one component is shown at several points, several at one point.",
        ),
        Field::optional(
            "point",
            Type::Integer { min: 0, max: i64::MAX },
            "The only point of the sweep to show, as in `points.csv`.",
        ),
        Field::optional(
            "metric",
            Type::Text,
            "Of `sweep` and `series`: the metric to show, such as `goodput` or `cwnd`; see `docs/results.md`.",
        ),
        Field::optional("stat", Type::Text, "Of `sweep`: the statistic to show, such as `p90`."),
        Field::optional(
            "axis",
            Type::Text,
            "Of `sweep`: the path of the axis to show it against; every axis unless given.",
        ),
        Field::optional("x_label", Type::Text, "The name at the x axis, without the unit."),
        Field::optional("y_label", Type::Text, "The name at the y axis, without the unit."),
        Field::optional(
            "scale",
            Type::Choice(&["linear", "log"]),
            "Of `throughput`, `occupancy`, `series`, `sweep` and `dose_response`: the scale of the y axis.",
        ),
    ],
    doc: "A figure to draw; without any, those that fit the scenario are drawn.",
};

/// The keys that some kinds have no use for, with the kinds that have.
const USES: &[(&str, &[&str])] = &[
    ("point", &["throughput", "occupancy", "series", "delay_ccdf", "utilization"]),
    ("metric", &["sweep", "series"]),
    ("stat", &["sweep"]),
    ("axis", &["sweep"]),
    ("y_label", LINES),
    ("scale", &["throughput", "occupancy", "series", "sweep", "dose_response"]),
];

/// The figures that a checked scenario asks for.
pub(crate) fn requests(scenario: &Table) -> Vec<FigureRequest> {
    scenario.list("figure").iter().filter_map(Value::as_table).map(request).collect()
}

fn request(table: &Table) -> FigureRequest {
    let text = |key: &str| table.opt_text(key).map(str::to_owned);
    FigureRequest {
        kind: table.kind().to_owned(),
        components: components(table).into_iter().map(|(name, _)| name.to_owned()).collect(),
        metric: text("metric"),
        stat: text("stat"),
        axis: text("axis"),
        point: table.opt_integer("point").map(|p| p as usize),
        x_label: text("x_label"),
        y_label: text("y_label"),
        log: table.opt_text("scale").map(|s| s == "log"),
    }
}

/// The names under `component`, each with its value.
fn components(table: &Table) -> Vec<(&str, &Value)> {
    match table.get("component") {
        Some(Value { data: Data::List(items), .. }) => items.iter().filter_map(|v| Some((v.as_text()?, v))).collect(),
        Some(v) => v.as_text().map(|name| (name, v)).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What figures may show.
pub(crate) struct What<'a> {
    /// The components.
    pub(crate) names: &'a [&'a str],
    /// The axes of the sweep.
    pub(crate) axes: &'a [&'a Axis],
    /// How many points it has.
    pub(crate) points: usize,
    /// The numbers and the series of runs.
    pub(crate) known: &'a Known,
}

/// What is wrong with the figures of a scenario that has these to show.
pub(crate) fn check(scenario: &Table, what: &What<'_>, found: &mut Diagnostics) {
    let What { names, axes, points, known: measured } = *what;
    for table in scenario.list("figure").iter().filter_map(Value::as_table).filter(|t| !t.has_wrong()) {
        let kind = table.kind();
        for (key, kinds) in USES.iter().filter(|(key, kinds)| table.get(key).is_some() && !kinds.contains(&kind)) {
            let message = format!("`{key}` says nothing about a figure of kind `{kind}`");
            let d = Diagnostic::error("E0407", table.span_of(key), message, "of no use here");
            found.push(d.help(format!("it is for figures of kind {}", quoted(kinds))));
        }
        let known = |name: &str| match kind {
            "attribution" => names.iter().any(|n| n.split_once('@').is_some_and(|(group, _)| group == name)),
            "dose_response" => scenario.named("metric").any(|(n, t)| n == name && t.kind() == kind),
            _ => names.contains(&name),
        };
        for (name, value) in components(table).into_iter().filter(|(name, _)| !known(name)) {
            let d = Diagnostic::error(
                "E0408",
                value.span,
                format!("there is nothing called `{name}` to show"),
                "no component",
            );
            let near = did_you_mean(name, names.iter().copied());
            found.push(d.help(near.unwrap_or_else(|| "components are called as in `summary.csv`".into())));
        }
        let shown: Vec<&str> = components(table).into_iter().map(|(name, _)| name).filter(|n| known(n)).collect();
        if let Some(d) = wrong_metric(table, measured, &shown) {
            found.push(d);
        }
        if let Some(axis) = table.opt_text("axis").filter(|a| axes.iter().all(|known| known.name != *a)) {
            let d = Diagnostic::error(
                "E0409",
                table.span_of("axis"),
                format!("`{axis}` is not swept"),
                "no axis of the sweep",
            );
            let near = did_you_mean(axis, axes.iter().map(|a| a.name.as_str()));
            found.push(d.help(near.unwrap_or_else(|| "an axis is called as in `[sweep]`".into())));
        }
        if let Some(point) = table.opt_integer("point").filter(|&p| p as usize >= points) {
            let message = format!("there is no point {point}");
            let d = Diagnostic::error(
                "E0410",
                table.span_of("point"),
                message,
                format!("there are {points}, counted from 0"),
            );
            found.push(d.help("`points.csv` numbers them"));
        }
    }
}

/// What is wrong with the metric and the statistic that a figure is to show of the components `shown`, or of any if none are
/// named.
fn wrong_metric(table: &Table, known: &Known, shown: &[&str]) -> Option<Diagnostic> {
    let kind = table.kind();
    let is_series = match kind {
        "series" => true,
        "sweep" => false,
        _ => return None,
    };
    let Some(metric) = table.opt_text("metric") else {
        let d = Diagnostic::error("E0413", table.span, "a figure of what?", "there is no `metric`");
        return is_series.then(|| d.help("such as `metric = \"goodput\"` or `metric = \"occupancy\"`"));
    };
    let is_shown = |component: &str| shown.is_empty() || shown.contains(&component);
    let mut metrics: Vec<&str> = if is_series {
        known.series().filter(|s| is_shown(s.0)).map(|s| s.1).collect()
    } else {
        known.told().filter(|k| is_shown(k.0)).map(|k| k.1).collect()
    };
    metrics.sort_unstable();
    metrics.dedup();
    let near = |wanted: &str, all: &[&str]| {
        let told = format!("there are: {}", all.join(", "));
        did_you_mean(wanted, all.iter().copied()).map_or(told.clone(), |near| format!("{near} {told}"))
    };
    if !metrics.contains(&metric) {
        let over = if is_series { " over time" } else { "" };
        let message = format!("nothing that is shown has a `{metric}`{over}");
        let d = Diagnostic::error("E0413", table.span_of("metric"), message, "no such metric");
        return Some(d.help(near(metric, &metrics)));
    }
    let stat = table.opt_text("stat")?;
    let mut stats: Vec<&str> = known.told().filter(|k| is_shown(k.0) && k.1 == metric).map(|k| k.2).collect();
    stats.sort_unstable();
    stats.dedup();
    (!is_series && !stats.contains(&stat)).then(|| {
        let message = format!("there is no `{stat}` of `{metric}`");
        let d = Diagnostic::error("E0413", table.span_of("stat"), message, "no such statistic");
        d.help(near(stat, &stats))
    })
}

fn quoted(kinds: &[&str]) -> String {
    let all: Vec<String> = kinds.iter().map(|k| format!("`{k}`")).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::load;
    use crate::scenario::Overrides;

    const TEXT: &str = "[scenario]\nname = \"demo\"\n[run]\nduration = \"10 s\"\n[study]\nseed = 1\n[station.a]\nrate = \"2 /s\"\n\
        [sweep]\n\"station.a.rate\" = [\"1 /s\", \"4 /s\"]\n[[figure]]\n";

    #[test]
    fn what_is_asked_for_is_read() {
        let figure = "kind = \"sweep\"\ncomponent = [\"a\"]\nmetric = \"arrivals\"\naxis = \"station.a.rate\"\nscale = \"log\"\n";
        let s =
            load(&format!("{TEXT}{figure}"), &Overrides::default()).unwrap_or_else(|e| panic!("{:?}", e.diagnostics));
        let expected = FigureRequest {
            kind: "sweep".into(),
            components: vec!["a".into()],
            metric: Some("arrivals".into()),
            axis: Some("station.a.rate".into()),
            log: Some(true),
            ..FigureRequest::default()
        };
        assert_eq!(s.figures(), [expected]);
        let one = load(&format!("{TEXT}kind = \"throughput\"\ncomponent = \"a\"\npoint = 1\n"), &Overrides::default());
        let one = one.unwrap_or_else(|e| panic!("{:?}", e.diagnostics)).figures();
        assert_eq!((one[0].components.join(" "), one[0].point), ("a".into(), Some(1)));
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        for (figure, code) in [
            ("kind = \"utilization\"\nmetric = \"goodput\"\n", "E0407"),
            ("kind = \"sweep\"\npoint = 0\n", "E0407"),
            ("kind = \"throughput\"\ncomponent = \"aa\"\n", "E0408"),
            ("kind = \"attribution\"\ncomponent = \"a\"\n", "E0408"),
            ("kind = \"sweep\"\naxis = \"station.b.rate\"\n", "E0409"),
            ("kind = \"occupancy\"\npoint = 2\n", "E0410"),
            ("kind = \"sweep\"\nmetric = \"arrival\"\n", "E0413"),
            ("kind = \"sweep\"\nmetric = \"arrivals\"\nstat = \"p99\"\n", "E0413"),
            ("kind = \"series\"\nmetric = \"arrivals\"\n", "E0413"),
            ("kind = \"series\"\n", "E0413"),
        ] {
            let found = load(&format!("{TEXT}{figure}"), &Overrides::default()).err().expect(figure).diagnostics;
            let codes: Vec<&str> = found.iter().map(|d| d.code).collect();
            assert_eq!(codes, [code], "{figure}");
        }
    }
}
