//! Who did what a row is about, as whoever asked for the file may know it.
//!
//! Here: what of a stored actor the cells of messages and transactions show. The rules are those of
//! the API's type `Actor`. Not here: which keys the viewer sees.

use std::collections::HashMap;

use sea_orm::{DbErr, prelude::Uuid};

use crate::store::{actor::EXPORT_CELLS, sql::bulk::Cell};

/// A key that the viewer sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenKey {
    /// Its name.
    pub name: String,
    /// Whether it is the account's own.
    pub is_own: bool,
}

/// What whoever asked for a file may know of actors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actors {
    /// The keys that the viewer sees, by their ids.
    pub keys: HashMap<Uuid, SeenKey>,
    /// Whether the viewer is the platform's, which sees its own staff.
    pub shows_staff: bool,
}

impl Actors {
    /// The kind, the name, the key and the label of an actor in the API, from the cells of its
    /// stored kind, key, name and label.
    ///
    /// # Errors
    /// If the kind is unknown.
    pub(super) fn shown<'c>(
        &'c self,
        [kind, key, name, label]: [Cell<'c>; EXPORT_CELLS],
    ) -> Result<[Cell<'c>; EXPORT_CELLS], DbErr> {
        let of_staff = |cell: Cell<'c>| cell.filter(|_| self.shows_staff);
        Ok(match kind {
            None => [None; EXPORT_CELLS],
            Some(b"JOB" | b"PROVIDER") => [kind, name, None, None],
            Some(b"ACCOUNT_USER") => [kind, name, None, label],
            Some(b"PLATFORM_USER") => [kind, of_staff(name), None, of_staff(label)],
            Some(b"API_KEY" | b"ADMINISTRATOR_KEY") => {
                let id = key.and_then(|bytes| Uuid::from_slice(bytes).ok());
                match id.and_then(|id| self.keys.get(&id)) {
                    Some(seen) if seen.is_own => {
                        [Some(b"ACCOUNT_KEY"), Some(seen.name.as_bytes()), key, label]
                    }
                    Some(seen) => {
                        let name = Some(seen.name.as_bytes());
                        [Some(b"PLATFORM_KEY"), name, key, of_staff(label)]
                    }
                    None => [Some(b"PLATFORM_KEY"), None, None, of_staff(label)],
                }
            }
            Some(_) => return Err(DbErr::Custom("an actor has an unknown kind".to_owned())),
        })
    }
}
