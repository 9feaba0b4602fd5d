//! A demand matrix: one flow for each pair of nodes that it names.
//!
//! ```toml
//! [traffic.demand]
//! kind    = "matrix"
//! unit    = "Mbit/s"
//! load    = 0.5                       # every rate times this
//! demands = [["a", "b", 120], ["b", "a", 80.5]]
//! ```
//! or `file = "demands.csv"` with the columns `from`, `to` and `rate`. A rate is a number in `unit`, or a string with a
//! unit of its own; where there is none, `rate` stands in. Entries of rate zero are no flows.
//!
//! With `transfers` an entry is not packets but connections that come at random, as those of the kind `web`, whose payload
//! has the entry's rate: what a backbone carries, and what the fluid mode can carry a day of.
//!
//! Validated against: the rates of entries; in the fluid of a backbone, loads of links by hand and the slowdown of
//! processor sharing.

use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Span, Table, Type, Value};
use sim_core::quantity::{Dimension, Quantity};

use super::constant::Constant;
use super::poisson::Poisson;
use super::rate::{PacketRate, RATE, product};
use super::shape::{SHAPE, Shape};
use super::transfer::{ALPHA, BYTES, CV, PARETO, Transfer};
use super::web::Web;
use super::{Load, MakeTraffic};
use crate::BuildContext;
use crate::common::rows::{for_each_row, one};
use crate::network::size::Size;
use crate::network::transport::{self, Settings};
use crate::registry::Kind;

/// The kind's name.
pub const NAME: &str = "matrix";

/// One entry of a matrix.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The node where its packets come in.
    pub from: String,
    /// The node that they are addressed to.
    pub to: String,
    /// Packets or bits a second, `load` included; more than zero.
    pub rate: Quantity,
    /// Where it is given.
    pub span: Span,
}

pub(super) const KIND: Kind<MakeTraffic> = Kind {
    name: NAME,
    doc: "A demand matrix: one flow for each pair of nodes that it names.",
    fields: &[
        Field::optional(
            "demands",
            Type::List(&Type::List(&Type::OneOf(&[Type::Text, Type::Number { min: 0.0, max: 1e18 }]))),
            "Entries [\"FROM\", \"TO\", rate]: the rate a number in `unit`, a string with a unit, or left out for `rate`.",
        ),
        Field::optional(
            "file",
            Type::Text,
            "A CSV file with the columns from, to and rate, from the scenario's folder.",
        ),
        Field::optional("unit", Type::Text, "The unit of rates that are bare numbers: \"Mbit/s\", \"packets/s\"."),
        Field::optional("rate", RATE, "The rate of entries that have none."),
        Field::default("load", Type::Number { min: 1e-12, max: 1e9 }, "1.0", "A factor on all rates."),
        Field::default(
            "arrivals",
            Type::Choice(&["poisson", "constant"]),
            "\"poisson\"",
            "How the packets of an entry follow each other; \"constant\" sends the first of every flow at the start.",
        ),
        SHAPE,
        Field::optional(
            "transfers",
            Type::Record(&[BYTES, PARETO, ALPHA, CV, transport::FIELD]),
            "Makes an entry TCP connections in place of packets, each with one transfer, that arrive as a Poisson process: \
             { bytes = \"1 MB\" }. A bit rate is that of their payload, another rate that of connections.",
        ),
    ],
    make: |table, _, _| Err(one("E0356", table.span, "a matrix is many flows, not one", "not here", "name one flow")),
};

/// The entries of a matrix from its checked table.
///
/// Fails with every entry that cannot be read, at its place or with its line.
pub fn demands(table: &Table, context: &BuildContext<'_>) -> Result<Vec<Demand>, Diagnostics> {
    let rates = Rates::read(table)?;
    match (table.get("demands"), table.get("file")) {
        (Some(_), None) => inline(table.list("demands"), &rates),
        (None, Some(_)) => imported(table, &rates, context),
        (both, _) => {
            let (message, label) = match both {
                Some(_) => ("both `demands` and `file` are given", "give one of them"),
                None => ("a matrix without entries", "neither `demands` nor `file`"),
            };
            let help = "demands = [[\"FROM\", \"TO\", 10]] with unit = \"Mbit/s\", or file = \"demands.csv\"";
            Err(one("E0356", table.span_of("file"), message, label, help))
        }
    }
}

