//! Reading imports afterwards: pages of a list's imports, of their refused rows and of their
//! warnings.

use std::time::Duration;

use domain::id::{AccountId, ListId};
use entity::{contact_import, sql_enums::ImportStatus};

use super::{ImportWarning, KEPT_REJECTIONS, RejectedRow};
use crate::operations::{
    OperationError, Services, ViewerReader,
    last_change::AskedLastChanges,
    policy::may_read,
    reader::{Imports, Kept, Listing, Window},
};

/// An import without progress for this long is shown as failed, because its server is gone, and no
/// other one is there to end it ([`super::lease`]).
const SILENCE: Duration = Duration::from_secs(120);
/// The reason of an import whose server is gone.
pub(super) const CUT_OFF: &str = written!(
    "The server that read the file stopped. What came in until then stays; import the file again for the rest."
);

impl Services {
    /// An import as it is shown: one whose server is gone is shown as failed.
    #[must_use]
    pub fn import_as_of_now(&self, mut row: contact_import::Model) -> contact_import::Model {
        let silence = self
            .clock()
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
}

impl ViewerReader {
    /// A page of a list's imports, newest first.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read imports; `Invalid` for an instant that
    /// can't be read.
    pub async fn contact_imports(
        &self,
        (account, list): (AccountId, ListId),
        changed: AskedLastChanges,
        window: Window,
    ) -> Result<Listing<contact_import::Model>, OperationError> {
        may_read(self.viewer(), "ContactList", "imports")?;
        let imports = Imports {
            account,
            list,
            changed: changed.read()?,
        };
        self.list(imports, window).await
    }

    /// A page of the rows that an import refused, in the order of the file.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read them.
    pub async fn import_rejections(
        &self,
        import: &contact_import::Model,
        window: Window,
    ) -> Result<Listing<RejectedRow>, OperationError> {
        may_read(self.viewer(), "ContactImport", "rejected")?;
        let kept = import.rejected.min(KEPT_REJECTIONS);
        self.list(Kept::<RejectedRow>::of(import, kept), window)
            .await
    }

    /// A page of an import's warnings, in the order in which the file was read.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read them.
    pub async fn import_warnings(
        &self,
        import: &contact_import::Model,
        window: Window,
    ) -> Result<Listing<ImportWarning>, OperationError> {
        may_read(self.viewer(), "ContactImport", "warnings")?;
        let kept = Kept::<ImportWarning>::of(import, import.warnings);
        self.list(kept, window).await
    }
}
