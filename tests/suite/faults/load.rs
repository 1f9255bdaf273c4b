//! Callers that send and schedule messages without end and repeat each key until it is answered,
//! and the count that must result.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::error::Elapsed};

use crate::support::{
    new_key,
    process::{ADMIN_KEY, Process, graphql},
};

const SEND: &str = "mutation($input: SendMessageInput!) {
    done: sendMessage(input: $input) { message { id } userErrors { code } } }";
const SCHEDULE: &str = "mutation($input: ScheduleMessageInput!) {
    done: scheduleMessage(input: $input) { message { id } userErrors { code } } }";
const CREATE_ACCOUNT: &str = "mutation($input: CreateAccountInput!) {
    createAccount(input: $input) { account { id } userErrors { message } } }";
const GRANT: &str = "mutation($input: GrantCreditsInput!) {
    grantCredits(input: $input) { balance { available } userErrors { message } } }";
const COUNT: &str = "query($id: ID!) { account(id: $id) { balance { available held }
    messages { totalCount } transactions { totalCount } } }";

/// The account's credits: more than any load spends.
const GIVEN: usize = 1_000_000;
/// How long a caller without an answer waits before it retries.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the last answers of a load may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A new account with credits; its id.
pub async fn account(server: &Process, credits: usize) -> String {
    let create = json!({ "input": { "name": "Shop" } });
    let created = server
        .graphql(ADMIN_KEY, CREATE_ACCOUNT, create)
        .await
        .unwrap();
    let account = created["data"]["createAccount"]["account"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let grant = json!({ "input": { "accountId": account, "credits": credits.to_string(),
        "note": "for a test", "idempotencyKey": new_key() } });
    let granted = server.graphql(ADMIN_KEY, GRANT, grant).await.unwrap();
    assert_eq!(
        granted["data"]["grantCredits"]["userErrors"],
        json!([]),
        "{granted}"
    );
    account
}

/// One command of one credit.
#[derive(Debug, Clone)]
pub struct Order {
    pub account: String,
    pub key: String,
    schedules: bool,
}

impl Order {
    pub fn new(account: &str, schedules: bool) -> Self {
        Self {
            account: account.to_owned(),
            key: new_key(),
            schedules,
        }
    }

    /// The answer; `None` if the connection broke.
    pub async fn ask(&self, (client, base): &(reqwest::Client, String)) -> Option<Value> {
        let mut input = json!({
            "accountId": self.account, "text": "Ciao", "idempotencyKey": self.key,
            "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 1 }] },
        });
        let mut query = SEND;
        if self.schedules {
            query = SCHEDULE;
            input["sendAt"] = json!("2028-01-01T08:00:00Z");
        }
        graphql(client, base, ADMIN_KEY, query, json!({ "input": input })).await
    }

    /// The message that an answer acknowledges. A refusal fails the test: there are enough credits
    /// for all.
    pub fn message(answer: &Value) -> Option<String> {
        let done = &answer["data"]["done"];
        assert!(
            done.is_null() || done["userErrors"] == json!([]),
            "{answer}"
        );
        Some(done["message"]["id"].as_str()?.to_owned())
    }
}

/// The server's address; `None` while it is down.
pub type Door = Option<(reqwest::Client, String)>;

/// Running callers.
pub struct Load {
    account: String,
    doors: Vec<watch::Sender<Door>>,
    acknowledged: Arc<Mutex<Vec<(Order, String)>>>,
    /// Commands that were sent more than once.
    repeated: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts this many callers for each server.
    pub async fn start(servers: &[&Process], callers: usize) -> Self {
        let mut load = Self {
            account: account(servers[0], GIVEN).await,
            doors: Vec::new(),
            acknowledged: Arc::default(),
            repeated: Arc::default(),
            stop: Arc::default(),
            callers: Vec::new(),
        };
        for server in servers {
            let (sender, door) = watch::channel(Some(server.door()));
            load.doors.push(sender);
            for place in 0..callers {
                let caller = load.caller(door.clone(), place % 4 == 3);
                load.callers.push(tokio::spawn(caller));
            }
        }
        load
    }

    fn caller(
        &self,
        mut door: watch::Receiver<Door>,
        schedules: bool,
    ) -> impl Future<Output = ()> + use<> {
        let (account, stop) = (self.account.clone(), self.stop.clone());
        let (acknowledged, repeated) = (self.acknowledged.clone(), self.repeated.clone());
        async move {
            while !stop.load(Ordering::SeqCst) {
                let order = Order::new(&account, schedules);
                let mut asked = 0;
                let message = loop {
                    let open = door
                        .wait_for(Option::is_some)
                        .await
                        .unwrap()
                        .clone()
                        .unwrap();
                    asked += 1;
                    repeated.fetch_add(usize::from(asked == 2), Ordering::SeqCst);
                    if let Some(message) = order.ask(&open).await.as_ref().and_then(Order::message)
                    {
                        break message;
                    }
                    tokio::time::sleep(PAUSE).await;
                };
                acknowledged.lock().unwrap().push((order, message));
            }
        }
    }

    /// The number of commands acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// The number of commands sent more than once so far.
    pub fn repeated(&self) -> usize {
        self.repeated.load(Ordering::SeqCst)
    }

    /// Waits until this many more are acknowledged.
    pub async fn goes_on(&self, more: usize) {
        let goal = self.acknowledged() + more;
        let reached = self.until(|load| load.acknowledged() >= goal);
        reached.await.expect("the load goes on");
    }

    /// Waits until one more command had no answer.
    pub async fn is_left_unanswered(&self) {
        let before = self.repeated();
        let reached = self.until(|load| load.repeated() > before);
        reached.await.expect("a command has no answer");
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) -> Result<(), Elapsed> {
        let reached = async {
            while !is_so(self) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await
    }

    /// Sets a server's address, or that it is down.
    pub fn move_to(&self, place: usize, server: Option<&Process>) {
        self.doors[place].send_replace(server.map(Process::door));
    }

    /// Lets every caller get its answer, and checks that each command was done once: `server`
    /// repeats each key's first answer, counts as many messages, and has charged as much.
    pub async fn ends_well(self, server: &Process) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        let callers = join_all(self.callers);
        let callers = tokio::time::timeout(PATIENCE, callers)
            .await
            .expect("every caller is answered");
        callers.into_iter().for_each(|caller| caller.unwrap());
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let messages: BTreeSet<&String> = acknowledged.iter().map(|(_, message)| message).collect();
        assert_eq!(
            messages.len(),
            acknowledged.len(),
            "two keys are one message"
        );
        for (order, message) in acknowledged.iter().rev().step_by(7).take(60) {
            let again = order.ask(&server.door()).await.unwrap();
            assert_eq!(Order::message(&again).as_ref(), Some(message), "{again}");
        }
        let held = acknowledged
            .iter()
            .filter(|(order, _)| order.schedules)
            .count();
        let counted = server
            .graphql(ADMIN_KEY, COUNT, json!({ "id": self.account }))
            .await
            .unwrap();
        assert_eq!(
            counted["data"]["account"],
            json!({
                "balance": { "available": (GIVEN - acknowledged.len()).to_string(), "held": held.to_string() },
                "messages": { "totalCount": acknowledged.len() },
                "transactions": { "totalCount": acknowledged.len() + 1 },
            }),
            "{counted}"
        );
        acknowledged.len()
    }
}
