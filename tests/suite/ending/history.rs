//! Law H3 as a property: no sequence of commands leaves a message that came due while the server settled charged less
//! than it held. And A3: none of the account's own people is charged less than a message that may have been sent held.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::{join, join_all};
use jiff::{SignedDuration, Timestamp};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Ask, ask, keys, settles};
use crate::{
    message::{schedule, to_italians},
    support::{Server, Tenant, on_both_databases},
};

/// Random histories for each database.
const CASES: u32 = 32;
/// How often one that fails is made shorter.
const SHRINKINGS: u32 = 100;
const BEGIN: &str = "2026-11-22T08:00:00Z";

#[derive(Debug, Clone)]
enum Step {
    /// To so many Italians, in so many minutes.
    Schedule(i64, i64),
    /// So many minutes pass.
    Wait(i64),
    /// Until so many microseconds after the soonest sendAt.
    WaitForSendAt(i64),
    /// By a role, of a message by its place.
    End(usize, usize, Way),
    /// By all of these at once, while the jobs run.
    Race(usize, Vec<(usize, Way)>),
    Jobs,
    /// The platform hands settling to the server, or to the sending service.
    Settles(bool),
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Cancel,
    InFull,
    SentToNobody,
    /// So much less than what was planned, or more.
    Sent(i64),
}

fn any_way() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::InFull),
        Just(Way::Cancel),
        Just(Way::SentToNobody),
        (-30_i64..3).prop_map(Way::Sent),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let which = || 0_usize..100;
    let role = || 0_usize..4;
    prop_oneof![
        3 => (1_i64..30, 1_i64..90).prop_map(|(recipients, minutes)| Step::Schedule(recipients, minutes)),
        1 => (1_i64..60).prop_map(Step::Wait),
        3 => (-1_i64..2).prop_map(Step::WaitForSendAt),
        5 => (role(), which(), any_way()).prop_map(|(role, which, way)| Step::End(role, which, way)),
        2 => (which(), prop::collection::vec((role(), any_way()), 2..6))
            .prop_map(|(which, all)| Step::Race(which, all)),
        1 => Just(Step::Jobs),
        1 => any::<bool>().prop_map(Step::Settles),
    ]
}

#[derive(Debug)]
struct Scheduled {
    id: Value,
    held: i64,
    send_at: Timestamp,
    /// Its time came while the server settled.
    is_servers: bool,
    /// Its time came, and none but the platform may give anything back.
    has_come: bool,
}

