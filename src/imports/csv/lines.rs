//! A text as far as one row needs it.
//!
//! Here: a window of decoded text that goes on through the file, and the number of the line at its beginning. Not here:
//! what a line says.

use std::io;

use crate::imports::{MAX_ROW_BYTES, ReadError, text::Text};

/// How much of the text is seen at least, unless it ends: the longest row and the end of its line.
pub(super) const AHEAD_BYTES: usize = MAX_ROW_BYTES + 2;
/// How much is kept at most before the rest is moved to the front, so that moving costs little.
const WINDOW_BYTES: usize = 6 * MAX_ROW_BYTES;

/// A text, line by line.
pub(super) struct Lines {
    text: Text,
    window: Vec<u8>,
    /// Where the rest begins in `window`.
    start: usize,
    /// The line that begins there, from 1.
    line: u64,
}

impl Lines {
    /// A text from its beginning.
    pub fn of(text: Text) -> Result<Self, ReadError> {
        let mut lines = Self {
            text,
            window: Vec::new(),
            start: 0,
            line: 1,
        };
        lines.fill()?;
        Ok(lines)
    }

    /// The text from here on, as far as it is seen.
    pub fn ahead(&self) -> &[u8] {
        self.window.get(self.start..).unwrap_or_default()
    }

    /// The number of the line that begins here.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Sees to it that enough of the text is seen; false at its end.
    pub fn fill(&mut self) -> io::Result<bool> {
        if self.window.len() - self.start >= AHEAD_BYTES {
            return Ok(true);
        }
        self.window.drain(..self.start);
        self.start = 0;
        while self.window.len() < WINDOW_BYTES && self.text.add_to(&mut self.window)? {}
        Ok(!self.window.is_empty())
    }

    /// Goes on by so many bytes, which are so many lines; what they are.
    pub fn pass(&mut self, bytes: usize, lines: u64) -> &[u8] {
        let start = self.start;
        self.start = (start + bytes).min(self.window.len());
        self.line += lines;
        self.window.get(start..self.start).unwrap_or_default()
    }

    /// Goes to the next line, however long this one is.
    pub fn skip(&mut self) -> io::Result<()> {
        while self.fill()? {
            let ahead = self.ahead();
            let end = memchr::memchr2(b'\n', b'\r', ahead);
            self.pass(end.unwrap_or(ahead.len()), 0);
            if end.is_some() {
                // Both halves of CRLF are seen.
                self.fill()?;
                self.pass(end_length(self.ahead(), 0), 1);
                break;
            }
        }
        Ok(())
    }
}

/// How long the end of a line is that begins at a place: CRLF is one end.
pub(super) fn end_length(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\r' | b'\n', ..]) => 1,
        _ => 0,
    }
}
