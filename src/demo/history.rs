//! Eighteen months of one shop's commands, in the order of their instants.

use std::collections::BTreeMap;

use domain::{
    book::Allocation,
    channel::Channel,
    credits::Credits,
    destination::Destinations,
    id::{AccountId, ListId, LotId, MessageId, PackageId, PurchaseId},
    quote,
    rate::RateCard,
    segmentation::{self, Options},
};
use entity::{credit_package, purchase, sql_enums::PurchaseStatus};
use jiff::{SignedDuration, Timestamp, ToSpan, Unit, civil::Weekday, tz::TimeZone};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sea_orm::{DbErr, EntityTrait, IntoActiveModel};

use super::{
    DemoError,
    shops::{PACKAGES, Shop},
};
use crate::{
    clock::id_in,
    ledger::{MessageCharge, NewMessage, Request, RequestKind},
    payments,
    store::{
        self, Store,
        actor::{Actor, Job},
    },
};

/// A shop's commands and purchases.
pub(super) struct History {
    pub requests: Vec<Request>,
    pub purchases: Vec<(String, purchase::Model)>,
}

/// The instant this many months before another, in the calendar of UTC.
pub(super) fn months_before(now: Timestamp, months: i64) -> Result<Timestamp, jiff::Error> {
    Ok(now
        .to_zoned(TimeZone::UTC)
        .checked_sub(months.months())?
        .timestamp())
}

/// An account with its lists, in the order of the shop's, and the card that it is charged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'a> {
    pub account: AccountId,
    pub lists: &'a [ListId],
    pub card: &'a RateCard,
}

struct Writer<'a> {
    shop: &'a Shop,
    account: AccountId,
    lists: &'a [ListId],
    zone: TimeZone,
    card: &'a RateCard,
    /// From when on it recharges automatically.
    recharges_from: Timestamp,
    random: StdRng,
    /// Credits left, ignoring expiry: decides when to buy again.
    left: i64,
    history: History,
}

impl History {
    /// The history of `shop` from `began` until `now`. The same seed gives the same history.
    pub(super) fn of(
        shop: &Shop,
        opened: Opened<'_>,
        (began, recharges_from, now): (Timestamp, Timestamp, Timestamp),
        seed: u64,
    ) -> Result<Self, DemoError> {
        let Opened {
            account,
            lists,
            card,
        } = opened;
        let mut writer = Writer {
            shop,
            account,
            lists,
            zone: TimeZone::get(shop.time_zone)?,
            card,
            recharges_from,
            random: StdRng::seed_from_u64(seed),
            left: 0,
            history: Self {
                requests: Vec::new(),
                purchases: Vec::new(),
            },
        };
        writer.write(began, now)?;
        let mut history = writer.history;
        // Sends of a day alternate between lists, and a purchase comes before the send that needed
        // it.
        history.requests.sort_by_key(|request| request.at);
        Ok(history)
    }
}

