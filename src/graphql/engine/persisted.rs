//! Persisted documents: a request names its document instead of sending it.
//!
//! Here: the documents that the operator trusts, those that clients register (Apollo's automatic
//! persisted queries), and which of them a request means. Not here: reading the operator's file
//! ([`manifest`]); parsing a document ([`super::documents`]).

mod manifest;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Request, ServerError, Value};
use lru::LruCache;
use sha2::{Digest, Sha256};

use super::errors::{code, coded};

pub use manifest::{ManifestError, read};

/// The extension by which Apollo's clients name a document.
pub(crate) const EXTENSION: &str = "persistedQuery";
/// The field of the extension that holds the name.
const HASH: &str = "sha256Hash";
/// The prefix of a hash in the appendix of GraphQL over HTTP.
const PREFIX: &str = "sha256:";

/// Bytes of the documents that clients may register: as many as the cache of parsed documents has.
/// Beyond it, the document that was used longest ago is forgotten, and its client sends it again.
const MAX_REGISTERED_BYTES: usize = 2 * 1024 * 1024;

/// A hash as bytes.
type Hash = [u8; 32];

/// Which documents a caller may run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MayRun {
    /// What the server accepts.
    #[default]
    Any,
    /// Trusted documents only, also if the server accepts others.
    Trusted,
}

/// The documents that an operator trusts.
#[derive(Debug, Default)]
pub struct Trusted {
    by_id: HashMap<Box<str>, Arc<str>>,
    texts: HashSet<Arc<str>>,
    /// Whether no other documents are accepted.
    only: bool,
}

impl Trusted {
    /// These documents by their ids; with `only`, no others are accepted.
    #[must_use]
    pub fn new(documents: HashMap<Box<str>, Arc<str>>, only: bool) -> Self {
        let texts = documents.values().cloned().collect();
        Self {
            by_id: documents,
            texts,
            only,
        }
    }

    /// The documents and their ids.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_id.iter().map(|(id, text)| (&**id, &**text))
    }

    fn find(&self, id: &str) -> Option<&Arc<str>> {
        let plain = || self.by_id.get(id.strip_prefix(PREFIX)?);
        self.by_id.get(id).or_else(plain)
    }
}

/// The documents that requests may name.
#[derive(Debug)]
pub(super) struct Persisted {
    trusted: Trusted,
    registered: Mutex<Registered>,
}

#[derive(Debug)]
struct Registered {
    documents: LruCache<Hash, Arc<str>>,
    bytes: usize,
}

impl Persisted {
    pub(super) fn new(trusted: Trusted) -> Self {
        Self {
            trusted,
            registered: Mutex::new(Registered {
                documents: LruCache::unbounded(),
                bytes: 0,
            }),
        }
    }