/// What one entry carries.
///
/// Fails if its rate is over 10^9 packets/s, and as settings of connections do.
pub fn load(table: &Table, demand: &Demand, size: &Size, context: &BuildContext<'_>) -> Result<Load, Diagnostics> {
    if let Some(transfers) = table.opt_table("transfers") {
        let settings = Settings::read(transfers, context)?;
        let (transfer, mean) = Transfer::read(transfers)?;
        let a_second = match demand.rate.dimension {
            Dimension::BIT_RATE => demand.rate.value / (8.0 * mean),
            _ => demand.rate.value,
        };
        let shape = Shape::read(table, context)?;
        return Ok(Load::Application(Box::new(Web::new(transfer, mean, a_second, shape)), settings));
    }
    let rate = PacketRate::new(demand.rate, size, demand.span)?;
    if table.text("arrivals") == "constant" {
        return Ok(Load::Source(Box::new(Constant::new(rate, size))));
    }
    let poisson = Poisson::new(rate, size);
    Ok(match Shape::read(table, context)? {
        None => Load::Source(Box::new(poisson)),
        Some(shape) => Load::Source(Box::new(poisson.shaped(shape))),
    })
}

/// How the rates of a matrix are read.
struct Rates {
    unit: Option<Quantity>,
    default: Option<Quantity>,
    load: Quantity,
}

const NO_UNIT: &str = "a rate without a unit; give the matrix a unit = \"Mbit/s\"";

impl Rates {
    fn read(table: &Table) -> Result<Self, Diagnostics> {
        for key in ["from", "to"] {
            if table.get(key).is_some() {
                let message = format!("a matrix has no `{key}`: its entries have");
                return Err(one("E0356", table.span_of(key), message, "not for a matrix", "leave it out"));
            }
        }
        if table.opt_table("transfers").is_some() && table.get("arrivals").is_some_and(|v| !v.defaulted) {
            let message = "transfers arrive at random, as a Poisson process";
            return Err(one("E0356", table.span_of("arrivals"), message, "not for transfers", "leave it out"));
        }
        if table.get("shape").is_some() && table.text("arrivals") == "constant" {
            let message = "a shape is of arrivals at random";
            let help = "leave out `shape`, or `arrivals = \"constant\"`";
            return Err(one("E0356", table.span_of("shape"), message, "not for regular arrivals", help));
        }
        let unit = table.opt_text("unit").map(|text| unit(text, table.span_of("unit"))).transpose()?;
        let load = Quantity::from_value(table.number("load"), Dimension::NUMBER);
        let load =
            load.ok_or_else(|| one("E0356", table.span_of("load"), "out of range", "1e-12 to 1e9", "load = 1.0"))?;
        Ok(Self { unit, default: table.opt_quantity("rate"), load })
    }
    fn number(&self, x: f64) -> Result<Quantity, String> {
        let unit = self.unit.ok_or(NO_UNIT)?;
        let number = Quantity::from_value(x, Dimension::NUMBER).ok_or("out of range")?;
        times(unit, number).ok_or_else(|| "out of range".to_string())
    }
    fn text(&self, text: &str) -> Result<Quantity, String> {
        if let Ok(x) = text.parse::<f64>() {
            return if x >= 0.0 { self.number(x) } else { Err(format!("`{text}` is less than zero")) };
        }
        match Quantity::parse(text) {
            Ok(q) if is_rate(q) && q.exact.0 >= 0 => Ok(q),
            Ok(_) => Err(format!("`{text}` is not a rate")),
            Err(e) => Err(e.message),
        }
    }
    /// The demand, unless its rate is zero.
    fn demand(
        &self,
        from: &str,
        to: &str,
        rate: Option<Result<Quantity, String>>,
        span: Span,
    ) -> Result<Option<Demand>, String> {
        let rate = match rate {
            Some(rate) => rate?,
            None => self.default.ok_or("a demand without a rate; give it one, or the matrix a `rate`")?,
        };
        let rate = times(rate, self.load).ok_or("a rate times the load that is out of range")?;
        Ok((rate.exact.0 > 0).then(|| Demand { from: from.into(), to: to.into(), rate, span }))
    }
}

