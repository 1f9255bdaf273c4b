//! Erasing a person.
//!
//! Here: the mutation. Not here: what is erased by age, which a job does.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use domain::id::ListId;
use futures_util::future::join_all;

use super::{
    contact_list::ContactList,
    destination::count as int,
    engine::{
        errors::ApiError,
        ids::PublicId,
        loaders,
        request::{UserError, optional_id, payload, services, viewer_of},
    },
    message::Message,
    scalars::PhoneNumber,
};
use crate::operations::retention::ErasePerson;

/// The person to erase.
#[derive(Debug, InputObject)]
pub struct ErasePersonInput {
    /// The account. If it is left out, the viewer's own account is used; for a platform role, all
    /// accounts.
    account_id: Option<ID>,
    /// The account to go on with: nextAccountId of the last answer. Only if all accounts are meant.
    from_account_id: Option<ID>,
    /// The person's telephone number in E.164 form, such as "+393401234567".
    phone_number: PhoneNumber,
    /// Messages of the account, at most 1,000, whose names and texts are about the person: those
    /// are erased too, unless the message is still scheduled. Messages of other accounts are
    /// ignored.
    #[graphql(default)]
    message_ids: Vec<ID>,
}

/// The result of erasePerson.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct ErasePersonPayload {
    /// The number of contacts that were removed from lists, archived ones included.
    contact_count: i32,
    /// The ids of the contacts that were removed, at most one for each list of an account.
    removed_contact_ids: Vec<ID>,
    /// The lists that they were removed from.
    #[graphql(skip)]
    lists: Vec<ListId>,
    /// The number of rejected rows and warnings of imports that were deleted: those with the last
    /// seven digits of the number.
    import_row_count: i32,
    /// The number of messages whose names and texts were erased.
    message_count: i32,
    /// The messages whose names and texts were erased, at most 1,000.
    messages: Vec<Message>,
    /// The account that was not reached in 10 seconds, or after 1,000 contacts were removed: repeat
    /// the mutation with it as fromAccountId. Null if every account that was meant is done.
    next_account_id: Option<ID>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl ErasePersonPayload {
    /// The lists that the contacts were removed from, with their new head-counts, archived ones
    /// included: at most as many as contacts were removed.
    async fn lists(&self, ctx: &Context<'_>) -> Result<Vec<ContactList>, ApiError> {
        let mut lists = Vec::with_capacity(self.lists.len());
        let rows = self.lists.iter().map(|list| loaders::load(ctx, *list));
        for row in join_all(rows).await {
            lists.extend(row?.map(ContactList));
        }
        Ok(lists)
    }
}

/// The mutation that erases a person.
#[derive(Debug, Default)]
pub struct ErasureMutation;

#[Object]
impl ErasureMutation {
    /// Erases a person's data, found by telephone number: removes contacts with the number from all
    /// lists, as removeContacts does, and deletes what imports kept of it. Credits and reports stay
    /// as they are. Repeating it erases only what came in since. It is recorded without the number.
    /// Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
    async fn erase_person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person to erase.")] input: ErasePersonInput,
    ) -> Result<ErasePersonPayload, ApiError> {
        let viewer = viewer_of(ctx, "erasePerson")?;
        let services = services(ctx)?;
        let done = async {
            let messages = input.message_ids.iter();
            let person = ErasePerson {
                account: optional_id(input.account_id.as_ref()),
                from: optional_id(input.from_account_id.as_ref()),
                number: input.phone_number.0,
                messages: messages.map(|text| PublicId::decode(text)).collect(),
            };
            services.erase_person(&viewer, person).await
        };
        let (erased, user_errors) = payload(done.await)?;
        let erased = erased.unwrap_or_default();
        let count = |rows: usize| i32::try_from(rows).unwrap_or(i32::MAX);
        Ok(ErasePersonPayload {
            contact_count: count(erased.contacts.len()),
            removed_contact_ids: erased.contacts.into_iter().map(PublicId::encode).collect(),
            lists: erased.lists,
            import_row_count: int(i64::try_from(erased.import_rows).unwrap_or(i64::MAX)),
            message_count: count(erased.messages.len()),
            messages: erased.messages.into_iter().map(Message::new).collect(),
            next_account_id: erased.next.map(|account| account.encode()),
            user_errors,
        })
    }
}