struct World<'a> {
    server: &'a Server,
    tenant: Tenant,
    keys: [(&'static str, String); 4],
    now: Timestamp,
    is_automatic: bool,
    messages: Vec<Scheduled>,
}

impl World<'_> {
    async fn take(&mut self, step: &Step) {
        match step {
            Step::Schedule(recipients, minutes) => {
                let send_at = self.now + SignedDuration::from_mins(*minutes);
                let input = to_italians(*recipients);
                let mut payload =
                    schedule(self.server, &self.tenant, &send_at.to_string(), input).await;
                self.messages.push(Scheduled {
                    id: payload["message"]["id"].take(),
                    held: *recipients,
                    send_at,
                    is_servers: false,
                    has_come: false,
                });
            }
            Step::Wait(minutes) => self.wait(self.now + SignedDuration::from_mins(*minutes)),
            Step::WaitForSendAt(micros) => {
                let later = self.messages.iter().map(|one| one.send_at);
                let next = later.filter(|at| *at > self.now).min();
                let next = next.map(|at| at + SignedDuration::from_micros(*micros));
                self.wait(next.unwrap_or(self.now).max(self.now));
            }
            Step::End(role, which, way) => {
                self.end(*which, &[(*role, *way)], false).await;
            }
            Step::Race(which, all) => self.end(*which, all, true).await,
            Step::Jobs => self.server.run_workers().await,
            Step::Settles(automatic) => {
                let settlement = if *automatic { "AUTOMATIC" } else { "REPORTED" };
                settles(self.server, &self.tenant, settlement).await;
                self.is_automatic = *automatic;
            }
        }
        self.check(&format!("{step:?}")).await;
    }

    fn wait(&mut self, until: Timestamp) {
        self.now = until;
        self.server.set_time(&until.to_string());
    }

    /// Asks for a message's end in these ways, at once.
    async fn end(&mut self, which: usize, all: &[(usize, Way)], with_jobs: bool) {
        let Some(one) = self.messages.get(which % self.messages.len().max(1)) else {
            return;
        };
        let asked = all.iter().map(|(role, way)| {
            let asked = match way {
                Way::Cancel => Ask::Cancel,
                Way::InFull => Ask::InFull,
                Way::SentToNobody => Ask::SentToNobody,
                Way::Sent(more) => Ask::Sent((one.held + more).max(0)),
            };
            ask(self.server, &self.keys[*role].1, &one.id, asked)
        });
        let jobs = async {
            if with_jobs {
                self.server.run_workers().await;
            }
        };
        let (payloads, ()) = join(join_all(asked), jobs).await;
        let done = payloads
            .iter()
            .filter(|payload| !payload["message"].is_null());
        assert!(done.count() <= 1, "ended twice: {payloads:?}");
        for ((role, way), payload) in all.iter().zip(&payloads) {
            let role = self.keys[*role].0;
            let message = &payload["message"];
            if message.is_null() || ["SENDER", "PLATFORM_ADMIN"].contains(&role) {
                continue;
            }
            // The account's own people give up what was not sent, and are charged all of the rest.
            match way {
                Way::Cancel => assert!(!one.has_come, "{role} cancelled {one:?}"),
                Way::InFull => assert_eq!(message["credits"], one.held.to_string()),
                Way::SentToNobody | Way::Sent(_) => panic!("{role} reported {way:?} of {one:?}"),
            }
        }
    }

    async fn check(&mut self, said: &str) {
        let read = "{ account { messages(first: 1000) { nodes { id status credits } } } }";
        let data = self.server.data(&self.tenant.owner, read, json!({})).await;
        let nodes = data["account"]["messages"]["nodes"].as_array().unwrap();
        let by_id: BTreeMap<&str, &Value> = nodes
            .iter()
            .map(|node| (node["id"].as_str().unwrap(), node))
            .collect();
        for one in &mut self.messages {
            let node = by_id[one.id.as_str().unwrap()];
            let (status, credits) = (&node["status"], &node["credits"]);
            if *status == "SCHEDULED" && one.send_at <= self.now {
                one.has_come = true;
                one.is_servers |= self.is_automatic;
            }
            if one.is_servers {
                assert_ne!(*status, "CANCELED", "after {said}: {one:?}");
                assert_eq!(*credits, one.held.to_string(), "after {said}: {one:?}");
            }
        }
    }
}

async fn holds(server: &Server, steps: &[Step]) {
    server.set_time(BEGIN);
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "100000").await;
    let keys = keys(server, &tenant).await;
    let now = BEGIN.parse().unwrap();
    let mut world = World {
        server,
        tenant,
        keys,
        now,
        is_automatic: true,
        messages: Vec::new(),
    };
    for step in steps {
        world.take(step).await;
    }
    // In the end the server sends whatever still waits.
    for step in [Step::Settles(true), Step::Wait(120), Step::Jobs] {
        world.take(&step).await;
    }
}

on_both_databases! {
    /// Random histories; one that fails is made as short as it can be.
    async fn no_sequence_charges_less(server: Server) {
        let server = Arc::new(server);
        let handle = Handle::current();
        let ran = tokio::task::spawn_blocking(move || {
            let config = Config {
                cases: CASES,
                max_shrink_iters: SHRINKINGS,
                failure_persistence: None,
                ..Config::default()
            };
            // The same histories in every run.
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let mut runner = TestRunner::new_with_rng(config, rng);
            let histories = prop::collection::vec(any_step(), 1..24);
            let ran = runner.run(&histories, |steps| {
                handle.block_on(holds(&server, &steps));
                Ok(())
            });
            ran.map_err(|failure| failure.to_string())
        });
        if let Err(failure) = ran.await.unwrap() {
            panic!("{failure}");
        }
    }
}