impl Writer<'_> {
    fn write(&mut self, began: Timestamp, now: Timestamp) -> Result<(), DemoError> {
        let first = began.to_zoned(self.zone.clone()).date();
        let last = now.to_zoned(self.zone.clone()).date();
        self.buy(began, Actor::ADMINISTRATOR);
        for day in first.series(1.day()).take_while(|day| *day <= last) {
            for index in 0..self.lists.len() {
                if let Some(at) = self.sends_on(day, index)? {
                    let soon = now - SignedDuration::from_hours(1);
                    if at > began && at < soon {
                        self.send(at, index);
                    }
                }
            }
        }
        self.finish(now)
    }

    /// When, if at all, a list gets a message on a day: more before the holidays, few on Sundays.
    fn sends_on(
        &mut self,
        day: jiff::civil::Date,
        list: usize,
    ) -> Result<Option<Timestamp>, DemoError> {
        let weekly = self.shop.lists.get(list).map_or(0, |list| list.weekly);
        let season = match day.month() {
            11 | 12 => 16,
            1 | 7 => 12,
            8 => 6,
            _ => 10,
        };
        let weekday = match day.weekday() {
            Weekday::Sunday => 2,
            Weekday::Thursday | Weekday::Friday => 14,
            _ => 10,
        };
        // An ordinary day of an ordinary month has a seventh of the week's messages.
        if self.random.random_range(0..7 * 100) >= weekly * season * weekday {
            return Ok(None);
        }
        let (hour, minute) = (
            self.random.random_range(9..20),
            self.random.random_range(0..60),
        );
        Ok(Some(
            day.at(hour, minute, 0, 0)
                .to_zoned(self.zone.clone())?
                .timestamp(),
        ))
    }

    fn send(&mut self, at: Timestamp, list: usize) {
        if let Some(message) = self.message(at, list, None) {
            self.charge(at, message.price.credits);
            self.push(at, RequestKind::Send(message));
        }
    }

    fn schedule(
        &mut self,
        at: Timestamp,
        list: usize,
        send_at: Timestamp,
        campaign: Option<(&str, &'static str)>,
    ) {
        if let Some(mut message) = self.message(at, list, Some((send_at, campaign))) {
            if let Some((name, _)) = campaign {
                message.name = Some(name.to_owned());
            }
            self.charge(at, message.price.credits);
            self.push(at, RequestKind::Schedule(message));
        }
    }

    /// Takes what a message costs. Credits are bought before it if they don't suffice, and
    /// recharged after it if too few are left.
    fn charge(&mut self, at: Timestamp, credits: Credits) {
        if self.left < credits.units() {
            self.buy(at - SignedDuration::from_mins(30), Actor::ADMINISTRATOR);
        }
        self.left -= credits.units();
        let threshold = self.shop.recharge.filter(|_| at > self.recharges_from);
        if threshold.is_some_and(|(below, _)| self.left < Credits::whole(below).units()) {
            self.buy(at + SignedDuration::from_mins(1), Actor::Job(Job::Recharge));
        }
    }

    fn message(
        &mut self,
        at: Timestamp,
        list: usize,
        scheduled: Option<(Timestamp, Option<(&str, &'static str)>)>,
    ) -> Option<NewMessage> {
        let audience = self.shop.lists.get(list)?;
        let texts = match audience.texts {
            [] => self.shop.texts,
            own => own,
        };
        let text = *texts.get(self.random.random_range(0..texts.len()))?;
        let campaign = scheduled.and_then(|(_, campaign)| campaign);
        let text = campaign.map_or(text, |(_, text)| text);
        let (home, _) = audience.destinations.first()?;
        let has_mms = self.card.rate(home.parse().ok()?, Channel::Mms).is_some();
        let channel = if self.random.random_range(0..10) == 0 && has_mms && campaign.is_none() {
            Channel::Mms
        } else {
            Channel::Sms
        };
        let count = segmentation::count(text, channel, &Options::default()).ok()?;
        let segment_count = u32::try_from(count.segment_count).ok()?;
        // Lists grow: a year ago they had about two thirds of today's recipients.
        let share = self.random.random_range(65..=100);
        let pairs = audience
            .destinations
            .iter()
            .filter_map(|(country, recipients)| {
                Some((country.parse().ok()?, (recipients * share / 100).max(1)))
            });
        let destinations = Destinations::from_pairs(pairs).ok()?;
        let priced = quote::price(segment_count, count.channel, &destinations, self.card).ok()?;
        Some(NewMessage {
            id: MessageId::new(id_in(self.account.uuid(), at)),
            list: self.lists.get(list).copied(),
            name: Some(format!(
                "{} – {}",
                audience.name,
                at.to_zoned(self.zone.clone()).strftime("%-d %B %Y")
            )),
            text: text.to_owned(),
            channel: count.channel,
            encoding: count.encoding,
            media: None,
            segment_count,
            price: MessageCharge {
                recipients: priced.recipients,
                lines: priced.lines,
                credits: priced.credits,
            },
            rate_card: self.card.id(),
            send_at: scheduled.map(|(send_at, _)| send_at),
            audience: None,
        })
    }

    fn buy(&mut self, at: Timestamp, actor: Actor) {
        let Some(package) = PACKAGES
            .iter()
            .find(|package| package.code == self.shop.package)
        else {
            return;
        };
        let purchase = PurchaseId::new(id_in(self.account.uuid(), at));
        let row = purchase::Model {
            account_id: self.account.uuid(),
            id: purchase.uuid(),
            status: PurchaseStatus::Pending,
            // Set on insertion: packages get their ids from the database's rows.
            package_id: uuid::Uuid::nil(),
            credits_units: package.credits * Credits::UNITS_PER_CREDIT,
            price_minor: package.price_minor,
            currency_code: package.currency.to_owned(),
            validity_days: package.validity_days,
            automatic: actor == Actor::Job(Job::Recharge),
            provider: payments::DEMO.to_owned(),
            provider_reference: None,
            confirmation_url: None,
            return_url: None,
            package_count: 1,
            reason: None,
            called_at: None,
            next_at: None,
            claimed_until: None,
            attempts: 0,
            lot_id: None,
            reversed_minor: 0,
            reversed_units: 0,
            confirmed_with: None,
            created_at: at.as_microsecond(),
            decided_at: None,
            actor_id: Some(actor.of(self.account).row.id),
            updated_at: None,
            canceled_at: None,
        };
        self.left += row.credits_units;
        self.history.purchases.push((package.code.to_owned(), row));
        let lot = LotId::new(id_in(self.account.uuid(), at));
        let kind = RequestKind::Credit {
            purchase,
            lot,
            is_confirmed: false,
        };
        self.push_of(actor, at, kind);
    }

    /// The last days: credits that expire soon, a list with a limit, and scheduled messages, one of
    /// them a campaign of next week.
    fn finish(&mut self, now: Timestamp) -> Result<(), DemoError> {
        let today = now.to_zoned(self.zone.clone()).date();
        let hours_ago = |hours| now - SignedDuration::from_hours(hours);
        // After every command that draws credits, so that these are still there.
        let just_now = now - SignedDuration::from_mins(30);
        let [soon, later, never] = self.shop.grants;
        for (days, credits, note) in [
            (Some(3_i64), 300, soon),
            (Some(12), 1_200, later),
            (None, 250, never),
        ] {
            let on = days
                .map(|days| today.checked_add(days.days()))
                .transpose()?;
            let grant = RequestKind::Grant {
                lot: LotId::new(id_in(self.account.uuid(), now)),
                credits: Credits::whole(credits),
                expires_on: on,
                note: note.to_owned(),
            };
            self.push(just_now, grant);
        }
        if let Some(list) = self.lists.get(1) {
            let limit = Some(Credits::whole(1_500));
            self.push(
                hours_ago(10),
                RequestKind::Allocate {
                    allocations: vec![Allocation { list: *list, limit }],
                },
            );
        }
        for (list, hours) in [(0, 26), (2, 50), (1, 75)] {
            let send_at = (now + SignedDuration::from_hours(hours)).round(Unit::Hour)?;
            self.schedule(hours_ago(2), list, send_at, None);
        }
        let next_week = today.checked_add(7.days())?.at(18, 0, 0, 0);
        let next_week = next_week.to_zoned(self.zone.clone())?.timestamp();
        self.schedule(hours_ago(2), 0, next_week, Some(self.shop.campaign));
        Ok(())
    }

    fn push(&mut self, at: Timestamp, kind: RequestKind) {
        self.push_of(Actor::ADMINISTRATOR, at, kind);
    }

    fn push_of(&mut self, actor: Actor, at: Timestamp, kind: RequestKind) {
        self.history.requests.push(Request {
            account: self.account,
            actor,
            kind,
            key: None,
            at: Some(at),
        });
    }
}

/// Inserts the purchases of an account as pending; the ledger's commands pay them.
pub(super) async fn insert_purchases(
    store: &Store,
    account: AccountId,
    purchases: &[(String, purchase::Model)],
) -> Result<(), DbErr> {
    let actors = [Actor::ADMINISTRATOR, Actor::Job(Job::Recharge)];
    let actors = actors.map(|actor| actor.of(account).row).to_vec();
    store::actor::insert_missing(store.writer(), actors).await?;
    let packages = packages(store).await?;
    let rows = purchases.iter().filter_map(|(code, row)| {
        let package_id = packages.get(code)?.uuid();
        Some(
            purchase::Model {
                package_id,
                ..row.clone()
            }
            .into_active_model(),
        )
    });
    purchase::Entity::insert_many(rows)
        .exec_without_returning(store.writer())
        .await?;
    Ok(())
}

/// The packages by their codes.
pub(super) async fn packages(store: &Store) -> Result<BTreeMap<String, PackageId>, DbErr> {
    let rows = credit_package::Entity::find().all(store.reader()).await?;
    let named = rows.into_iter();
    Ok(named
        .map(|row| (row.code, PackageId::new(row.id)))
        .collect())
}
