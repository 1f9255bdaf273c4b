//! Texts with merge fields over a list's stored contacts: each contact's own text is counted (law
//! Q6).
//!
//! Here: reading the contacts' fields, and refusing merge fields that no contact has. Not here:
//! counting ([`domain::personal`]) and prices ([`super::quote`]).

use std::{fmt, sync::Arc, time::Duration};

use domain::{
    channel::Channel,
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

/// Scans of whole lists at a time, in this process: each takes a core while it lasts, about a
/// second for a million contacts. One place is reserved for sends and schedules; an account's
/// quotes share one.
const SCANS: Bounds = Bounds {
    places: 4,
    reserved: 1,
    share: 1,
    waiting: 64,
    waiting_share: 16,
    patience: Duration::from_secs(5),
};
/// The most contacts of a list that is scanned without a place: that takes some milliseconds, and a
/// connection of the account's share of the readers.
const SMALL_LIST: i64 = 5_000;

/// The queue for scans of whole lists.
pub(super) fn scans() -> Line<AccountId> {
    Line::new(SCANS)
}

impl Services {
    /// Counts a text with merge fields over the stored contacts of a list, as of one instant.
    /// Returns the last revision of the list that it counted, too. The scan ends if the caller
    /// leaves.
    ///
    /// # Errors
    /// Refusals that name the text; `RateLimited` if no place for a scan becomes free in time.
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
        let tally = Tally::new(
            template.clone(),
            content.channel(),
            content.options(),
            Arc::clone(card),
        );
        let names: Vec<String> = template.names().map(str::to_owned).collect();
        let mut values = Values::default();
        let scan = contact_fields::scan(self.store(), account, list);
        // The scan owns the place: it may outlive a caller that leaves by one batch.
        let folded = scan.fold((tally, 0, place), move |(tally, revision, _), batch| {
            count(tally, revision, batch, &names, &mut values)
        });
        let (tally, revision, _) = folded.await?;
        let tallied = tally.end();
        refuse_unknown_fields(template, &tallied)?;
        Ok((tallied, revision))
    }

    /// A place to scan a list; a small list needs none.
    pub(super) async fn scan_place(
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

/// Counts a text with merge fields for some contacts, by country and segments, as the list was
/// counted when the message was priced. A contact's fields are a JSON object of texts.
///
/// # Errors
/// A fault if the text can't be cut: it was cut for these contacts before.
pub(super) fn shares_of<'a>(
    text: &str,
    channel: Channel,
    requested: Options,
    card: Arc<RateCard>,
    contacts: impl IntoIterator<Item = (CountryCode, Option<&'a str>)>,
) -> Result<Vec<Share>, OperationError> {
    let broken = |what: String| OperationError::broken(format!("a scheduled text: {what}"));
    let template = Template::parse(text).map_err(|error| broken(error.to_string()))?;
    let names: Vec<String> = template.names().map(str::to_owned).collect();
    let mut tally = Tally::new(template, channel, requested, card);
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

/// The text that a contact with these fields gets: a JSON object of texts, if it has any.
///
/// # Errors
/// A fault if the fields are anything else.
pub(super) fn text_of(template: &Template, fields: Option<&str>) -> Result<String, OperationError> {
    let names: Vec<String> = template.names().map(str::to_owned).collect();
    let mut values = Values::default();
    values.clear(names.len());
    if let Some(fields) = fields {
        read_fields(fields, &names, &mut values)
            .map_err(|_| OperationError::broken("a contact's fields are not an object of texts"))?;
    }
    let mut text = String::new();
    template.render(&values, &mut text);
    Ok(text)
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
            Path::input("text").invalid(text!(
                "For some contact: {message}",
                message = refusal.message
            ))
        })?;
    }
    Ok(())
}

/// Refuses a merge field without a fallback that no contact has: it would leave a gap in every
/// text, and is mostly a typing error.
fn refuse_unknown_fields(template: &Template, tallied: &Tallied) -> Result<(), OperationError> {
    let nobody_has = |slot: usize| tallied.lacking.get(slot) == Some(&tallied.contacts);
    let refusals: Vec<_> = template
        .fields()
        .filter(|field| {
            tallied.contacts > 0 && field.fallback.is_none() && nobody_has(field.slot)
        })
        .map(|field| {
            Path::input("text").invalid(text!("No contact of the list has the merge field \"{name}\"; write {{{{{name}|fallback}}}} if it may be missing.", name = field.name))
        })
        .collect();
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(OperationError::Refused(refusals))
    }
}

/// Reads the values of these names from a JSON object of texts, and copies nothing else.
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

/// Finds the slot of a name; `None` if the text has no such merge field.
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
    fn only_fields_of_the_text_are_read() {
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
