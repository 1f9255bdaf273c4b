//! `sendMessage` over HTTP at 64 connections: the server's own router and resolvers over three
//! ledgers (the server's, plain SQL, and one that stores nothing), and the same mutation without
//! any of the server's reads.

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use async_graphql::{EmptySubscription, InputObject, Object, Schema, SimpleObject};
use axum::{Router, routing::post};
use domain::id::AccountId;
use message_credits::{
    config::serving::Shown,
    graphql::{
        engine::{limits::Limits, persisted::Trusted},
        schema,
    },
    http::{self, address::TrustedProxies, capacity::Capacity, connections, shares::Rates},
    ledger::{Ledger, RequestKind},
    operations::{Parts, Services},
    payments::{self, ProviderSettings, Providers},
    vault::Vault,
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};
use tokio_util::sync::CancellationToken;
use type_safe_id::{DynamicType, TypeSafeId};

use crate::{
    Settings, load,
    ours::{Bed, Caller},
    report::Table,
    same_rows,
};

const KEY: &str = "bench-admin-key-0123456789-abcdefghijk";
const CONNECTIONS: usize = 64;
const QUERY: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { \
                     message { id status credits } balance { available } userErrors { code } } }";

pub async fn over_http(settings: Settings) {
    for (backend, at_least) in [("PostgreSQL", 10.0), ("SQLite", 5.0)] {
        let bed = match backend {
            "PostgreSQL" => Bed::on_postgres(1).await,
            _ => Bed::on_sqlite(1).await,
        };
        let sides = [
            ("ours", serve(router(&bed, bed.ledger.clone())).await),
            (
                "plain, the same rows",
                serve(router(&bed, bed.plain())).await,
            ),
            (
                "a ledger that keeps nothing",
                serve(router(&bed, nothing(&bed))).await,
            ),
            ("the mutation without storage", serve(bare()).await),
        ];
        let title = format!("{backend}, sendMessage over HTTP, {CONNECTIONS} connections");
        let (mut table, mut alone) = (Table::new(title), Table::new(format!("{backend}, alone")));
        for _ in 0..settings.rounds {
            for (name, address) in &sides {
                let callers = callers(*address, bed.accounts[0], CONNECTIONS).await;
                table.add(name, load::run(settings.time, callers).await);
            }
            for (name, address) in &sides[..2] {
                let callers = callers(*address, bed.accounts[0], 1).await;
                alone.add(name, load::run(settings.time, callers).await);
            }
        }
        table.goal("ours", "ours", "plain, the same rows", at_least);
        table.goal("ours", "ours", "the mutation without storage", 0.45);
        table.goal("ours", "ours", "a ledger that keeps nothing", 0.45);
        table.print();
        alone.print();
    }
}

/// The server's routes over another ledger.
fn router(bed: &Bed, ledger: Ledger) -> Router {
    let public_url: url::Url = "http://127.0.0.1/".parse().unwrap();
    let services = Services::new(Parts {
        store: bed.store.clone(),
        replica: None,
        ledger,
        payments: Providers::new(Some(payments::DEMO), &ProviderSettings::default())
            .expect("the sandbox needs no settings"),
        vault: Vault::default(),
        retention: message_credits::operations::retention::Retention::default(),
        clock: bed.clock.clone(),
        public_url,
        admin_key_hash: Some(Sha256::digest(KEY).into()),
        openid: None,
        has_trusted_documents: false,
        imports: Capacity::default().imports,
        stop: CancellationToken::new(),
    });
    let schema = schema::schema_over(&services, &Limits::default());
    let server = http::Server::new(
        services,
        schema,
        CancellationToken::new(),
        Shown::default(),
        None,
        Trusted::default(),
        (Rates::default(), Capacity::default()),
    );
    http::router(server, &http::cors::CorsOrigins::default())
}

/// A ledger that answers and stores nothing.
fn nothing(bed: &Bed) -> Ledger {
    let clock = bed.clock.clone();
    Ledger::served_by(move |request| {
        let clock = clock.clone();
        Box::pin(async move {
            let RequestKind::Send(new) = &request.kind else {
                panic!("only sends are measured");
            };
            let now = clock.now().as_microsecond();
            let row = same_rows::message(request.account.uuid(), new, now);
            Ok(same_rows::answer(clock.new_id(), row, 1_000_000, 0, now))
        })
    })
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = connections::Limits::default();
    tokio::spawn(connections::serve(
        listener,
        router,
        limits,
        TrustedProxies::default(),
        CancellationToken::new(),
    ));
    address
}

