//! How elements declare the parameters that a scenario file gives them.
//!
//! A kind (a queue discipline, a pathway, a traffic source) lists its parameters once, as data ([`Field`]). From that
//! list the program checks a file, reports every mistake with its place, fills in defaults, prints the resolved
//! scenario, writes the JSON Schema and the reference page. A kind's `make` function then reads [`Table`]s that are
//! known to be right.
//!
//! ```text
//! text --(scenarios crate)--> Node tree with spans --check()--> Value tree, typed, units resolved, defaults filled in
//! ```

mod check;
mod check_value;
mod declaration;
mod diagnostic;
mod explain;
mod field;
#[cfg(test)]
mod fixture;
mod literal;
mod node;
mod print;
mod value;

pub use check::{Kinds, Section, Shape, check, check_table};
pub use declaration::{assert_declarations_valid, declaration_mistakes};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, Span, did_you_mean, nearest};
pub use field::{Field, Presence, Type};
pub use node::{Key, Node, Tree};
pub use print::{key_text, node_text, resolved, string_text};
pub use value::{Data, Table, Value};
