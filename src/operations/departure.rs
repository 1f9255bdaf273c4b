//! Contacts that leave a list while messages to it are scheduled. Each message counts them off, so
//! that at its `sendAt` it is charged only for the contacts that remain (law H3).
//!
//! Here: what each message was to cost for the contacts that leave. A text with merge fields is
//! segmented again with the fields that a contact has when it leaves, the way it was priced. A
//! contact whose fields changed since then counts as one of those with the fewest segments, because
//! the segments it was priced with aren't stored. Not here: what that does to the charge
//! ([`domain::departures`]).

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    country::CountryCode,
    id::{AccountId, ListId, MessageId, RateCardId},
    quote::Share,
    rate::RateCard,
    segmentation::Options,
};
use entity::{message, message_audience, message_departure};

use super::{OperationError, Services, personal};
use crate::store::{
    self,
    contact::{Gone, Removed, Which},
    sql::bounded::Transaction,
};

/// The most texts segmented in one transaction, messages times contacts. They take a few hundredths
/// of a second, as long as the rest of a part of a removal.
const TEXTS: usize = 20_000;
/// How many texts of messages are in memory at a time. A text has at most 160 kB.
const MESSAGES: usize = 50;
/// Stands for an unknown number of segments.
const UNKNOWN: i32 = 0;

/// The part of a removal that one transaction does. It is smaller the more messages with merge
/// fields wait, because each of their texts is segmented for each contact.
pub(super) fn part<'a>(which: Which<'a>, waiting: &[message_audience::Model]) -> Which<'a> {
    let personal = waiting.iter().filter(|one| one.personal).count();
    let most = (TEXTS / personal.max(1)).max(1);
    match which {
        Which::Ids(ids) => Which::Ids(ids.get(..most).unwrap_or(ids)),
        Which::Numbers(numbers) => Which::Numbers(numbers.get(..most).unwrap_or(numbers)),
        Which::Oldest(asked) => Which::Oldest(asked.min(most as u64)),
    }
}

impl Services {
    /// Removes contacts of a list, and counts them off the waiting messages that were scheduled for
    /// them. The caller has locked the list.
    pub(super) async fn remove_departing(
        &self,
        transaction: &Transaction,
        of: (AccountId, ListId),
        which: Which<'_>,
        waiting: Vec<message_audience::Model>,
    ) -> Result<Gone, OperationError> {
        let (personal, plain): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.personal);
        let with_fields = !personal.is_empty();
        let removed = store::contact::delete_each(transaction, of, which, with_fields).await?;
        let mut rows = plain_departures(&plain, &removed);
        let removed = Arc::new(removed);
        for some in personal.chunks(MESSAGES) {
            let ids = some.iter().map(|one| MessageId::new(one.message_id));
            let texts = store::message_audience::messages(transaction, of.0, ids).await?;
            for audience in some {
                let message = texts.iter().find(|row| row.id == audience.message_id);
                let message = message
                    .ok_or_else(|| OperationError::broken("a message that waits is not there"))?;
                let card = RateCardId::new(message.rate_card_id);
                let card = self.rate_card_version(card).await?;
                let leaving = (audience.clone(), Arc::clone(&removed));
                rows.extend(personal_departures(message.clone(), card, leaving).await?);
            }
        }
        store::message_audience::add_departures(transaction, rows).await?;
        let mut gone = Gone::default();
        for contact in removed.iter() {
            gone.add(contact.id, contact.country_code.clone());
        }
        Ok(gone)
    }
}

/// Whether a message was scheduled for a contact.
fn includes(audience: &message_audience::Model, contact: &Removed) -> bool {
    contact.revision <= audience.revision
}

/// Departures from messages whose text is the same for everybody in a country.
fn plain_departures(
    audiences: &[message_audience::Model],
    removed: &[Removed],
) -> Vec<message_departure::Model> {
    let mut groups: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for contact in removed {
        let key = (contact.country_code.as_str(), contact.revision);
        *groups.entry(key).or_default() += 1;
    }
    let mut rows = Vec::new();
    for audience in audiences {
        let mut countries: BTreeMap<&str, i64> = BTreeMap::new();
        for ((country, revision), count) in &groups {
            if *revision <= audience.revision {
                *countries.entry(country).or_default() += count;
            }
        }
        let row = |(country, count)| row(audience, country, UNKNOWN, count);
        rows.extend(countries.into_iter().map(row));
    }
    rows
}

/// Departures from a message whose text has merge fields. Segmenting is CPU work, so it runs on a
/// blocking thread.
async fn personal_departures(
    message: message::Model,
    card: Arc<RateCard>,
    (audience, removed): (message_audience::Model, Arc<Vec<Removed>>),
) -> Result<Vec<message_departure::Model>, OperationError> {
    let cut = move || cut_for(&message, card, &audience, &removed);
    let cut = tokio::task::spawn_blocking(cut).await;
    cut.map_err(|cause| OperationError::broken(format!("texts were not cut: {cause}")))?
}

fn cut_for(
    message: &message::Model,
    card: Arc<RateCard>,
    audience: &message_audience::Model,
    removed: &[Removed],
) -> Result<Vec<message_departure::Model>, OperationError> {
    let is_changed = |contact: &&Removed| {
        let changed = contact.changed_revision;
        changed.is_some_and(|changed| changed > audience.revision)
    };
    let included = removed.iter().filter(|contact| includes(audience, contact));
    let (changed, same): (Vec<&Removed>, Vec<&Removed>) = included.partition(is_changed);
    let mut countries: BTreeMap<&str, i64> = BTreeMap::new();
    for contact in changed {
        *countries.entry(&contact.country_code).or_default() += 1;
    }
    let mut rows: Vec<message_departure::Model> = countries
        .into_iter()
        .map(|(country, count)| row(audience, country, UNKNOWN, count))
        .collect();
    let asked = Options {
        smart_encoding: audience.smart_encoding,
        strip_accents: audience.strip_accents,
        ..Options::default()
    };
    let channel = message.channel.into();
    let contacts = same
        .iter()
        .map(|contact| Ok((country(contact)?, contact.fields.unguarded().as_deref())));
    let contacts: Vec<_> = contacts.collect::<Result<_, OperationError>>()?;
    for share in personal::shares_of(&message.text, channel, asked, card, contacts)? {
        rows.push(share_row(audience, &share)?);
    }
    Ok(rows)
}

fn country(contact: &Removed) -> Result<CountryCode, OperationError> {
    let code = contact.country_code.parse();
    code.map_err(|_| OperationError::broken("a contact has no country"))
}

fn share_row(
    audience: &message_audience::Model,
    share: &Share,
) -> Result<message_departure::Model, OperationError> {
    let broken = || OperationError::broken("more segments than a message has");
    let segments = i32::try_from(share.segment_count).map_err(|_| broken())?;
    let recipients = i64::try_from(share.recipients).map_err(|_| broken())?;
    Ok(row(audience, share.country.as_str(), segments, recipients))
}

fn row(
    audience: &message_audience::Model,
    country: &str,
    segment_count: i32,
    recipients: i64,
) -> message_departure::Model {
    message_departure::Model {
        account_id: audience.account_id,
        message_id: audience.message_id,
        country_code: country.to_owned(),
        segment_count,
        recipients,
    }
}
