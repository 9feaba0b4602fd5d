//! The JSON Schema (draft-07) of scenario files, for editors.
//!
//! Only keywords that the TOML language servers know are used; families of kinds are definitions, so that a kind may hold
//! its own family.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sim_core::config::{Field, Kinds, Presence, Section, Shape, Type};
use sim_core::quantity::Dimension;

/// The schema of a scenario file with these sections and kinds.
pub fn json_schema(sections: &[Section], kinds: &dyn Kinds) -> Value {
    let mut writer = Writer { kinds, definitions: BTreeMap::new() };
    let properties: Map<String, Value> = sections.iter().map(|s| (s.name.to_owned(), writer.section(s))).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "egress scenario",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": writer.definitions,
    })
}

struct Writer<'a> {
    kinds: &'a dyn Kinds,
    definitions: BTreeMap<String, Value>,
}

impl Writer<'_> {
    fn section(&mut self, section: &Section) -> Value {
        let mut element = || match section.family {
            Some(family) => self.family(family, section.fields),
            None => self.object(None, &[section.fields]),
        };
        let mut schema = match section.shape {
            Shape::Free => json!({ "type": "object" }),
            Shape::Single => element(),
            Shape::Keyed => json!({
                "type": "object",
                "patternProperties": { "^[A-Za-z0-9_-]+$": element() },
                "additionalProperties": false,
            }),
            Shape::Array => json!({ "type": "array", "items": element() }),
        };
        schema["description"] = json!(section.doc);
        schema
    }

    /// One alternative a kind; the kind's name, where it stands as a default, may be left out.
    fn family(&mut self, family: &str, common: &[Field]) -> Value {
        let default = common.iter().find(|f| f.name == "kind").and_then(|f| match f.presence {
            Presence::Default(text) => Some(text.trim_matches('"')),
            _ => None,
        });
        let alternatives: Vec<Value> = self
            .kinds
            .names(family)
            .into_iter()
            .map(|name| {
                let own = self.kinds.fields(family, name).unwrap_or_default();
                let mut object = self.object(Some((name, default == Some(name))), &[common, own]);
                object["title"] = json!(name);
                if let Some(doc) = self.kinds.doc(family, name) {
                    object["description"] = json!(doc);
                }
                object
            })
            .collect();
        json!({ "type": "object", "oneOf": alternatives })
    }

    /// A table with the keys of all `groups`, and with `kind` if it is one of a family.
    fn object(&mut self, kind: Option<(&str, bool)>, groups: &[&[Field]]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in groups.iter().flat_map(|g| g.iter()) {
            properties.insert(field.name.to_owned(), self.field(field));
            if matches!(field.presence, Presence::Required) {
                required.push(field.name);
            }
        }
        if let Some((name, implied)) = kind {
            properties.insert("kind".to_owned(), json!({ "type": "string", "enum": [name] }));
            required.retain(|r| *r != "kind");
            if !implied {
                required.insert(0, "kind");
            }
        }
        let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    }

    fn field(&mut self, field: &Field) -> Value {
        let mut schema = self.ty(&field.ty);
        // Beside a `$ref`, draft-07 ignores every other keyword.
        if schema.get("$ref").is_some() {
            schema = json!({ "allOf": [schema] });
        }
        schema["description"] = json!(field.doc);
        if let Presence::Default(text) = field.presence
            && let Some(value) = default_value(text)
        {
            schema["default"] = value;
        }
        schema
    }

    fn ty(&mut self, ty: &Type) -> Value {
        match ty {
            Type::Quantity(d) => quantity(d, false),
            Type::Signed(d) => quantity(d, true),
            Type::Number { min, max } => number(*min, *max),
            Type::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
            Type::Bool => json!({ "type": "boolean" }),
            Type::Text | Type::Reference(_) => json!({ "type": "string" }),
            Type::Choice(choices) => json!({ "type": "string", "enum": choices }),
            Type::List(item) => json!({ "type": "array", "items": self.ty(item) }),
            Type::Map(item) => json!({ "type": "object", "additionalProperties": self.ty(item) }),
            Type::Record(fields) => self.object(None, &[fields]),
            Type::Kind(family) => self.reference(family),
            Type::OneOf(types) => json!({ "anyOf": types.iter().map(|t| self.ty(t)).collect::<Vec<_>>() }),
            Type::Any => json!({}),
        }
    }

    fn reference(&mut self, family: &str) -> Value {
        if !self.definitions.contains_key(family) {
            // Put there first: a kind of the family may refer to the family.
            self.definitions.insert(family.to_owned(), Value::Null);
            let schema = self.family(family, &[]);
            self.definitions.insert(family.to_owned(), schema);
        }
        json!({ "$ref": format!("#/definitions/{family}") })
    }
}

