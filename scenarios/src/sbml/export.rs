//! A biological scenario as SBML Level 3 Version 2 core.
//!
//! Species are amounts in items (`hasOnlySubstanceUnits`), laws are propensities in items per second, times are in seconds and volumes in litres: a
//! discrete stochastic simulator that takes laws as they stand runs the same system. What is read again by
//! [`translate`](super::translate) has the same reactions and events.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use models::biology::{Outline, OutlineEvent, OutlineReaction, OutlineSpecies};
use models::common::term::Term;

const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// The SBML text of `outline`, called `name`; `title` is for people.
pub fn export(outline: &Outline, name: &str, title: &str) -> String {
    let mut ids = Ids::default();
    let compartments: Vec<String> = outline.compartments.iter().map(|c| ids.make(&c.0)).collect();
    let species: Vec<String> = outline.species.iter().map(|s| ids.make(short(s, outline))).collect();
    let waveforms: Vec<String> = outline.waveforms.iter().map(|w| ids.make(&w.0)).collect();
    let observables: Vec<String> = outline.observables.iter().map(|o| ids.make(&o.0)).collect();
    let is_variable: Vec<bool> = outline.species.iter().map(|s| s.variable).collect();
    let mut out =
        Writer { text: String::new(), depth: 0, species: &species, is_variable: &is_variable, waveforms: &waveforms };
    out.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    out.open("<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">");
    let (id, title) = (Ids::default().make(name), escape(title));
    out.open(&format!(
        "<model id=\"{id}\" name=\"{title}\" substanceUnits=\"item\" timeUnits=\"second\" volumeUnits=\"litre\" extentUnits=\"item\">"
    ));
    out.list("listOfCompartments", &outline.compartments, |out, i, (_, volume)| {
        // 1 m^3 is 1000 l.
        let (id, size) = (&compartments[i], volume * 1e3);
        out.line(&format!(
            "<compartment id=\"{id}\" spatialDimensions=\"3\" size=\"{size:e}\" units=\"litre\" constant=\"true\"/>"
        ));
    });
    let (variables, counted): (Vec<_>, Vec<_>) = outline.species.iter().enumerate().partition(|s| s.1.variable);
    out.list("listOfSpecies", &counted, |out, _, (i, s)| out.species(s, *i, &compartments));
    let set = variables.iter().map(|(i, s)| format!("id=\"{}\" value=\"{}\"", species[*i], s.initial));
    let ruled = || waveforms.iter().chain(&observables).zip(outline.waveforms.iter().chain(&outline.observables));
    let parameters: Vec<String> = set.chain(ruled().map(|(id, _)| format!("id=\"{id}\""))).collect();
    out.list("listOfParameters", &parameters, |out, _, parameter| {
        out.line(&format!("<parameter {parameter} constant=\"false\"/>"));
    });
    let rules: Vec<_> = ruled().map(|(id, (_, value))| (id, value)).collect();
    out.list("listOfRules", &rules, |out, _, (id, value)| {
        out.open(&format!("<assignmentRule variable=\"{id}\">"));
        out.math(value);
        out.close("</assignmentRule>");
    });
    out.list("listOfReactions", &outline.reactions, |out, _, r| out.reaction(r, &ids.make(&r.name)));
    out.list("listOfEvents", &outline.events, |out, _, e| out.event(e, &ids.make(&e.name)));
    out.close("</model>");
    out.close("</sbml>");
    out.text
}

/// `drug` of `cell.drug`, if there is no other drug.
fn short<'a>(species: &'a OutlineSpecies, outline: &Outline) -> &'a str {
    fn without_place(s: &OutlineSpecies) -> Option<&str> {
        s.compartment.and_then(|_| s.name.split_once('.')).map(|parts| parts.1)
    }
    let Some(short) = without_place(species) else { return &species.name };
    let alike = outline.species.iter().filter(|s| without_place(s) == Some(short)).count();
    if alike == 1 { short } else { &species.name }
}

/// Identifiers of SBML, each used once.
#[derive(Default)]
struct Ids(BTreeSet<String>);

impl Ids {
    /// One that is like `name`.
    fn make(&mut self, name: &str) -> String {
        let mut id: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if id.is_empty() || id.starts_with(|c: char| c.is_ascii_digit()) {
            id.insert(0, '_');
        }
        let mut unique = id.clone();
        for k in 2.. {
            if self.0.insert(unique.clone()) {
                break;
            }
            unique = format!("{id}_{k}");
        }
        unique
    }
}

fn escape(text: &str) -> String {
    let special = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        c if c.is_control() => " ".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(special).collect()
}

