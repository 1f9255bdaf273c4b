//! From rows to contacts: passes a file's rows to its taker.
//!
//! Here: the first row names the columns, the next rows are held back until the column of numbers
//! is known, and each row is converted; warnings are counted. Not here: cutting a file into rows.

use std::{mem, ops::ControlFlow};

use super::{
    Entry, MAX_WARNINGS, Mapping, ReadError, RefusedRow, RowCode, RowFault, Taker, Unreadable,
    Warning,
    cells::{KeptRow, Row},
    columns::Columns,
    header::{self, Opinion},
    kept_cells,
};

/// The most rows held back until their contents reveal the column of numbers.
pub(super) const HELD_ROWS: usize = 100;
/// The most bytes of these rows in total.
pub(super) const HELD_BYTES: usize = 1024 * 1024;

/// Receives a file's rows.
pub(super) trait Sink {
    /// Reports that the rows' text has a guessed encoding.
    fn guessed(&mut self);
    /// Receives one row, in the file's order.
    fn row(&mut self, row: &Row<'_>) -> Result<ControlFlow<()>, ReadError>;
    /// Whether a column holds the numbers, as far as known.
    fn is_number(&self, column: usize) -> bool;
}

/// How reading rows ended.
pub(super) enum Ended {
    /// The sink stopped it.
    BrokenOff,
    /// At the end of the file, with a warning about the whole file, if any.
    Whole(Option<Warning>),
}

/// Converts rows by their columns.
pub(super) struct Intake<'a> {
    mapping: &'a Mapping,
    taker: &'a mut dyn Taker,
    state: State,
    is_guessed: bool,
    /// Warnings so far.
    warnings: usize,
    /// Warnings of the current row.
    of_row: Vec<Warning>,
}

enum State {
    /// No row was read yet.
    Empty,
    /// The column of numbers is not known yet.
    Held(Held),
    /// The columns are known.
    Known(Columns),
}

struct Held {
    header: KeptRow,
    candidates: Vec<usize>,
    rows: Vec<KeptRow>,
    bytes: usize,
}

impl<'a> Intake<'a> {
    /// Passes rows to a taker, with the columns of a mapping.
    pub fn new(mapping: &'a Mapping, taker: &'a mut dyn Taker) -> Self {
        Self {
            mapping,
            taker,
            state: State::Empty,
            is_guessed: false,
            warnings: 0,
            of_row: Vec::new(),
        }
    }

    /// Completes the file after its last row.
    pub fn end(&mut self, last: Option<Warning>) -> Result<(), ReadError> {
        if matches!(self.state, State::Empty) {
            return Err(Unreadable::Empty.into());
        }
        if self.decide_number()?.is_break() {
            return Ok(());
        }
        if let Some(warning) = last {
            self.warn(warning);
        }
        if self.warnings > MAX_WARNINGS {
            let more = self.warnings - MAX_WARNINGS;
            self.taker.warn(Warning {
                line: None,
                column: None,
                reason: format!("{more} more warnings are not listed.").into(),
            });
        }
        Ok(())
    }

    /// Handles the first row.
    fn open(&mut self, row: &Row<'_>) -> Result<ControlFlow<()>, ReadError> {
        if let Some(fault) = &row.fault {
            let message = text!(
                "The first row must name the columns. {reason}",
                reason = fault.reason
            )
            .english();
            return Err(Unreadable::Header(message).into());
        }
        match header::opinion(row.cells, self.mapping)? {
            Opinion::Sure(number) => self.set_columns(&KeptRow::of(row), number),
            Opinion::Unsure(candidates) => {
                self.state = State::Held(Held {
                    header: KeptRow::of(row),
                    candidates,
                    rows: Vec::new(),
                    bytes: 0,
                });
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn set_columns(
        &mut self,
        header: &KeptRow,
        number: usize,
    ) -> Result<ControlFlow<()>, ReadError> {
        let (columns, warnings) =
            Columns::of(header.cells(), number, self.mapping, self.is_guessed)?;
        let described = columns.described(header.cells());
        self.state = State::Known(columns);
        if self.taker.opened(described).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        for warning in warnings {
            self.warn(warning);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Decides the column of numbers, if it is unknown, and passes on the rows that were held back.
    fn decide_number(&mut self) -> Result<ControlFlow<()>, ReadError> {
        let State::Held(held) = &mut self.state else {
            return Ok(ControlFlow::Continue(()));
        };
        let rows = mem::take(&mut held.rows);
        let held_header = mem::take(&mut held.header);
        let number = header::decide(held_header.cells(), &held.candidates, &rows)?;
        if self.set_columns(&held_header, number)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        for row in &rows {
            if self.read(&row.row()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Converts a row by the known columns.
    fn read(&mut self, row: &Row<'_>) -> ControlFlow<()> {
        let State::Known(columns) = &self.state else {
            return ControlFlow::Continue(());
        };
        self.of_row.clear();
        let of_row = &mut self.of_row;
        let contact = match &row.fault {
            Some(fault) => Err(fault.clone()),
            None if row
                .uncomputed
                .iter()
                .any(|column| columns.is_number(*column)) =>
            {
                Err(RowFault::new(RowCode::NotComputed, UNCOMPUTED_NUMBER))
            }
            None => {
                let left_out = row.uncomputed.iter();
                let left_out =
                    left_out.filter_map(|column| columns.warning((row.line, *column), UNCOMPUTED));
                of_row.extend(left_out);
                columns.contact((row.line, row.cells), of_row)
            }
        };
        let entry = match contact {
            Ok(contact) => Entry::Contact {
                line: row.line,
                contact,
                cells: row.cells,
            },
            Err(fault) => {
                // A refused row has no warnings.
                of_row.clear();
                Entry::Refused(RefusedRow {
                    line: row.line,
                    value: columns.shown(row.cells),
                    fault,
                    cells: kept_cells(row.cells),
                })
            }
        };
        for warning in self.of_row.drain(..) {
            self.warnings += 1;
            if self.warnings <= MAX_WARNINGS {
                self.taker.warn(warning);
            }
        }
        self.taker.take(entry)
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings += 1;
        if self.warnings <= MAX_WARNINGS {
            self.taker.warn(warning);
        }
    }
}

impl Sink for Intake<'_> {
    fn guessed(&mut self) {
        self.is_guessed = true;
    }

    fn row(&mut self, row: &Row<'_>) -> Result<ControlFlow<()>, ReadError> {
        if row.is_blank() {
            return Ok(ControlFlow::Continue(()));
        }
        match &mut self.state {
            State::Empty => self.open(row),
            State::Known(_) => Ok(self.read(row)),
            State::Held(held) => {
                let kept = KeptRow::of(row);
                held.bytes += kept.bytes();
                held.rows.push(kept);
                if held.rows.len() >= HELD_ROWS || held.bytes >= HELD_BYTES {
                    return self.decide_number();
                }
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn is_number(&self, column: usize) -> bool {
        match &self.state {
            State::Empty => false,
            State::Held(held) => held.candidates.contains(&column),
            State::Known(columns) => columns.is_number(column),
        }
    }
}

/// Some programs write formulas without computing them and leave their results empty.
const UNCOMPUTED_NUMBER: &str =
    written!("The cell holds a formula that was not computed; open the file in Excel and save it.");
const UNCOMPUTED: &str = written!(
    "The cell holds a formula that was not computed and is left out; open the file in Excel and save it."
);
