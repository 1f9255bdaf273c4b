//! Law H3 as a property: for a message that came due while the server settled, no sequence of
//! commands charges less than it held for the contacts still in its list. And A3: no user of the
//! account makes a message that may have been sent cost less than it held.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::{join, join_all};
use jiff::{SignedDuration, Timestamp};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Ask, ask, change, keys, refusal};
use crate::support::{
    Server, Tenant,
    account::set_settlement,
    message::{scheduled, to_italians},
    on_both_databases,
};

/// Random histories for each database.
const CASES: u32 = 32;
/// How often a failing history is shortened.
const SHRINKINGS: u32 = 100;
const BEGIN: &str = "2026-11-22T08:00:00Z";

#[derive(Debug, Clone)]
enum Step {
    /// To this many Italians, in this many minutes.
    Schedule(i64, i64),
    /// To everybody in the list, in this many minutes.
    Mail(i64),
    /// This many contacts join the list.
    Join(usize),
    /// This many contacts leave the list.
    Leave(usize),
    /// This many minutes pass.
    Wait(i64),
    /// Until this many microseconds after the soonest sendAt.
    WaitForSendAt(i64),
    /// By a role, of a message by its index.
    End(usize, usize, Way),
    /// By a role, of a message by its index: to this many Italians, in this many minutes.
    Change(usize, usize, i64, i64),
    /// In all of these ways at once, while the jobs run.
    Race(usize, Vec<(usize, Way)>),
    Jobs,
    /// The platform lets the server settle, or the sending service.
    Settles(bool),
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Cancel,
    InFull,
    SentToNobody,
    /// This much less than planned, or more.
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
        2 => (1_i64..90).prop_map(Step::Mail),
        1 => (1_usize..5).prop_map(Step::Join),
        2 => (1_usize..4).prop_map(Step::Leave),
        1 => (1_i64..60).prop_map(Step::Wait),
        3 => (-1_i64..2).prop_map(Step::WaitForSendAt),
        5 => (role(), which(), any_way()).prop_map(|(role, which, way)| Step::End(role, which, way)),
        3 => (role(), which(), 1_i64..30, 1_i64..90)
            .prop_map(|(role, which, recipients, minutes)| Step::Change(role, which, recipients, minutes)),
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
    /// The contacts that it is for and that have not left, if it is for the list.
    stayed: Option<Vec<usize>>,
    send_at: Timestamp,
    /// It came due while the server settled.
    is_servers: bool,
    /// It came due, and only the platform may return credits.
    has_come: bool,
}

impl Scheduled {
    /// What the server charges for it.
    fn charge(&self) -> i64 {
        let stayed = self.stayed.as_ref().map(Vec::len);
        stayed.map_or(self.held, |stayed| i64::try_from(stayed).unwrap())
    }
}

