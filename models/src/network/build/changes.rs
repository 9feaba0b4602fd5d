//! What happens to a network during a run: from `[intervention.NAME]` to changes of stations, sources and routes.

use sim_core::SimTime;
use sim_core::config::{Data, Diagnostic, Span, Table, Value};
use sim_core::quantity::Quantity;

use super::Builder;
use super::flows::{Flow, Origin};
use super::routes::Metric;
use crate::intervention::{change, check_outage, check_plain, collect, find, in_order, is_outage, nearest};
use crate::network::failures::News;
use crate::network::routing::State;
use crate::network::station::Serialisation;
use crate::network::system::Action;
use crate::network::topology::{Graph, LinkSpec};
use crate::network::traffic::{Load, Traffic};

/// Everything that happens, and what it means for routes.
pub(super) struct Changes {
    /// In order of time.
    pub(super) all: Vec<(SimTime, Change)>,
    /// When interventions tell routes of links, in order of time.
    pub(super) news: Vec<(SimTime, News)>,
    /// States of the topology, each once; the first is the one at the start.
    pub(super) states: Vec<State>,
    /// From when on routes are those of which state: the first entry is the start's. Where it is drawn when changes are known,
    /// as if they were at once.
    pub(super) epochs: Vec<(SimTime, usize)>,
    /// Which of the states are met, and when.
    pub(super) course: Course,
    /// Links that fail at some time.
    pub(super) failing: Vec<bool>,
    /// Links that change in any way.
    pub(super) changing: Vec<bool>,
    /// Links that fail at random.
    pub(super) random: Vec<usize>,
}

/// How states of the topology follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// As the epochs say.
    Planned,
    /// By chance: all of the states, in any order.
    Drawn,
    /// By chance, and there are too many to list.
    Countless,
}

/// Something that happens to a link or flow.
pub(super) enum Change {
    Down(usize),
    Up(usize),
    /// Of both ways, or of the way there alone where the way back has a value of its own.
    Rate(usize, Serialisation, Sides),
    /// Ticks.
    Delay(usize, u64, Sides),
    Flow(usize, Box<dyn Traffic>),
}

/// Which ways of a link change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sides {
    Both,
    There,
}

impl Sides {
    /// The directed links of `link`.
    pub(super) fn of_link(self, link: usize) -> impl Iterator<Item = usize> {
        [2 * link, 2 * link + 1].into_iter().take(if self == Self::There { 1 } else { 2 })
    }
    /// Those that the key `key` of `link` speaks of.
    fn of(link: &LinkSpec, key: &str) -> Self {
        let own = link.reverse.as_ref().is_some_and(|table| table.get(key).is_some_and(|v| !v.defaulted));
        if own { Self::There } else { Self::Both }
    }
}

impl Changes {
    /// When a flow changes first, after the first `from` changes; the end of what it sends until then.
    pub(super) fn next_of(&self, flow: usize, from: usize) -> SimTime {
        let of = |c: &&(SimTime, Change)| matches!(c.1, Change::Flow(f, _) if f == flow);
        self.all[from..].iter().find(of).map_or(SimTime::NEVER, |c| c.0)
    }
    /// What the network does at which time; `stations` are those of directed links.
    pub(super) fn actions(&self, flows: &[Flow], stations: &[u32]) -> Vec<(SimTime, Action)> {
        let mut actions = Vec::new();
        for (i, (at, change)) in self.all.iter().enumerate() {
            let of = |link: usize, sides: Sides| sides.of_link(link).map(|l| stations[l]).filter(|s| *s != u32::MAX);
            match *change {
                Change::Down(link) => of(link, Sides::Both).for_each(|s| actions.push((*at, Action::Down(s)))),
                Change::Up(link) => of(link, Sides::Both).for_each(|s| actions.push((*at, Action::Up(s)))),
                Change::Rate(link, rate, sides) => {
                    of(link, sides).for_each(|s| actions.push((*at, Action::Rate(s, rate))));
                }
                Change::Delay(link, delay, sides) => {
                    of(link, sides).for_each(|s| actions.push((*at, Action::Delay(s, delay))));
                }
                Change::Flow(flow, ref traffic) => {
                    let stop = flows[flow].stop.min(self.next_of(flow, i + 1));
                    actions.push((*at, Action::Traffic { source: flow as u32, traffic: traffic.boxed_clone(), stop }));
                }
            }
        }
        actions.extend(self.news.iter().map(|(at, news)| (*at, Action::News(news.clone()))));
        // Of one time the links first, then what is told of them.
        actions.sort_by_key(|a| a.0);
        actions
    }
}

