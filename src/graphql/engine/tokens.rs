//! Separates a document's tokens without parsing it.
//!
//! Here: enough of GraphQL's lexical grammar to separate tokens in one pass, without recursion or
//! allocation. Not here: whether the tokens make sense. On text that is not GraphQL the count is
//! approximate, and the parser refuses the text afterwards.

use std::ops::Range;

/// The kinds of token that matter for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `{`, `[` or `(`.
    Open,
    /// `}`, `]` or `)`.
    Close,
    /// A name, a number, a string or any other punctuation.
    Other,
    /// An unterminated string. The tokens after it are unknown, so the count can't be trusted.
    Unterminated,
}

/// An iterator over the tokens of a text.
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
    /// Bytes of the whole text.
    length: usize,
    /// Where the latest token begins, in bytes.
    start: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text.as_bytes(),
            length: text.len(),
            start: 0,
        }
    }

    /// Where the latest token is in the text, in bytes.
    pub(super) fn span(&self) -> Range<usize> {
        self.start..self.length - self.rest.len()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        let end = self.rest.iter().position(|byte| !wanted(*byte));
        self.skip(end.unwrap_or(self.rest.len()));
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Called after the opening quote; moves past the closing one.
    fn string(&mut self) -> Token {
        let mut escaped = false;
        let end = self.rest.iter().position(|byte| {
            let ends = !escaped && matches!(byte, b'"' | b'\n' | b'\r');
            escaped = !escaped && *byte == b'\\';
            ends
        });
        let closed = end.is_some_and(|end| self.rest.get(end) == Some(&b'"'));
        self.skip(end.map_or(self.rest.len(), |end| end + 1));
        if closed {
            Token::Other
        } else {
            Token::Unterminated
        }
    }

    /// Called after the opening quotes; moves past the closing ones.
    fn block_string(&mut self) -> Token {
        while !self.rest.is_empty() {
            if self.rest.starts_with(b"\"\"\"") {
                self.skip(3);
                return Token::Other;
            }
            let escape = self.rest.starts_with(b"\\\"\"\"");
            self.skip(if escape { 4 } else { 1 });
        }
        Token::Unterminated
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let first = *self.rest.first()?;
            self.start = self.length - self.rest.len();
            match first {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.skip(1),
                b'#' => self.skip_while(|byte| !matches!(byte, b'\n' | b'\r')),
                _ if self.rest.starts_with("\u{feff}".as_bytes()) => self.skip(3),
                b'{' | b'[' | b'(' => {
                    self.skip(1);
                    return Some(Token::Open);
                }
                b'}' | b']' | b')' => {
                    self.skip(1);
                    return Some(Token::Close);
                }
                b'"' if self.rest.starts_with(b"\"\"\"") => {
                    self.skip(3);
                    return Some(self.block_string());
                }
                b'"' => {
                    self.skip(1);
                    return Some(self.string());
                }
                b'.' => {
                    self.skip(if self.rest.starts_with(b"...") { 3 } else { 1 });
                    return Some(Token::Other);
                }
                _ if is_word(first) => {
                    self.skip_while(is_word);
                    return Some(Token::Other);
                }
                _ => {
                    self.skip(1);
                    return Some(Token::Other);
                }
            }
        }
    }
}

/// Names and numbers; a number's sign and point count as tokens of their own, which errs on the
/// safe side.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: usize) {
        assert_eq!(Tokens::new(text).count(), expected, "{text}");
    }

    #[test]
    fn tokens_are_counted_by_the_grammar() {
        check("", 0);
        check(" ,\t\r\n\u{feff}", 0);
        check("{ a }", 3);
        check("{a:b(c:$d)...on E@f{g}}", 19);
        check("# { { {\n{a}", 3);
        check("# only a comment", 0);
    }

    #[test]
    fn brackets_and_hashes_in_strings_are_ignored() {
        check(r#"{a(b:"{[(#")}"#, 8);
        check(r#"{a(b:"\"{")}"#, 8);
        check(r#"{a(b:"\\")}"#, 8);
        check(r#"{a(b:"")}"#, 8);
        check("{a(b:\"\"\"{ \"quoted\" \\\"\"\" # \n { \"\"\")}", 8);
        let opened = Tokens::new(r#"{a(b:"{[(")}"#).filter(|token| *token == Token::Open);
        assert_eq!(opened.count(), 2);
    }

    #[test]
    fn an_unterminated_string_is_reported() {
        for text in [
            "\"abc",
            "\"\"\"abc",
            "\"abc\\",
            "\"abc\n\"",
            "[\"\"\" \"[[[",
        ] {
            let last = Tokens::new(text).find(|token| *token == Token::Unterminated);
            assert_eq!(last, Some(Token::Unterminated), "{text}");
        }
    }
}
