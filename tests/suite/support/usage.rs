//! Usage: a history that reports add up, and usage by day brought up to date.
//!
//! Here: sent messages, and the ledger's spending. Not here: the expected reports
//! ([`crate::nouns::usage_report`], [`crate::laws::usage_laws`]).

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    credits::Credits,
    id::{ListId, RateCardId},
};
use entity::{
    posting,
    sql_enums::{BookName, Role},
    transaction,
};
use jiff::Timestamp;
use message_credits::{
    graphql::engine::ids::PublicId, operations::Viewer, store::usage_rollup::unfinished,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{
    Server, Tenant,
    account::set_zone,
    sending::{self, Leg, Message, account, at, grant_at, send_all},
};

/// Values of a credit, with so many digits that every sum of costs is rounded.
pub const VALUES_NANO: [i64; 2] = [12_345_678, 13_000_001];

/// Numbers that look random and are the same in every run.
#[derive(Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // All bits, the best ones first: below days of microseconds there are more numbers than
        // half of them count.
        self.0.rotate_left(32) % end
    }
}

/// All sent messages, and the cards that priced them.
pub struct History {
    pub tenant: Tenant,
    pub lists: Vec<ListId>,
    pub messages: Vec<Message>,
    /// The value of a credit by card, in billionths.
    pub values: BTreeMap<RateCardId, i64>,
}

/// A history over both changes of the clocks in Europe of 2026: several lists and none, several
/// countries and some that are not served, two card versions, both channels, and texts that cost
/// some recipients more segments than others.
pub async fn history(server: &Server) -> History {
    let tenant = server.account("Caffè & Co").await;
    grant_at(server, &tenant, "2026-01-01T00:00:00Z", 100_000_000).await;
    let mut lists = Vec::new();
    for name in ["=Winter", "Summer", "Winter"] {
        let id = server.list(&tenant, name, json!([])).await;
        lists.push(ListId::decode(&id).unwrap());
    }
    let mut values = BTreeMap::new();
    for nano in VALUES_NANO {
        values.insert(sending::card(server, nano, "EUR").await, nano);
    }
    let cards: Vec<_> = values.keys().copied().collect();
    let mut numbers = Numbers(42);
    let mut messages = Vec::new();
    for (index, start) in ["2026-03-27T22:00:00Z", "2026-10-23T21:00:00Z"]
        .into_iter()
        .enumerate()
    {
        let start = at(start).as_microsecond();
        let mut micros: Vec<i64> = (0..60)
            .map(|_| start + i64::try_from(numbers.below(4 * 86_400_000_000)).unwrap())
            .collect();
        // On the bounds themselves, too.
        micros.extend((0..8).map(|hour| start + (24 + hour) * 3_600_000_000));
        micros.extend((0..8).map(|half| start + (24 + half) * 3_600_000_000 - 1));
        micros.sort_unstable();
        for micros in micros {
            messages.push(message(
                &mut numbers,
                &lists,
                cards[index],
                Timestamp::from_microsecond(micros).unwrap(),
            ));
        }
    }
    send_all(server, &tenant, &messages).await;
    History {
        tenant,
        lists,
        messages,
        values,
    }
}

/// A message to random countries, from a random list or none, on a random channel.
pub fn message(
    numbers: &mut Numbers,
    lists: &[ListId],
    card: RateCardId,
    at: Timestamp,
) -> Message {
    let countries = ["IT", "FR", "US", "KP"];
    let mut legs = Vec::new();
    for country in countries {
        if numbers.below(2) == 0 {
            continue;
        }
        // Two texts, of different length, to one country: two lines.
        for segment_count in 1..=1 + u32::try_from(numbers.below(2)).unwrap() {
            legs.push(Leg {
                country,
                segment_count,
                recipients: 1 + numbers.below(500),
                rate_units: (country != "KP").then_some(7_001),
            });
        }
    }
    let mms = numbers.below(4) == 0;
    Message {
        at,
        list: lists
            .get(usize::try_from(numbers.below(4)).unwrap())
            .copied(),
        channel: if mms { Channel::Mms } else { Channel::Sms },
        text: format!("+Ciao {}", numbers.below(1_000)),
        card,
        legs,
    }
}

/// The ledger's spending in a period.
pub async fn spent(server: &Server, tenant: &Tenant, from: &str, to: &str) -> Credits {
    let reader = server.services().store.reader();
    let account = account(tenant).uuid();
    let transactions = transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account))
        .filter(transaction::Column::CreatedAt.gte(at(from).as_microsecond()))
        .filter(transaction::Column::CreatedAt.lt(at(to).as_microsecond()))
        .all(reader)
        .await
        .unwrap();
    let postings = posting::Entity::find()
        .filter(posting::Column::AccountId.eq(account))
        .filter(posting::Column::Book.eq(BookName::Spent))
        .filter(posting::Column::Sequence.is_in(transactions.iter().map(|row| row.sequence)))
        .all(reader)
        .await
        .unwrap();
    Credits::from_units(postings.iter().map(|posting| posting.units).sum())
}

/// A platform administrator, who sees everything.
pub fn viewer() -> Viewer {
    Viewer {
        key: None,
        role: Role::PlatformAdmin,
        account: None,
        on_behalf_of: None,
        token: None,
        trusted_documents_only: false,
    }
}

/// Runs the jobs until every day is added up.
pub async fn roll_up(server: &Server) {
    for _ in 0..20 {
        server.run_workers().await;
        let left = unfinished(server.services().store.reader(), None, 1);
        if left.await.unwrap().is_empty() {
            return;
        }
    }
    panic!("the job never ends");
}

/// An account in a zone, with credits and three lists, whose days are added up.
pub async fn shop_in(server: &Server, zone: &str) -> (Tenant, Vec<ListId>) {
    let tenant = server.account("Shop").await;
    set_zone(server, &tenant, zone).await;
    roll_up(server).await;
    grant_at(server, &tenant, "2026-01-01T00:00:00Z", 100_000_000).await;
    let mut lists = Vec::new();
    for name in ["One", "Two", "Three"] {
        let id = server.list(&tenant, name, json!([])).await;
        lists.push(ListId::decode(&id).unwrap());
    }
    (tenant, lists)
}