/// The keys of traffic that are no law of its packets.
const FIXED: &[&str] = &["start", "stop", "dscp", "protocol", "source_port", "destination_port"];

/// Reads interventions one after the other, each on what the one before left.
struct Reader<'b, 'a> {
    builder: &'b mut Builder<'a>,
    at: SimTime,
    /// What routing depends on, at that time.
    state: State,
    /// The network, and the scenario as far as traffic reads it, at that time.
    graph: Graph,
    scenario: Table,
    failed_links: Vec<bool>,
    failed_nodes: Vec<bool>,
    down: Vec<bool>,
    changes: Changes,
}

impl<'a> Builder<'a> {
    pub(super) fn read_changes(&mut self) -> Changes {
        let mut changes = self.planned_changes();
        self.add_random_states(&mut changes);
        changes
    }
    /// What interventions do.
    fn planned_changes(&mut self) -> Changes {
        let first = self.state(&self.graph);
        let links = self.graph.links.len();
        let changes = Changes {
            all: Vec::new(),
            news: Vec::new(),
            states: vec![first],
            epochs: vec![(SimTime::ZERO, 0)],
            course: Course::Planned,
            failing: vec![false; links],
            changing: vec![false; links],
            random: Vec::new(),
        };
        let scenario: &'a Table = self.scenario;
        let (all, found) = in_order(scenario);
        self.diagnostics.extend(found);
        let plain = |t: &Table| check_plain(t).is_ok();
        for (_, table) in scenario.named("intervention") {
            if let Err(d) = check_plain(table) {
                self.diagnostics.push(d);
            }
        }
        if all.is_empty() {
            return changes;
        }
        let mut reader = Reader {
            at: SimTime::ZERO,
            state: changes.states[0].clone(),
            graph: self.graph.clone(),
            scenario: scenario.clone(),
            failed_links: vec![false; links],
            failed_nodes: vec![false; self.graph.nodes.len()],
            down: vec![false; links],
            changes,
            builder: self,
        };
        for (at, table) in all.into_iter().filter(|(_, t)| plain(t)) {
            reader.at = SimTime::from_ticks(at);
            if let Err(d) = reader.take(table) {
                reader.builder.diagnostics.push(d);
            }
        }
        reader.changes
    }
}

impl Reader<'_, '_> {
    fn take(&mut self, table: &Table) -> Result<(), Diagnostic> {
        let target = table.text("target");
        let parts = target.split_once('.');
        if is_outage(table) {
            check_outage(table)?;
            let link = |name: &str| self.graph.links.iter().position(|l| l.name == name);
            let node = |name: &str| self.graph.nodes.iter().position(|n| n.name == name);
            return match parts {
                Some(("link", name)) if link(name).is_some() => self.outage(table, link(name), None),
                Some(("node", name)) if node(name).is_some() => self.outage(table, None, node(name)),
                _ => Err(self.unknown(table)),
            };
        }
        let of_link = |(section, rest): (&str, &'_ str)| {
            let (name, key) = rest.rsplit_once('.').filter(|_| section == "link")?;
            Some((self.graph.links.iter().position(|l| l.name == name)?, key.to_owned()))
        };
        match (parts, parts.and_then(of_link)) {
            (_, Some((link, key))) => self.link_value(table, link, &key),
            (Some(("traffic", _)), _) => self.traffic_value(table),
            _ => Err(self.unknown(table)),
        }
    }

