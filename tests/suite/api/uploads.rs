//! Who may upload files: requests are checked before the first byte of a file, over plain
//! connections.

use std::time::Duration;

use futures_util::future::select_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::metrics::{scraped, value};
use crate::support::{Server, upload::IMPORT};

/// The most that any step here may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than the places for uploads.
const MANY: usize = 12;

/// Sends a form up to its file's first byte; the connection stays open.
async fn begin(server: &Server, key: &str, query: &str, variables: Value) -> TcpStream {
    let address = server.url("");
    let address = address.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let operations = json!({ "query": query, "variables": variables });
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
        GraphQL-Require-Preflight: 1\r\nContent-Type: multipart/form-data; boundary=cut\r\n\
        Content-Length: 200000000\r\n\r\n--cut\r\n\
        Content-Disposition: form-data; name=\"operations\"\r\n\r\n{operations}\r\n--cut\r\n\
        Content-Disposition: form-data; name=\"map\"\r\n\r\n{{\"0\":[\"variables.file\"]}}\r\n--cut\r\n\
        Content-Disposition: form-data; name=\"0\"; filename=\"a.csv\"\r\n\r\nx"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

/// The answer while the file is still to come.
async fn answer(connection: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("]}") {
        let mut read = [0; 4096];
        let count = tokio::time::timeout(PATIENCE, connection.read(&mut read));
        let count = count.await.expect("an answer").unwrap();
        assert_ne!(count, 0, "{text}");
        text.push_str(std::str::from_utf8(&read[..count]).unwrap());
    }
    text
}

/// Keys that may not import, and documents that take no file, get no place for an upload.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forbidden_uploads_take_no_place() {
    let server = Server::on_sqlite().await;
    let shop = server.account("Shop").await;
    let list = server.list(&shop, "Numbers", json!([])).await;
    let member = server.key(&shop, "MEMBER").await;
    let viewer = server.key(&shop, "VIEWER").await;
    let sender = server.key(&shop, "SENDER").await;
    let nothing = "query($file: Upload) { __typename }";
    let import = json!({ "list": list, "file": null });
    let none = json!({ "file": null });
    let mut held = Vec::new();
    for _ in 0..MANY {
        for (key, query, variables, told) in [
            (&viewer, IMPORT, &import, "FORBIDDEN"),
            (&sender, IMPORT, &import, "FORBIDDEN"),
            (
                &member,
                nothing,
                &none,
                "No field of the operation takes a file",
            ),
        ] {
            let mut connection = begin(&server, key, query, variables.clone()).await;
            let answer = answer(&mut connection).await;
            assert!(answer.contains(told), "{answer}");
            held.push(connection);
        }
    }
    let payload = server
        .import(&member, &list, "phone\n+393401234567\n")
        .await;
    assert_eq!(payload["importedCount"], 1);
}

/// Keys that may import share the places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_for_uploads_are_bounded() {
    let server = Server::on_sqlite().await;
    let shop = server.account("Shop").await;
    let list = server.list(&shop, "Numbers", json!([])).await;
    let member = server.key(&shop, "MEMBER").await;
    let mut waiting = Vec::new();
    for _ in 0..MANY {
        let mut connection = begin(
            &server,
            &member,
            IMPORT,
            json!({ "list": list, "file": null }),
        )
        .await;
        waiting.push(Box::pin(async move { answer(&mut connection).await }));
    }
    // Uploads with a place keep waiting for their file; the others are answered.
    let (refused, _, held) = select_all(waiting).await;
    assert!(refused.contains("RATE_LIMITED"), "{refused}");
    drop(held);
    // The server notices after a moment that they are gone.
    let mut imported = Value::Null;
    for _ in 0..100 {
        let file = ("a.csv", "phone\n+393401234567\n");
        let variables = json!({ "list": list });
        let mut answer = server.upload(Some(&member), IMPORT, variables, file).await;
        imported = answer["data"]["importContacts"]["importedCount"].take();
        if imported == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(imported, 1);
}

/// A form whose file is still to come counts as running, until its client is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_uploads_are_counted() {
    const RUNNING: &str = "message_credits_uploads_running";
    let server = Server::on_sqlite().await;
    let shop = server.account("Shop").await;
    let list = server.list(&shop, "Numbers", json!([])).await;
    let until = async |expected: f64| {
        for _ in 0..200 {
            if (value(&scraped(&server).await, RUNNING) - expected).abs() < f64::EPSILON {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{RUNNING} is never {expected}");
    };
    until(0.0).await;
    let variables = json!({ "list": list, "file": null });
    let coming = begin(&server, &shop.owner, IMPORT, variables.clone()).await;
    let second = begin(&server, &shop.owner, IMPORT, variables).await;
    until(2.0).await;
    drop((coming, second));
    until(0.0).await;
}

/// The uploaded part of a file is stored where no other user of the machine can read it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_visible_to_its_owner_only() {
    let server = Server::on_sqlite().await;
    let shop = server.account("Shop").await;
    let list = server.list(&shop, "Numbers", json!([])).await;
    let variables = json!({ "list": list, "file": null });
    let _coming = begin(&server, &shop.owner, IMPORT, variables).await;
    let mut modes = Vec::new();
    for _ in 0..1_000 {
        modes = unnamed_files();
        if !modes.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!modes.is_empty(), "the file is kept while it comes");
    assert!(modes.iter().all(|mode| mode & 0o077 == 0), "{modes:?}");
}

/// The modes of the temporary files that this process has open and that have no name.
#[cfg(target_os = "linux")]
fn unnamed_files() -> Vec<u32> {
    use std::{env::temp_dir, fs, os::unix::fs::PermissionsExt};
    let open = fs::read_dir("/proc/self/fd").unwrap();
    open.filter_map(|file| {
        let path = file.ok()?.path();
        let target = fs::read_link(&path).ok()?;
        let is_unnamed = target.to_str()?.ends_with("(deleted)") && target.starts_with(temp_dir());
        let found = fs::metadata(&path).ok()?;
        (is_unnamed && found.is_file()).then(|| found.permissions().mode())
    })
    .collect()
}
