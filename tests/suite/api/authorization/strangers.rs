//! Whether a foreign object exists can't be found out, law A1: each root field answers about it, to
//! the letter, as about one that does not exist.

use message_credits::operations::policy::POLICY;
use serde_json::{Value, json};

use super::{World, answer};
use crate::support::Server;

/// The same variables with other ids in place of these.
fn renamed(variables: &Value, ids: &[&str]) -> Value {
    let mut text = variables.to_string();
    for id in ids {
        let (rest, last) = id.split_at(id.len() - 1);
        let other = if last == "0" { "1" } else { "0" };
        text = text.replace(id, &format!("{rest}{other}"));
    }
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_object_is_answered_as_one_that_does_not_exist() {
    let server = Server::on_sqlite().await;
    let world = World::new(&server).await;
    let ids = [
        &world.shop.id,
        &world.list,
        &world.stored,
        &world.message,
        &world.key,
        world.transfer["id"].as_str().unwrap(),
    ];
    let stranger = server.account("Stranger").await;
    let keys = [
        ("OWNER", stranger.owner.clone()),
        ("MEMBER", server.key(&stranger, "MEMBER").await),
        ("VIEWER", server.key(&stranger, "VIEWER").await),
        ("SENDER", server.key(&stranger, "SENDER").await),
    ];
    let mut compared = 0;
    for (field, _) in POLICY {
        for (role, key) in &keys {
            let (query, foreign) = world.document(field);
            let unknown = renamed(&foreign, &ids);
            if unknown == foreign {
                // It names no object of the account.
                continue;
            }
            let about_foreign = answer(&server, field, Some(key), &query, foreign.clone()).await;
            let about_unknown = answer(&server, field, Some(key), &query, unknown).await;
            assert_eq!(about_foreign, about_unknown, "{field} by {role}: {foreign}");
            assert_ne!(
                about_foreign["data"][field]["userErrors"],
                json!([]),
                "{field} by {role}"
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} were compared");
}