    fn outage(&mut self, table: &Table, link: Option<usize>, node: Option<usize>) -> Result<(), Diagnostic> {
        let fails = table.text("op") == "fail";
        let state = match (link, node) {
            (Some(link), _) => &mut self.failed_links[link],
            (_, Some(node)) => &mut self.failed_nodes[node],
            _ => return Ok(()),
        };
        if *state == fails {
            let (has, label) =
                if fails { ("has failed already", "fails twice") } else { ("has not failed", "nothing to recover") };
            let d =
                Diagnostic::error("E0624", table.span_of("target"), format!("`{}` {has}", table.text("target")), label);
            return Err(d.help("interventions act in order of `at`, those of one time in the order of the file"));
        }
        *state = fails;
        for l in 0..self.graph.links.len() {
            let (from, to) = (self.graph.links[l].from, self.graph.links[l].to);
            let down = self.failed_links[l] || self.failed_nodes[from] || self.failed_nodes[to];
            if down != self.down[l] {
                self.down[l] = down;
                (self.changes.failing[l], self.changes.changing[l]) = (true, true);
                self.changes.all.push((self.at, if down { Change::Down(l) } else { Change::Up(l) }));
            }
        }
        self.routes_follow(table);
        Ok(())
    }

    /// Routes follow the topology as the intervention of `table` leaves it.
    fn routes_follow(&mut self, table: &Table) {
        let mut state = self.builder.state(&self.graph);
        state.links.iter_mut().zip(&self.down).for_each(|(link, down)| link.down = *down);
        let before = std::mem::replace(&mut self.state, state);
        let state = self.state.clone();
        let changed = (0..state.links.len()).filter(|l| state.links[*l] != before.links[*l]);
        let news = News { stream: table.path.clone(), links: changed.map(|l| (l, state.links[l])).collect() };
        self.changes.news.push((self.at, news));
        let Changes { states, epochs, .. } = &mut self.changes;
        let known = states.iter().position(|s| *s == state).unwrap_or_else(|| {
            states.push(state);
            states.len() - 1
        });
        let convergence = self.builder.convergence();
        let from = SimTime::from_ticks(self.at.ticks().saturating_add(convergence.unwrap_or(0)));
        match epochs.last_mut() {
            Some(last) if last.0 == from && from > SimTime::ZERO => last.1 = known,
            _ => epochs.push((from, known)),
        }
    }

    fn link_value(&mut self, table: &Table, l: usize, key: &str) -> Result<(), Diagnostic> {
        let place = place(table);
        let refuse = |message: String, label: &str| Err(Diagnostic::error("E0621", place, message, label));
        let link = &mut self.graph.links[l];
        let what = match (key, link.rate) {
            ("rate", Some(rate)) => {
                let rate = changed(table, rate)?;
                if rate.exact.0 == 0 {
                    return refuse("a link of rate zero passes nothing".into(), "more than zero")
                        .map_err(|d| d.help("to cut a link off, use `op = \"fail\"` on it"));
                }
                let Some(service) = Serialisation::new(rate.exact) else {
                    return refuse(format!("a rate of {rate}"), "from 1 bit/s to 1000 Tbit/s");
                };
                link.rate = Some(rate);
                Change::Rate(l, service, Sides::of(link, key))
            }
            ("delay", _) => {
                let delay = changed(table, link.delay)?;
                let Some(ticks) = delay.to_ticks() else {
                    return refuse(format!("a delay of {delay}"), "at most 106 d");
                };
                link.delay = delay;
                let change = Change::Delay(l, ticks, Sides::of(link, key));
                if self.builder.metric() == Metric::Delay {
                    self.builder.check_lengths(&self.graph, l, place)?;
                    self.routes_follow(table);
                }
                change
            }
            ("cost", _) => {
                let mut value = Value::given(Data::Number(link.cost), place);
                change(table, &mut value)?;
                let cost = value.as_number().unwrap_or(link.cost);
                if !(0.001..=16_777_216.0).contains(&cost) {
                    return refuse(format!("a cost of {cost}"), "from 0.001 to 16777216");
                }
                link.cost = cost;
                if self.builder.metric() == Metric::Cost {
                    self.routes_follow(table);
                }
                return Ok(());
            }
            _ => return Err(self.unknown(table)),
        };
        self.changes.changing[l] = true;
        self.changes.all.push((self.at, what));
        Ok(())
    }

