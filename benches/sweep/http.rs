//! The loads over HTTP: the server's router in this process, and clients that send the next request
//! as soon as they are answered.
//!
//! Here: the requests. Not here: the loads on the ledger alone (`probe`).

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use domain::id::AccountId;
use entity::message;
use message_credits::{
    app::App,
    clock::Clock,
    graphql::engine::ids::PublicId,
    http::{address::TrustedProxies, connections},
    store::Store,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::{Failure, probe::Probe};

const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { \
                    message { id status credits } balance { available } userErrors { code } } }";
const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { messageCount credits cost { amount } } buckets { start usage { messageCount credits } }
    lists(first: 20) { list { id name } usage { messageCount credits } } } }";
const LINK: &str = "query($input: UsageReportInput!, $format: ReportFormat!) {
    usageReportDownload(input: $input, format: $format) { url } }";
const CREATE: &str = "mutation($input: CreateContactListInput!) { createContactList(input: $input) { list { id } } }";
const IMPORT: &str = "mutation($list: ID!, $file: Upload!) {
    importContacts(input: { listId: $list, file: $file }) { importedCount userErrors { code message } } }";
const REMOVE: &str = "mutation($list: ID!) {
    removeContacts(input: { listId: $list, all: true }) { removedCount userErrors { code message } } }";
const SENDERS: usize = 64;
const READERS: usize = 32;

/// The server, serving in this process.
struct Served {
    address: SocketAddr,
    key: String,
    client: reqwest::Client,
    _app: Arc<App>,
}

