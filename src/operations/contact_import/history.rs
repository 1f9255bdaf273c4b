//! Reading imports afterwards: pages of a list's imports, of their refused rows and of their
//! warnings.

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

/// An import without progress for this long is marked failed, because its server is gone. A part
/// takes less than a second, plus at most some seconds of waiting for the database.
const SILENCE: Duration = Duration::from_secs(120);
/// The reason of an import whose server is gone.
const CUT_OFF: &str = "The server that read the file stopped. What came in until then stays; import the file again for the rest.";

impl Services {
    /// An import as it is shown: one whose server is gone is shown as failed.
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

    /// A page of a list's imports, newest first.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read imports.
    pub async fn contact_imports(
        &self,
        viewer: &Viewer,
        list: (AccountId, ListId),
        window: Window,
    ) -> Result<Page<contact_import::Model>, OperationError> {
        may_read(viewer, "ContactList", "imports")?;
        Ok(store::contact_import::list(self.store.reader(), list, window).await?)
    }

    /// A page of the rows that an import refused, in the order of the file.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read them.
    pub async fn import_rejections(
        &self,
        viewer: &Viewer,
        import: (AccountId, ImportId),
        window: Window,
    ) -> Result<Page<RejectedRow>, OperationError> {
        may_read(viewer, "ContactImport", "rejected")?;
        Ok(store::contact_import::rejections(self.store.reader(), import, window).await?)
    }

    /// A page of an import's warnings, in the order in which the file was read.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read them.
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
