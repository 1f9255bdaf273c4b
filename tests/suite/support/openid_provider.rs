//! A double of an OpenID provider: its description and its keys over HTTP, and tokens that it signs.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use entity::sql_enums::Role;
use message_credits::openid::{Algorithm, Provider, Settings};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

/// The audience of the tests' server.
pub const AUDIENCE: &str = "message-credits";

/// A provider that listens on this machine.
pub struct OpenIdProvider {
    pub issuer: String,
    shown: Arc<Mutex<Shown>>,
}

/// What the provider answers.
struct Shown {
    issuer: String,
    keys: Vec<Value>,
    is_down: bool,
    /// How often its keys were read.
    reads: usize,
}

/// A key pair of the provider.
pub struct SigningKey {
    pub id: String,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    pub fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self {
            id: id.to_owned(),
            pair,
        }
    }

    /// Its public half.
    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": encoded(&point[1..33]), "y": encoded(&point[33..]),
        })
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.signed(
            &json!({ "alg": "ES256", "typ": "JWT", "kid": self.id }),
            claims,
        )
    }

    /// The same with another header.
    pub fn signed(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let random = SystemRandom::new();
        let signature = self.pair.sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", encoded(signature.as_ref()))
    }
}

/// The part of a token that is signed.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| encoded(value.to_string().as_bytes());
    format!("{}.{}", encode(header), encode(claims))
}

pub fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl OpenIdProvider {
    /// A provider with these keys.
    pub async fn start(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let shown = Arc::new(Mutex::new(Shown {
            issuer: issuer.clone(),
            keys: keys.iter().map(|key| key.jwk()).collect(),
            is_down: false,
            reads: 0,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys_of))
            .with_state(Arc::clone(&shown));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, shown }
    }

    /// Shows these keys from now on.
    pub fn rotate(&self, keys: &[&SigningKey]) {
        self.shown.lock().unwrap().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    /// Answers nothing but 503 from now on, or works again.
    pub fn set_down(&self, is_down: bool) {
        self.shown.lock().unwrap().is_down = is_down;
    }

    /// Describes another issuer than it is.
    pub fn describe_another(&self) {
        self.shown.lock().unwrap().issuer = "https://id.example.com".to_owned();
    }

    /// How often its keys were read.
    pub fn reads(&self) -> usize {
        self.shown.lock().unwrap().reads
    }

    /// A server's settings for it.
    pub fn accepted(&self) -> Option<Provider> {
        let role = |value: &str, role| (value.to_owned(), role);
        let settings = Settings {
            issuer: self.issuer.clone(),
            audience: AUDIENCE.to_owned(),
            keys_url: None,
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
            role_claim: "roles".to_owned(),
            roles: vec![
                role("admin", Role::PlatformAdmin),
                role("support", Role::AccountManager),
                role("owner", Role::Owner),
                role("staff", Role::Member),
            ],
            account_claim: "account_id".to_owned(),
        };
        Some(Provider::new(settings).unwrap())
    }
}

async fn describe(State(shown): State<Arc<Mutex<Shown>>>) -> Result<Json<Value>, StatusCode> {
    let shown = shown.lock().unwrap();
    if shown.is_down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let issuer = &shown.issuer;
    Ok(Json(
        json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") }),
    ))
}

async fn keys_of(State(shown): State<Arc<Mutex<Shown>>>) -> Result<Json<Value>, StatusCode> {
    let mut shown = shown.lock().unwrap();
    if shown.is_down {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    shown.reads += 1;
    Ok(Json(json!({ "keys": shown.keys })))
}
