//! One row of a file.
//!
//! Here: the positions of its cells, and owned copies of rows. Not here: the meaning of cells,
//! which is in `columns`.

use super::RowFault;

/// A cell's position in its row's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// The cells of one row.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    text: &'a str,
    spans: &'a [Span],
}

impl<'a> Cells<'a> {
    /// Cells at these positions of `text`, in order.
    pub(super) fn new(text: &'a str, spans: &'a [Span]) -> Self {
        Self { text, spans }
    }

    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether all cells are empty.
    pub(super) fn is_blank(&self) -> bool {
        self.iter().all(str::is_empty)
    }

    /// A cell, trimmed; empty if it doesn't exist.
    pub(super) fn get(&self, index: usize) -> &'a str {
        let cell = self.spans.get(index);
        let cell = cell.and_then(|span| self.text.get(span.start..span.end));
        cell.unwrap_or_default().trim()
    }

    /// All cells, each as [`Self::get`] returns it.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a str> {
        let cells = *self;
        (0..cells.len()).map(move |index| cells.get(index))
    }
}

/// A row of the file.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    /// Its line in the file, from 1; in a workbook its row.
    pub line: u64,
    /// Its cells; if it has a fault, only those that can be displayed.
    pub cells: Cells<'a>,
    /// Why it can't be used, whatever its cells are.
    pub fault: Option<RowFault>,
    /// Columns whose cells are formulas without a computed result.
    pub uncomputed: &'a [usize],
}

impl Row<'_> {
    /// Whether it has neither cells nor a fault.
    pub fn is_blank(&self) -> bool {
        self.fault.is_none() && self.uncomputed.is_empty() && self.cells.is_blank()
    }
}

/// An owned copy of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptRow {
    line: u64,
    text: String,
    spans: Vec<Span>,
    fault: Option<RowFault>,
    uncomputed: Vec<usize>,
}

impl KeptRow {
    /// Copies a row.
    pub fn of(row: &Row<'_>) -> Self {
        Self {
            line: row.line,
            text: row.cells.text.to_owned(),
            spans: row.cells.spans.to_vec(),
            fault: row.fault.clone(),
            uncomputed: row.uncomputed.to_vec(),
        }
    }

    /// Its approximate size in memory.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.spans.len() * size_of::<Span>()
    }

    /// Its cells.
    pub fn cells(&self) -> Cells<'_> {
        Cells::new(&self.text, &self.spans)
    }

    /// The copied row.
    pub fn row(&self) -> Row<'_> {
        Row {
            line: self.line,
            cells: self.cells(),
            fault: self.fault.clone(),
            uncomputed: &self.uncomputed,
        }
    }
}
