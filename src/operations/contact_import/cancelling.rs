//! Cancelling an import, whichever process runs it.
//!
//! The row of the import is ended first. A part is added in one transaction with the import's
//! figures, and only while the row says that it runs: after the cancellation nothing is added, and
//! the figures say exactly what was. The task sees it by its next part, or by
//! [`super::lease`] within a second.

use domain::id::{AccountId, ImportId, ListId};
use entity::contact_import;

use crate::{
    operations::{OperationError, Path, RefusalCode, Services, Viewer, changes::Topic},
    store,
};

/// The reason of an import that was cancelled.
const CANCELED: &str = written!(
    "The import was cancelled. What came in until then stays; import the file again for the rest."
);

impl Services {
    /// Cancels a running import. Contacts that came in until then stay.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the import; `Conflict` if it has ended.
    pub async fn cancel_import(
        &self,
        viewer: &Viewer,
        id: ImportId,
    ) -> Result<contact_import::Model, OperationError> {
        let path = Path::input("importId");
        let missing = || OperationError::from(path.not_found(text!("import")));
        let row = self
            .reader(viewer.clone())
            .by_key(id)
            .await?
            .ok_or_else(missing)?;
        let of = (AccountId::new(row.account_id), id);
        let now = self.clock().now().as_microsecond();
        let transaction = self.store().begin().await?;
        let canceled = store::contact_import::cancel(&transaction, of, CANCELED, now).await?;
        transaction.commit().await?;
        if !canceled {
            return Err(path
                .refuse(
                    RefusalCode::Conflict,
                    text!("The import has ended already."),
                )
                .into());
        }
        self.changes()
            .tell(Topic::Imports(ListId::new(row.list_id)));
        self.reader(viewer.clone())
            .by_key(id)
            .await?
            .ok_or_else(missing)
    }
}
