//! Distributed tables: what a server of the cluster that is down stops, and what it doesn't.

use domain::id::AccountId;
use message_credits::{
    graphql::engine::ids::PublicId,
    store::sql::{
        migrating::{self, After},
        settings::Settings,
    },
};
use migration::{Migrator, MigratorTrait};
use serde_json::{Value, json};

use super::{
    assert_verified,
    load::{self, Load},
    rounds,
};
use crate::support::{
    citus::OwnCluster,
    new_key,
    process::{self, ADMIN_KEY, Process},
};

const CREATE_KEY: &str = "mutation($input: CreateApiKeyInput!) {
    done: createApiKey(input: $input) { secret userErrors { message } } }";
const CREATE_LIST: &str = "mutation($input: CreateContactListInput!) {
    done: createContactList(input: $input) { list { id } userErrors { message } } }";
const ALLOCATE: &str = "mutation($input: AllocateCreditsInput!) {
    done: allocateCredits(input: $input) { userErrors { message } } }";
const SEND: &str = "mutation($input: SendMessageInput!) {
    done: sendMessage(input: $input) { message { id } userErrors { message } } }";
const SCHEDULE: &str = "mutation($input: ScheduleMessageInput!) {
    done: scheduleMessage(input: $input) { message { id } userErrors { message } } }";
const CANCEL: &str = "mutation($input: CancelMessageInput!) {
    done: cancelMessage(input: $input) { message { id } userErrors { message } } }";
const SETTLE: &str = "mutation($input: SettleMessageInput!) {
    done: settleMessage(input: $input) { message { id } userErrors { message } } }";
const QUOTE: &str = "query($input: QuoteInput!) { done: quote(input: $input) { credits } }";
const READ: &str = "query($id: ID!) { done: account(id: $id) { balance { available held }
    messages(first: 5) { nodes { id } } lists(first: 5) { nodes { id } } } }";
const REPORT: &str = "query($input: UsageReportInput!) {
    done: usageReport(input: $input) { totals { messageCount credits } } }";

fn migrated(url: &str) {
    let migrated = process::output(&["migrate", "--distribute", "--database-url", url]);
    let errors = String::from_utf8_lossy(&migrated.stderr);
    assert!(migrated.status.success(), "{errors}");
}

/// Runs an operation that must succeed.
async fn done(server: &Process, key: &str, query: &str, variables: Value) -> Value {
    let mut answer = server.graphql(key, query, variables).await.unwrap();
    assert!(answer.get("errors").is_none(), "{query}: {answer}");
    let mut done = answer["data"]["done"].take();
    assert!(
        matches!(&done["userErrors"], Value::Null) || done["userErrors"] == json!([]),
        "{done}"
    );
    done.take()
}

/// An account with a list that was used before.
struct Shop {
    id: String,
    owner: String,
    list: String,
}

impl Shop {
    async fn open(server: &Process) -> Self {
        let id = load::account(server, 1_000).await;
        let key = json!({ "input": { "accountId": id, "role": "OWNER", "name": "Owner" } });
        let key = done(server, ADMIN_KEY, CREATE_KEY, key).await;
        let owner = key["secret"].as_str().unwrap().to_owned();
        let list = json!({ "input": { "name": "Customers",
            "destinations": [{ "countryCode": "IT", "recipientCount": 3 }] } });
        let list = done(server, &owner, CREATE_LIST, list).await;
        let list = list["list"]["id"].as_str().unwrap().to_owned();
        Self { id, owner, list }
    }

    fn account(&self) -> AccountId {
        AccountId::decode(&self.id).unwrap()
    }

    /// The main job, with a key of the account and with one of the platform: quote, send, schedule,
    /// settle, cancel, balance, allocation and a report.
    async fn works(&self, server: &Process) {
        let id = json!(self.id);
        for key in [self.owner.as_str(), ADMIN_KEY] {
            let quote = json!({ "input": { "accountId": id, "audience": { "listId": self.list }, "text": "Ciao" } });
            let quote = done(server, key, QUOTE, quote).await;
            assert_eq!(quote["credits"], "3");
            let assign = json!({ "input": { "accountId": id, "allocations": [
                { "listId": self.list, "mode": "LIMITED", "assigned": "100" }] } });
            done(server, key, ALLOCATE, assign).await;
            let message = |at: Option<&str>| {
                let mut input = json!({ "accountId": id, "listId": self.list, "text": "Ciao",
                    "idempotencyKey": new_key() });
                if let Some(at) = at {
                    input["sendAt"] = json!(at);
                }
                json!({ "input": input })
            };
            done(server, key, SEND, message(None)).await;
            for end in [CANCEL, SETTLE] {
                let at = Some("2028-01-01T08:00:00Z");
                let scheduled = done(server, key, SCHEDULE, message(at)).await;
                let ended = json!({ "input": { "messageId": scheduled["message"]["id"],
                    "idempotencyKey": new_key() } });
                done(server, key, end, ended).await;
            }
            let read = done(server, key, READ, json!({ "id": id })).await;
            assert_eq!(read["balance"]["held"], "0");
            let report = json!({ "input": { "accountId": id,
                "from": "2026-01-01T00:00:00Z", "to": "2036-01-01T00:00:00Z", "interval": "MONTH" } });
            done(server, key, REPORT, report).await;
        }
    }

    /// Whether it can be served.
    async fn answers(&self, server: &Process) -> bool {
        let read = server.graphql(&self.owner, READ, json!({ "id": self.id }));
        let answer = read.await.unwrap();
        answer.get("errors").is_none()
    }
}

