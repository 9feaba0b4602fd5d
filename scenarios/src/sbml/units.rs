//! What a model's units amount to: molecules, seconds, cubic metres.
//!
//! Units are not checked throughout a model; only those of substance, time and volume are read, because counts, runs and
//! compartments need them.

use std::collections::BTreeMap;

use sim_core::config::{Diagnostic, Span};

use super::xml::{Element, id, list, number, place, place_of, unsupported};

/// Molecules in a mole.
pub(super) const AVOGADRO: f64 = 6.022_140_76e23;

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Substance,
    Time,
    Volume,
    Other,
}

/// A unit in molecules, seconds or cubic metres.
#[derive(Clone, Copy, Debug)]
struct Unit {
    kind: Kind,
    size: f64,
}

/// The units of a model.
#[derive(Clone, Debug)]
pub(super) struct Units {
    defined: BTreeMap<String, Unit>,
    /// Molecules in the unit of substance, those that the model says, and what the unit is called.
    pub(super) particles: f64,
    declared: f64,
    pub(super) substance: String,
    /// Seconds in the unit of time, and what that is called.
    pub(super) seconds: f64,
    pub(super) time: String,
    /// m^3 in the unit of volume.
    pub(super) volume: f64,
}

fn base(kind: &str) -> Option<Unit> {
    let (kind, size) = match kind {
        "item" | "dimensionless" => (Kind::Substance, 1.0),
        "mole" | "avogadro" => (Kind::Substance, AVOGADRO),
        "second" => (Kind::Time, 1.0),
        "litre" | "liter" => (Kind::Volume, 1e-3),
        "metre" | "meter" | "ampere" | "becquerel" | "candela" | "coulomb" | "farad" | "gram" | "gray" | "henry"
        | "hertz" | "joule" | "katal" | "kelvin" | "kilogram" | "lumen" | "lux" | "newton" | "ohm" | "pascal"
        | "radian" | "siemens" | "sievert" | "steradian" | "tesla" | "volt" | "watt" | "weber" => (Kind::Other, 1.0),
        _ => return None,
    };
    Some(Unit { kind, size })
}

/// The unit that a `unitDefinition` defines; other than substance, time and volume in whatever size.
fn defined(definition: Element<'_>) -> Result<Unit, Diagnostic> {
    let units = list(definition, "listOfUnits");
    let [only] = units.as_slice() else { return Ok(Unit { kind: Kind::Other, size: 1.0 }) };
    let kind = only.attribute("kind").unwrap_or_default();
    let read = |key, default: f64| number(*only, key).map(|x| x.unwrap_or(default));
    let (multiplier, scale, exponent) = (read("multiplier", 1.0)?, read("scale", 0.0)?, read("exponent", 1.0)?);
    let size = multiplier * libm::pow(10.0, scale);
    Ok(match base(kind) {
        // 10^-15 exactly rather than nearly, where it can be.
        Some(unit) if exponent == 1.0 => Unit { size: decimal(multiplier, scale).unwrap_or(size) * unit.size, ..unit },
        _ if matches!(kind, "metre" | "meter") && exponent == 3.0 => {
            Unit { kind: Kind::Volume, size: libm::pow(size, 3.0) }
        }
        _ => Unit { kind: Kind::Other, size: 1.0 },
    })
}

fn decimal(multiplier: f64, scale: f64) -> Option<f64> {
    (scale.fract() == 0.0 && scale.abs() <= 300.0).then(|| format!("{multiplier}e{scale}").parse().ok()).flatten()
}

impl Units {
    /// The units of `model`, of this level of SBML; `particles` instead of what the model says, if given.
    ///
    /// Fails if one is of another kind, or of none that is known.
    pub(super) fn read(model: Element<'_>, level: u32, particles: Option<f64>) -> Result<Self, Diagnostic> {
        let mut definitions = BTreeMap::new();
        for definition in list(model, "listOfUnitDefinitions") {
            definitions.insert(id(definition, "id")?.to_owned(), defined(definition)?);
        }
        let mut units = Self {
            defined: definitions,
            particles: 1.0,
            declared: 1.0,
            substance: "item".to_owned(),
            seconds: 1.0,
            time: "second".to_owned(),
            volume: 1e-3,
        };
        let word = |attribute: &str, builtin: &str, default: &str| -> (String, Span) {
            match model.attribute(attribute) {
                Some(given) => (given.to_owned(), place_of(model, attribute)),
                None if level == 2 && units.defined.contains_key(builtin) => (builtin.to_owned(), place(model)),
                None => (if level == 2 { default } else { "" }.to_owned(), place(model)),
            }
        };
        let (substance, time) = (word("substanceUnits", "substance", "mole"), word("timeUnits", "time", "second"));
        let volume = word("volumeUnits", "volume", "litre");
        if !substance.0.is_empty() {
            units.declared = units.of(&substance, Kind::Substance)?;
            units.substance.clone_from(&substance.0);
        }
        units.particles = particles.unwrap_or(units.declared);
        if !time.0.is_empty() {
            units.seconds = units.of(&time, Kind::Time)?;
            units.time.clone_from(&time.0);
        }
        if !volume.0.is_empty() {
            // An area or a length is not used; see [`super::model`].
            units.volume = units.of(&volume, Kind::Volume)?;
        }
        if let Some(extent) = model.attribute("extentUnits") {
            let at = place_of(model, "extentUnits");
            units.same(extent, at, "`extentUnits` other than `substanceUnits`")?;
        }
        Ok(units)
    }

