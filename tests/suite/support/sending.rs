//! Messages sent in the past, directly through the ledger, for reports.

use domain::{
    channel::Channel,
    country::CountryCode,
    credits::Credits,
    id::{AccountId, ListId, MessageId, RateCardId},
    quote::Line,
    segmentation::Encoding,
};
use entity::rate_card;
use jiff::Timestamp;
use message_credits::{
    clock::id_at,
    graphql::engine::ids::PublicId,
    ledger::{Actor, Answer, MessageCharge, NewMessage, Request, RequestKind},
    store,
};

use super::{Server, Tenant};

/// Where a message went.
#[derive(Debug, Clone, Copy)]
pub struct Leg {
    pub country: &'static str,
    pub segment_count: u32,
    pub recipients: u64,
    /// Units of 1/10,000 credit for each segment; `None` if the card doesn't serve the country.
    pub rate_units: Option<i64>,
}

impl Leg {
    /// Its charge, in units of 1/10,000 credit.
    pub fn units(self) -> i64 {
        let segments = i64::from(self.segment_count) * i64::try_from(self.recipients).unwrap();
        self.rate_units.map_or(0, |rate| rate * segments)
    }
}

/// A message as it was sent.
#[derive(Debug, Clone)]
pub struct Message {
    pub at: Timestamp,
    pub list: Option<ListId>,
    pub channel: Channel,
    pub text: String,
    pub card: RateCardId,
    pub legs: Vec<Leg>,
}

/// An instant.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An SMS of one segment to this many Italians, at a credit each.
pub fn sms(list: Option<ListId>, instant: &str, recipients: u64) -> Message {
    Message {
        at: at(instant),
        list,
        channel: Channel::Sms,
        text: "Ciao".to_owned(),
        card: RateCardId::new(store::rate_card::DEFAULT_ID),
        legs: vec![Leg {
            country: "IT",
            segment_count: 1,
            recipients,
            rate_units: Some(10_000),
        }],
    }
}

/// A new version of a card, under a code of its own.
pub async fn card(server: &Server, credit_value_nano: i64, currency_code: &str) -> RateCardId {
    let published_at: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let id = id_at(published_at);
    let row = rate_card::Model {
        id,
        code: id.to_string(),
        version: 1,
        published_at: published_at.as_microsecond(),
        credit_value_nano,
        currency_code: currency_code.to_owned(),
        description: None,
    };
    let area = entity::rate_card_area::Model {
        rate_card_id: id,
        country_code: store::rate_card::EVERY_OTHER_COUNTRY.to_owned(),
        national_languages: String::new(),
        reference_bits: 8,
    };
    let rate = entity::rate::Model {
        rate_card_id: id,
        country_code: area.country_code.clone(),
        channel: Channel::Sms.into(),
        units: 10_000,
    };
    store::rate_card::insert(
        server.services().store.writer(),
        row,
        vec![area],
        vec![rate],
    )
    .await
    .unwrap();
    RateCardId::new(id)
}

/// The account behind a tenant.
pub fn account(tenant: &Tenant) -> AccountId {
    AccountId::decode(&tenant.id).unwrap()
}

/// What a message reached, and its cost.
pub fn price(legs: &[Leg]) -> MessageCharge {
    let lines: Vec<Line> = legs
        .iter()
        .map(|leg| Line {
            country: leg.country.parse::<CountryCode>().unwrap(),
            recipients: leg.recipients,
            segment_count: leg.segment_count,
            credits_per_segment: leg.rate_units.map(Credits::from_units),
            credits: Credits::from_units(leg.units()),
        })
        .collect();
    let served = legs.iter().filter(|leg| leg.rate_units.is_some());
    MessageCharge {
        recipients: served.map(|leg| leg.recipients).sum(),
        credits: Credits::from_units(legs.iter().map(|leg| leg.units()).sum()),
        lines,
    }
}

/// A message as the ledger charges or holds it.
pub fn new_message(message: &Message) -> NewMessage {
    NewMessage {
        id: MessageId::new(id_at(message.at)),
        list: message.list,
        name: None,
        text: message.text.clone(),
        channel: message.channel,
        encoding: (message.channel == Channel::Sms).then_some(Encoding::Gsm7),
        media: None,
        segment_count: message.legs.first().map_or(1, |leg| leg.segment_count),
        price: price(&message.legs),
        rate_card: message.card,
        send_at: None,
        audience: None,
    }
}

/// Runs a command of the ledger as of an instant.
pub async fn submit(server: &Server, tenant: &Tenant, at: Timestamp, kind: RequestKind) -> Answer {
    let request = Request {
        actor: Actor::ADMINISTRATOR,
        account: account(tenant),
        kind,
        key: None,
        at: Some(at),
    };
    server.services().ledger.submit(request).await.unwrap()
}

/// Grants credits as of an instant before all sends.
pub async fn grant_at(server: &Server, tenant: &Tenant, at: &str, credits: i32) {
    let at = at.parse().unwrap();
    let grant = RequestKind::Grant {
        lot: domain::id::LotId::new(id_at(at)),
        credits: Credits::whole(credits),
        expires_on: None,
        note: "for a test".to_owned(),
    };
    submit(server, tenant, at, grant).await;
}

/// Sends messages in their order, each as of its instant.
pub async fn send_all(server: &Server, tenant: &Tenant, messages: &[Message]) -> Vec<MessageId> {
    let mut ids = Vec::new();
    let mut waiting = Vec::new();
    for message in messages {
        let new = new_message(message);
        ids.push(new.id);
        waiting.push(submit(server, tenant, message.at, RequestKind::Send(new)));
    }
    // Queued in this order, and so charged in it.
    futures_util::future::join_all(waiting).await;
    ids
}
