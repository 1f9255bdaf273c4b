//! What is known of a list's imports afterwards: pages of them, of the rows that they refused, and of what they warned
//! of.

use std::time::Duration;

use domain::id::{AccountId, ImportId, ListId};
use entity::{contact_import, sql_enums::ImportStatus};

use crate::{
    operations::{OperationError, Services, Viewer, policy::may_read},
    store::{
        self,
        contact_import::{RejectedRow, warnings::ImportWarning},
        sql::paging::{Page, Window},
    },
};

/// After so long without a part an import counts as cut off: the server that read it is gone. A part takes less
/// than a second, and waits for the database for some more at most.
const SILENCE: Duration = Duration::from_secs(120);
/// What an import came to whose server is gone.
const CUT_OFF: &str = "The server that read the file stopped. What came in until then stays; import the file again for the rest.";

impl Services {
    /// An import as it is to be shown: one whose server is gone has failed.
    #[must_use]
    pub fn import_as_of_now(&self, mut row: contact_import::Model) -> contact_import::Model {
        let silence = self
            .clock
            .now()
            .as_microsecond()
            .saturating_sub(row.touched_at);
        let longest = i64::try_from(SILENCE.as_micros()).unwrap_or(i64::MAX);
        if row.status == ImportStatus::Running && silence > longest {
            row.status = ImportStatus::Failed;
            row.reason = Some(CUT_OFF.to_owned());
            row.ended_at = Some(row.touched_at);
        }
        row
    }

    /// A page of a list's imports, the newest first.
    ///
    /// # Errors
    /// That the viewer may not, and a fault.
    pub async fn contact_imports(
        &self,
        viewer: &Viewer,
        list: (AccountId, ListId),
        window: Window,
    ) -> Result<Page<contact_import::Model>, OperationError> {
        may_read(viewer, "ContactList", "imports")?;
        Ok(store::contact_import::list(self.store.reader(), list, window).await?)
    }

    /// A page of the rows that an import refused, in the file's order.
    ///
    /// # Errors
    /// That the viewer may not, and a fault.
    pub async fn import_rejections(
        &self,
        viewer: &Viewer,
        import: (AccountId, ImportId),
        window: Window,
    ) -> Result<Page<RejectedRow>, OperationError> {
        may_read(viewer, "ContactImport", "rejected")?;
        Ok(store::contact_import::rejections(self.store.reader(), import, window).await?)
    }

    /// A page of what an import warned of, in the order in which its file was read.
    ///
    /// # Errors
    /// That the viewer may not, and a fault.
    pub async fn import_warnings(
        &self,
        viewer: &Viewer,
        import: (AccountId, ImportId),
        window: Window,
    ) -> Result<Page<ImportWarning>, OperationError> {
        may_read(viewer, "ContactImport", "warnings")?;
        Ok(store::contact_import::warnings::list(self.store.reader(), import, window).await?)
    }
}
