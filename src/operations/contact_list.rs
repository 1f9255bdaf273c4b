//! Contact lists: creating, changing, archiving and restoring them.
//!
//! An archived list is left out of pages of lists in use, and commands on it answer as if it didn't
//! exist, but for the one that restores it. It can still be read by its id and through its
//! messages, so that reports keep its name.

use domain::{
    destination::Destinations,
    id::{AccountId, ListId},
};
use entity::{contact_list, list_destination, sql_enums::SettingKind};
use sea_orm::prelude::Uuid;
use serde_json::json;

use super::{
    OperationError, Path, RefusalCode, Services, Viewer, ViewerReader, input,
    last_change::AskedLastChanges,
    reader::{Listing, Window},
    together::Together,
};
pub use crate::store::contact_list::{ListSort, updated_at};
use crate::{
    ledger::{Refused, Request, RequestKind, SubmitError},
    localization::Text,
    store::{
        self,
        contact_list::{ListFilter, SharedLists},
        setting_change::{self, Changed, Fields, Values},
    },
};

/// The most rows of one head-count, which covers all countries.
pub const MAX_DESTINATIONS: usize = 250;

/// Why a list with stored contacts takes no head-count.
fn counted() -> Text {
    text!(
        "The list has stored contacts, which are its head-count. Add some with importContacts or remove some with \
         removeContacts; a list without any takes a head-count by hand."
    )
}

/// A country code as given, with its recipients.
pub type DestinationRow = (String, i32);

/// The input of `createContactList`.
#[derive(Debug)]
pub struct CreateContactList {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The display name.
    pub name: String,
    /// Head-counts by country.
    pub destinations: Vec<DestinationRow>,
}

/// The input of `updateContactList`. A field that is `None` keeps its value.
#[derive(Debug)]
pub struct UpdateContactList {
    /// The list to change.
    pub list: ListId,
    /// The display name.
    pub name: Option<String>,
    /// Head-counts by country, which replace all existing ones.
    pub destinations: Option<Vec<DestinationRow>>,
}

impl ViewerReader {
    /// A page of an account's lists in an order: archived ones, or those in use.
    ///
    /// # Errors
    /// `Invalid` if the search text is too long, or an instant can't be read.
    pub async fn contact_lists(
        &self,
        account: AccountId,
        (archived, search): (bool, Option<String>),
        changed: AskedLastChanges,
        sort: ListSort,
        window: Window,
    ) -> Result<Listing<contact_list::Model>, OperationError> {
        let search = input::search(search.as_deref(), &Path::argument("search"));
        let (search, changed) = (search, changed.read()).together()?;
        let filter = ListFilter {
            account,
            archived,
            search,
            changed,
            sort,
        };
        self.list(filter, window).await
    }

    /// A page of the lists that share an account's unassigned credits.
    pub async fn shared_lists(
        &self,
        account: AccountId,
        window: Window,
    ) -> Result<Listing<contact_list::Model>, OperationError> {
        self.list(SharedLists(account), window).await
    }
}

impl Services {
    /// A list that the viewer may use.
    ///
    /// # Errors
    /// `NotFound` at `path` if the list is unknown, archived or not visible to the viewer.
    pub async fn open_list(
        &self,
        viewer: &Viewer,
        id: ListId,
        path: &Path,
    ) -> Result<contact_list::Model, OperationError> {
        let row = self.seen_list(viewer, id, path).await?;
        match row.archived_at {
            None => Ok(row),
            Some(_) => Err(path.not_found(text!("list")).into()),
        }
    }

    /// A list that the viewer sees, even if it is archived.
    pub(super) async fn seen_list(
        &self,
        viewer: &Viewer,
        id: ListId,
        path: &Path,
    ) -> Result<contact_list::Model, OperationError> {
        let row = self.reader(viewer.clone()).by_key(id).await?;
        row.ok_or_else(|| path.not_found(text!("list")).into())
    }

