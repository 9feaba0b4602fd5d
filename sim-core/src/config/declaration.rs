//! Checks the declarations themselves, for the tests of whoever declares.

use super::literal::literal;
use super::{Diagnostics, Field, Kinds, Presence, Section, Shape, Span, Type, check_table};

/// Panics with every mistake in the declarations of `sections` and of all kinds that they reach; for tests.
pub fn assert_declarations_valid(sections: &[Section], kinds: &dyn Kinds) {
    let mistakes = declaration_mistakes(sections, kinds);
    assert!(mistakes.is_empty(), "mistakes in declarations:\n{}", mistakes.join("\n"));
}

/// What is wrong with declarations: defaults that do not check, keys declared twice, unknown families or sections, fields
/// without a doc.
pub fn declaration_mistakes(sections: &[Section], kinds: &dyn Kinds) -> Vec<String> {
    let mut audit = Audit { sections, kinds, families: Vec::new(), mistakes: Vec::new() };
    for section in sections {
        audit.fields(section.name, section.fields);
        if section.shape == Shape::Free && !section.fields.is_empty() {
            audit.mistakes.push(format!("{}: a free section has no fields", section.name));
        }
        if let Some(family) = section.family {
            audit.family(section.name, family, section.fields);
        }
    }
    audit.mistakes
}

struct Audit<'a> {
    sections: &'a [Section],
    kinds: &'a dyn Kinds,
    /// Families that were looked at, so that kinds that hold their own family end.
    families: Vec<&'static str>,
    mistakes: Vec<String>,
}

impl Audit<'_> {
    fn family(&mut self, place: &str, family: &'static str, common: &[Field]) {
        let names = self.kinds.names(family);
        if names.is_empty() {
            self.mistakes.push(format!("{place}: there is no kind of `{family}`"));
        }
        let seen = self.families.contains(&family);
        self.families.push(family);
        for name in names {
            let place = format!("{family} {name}");
            let Some(fields) = self.kinds.fields(family, name) else {
                self.mistakes.push(format!("{place}: listed, but has no fields"));
                continue;
            };
            for field in fields.iter().filter(|f| f.name == "kind" || common.iter().any(|c| c.name == f.name)) {
                self.mistakes.push(format!("{place}: `{}` is declared by its section too", field.name));
            }
            if !seen {
                if self.kinds.doc(family, name).is_none_or(str::is_empty) {
                    self.mistakes.push(format!("{place}: has no doc"));
                }
                self.fields(&place, fields);
            }
        }
    }

    fn fields(&mut self, place: &str, fields: &[Field]) {
        for (i, field) in fields.iter().enumerate() {
            let place = format!("{place}.{}", field.name);
            if fields[..i].iter().any(|f| f.name == field.name) {
                self.mistakes.push(format!("{place}: declared twice"));
            }
            if field.doc.is_empty() {
                self.mistakes.push(format!("{place}: has no doc"));
            }
            if let Presence::Default(text) = field.presence {
                self.default(&place, field, text);
            }
            self.ty(&place, &field.ty);
        }
    }

    fn default(&mut self, place: &str, field: &Field, text: &str) {
        let table = literal(&format!("{{ \"{}\" = {text} }}", field.name), Span::default());
        let Some(table) = table else {
            self.mistakes.push(format!("{place}: the default `{text}` is not a TOML value"));
            return;
        };
        let mut found = Diagnostics::default();
        check_table(&table, "", std::slice::from_ref(field), self.kinds, &mut found);
        for d in found.iter() {
            self.mistakes.push(format!("{place}: the default `{text}`: {}", d.message));
        }
    }

    fn ty(&mut self, place: &str, ty: &Type) {
        match ty {
            Type::Quantity([]) | Type::Signed([]) => self.mistakes.push(format!("{place}: has no dimension")),
            Type::Choice([]) | Type::OneOf([]) => self.mistakes.push(format!("{place}: has no choice")),
            Type::Number { min, max } if min.partial_cmp(max).is_none_or(std::cmp::Ordering::is_gt) => {
                self.mistakes.push(format!("{place}: its bounds exclude every number"));
            }
            Type::Integer { min, max } if min > max => {
                self.mistakes.push(format!("{place}: its bounds exclude every number"));
            }
            Type::Reference(section) if !self.is_keyed(section) => {
                self.mistakes.push(format!("{place}: there is no section of named `{section}` tables"));
            }
            Type::List(item) | Type::Map(item) => self.ty(place, item),
            Type::Record(fields) => self.fields(place, fields),
            Type::Kind(family) if !self.families.contains(family) => self.family(place, family, &[]),
            Type::OneOf(types) => types.iter().for_each(|t| self.ty(place, t)),
            _ => {}
        }
    }

    fn is_keyed(&self, section: &str) -> bool {
        self.sections.iter().any(|s| s.name == section && s.shape == Shape::Keyed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{KINDS, SECTIONS, TestKinds};
    use super::*;
    use crate::quantity::Dimension;

    #[test]
    fn right_declarations_have_no_mistake() {
        assert_declarations_valid(SECTIONS, &KINDS);
    }

    #[test]
    fn every_mistake_is_found() {
        const NESTED: &[Field] = &[Field::optional("to", Type::Reference("nowhere"), "doc")];
        const FIELDS: &[Field] = &[
            Field::default("delay", Type::Quantity(&[Dimension::TIME]), "\"5 mM\"", "doc"),
            Field::default("open", Type::Bool, "yes", "doc"),
            Field::optional("open", Type::Bool, "doc"),
            Field::optional("n", Type::Integer { min: 2, max: 1 }, ""),
            Field::optional("queue", Type::Kind("missing"), "doc"),
            Field::optional("more", Type::List(&Type::Record(NESTED)), "doc"),
        ];
        let section = Section { name: "x", shape: Shape::Keyed, family: None, fields: FIELDS, doc: "doc" };
        let mistakes = declaration_mistakes(&[section], &TestKinds(&[]));
        let expected = [
            "x.delay: the default `\"5 mM\"`: expected a time, found a concentration",
            "x.open: the default `yes` is not a TOML value",
            "x.open: declared twice",
            "x.n: has no doc",
            "x.n: its bounds exclude every number",
            "x.queue: there is no kind of `missing`",
            "x.more.to: there is no section of named `nowhere` tables",
        ];
        assert_eq!(mistakes, expected);
    }
}
