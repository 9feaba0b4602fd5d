//! The conditions of a rule, and the packets that they hold for.

use sim_core::config::{Data, Diagnostic, Diagnostics, Field, Span, Table, Type, Value, did_you_mean};

use super::ranges::Ranges;
use crate::network::address::Prefix;
use crate::network::discipline::DisciplineContext;
use crate::network::label::{Headers, dscp_of, protocol_of};

const NAMES: Type = Type::OneOf(&[Type::Text, Type::List(&Type::Text)]);
const CODE: Type = Type::OneOf(&[Type::Integer { min: 0, max: 63 }, Type::Text]);
const PORTS: Type = Type::OneOf(&[Type::Integer { min: 0, max: 65_535 }, Type::Text]);
const PROTOCOL: Type = Type::OneOf(&[Type::Integer { min: 0, max: 255 }, Type::Text]);

/// The keys of a rule.
pub(super) const CONDITIONS: &[Field] = &[
    Field::optional("class", NAMES, "The class of the traffic, or a list of classes; `!` before a name excludes it."),
    Field::optional(
        "flow",
        NAMES,
        "The flow: the NAME of a `[traffic.NAME]`, which for a matrix is all its flows, or the name of one of those. `!` before a name excludes it.",
    ),
    Field::optional(
        "dscp",
        Type::OneOf(&[CODE, Type::List(&CODE)]),
        "The packet's code point when it comes here: a number, a name (\"EF\", \"AF41\", \"CS1\", \"BE\"), \"any\" or a list; `!` as in \"!EF\" excludes.",
    ),
    Field::optional(
        "source",
        NAMES,
        "The block of addresses that it is from, \"10.0.0.0/8\", \"any\" or a list of blocks; `!` as in \"!10.1.0.0/16\" excludes.",
    ),
    Field::optional("destination", NAMES, "The block of addresses that it goes to, as for `source`."),
    Field::optional(
        "source_port",
        Type::OneOf(&[PORTS, Type::List(&PORTS)]),
        "The source port: a number, a range \"1024-65535\" with both ends in it, \"any\" or a list of these; `!` as in \"!25\" excludes. \
         Protocols without ports (\"icmp\") never match.",
    ),
    Field::optional(
        "destination_port",
        Type::OneOf(&[PORTS, Type::List(&PORTS)]),
        "The destination port, as for `source_port`.",
    ),
    Field::optional(
        "protocol",
        Type::OneOf(&[PROTOCOL, Type::List(&PROTOCOL)]),
        "The protocol: \"udp\", \"tcp\", \"icmp\", an IANA number, \"any\" or a list; `!` as in \"!tcp\" excludes.",
    ),
];

/// The type of a rule.
pub const MATCH: Type = Type::Record(CONDITIONS);

/// What a rule may ask for, each a number: the flow's index, headers, the code point.
pub(in crate::network) const FIELDS: usize = 7;
const FLOW: usize = 0;
const SOURCE: usize = 1;
const DESTINATION: usize = 2;
const PROTOCOL_NUMBER: usize = 3;
const SOURCE_PORT: usize = 4;
const DESTINATION_PORT: usize = 5;
const CODE_POINT: usize = 6;

/// Protocols whose packets have ports: TCP, UDP, DCCP, SCTP, UDP-Lite.
const WITH_PORTS: [u8; 5] = [6, 17, 33, 132, 136];

/// The conditions of a rule: the packets of which all of them hold.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Where it stands.
    pub span: Span,
    /// The values that each of [`FIELDS`] may have.
    sets: [Ranges; FIELDS],
    /// Those of the code point, one bit each.
    pub(super) dscp: u64,
}

/// The values of a condition: of a list, each.
fn values<'a>(table: &'a Table, key: &str) -> Option<&'a [Value]> {
    let value = table.get(key)?;
    Some(if let Data::List(list) = &value.data { list } else { std::slice::from_ref(value) })
}