    /// Creates a list, which shares the unassigned credits.
    ///
    /// # Errors
    /// An unknown account, an invalid name or head-count, and too many lists, each at its field.
    pub async fn create_contact_list(
        &self,
        viewer: &Viewer,
        new: CreateContactList,
    ) -> Result<contact_list::Model, OperationError> {
        let account = self
            .account_for(viewer, new.account, &Path::input("accountId"))
            .await;
        let name = input::name(&new.name, &Path::input("name"));
        let destinations = head_count(&new.destinations);
        let (account, name, destinations) = (account, name, destinations).together()?;
        self.refuse_more_lists(AccountId::new(account.id)).await?;
        let now = self.clock().now();
        let row = contact_list::Model {
            account_id: account.id,
            id: self.clock().new_id_in(account.id),
            name,
            created_at: now.as_microsecond(),
            archived_at: None,
            contacts: 0,
            revision: 0,
            removals: 0,
            updated_at: Some(now.as_microsecond()),
        };
        let (account, list) = (AccountId::new(row.account_id), ListId::new(row.id));
        let rows = destination_rows(account, list, &destinations);
        let fields = Fields::between(Values::new(), settings_of(&row, &rows));
        let changes = [changed(&row, fields)];
        let transaction = self.store().begin().await?;
        store::contact_list::insert(&transaction, row.clone()).await?;
        store::contact_list::replace_destinations(&transaction, account, list, rows).await?;
        setting_change::insert(&transaction, (&viewer.actor(), now), changes).await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// Changes a list's name or its head-counts.
    ///
    /// # Errors
    /// An unknown list, an invalid name or head-count, and a head-count for a list with stored
    /// contacts, each at its field.
    pub async fn update_contact_list(
        &self,
        viewer: &Viewer,
        change: UpdateContactList,
    ) -> Result<contact_list::Model, OperationError> {
        let path = Path::input("listId");
        let row = self.open_list(viewer, change.list, &path).await;
        let name = change.name.as_deref();
        let name = name.map(|name| input::name(name, &Path::input("name")));
        let destinations = change.destinations.as_deref().map(head_count);
        let checks = (row, name.transpose(), destinations.transpose());
        let (row, name, destinations) = checks.together()?;
        let (account, list) = (AccountId::new(row.account_id), change.list);

        let transaction = self.store().begin().await?;
        store::contact_list::lock(&transaction, (account, list)).await?;
        // Read after locking the list: another request may have archived or renamed it, and an
        // import may have added contacts, since the first read.
        let before = store::contact_list::find(&transaction, list).await?;
        let Some(before) = before.filter(|row| row.archived_at.is_none()) else {
            return Err(path.not_found(text!("list")).into());
        };
        let mut row = before.clone();
        let mut fields = Fields::default();
        if let Some(name) = name {
            store::contact_list::rename(&transaction, account, list, &name).await?;
            fields = fields.set("name", before.name, name.as_str());
            row.name = name;
        }
        if let Some(destinations) = destinations {
            if row.contacts > 0 {
                return Err(Path::input("destinations")
                    .refuse(RefusalCode::Conflict, counted())
                    .into());
            }
            let had = store::contact_list::destinations(&transaction, [(account, list)]).await?;
            let rows = destination_rows(account, list, &destinations);
            fields = fields.set("destinations", head_counts(&had), head_counts(&rows));
            store::contact_list::replace_destinations(&transaction, account, list, rows).await?;
        }
        let (by, now) = (viewer.actor(), self.clock().now());
        if !fields.is_empty() {
            let touched = store::contact_list::touch(&transaction, (account, list), now).await?;
            row = touched.unwrap_or(row);
        }
        setting_change::insert(&transaction, (&by, now), [changed(&row, fields)]).await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// Archives a list: its credits return to the unassigned pool, and its contacts are deleted.
    /// Archiving it again changes nothing, so a request whose answer was lost can be repeated.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the list; `Conflict` if it has scheduled messages.
    pub async fn archive_contact_list(
        &self,
        viewer: &Viewer,
        id: ListId,
    ) -> Result<contact_list::Model, OperationError> {
        let path = Path::input("listId");
        let row = self.seen_list(viewer, id, &path).await?;
        if row.archived_at.is_some() {
            self.forget_contacts(&row).await?;
            return Ok(row);
        }
        let request = Request {
            account: AccountId::new(row.account_id),
            actor: viewer.actor(),
            kind: RequestKind::Archive { list: id },
            key: None,
            at: None,
        };
        let done = self.ledger().submit(request).await;
        let row = self.seen_list(viewer, id, &path).await?;
        match done {
            Ok(_) => {}
            // Another request archived it after it was read.
            Err(SubmitError::Refused(Refused::UnknownList(_))) if row.archived_at.is_some() => {}
            Err(error) => return Err(OperationError::from_ledger(error, &path)),
        }
        // The list is archived already. A job deletes the contacts that can't be deleted now.
        if let Err(error) = self.forget_contacts(&row).await {
            tracing::warn!(
                ?error,
                "deleting an archived list's contacts failed; the job will retry"
            );
        }
        Ok(row)
    }

    /// Puts an archived list in use again. It has the head-count that was given by hand, and none
    /// of the contacts that archiving deleted.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the list; `Conflict` if it isn't archived, or if its
    /// contacts are still being deleted; `LimitReached` if the account has too many lists in use.
    pub async fn restore_contact_list(
        &self,
        viewer: &Viewer,
        id: ListId,
    ) -> Result<contact_list::Model, OperationError> {
        let path = Path::input("listId");
        let row = self.seen_list(viewer, id, &path).await?;
        let account = AccountId::new(row.account_id);
        if row.archived_at.is_some() {
            self.refuse_another_list(account, &path).await?;
            // A job deletes the contacts of a long list, which takes a while.
            self.forget_contacts(&row).await?;
        }
        let transaction = self.store().begin().await?;
        let now = self.clock().now();
        let restored = store::contact_list::restore(&transaction, (account, id), now).await?;
        if restored {
            let fields = Fields::default().set("archived", true, false);
            let changes = [changed(&row, fields)];
            setting_change::insert(&transaction, (&viewer.actor(), now), changes).await?;
        }
        transaction.commit().await?;
        let row = self.seen_list(viewer, id, &path).await?;
        match (restored, row.archived_at) {
            (true, _) => Ok(row),
            (false, None) => Err(path
                .refuse(RefusalCode::Conflict, text!("The list is not archived."))
                .into()),
            (false, Some(_)) => Err(path
                .refuse(
                    RefusalCode::Conflict,
                    text!("The list's contacts are still being deleted; try again in a minute."),
                )
                .into()),
        }
    }
}

/// A list's settings, as the journal has them.
fn settings_of(row: &contact_list::Model, destinations: &[list_destination::Model]) -> Values {
    vec![
        ("name", json!(row.name)),
        ("destinations", head_counts(destinations)),
    ]
}

/// The recipients of each country, as the journal has them; null for none.
fn head_counts(rows: &[list_destination::Model]) -> serde_json::Value {
    if rows.is_empty() {
        return serde_json::Value::Null;
    }
    let rows = rows.iter();
    rows.map(|row| (row.country_code.clone(), json!(row.recipients)))
        .collect()
}

fn changed(row: &contact_list::Model, fields: Fields) -> Changed {
    Changed {
        account: AccountId::new(row.account_id),
        kind: SettingKind::ContactList,
        node: row.id,
        fields,
    }
}

fn head_count(rows: &[DestinationRow]) -> Result<Destinations, OperationError> {
    let path = Path::input("destinations");
    if rows.len() > MAX_DESTINATIONS {
        return Err(path
            .invalid(text!(
                "Must be at most {limit} destinations.",
                limit = MAX_DESTINATIONS
            ))
            .into());
    }
    let rows = rows.iter().map(|(code, count)| (code.as_str(), *count));
    input::destinations(rows, &path)
}

fn destination_rows(
    account: AccountId,
    list: ListId,
    destinations: &Destinations,
) -> Vec<list_destination::Model> {
    let (account_id, list_id): (Uuid, Uuid) = (account.uuid(), list.uuid());
    destinations
        .iter()
        .map(|(country, recipients)| list_destination::Model {
            account_id,
            list_id,
            country_code: country.to_string(),
            // `input::destinations` keeps it far below this.
            recipients: i64::try_from(recipients).unwrap_or(i64::MAX),
        })
        .collect()
}