struct World<'a> {
    server: &'a Server,
    tenant: Tenant,
    keys: [(&'static str, String); 4],
    now: Timestamp,
    is_automatic: bool,
    messages: Vec<Scheduled>,
    list: String,
    /// The list's contacts: a number that was there before is another contact.
    contacts: Vec<usize>,
    came: usize,
}

impl World<'_> {
    async fn take(&mut self, step: &Step) {
        match step {
            Step::Schedule(recipients, minutes) => {
                let send_at = self.now + SignedDuration::from_mins(*minutes);
                let input = to_italians(*recipients);
                let id = scheduled(self.server, &self.tenant, &send_at.to_string(), input).await;
                self.messages.push(Scheduled {
                    id,
                    held: *recipients,
                    stayed: None,
                    send_at,
                    is_servers: false,
                    has_come: false,
                });
            }
            Step::Mail(minutes) => self.mail(*minutes).await,
            Step::Join(count) => self.join(*count).await,
            Step::Leave(count) => self.leave(*count).await,
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
            Step::Change(role, which, recipients, minutes) => {
                self.change((*role, *which), *recipients, *minutes).await;
            }
            Step::Race(which, all) => self.end(*which, all, true).await,
            Step::Jobs => self.server.run_workers().await,
            Step::Settles(automatic) => {
                let settlement = if *automatic { "AUTOMATIC" } else { "REPORTED" };
                set_settlement(self.server, &self.tenant, settlement).await;
                self.is_automatic = *automatic;
            }
        }
        self.check(&format!("{step:?}")).await;
    }

    async fn mail(&mut self, minutes: i64) {
        if self.contacts.is_empty() {
            return;
        }
        let send_at = self.now + SignedDuration::from_mins(minutes);
        let input = json!({ "listId": self.list, "text": "Ciao" });
        let id = scheduled(self.server, &self.tenant, &send_at.to_string(), input).await;
        self.messages.push(Scheduled {
            id,
            held: i64::try_from(self.contacts.len()).unwrap(),
            stayed: Some(self.contacts.clone()),
            send_at,
            is_servers: false,
            has_come: false,
        });
    }

    async fn join(&mut self, count: usize) {
        let came: Vec<usize> = (self.came..self.came + count).collect();
        self.came += count;
        let lines: Vec<String> = came.iter().copied().map(phone).collect();
        let file = format!("phone\n{}\n", lines.join("\n"));
        let imported = self.server.import(&self.tenant.owner, &self.list, file);
        assert_eq!(imported.await["importedCount"], count);
        self.contacts.extend(came);
    }

    async fn leave(&mut self, count: usize) {
        let most = self.contacts.len();
        let gone: Vec<usize> = self.contacts.drain(..count.min(most)).collect();
        if gone.is_empty() {
            return;
        }
        let numbers: Vec<String> = gone.iter().copied().map(phone).collect();
        let remove = "mutation($input: RemoveContactsInput!) {
            removeContacts(input: $input) { removedCount userErrors { message } } }";
        let input = json!({ "listId": self.list, "phoneNumbers": numbers });
        let removed = self.server.done(&self.tenant.owner, remove, input).await;
        assert_eq!(removed["removedCount"], gone.len());
        // Ended messages don't change, and due ones were sent to the contacts at that time.
        let statuses = self.statuses().await;
        for one in &mut self.messages {
            let waits = statuses[one.id.as_str().unwrap()].0 == "SCHEDULED";
            if let Some(stayed) = one
                .stayed
                .as_mut()
                .filter(|_| waits && one.send_at > self.now)
            {
                stayed.retain(|contact| !gone.contains(contact));
            }
        }
    }

    /// Each message's status and credits.
    async fn statuses(&self) -> BTreeMap<String, (String, String)> {
        let read = "{ account { messages(first: 1000) { nodes { id status credits } } } }";
        let data = self.server.data(&self.tenant.owner, read, json!({})).await;
        let nodes = data["account"]["messages"]["nodes"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        nodes
            .iter()
            .map(|node| {
                (
                    text(&node["id"]),
                    (text(&node["status"]), text(&node["credits"])),
                )
            })
            .collect()
    }

    fn wait(&mut self, until: Timestamp) {
        self.now = until;
        self.server.set_time(&until.to_string());
    }

    /// Ends a message in these ways, at once.
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
            // The account's own users cancel what was not sent, and are charged for the rest.
            match way {
                Way::Cancel => assert!(!one.has_come, "{role} cancelled {one:?}"),
                Way::InFull => {
                    let charge = if self.is_automatic {
                        one.charge()
                    } else {
                        one.held
                    };
                    assert_eq!(message["credits"], charge.to_string());
                }
                Way::SentToNobody | Way::Sent(_) => panic!("{role} reported {way:?} of {one:?}"),
            }
        }
    }

    /// Changes a message, which is refused from its sendAt on (law H4).
    async fn change(&mut self, (role, which): (usize, usize), recipients: i64, minutes: i64) {
        let count = self.messages.len().max(1);
        let Some(one) = self.messages.get_mut(which % count) else {
            return;
        };
        let send_at = self.now + SignedDuration::from_mins(minutes);
        let becomes = (recipients, &*send_at.to_string());
        let payload = change(self.server, &self.keys[role].1, &one.id, becomes).await;
        if payload["message"].is_null() {
            assert_eq!(refusal(&payload), json!(["messageId", "CONFLICT"]));
            return;
        }
        assert!(one.send_at > self.now, "changed {one:?}: {payload}");
        assert_eq!(payload["message"]["credits"], recipients.to_string());
        (one.held, one.stayed, one.send_at) = (recipients, None, send_at);
    }

    async fn check(&mut self, said: &str) {
        let statuses = self.statuses().await;
        for one in &mut self.messages {
            let (status, credits) = &statuses[one.id.as_str().unwrap()];
            if *status == "SCHEDULED" && one.send_at <= self.now {
                one.has_come = true;
                one.is_servers |= self.is_automatic;
            }
            if one.is_servers {
                assert_ne!(*status, "CANCELED", "after {said}: {one:?}");
                let expected = if *status == "SENT" {
                    one.charge()
                } else {
                    one.held
                };
                assert_eq!(*credits, expected.to_string(), "after {said}: {one:?}");
            }
        }
    }
}

fn phone(number: usize) -> String {
    format!("+39340{:07}", 1_234_000 + number)
}

async fn holds(server: &Server, steps: &[Step]) {
    server.set_time(BEGIN);
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "100000").await;
    let keys = keys(server, &tenant).await;
    let now = BEGIN.parse().unwrap();
    let list = server.list(&tenant, "Newsletter", json!([])).await;
    let mut world = World {
        server,
        tenant,
        keys,
        now,
        is_automatic: true,
        messages: Vec::new(),
        list,
        contacts: Vec::new(),
        came: 0,
    };
    for step in steps {
        world.take(step).await;
    }
    // In the end the server sends whatever is still scheduled.
    for step in [Step::Settles(true), Step::Wait(120), Step::Jobs] {
        world.take(&step).await;
    }
}

on_both_databases! {
    /// Random histories; a failing one is shortened as far as possible.
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
