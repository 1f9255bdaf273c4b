//! Ids of requests: the caller's own if it is a plain name, otherwise one of the server's.

use serde_json::json;

use crate::support::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_request_id_is_echoed_and_any_other_replaced() {
    let server = Server::on_sqlite().await;
    let answered = async |ids: &[&[u8]]| {
        let mut request = server.http().post(server.url("/graphql"));
        for id in ids {
            let id = reqwest::header::HeaderValue::from_bytes(id).unwrap();
            request = request.header("x-request-id", id);
        }
        let body = json!({ "query": "{ __typename }" });
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut sent_back = response.headers().get_all("x-request-id").iter();
        let id = sent_back.next().unwrap().to_str().unwrap().to_owned();
        assert!(sent_back.next().is_none());
        id
    };
    let longest = "x".repeat(128);
    for id in [
        "a",
        "Order-17.retry_2",
        "0196d7a2-0000-7000-8000-000000000000",
        &longest,
    ] {
        assert_eq!(answered(&[id.as_bytes()]).await, id);
    }
    let too_long = "x".repeat(129);
    let huge = "x".repeat(60_000);
    for ids in [
        &[b"".as_slice()][..],
        &[b"two words"],
        &[b"a,b"],
        &[b"<script>"],
        &[b"\"quoted\""],
        &["caff\u{e8}".as_bytes()],
        &[b"\xff"],
        &[too_long.as_bytes()],
        &[huge.as_bytes()],
        &[b"one", b"two"],
    ] {
        let id = answered(ids).await;
        assert_eq!(id.len(), 36, "{id}");
        assert!(uuid::Uuid::parse_str(&id).is_ok(), "{id}");
    }
}
