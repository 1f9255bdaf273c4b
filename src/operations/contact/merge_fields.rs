//! The merge fields that a list's contacts have, for a picker of fields.
//!
//! Here: counting them by a scan of the list, once for each state of its contacts: a list's
//! revision and its number of removals change with every change of its contacts, so that a count
//! holds for as long as both stay. Not here: counting a text's fields
//! ([`crate::operations::personal`]).

use std::{
    collections::HashMap,
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use domain::id::{AccountId, ListId};
use entity::contact_list;
use lru::LruCache;
use sea_orm::DbErr;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::{
    fair::Urgency,
    operations::{OperationError, Services, ViewerReader, policy::may_read},
    store::{
        contact_fields,
        sql::bulk::{self, Batch},
    },
};

/// The most names that are returned: more than anybody picks from. A file has at most 100.
pub const MAX_MERGE_FIELDS: usize = 200;
/// The most names that a scan counts. A list whose files all name their columns differently must
/// not fill the memory.
const MAX_COUNTED: usize = 2_000;
/// The number of lists whose fields are remembered: 2 MB if each has twenty.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// A merge field of a list's contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListMergeField {
    /// The field's name.
    pub name: String,
    /// The number of contacts that have a value.
    pub contacts: i64,
}

/// The state of a list's contacts: its revision and its number of removals.
type AsOf = (i64, i64);

/// The fields of the lists asked for last.
#[derive(Debug)]
pub(in crate::operations) struct MergeFields(Mutex<LruCache<ListId, (AsOf, Counted)>>);

type Counted = Arc<Vec<ListMergeField>>;

impl Default for MergeFields {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl MergeFields {
    fn get(&self, list: ListId, as_of: AsOf) -> Option<Counted> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, fields) = lists.get(&list)?;
        (*known == as_of).then(|| Arc::clone(fields))
    }

    fn put(&self, list: ListId, as_of: AsOf, fields: &Counted) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lists.put(list, (as_of, Arc::clone(fields)));
    }
}

impl ViewerReader {
    /// The merge fields that a list's contacts have, those of most contacts first, then by name; at
    /// most [`MAX_MERGE_FIELDS`]. Empty for an archived list.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read them; `RateLimited` if the list must be
    /// scanned and no place for a scan becomes free in time.
    pub async fn merge_fields(
        &self,
        list: &contact_list::Model,
    ) -> Result<Arc<Vec<ListMergeField>>, OperationError> {
        may_read(self.viewer(), "ContactList", "mergeFields")?;
        if list.archived_at.is_some() || list.contacts == 0 {
            return Ok(Arc::default());
        }
        self.services().merge_fields(list).await
    }
}

impl Services {
    async fn merge_fields(&self, list: &contact_list::Model) -> Result<Counted, OperationError> {
        let (account, id) = (AccountId::new(list.account_id), ListId::new(list.id));
        let as_of = (list.revision, list.removals);
        let known = &self.0.merge_fields;
        if let Some(fields) = known.get(id, as_of) {
            return Ok(fields);
        }
        let place = self.scan_place(account, id, Urgency::Ordinary).await?;
        // Another request may have counted them while this one waited.
        if let Some(fields) = known.get(id, as_of) {
            return Ok(fields);
        }
        // The scan may see later contacts than `as_of`: then the next look counts again.
        let scan = contact_fields::scan(self.store(), account, id);
        let folded = scan.fold((Names::default(), place), |(names, _), batch| {
            count(names, batch)
        });
        let (Names(names), _) = folded.await?;
        let fields = names.into_iter();
        let mut fields: Vec<_> = fields
            .map(|(name, contacts)| ListMergeField { name, contacts })
            .collect();
        fields.sort_by(|one, other| {
            let by_count = other.contacts.cmp(&one.contacts);
            by_count.then_with(|| one.name.cmp(&other.name))
        });
        fields.truncate(MAX_MERGE_FIELDS);
        let fields = Arc::new(fields);
        known.put(id, as_of, &fields);
        Ok(fields)
    }
}

fn count(names: &mut Names, batch: &Batch) -> Result<(), OperationError> {
    for row in batch.rows::<{ contact_fields::CELLS }>() {
        let [_, fields, _] = row?;
        let Some(fields) = bulk::text(fields)? else {
            continue;
        };
        let mut reader = serde_json::Deserializer::from_str(fields);
        Fields(names)
            .deserialize(&mut reader)
            .map_err(|_| DbErr::Custom("a contact has fields that are not an object".to_owned()))?;
    }
    Ok(())
}

/// The number of contacts by the name of a field.
#[derive(Debug, Default)]
struct Names(HashMap<String, i64>);

impl Names {
    fn add(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            *count += 1;
        } else if self.0.len() < MAX_COUNTED {
            self.0.insert(name.to_owned(), 1);
        }
    }
}

/// Counts the names of an object's fields, and copies no value.
struct Fields<'a>(&'a mut Names);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Name(self.0))?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

struct Name<'a>(&'a mut Names);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        self.0.add(name);
        Ok(())
    }
}
