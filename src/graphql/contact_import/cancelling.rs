//! The mutation that cancels an import.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::ContactImport;
use crate::graphql::engine::{
    errors::ApiError,
    request::{UserError, id, payload, services, viewer_of},
};

/// The import to cancel.
#[derive(Debug, InputObject)]
pub struct CancelContactImportInput {
    /// The running import to cancel.
    import_id: ID,
}

/// The result of cancelContactImport.
#[derive(Debug, SimpleObject)]
pub struct CancelContactImportPayload {
    /// The import, which is CANCELED; null if the mutation was refused. Its figures say what was
    /// added, and its list has the new head-counts.
    import: Option<ContactImport>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that cancels an import.
#[derive(Debug, Default)]
pub struct ContactImportCancelMutation;

#[Object]
impl ContactImportCancelMutation {
    /// Cancels a running import, also one that runs in another process. Contacts that were added
    /// until then stay, and no more are added: the import's figures are exact. importContacts then
    /// answers with CONFLICT. Refused with CONFLICT if the import has ended. Requires
    /// PLATFORM_ADMIN, OWNER or MEMBER.
    async fn cancel_contact_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The running import.")] input: CancelContactImportInput,
    ) -> Result<CancelContactImportPayload, ApiError> {
        let viewer = viewer_of(ctx, "cancelContactImport")?;
        let services = services(ctx)?;
        let done = async {
            let import = id(&input.import_id);
            services.cancel_import(&viewer, import).await
        };
        let (import, user_errors) = payload(done.await)?;
        Ok(CancelContactImportPayload {
            import: import.map(ContactImport),
            user_errors,
        })
    }
}
