//! The words of an expression: numbers, names and symbols.

use std::fmt;
use std::ops::Range;

use super::ExpressionError;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    /// A name, with dots inside: `cell.drug`.
    Name(&'a str),
    Symbol(&'a str),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) => write!(f, "the number {x}"),
            Self::Name(s) | Self::Symbol(s) => write!(f, "`{s}`"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// Cuts a text into tokens, looking one ahead.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    ahead: Option<(Token<'a>, Range<usize>)>,
}

const SYMBOLS: &[&str] = &["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ","];

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, ahead: None }
    }

    pub(super) fn peek(&mut self) -> Result<&(Token<'a>, Range<usize>), ExpressionError> {
        if self.ahead.is_none() {
            self.ahead = Some(self.read()?);
        }
        Ok(self.ahead.as_ref().expect("just read"))
    }

    pub(super) fn next(&mut self) -> Result<(Token<'a>, Range<usize>), ExpressionError> {
        match self.ahead.take() {
            Some(token) => Ok(token),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<(Token<'a>, Range<usize>), ExpressionError> {
        let text = self.text;
        self.at += text[self.at..].len() - text[self.at..].trim_start().len();
        let (start, rest) = (self.at, &text[self.at..]);
        let Some(first) = rest.chars().next() else { return Ok((Token::End, start..start)) };
        if first.is_ascii_digit() || first == '.' {
            return self.number(start);
        }
        if first.is_alphabetic() || first == '_' {
            let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            self.at += rest.find(|c| !inside(c)).unwrap_or(rest.len());
            return Ok((Token::Name(&text[start..self.at]), start..self.at));
        }
        if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            self.at += symbol.len();
            return Ok((Token::Symbol(symbol), start..self.at));
        }
        let range = start..start + first.len_utf8();
        Err(ExpressionError { message: format!("`{first}` has no meaning in an expression"), range, unknown: None })
    }

    fn number(&mut self, start: usize) -> Result<(Token<'a>, Range<usize>), ExpressionError> {
        let bytes = self.text.as_bytes();
        let mut end = start;
        while let Some(&b) = bytes.get(end) {
            // A sign belongs to the number only right after its exponent's `e`.
            let exponent_sign = matches!(b, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E');
            if !(b.is_ascii_alphanumeric() || b == b'.' || b == b'_' || (end > start && exponent_sign)) {
                break;
            }
            end += 1;
        }
        self.at = end;
        let word = &self.text[start..end];
        match word.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok((Token::Number(x), start..end)),
            _ => {
                let message = format!("`{word}` is not a number");
                Err(ExpressionError { message, range: start..end, unknown: None })
            }
        }
    }
}