    fn traffic_value(&mut self, table: &Table) -> Result<(), Diagnostic> {
        let target = table.text("target");
        let known = self.traffic_values().iter().any(|c| c == target);
        let name = target.split('.').nth(1).unwrap_or_default().to_owned();
        let flow = self.builder.flows.iter().position(|f| f.name == name);
        let (true, Some(flow)) = (known, flow) else { return Err(self.unknown(table)) };
        let value = find(&mut self.scenario, target).expect("collected from it");
        change(table, value)?;
        let mut source = self.scenario.table("traffic").table(&name).clone();
        // A law that follows a waveform takes it up where the run is.
        let begins = source.entries.iter_mut().find(|e| e.0 == "start").map(|e| &mut e.2.data);
        if let Some(Data::Quantity(start)) = begins
            && start.value < table.quantity("at").value
        {
            *start = table.quantity("at");
        }
        let make = self.builder.context.registry.traffic.get(source.kind()).expect("the checker knows the kind").make;
        let Some(size) = self.builder.size(&source) else { return Ok(()) };
        match make(&source, &size, self.builder.context) {
            Ok(Load::Source(traffic)) => self.changes.all.push((self.at, Change::Flow(flow, traffic))),
            // Not among the values that can change.
            Ok(Load::Application(..)) => {}
            // What is wrong with the new value is reported where the new value stands.
            Err(found) => {
                let place = place(table);
                found.iter().for_each(|d| self.builder.diagnostics.push(Diagnostic { span: place, ..d.clone() }));
            }
        }
        Ok(())
    }
    /// The paths of all numbers of traffic that can change.
    fn traffic_values(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(traffic) = self.scenario.get("traffic") {
            collect(traffic, "traffic", &mut all);
        }
        let flows = &self.builder.flows;
        all.retain(|path| {
            let mut parts = path.split('.').skip(1);
            let (name, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let is_source = |f: &Flow| f.name == name && matches!(f.origin, Origin::Load(Load::Source(_)));
            !FIXED.contains(&key) && flows.iter().any(is_source)
        });
        all
    }

    fn unknown(&self, table: &Table) -> Diagnostic {
        let (target, outage) = (table.text("target"), is_outage(table));
        let links = self.graph.links.iter();
        let known: Vec<String> = if outage {
            let nodes = self.graph.nodes.iter().map(|n| format!("node.{}", n.name));
            links.map(|l| format!("link.{}", l.name)).chain(nodes).collect()
        } else {
            let of = |l: &LinkSpec| {
                let keys = l.rate.map(|_| "rate").into_iter().chain(["delay", "cost"]);
                keys.map(|key| format!("link.{}.{key}", l.name)).collect::<Vec<_>>()
            };
            links.flat_map(of).chain(self.traffic_values()).collect()
        };
        let (message, label) = if outage {
            (format!("there is no link or node `{target}`"), "nothing that can fail")
        } else {
            (format!("there is no value `{target}`"), "matches nothing that can change")
        };
        Diagnostic::error("E0620", table.span_of("target"), message, label).help(nearest(target, &known))
    }
}

/// Where the new value stands.
fn place(table: &Table) -> Span {
    table.get("value").or(table.get("factor")).map_or(table.span_of("target"), |v| v.span)
}

/// A quantity changed as `table` says.
fn changed(table: &Table, old: Quantity) -> Result<Quantity, Diagnostic> {
    let mut value = Value::given(Data::Quantity(old), place(table));
    change(table, &mut value)?;
    Ok(value.as_quantity().unwrap_or(old))
}