async fn readyz(server: &Process) -> (u16, String) {
    let (client, base) = server.door();
    let answer = client.get(format!("{base}/readyz")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A server of the cluster that is down stops the accounts on it alone: each statement of the main
/// job goes to the one server with the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_stops_its_accounts_alone() {
    let Some(cluster) = OwnCluster::start().await else {
        return;
    };
    let url = cluster.url();
    migrated(&url);
    // Again, as after an interruption.
    migrated(&url);
    let server = Process::start(&["--database-url", &url]);
    let mut shops: [Vec<Shop>; 2] = [Vec::new(), Vec::new()];
    while shops.iter().any(Vec::is_empty) {
        let shop = Shop::open(&server).await;
        let place = cluster.place_of(shop.account().uuid()).await;
        shops[place].push(shop);
    }
    for shop in shops.iter().flatten() {
        shop.works(&server).await;
    }
    assert_eq!(readyz(&server).await.0, 200);
    cluster.workers[1].cut_the_power();
    for shop in &shops[0] {
        shop.works(&server).await;
    }
    for shop in &shops[1] {
        assert!(!shop.answers(&server).await);
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (status, text) = readyz(&server).await;
    assert_eq!(status, 200, "{text}");
    let port = cluster.workers[1].port();
    assert!(text.contains(&format!(":{port} doesn't answer")), "{text}");
    // A process that starts now serves the other accounts, too.
    let later = Process::start(&["--database-url", &url]);
    for shop in &shops[0] {
        shop.works(&later).await;
    }
    cluster.workers[1].up();
    for shop in shops.iter().flatten() {
        shop.works(&server).await;
    }
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(later.terminate(), Some(0));
    assert_verified(&url);
}

/// A database that was distributed by an earlier release takes the later steps: they run on tables
/// that are on several servers already, and those that they create are distributed, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn later_steps_run_on_distributed_tables() {
    let Some(cluster) = OwnCluster::start().await else {
        return;
    };
    let url = cluster.url();
    let mut earlier = Migrator::migrations();
    let first_to_distribute = earlier
        .iter()
        .position(|step| step.name().ends_with("_job_leases"));
    earlier.truncate(first_to_distribute.unwrap() + 1);
    let after = After {
        granted: Vec::new(),
        distribute: true,
    };
    let settings = Settings::of(&url);
    let applied = migrating::migrate(&settings, earlier, &after).await;
    assert!(applied.unwrap() > 20);
    let migrated = process::output(&["migrate", "--database-url", &url]);
    let errors = String::from_utf8_lossy(&migrated.stderr);
    assert!(migrated.status.success(), "{errors}");

    let method = "SELECT partmethod::text FROM pg_dist_partition \
                  WHERE logicalrelid = 'setting_changes'::regclass";
    assert_eq!(cluster.answer(method).await.as_deref(), Some("h"));
    let server = Process::start(&["--database-url", &url]);
    let (status, text) = readyz(&server).await;
    assert!(status == 200 && !text.contains("cluster:"), "{text}");
    Shop::open(&server).await.works(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&url);
}

/// Crashes of the cluster's servers under load lose nothing and double nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_stop_under_load_lose_nothing() {
    let Some(cluster) = OwnCluster::start().await else {
        return;
    };
    let url = cluster.url();
    migrated(&url);
    let server = Process::start(&["--database-url", &url]);
    let load = Load::start(&[&server], 8).await;
    for round in 0..rounds() {
        load.goes_on(20).await;
        let worker = &cluster.workers[round % 2];
        worker.cut_the_power();
        worker.up();
    }
    load.goes_on(20).await;
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&url);
}

/// One process runs the jobs for all. If it is gone, another one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_runs_the_jobs_for_all() {
    let Some(cluster) = OwnCluster::start().await else {
        return;
    };
    let url = cluster.url();
    migrated(&url);
    let first = Process::start(&["--database-url", &url]);
    let holder = leader_other_than(&cluster, None).await;
    let other = Process::start(&["--database-url", &url]);
    first.kill();
    leader_other_than(&cluster, Some(holder)).await;
    assert_eq!(other.terminate(), Some(0));
}

/// The process that runs the jobs, once it is another one.
async fn leader_other_than(cluster: &OwnCluster, known: Option<String>) -> String {
    for _ in 0..600 {
        let holder = cluster.answer("SELECT holder::text FROM job_leases").await;
        match holder {
            Some(holder) if known.as_ref() != Some(&holder) => return holder,
            Some(_) | None => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
    panic!("no other process runs the jobs");
}

/// No role but a superuser may change what is only ever added: neither one that serves nor the one
/// that owns the tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_only_added_are_kept_by_privileges() {
    let Some(cluster) = OwnCluster::start().await else {
        return;
    };
    let roles = [
        "CREATE ROLE credits_owner LOGIN",
        "CREATE ROLE credits_serving LOGIN",
        "GRANT ALL ON SCHEMA public TO credits_owner",
    ];
    cluster.run(&roles).await;
    let url = cluster.url().replace("postgres@", "credits_owner@");
    let url = url.as_str();
    let args = [
        "migrate",
        "--distribute",
        "--grant",
        "credits_serving",
        "--database-url",
        url,
    ];
    let migrated = process::output(&args);
    let errors = String::from_utf8_lossy(&migrated.stderr);
    assert!(migrated.status.success(), "{errors}");
    for role in ["credits_owner", "credits_serving"] {
        for table in [
            "transactions",
            "posting_rows",
            "lot_expiry_changes",
            "setting_changes",
        ] {
            let may = async |right: &str| {
                let ask =
                    format!("SELECT has_table_privilege('{role}', '{table}', '{right}')::text");
                cluster.answer(&ask).await.unwrap()
            };
            assert_eq!(may("INSERT").await, "true", "{role} {table}");
            for right in ["UPDATE", "DELETE", "TRUNCATE"] {
                assert_eq!(may(right).await, "false", "{role} {table} {right}");
            }
        }
    }
}