    /// Gives a request the document that it names, and checks the one that it sends. Returns the
    /// hash under which a document that was sent may be kept, once it is known to be valid.
    ///
    /// # Errors
    /// The named document is unknown, its text has another hash, or it isn't trusted where only
    /// trusted ones are accepted.
    pub(super) fn resolve(
        &self,
        request: &mut Request,
        may_run: MayRun,
    ) -> Result<Option<Hash>, ServerError> {
        let only = self.only(may_run);
        let is_sent = !request.query.is_empty();
        let id = match request.extensions.get(EXTENSION) {
            None | Some(Value::Null) if only.is_some() => None,
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(fields)) => match fields.get(HASH) {
                Some(Value::String(id)) => Some(id),
                _ => return Err(malformed()),
            },
            Some(_) => return Err(malformed()),
        };
        if !is_sent && let Some(id) = id {
            let found = self.trusted.find(id).cloned();
            let text = found
                .or_else(|| self.registered(id).filter(|_| only.is_none()))
                .ok_or_else(|| unknown(only))?;
            request.query = text.as_ref().to_owned();
            return Ok(None);
        }
        if let Some(who) = only {
            return if self.trusted.texts.contains(request.query.as_str()) {
                Ok(None)
            } else {
                Err(coded(
                    code::QUERY_NOT_IN_SAFELIST,
                    format!("{who} runs trusted documents only, and this is none of them."),
                ))
            };
        }
        let Some(id) = id.filter(|id| self.trusted.find(id).is_none()) else {
            return Ok(None);
        };
        let hash: Hash = Sha256::digest(request.query.as_bytes()).into();
        if parse(id) == Some(hash) {
            Ok(Some(hash))
        } else {
            Err(coded(
                code::PERSISTED_QUERY_HASH_MISMATCH,
                "The hash of the persisted query is not the SHA-256 of the document beside it.",
            ))
        }
    }

    /// Keeps a valid document under its hash.
    pub(super) fn register(&self, hash: Hash, text: &str) {
        let mut registered = self.lock();
        if registered.documents.get(&hash).is_some() {
            return;
        }
        registered.documents.put(hash, text.into());
        registered.bytes += text.len();
        while registered.bytes > MAX_REGISTERED_BYTES
            && let Some((_, text)) = registered.documents.pop_lru()
        {
            registered.bytes = registered.bytes.saturating_sub(text.len());
        }
    }

    /// Who runs trusted documents only; `None` if any may be run.
    fn only(&self, may_run: MayRun) -> Option<&'static str> {
        match may_run {
            _ if self.trusted.only => Some("This server"),
            MayRun::Trusted => Some("This API key"),
            MayRun::Any => None,
        }
    }

    fn registered(&self, id: &str) -> Option<Arc<str>> {
        let hash = parse(id)?;
        self.lock().documents.get(&hash).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Registered> {
        // A panic can't corrupt it: at worst its size is off by one document.
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error for an id of no document that may be run. `only` is who runs trusted documents only.
fn unknown(only: Option<&str>) -> ServerError {
    match only {
        // The client must not send the document instead: it would be refused as well.
        Some(who) => coded(
            code::PERSISTED_QUERY_NOT_IN_LIST,
            format!("{who} runs trusted documents only, and none of them has this id."),
        ),
        // The Apollo protocol fixes this text: clients then send the document with its hash.
        None => coded(code::PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound"),
    }
}

fn malformed() -> ServerError {
    coded(
        code::GRAPHQL_VALIDATION_FAILED,
        "The extension persistedQuery must be an object with the document's id as its sha256Hash.",
    )
}

/// A hash written in hexadecimal digits.
fn parse(id: &str) -> Option<Hash> {
    let digits = id.strip_prefix(PREFIX).unwrap_or(id);
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = Hash::default();
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    fn asks(id: Option<&str>, text: &str) -> Request {
        let mut request = Request::new(text);
        if let Some(id) = id {
            let extension = value!({ "version": 1, "sha256Hash": id });
            request.extensions.insert(EXTENSION.to_owned(), extension);
        }
        request
    }

    fn hash_of(text: &str) -> String {
        let bytes: Hash = Sha256::digest(text.as_bytes()).into();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The document that a request runs, or the code of the error.
    fn runs(persisted: &Persisted, id: Option<&str>, text: &str) -> Result<String, String> {
        runs_for(MayRun::Any, persisted, id, text)
    }

    fn runs_for(
        may_run: MayRun,
        persisted: &Persisted,
        id: Option<&str>,
        text: &str,
    ) -> Result<String, String> {
        let mut request = asks(id, text);
        match persisted.resolve(&mut request, may_run) {
            Ok(hash) => {
                if let Some(hash) = hash {
                    persisted.register(hash, &request.query);
                }
                Ok(request.query)
            }
            Err(error) => Err(super::super::errors::code_of(&error)
                .unwrap()
                .name()
                .to_owned()),
        }
    }

    fn trusted(only: bool) -> Persisted {
        let documents = [("abc".into(), "{ a }".into())].into_iter().collect();
        Persisted::new(Trusted::new(documents, only))
    }

    #[test]
    fn a_document_is_registered_by_its_hash_and_found_again() {
        let persisted = Persisted::new(Trusted::default());
        let text = "{ a }";
        let hash = hash_of(text);
        let found = |id: &str| runs(&persisted, Some(id), "");
        assert_eq!(found(&hash), Err("PERSISTED_QUERY_NOT_FOUND".to_owned()));
        assert_eq!(runs(&persisted, Some(&hash), text), Ok(text.to_owned()));
        assert_eq!(found(&hash), Ok(text.to_owned()));
        assert_eq!(found(&hash.to_uppercase()), Ok(text.to_owned()));
        assert_eq!(found(&format!("sha256:{hash}")), Ok(text.to_owned()));
        for wrong in [hash_of("{ b }"), "abc".to_owned(), String::new()] {
            let answered = runs(&persisted, Some(&wrong), text);
            assert_eq!(answered, Err("PERSISTED_QUERY_HASH_MISMATCH".to_owned()));
        }
        assert_eq!(runs(&persisted, None, "{ b }"), Ok("{ b }".to_owned()));
    }

    #[test]
    fn registered_documents_are_bounded_by_bytes() {
        let persisted = Persisted::new(Trusted::default());
        let text = |n: usize| format!("{{ a{n} }} #{}", "x".repeat(60_000));
        for n in 0..40 {
            runs(&persisted, Some(&hash_of(&text(n))), &text(n)).unwrap();
        }
        assert!(persisted.lock().bytes <= MAX_REGISTERED_BYTES);
        assert!(runs(&persisted, Some(&hash_of(&text(0))), "").is_err());
        assert!(runs(&persisted, Some(&hash_of(&text(39))), "").is_ok());
    }

    #[test]
    fn a_trusted_document_is_found_by_its_id() {
        for only in [false, true] {
            let persisted = trusted(only);
            for id in ["abc", "sha256:abc"] {
                assert_eq!(runs(&persisted, Some(id), ""), Ok("{ a }".to_owned()));
                let with_text = runs(&persisted, Some(id), "{ a }");
                assert_eq!(with_text, Ok("{ a }".to_owned()));
            }
        }
    }

    #[test]
    fn other_documents_are_refused_if_only_trusted_ones_are_accepted() {
        let persisted = trusted(true);
        let refused = |code: &str| Err(code.to_owned());
        let not_listed = refused("PERSISTED_QUERY_NOT_IN_LIST");
        let not_safe = refused("QUERY_NOT_IN_SAFELIST");
        assert_eq!(runs(&persisted, None, "{ a }"), Ok("{ a }".to_owned()));
        assert_eq!(runs(&persisted, None, "{ a  }"), not_safe);
        assert_eq!(runs(&persisted, Some("abc"), "{ b }"), not_safe);
        let text = "{ b }";
        assert_eq!(runs(&persisted, Some(&hash_of(text)), text), not_safe);
        assert_eq!(runs(&persisted, Some(&hash_of(text)), ""), not_listed);
    }

    #[test]
    fn a_caller_may_be_held_to_trusted_documents() {
        let persisted = trusted(false);
        let other = "{ b }";
        let hash = hash_of(other);
        assert_eq!(runs(&persisted, Some(&hash), other), Ok(other.to_owned()));
        let runs = |id, text| runs_for(MayRun::Trusted, &persisted, id, text);
        let refused = |code: &str| Err(code.to_owned());
        assert_eq!(runs(Some("abc"), ""), Ok("{ a }".to_owned()));
        assert_eq!(runs(None, "{ a }"), Ok("{ a }".to_owned()));
        assert_eq!(runs(None, other), refused("QUERY_NOT_IN_SAFELIST"));
        assert_eq!(runs(Some(&hash), other), refused("QUERY_NOT_IN_SAFELIST"));
        assert_eq!(runs(Some("abc"), other), refused("QUERY_NOT_IN_SAFELIST"));
        // Another caller registered it, which doesn't make it trusted.
        assert_eq!(
            runs(Some(&hash), ""),
            refused("PERSISTED_QUERY_NOT_IN_LIST")
        );
    }

    #[test]
    fn a_malformed_extension_is_refused() {
        for extension in [value!(1), value!({}), value!({ "sha256Hash": 1 })] {
            let mut request = Request::new("{ a }");
            request.extensions.insert(EXTENSION.to_owned(), extension);
            let persisted = Persisted::new(Trusted::default());
            assert!(persisted.resolve(&mut request, MayRun::Any).is_err());
        }
    }
}
