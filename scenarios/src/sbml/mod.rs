//! SBML in and out: models in the Systems Biology Markup Language (Hucka et al. 2019, doi:10.1515/jib-2019-0021), Levels 2 and 3 core,
//! as scenarios.
//!
//! ```text
//! text --xml--> tree --model, math--> Model (what the file declares) --resolve--> names, values at the start
//!     --translate, event--> the text of a scenario, which is checked and run as any other
//! ```
//!
//! A kinetic law is taken as it stands for the propensity of its reaction, in the model's units of substance and time; nothing
//! is derived from stoichiometry. What SBML has and this has not is refused by its name, where it stands: see `docs/sbml.md`.

mod event;
mod export;
mod guard;
mod law;
mod math;
mod model;
mod observable;
mod print;
mod rate_rule;
mod resolve;
#[cfg(test)]
mod tests;
mod translate;
mod units;
mod variable;
mod xml;

use std::path::Path;

pub use export::export;
use sim_core::config::Diagnostics;

/// A model as a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The text of the scenario.
    pub scenario: String,
    /// What the model's units amount to, in a line.
    pub units: String,
}

/// Translates the SBML `text` of the file called `file`. One unit of substance is `particles` molecules, if given; else what
/// the model says.
///
/// Fails with everything that is wrong with it or not supported; spans are into `text`.
pub fn translate(file: &str, text: &str, particles: Option<f64>) -> Result<Translation, Diagnostics> {
    let document = xml::parse(text)?;
    let model = model::Model::read(document.root_element(), particles)?;
    let stem = Path::new(file).file_stem().map_or_else(|| "model".to_owned(), |s| s.to_string_lossy().into_owned());
    let scenario = translate::scenario(&model, file, &stem)?;
    Ok(Translation { scenario, units: translate::units_note(&model) })
}

/// Whether a text is XML, and so no scenario.
pub fn is_xml(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}