struct Writer<'a> {
    text: String,
    depth: usize,
    /// The identifiers of all species and waveforms.
    species: &'a [String],
    /// By species: whether it is a parameter there.
    is_variable: &'a [bool],
    waveforms: &'a [String],
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = 2 * self.depth);
    }
    fn open(&mut self, line: &str) {
        self.line(line);
        self.depth += 1;
    }
    fn close(&mut self, line: &str) {
        self.depth -= 1;
        self.line(line);
    }
    /// A list of some; none if there are none.
    fn list<T>(&mut self, name: &str, items: &[T], mut each: impl FnMut(&mut Self, usize, &T)) {
        if items.is_empty() {
            return;
        }
        self.open(&format!("<{name}>"));
        for (i, item) in items.iter().enumerate() {
            each(self, i, item);
        }
        self.close(&format!("</{name}>"));
    }

    fn species(&mut self, s: &OutlineSpecies, i: usize, compartments: &[String]) {
        // States of pathways are in no compartment; amounts do not depend on it.
        let home = s.compartment.and_then(|c| compartments.get(c)).or(compartments.first()).map_or("", String::as_str);
        let (id, fixed) = (&self.species[i], s.fixed);
        self.line(&format!(
            "<species id=\"{id}\" name=\"{}\" compartment=\"{home}\" initialAmount=\"{}\" substanceUnits=\"item\" \
             hasOnlySubstanceUnits=\"true\" boundaryCondition=\"{fixed}\" constant=\"{fixed}\"/>",
            escape(&s.name),
            s.initial
        ));
    }

    fn reaction(&mut self, r: &OutlineReaction, id: &str) {
        self.open(&format!("<reaction id=\"{id}\" name=\"{}\" reversible=\"false\">", escape(&r.name)));
        for (list, side) in [("listOfReactants", &r.takes), ("listOfProducts", &r.gives)] {
            self.list(list, side, |out, _, (species, n)| {
                let species = &out.species[*species];
                out.line(&format!("<speciesReference species=\"{species}\" stoichiometry=\"{n}\" constant=\"true\"/>"));
            });
        }
        let is_taken = |s: &usize| r.takes.iter().chain(&r.gives).any(|t| t.0 == *s);
        let is_modifier = |s: &usize| !is_taken(s) && !self.is_variable[*s];
        let modifiers: Vec<usize> = r.rate.counts().into_iter().filter(is_modifier).collect();
        self.list("listOfModifiers", &modifiers, |out, _, s| {
            let species = &out.species[*s];
            out.line(&format!("<modifierSpeciesReference species=\"{species}\"/>"));
        });
        self.open("<kineticLaw>");
        self.math(&r.rate);
        self.close("</kineticLaw>");
        self.close("</reaction>");
    }

    fn event(&mut self, e: &OutlineEvent, id: &str) {
        self.open(&format!("<event id=\"{id}\" useValuesFromTriggerTime=\"{}\">", e.at_trigger));
        self.open(&format!("<trigger initialValue=\"{}\" persistent=\"{}\">", e.held_before, e.persistent));
        self.math(&e.when);
        self.close("</trigger>");
        // In the order of the schema.
        for (element, term) in [("priority", &e.priority), ("delay", &e.delay)] {
            if let Some(term) = term {
                self.open(&format!("<{element}>"));
                self.math(term);
                self.close(&format!("</{element}>"));
            }
        }
        self.list("listOfEventAssignments", &e.changes, |out, _, (species, becomes)| {
            let species = &out.species[*species];
            out.open(&format!("<eventAssignment variable=\"{species}\">"));
            out.math(becomes);
            out.close("</eventAssignment>");
        });
        self.close("</event>");
    }

    fn math(&mut self, term: &Term) {
        let mut content = String::new();
        self.term(term, &mut content);
        self.line(&format!("<math xmlns=\"{MATHML}\">{content}</math>"));
    }

    fn term(&self, term: &Term, to: &mut String) {
        match term {
            Term::Number(x) => number(*x, to),
            Term::Time => to.push_str(
                "<csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/time\">time</csymbol>",
            ),
            Term::Count(i) => {
                let _ = write!(to, "<ci>{}</ci>", self.species[*i]);
            }
            Term::Waveform(i) => {
                let _ = write!(to, "<ci>{}</ci>", self.waveforms[*i]);
            }
            Term::Apply(op, terms) => {
                let _ = write!(to, "<apply><{op}/>");
                for t in terms {
                    self.term(t, to);
                }
                to.push_str("</apply>");
            }
            Term::If(condition, then, otherwise) => {
                to.push_str("<piecewise><piece>");
                self.term(then, to);
                self.term(condition, to);
                to.push_str("</piece><otherwise>");
                self.term(otherwise, to);
                to.push_str("</otherwise></piecewise>");
            }
        }
    }
}

/// A number as `MathML` has it, every digit kept.
fn number(x: f64, to: &mut String) {
    let shown = format!("{x:e}");
    let _ = match shown.split_once('e') {
        Some((mantissa, exponent)) if exponent != "0" && !(1e-4..1e6).contains(&x.abs()) => {
            write!(to, "<cn type=\"e-notation\">{mantissa}<sep/>{exponent}</cn>")
        }
        _ => write!(to, "<cn>{x}</cn>"),
    };
}
