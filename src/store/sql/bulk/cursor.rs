//! Rows one by one, for a reader that keeps its place between them.

use sea_orm::DbErr;

use super::{Batch, COPY_END, Cell, Scan, Step, broken};

/// A place in the rows of a scan. Only for blocking threads.
#[derive(Debug)]
pub struct Cursor {
    scan: Scan,
    batch: Batch,
    /// Where the next row begins in the batch.
    at: usize,
    is_over: bool,
}

impl Cursor {
    /// Before the first row.
    #[must_use]
    pub fn new(scan: Scan) -> Self {
        Self {
            scan,
            batch: Batch::default(),
            at: 0,
            is_over: false,
        }
    }

    /// The next row, of so many cells; `None` after the last. It waits for it.
    ///
    /// # Errors
    /// What the database says, once; or that the scan was cut off.
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

    /// Whether the batch goes on, and not with the end of a copy.
    fn has_row(&self) -> bool {
        let rest = self.batch.0.get(self.at..).unwrap_or_default();
        !rest.is_empty() && !rest.starts_with(&COPY_END.to_be_bytes())
    }

    /// Whether there was another batch.
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