fn quantity(dimensions: &[Dimension], signed: bool) -> Value {
    let pattern = if signed { "^\\s*[-+\u{2212}]?[0-9]" } else { "^\\s*\\+?[0-9]" };
    let examples: Vec<String> = dimensions.iter().map(|d| d.example_among(dimensions)).collect();
    let string = json!({ "type": "string", "pattern": pattern, "examples": examples });
    if dimensions.contains(&Dimension::NUMBER) { json!({ "anyOf": [string, { "type": "number" }] }) } else { string }
}

fn number(min: f64, max: f64) -> Value {
    let mut schema = json!({ "type": "number" });
    if min.is_finite() {
        schema["minimum"] = json!(min);
    }
    if max.is_finite() {
        schema["maximum"] = json!(max);
    }
    json!({ "anyOf": [schema, { "type": "string", "pattern": "%$" }] })
}

/// A default's TOML literal as JSON.
fn default_value(text: &str) -> Option<Value> {
    let (root, found) = super::parse("", &format!("v = {text}"), 0);
    found.is_empty().then(|| root.get("v").map(json_of)).flatten()
}

fn json_of(node: &sim_core::config::Node) -> Value {
    use sim_core::config::Tree;
    match &node.tree {
        Tree::Str(s) => json!(s),
        Tree::Int(i) => json!(i),
        Tree::Float(x) => json!(x),
        Tree::Bool(b) => json!(b),
        Tree::Array(items) => items.iter().map(json_of).collect(),
        Tree::Table(entries) => Value::Object(entries.iter().map(|(k, n)| (k.name.clone(), json_of(n))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{SECTIONS, TestKinds};
    use super::*;

    #[test]
    fn keys_kinds_defaults_and_docs_are_in_the_schema() {
        let schema = json_schema(SECTIONS, &TestKinds);
        let link = &schema["properties"]["link"]["patternProperties"]["^[A-Za-z0-9_-]+$"];
        assert_eq!(link["required"], json!(["from", "rate"]));
        assert_eq!(link["properties"]["rate"]["examples"], json!(["10 Mbit/s"]));
        assert_eq!(link["properties"]["rate"]["description"], "Its capacity.");
        assert_eq!(link["properties"]["delay"]["default"], "1/3 s");
        assert_eq!(link["properties"]["queue"]["default"], json!({ "kind": "fifo" }));
        assert_eq!(link["properties"]["queue"]["allOf"][0]["$ref"], "#/definitions/discipline");
        let fifo = &schema["definitions"]["discipline"]["oneOf"][0];
        assert_eq!((&fifo["properties"]["kind"]["enum"], &fifo["required"]), (&json!(["fifo"]), &json!(["kind"])));
        let prio = &schema["definitions"]["discipline"]["oneOf"][1];
        assert_eq!(prio["properties"]["bands"]["items"]["$ref"], "#/definitions/discipline");
        assert_eq!(schema["properties"]["figure"]["items"]["required"], json!(["title"]));
    }

    #[test]
    fn no_table_takes_undeclared_keys() {
        fn closed(schema: &Value) {
            if schema.get("properties").is_some_and(Value::is_object) && schema.get("type").is_some() {
                assert_eq!(schema["additionalProperties"], false, "{schema}");
            }
            match schema {
                Value::Object(o) => o.values().for_each(closed),
                Value::Array(a) => a.iter().for_each(closed),
                _ => {}
            }
        }
        closed(&json_schema(SECTIONS, &TestKinds));
    }
}