fn unit(text: &str, span: Span) -> Result<Quantity, Diagnostics> {
    let unit = Quantity::parse(&format!("1 {text}")).ok().filter(|q| is_rate(*q));
    let help = "unit = \"Mbit/s\" or unit = \"packets/s\"";
    unit.ok_or_else(|| one("E0356", span, format!("`{text}` is not a unit of rates"), "not a rate", help))
}

fn is_rate(q: Quantity) -> bool {
    [Dimension::ITEM_RATE, Dimension::BIT_RATE, Dimension::RATE].contains(&q.dimension)
}

/// `rate` times a bare number.
fn times(rate: Quantity, number: Quantity) -> Option<Quantity> {
    let (num, den) = product(rate.exact, number.exact)?;
    Quantity::ratio(num, den, rate.dimension)
}

fn inline(entries: &[Value], rates: &Rates) -> Result<Vec<Demand>, Diagnostics> {
    let (mut all, mut wrong) = (Vec::new(), Diagnostics::default());
    for entry in entries {
        match inline_demand(entry, rates) {
            Ok(demand) => all.extend(demand),
            Err(message) => {
                let d = Diagnostic::error("E0356", entry.span, message, "not a demand");
                wrong.push(d.help("an entry is [\"FROM\", \"TO\", rate]"));
            }
        }
    }
    if wrong.has_errors() { Err(wrong) } else { Ok(all) }
}

fn inline_demand(entry: &Value, rates: &Rates) -> Result<Option<Demand>, String> {
    let Data::List(cells) = &entry.data else { return Err("expected an array".into()) };
    let rate = match cells.get(2).map(|c| &c.data) {
        None => None,
        Some(Data::Text(text)) => Some(rates.text(text)),
        Some(_) => Some(cells[2].as_number().map_or(Err("expected a rate".into()), |x| rates.number(x))),
    };
    match (cells.first().and_then(Value::as_text), cells.get(1).and_then(Value::as_text)) {
        (Some(from), Some(to)) if cells.len() <= 3 => rates.demand(from, to, rate, entry.span),
        _ => Err(format!("expected two nodes and a rate, found {} values", cells.len())),
    }
}

