//! The scenario reference page, written from the declarations.

use sim_core::config::{Field, Kinds, Presence, Section, Shape, Type};
use sim_core::quantity::Dimension;

/// A Markdown page: a heading for each section and each family, a table of keys, a sub-heading for each kind.
pub fn reference_markdown(sections: &[Section], kinds: &dyn Kinds) -> String {
    let mut page = Page { kinds, out: String::new(), families: Vec::new() };
    page.out.push_str(INTRODUCTION);
    for section in sections {
        page.section(section);
    }
    // A family's kinds may name further families: the list grows while it is walked.
    let mut at = 0;
    while let Some(family) = page.families.get(at).copied() {
        page.line(&format!("\n## Kinds of {family}"));
        page.kinds_of(family);
        at += 1;
    }
    page.out
}

const INTRODUCTION: &str = "\
# Scenario reference

This page is generated from the declarations that the program checks files against. A value with a unit is a string: \
`\"10 Mbit/s\"`. A key without a default that is not required may be left out.
";

struct Page<'a> {
    kinds: &'a dyn Kinds,
    out: String,
    /// Families that values refer to, in the order in which they were met.
    families: Vec<&'static str>,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.out.extend([text, "\n"]);
    }

    fn section(&mut self, section: &Section) {
        let name = section.name;
        let head = match section.shape {
            Shape::Single | Shape::Free => format!("[{name}]"),
            Shape::Keyed => format!("[{name}.NAME]"),
            Shape::Array => format!("[[{name}]]"),
        };
        self.line(&format!("\n## `{head}`\n\n{}", section.doc));
        self.fields(section.fields);
        if let Some(family) = section.family {
            self.kinds_of(family);
        }
    }

    fn kinds_of(&mut self, family: &str) {
        for name in self.kinds.names(family) {
            let doc = self.kinds.doc(family, name).unwrap_or_default();
            self.line(&format!("\n### {family} `{name}`\n\n{doc}"));
            self.fields(self.kinds.fields(family, name).unwrap_or_default());
        }
    }

    fn fields(&mut self, fields: &[Field]) {
        if fields.is_empty() {
            return;
        }
        self.line("\n| key | value | default | meaning |\n|---|---|---|---|");
        self.rows(fields, "");
    }

    fn rows(&mut self, fields: &[Field], prefix: &str) {
        for field in fields {
            let default = match field.presence {
                Presence::Required => "required".to_owned(),
                Presence::Optional => "none".to_owned(),
                Presence::Default(text) => format!("`{}`", cell(text)),
            };
            let ty = self.ty(&field.ty);
            self.line(&format!("| `{prefix}{}` | {} | {default} | {} |", field.name, cell(&ty), cell(field.doc)));
            self.nested(&field.ty, &format!("{prefix}{}", field.name));
        }
    }

    /// The keys of a table within the value, in rows of their own.
    fn nested(&mut self, ty: &Type, path: &str) {
        match ty {
            Type::Record(fields) => self.rows(fields, &format!("{path}.")),
            Type::List(item) => self.nested(item, &format!("{path}[]")),
            Type::Map(item) => self.nested(item, &format!("{path}.NAME")),
            Type::OneOf(types) => types.iter().for_each(|t| self.nested(t, path)),
            _ => {}
        }
    }

    fn ty(&mut self, ty: &Type) -> String {
        match ty {
            Type::Quantity(d) | Type::Signed(d) => {
                let one = |x: &Dimension| format!("{} (`\"{}\"`)", x.describe(), x.example_among(d));
                d.iter().map(one).collect::<Vec<_>>().join(" or ")
            }
            Type::Number { min, max } => format!("number{}", bounds(*min, *max)),
            Type::Integer { min, max } => {
                let limit = |x: i64, none: i64, bound: f64| if x == none { bound } else { x as f64 };
                let (low, high) = (limit(*min, i64::MIN, f64::NEG_INFINITY), limit(*max, i64::MAX, f64::INFINITY));
                format!("whole number{}", bounds(low, high))
            }
            Type::Bool => "`true` or `false`".to_owned(),
            Type::Text => "string".to_owned(),
            Type::Choice(choices) => choices.iter().map(|c| format!("`\"{c}\"`")).collect::<Vec<_>>().join(", "),
            Type::Reference(section) => format!("name of a {section}"),
            Type::List(item) => format!("list of: {}", self.ty(item)),
            Type::Map(item) => format!("table of: {}", self.ty(item)),
            Type::Record(_) => "table".to_owned(),
            Type::Kind(family) => {
                if !self.families.contains(family) {
                    self.families.push(family);
                }
                format!("kind of [{family}](#kinds-of-{})", family.to_lowercase().replace(' ', "-"))
            }
            Type::OneOf(types) => types.iter().map(|t| self.ty(t)).collect::<Vec<_>>().join("; or "),
            Type::Any => "any value".to_owned(),
        }
    }
}

fn bounds(min: f64, max: f64) -> String {
    match (min > f64::MIN, max < f64::MAX) {
        (true, true) => format!(", {min} to {max}"),
        (true, false) => format!(", at least {min}"),
        (false, true) => format!(", at most {max}"),
        (false, false) => String::new(),
    }
}

/// A bar would end the table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{SECTIONS, TestKinds};
    use super::*;

    #[test]
    fn every_section_key_and_kind_is_on_the_page() {
        let page = reference_markdown(SECTIONS, &TestKinds);
        for expected in [
            "\n## `[run]`\n\nThe run.\n",
            "\n## `[link.NAME]`\n",
            "\n## `[[figure]]`\n",
            "| `rate` | a bit rate (`\"10 Mbit/s\"`) | required | Its capacity. |\n",
            "| `warmup` | a time (`\"5 ms\"`); or `\"auto\"`, `\"none\"` | `\"none\"` | When statistics begin. |\n",
            "| `loss` | number, 0 to 1 | `0.0` | Loss probability. |\n",
            "| `queue` | kind of [discipline](#kinds-of-discipline) | `{ kind = \"fifo\" }` | Its queue. |\n",
            "| `rules[].ports` | list of: whole number, 0 to 65535 | `[]` | Ports. |\n",
            "\n## Kinds of discipline\n\n### discipline `fifo`\n\nA queue discipline.\n",
        ] {
            assert!(page.contains(expected), "{expected}\n---\n{page}");
        }
        assert!(page.contains("One queue a band \\| in order."));
    }
}