async fn callers(address: SocketAddr, account: AccountId, count: usize) -> Vec<Caller> {
    let prefix = DynamicType::new(AccountId::PREFIX).unwrap();
    let account = TypeSafeId::from_type_and_uuid(prefix, account.uuid()).to_string();
    let mut callers = Vec::new();
    for _ in 0..count {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = Arc::new(Mutex::new((stream, Vec::new())));
        let account = account.clone();
        let caller = move || {
            let (stream, body) = (stream.clone(), body(&account));
            let sent = async move {
                let mut guard = stream.lock().await;
                let (stream, buffer) = &mut *guard;
                ask(stream, buffer, &body).await;
                1_u64
            };
            Box::pin(sent) as Pin<Box<dyn Future<Output = u64> + Send>>
        };
        callers.push(Box::new(caller) as Caller);
    }
    callers
}

fn body(account: &str) -> String {
    let key = message_credits::clock::Clock::system().new_id();
    format!(
        r#"{{"query":"{QUERY}","variables":{{"input":{{"accountId":"{account}","audience":{{"destinations":[{{"countryCode":"IT","recipients":1}}]}},"text":"Ciao, il tuo ordine è pronto","idempotencyKey":"{key}"}}}}}}"#
    )
}

/// One request and its answer, kept cheap: the load must cost less than what it measures.
async fn ask(stream: &mut TcpStream, buffer: &mut Vec<u8>, body: &str) {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\naccept: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
    buffer.clear();
    let end = loop {
        assert!(
            stream.read_buf(buffer).await.unwrap() > 0,
            "the server hung up"
        );
        if let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = std::str::from_utf8(&buffer[..head]).unwrap().to_lowercase();
            let (_, rest) = text.split_once("content-length: ").expect(&text);
            let length: usize = rest.lines().next().unwrap().trim().parse().unwrap();
            break head + 4 + length;
        }
    };
    while buffer.len() < end {
        assert!(
            stream.read_buf(buffer).await.unwrap() > 0,
            "the server hung up"
        );
    }
    let done = buffer.windows(15).any(|part| part == br#""userErrors":[]"#);
    assert!(done, "{}", String::from_utf8_lossy(buffer));
}

#[derive(InputObject)]
struct Destination {
    country_code: String,
    recipients: u64,
}

#[derive(InputObject)]
struct Audience {
    destinations: Vec<Destination>,
}

#[derive(InputObject)]
#[graphql(name = "SendMessageInput")]
struct Input {
    account_id: async_graphql::ID,
    audience: Audience,
    text: String,
    idempotency_key: String,
}

#[derive(SimpleObject)]
struct Message {
    id: String,
    status: &'static str,
    credits: String,
}

#[derive(SimpleObject)]
struct Balance {
    available: String,
}

#[derive(SimpleObject)]
struct UserError {
    code: String,
}

#[derive(SimpleObject)]
struct Payload {
    message: Message,
    balance: Balance,
    user_errors: Vec<UserError>,
}

struct Query;

#[Object]
impl Query {
    async fn nothing(&self) -> bool {
        true
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn send_message(&self, input: Input) -> Payload {
        let recipients: u64 = input
            .audience
            .destinations
            .iter()
            .map(|row| row.recipients)
            .sum();
        let known = input
            .audience
            .destinations
            .iter()
            .all(|row| row.country_code == "IT");
        assert!(known && !input.text.is_empty() && !input.account_id.is_empty());
        Payload {
            message: Message {
                id: input.idempotency_key,
                status: "SENT",
                credits: recipients.to_string(),
            },
            balance: Balance {
                available: "1000".to_owned(),
            },
            user_errors: Vec::new(),
        }
    }
}

/// The same document over a schema that does nothing.
fn bare() -> Router {
    let schema = Schema::build(Query, Mutation, EmptySubscription).finish();
    let answer = move |axum::Json(request): axum::Json<async_graphql::Request>| {
        let schema = schema.clone();
        async move { axum::Json(schema.execute(request).await) }
    };
    Router::new().route("/graphql", post(answer))
}
