//! No account takes what others need: whole reads of lists, imports, readers' connections. Each
//! flood runs beside a paying tenant, none of whose requests may fail.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use futures_util::{FutureExt, future::join_all};
use message_credits::store::sql::reader::Owner;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    answer::code,
    message::{schedule, send, to_italians, to_list},
    on_both_databases,
    purchase::package,
    sending::account,
    stored,
    table_lock::TableLock,
    upload::IMPORT,
};

/// More contacts than a small list has.
const MANY: usize = 12_000;
const QUOTE: &str = "query($input: QuoteInput!) { quote(input: $input) { credits } }";

/// A list whose contacts are read whole for each personalised text.
async fn long_list(server: &Server, tenant: &Tenant) -> String {
    let list = server.list(tenant, "All", json!([])).await;
    let contacts: Vec<_> = (0..MANY)
        .map(|number| ("IT", Some(json!({ "name": format!("Name {number}") }))))
        .collect();
    stored::store(server, tenant, &list, &contacts).await;
    list
}

on_both_databases! {
    /// One account quotes over a long list from many connections: the others' personalised sends
    /// succeed.
    async fn one_accounts_quotes_do_not_block_others(server: Server) {
        let hog = server.account("Hog").await;
        let shop = server.account("Shop").await;
        let (hogs, shops) = (long_list(&server, &hog).await, long_list(&server, &shop).await);
        let viewer = server.key(&hog, "VIEWER").await;
        server.grant(&shop, "1000000").await;
        let is_over = AtomicBool::new(false);
        let flood = async || {
            let (mut done, mut refused) = (0, 0);
            while !is_over.load(SeqCst) {
                let variables = json!({ "input": to_list(&hogs, "Ciao {{name}}") });
                let response = server.graphql(Some(&viewer), QUOTE, variables).await;
                match code(&response) {
                    Value::Null => done += 1,
                    code => {
                        assert_eq!(code, "RATE_LIMITED", "{response:#}");
                        refused += 1;
                    }
                }
            }
            (done, refused)
        };
        let pay = async {
            let mut answers = Vec::new();
            for _ in 0..10 {
                answers.push(send(&server, &shop, to_list(&shops, "Ciao {{name}}")).await);
            }
            is_over.store(true, SeqCst);
            answers
        };
        let (quoted, sent) = tokio::join!(join_all((0..8).map(|_| flood())), pay);
        for answer in sent {
            assert_eq!(answer["message"]["recipientCount"], MANY);
        }
        // It was served too, one request after the other.
        assert!(quoted.iter().map(|(done, _)| done).sum::<usize>() > 0, "{quoted:?}");
    }

    /// A small list is read whole while the places are taken: it needs none.
    async fn small_lists_need_no_place(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Some", json!([])).await;
        let contacts: Vec<_> = (0..3).map(|_| ("IT", Some(json!({ "name": "Ada" })))).collect();
        stored::store(&server, &shop, &list, &contacts).await;
        let quotes = (0..64).map(|_| {
            let variables = json!({ "input": to_list(&list, "Ciao {{name}}") });
            server.graphql(Some(&shop.owner), QUOTE, variables)
        });
        for response in join_all(quotes).await {
            assert_eq!(response["data"]["quote"]["credits"], "3", "{response:#}");
        }
    }

    /// An account runs two imports and two wait; meanwhile the others' imports begin.
    async fn one_accounts_imports_do_not_block_others(server: Server) {
        let hog = server.account("Hog").await;
        let shop = server.account("Shop").await;
        let list = server.list(&hog, "Newsletter", json!([])).await;
        let shops = server.list(&shop, "Newsletter", json!([])).await;
        // Two have begun, and two wait.
        let stand = async |tenant: &Tenant, list: &str, expected: (u64, usize)| {
            let read = "query($list: ID!) { node(id: $list) { ... on ContactList { imports { totalCount } } } }";
            for _ in 0..2_000 {
                let data = server.data(&tenant.owner, read, json!({ "list": list })).await;
                let begun = data["node"]["imports"]["totalCount"].as_u64().unwrap();
                if (begun, server.services().imports().waiting()) == expected {
                    return;
                }
            }
            panic!("the imports do not come to {expected:?}");
        };
        // None writes its first part.
        let turn = server.services().imports().hold().await;
        let import = |tenant: &Tenant, list: &str| {
            let (key, list) = (tenant.owner.clone(), list.to_owned());
            let server = &server;
            async move { server.import(&key, &list, "phone\n+393401234567\n").await }
        };
        let others = async {
            stand(&hog, &list, (2, 2)).await;
            let variables = json!({ "list": list });
            let beyond = server.upload(Some(&hog.owner), IMPORT, variables, ("a.csv", "phone\n")).await;
            stand(&shop, &shops, (1, 2)).await;
            drop(turn);
            beyond
        };
        let (first, second, third, fourth, shops, beyond) = tokio::join!(
            import(&hog, &list),
            import(&hog, &list),
            import(&hog, &list),
            import(&hog, &list),
            import(&shop, &shops),
            others,
        );
        let came: i64 = [first, second, third, fourth]
            .iter()
            .map(|payload| payload["importedCount"].as_i64().unwrap())
            .sum();
        assert_eq!((came, &shops["importedCount"]), (1, &json!(1)));
        assert_eq!(code(&beyond), "RATE_LIMITED", "{beyond:#}");
    }

    /// Two accounts upload as many files as they may: another account's file is imported all the
    /// same.
    async fn two_accounts_uploads_do_not_block_others(server: Server) {
        let tenants = [server.account("A").await, server.account("B").await];
        let shop = server.account("Shop").await;
        let shops = server.list(&shop, "Newsletter", json!([])).await;
        let mut uploads = Vec::new();
        // None writes its first part.
        let turn = server.services().imports().hold().await;
        for tenant in &tenants {
            let list = server.list(tenant, "Newsletter", json!([])).await;
            for _ in 0..4 {
                let (server, list) = (&server, list.clone());
                uploads.push(async move {
                    server.import(&tenant.owner, &list, "phone\n+393401234567\n").await
                });
            }
        }
        let came = async {
            // Two imports of each account run and two wait.
            while server.services().imports().waiting() < 4 {
                tokio::task::yield_now().await;
            }
            let import = server.import(&shop.owner, &shops, "phone\n+393401234567\n");
            let release = async {
                while server.services().imports().waiting() < 5 {
                    tokio::task::yield_now().await;
                }
                drop(turn);
            };
            let (payload, ()) = tokio::join!(import, release);
            payload
        };
        let (others, came) = tokio::join!(join_all(uploads), came);
        assert_eq!(came["importedCount"], 1, "{came:#}");
        for payload in others {
            assert_eq!(payload["import"]["status"], "DONE", "{payload:#}");
        }
    }

    /// An account that reads over all connections of its share takes none of the others', nor those
    /// of the jobs.
    async fn one_accounts_reads_do_not_block_others(server: Server) {
        let store = &server.services().store;
        let tenants = [server.account("A").await, server.account("B").await];
        let [hog, shop] = tenants.each_ref().map(|tenant| Owner::Account(account(tenant)));
        let mut held = Vec::new();
        for _ in 0..store.reader().share() {
            held.push(hog.reads(store.snapshot()).await.unwrap());
        }
        let one_more = hog.reads(store.snapshot()).now_or_never();
        assert!(one_more.is_none(), "its share is used up");
        let read = async || store.reader().execute_unprepared("SELECT 1").await;
        shop.reads(read()).await.unwrap();
        Owner::Jobs.reads(read()).await.unwrap();
        Owner::Nobody.reads(read()).await.unwrap();
        // Requests and jobs read as the owner that they act for.
        let data = server.data(&tenants[1].owner, "{ account { lists { totalCount } } }", json!({})).await;
        assert_eq!(data["account"]["lists"]["totalCount"], 0);
        for snapshot in held {
            snapshot.end().await.unwrap();
        }
        hog.reads(read()).await.unwrap();
    }
}