    fn unit(&self, name: &str) -> Option<Unit> {
        self.defined.get(name).copied().or_else(|| base(name))
    }

    fn of(&self, (name, at): &(String, Span), kind: Kind) -> Result<f64, Diagnostic> {
        let (what, help) = match kind {
            Kind::Substance => ("a unit of substance", "`item` or `mole`, in any scale"),
            Kind::Time => ("a unit of time", "`second`, in any scale"),
            _ => ("a unit of volume", "`litre` or cubic metres, in any scale"),
        };
        match self.unit(name) {
            Some(unit) if unit.kind == kind && unit.size > 0.0 => Ok(unit.size),
            Some(_) if kind == Kind::Time && name == "dimensionless" => Ok(1.0),
            _ => Err(unsupported(*at, format!("`{}` as {what}", name.escape_debug()), help)),
        }
    }

    /// That `name`, a unit of substance or of time, is the one of the model.
    ///
    /// Fails otherwise, naming `what`.
    pub(super) fn same(&self, name: &str, at: Span, what: &str) -> Result<(), Diagnostic> {
        let builtin = (name == "substance" || name == "time") && !self.defined.contains_key(name);
        let same = self.unit(name).is_some_and(|u| match u.kind {
            Kind::Substance => u.size == self.declared,
            Kind::Time => u.size == self.seconds,
            Kind::Volume | Kind::Other => false,
        });
        if same || builtin { Ok(()) } else { Err(unsupported(at, what, "use one unit throughout")) }
    }

    /// m^3 in the unit of volume called `name`; none if it is none.
    pub(super) fn size_of(&self, name: &str) -> Option<f64> {
        if name == "volume" && !self.defined.contains_key(name) {
            return Some(self.volume);
        }
        self.unit(name).filter(|u| u.kind == Kind::Volume).map(|u| u.size)
    }

    /// m^3 in the unit of volume of a compartment.
    ///
    /// Fails if it is none.
    pub(super) fn volume_of(&self, compartment: Element<'_>) -> Result<f64, Diagnostic> {
        let builtin = |name: &str| name == "volume" && !self.defined.contains_key(name);
        match compartment.attribute("units") {
            Some(name) if !builtin(name) => self.of(&(name.to_owned(), place_of(compartment, "units")), Kind::Volume),
            _ => Ok(self.volume),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml::parse;
    use super::*;

    fn units(level: u32, attributes: &str, definitions: &str) -> Result<(f64, f64, f64), String> {
        let text = format!("<model {attributes}><listOfUnitDefinitions>{definitions}</listOfUnitDefinitions></model>");
        let document = parse(&text).unwrap();
        let units = Units::read(document.root_element(), level, None).map_err(|d| d.message)?;
        Ok((units.particles, units.seconds, units.volume))
    }

    fn definition(id: &str, unit: &str) -> String {
        format!("<unitDefinition id='{id}'><listOfUnits><unit {unit}/></listOfUnits></unitDefinition>")
    }

    #[test]
    fn units_are_molecules_seconds_and_cubic_metres() {
        assert_eq!(units(3, "", "").unwrap(), (1.0, 1.0, 1e-3));
        assert_eq!(units(2, "", "").unwrap(), (AVOGADRO, 1.0, 1e-3));
        assert_eq!(units(2, "", &definition("substance", "kind='item'")).unwrap().0, 1.0);
        let nanomoles =
            definition("substance", "kind='mole' scale='-9'") + &definition("time", "kind='second' multiplier='60'");
        assert_eq!(units(2, "", &nanomoles).unwrap(), (1e-9 * AVOGADRO, 60.0, 1e-3));
        let cubic = definition("um3", "kind='metre' scale='-6' exponent='3'");
        let (.., volume) = units(3, "volumeUnits='um3' substanceUnits='mole' timeUnits='second'", &cubic).unwrap();
        assert!((volume / 1e-18 - 1.0).abs() < 1e-12);
        assert_eq!(
            units(3, "substanceUnits='gram'", "").unwrap_err(),
            "`gram` as a unit of substance is not supported"
        );
        assert_eq!(units(3, "timeUnits='year'", "").unwrap_err(), "`year` as a unit of time is not supported");
        assert!(units(3, "substanceUnits='mole' extentUnits='item'", "").unwrap_err().contains("extentUnits"));
    }
}
