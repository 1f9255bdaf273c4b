//! A token's form (RFC 7519) and its claims.
//!
//! Here: reading them, and what they say. Not here: whether the signature is the provider's
//! ([`super::keys`]).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Algorithm, Identity, LEEWAY, Settings};

/// The longest subject: OpenID Connect allows as many.
const MAX_SUBJECT_CHARS: usize = 255;
/// The longest value of the account's claim that is looked up: an account's id is far shorter.
const MAX_ACCOUNT_BYTES: usize = 64;

/// A token whose signature is not checked yet.
#[derive(Debug)]
pub(super) struct Token<'a> {
    header: Header,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// Extensions that must be understood; none is.
    crit: Option<Value>,
}

impl<'a> Token<'a> {
    /// Reads a token; `None` if it has another form.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let bytes = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        let header: Header = serde_json::from_slice(&bytes(header)?).ok()?;
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            header,
            claims: serde_json::from_slice(&bytes(claims)?).ok()?,
            signed,
            signature: bytes(signature)?,
        })
    }

    /// The algorithm that its header names, if it is one of these.
    pub(super) fn algorithm(&self, allowed: &[Algorithm]) -> Option<Algorithm> {
        let mut allowed = allowed.iter().copied();
        allowed.find(|algorithm| algorithm.name() == self.header.alg)
    }

    pub(super) fn key_id(&self) -> &str {
        &self.header.kid
    }

    /// What the signature is of.
    pub(super) fn signed(&self) -> &str {
        self.signed
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whom the claims name; `None` if they are for another server, are not valid at `now`, or lack
    /// something.
    pub(super) fn identity(&self, settings: &Settings, now: Timestamp) -> Option<Identity> {
        let text = |name: &str| self.claims.get(name).and_then(Value::as_str);
        if text("iss")? != settings.issuer {
            return None;
        }
        if !texts(self.claims.get("aud")?).any(|audience| audience == settings.audience) {
            return None;
        }
        let expires_at = instant(self.claims.get("exp")?)?;
        if now >= expires_at.checked_add(LEEWAY).ok()? {
            return None;
        }
        if let Some(begins) = self.claims.get("nbf")
            && now.checked_add(LEEWAY).ok()? < instant(begins)?
        {
            return None;
        }
        let subject = text("sub")?;
        let is_visible = |character: char| character.is_ascii_graphic() || character == ' ';
        let fits = subject.len() <= MAX_SUBJECT_CHARS && subject.chars().all(is_visible);
        if !fits || subject.trim().is_empty() {
            return None;
        }
        let claimed = self.claim(&settings.role_claim)?;
        let mut roles = settings.roles.iter();
        let (_, role) = roles.find(|(value, _)| texts(claimed).any(|text| text == value))?;
        let account = self.claim(&settings.account_claim).and_then(Value::as_str);
        Some(Identity {
            subject: subject.into(),
            role: *role,
            account: account
                .filter(|account| account.len() <= MAX_ACCOUNT_BYTES)
                .map(str::to_owned),
            expires_at,
        })
    }

    /// The claim of this name; one that begins with a slash is a path into objects, such as
    /// `/realm_access/roles` (RFC 6901).
    fn claim(&self, name: &str) -> Option<&Value> {
        let Some(path) = name.strip_prefix('/') else {
            return self.claims.get(name);
        };
        let (first, rest) = match path.split_once('/') {
            Some((first, rest)) => (first, format!("/{rest}")),
            None => (path, String::new()),
        };
        self.claims.get(first)?.pointer(&rest)
    }
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

/// An instant in seconds since the epoch, without their fraction.
fn instant(value: &Value) -> Option<Timestamp> {
    let number = value.as_number()?.to_string();
    let whole = number.split('.').next()?;
    Timestamp::from_second(whole.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use entity::sql_enums::Role;
    use serde_json::{Value, json};

    use super::{Algorithm, Identity, Settings, Timestamp, Token};

    const NOW: i64 = 1_800_000_000;

    fn settings() -> Settings {
        Settings {
            issuer: "https://id.example.com/".to_owned(),
            audience: "credits".to_owned(),
            keys_url: None,
            algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
            role_claim: "/realm_access/roles".to_owned(),
            roles: vec![
                ("boss".to_owned(), Role::Owner),
                ("staff".to_owned(), Role::Member),
            ],
            account_claim: "https://example.com/account".to_owned(),
        }
    }

    fn written(header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.AAAA", encode(header), encode(claims))
    }

    fn claims() -> Value {
        json!({
            "iss": "https://id.example.com/", "aud": ["other", "credits"], "sub": "ada",
            "exp": NOW, "realm_access": { "roles": ["x", "staff", "boss"] },
            "https://example.com/account": "account_1",
        })
    }

    /// Whom these claims name at `NOW + seconds`.
    fn named(claims: &Value, seconds: i64) -> Option<Identity> {
        let text = written(&json!({ "alg": "ES256", "kid": "1" }), claims);
        let now = Timestamp::from_second(NOW + seconds).unwrap();
        Token::read(&text).unwrap().identity(&settings(), now)
    }

    #[test]
    fn claims_name_a_subject_with_a_role() {
        let expected = Identity {
            subject: "ada".into(),
            role: Role::Owner,
            account: Some("account_1".to_owned()),
            expires_at: Timestamp::from_second(NOW).unwrap(),
        };
        assert_eq!(named(&claims(), 0), Some(expected));
    }

    #[test]
    fn claims_of_other_tokens_are_refused() {
        for (path, value) in [
            ("/iss", json!("https://id.example.com")),
            ("/iss", Value::Null),
            ("/aud", json!("other")),
            ("/aud", json!([])),
            ("/sub", json!("")),
            ("/sub", json!("a\nb")),
            ("/sub", json!("a".repeat(256))),
            ("/sub", json!(7)),
            ("/exp", json!("soon")),
            ("/exp", Value::Null),
            ("/exp", json!(-1)),
            ("/exp", json!(1e300)),
            ("/realm_access/roles", json!(["x"])),
            ("/realm_access/roles", json!("Boss")),
            ("/realm_access", json!("boss")),
        ] {
            let mut claims = claims();
            *claims.pointer_mut(path).unwrap() = value.clone();
            assert_eq!(named(&claims, 0), None, "{path} {value}");
        }
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let at = |key: &str, seconds: i64| {
            let mut claims = claims();
            claims["exp"] = json!(NOW + 3_600);
            claims[key] = json!(NOW);
            named(&claims, seconds).is_some()
        };
        assert!(at("exp", 59) && !at("exp", 60));
        assert!(at("nbf", -60) && !at("nbf", -61));
        let mut fraction = claims();
        fraction["exp"] = json!(1_800_000_000.9);
        assert!(named(&fraction, 59).is_some() && named(&fraction, 60).is_none());
    }

    #[test]
    fn only_allowed_algorithms_are_named() {
        let algorithm = |name: &str| {
            let text = written(&json!({ "alg": name, "kid": "1" }), &claims());
            Token::read(&text)
                .unwrap()
                .algorithm(&settings().algorithms)
        };
        assert_eq!(algorithm("ES256"), Some(Algorithm::Es256));
        for name in ["none", "None", "HS256", "EdDSA", "es256", ""] {
            assert_eq!(algorithm(name), None, "{name}");
        }
    }

    #[test]
    fn what_has_another_form_is_no_token() {
        let fine = json!({ "alg": "ES256", "kid": "1" });
        for (header, claims) in [
            (json!({ "alg": "ES256" }), claims()),
            (json!({ "kid": "1" }), claims()),
            (
                json!({ "alg": "ES256", "kid": "1", "crit": ["b64"] }),
                claims(),
            ),
            (fine.clone(), json!([])),
            (json!("header"), claims()),
        ] {
            assert!(
                Token::read(&written(&header, &claims)).is_none(),
                "{header} {claims}"
            );
        }
        let text = written(&fine, &claims());
        for wrong in [
            "",
            ".",
            "..",
            "a.b.c",
            &text[..text.len() - 5],
            &text.replace('.', ""),
        ] {
            assert!(Token::read(wrong).is_none(), "{wrong}");
        }
        assert!(Token::read(&format!("{text}.AAAA")).is_none());
        assert!(Token::read(&format!("{text}=")).is_none());
    }
}
