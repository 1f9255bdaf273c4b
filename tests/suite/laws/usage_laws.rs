//! The laws of usage reports (T1 to T4), for random messages, zones, periods, intervals and
//! filters. Sums added up at each charge equal the sums of the messages. Totals equal the sums by
//! list, bucket and country, and the ledger: before, during and after a change of the account's
//! zone.

mod world;

use std::sync::Arc;

use domain::{
    calendar::{buckets::Interval, parse_time_zone},
    channel::Channel,
    credits::Credits,
    id::{ListId, RateCardId},
    money::Money,
    usage::Usage,
};
use jiff::SignedDuration;
use message_credits::{
    ledger::{End, RequestKind},
    operations::usage_report::{UsageReport, UsageReportRequest},
    reports::usage::{Figures, Parts, Source},
};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Handle;

use self::world::{How, Question, Sending, World, world};
use crate::support::{
    Server, Tenant,
    account::set_zone,
    books::drifts,
    on_both_databases,
    sending::{self, Message, account, new_message, send_all, submit},
    usage::{roll_up, shop_in, spent, viewer},
};

/// Random worlds for each database.
const CASES: u32 = 24;
/// How often a failing world is made smaller.
const SHRINKINGS: u32 = 200;

const EVERYTHING: Parts = Parts {
    buckets: true,
    lists: true,
    list_buckets: true,
    countries: true,
    channels: true,
};

/// An account of a world.
struct Shop {
    tenant: Tenant,
    zone: &'static str,
    lists: Vec<ListId>,
    cards: [RateCardId; 2],
}

async fn shop(server: &Server, zone: &'static str) -> Shop {
    let (tenant, lists) = shop_in(server, zone).await;
    let cards = [
        sending::card(server, 12_345_678, "EUR").await,
        sending::card(server, 13_000_001, "EUR").await,
    ];
    Shop {
        tenant,
        zone,
        lists,
        cards,
    }
}

impl Shop {
    /// Sends, the oldest first, because a book's time doesn't step back.
    async fn send(&self, server: &Server, sendings: &[Sending]) {
        let mut sendings = sendings.to_vec();
        sendings.sort_by_key(|sending| sending.at.instant());
        for sending in sendings {
            let message = Message {
                at: sending.at.instant(),
                list: sending.list.map(|list| self.lists[list]),
                channel: if sending.is_mms {
                    Channel::Mms
                } else {
                    Channel::Sms
                },
                text: "Ciao".to_owned(),
                card: self.cards[sending.card],
                legs: sending.legs,
            };
            if let How::Sent = sending.how {
                send_all(server, &self.tenant, &[message]).await;
                continue;
            }
            let mut new = new_message(&message);
            // Before its sendAt less may be reported.
            new.send_at = Some(message.at + SignedDuration::from_hours(1));
            let settle = RequestKind::End {
                message: new.id,
                list: new.list,
                end: match sending.how {
                    How::HeldForMore => End::Reported(
                        sending::price(message.legs.get(..1).unwrap_or_default()),
                        None,
                    ),
                    How::Held | How::Sent => End::InFull,
                },
            };
            submit(server, &self.tenant, message.at, RequestKind::Schedule(new)).await;
            submit(server, &self.tenant, message.at, settle).await;
        }
    }

    fn request(&self, question: &Question) -> UsageReportRequest {
        let own = parse_time_zone(self.zone).unwrap();
        let (one, other) = question.bounds;
        let (one, other) = (one.instant(&own), other.instant(&own));
        let (from, mut to) = (one.min(other), one.max(other));
        if from == to {
            to += SignedDuration::from_hours(30);
        }
        let is_long = from.duration_until(to) > SignedDuration::from_hours(24 * 200);
        let lists = question.lists.as_ref();
        UsageReportRequest {
            account: Some(account(&self.tenant)),
            from: from.to_string(),
            to: to.to_string(),
            // More hours than a report may have buckets.
            interval: match question.interval {
                Interval::Hour if is_long => Interval::Day,
                interval => interval,
            },
            time_zone: Some(question.zone.unwrap_or(self.zone).to_owned()),
            lists: lists.map(|lists| lists.iter().map(|list| Some(self.lists[*list])).collect()),
            countries: (question.countries.as_ref())
                .map(|codes| codes.iter().map(|code| (*code).to_owned()).collect()),
            channel: question.channel,
            actor: None,
            part_of: None,
        }
    }

    /// Every way to read a report gives the same result, its parts add up, and all of it equals the
    /// ledger.
    async fn check(&self, server: &Server, question: &Question) {
        let request = self.request(question);
        let said = format!("{} {request:?}", self.zone);
        let is_all =
            request.lists.is_none() && request.countries.is_none() && request.channel.is_none();
        let services = server.services();
        let report = services.usage_report(&viewer(), request).await.unwrap();
        let slow = UsageReport {
            source: Source::Messages,
            ..report.clone()
        };
        let mut totals = None;
        for parts in [EVERYTHING, question.parts, Parts::default()] {
            let days = services.usage_alone(&report, parts).await.unwrap().figures;
            let messages = services.usage_alone(&slow, parts).await.unwrap().figures;
            assert_eq!(days, messages, "{said} {parts:?}");
            assert_eq!(
                *totals.get_or_insert(days.report.totals),
                days.report.totals
            );
            adds_up(&days, parts, &said);
        }
        if is_all {
            let (from, to) = (report.filter.from.to_string(), report.filter.to.to_string());
            let spent = spent(server, &self.tenant, &from, &to).await;
            assert_eq!(totals.unwrap().credits, spent, "{said}");
        }
    }
}

