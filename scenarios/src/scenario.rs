//! From a file to a checked scenario: typed, units resolved, the system of every sweep point made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use models::{BuildContext, Registry, System, Wrong};
use sim_core::SimTime;
use sim_core::config::{
    Data, Diagnostic, Diagnostics, Key, Node, Section, Severity, Span, Table, Tree, Value, check, node_text, resolved,
};
use sim_core::stats::{Component, Window, series_of};

use crate::figure::{self, FigureRequest};
use crate::identity::{InputFile, identity, input_files};
use crate::library;
use crate::metric::{self, AllKinds, Context, Known, Named, Pair, Varied};
use crate::plan::{NO_SUCH_PATH, Plan, adds_element, at_point, fill_in, find, grid, is_lost};
use crate::sbml::{self, Translation};
use crate::sections::SECTIONS;
use crate::sweep::{SweepAxis, add_argument, axes};
use crate::tables::{Axis, Point};
use crate::text::{GIVEN_TWICE, NO_ASSIGNMENT, Sources, apply_set, get_path, parse, read_file, without_echoes};

/// Beyond so many events a study is warned of before it starts.
const EVENTS_WARNED: f64 = 1e12;

/// Where a scenario comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One of the scenarios that come with the program ([`library`]), by name.
    Bundled(String),
    /// A file: a scenario, or an SBML model.
    File(PathBuf),
    /// A text under a name; relative file names in it start from the current folder.
    Text {
        /// What messages call it.
        name: String,
        /// The scenario.
        text: String,
    },
}

/// What the command line changes in a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `PATH=VALUE`
    pub set: Vec<String>,
    /// `PATH=A,B,C`
    pub sweep: Vec<String>,
    /// Instead of `study.seed`.
    pub seed: Option<u64>,
    /// Instead of `study.replications`.
    pub replications: Option<u32>,
}

/// Why a scenario could not be loaded: all findings, and the texts that they point into.
#[derive(Clone, Debug)]
pub struct LoadError {
    /// What is wrong, each with its place.
    pub diagnostics: Diagnostics,
    /// The scenario and the arguments.
    pub sources: Sources,
    /// Whether there is no such file or bundled scenario at all.
    pub not_found: bool,
}

impl LoadError {
    /// The process's exit code: 2 if there is no such scenario or an argument cannot be read, 3 if the scenario is not
    /// valid.
    pub fn exit_code(&self) -> u8 {
        if self.not_found || self.diagnostics.iter().any(|d| NO_ASSIGNMENT.contains(&d.code)) { 2 } else { 3 }
    }
}

/// Makes the system that a checked scenario describes.
type Build = fn(&Table, &BuildContext<'_>) -> Result<Box<dyn System>, Diagnostics>;

/// What scenarios can be made of: sections, kinds, and the maker of systems.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) sections: Vec<Section>,
    pub(crate) build: Build,
    pub(crate) registry: Registry,
}

/// One point of a scenario, ready to run.
pub(crate) struct PreparedPoint {
    pub(crate) id: String,
    pub(crate) system: Box<dyn System>,
    pub(crate) window: Window,
}

/// A checked scenario with the systems of all its points.
pub struct Scenario {
    pub(crate) table: Table,
    pub(crate) text: String,
    pub(crate) sources: Sources,
    pub(crate) warnings: Diagnostics,
    /// What the units of the model amount to that it was translated from, if it was.
    pub(crate) units: Option<String>,
    pub(crate) inputs: Vec<InputFile>,
    pub(crate) id: String,
    pub(crate) axes: Vec<Axis>,
    pub(crate) grid: Vec<Point>,
    /// Those of the sweep, and after them those that metrics need besides.
    pub(crate) points: Vec<PreparedPoint>,
    /// What is varied at each of the latter.
    pub(crate) variants: Vec<Variant>,
    pub(crate) metrics: Vec<Named>,
}

/// A point of a sweep with one parameter varied by a metric.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// The point of the sweep.
    pub(crate) of: usize,
    /// The parameter's path.
    pub(crate) path: String,
    /// Its value, as in a scenario.
    pub(crate) value: String,
}

/// All sections of a scenario file: the shared ones and those of the models.
pub fn sections() -> Vec<Section> {
    [SECTIONS, &models::sections()].concat()
}

impl Scenario {
    /// Reads, overrides and checks a scenario, and makes the systems of all its points.
    ///
    /// Fails with everything that is wrong with it.
    pub fn load(source: &Source, overrides: &Overrides, registry: &Registry) -> Result<Self, LoadError> {
        let world = World { sections: sections(), build: models::build, registry: registry.clone() };
        Self::load_in(source, overrides, &world)
    }

