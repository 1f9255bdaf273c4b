//! A window of a text, large enough for one row.
//!
//! Here: decoded text that slides through the file, and the line number at its beginning. Not here:
//! the contents of lines.

use std::io;

use crate::imports::{MAX_ROW_BYTES, ReadError, text::Text};

/// How much of the text is visible at least, unless it ends: the longest row and its line ending.
pub(super) const AHEAD_BYTES: usize = MAX_ROW_BYTES + 2;
/// How much is buffered before the rest is moved to the front, so that moving costs little.
const WINDOW_BYTES: usize = 6 * MAX_ROW_BYTES;

/// A text, line by line.
pub(super) struct Lines {
    text: Text,
    window: Vec<u8>,
    /// The offset of the rest in `window`.
    start: usize,
    /// The number of its first line, from 1.
    line: u64,
}

impl Lines {
    /// Opens a text at its beginning.
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

    /// The visible text from here on.
    pub fn ahead(&self) -> &[u8] {
        self.window.get(self.start..).unwrap_or_default()
    }

    /// The number of the line that begins here.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Makes enough of the text visible; false at its end.
    pub fn fill(&mut self) -> io::Result<bool> {
        if self.window.len() - self.start >= AHEAD_BYTES {
            return Ok(true);
        }
        self.window.drain(..self.start);
        self.start = 0;
        while self.window.len() < WINDOW_BYTES && self.text.add_to(&mut self.window)? {}
        Ok(!self.window.is_empty())
    }

    /// Advances by this many bytes and lines, and returns the bytes.
    pub fn pass(&mut self, bytes: usize, lines: u64) -> &[u8] {
        let start = self.start;
        self.start = (start + bytes).min(self.window.len());
        self.line += lines;
        self.window.get(start..self.start).unwrap_or_default()
    }

    /// Advances to the next line, however long this one is.
    pub fn skip(&mut self) -> io::Result<()> {
        while self.fill()? {
            let ahead = self.ahead();
            let end = memchr::memchr2(b'\n', b'\r', ahead);
            self.pass(end.unwrap_or(ahead.len()), 0);
            if end.is_some() {
                // Both halves of CRLF are visible.
                self.fill()?;
                self.pass(end_length(self.ahead(), 0), 1);
                break;
            }
        }
        Ok(())
    }
}

/// The length of the line ending at a position, if any: CRLF is one.
pub(super) fn end_length(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\r' | b'\n', ..]) => 1,
        _ => 0,
    }
}
