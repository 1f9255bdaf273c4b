//! Lists restricted to a period of last changes, for clients that fetch what changed since.
//!
//! Here: reading the period. Not here: what counts as a change, which each noun says.

use super::{OperationError, Path, input, together::Together};
pub use crate::store::sql::last_change::LastChanges;

/// The period of last changes that a list is restricted to, as asked for.
#[derive(Debug, Default)]
pub struct AskedLastChanges {
    /// Only nodes that last changed at or after this instant.
    pub from: Option<String>,
    /// Only nodes that last changed before this instant.
    pub to: Option<String>,
}

impl AskedLastChanges {
    /// Reads the period of a list's filter.
    ///
    /// # Errors
    /// `Invalid` at its field for an instant that can't be read.
    pub(super) fn read(self) -> Result<LastChanges, OperationError> {
        self.read_at(|name| Path::argument("filter").at(name))
    }

    /// Reads the period of fields that are at these paths.
    ///
    /// # Errors
    /// `Invalid` at its field for an instant that can't be read.
    pub(super) fn read_at(
        self,
        at: impl Fn(&'static str) -> Path,
    ) -> Result<LastChanges, OperationError> {
        let instant = |text: Option<String>, name: &'static str| {
            text.map(|text| input::instant(&text, &at(name)))
                .transpose()
        };
        let ends = (
            instant(self.from, "updatedFrom"),
            instant(self.to, "updatedTo"),
        );
        let (from, to) = ends.together()?;
        Ok(LastChanges { from, to })
    }
}