    pub(crate) fn load_in(source: &Source, overrides: &Overrides, world: &World) -> Result<Self, LoadError> {
        let mut sources = Sources::default();
        let (text, folder) = match open(source, &mut sources) {
            Ok(opened) => opened,
            Err(d) => return Err(LoadError { diagnostics: d.into(), sources, not_found: true }),
        };
        let (text, units) = match translated(text, &mut sources) {
            Ok(scenario) => scenario,
            Err(diagnostics) => return Err(LoadError { diagnostics, sources, not_found: false }),
        };
        let mut loader = Loader { world, folder, sources, found: Diagnostics::default() };
        match loader.load(text, overrides) {
            Some(scenario) if !loader.found.has_errors() => {
                Ok(Self { sources: loader.sources, warnings: loader.found, units, ..scenario })
            }
            _ => Err(LoadError { diagnostics: loader.found, sources: loader.sources, not_found: false }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.table.table("scenario").text("name")
    }
    /// Its title; empty if it has none.
    pub fn title(&self) -> &str {
        self.table.table("scenario").text("title")
    }
    /// The study's seed, if it is given.
    pub fn seed(&self) -> Option<u64> {
        self.study().opt_integer("seed").map(|s| s as u64)
    }
    /// The confidence of intervals, 0 to 1.
    pub fn confidence(&self) -> f64 {
        self.study().number("confidence")
    }
    /// Points and replications; those that metrics need besides the sweep's are among them, after these.
    pub fn plan(&self) -> Plan {
        // Where nothing is drawn one run tells all; those that are asked for are made.
        let is_asked = self.study().get("replications").is_some_and(|v| !v.defaulted) && !self.is_mean();
        let replications = if self.draws() || is_asked { self.study().integer("replications") as u32 } else { 1 };
        Plan { points: self.points.len(), replications }
    }
    /// Whether any random numbers are drawn: if not, all replications are the same.
    pub fn draws(&self) -> bool {
        !self.is_mean() && self.points.iter().any(|p| p.system.draws())
    }
    fn is_mean(&self) -> bool {
        self.table.table("run").text("fidelity") == "mean"
    }
    /// How many bins a figure of a course has; none if that is left to the program.
    pub(crate) fn figure_bins(&self) -> Option<u32> {
        self.table.table("run").opt_integer("bins").map(|bins| bins as u32)
    }
    /// The axes of the sweep.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }
    /// The points of the sweep.
    pub fn points(&self) -> &[Point] {
        &self.grid
    }
    /// The name of point `point` in identities of runs: 16 hexadecimal digits.
    pub fn point_id(&self, point: usize) -> &str {
        &self.points[point].id
    }
    /// The system of point `point`.
    pub fn system(&self, point: usize) -> &dyn System {
        &*self.points[point].system
    }
    /// The window of the runs of point `point`.
    pub fn window(&self, point: usize) -> Window {
        self.points[point].window
    }
    /// The figures that it asks for, in order; none if it leaves that to the program.
    pub fn figures(&self) -> Vec<FigureRequest> {
        figure::requests(&self.table)
    }
    /// The checked scenario without the sweep's values.
    pub fn table(&self) -> &Table {
        &self.table
    }
    /// What the scenario without the sweep's values describes, for other formats; relative file names start from `folder`.
    ///
    /// Fails if it is no cell, or with what no formula can tell.
    pub fn outline(&self, folder: &Path, registry: &Registry) -> Result<models::biology::Outline, Diagnostics> {
        if models::World::of(&self.table) != models::World::Biology {
            let d = Diagnostic::error("E0721", self.table.span, "a network is no SBML model", "expected a cell");
            return Err(d.help("SBML is for `[compartment]`s, `[pathway]`s and `[reaction]`s").into());
        }
        models::biology::outline(&self.table, &BuildContext::new(registry, folder))
    }
    /// Findings that do not stop it from running.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
    /// What the units of the SBML model amount to that it was translated from, in a line; none if it was given as it is.
    pub fn translated(&self) -> Option<&str> {
        self.units.as_deref()
    }
    /// The texts that the findings point into.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
    /// The place, `file:line:column`, of the first element of the file that `message` names by its path (`` `reaction.decay` ``); none if
    /// it names none, or if nobody has the text.
    pub fn place_of(&self, message: &str) -> Option<String> {
        let element = |path: &str| {
            let (section, name) = path.split_once('.')?;
            let of_section = self.table.opt_table(section)?;
            of_section.entries.iter().find(|e| e.0 == name).map(|e| e.1)
        };
        let span = message.split('`').skip(1).step_by(2).find_map(element)?;
        let (line, column) = self.sources.line_column(span);
        self.translated().is_none().then(|| format!("{}:{line}:{column}", self.sources.name(span.source)))
    }
    /// The scenario with the study's seed, and with every default as a comment, as TOML. Sections that were not given and
    /// say nothing about this system are left out.
    pub fn resolved(&self, seed: u64) -> String {
        let mut table = self.table.clone();
        let world = models::World::of(&table);
        // Nobody's links come from a topology that is not given.
        let is_moot = |name: &str| world.is_foreign(name) || name == "topology";
        table.entries.retain(|(name, _, v)| !(v.defaulted && is_moot(name)));
        for (.., run) in table.entries.iter_mut().filter(|e| e.0 == "run" && world == models::World::Biology) {
            if let Data::Table(run) = &mut run.data {
                run.entries.retain(|(key, _, v)| !(v.defaulted && key == "fidelity"));
            }
        }
        for (_, _, section) in table.entries.iter_mut().filter(|e| e.0 == "study") {
            if let Data::Table(study) = &mut section.data
                && study.get("seed").is_none()
            {
                let value = Value::given(Data::Integer(seed as i64), study.span);
                study.entries.push(("seed".to_owned(), study.span, value));
            }
        }
        format!("# Lines that begin with `#` are defaults.\n\n{}", resolved(&table))
    }
    fn study(&self) -> &Table {
        self.table.table("study")
    }
}

impl Source {
    /// What relative file names in it start from.
    pub fn folder(&self) -> PathBuf {
        match self {
            Self::Text { .. } | Self::Bundled(_) => PathBuf::from("."),
            Self::File(path) => {
                path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
            }
        }
    }
}

/// The text of a scenario, and the folder that its relative file names start from.
fn open(source: &Source, sources: &mut Sources) -> Result<(String, PathBuf), Diagnostic> {
    let (name, text) = match source {
        Source::Text { name, text } => (name.clone(), text.clone()),
        Source::Bundled(name) => (format!("{name}.toml"), library::get(name)?.to_owned()),
        Source::File(path) => (path.display().to_string(), read_file(path)?),
    };
    sources.add(name, text.clone());
    Ok((text, source.folder()))
}

/// The scenario that `text`, the first of `sources`, amounts to if it is SBML, and what its units amount to. The scenario takes
/// its place among the sources.
fn translated(text: String, sources: &mut Sources) -> Result<(String, Option<String>), Diagnostics> {
    if !sbml::is_xml(&text) {
        return Ok((text, None));
    }
    let file = sources.name(0).to_owned();
    let Translation { scenario, units } = sbml::translate(&file, &text, None)?;
    *sources = Sources::default();
    sources.add(format!("{file}, as a scenario"), scenario.clone());
    Ok((scenario, Some(units)))
}

/// Takes the axis over `path` out of the sweep: a value that is set holds at every point.
fn end_axis(root: &mut Node, path: &str) {
    if let Some(Node { tree: Tree::Table(axes), .. }) = root.get_mut("sweep") {
        axes.retain(|(key, _)| key.name.trim() != path);
    }
}

/// Loads one scenario, gathering what is wrong.
struct Loader<'a> {
    world: &'a World,
    folder: PathBuf,
    sources: Sources,
    found: Diagnostics,
}

impl Loader<'_> {
    fn load(&mut self, text: String, overrides: &Overrides) -> Option<Scenario> {
        let (mut root, syntax) = parse(self.sources.name(0), &text, 0);
        self.apply(&mut root, overrides);
        let mut found = Diagnostics::default();
        let table = check(&root, &self.world.sections, &AllKinds(&self.world.registry), &mut found);
        let unread = syntax.iter().any(|d| d.code != GIVEN_TWICE);
        self.found.extend(without_echoes(&found, &syntax, &self.sources));
        self.name(&table);
        self.found.extend(syntax);
        if unread {
            // Parts of the text are missing: most of what else would be found would not be true.
            return None;
        }
        let mut axes = self.axes(&root, &table);
        let grid = grid(&axes).or_else(|d| {
            self.found.push(d);
            axes.clear();
            grid(&axes)
        });
        let grid = grid.ok()?;
        let inputs = input_files(&table, &self.folder);
        let points = self.points(&root, &Checked { table: &table, found: &found }, &axes, &grid)?;
        let id = identity(&table, &inputs);
        let names: Vec<&str> = points[0].system.components().iter().map(|c| c.name.as_str()).collect();
        let shown: Vec<&Axis> = axes.iter().map(|a| &a.axis).collect();
        let known = Known::new(points[0].system.components(), &points[0].system.numbers());
        let what = figure::What { names: &names, axes: &shown, points: points.len(), known: &known };
        figure::check(&table, &what, &mut self.found);
        let context = Context::new(&table, &known, &shown, points[0].window);
        let metrics = metric::read(&table, &context, &mut self.found);
        let sweep = Sweep { root: &root, base: Checked { table: &table, found: &found }, axes: &axes, grid: &grid };
        let (metrics, points, variants) = self.vary(metrics, &sweep, points)?;
        let axes = axes.into_iter().map(|a| a.axis).collect();
        let (sources, warnings, units) = (Sources::default(), Diagnostics::default(), None);
        let scenario =
            Scenario { table, text, sources, warnings, units, inputs, id, axes, grid, points, variants, metrics };
        self.warn_of_work(&scenario);
        Some(scenario)
    }

