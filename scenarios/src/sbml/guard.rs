//! What an XML text may ask of its reader. Looked at before it is parsed, in one pass over the bytes.
//!
//! A document type declaration is refused, and with it every entity. Nesting, attributes of one element and namespaces in scope
//! are bounded, since a reader's work grows with their products; none of the bounds is near what a model has.

use std::ops::Range;

/// Elements within elements.
const DEPTH_MAX: usize = 200;
/// Attributes of one element.
const ATTRIBUTES_MAX: usize = 200;
/// Namespace declarations of an element and of those around it.
const NAMESPACES_MAX: usize = 64;

/// Where a text asks too much, and what of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excess {
    pub(super) at: Range<usize>,
    pub(super) what: &'static str,
}

/// Fails at the first place that asks too much; what is not XML is left to the parser.
pub(super) fn check(text: &str) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    // By element that is open: the namespaces that it declares.
    let mut open: Vec<usize> = Vec::new();
    let mut namespaces = 0;
    let mut at = 0;
    let past = |from: usize, end: &str| text[from..].find(end).map_or(text.len(), |i| from + i + end.len());
    while let Some(start) = bytes[at..].iter().position(|&b| b == b'<').map(|i| at + i) {
        let rest = &bytes[start..];
        if rest.starts_with(b"<!--") {
            at = past(start, "-->");
        } else if rest.starts_with(b"<![CDATA[") {
            at = past(start, "]]>");
        } else if rest.starts_with(b"<?") {
            at = past(start, "?>");
        } else if rest.starts_with(b"<!") {
            return Err(Excess { at: start..start + 2, what: "a document type declaration" });
        } else if rest.starts_with(b"</") {
            namespaces -= open.pop().unwrap_or(0);
            at = past(start, ">");
        } else {
            let tag = tag(bytes, start);
            let excess = |what| Err(Excess { at: start..start + 1, what });
            if tag.attributes > ATTRIBUTES_MAX {
                return excess("more than 200 attributes of one element");
            }
            if namespaces + tag.namespaces > NAMESPACES_MAX {
                return excess("more than 64 namespaces within each other");
            }
            if !tag.is_empty {
                namespaces += tag.namespaces;
                open.push(tag.namespaces);
            }
            if open.len() > DEPTH_MAX {
                return excess("more than 200 elements within each other");
            }
            at = tag.end;
        }
    }
    Ok(())
}

struct Tag {
    attributes: usize,
    namespaces: usize,
    is_empty: bool,
    end: usize,
}

/// The tag that begins at `start`.
fn tag(bytes: &[u8], start: usize) -> Tag {
    let mut tag = Tag { attributes: 0, namespaces: 0, is_empty: false, end: bytes.len() };
    let mut quote = None;
    let mut word = start + 1;
    for (i, &b) in bytes.iter().enumerate().skip(start + 1) {
        if let Some(q) = quote {
            quote = Some(q).filter(|_| b != q);
            continue;
        }
        match b {
            b'"' | b'\'' => quote = Some(b),
            b'=' => {
                tag.attributes += 1;
                tag.namespaces += usize::from(bytes[word..].starts_with(b"xmlns"));
            }
            b'>' => {
                tag.is_empty = bytes[i - 1] == b'/';
                tag.end = i + 1;
                return tag;
            }
            b' ' | b'\t' | b'\r' | b'\n' => word = i + 1,
            _ => {}
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_too_much_is_found() {
        let what = |text: &str| check(text).err().map(|e| (e.at.start, e.what));
        assert_eq!(what("<a x='1>2' xmlns=\"u\"><!-- <!DOCTYPE --><b/><![CDATA[<!]]></a>"), None);
        assert_eq!(what("<?xml?><!DOCTYPE a>"), Some((7, "a document type declaration")));
        assert_eq!(what(&"<a>".repeat(201)).map(|e| e.0), Some(600));
        assert_eq!(what(&"<a></a>".repeat(500)), None);
        let many = format!("<a {}/>", "x='' ".repeat(201));
        assert_eq!(what(&many), Some((0, "more than 200 attributes of one element")));
        let nested = "<a xmlns:x='u' xmlns:y='v'>".repeat(33);
        assert_eq!(what(&nested), Some((27 * 32, "more than 64 namespaces within each other")));
        for odd in ["<", "<a", "</", "</a>", "<!--", "<a 'x", "</a></b>", "<\u{e9}>", ">"] {
            assert_eq!(what(odd), None, "{odd}");
        }
    }
}
