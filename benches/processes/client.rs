//! The bench's clients, kept cheap: they share the cores with what they measure.
//!
//! Here: one connection that asks, and one socket that listens. Not here: how many of them there
//! are.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use message_credits::clock::Clock;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

/// The platform's key.
pub const KEY: &str = "bench-admin-key-0123456789-abcdefghijk";
const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { \
                    message { id status credits } balance { available } userErrors { code } } }";
const BALANCE: &str = "subscription($id: ID!) { balanceChanged(accountId: $id) { available } }";

/// The body of a request that sends one message to one recipient.
pub fn send(account: &str) -> String {
    let key = Clock::system().new_id();
    format!(
        r#"{{"query":"{SEND}","variables":{{"input":{{"accountId":"{account}","audience":{{"destinations":[{{"countryCode":"IT","recipientCount":1}}]}},"text":"Ciao, il tuo ordine è pronto","idempotencyKey":"{key}"}}}}}}"#
    )
}

/// The body of a request that sends a message of 80 characters to 900 recipients in one country and
/// 100 in another.
pub fn send_abroad(account: &str) -> String {
    const TEXT: &str =
        "Ciao, il tuo ordine 48213 arriva domani tra le 9 e le 12. Rispondi STOP se no...";
    let input = json!({ "accountId": account, "text": TEXT,
        "idempotencyKey": Clock::system().new_id().to_string(),
        "audience": { "destinations": [
            { "countryCode": "IT", "recipientCount": 900 },
            { "countryCode": "FR", "recipientCount": 100 },
        ] } });
    json!({ "query": SEND, "variables": { "input": input } }).to_string()
}

/// What is asked of one process, each with a name: nothing, the segments of a text, and a quote of
/// that text for a list.
pub fn queries(account: &str, list: &str) -> [(&'static str, String); 3] {
    const TEXT: &str = "Ciao, il tuo ordine è pronto";
    let nothing = json!({ "query": "{ __typename }" });
    let cut = json!({ "query": "query($input: SegmentationInput!) { segmentation(input: $input) { \
                      encoding segmentCount } }",
        "variables": { "input": { "text": TEXT } } });
    let quote = json!({ "query": "query($input: QuoteInput!) { quote(input: $input) { \
                        credits available sufficient cost { amount } } }",
        "variables": { "input": { "accountId": account, "audience": { "listId": list },
            "text": TEXT } } });
    [
        ("nothing", nothing),
        ("segmentation", cut),
        ("quote", quote),
    ]
    .map(|(name, body)| (name, body.to_string()))
}

/// A connection that asks one thing after another.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Asks, and returns the answer, in which nothing was refused.
    pub async fn ask(&mut self, body: &str) -> Value {
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\n\
             content-type: application/json\r\naccept: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let request = head + body;
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        let (start, end) = loop {
            self.read().await;
            let head = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(head) = head {
                let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
                let text = text.to_lowercase();
                let (_, rest) = text.split_once("content-length: ").expect(&text);
                let length: usize = rest.lines().next().unwrap().trim().parse().unwrap();
                break (head + 4, head + 4 + length);
            }
        };
        while self.buffer.len() < end {
            self.read().await;
        }
        let answer = &self.buffer[start..end];
        let refused = answer.windows(15).any(|part| part == br#""userErrors":[{"#);
        let failed = answer.starts_with(br#"{"errors""#);
        assert!(!refused && !failed, "{}", String::from_utf8_lossy(answer));
        serde_json::from_slice(answer).unwrap()
    }

    async fn read(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert!(read > 0, "the server hung up");
    }
}

/// A socket with subscriptions to an account's balance.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// A socket with this many subscriptions of a key, after the first event of each.
    pub async fn subscribed(address: SocketAddr, key: &str, account: &str, count: usize) -> Self {
        let url = format!("ws://{address}/graphql");
        let mut request = url.into_client_request().unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", protocol);
        let (stream, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut socket = Self(stream);
        let payload = json!({ "Authorization": format!("Bearer {key}") });
        socket
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(socket.event().await["type"], "connection_ack");
        let payload = json!({ "query": BALANCE, "variables": { "id": account } });
        for number in 0..count {
            let id = number.to_string();
            socket
                .say(json!({ "type": "subscribe", "id": id, "payload": payload }))
                .await;
            socket.next().await;
        }
        socket
    }

    /// Waits for the next event of a subscription.
    pub async fn next(&mut self) {
        let event = self.event().await;
        assert_eq!(event["type"], "next", "{event}");
    }

    async fn event(&mut self) -> Value {
        loop {
            let message = self.0.next().await.expect("the socket is open").unwrap();
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    async fn say(&mut self, message: Value) {
        let text = Message::text(message.to_string());
        self.0.send(text).await.unwrap();
    }
}
