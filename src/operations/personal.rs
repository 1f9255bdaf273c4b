//! Texts with merge fields over a list's stored contacts: each contact's own text is counted (law Q6).
//!
//! Here: reading what is known of the contacts, and which merge fields are mistakes. Not here: counting
//! ([`domain::personal`]) and prices ([`super::quote`]).

use std::{fmt, sync::Arc, time::Duration};

use domain::{
    country::CountryCode,
    id::{AccountId, ListId},
    merge::{Template, Values},
    personal::{Tallied, Tally},
    quote::Share,
    rate::RateCard,
    segmentation::Options,
};
use sea_orm::DbErr;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{
    OperationError, Path, Services,
    segmentation::{Content, too_many},
};
use crate::{
    fair::{Bounds, Line, Place, Urgency},
    store::{
        contact_fields,
        sql::bulk::{self, Batch},
    },
};

/// Lists that are read whole at once, in this process: each takes a core while it lasts, and a million
/// contacts take it for a second. One place is for sends and schedules alone; an account's quotes have one.
const SCANS: Bounds = Bounds {
    places: 4,
    reserved: 1,
    share: 1,
    waiting: 64,
    waiting_share: 16,
    patience: Duration::from_secs(5),
};
/// Contacts of a list that is read without a place: it takes some milliseconds, and a connection of the account's
/// own share of the readers'.
const SMALL_LIST: i64 = 5_000;

/// The line for lists that are read whole.
pub(super) fn scans() -> Line<AccountId> {
    Line::new(SCANS)
}

impl Services {
    /// Counts a text with merge fields over the stored contacts of a list, as of one instant; and the list's last
    /// revision that is counted. It ends when the caller leaves.
    ///
    /// # Errors
    /// Refusals that name the text; that too many lists are being read and none was done in time; a fault.
    pub(super) async fn tally(
        &self,
        account: AccountId,
        list: ListId,
        content: &Content,
        template: &Template,
        card: &Arc<RateCard>,
        urgency: Urgency,
    ) -> Result<(Tallied, i64), OperationError> {
        let place = self.scan_place(account, list, urgency).await?;
        let has_media = content.channel() == domain::segmentation::Channel::Mms;
        let (asked, card) = (content.options(), Arc::clone(card));
        let tally = Tally::new(template.clone(), has_media, asked, card);
        let names: Vec<String> = template.names().map(str::to_owned).collect();
        let mut values = Values::default();
        let scan = contact_fields::scan(self.store(), account, list);
        // The place goes with the reading, which outlives a caller that leaves by a batch.
        let folded = scan.fold((tally, 0, place), move |(tally, revision, _), batch| {
            count(tally, revision, batch, &names, &mut values)
        });
        let (tally, revision, _) = folded.await?;
        let tallied = tally.end();
        refuse_unknown_fields(template, &tallied)?;
        Ok((tallied, revision))
    }

    /// A place to read a list whole; none is needed for a small one.
    async fn scan_place(
        &self,
        account: AccountId,
        list: ListId,
        urgency: Urgency,
    ) -> Result<Option<Place<AccountId>>, OperationError> {
        let row = self.0.reads.lists.load(list).await?;
        if row.is_some_and(|row| row.contacts <= SMALL_LIST) {
            return Ok(None);
        }
        let place = self.0.scans.take_many(account, 1, urgency).await;
        place.map(Some).map_err(|_| OperationError::RateLimited)
    }
}

/// How many of some contacts get how many segments of a text with merge fields, by country: as the list was counted,
/// with what is known of each as a JSON object of texts.
///
/// # Errors
/// A fault: the text was cut for them before.
pub(super) fn shares_of<'a>(
    text: &str,
    has_media: bool,
    asked: Options,
    card: Arc<RateCard>,
    contacts: impl IntoIterator<Item = (CountryCode, Option<&'a str>)>,
) -> Result<Vec<Share>, OperationError> {
    let broken = |what: String| OperationError::broken(format!("a scheduled text: {what}"));
    let template = Template::parse(text).map_err(|error| broken(error.to_string()))?;
    let names: Vec<String> = template.names().map(str::to_owned).collect();
    let mut tally = Tally::new(template, has_media, asked, card);
    let mut values = Values::default();
    for (country, fields) in contacts {
        values.clear(names.len());
        if let Some(fields) = fields {
            read_fields(fields, &names, &mut values)
                .map_err(|_| broken("a contact's fields are not an object of texts".to_owned()))?;
        }
        tally
            .add(country, &values)
            .map_err(|error| broken(error.to_string()))?;
    }
    Ok(tally.end().shares)
}