    /// Puts the command line's changes into the tree.
    fn apply(&mut self, root: &mut Node, overrides: &Overrides) {
        for text in &overrides.set {
            let source = self.sources.add("--set", text.as_str());
            let (path, value) = text.split_once('=').map_or(("", ""), |(path, value)| (path.trim(), value));
            let base = check(root, &self.world.sections, &AllKinds(&self.world.registry), &mut Diagnostics::default());
            let span = Span { source, start: 0, end: path.len() as u32 };
            let is_new = path.is_empty() || adds_element(&self.world.sections, path, value);
            let known = if is_new { Ok(()) } else { find(root, &base, &self.world.sections, path, span) };
            let done = known.and_then(|()| fill_in(root, &base, path)).and_then(|()| apply_set(root, text, source));
            match done {
                Ok(()) => end_axis(root, path),
                Err(d) if d.code == NO_SUCH_PATH && is_lost(root, &base, path) => {}
                Err(d) => self.found.push(d),
            }
        }
        let reps = overrides.replications.map(u64::from);
        let numbers = [("seed", "--seed", overrides.seed), ("replications", "--reps", reps)];
        for (key, option, value) in numbers.into_iter().filter_map(|(k, o, v)| Some((k, o, v?))) {
            let source = self.sources.add(option, value.to_string());
            let set = apply_set(root, &format!("study.{key}={value}"), source);
            set.unwrap_or_else(|d| self.found.push(d));
            if let Some(node) = root.get_mut("study").and_then(|s| s.get_mut(key)) {
                node.span = Span { source, start: 0, end: value.to_string().len() as u32 };
            }
        }
        if overrides.sweep.is_empty() {
            return;
        }
        let mut section = match root.get("sweep").map(|n| &n.tree) {
            Some(Tree::Table(entries)) => entries.clone(),
            _ => Vec::new(),
        };
        for text in &overrides.sweep {
            let source = self.sources.add("--sweep", text.as_str());
            add_argument(&mut section, text, source).unwrap_or_else(|d| self.found.push(d));
        }
        if let Tree::Table(entries) = &mut root.tree {
            entries.retain(|(k, _)| k.name != "sweep");
            let key = Key { name: "sweep".to_owned(), span: Span::default() };
            entries.push((key, Node { tree: Tree::Table(section), span: Span::default() }));
        }
    }