impl Rule {
    /// Reads a checked table of conditions.
    ///
    /// Fails with everything that is wrong with them.
    pub fn read(table: &Table, context: &DisciplineContext<'_>) -> Result<Self, Diagnostics> {
        let mut reader = Reader { table, found: Diagnostics::default() };
        let flows = context.flows.len().saturating_sub(1) as u32;
        let of_class = reader.each("class", flows, |item| class(item, context));
        let of_name = reader.each("flow", flows, |item| flow(item, context));
        let dscp = reader.headers("dscp", 63, |item| numbered(item, 63, dscp_of, unknown_code_point));
        let source = reader.headers("source", u32::MAX, |item| block(item, context));
        let destination = reader.headers("destination", u32::MAX, |item| block(item, context));
        let source_port = reader.headers("source_port", 65_535, ports);
        let destination_port = reader.headers("destination_port", 65_535, ports);
        let protocol = reader.headers("protocol", 255, |item| numbered(item, 255, protocol_of, unknown_protocol));
        if reader.found.has_errors() {
            return Err(reader.found);
        }
        let of_flow = match (of_class, of_name) {
            (Some(a), Some(b)) => Some(a.and(&b)),
            (a, b) => a.or(b),
        };
        let protocol = protocol.unwrap_or_else(|| Ranges::up_to(255));
        let protocol = match (&source_port, &destination_port) {
            (None, None) => protocol,
            _ => protocol.and(&Ranges::union(WITH_PORTS.map(|p| (p.into(), p.into())).into())),
        };
        let or_all = |set: Option<Ranges>, most| set.unwrap_or_else(|| Ranges::up_to(most));
        let sets = [
            or_all(of_flow, flows),
            or_all(source, u32::MAX),
            or_all(destination, u32::MAX),
            protocol,
            or_all(source_port, 65_535),
            or_all(destination_port, 65_535),
            or_all(dscp, 63),
        ];
        let dscp = (0..64).filter(|&code| sets[CODE_POINT].contains(code)).fold(0, |all, code| all | 1 << code);
        Ok(Self { span: table.span, sets, dscp })
    }
    /// The rule that every packet matches.
    pub(in crate::network) fn all(span: Span, context: &DisciplineContext<'_>) -> Self {
        Self::read(&Table::new("", span), context).expect("no conditions are good ones")
    }
    /// The values that each field may have.
    pub(in crate::network) fn sets(&self) -> &[Ranges; FIELDS] {
        &self.sets
    }
    /// Whether packets of the flow with this index match, for those code points that the rule asks for.
    pub(super) fn takes(&self, flow: usize, headers: &Headers) -> bool {
        let has = |field: usize, value: u32| self.sets[field].contains(value);
        has(FLOW, flow as u32)
            && has(SOURCE, headers.source)
            && has(DESTINATION, headers.destination)
            && has(PROTOCOL_NUMBER, headers.protocol.into())
            && has(SOURCE_PORT, headers.source_port.into())
            && has(DESTINATION_PORT, headers.destination_port.into())
    }
    /// Whether it depends on addresses, protocol or ports.
    pub(super) fn reads_headers(&self) -> bool {
        let most = [u32::MAX, u32::MAX, 255, 65_535, 65_535];
        self.sets[SOURCE..=DESTINATION_PORT].iter().zip(most).any(|(set, most)| *set != Ranges::up_to(most))
    }
}

/// The addresses that `key` of a table names, as a condition on addresses does; `None` if it names none.
pub(in crate::network) fn addresses(
    table: &Table,
    key: &str,
    context: &DisciplineContext<'_>,
) -> Result<Option<Ranges>, Diagnostics> {
    let mut reader = Reader { table, found: Diagnostics::default() };
    let set = reader.headers(key, u32::MAX, |item| block(item, context));
    if reader.found.has_errors() { Err(reader.found) } else { Ok(set) }
}

/// Whether a flow is called `name`, or is one of a matrix of this name.
fn is_of(flow: &str, name: &str) -> bool {
    flow.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// One value of a condition, without its `!`.
struct Item<'a> {
    text: &'a str,
    number: Option<i64>,
    span: Span,
}

impl Item<'_> {
    fn error(&self, code: &'static str, what: &str, label: &str) -> Diagnostic {
        let name = self.number.map_or_else(|| self.text.to_owned(), |n| n.to_string());
        Diagnostic::error(code, self.span, format!("{what} `{name}`"), label)
    }
}

struct Reader<'a> {
    table: &'a Table,
    found: Diagnostics,
}

impl Reader<'_> {
    /// The numbers up to `most` for which a condition holds: of those without `!` one must, if there are any, and none of
    /// those with it. `None` if there is no such condition.
    fn each(
        &mut self,
        key: &str,
        most: u32,
        read: impl Fn(&Item<'_>) -> Result<Vec<(u32, u32)>, Diagnostic>,
    ) -> Option<Ranges> {
        let values = values(self.table, key)?;
        let (mut wanted, mut excluded, mut only_excludes) = (Vec::new(), Vec::new(), !values.is_empty());
        for value in values {
            let text = value.as_text().unwrap_or_default();
            let (is_excluded, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest.trim_start()));
            let number = value.as_integer().or_else(|| text.parse().ok());
            only_excludes &= is_excluded;
            match read(&Item { text, number, span: value.span }) {
                Ok(ranges) if is_excluded => excluded.extend(ranges),
                Ok(ranges) => wanted.extend(ranges),
                Err(d) => self.found.push(d),
            }
        }
        let wanted = if only_excludes { Ranges::up_to(most) } else { Ranges::union(wanted) };
        Some(wanted.without(&Ranges::union(excluded)))
    }
    /// The same for a header, of which "any" by itself is no condition.
    fn headers(
        &mut self,
        key: &str,
        most: u32,
        read: impl Fn(&Item<'_>) -> Result<Vec<(u32, u32)>, Diagnostic>,
    ) -> Option<Ranges> {
        if let [value] = values(self.table, key)?
            && value.as_text() == Some("any")
        {
            return None;
        }
        self.each(key, most, |item| if item.text == "any" { Ok(vec![(0, most)]) } else { read(item) })
    }
}