fn count(
    tally: &mut Tally,
    revision: &mut i64,
    batch: &Batch,
    names: &[String],
    values: &mut Values,
) -> Result<(), OperationError> {
    let broken = |what: &str| DbErr::Custom(format!("a contact {what}"));
    for row in batch.rows::<{ contact_fields::CELLS }>() {
        let [country, fields, came_in_with] = row?;
        *revision = bulk::integer(came_in_with)?
            .unwrap_or_default()
            .max(*revision);
        let country: CountryCode = bulk::text(country)?
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| broken("has no country"))?;
        values.clear(names.len());
        if let Some(fields) = bulk::text(fields)? {
            read_fields(fields, names, values)
                .map_err(|_| broken("has fields that are not an object of texts"))?;
        }
        tally.add(country, values).map_err(|error| {
            let refusal = too_many(error);
            Path::input("text").invalid(format!("For some contact: {}", refusal.message))
        })?;
    }
    Ok(())
}

/// A field without a fallback that nobody has would be a hole in every text: a slip of the pen, mostly.
fn refuse_unknown_fields(template: &Template, tallied: &Tallied) -> Result<(), OperationError> {
    let nobody_has = |slot: usize| tallied.lacking.get(slot) == Some(&tallied.contacts);
    let refusals: Vec<_> = template
        .fields()
        .filter(|field| {
            tallied.contacts > 0 && field.fallback.is_none() && nobody_has(field.slot)
        })
        .map(|field| {
            Path::input("text").invalid(format!(
                "No contact of the list has the merge field \"{0}\"; write {{{{{0}|fallback}}}} if it may be missing.",
                field.name
            ))
        })
        .collect();
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(OperationError::Refused(refusals))
    }
}

/// Reads what is known for the names from a JSON object of texts, without making a copy of anything else.
fn read_fields(json: &str, names: &[String], values: &mut Values) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    Object { names, values }.deserialize(&mut reader)?;
    reader.end()
}

struct Object<'a> {
    names: &'a [String],
    values: &'a mut Values,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(slot) = map.next_key_seed(Name(self.names))? {
            match slot {
                Some(slot) => map.next_value_seed(Text {
                    slot,
                    values: self.values,
                })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds the slot of a name; `None` where the text does not name it.
struct Name<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Option<usize>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|known| known == name))
    }
}

/// Keeps the value of a slot.
struct Text<'a> {
    slot: usize,
    values: &'a mut Values,
}

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.values.set(self.slot, text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Values, read_fields};

    #[test]
    fn only_what_the_text_names_is_read() {
        let names = ["name".to_owned(), "città".to_owned()];
        let check = |json: &str, expected: Option<[Option<&str>; 2]>| {
            let mut values = Values::default();
            values.clear(names.len());
            let read = read_fields(json, &names, &mut values);
            let found = read.is_ok().then(|| [values.get(0), values.get(1)]);
            assert_eq!(found, expected, "{json}");
        };
        check("{}", Some([None, None]));
        check(r#"{"name":"Ada","more":"x"}"#, Some([Some("Ada"), None]));
        check(
            r#"{"citt\u00e0":"\"R\u00f3ma\"\n","name":""}"#,
            Some([None, Some("\"Róma\"\n")]),
        );
        check(
            r#"{"more":{"name":"no"},"name":"Ada","name":"Bea"}"#,
            Some([Some("Bea"), None]),
        );
        check(r#"{"name":1}"#, None);
        check(r#"["name"]"#, None);
        check(r#"{"name":"Ada""#, None);
    }
}