    /// The name becomes a folder's, so it must not lead elsewhere.
    fn name(&mut self, table: &Table) {
        let named = table.opt_table("scenario").and_then(|t| t.get("name"));
        let Some(value) = named.filter(|v| !v.has_wrong()) else { return };
        let name = value.as_text().unwrap_or_default();
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(fits) {
            let message = format!("`{}` cannot be a scenario's name", name.escape_debug());
            let d = Diagnostic::error("E0107", value.span, message, "letters, digits, `_`, `-` and `.` only");
            self.found.push(d.help("it names the results folder; `title` may be anything"));
        }
    }

    fn axes(&mut self, root: &Node, table: &Table) -> Vec<SweepAxis> {
        match root.get("sweep").map(|n| &n.tree) {
            Some(Tree::Table(entries)) => axes(entries, root, table, &self.world.sections, &mut self.found),
            _ => Vec::new(),
        }
    }

    /// Checks and makes the system of every point, so that mistakes in a sweep come out before the first run.
    ///
    /// If the scenario itself is wrong, whatever else is wrong is found by the way.
    fn points(
        &mut self,
        root: &Node,
        base: &Checked<'_>,
        axes: &[SweepAxis],
        grid: &[Point],
    ) -> Option<Vec<PreparedPoint>> {
        let mut points = Vec::with_capacity(grid.len());
        let mut faults = Faults::default();
        for (k, point) in grid.iter().enumerate() {
            let mut found = Diagnostics::default();
            match at_point(root, base.table, axes, point) {
                Ok(tree) => points.extend(self.point(&tree, base.found, &mut found)),
                Err(d) => found.push(d),
            }
            faults.add(k, &found);
            if faults.errors() >= Faults::MANY {
                break;
            }
        }
        for (mut d, at, count) in faults.0 {
            if count < grid.len() && !axes.is_empty() {
                let place = describe(axes, &grid[at]);
                let help = d.help.take().map_or(String::new(), |h| format!("{h}; "));
                d.help = Some(format!("{help}at the sweep's point {place}"));
            }
            self.found.push(d);
        }
        self.twins(&points, axes, grid);
        (!self.found.has_errors()).then_some(points)
    }