/// While one account's reads are stuck, others read, and due messages are settled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stuck_reads_of_one_account_block_nobody_else() {
    let Some(server) = Server::on_postgres().await else {
        return;
    };
    let hog = server.account("Hog").await;
    let shop = server.account("Shop").await;
    package(&server, 1_000, 4_990, |_| {}).await;
    server.grant(&shop, "100").await;
    schedule(&server, &shop, "2026-11-22T09:00:00Z", to_italians(7)).await;
    let viewer = server.key(&hog, "VIEWER").await;
    // Nothing that a send or a job needs.
    let packages = TableLock::take(
        &server.services().store,
        "credit_packages",
        "ACCESS EXCLUSIVE",
    )
    .await;
    let read = "{ creditPackages { nodes { id } } }";
    let stuck = join_all((0..40).map(|_| server.graphql(Some(&viewer), read, json!({}))));
    let others = async {
        packages.keeps_somebody_waiting().await;
        server.set_time("2026-11-22T09:00:01Z");
        server.run_workers().await;
        for _ in 0..20 {
            let read = "{ account { balance { total } lists { nodes { id } } transactions { totalCount } } }";
            let data = server.data(&shop.owner, read, json!({})).await;
            assert_eq!(data["account"]["balance"]["total"], "93");
        }
        send(&server, &shop, to_italians(1)).await;
        packages.release().await;
    };
    let (answers, ()) = tokio::join!(stuck, others);
    for answer in answers {
        assert!(
            answer["data"]["creditPackages"]["nodes"].is_array(),
            "{answer:#}"
        );
    }
}
