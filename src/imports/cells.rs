//! One row of a file, as it was found.
//!
//! Here: where its cells are, and a row that is kept. Not here: what a row says, which is `columns`.

use std::borrow::Cow;

/// Where a cell stands in its row's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Its first byte.
    pub start: usize,
    /// The first byte behind it.
    pub end: usize,
}

/// The cells of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells<'a> {
    text: &'a str,
    spans: &'a [Span],
}

impl<'a> Cells<'a> {
    /// Cells that stand in `text`, in order.
    pub fn new(text: &'a str, spans: &'a [Span]) -> Self {
        Self { text, spans }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether nothing stands in any of them.
    pub fn is_blank(&self) -> bool {
        self.iter().all(str::is_empty)
    }

    /// A cell without the spaces around it; empty if there is none.
    pub fn get(&self, index: usize) -> &'a str {
        let cell = self.spans.get(index);
        let cell = cell.and_then(|span| self.text.get(span.start..span.end));
        cell.unwrap_or_default().trim()
    }

    /// All of them, each as [`Self::get`] returns it.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        let cells = *self;
        (0..cells.len()).map(move |index| cells.get(index))
    }
}

/// A row as it was found.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    /// Its line in the file, from 1; in a workbook its row.
    pub line: u64,
    /// Its cells; if it has a fault, as many as can be shown.
    pub cells: Cells<'a>,
    /// Why it can't be used, whatever stands in it.
    pub fault: Option<Cow<'static, str>>,
    /// Columns whose cells are formulas that were never computed.
    pub uncomputed: &'a [usize],
}

impl Row<'_> {
    /// Whether there is nothing in it, not even a fault.
    pub fn is_blank(&self) -> bool {
        self.fault.is_none() && self.uncomputed.is_empty() && self.cells.is_blank()
    }
}

/// A row that is kept.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptRow {
    line: u64,
    text: String,
    spans: Vec<Span>,
    fault: Option<Cow<'static, str>>,
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

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.spans.len() * size_of::<Span>()
    }

    /// Its cells.
    pub fn cells(&self) -> Cells<'_> {
        Cells::new(&self.text, &self.spans)
    }

    /// The row as it was.
    pub fn row(&self) -> Row<'_> {
        Row {
            line: self.line,
            cells: self.cells(),
            fault: self.fault.clone(),
            uncomputed: &self.uncomputed,
        }
    }
}