    /// Makes the points at which metrics vary parameters, after those of the sweep; one that is there already is used again.
    ///
    /// None if there is something wrong.
    fn vary(
        &mut self,
        mut metrics: Vec<Named>,
        sweep: &Sweep<'_>,
        mut points: Vec<PreparedPoint>,
    ) -> Option<(Vec<Named>, Vec<PreparedPoint>, Vec<Variant>)> {
        let mut variants = Vec::new();
        let mut known: BTreeMap<String, usize> = points.iter().enumerate().map(|(k, p)| (p.id.clone(), k)).collect();
        for named in &mut metrics {
            for of in 0..sweep.grid.len() {
                let mut pairs = Vec::new();
                for varied in named.metric.varied() {
                    match self.variant(sweep, of, varied) {
                        Ok([low, high]) => {
                            let step = libm::log(high.1 / low.1);
                            let mut place = |(point, _, value): (PreparedPoint, f64, String)| {
                                *known.entry(point.id.clone()).or_insert_with(|| {
                                    variants.push(Variant { of, path: varied.path.clone(), value });
                                    points.push(point);
                                    points.len() - 1
                                })
                            };
                            let (low, high) = (place(low), place(high));
                            pairs.push(Pair { low, high, step });
                        }
                        // At one point of the sweep it is told, not at all.
                        Err(found) if of == 0 || !self.found.has_errors() => self.found.extend(found),
                        Err(_) => {}
                    }
                }
                named.pairs.push(pairs);
            }
        }
        (!self.found.has_errors()).then_some((metrics, points, variants))
    }

    /// The two points beside point `of` of the sweep where `varied` is less and more, each with the value, as a number and as
    /// in a scenario.
    fn variant(
        &self,
        sweep: &Sweep<'_>,
        of: usize,
        varied: &Varied,
    ) -> Result<[(PreparedPoint, f64, String); 2], Diagnostics> {
        let tree = at_point(sweep.root, sweep.base.table, sweep.axes, &sweep.grid[of])?;
        let mut both = Vec::new();
        for (tree, x) in metric::vary(&tree, sweep.base.table, varied)? {
            let mut found = Diagnostics::default();
            let value = get_path(&tree, &varied.path).map(written).unwrap_or_default();
            let Some(point) = self.point(&tree, sweep.base.found, &mut found) else {
                let mut errors = Diagnostics::default();
                for d in found.iter().filter(|d| d.severity == Severity::Error) {
                    let help = d.help.as_ref().map_or(String::new(), |h| format!("{h}; "));
                    let place = format!("{help}where `{}` is varied to {value}", varied.path);
                    errors.push(Diagnostic { span: varied.span, help: Some(place), ..d.clone() });
                }
                return Err(errors);
            };
            both.push((point, x, value));
        }
        let twice = || Diagnostic::error("E0434", varied.span, format!("`{}` changes nothing", varied.path), "");
        both.try_into().map_err(|_| twice().into())
    }

    /// Two points that are the same would be one run twice, not two.
    fn twins(&mut self, points: &[PreparedPoint], axes: &[SweepAxis], grid: &[Point]) {
        if points.len() < grid.len() {
            return;
        }
        let mut first = BTreeMap::new();
        for (k, point) in points.iter().enumerate() {
            if let Some(twin) = first.insert(point.id.as_str(), k) {
                let at = axes.iter().zip(&grid[k].coordinates).zip(&grid[twin].coordinates).rfind(|((_, a), b)| a != b);
                let span = at.map_or(Span::default(), |((axis, &i), _)| axis.values[i].span);
                let label = format!("the same as {}", describe(axes, &grid[twin]));
                let d = Diagnostic::error("E0406", span, "two points of the sweep are the same", label);
                self.found.push(d.help("leave out the repeated value, or the axis that another one overrides"));
                return;
            }
        }
    }

