//! The declaration of one parameter.

use crate::quantity::Dimension;

/// One key that a table may have.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What its value must be.
    pub ty: Type,
    /// Whether it must be there.
    pub presence: Presence,
    /// One sentence for the reference page and the editor: meaning, unit, source.
    pub doc: &'static str,
}

/// Whether a key must be given.
#[derive(Clone, Copy, Debug)]
pub enum Presence {
    /// It must.
    Required,
    /// It need not; the element does without.
    Optional,
    /// It need not; this TOML literal (`"\"0 s\""`, `"1"`, `"{ kind = \"fifo\" }"`) stands in.
    Default(&'static str),
}

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// A string with a number and a unit of one of these dimensions, not negative.
    Quantity(&'static [Dimension]),
    /// As [`Type::Quantity`], but may be negative (a voltage, a charge).
    Signed(&'static [Dimension]),
    /// A finite number between the bounds.
    Number {
        /// Least value allowed.
        min: f64,
        /// Greatest value allowed.
        max: f64,
    },
    /// A whole number between the bounds.
    Integer {
        /// Least value allowed.
        min: i64,
        /// Greatest value allowed.
        max: i64,
    },
    /// `true` or `false`.
    Bool,
    /// Any string.
    Text,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// The name of an element of this section (`"node"`, `"compartment"`).
    Reference(&'static str),
    /// A list of such values.
    List(&'static Type),
    /// A table with free keys and such values.
    Map(&'static Type),
    /// A table with these keys.
    Record(&'static [Field]),
    /// A table with a `kind` of this family (`"discipline"`, `"size"`); its further keys are those of the kind.
    Kind(&'static str),
    /// The first of these that fits the value's TOML type and parses; the last one's error is reported if none does.
    OneOf(&'static [Type]),
    /// Anything; kept as it is.
    Any,
}

impl Field {
    /// A key that must be given.
    pub const fn required(name: &'static str, ty: Type, doc: &'static str) -> Self {
        Self { name, ty, presence: Presence::Required, doc }
    }
    /// A key that may be left out.
    pub const fn optional(name: &'static str, ty: Type, doc: &'static str) -> Self {
        Self { name, ty, presence: Presence::Optional, doc }
    }
    /// A key that may be left out, with the TOML literal that then stands in.
    pub const fn default(name: &'static str, ty: Type, literal: &'static str, doc: &'static str) -> Self {
        Self { name, ty, presence: Presence::Default(literal), doc }
    }
}