fn class(item: &Item<'_>, context: &DisciplineContext<'_>) -> Result<Vec<(u32, u32)>, Diagnostic> {
    let Some(class) = context.classes.iter().position(|c| c == item.text) else {
        let help = did_you_mean(item.text, context.classes.iter().map(String::as_str))
            .unwrap_or_else(|| format!("the classes of this scenario's traffic are {}", context.classes.join(", ")));
        return Err(item.error("E0330", "no traffic has the class", "unknown class").help(help));
    };
    Ok(flows(context, |l| usize::from(l.class) == class))
}

fn flow(item: &Item<'_>, context: &DisciplineContext<'_>) -> Result<Vec<(u32, u32)>, Diagnostic> {
    let found = flows(context, |l| is_of(&l.name, item.text));
    if !found.is_empty() {
        return Ok(found);
    }
    let names = || context.flows.iter().map(|l| l.name.as_str());
    let help = did_you_mean(item.text, names()).unwrap_or_else(|| {
        let some: Vec<&str> = names().take(8).collect();
        format!("the flows are {}{}", some.join(", "), if context.flows.len() > some.len() { ", ..." } else { "" })
    });
    Err(item.error("E0370", "there is no flow", "unknown flow").help(help))
}

/// The indices of some flows.
fn flows(context: &DisciplineContext<'_>, chosen: impl Fn(&super::Label) -> bool) -> Vec<(u32, u32)> {
    (0..).zip(context.flows).filter(|(_, label)| chosen(label)).map(|(i, _)| (i, i)).collect()
}

/// A number up to `most`, or what `named` makes of a name.
fn numbered(
    item: &Item<'_>,
    most: u8,
    named: fn(&str) -> Option<u8>,
    unknown: fn(&Item<'_>) -> Diagnostic,
) -> Result<Vec<(u32, u32)>, Diagnostic> {
    let number = match item.number {
        Some(n) => u8::try_from(n).ok().filter(|n| *n <= most),
        None => named(item.text),
    };
    number.map(|n| vec![(n.into(), n.into())]).ok_or_else(|| unknown(item))
}

fn unknown_code_point(item: &Item<'_>) -> Diagnostic {
    item.error("E0337", "there is no code point", "unknown code point")
        .help("names are EF, VA, LE, BE (or CS0), CS1 to CS7 and AF11 to AF43; a number is from 0 to 63")
}

fn unknown_protocol(item: &Item<'_>) -> Diagnostic {
    item.error("E0337", "there is no protocol", "unknown protocol")
        .help("\"udp\", \"tcp\", \"icmp\" or an IANA protocol number from 0 to 255")
}

/// A block of addresses; what stands beyond its length does not count, as in filters of packets, but is told.
fn block(item: &Item<'_>, context: &DisciplineContext<'_>) -> Result<Vec<(u32, u32)>, Diagnostic> {
    let (prefix, is_plain) = Prefix::around(item.text).map_err(|message| {
        Diagnostic::error("E0325", item.span, message, "not a block of addresses").help("for example \"10.20.0.0/22\"")
    })?;
    if !is_plain {
        let message = format!("`{}` has bits set beyond its length", item.text);
        let d = Diagnostic::warning("W0325", item.span, message, format!("taken for {prefix}"));
        context.warn(d.help(format!("write \"{prefix}\" if that is meant")));
    }
    Ok(vec![prefix.ends()])
}

fn ports(item: &Item<'_>) -> Result<Vec<(u32, u32)>, Diagnostic> {
    let port = |text: &str| text.trim().parse::<u16>().ok();
    let range = match item.number {
        Some(n) => u16::try_from(n).ok().map(|n| (n, n)),
        None => item.text.split_once('-').and_then(|(low, high)| Some((port(low)?, port(high)?))),
    };
    range.filter(|(low, high)| low <= high).map(|(low, high)| vec![(low.into(), high.into())]).ok_or_else(|| {
        let message = format!("`{}` is not a port or a range of ports", item.text);
        Diagnostic::error("E0371", item.span, message, "ports are from 0 to 65535, the lower one first")
            .help("for example 443, or \"1024-65535\"")
    })
}