    /// Checks one point and makes its system. What is `known` of the scenario without the sweep is not told again.
    fn point(&self, tree: &Node, known: &Diagnostics, found: &mut Diagnostics) -> Option<PreparedPoint> {
        let mut checked = Diagnostics::default();
        let table = check(tree, &self.world.sections, &AllKinds(&self.world.registry), &mut checked);
        let is_known = |d: &&Diagnostic| known.iter().any(|k| same(k, d));
        checked.iter().filter(|d| !is_known(d)).for_each(|d| found.push(d.clone()));
        let mut built = Diagnostics::default();
        let window = window(&table, &mut built);
        let context = BuildContext::new(&self.world.registry, &self.folder);
        let system = (self.world.build)(&table, &context).map_err(|d| built.extend(d)).ok();
        found.extend(Wrong::of(&table).map_or_else(|| built.clone(), |wrong| wrong.without_consequences(&built)));
        let (system, mut window) = (system?, window?);
        if table.table("run").get("bins").is_none() {
            window.bins = bins_for(system.components());
        }
        if checked.has_errors() || found.has_errors() {
            return None;
        }
        found.extend(system.warnings());
        found.extend(models::unused(&table));
        found.extend(models::late_interventions(&table, window.end));
        let id = identity(&table, &input_files(&table, &self.folder));
        Some(PreparedPoint { id, system, window })
    }

    fn warn_of_work(&mut self, scenario: &Scenario) {
        let each = |p: &PreparedPoint| p.system.event_rate() * p.window.end.as_secs_f64();
        let events = scenario.points.iter().map(each).sum::<f64>() * f64::from(scenario.plan().replications);
        if events > EVENTS_WARNED {
            let span = scenario.table.table("run").span_of("duration");
            let runs = scenario.plan().runs();
            let message = format!("this study takes about {events:.0e} events in {runs} runs");
            let d = Diagnostic::warning("W0401", span, message, "this long, times points and replications");
            self.found.push(d.help("at some 10 million events a second, 1e12 events take more than a day"));
        }
    }
}

/// A value as tables write it.
fn written(value: &Node) -> String {
    if let Tree::Str(text) = &value.tree { text.clone() } else { node_text(value) }
}

/// A sweep: the scenario, its axes and points.
struct Sweep<'a> {
    root: &'a Node,
    base: Checked<'a>,
    axes: &'a [SweepAxis],
    grid: &'a [Point],
}

/// The scenario without its sweep: checked, and what was found.
struct Checked<'a> {
    table: &'a Table,
    found: &'a Diagnostics,
}

/// Whether two findings say the same of the same place.
fn same(a: &Diagnostic, b: &Diagnostic) -> bool {
    (a.code, a.span, &a.message) == (b.code, b.span, &b.message)
}

/// Findings at points: each once, with the first point that has it and how many do.
#[derive(Default)]
struct Faults(Vec<(Diagnostic, usize, usize)>);

impl Faults {
    /// With so many different errors, further points would tell nothing new.
    const MANY: usize = 20;

    fn errors(&self) -> usize {
        self.0.iter().filter(|f| f.0.severity == Severity::Error).count()
    }

    fn add(&mut self, point: usize, found: &Diagnostics) {
        for d in found.iter() {
            let seen = |e: &&mut (Diagnostic, usize, usize)| {
                // A warning may name numbers of its point; one such is enough.
                let alike = (e.0.code, e.0.span) == (d.code, d.span) && d.severity == Severity::Warning;
                alike || same(&e.0, d)
            };
            match self.0.iter_mut().find(seen) {
                Some(known) => known.2 += 1,
                None => self.0.push((d.clone(), point, 1)),
            }
        }
    }
}

fn describe(axes: &[SweepAxis], point: &Point) -> String {
    let one = |(a, &i): (&SweepAxis, &usize)| format!("{} = {}", a.axis.name, a.axis.labels[i]);
    axes.iter().zip(&point.coordinates).map(one).collect::<Vec<_>>().join(", ")
}

/// The window of a run; findings if it is too long, or if nothing is left of it after the warm-up.
fn window(scenario: &Table, found: &mut Diagnostics) -> Option<Window> {
    let run = scenario.table("run");
    let span = run.span_of("duration");
    let Some(end) = run.quantity("duration").to_ticks() else {
        let d = Diagnostic::error("E0412", span, "this run is too long", "up to 106 days (2^63 ps)");
        found.push(d.help("time is counted in picoseconds; scale the model down, or run it in parts"));
        return None;
    };
    if end == 0 {
        found.push(Diagnostic::error("E0412", span, "this run has no length", "expected more than zero"));
        return None;
    }
    let warmup = match run.opt_quantity("warmup") {
        None => Some(0),
        Some(q) => q.to_ticks(),
    };
    let Some(warmup) = warmup.filter(|&w| w < end) else {
        let message = "the warm-up takes the whole run";
        let d = Diagnostic::error("E0411", run.span_of("warmup"), message, "nothing is left to measure");
        found.push(d.help(format!("it must be shorter than `run.duration`, {}", run.quantity("duration"))));
        return None;
    };
    let bins = run.opt_integer("bins").unwrap_or(BINS.1.into()) as u32;
    Some(Window { warmup: SimTime::from_ticks(warmup), end: SimTime::from_ticks(end), bins })
}