impl Served {
    async fn start(probe: &Probe) -> Result<Self, Failure> {
        let app = Arc::new(probe.world.app().await?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(connections::serve(
            listener,
            app.router.clone(),
            connections::Limits::default(),
            TrustedProxies::default(),
            CancellationToken::new(),
        ));
        Ok(Self {
            address,
            key: probe.world.key.clone(),
            client: reqwest::Client::builder().no_proxy().build()?,
            _app: app,
        })
    }

    async fn data(&self, query: &str, variables: Value) -> Result<Value, Failure> {
        let request = self.client.post(format!("http://{}/graphql", self.address));
        let body = json!({ "query": query, "variables": variables });
        let request = request.bearer_auth(&self.key).json(&body);
        answer(request.send().await?.json().await?)
    }

    async fn list(&self, account: AccountId) -> Result<String, Failure> {
        let name = Clock::system().new_id().to_string();
        let input = json!({ "accountId": account.encode().0, "name": name });
        let made = self.data(CREATE, json!({ "input": input })).await?;
        let id = made.pointer("/createContactList/list/id");
        Ok(id.and_then(Value::as_str).ok_or("no list")?.to_owned())
    }

    async fn import(&self, list: &str, file: &[u8], contacts: usize) -> Result<(), Failure> {
        let operations =
            json!({ "query": IMPORT, "variables": { "list": list, "file": null } }).to_string();
        let part = "--cut\r\nContent-Disposition: form-data; name";
        let head = format!(
            "{part}=\"operations\"\r\n\r\n{operations}\r\n{part}=\"map\"\r\n\r\n\
             {{\"0\":[\"variables.file\"]}}\r\n{part}=\"0\"; filename=\"contacts\"\r\n\r\n"
        );
        let body = [head.as_bytes(), file, b"\r\n--cut--\r\n"].concat();
        let request = self.client.post(format!("http://{}/graphql", self.address));
        let request = request
            .bearer_auth(&self.key)
            .header("content-type", "multipart/form-data; boundary=cut")
            .header("graphql-require-preflight", "1")
            .body(body);
        let done = answer(request.send().await?.json().await?)?;
        let imported = done.pointer("/importContacts/imported");
        if imported.and_then(Value::as_u64) != Some(contacts as u64) {
            return Err(done.to_string().into());
        }
        Ok(())
    }
}

fn answer(mut answer: Value) -> Result<Value, Failure> {
    match answer.get("errors") {
        Some(errors) => Err(errors.to_string().into()),
        None => Ok(answer["data"].take()),
    }
}

/// Calls of `sendMessage` a second.
pub async fn sends(probe: &Probe) -> Result<f64, Failure> {
    let account = probe.world.others[0].encode().0;
    let body = move || {
        let key = Clock::system().new_id();
        json!({ "query": SEND, "variables": { "input": {
            "accountId": account,
            "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 1 }] },
            "text": "Ciao, il tuo ordine è pronto",
            "idempotencyKey": key.to_string(),
        } } })
        .to_string()
    };
    rate(probe, SENDERS, move |_| body.clone()).await
}

/// Reports of a month a second, for several accounts.
pub async fn reports(probe: &Probe) -> Result<f64, Failure> {
    let accounts = probe.world.others.clone();
    rate(probe, READERS, move |caller| {
        let account = accounts[caller % accounts.len()].encode().0;
        let input = json!({ "accountId": account, "interval": "DAY",
            "from": "2026-03-01T00:00:00+01:00", "to": "2026-04-01T00:00:00+02:00" });
        let body = json!({ "query": REPORT, "variables": { "input": input } }).to_string();
        move || body.clone()
    })
    .await
}

/// Requests a second over this many connections, after a warm-up of a fifth of the time.
async fn rate<B>(
    probe: &Probe,
    connections: usize,
    bodies: impl Fn(usize) -> B,
) -> Result<f64, Failure>
where
    B: Fn() -> String + Send + 'static,
{
    let served = Served::start(probe).await?;
    let (over, done) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    for caller in 0..connections {
        let mut stream = TcpStream::connect(served.address).await?;
        stream.set_nodelay(true)?;
        let (body, key) = (bodies(caller), served.key.clone());
        let (over, done) = (over.clone(), done.clone());
        tokio::spawn(async move {
            let mut buffer = Vec::new();
            while !over.load(Ordering::Relaxed) {
                ask(&mut stream, &mut buffer, &key, &body()).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(probe.time / 5).await;
    let (before, began) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(probe.time).await;
    let rate = (done.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    Ok(rate)
}

/// One request and its answer, kept cheap: the load must cost less than what it measures.
async fn ask(stream: &mut TcpStream, buffer: &mut Vec<u8>, key: &str, body: &str) {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\naccept: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
    buffer.clear();
    let end = loop {
        let read = stream.read_buf(buffer).await.unwrap();
        assert!(read > 0, "the server hung up");
        if let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = std::str::from_utf8(&buffer[..head]).unwrap().to_lowercase();
            let (_, rest) = text.split_once("content-length: ").expect(&text);
            let length: usize = rest.lines().next().unwrap().trim().parse().unwrap();
            break head + 4 + length;
        }
    };
    while buffer.len() < end {
        let read = stream.read_buf(buffer).await.unwrap();
        assert!(read > 0, "the server hung up");
    }
    let text = String::from_utf8_lossy(buffer);
    let is_done = text.contains("\"data\":{") && !text.contains("\"code\"");
    assert!(is_done, "{text}");
}

/// Messages a second in the large account's file.
pub async fn download(probe: &Probe, format: &str) -> Result<f64, Failure> {
    let served = Served::start(probe).await?;
    let account = probe.world.large;
    let mut variables = crate::data::World::year(account);
    variables["format"] = format.into();
    let data = served.data(LINK, variables).await?;
    let url = data.pointer("/usageReport/download/url");
    let url = url.and_then(Value::as_str).ok_or("no link")?;
    let (_, path) = url.split_once("/downloads/").ok_or("not a link")?;
    let url = format!("http://{}/downloads/{path}", served.address);
    let began = Instant::now();
    let mut file = served.client.get(url).send().await?.error_for_status()?;
    while file.chunk().await?.is_some() {}
    let took = began.elapsed().as_secs_f64();
    let store = Store::connect(&probe.world.url).await?;
    Ok(messages(&store, account).await? / took)
}

/// The number of messages of an account.
pub async fn messages(store: &Store, account: AccountId) -> Result<f64, Failure> {
    let found = message::Entity::find().filter(message::Column::AccountId.eq(account.uuid()));
    Ok(found.count(store.reader()).await? as f64)
}

/// Contacts imported a second.
pub async fn import(probe: &Probe, file: Vec<u8>, contacts: usize) -> Result<f64, Failure> {
    let served = Served::start(probe).await?;
    let list = served.list(probe.world.others[0]).await?;
    let began = Instant::now();
    served.import(&list, &file, contacts).await?;
    Ok(contacts as f64 / began.elapsed().as_secs_f64())
}

/// Contacts removed a second.
pub async fn removal(probe: &Probe, file: Vec<u8>, contacts: usize) -> Result<f64, Failure> {
    let served = Served::start(probe).await?;
    let list = served.list(probe.world.others[0]).await?;
    served.import(&list, &file, contacts).await?;
    let began = Instant::now();
    let done = served.data(REMOVE, json!({ "list": list })).await?;
    let took = began.elapsed().as_secs_f64();
    let removed = done.pointer("/removeContacts/removed");
    if removed.and_then(Value::as_u64) != Some(contacts as u64) {
        return Err(done.to_string().into());
    }
    Ok(contacts as f64 / took)
}