/// Totals equal the sums of lists, buckets, countries and channels, as far as they were requested.
fn adds_up(figures: &Figures, parts: Parts, said: &str) {
    let report = &figures.report;
    let sum = |usages: &mut dyn Iterator<Item = Usage>| {
        usages.fold(
            (Credits::ZERO, 0, 0),
            |(credits, recipients, segments), usage| {
                (
                    credits.checked_add(usage.credits).unwrap(),
                    recipients + usage.recipients,
                    segments + usage.segments,
                )
            },
        )
    };
    let totals = sum(&mut [report.totals].into_iter());
    let check = |is_asked: bool, usages: &mut dyn Iterator<Item = Usage>, what: &str| {
        if is_asked {
            assert_eq!(sum(usages), totals, "{what} of {said}");
        }
    };
    check(
        true,
        &mut report.buckets.iter().map(|(_, usage)| *usage),
        "buckets",
    );
    check(
        parts.lists,
        &mut report.lists.iter().map(|list| list.usage),
        "lists",
    );
    check(
        parts.countries,
        &mut report.countries.iter().map(|country| country.usage),
        "countries",
    );
    check(
        parts.channels,
        &mut figures.channels.iter().map(|(_, usage)| *usage),
        "channels",
    );
    displayed_costs_add_up(figures, parts, said);
    for list in report.lists.iter().filter(|_| parts.list_buckets) {
        let buckets = (0..report.buckets.len()).map(|index| list.bucket(index));
        let (credits, ..) = sum(&mut buckets.into_iter());
        assert_eq!(credits, list.usage.credits, "buckets of a list of {said}");
    }
}

/// The displayed costs of parts add up to those of their total (law Q5), and each is less than a
/// cent from its exact cost.
fn displayed_costs_add_up(figures: &Figures, parts: Parts, said: &str) {
    let (report, costs) = (&figures.report, figures.costs.as_ref().unwrap());
    let check = |is_asked: bool, displayed: Vec<(Money, Usage)>, total: Money, what: &str| {
        let sum: i64 = displayed.iter().map(|(cost, _)| cost.minor()).sum();
        assert!(
            !is_asked || sum == total.minor(),
            "{what} of {said}: {sum} beside {total}"
        );
        for (cost, usage) in displayed {
            let off = i128::from(cost.minor()) * 100_000_000_000 - usage.cost.units();
            assert!(off.abs() < 100_000_000_000, "{what} of {said}: {cost}");
        }
    };
    let zip = |costs: &[Money], usages: &mut dyn Iterator<Item = Usage>| {
        costs.iter().copied().zip(usages).collect::<Vec<_>>()
    };
    let total = costs.totals;
    let buckets = zip(
        &costs.buckets,
        &mut report.buckets.iter().map(|(_, usage)| *usage),
    );
    check(true, buckets, total, "buckets");
    let lists = zip(
        &costs.lists,
        &mut report.lists.iter().map(|list| list.usage),
    );
    check(parts.lists, lists, total, "lists");
    let countries = zip(
        &costs.countries,
        &mut report.countries.iter().map(|row| row.usage),
    );
    check(parts.countries, countries, total, "countries");
    let channels = figures.channel_costs().unwrap();
    let channels = zip(
        &channels,
        &mut figures.channels.iter().map(|(_, usage)| *usage),
    );
    check(parts.channels, channels, total, "channels");
    for (list, own) in report
        .lists
        .iter()
        .zip(&costs.lists)
        .filter(|_| parts.list_buckets)
    {
        let buckets = list.bucket_costs(*own).unwrap().into_iter();
        let buckets = buckets
            .map(|(index, cost)| (cost, list.bucket(index)))
            .collect();
        check(true, buckets, *own, "buckets of a list");
    }
}

async fn holds(server: &Server, world: &World) {
    let mut shop = shop(server, world.zone).await;
    shop.send(server, &world.sendings).await;
    for question in &world.questions {
        shop.check(server, question).await;
    }
    if let Some((zone, sendings)) = &world.change {
        set_zone(server, &shop.tenant, zone).await;
        shop.zone = zone;
        shop.send(server, sendings).await;
        for question in &world.questions {
            shop.check(server, question).await;
        }
        roll_up(server).await;
        for question in &world.questions {
            shop.check(server, question).await;
        }
    }
    assert_eq!(drifts(server).await, [""; 0]);
}

on_both_databases! {
    /// Random worlds; a failing one is made as small as possible.
    async fn reports_add_up_for_any_query(server: Server) {
        let server = Arc::new(server);
        let handle = Handle::current();
        let ran = tokio::task::spawn_blocking(move || {
            let config = Config {
                cases: CASES,
                max_shrink_iters: SHRINKINGS,
                failure_persistence: None,
                ..Config::default()
            };
            // The same worlds in every run.
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let mut runner = TestRunner::new_with_rng(config, rng);
            let ran = runner.run(&world(), |world| {
                handle.block_on(holds(&server, &world));
                Ok(())
            });
            ran.map_err(|failure| failure.to_string())
        });
        if let Err(failure) = ran.await.unwrap() {
            panic!("{failure}");
        }
    }
}
