//! Just enough TOML to write the scenarios of these tests as text, with the places of all values.

use sim_core::config::{Key, Node, Span, Tree};

/// The tree of `text`.
pub(super) fn read(text: &str) -> Node {
    let mut reader = Reader { text, at: 0 };
    let mut root = node(Tree::Table(Vec::new()), Span::default());
    let mut path: Vec<String> = Vec::new();
    while reader.skip("\n") {
        if reader.eat("[") {
            path = vec![reader.key().name];
            while reader.eat(".") {
                path.push(reader.key().name);
            }
            assert!(reader.eat("]"), "a header ends at {}", reader.at);
            let span = reader.span(reader.at - 1);
            table(&mut root, &path, span);
        } else {
            let entry = reader.entry();
            table(&mut root, &path, Span::default()).push(entry);
        }
    }
    root
}

fn node(tree: Tree, span: Span) -> Node {
    Node { tree, span }
}

/// The table at `path`, made if need be.
fn table<'a>(root: &'a mut Node, path: &[String], span: Span) -> &'a mut Vec<(Key, Node)> {
    let Tree::Table(entries) = &mut root.tree else { panic!("a table") };
    let Some((first, rest)) = path.split_first() else { return entries };
    let at = entries.iter().position(|(k, _)| k.name == *first).unwrap_or_else(|| {
        entries.push((Key { name: first.clone(), span }, node(Tree::Table(Vec::new()), span)));
        entries.len() - 1
    });
    table(&mut entries[at].1, rest, span)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
    fn span(&self, start: usize) -> Span {
        Span { source: 0, start: start as u32, end: self.at as u32 }
    }
    /// Passes blanks, comments and the characters in `more`; says whether something is left.
    fn skip(&mut self, more: &str) -> bool {
        loop {
            let rest = self.rest();
            let blank = rest.find(|c: char| c != ' ' && !more.contains(c)).unwrap_or(rest.len());
            let comment = if rest[blank..].starts_with('#') { rest[blank..].find('\n').unwrap_or(0) } else { 0 };
            self.at += blank + comment;
            if blank + comment == 0 {
                return self.at < self.text.len();
            }
        }
    }
    fn eat(&mut self, token: &str) -> bool {
        self.skip("");
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }
    fn word(&mut self, inside: &str) -> String {
        let end = self.rest().find(|c: char| !c.is_alphanumeric() && !inside.contains(c)).unwrap_or(self.rest().len());
        let word = self.rest()[..end].to_owned();
        self.at += end;
        word
    }
    fn key(&mut self) -> Key {
        self.skip("");
        let start = self.at;
        let name = if self.eat("\"") { self.quoted() } else { self.word("_-") };
        Key { name, span: self.span(start) }
    }
    fn quoted(&mut self) -> String {
        let end = self.rest().find('"').expect("a closing quote");
        let text = self.rest()[..end].to_owned();
        self.at += end + 1;
        text
    }
    fn entry(&mut self) -> (Key, Node) {
        let key = self.key();
        assert!(self.eat("="), "`=` after `{}`", key.name);
        (key, self.value())
    }
    fn value(&mut self) -> Node {
        self.skip("");
        let start = self.at;
        let tree = if self.eat("\"") {
            Tree::Str(self.quoted())
        } else if self.eat("[") {
            let mut items = Vec::new();
            while !self.eat("]") {
                items.push(self.value());
                self.eat(",");
            }
            Tree::Array(items)
        } else if self.eat("{") {
            let mut entries = Vec::new();
            while !self.eat("}") {
                entries.push(self.entry());
                self.eat(",");
            }
            Tree::Table(entries)
        } else {
            match self.word("+-._").as_str() {
                "true" => Tree::Bool(true),
                "false" => Tree::Bool(false),
                word => match word.parse() {
                    Ok(i) => Tree::Int(i),
                    Err(_) => Tree::Float(word.parse().unwrap_or_else(|_| panic!("`{word}` is no value"))),
                },
            }
        };
        node(tree, self.span(start))
    }
}