fn imported(table: &Table, rates: &Rates, context: &BuildContext<'_>) -> Result<Vec<Demand>, Diagnostics> {
    let span = table.span_of("file");
    let mut all = Vec::new();
    for_each_row(table, "file", context.folder, 64, &["from", "to", "rate"], &mut |row| {
        let help = || "a row is FROM, TO and a rate".to_string();
        let (Some(from), Some(to)) = (row.cell(0), row.cell(1)) else {
            return Err(("a row without `from` and `to`".into(), help()));
        };
        let rate = row.cell(2).map(|text| rates.text(text));
        all.extend(rates.demand(from, to, rate, span).map_err(|message| (message, help()))?);
        Ok(())
    })?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{TestFile, codes, table, within};
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String, f64)>, Diagnostics> {
        let table = table(&[KIND], text);
        let all = within(&std::env::temp_dir(), |context| demands(&table, context))?;
        Ok(all.into_iter().map(|d| (d.from, d.to, d.rate.value)).collect())
    }

    fn entry(from: &str, to: &str, rate: f64) -> (String, String, f64) {
        (from.into(), to.into(), rate)
    }

    #[test]
    fn entries_take_unit_rate_and_load() {
        let got = read(
            "{ kind = 'matrix', unit = 'Mbit/s', load = 0.1, rate = '5 packets/s',
               demands = [['a', 'b', 120], ['b', 'a', 80.5], ['a', 'c', '1 Gbit/s'], ['c', 'a'], ['c', 'b', 0]] }",
        );
        // Exactly: 0.1 is a tenth, not its neighbour in binary.
        let expected = [entry("a", "b", 1.2e7), entry("b", "a", 8.05e6), entry("a", "c", 1e8), entry("c", "a", 0.5)];
        assert_eq!(got.unwrap(), expected);
    }

    #[test]
    fn a_file_gives_the_same() {
        let file = TestFile::new("matrix.csv", b"from,to,rate\na,b,120\nb,a,80 kbit/s\nc,a,\n");
        let name = &file.name;
        let got = read(&format!("{{ kind = 'matrix', unit = 'Mbit/s', rate = '1 Mbit/s', file = '{name}' }}"));
        assert_eq!(got.unwrap(), [entry("a", "b", 1.2e8), entry("b", "a", 8e4), entry("c", "a", 1e6)]);
        let pairs = TestFile::new("pairs.csv", b"a,b\nb,a\n");
        let got = read(&format!("{{ kind = 'matrix', rate = '1 /s', file = '{}' }}", pairs.name));
        assert_eq!(got.unwrap(), [entry("a", "b", 1.0), entry("b", "a", 1.0)]);
    }

    #[test]
    fn entries_that_make_no_sense_are_all_reported() {
        for (text, n) in [
            ("{ kind = 'matrix' }", 1),
            ("{ kind = 'matrix', demands = [], file = 'x' }", 1),
            ("{ kind = 'matrix', demands = [], arrivals = 'constant', transfers = { bytes = '1 MB' } }", 1),
            ("{ kind = 'matrix', demands = [], arrivals = 'constant', shape = 'day' }", 1),
            ("{ kind = 'matrix', unit = 'Mbit', demands = [['a', 'b', 1]] }", 1),
            ("{ kind = 'matrix', demands = [['a', 'b', 1], ['a', 'b']] }", 2),
            ("{ kind = 'matrix', unit = '/s', demands = [['a'], ['a', 1], ['a', 'b', 1, 1], ['a', 'b', '3 ms']] }", 4),
        ] {
            assert_eq!(codes(&read(text).unwrap_err()), vec!["E0356"; n], "{text}");
        }
        let file = TestFile::new("bad-matrix.csv", b"from,to,rate\na,b,-1\na,,1\na,b,1 ms\n");
        let found = read(&format!("{{ kind = 'matrix', unit = '/s', file = '{}' }}", file.name)).unwrap_err();
        assert_eq!(codes(&found), ["E0341"; 3]);
        assert!(found.iter().next().unwrap().message.contains("line 2"));
    }

    #[test]
    fn an_entry_becomes_a_source_of_its_arrivals() {
        for (arrivals, first) in [("poisson", false), ("constant", true)] {
            let text =
                format!("{{ kind = 'matrix', unit = 'Mbit/s', arrivals = '{arrivals}', demands = [['a', 'b', 8]] }}");
            let table = table(&[KIND], &text);
            let all = within(&std::env::temp_dir(), |context| demands(&table, context)).unwrap();
            let Load::Source(mut source) = of_first(&table, &all) else { panic!("packets are asked for") };
            assert_eq!(source.mean_rate(), 1000.0);
            let start = super::super::fixture::sent(source.as_mut(), 1, 1.0)[0].0;
            assert_eq!(start == 0, first, "{arrivals}");
        }
    }

    fn of_first(table: &Table, all: &[Demand]) -> Load {
        within(&std::env::temp_dir(), |context| load(table, &all[0], &Size::Constant(8000), context)).unwrap()
    }

    #[test]
    fn an_entry_becomes_transfers_of_its_rate() {
        for (rate, bytes_a_second) in [("8 Mbit/s", 1e6), ("3 /s", 6e6)] {
            let text = format!(
                "{{ kind = 'matrix', transfers = {{ bytes = '2 MB', law = 'exponential' }}, demands = [['a', 'b', '{rate}']] }}"
            );
            let table = table(&[KIND], &text);
            let all = within(&std::env::temp_dir(), |context| demands(&table, context)).unwrap();
            let Load::Application(mut web, _) = of_first(&table, &all) else { panic!("transfers are asked for") };
            assert_eq!(web.mean_rate(), Some(bytes_a_second), "{rate}");
            // What is opened in 20 000 openings, with the errors of exponential gaps and sizes.
            let mut streams = super::super::fixture::streams(5);
            let (mut bytes, mut time) = (0.0, 0.0);
            for _ in 0..20_000 {
                let opening = web.open(&mut streams).unwrap();
                bytes += opening.bytes.unwrap() as f64;
                time += opening.gap.as_secs_f64();
            }
            assert!((bytes / time / bytes_a_second - 1.0).abs() < 3.3 * (2.0f64 / 20_000.0).sqrt(), "{rate}");
        }
    }
}