/// The least and the greatest number of bins, if it is not given.
const BINS: (u32, u32) = (100, 1000);
/// So many values all series of a run have together, if that leaves enough bins: some hundred megabytes of text.
const SERIES_VALUES: u32 = 2_500_000;

/// How many bins the series of these components have, unless it is given.
fn bins_for(components: &[Component]) -> u32 {
    let series = series_of(components).len().max(1) as u32;
    (SERIES_VALUES / series).clamp(BINS.0, BINS.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::load;
    use crate::text::render;

    const BASE: &str = "[scenario]\nname = \"demo\"\n[run]\nduration = \"10 s\"\nwarmup = \"1 s\"\n\
                        [study]\nseed = 1\nreplications = 3\n[station.a]\nrate = \"2 /s\"\n[station.b]\nrate = \"5 /s\"\n";

    fn report_with(text: &str, overrides: &Overrides) -> String {
        match load(text, overrides) {
            Ok(s) => render(s.warnings(), s.sources(), false),
            Err(e) => render(&e.diagnostics, &e.sources, false),
        }
    }
    fn report(more: &str) -> String {
        report_with(&format!("{BASE}{more}"), &Overrides::default())
    }
    fn set(assignments: &[&str]) -> Overrides {
        Overrides { set: assignments.iter().map(ToString::to_string).collect(), ..Overrides::default() }
    }

    #[test]
    fn a_scenario_is_read_with_its_sweep() {
        let s = load(&format!("{BASE}[sweep]\n\"station.a.rate\" = [\"1 /s\", \"4 /s\"]\n"), &Overrides::default());
        let s = s.unwrap_or_else(|e| panic!("{}", render(&e.diagnostics, &e.sources, false)));
        assert_eq!((s.name(), s.title(), s.seed(), s.confidence()), ("demo", "", Some(1), 0.95));
        assert_eq!((s.plan().points, s.plan().runs()), (2, 6));
        assert_eq!((s.system(0).event_rate(), s.system(1).event_rate()), (6.0, 9.0));
        assert_eq!(s.window(0).end, SimTime::from_secs(10));
        assert_ne!(s.point_id(0), s.point_id(1));
        assert!(s.resolved(1).contains("\n# confidence = 0.95\n"), "{}", s.resolved(1));
    }

    #[test]
    fn a_value_that_is_set_holds_at_every_point() {
        let text = format!(
            "{BASE}[sweep]\n\"station.a.rate\" = [\"1 /s\", \"4 /s\"]\n\"station.b.rate\" = [\"1 /s\", \"3 /s\"]\n"
        );
        let s = load(&text, &set(&["station.a.rate=7 /s"])).ok().unwrap();
        assert_eq!(s.axes().iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["station.b.rate"]);
        assert_eq!((s.system(0).event_rate(), s.system(1).event_rate()), (8.0, 10.0));
    }

    #[test]
    fn the_resolved_scenario_is_the_same_scenario() {
        let text = BASE.replace("seed = 1\n", "")
            + "[sweep]\n\"station.a.rate\" = { from = \"1 /s\", to = \"4 /s\", n = 3 }\n";
        let first = load(&text, &Overrides::default()).ok().unwrap();
        assert_eq!(first.seed(), None);
        let second = load(&first.resolved(42), &Overrides::default()).ok().unwrap();
        assert_eq!((second.seed(), &second.id), (Some(42), &first.id));
        assert!((0..3).all(|p| first.point_id(p) == second.point_id(p)));
    }

    #[test]
    fn a_path_that_matches_nothing_names_near_ones() {
        let text = report("[sweep]\n\"station.aa.rate\" = [\"1 /s\"]\n");
        assert!(text.starts_with("error[E0401]: `station.aa.rate` matches nothing"), "{text}");
        assert!(text.contains("test.toml:14:1") && text.contains("did you mean `station.a.rate`"), "{text}");
        let text = report_with(BASE, &set(&["stations.a.rate=1 /s"]));
        assert!(text.contains("E0401") && text.contains("--set:1:1") && text.contains("`station.a.rate`"), "{text}");
        let text = report("[sweep]\n\"station.a.rat\" = [\"1 /s\"]\n");
        assert!(text.contains("unknown key `rat`") && text.contains("did you mean `rate`?"), "{text}");
        assert!(report("[sweep]\n\"study.seed\" = [1, 2]\n").starts_with("error[E0405]"));
    }

    #[test]
    fn mistakes_at_points_are_underlined_at_the_value() {
        let text = report(
            "[sweep]\n\"station.a.rate\" = [\"1 /s\", \"4 m\", \"0 /s\"]\n\"station.b.rate\" = [\"1 /s\", \"2 /s\"]\n",
        );
        assert_eq!(text.matches("error[").count(), 2, "{text}");
        assert!(text.contains("test.toml:14:29") && text.contains("found a length"), "{text}");
        assert!(text.contains("test.toml:14:36") && text.contains("a station at rest"), "{text}");
        assert!(text.contains("at the sweep's point station.a.rate = 0 /s, station.b.rate = 1 /s"), "{text}");
        // One that all points have is none of the sweep's.
        let text = report("[station.c]\nrate = \"0 /s\"\n[sweep]\n\"station.b.rate\" = [\"1 /s\", \"2 /s\"]\n");
        assert!(text.contains("a station at rest") && !text.contains("point"), "{text}");
    }

    #[test]
    fn points_that_are_the_same_are_refused() {
        let text = report("[sweep]\n\"station.a.rate\" = [\"1 /s\", \"2 /s\", \"60 /min\"]\n");
        assert!(text.starts_with("error[E0406]") && text.contains("test.toml:14:37"), "{text}");
        let text = report(
            "[sweep]\n\"station.a.queue.limit\" = [1, 2]\n\"station.a.queue\" = [{ drop = \"a\" }, { drop = \"b\" }]\n",
        );
        assert!(text.starts_with("error[E0406]"), "{text}");
    }

    #[test]
    fn setting_a_key_of_a_defaulted_table_keeps_its_others() {
        let s = load(BASE, &set(&["station.a.queue.limit=5", "run.warmup=none"])).ok().unwrap();
        let queue = s.table().table("station").table("a").table("queue");
        assert_eq!((queue.integer("limit"), queue.text("drop")), (5, "tail"));
        assert_eq!(s.window(0).warmup, SimTime::ZERO);
        let o = Overrides { sweep: vec!["station.b.queue.limit=5,6".into()], ..Overrides::default() };
        assert_eq!(load(BASE, &o).ok().unwrap().plan().points, 2);
    }

    #[test]
    fn overrides_of_the_command_line_are_taken() {
        let o = Overrides {
            seed: Some(9),
            replications: Some(7),
            sweep: vec!["station.a.rate=1 /s,2 /s,3 /s".into()],
            ..set(&[])
        };
        let s = load(BASE, &o).ok().unwrap();
        assert_eq!((s.seed(), s.plan()), (Some(9), Plan { points: 3, replications: 7 }));
        assert!(s.resolved(9).contains("\"station.a.rate\" = [\"1 /s\", \"2 /s\", \"3 /s\"]"), "{}", s.resolved(9));
        let zero = Overrides { replications: Some(0), ..Overrides::default() };
        let text = report_with(BASE, &zero);
        assert!(text.contains("E0108") && text.contains("--reps:1:1"), "{text}");
    }

    #[test]
    fn windows_that_leave_nothing_are_refused() {
        assert!(report_with(BASE, &set(&["run.warmup=10 s"])).starts_with("error[E0411]"));
        assert!(report_with(BASE, &set(&["run.duration=107 d"])).starts_with("error[E0412]"));
        assert!(report_with(BASE, &set(&["run.duration=0 s"])).starts_with("error[E0412]"));
        let text = report("[sweep]\n\"run.duration\" = [\"10 s\", \"1 s\"]\n");
        assert!(text.contains("E0411") && text.contains("at the sweep's point run.duration = 1 s"), "{text}");
        assert!(report_with(BASE, &set(&["run.warmup=auto"])).contains("E0109"));
    }

    #[test]
    fn endless_studies_are_warned_of() {
        let o = set(&["station.a.rate=1e9 /s", "run.duration=1 h"]);
        assert!(report_with(BASE, &o).starts_with("warning[W0401]: this study takes about 1e13 events in 3 runs"));
    }

    #[test]
    fn names_cannot_leave_the_results_folder() {
        for bad in ["../x", "a/b", "", ".hidden", "a b"] {
            let text = report_with(BASE, &set(&[&format!("scenario.name=\"{bad}\"")]));
            assert!(text.starts_with("error[E0107]"), "{bad}: {text}");
        }
    }

    #[test]
    fn sources_that_are_not_there_are_a_usage_error() {
        let missing = Source::File("no/such.toml".into());
        let e = Scenario::load(&missing, &Overrides::default(), &models::registry()).err().unwrap();
        assert_eq!(e.exit_code(), 2);
        let e = Scenario::load(&Source::Bundled("branch-ofice".into()), &Overrides::default(), &models::registry());
        let d = e.err().unwrap().diagnostics;
        assert!(d.iter().next().unwrap().help.as_ref().unwrap().contains("branch-office"));
        assert_eq!(load("[run]\n", &Overrides::default()).err().unwrap().exit_code(), 3);
    }
}
