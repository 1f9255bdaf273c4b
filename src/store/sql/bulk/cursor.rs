//! A cursor: the rows of a scan, one by one.
//!
//! Here: a reader that keeps its position in a batch. Not here: reading batches from the database
//! (the parent).

use sea_orm::DbErr;

use super::{Batch, COPY_END, Cell, Scan, Step, broken};

/// A position in the rows of a scan. Only for blocking threads.
#[derive(Debug)]
pub struct Cursor {
    scan: Scan,
    batch: Batch,
    /// The position of the next row in the batch.
    at: usize,
    is_over: bool,
}

impl Cursor {
    /// Starts before the first row.
    #[must_use]
    pub fn new(scan: Scan) -> Self {
        Self {
            scan,
            batch: Batch::default(),
            at: 0,
            is_over: false,
        }
    }

    /// Waits for the next row, with `CELLS` cells; `None` after the last.
    ///
    /// # Errors
    /// If the database fails, or the scan is cut off. No row follows an error.
    pub fn next_row<const CELLS: usize>(&mut self) -> Result<Option<[Cell<'_>; CELLS]>, DbErr> {
        while !self.has_row() {
            if self.is_over || !self.next_batch()? {
                return Ok(None);
            }
        }
        let whole = self.batch.0.as_slice();
        let mut rest = whole.get(self.at..).unwrap_or_default();
        match super::next_row(&mut rest) {
            Some(Some(row)) => {
                self.at = whole.len() - rest.len();
                row.map(Some)
            }
            _ => {
                self.is_over = true;
                Err(broken("a row is cut short"))
            }
        }
    }

    /// Whether the batch has another row, rather than the end of a COPY.
    fn has_row(&self) -> bool {
        let rest = self.batch.0.get(self.at..).unwrap_or_default();
        !rest.is_empty() && !rest.starts_with(&COPY_END.to_be_bytes())
    }

    /// Waits for another batch. Returns whether there was one.
    fn next_batch(&mut self) -> Result<bool, DbErr> {
        self.at = 0;
        self.batch = Batch::default();
        match self.scan.0.blocking_recv() {
            Some(Step::Rows(batch)) => {
                self.batch = batch;
                return Ok(true);
            }
            Some(Step::End) => self.is_over = true,
            Some(Step::Failed(cause)) => {
                self.is_over = true;
                return Err(cause);
            }
            None => {
                self.is_over = true;
                return Err(broken("the scan was cut off"));
            }
        }
        Ok(false)
    }
}
