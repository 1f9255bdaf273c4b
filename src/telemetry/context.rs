//! The request that a task works for, which every log line of it names.
//!
//! Here: what is known of a request, and carrying it into tasks. Not here: how a line shows it
//! ([`super::logs`]), and spans ([`super::traces`]).
//!
//! It isn't a span: `tracing_subscriber` formats the fields of each span when it begins, which took
//! 2.7 µs a request, and nearly all requests have no line. This takes 0.06 µs.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use domain::id::AccountId;
use tracing::{Instrument, Span};
use type_safe_id::{DynamicType, TypeSafeId};

/// What is known of a request.
#[derive(Debug)]
pub struct Request {
    /// Its id: the caller's own, or one of the server's.
    id: String,
    /// Its method, or `WebSocket`.
    method: &'static str,
    /// Its route, never its path.
    route: &'static str,
    operation: OnceLock<&'static str>,
    account: OnceLock<AccountId>,
}

tokio::task_local! {
    static REQUEST: Arc<Request>;
}

impl Request {
    /// A request of which nothing else is known yet.
    #[must_use]
    pub fn new(id: &str, method: &'static str, route: &'static str) -> Arc<Self> {
        Arc::new(Self {
            id: id.to_owned(),
            method,
            route,
            operation: OnceLock::new(),
            account: OnceLock::new(),
        })
    }

    /// Runs a future as a part of this request.
    pub async fn run<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        REQUEST.scope(self, future).await
    }

    /// The fields that lines show, with their values.
    fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        let account = self.account.get().map(|account| public_id(*account));
        let operation = self.operation.get().map(|name| (*name).to_owned());
        [
            ("request_id", Some(self.id.clone())),
            ("method", Some(self.method.to_owned())),
            ("route", Some(self.route.to_owned())),
            ("operation", operation),
            ("account", account),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Notes what the current request turned out to be: its root field, and its viewer's account.
pub fn note(operation: &'static str, account: Option<AccountId>) {
    // Outside of a request there is nothing to note.
    let _ = REQUEST.try_with(|request| {
        // The first operation of a request is its only one.
        let _ = request.operation.set(operation);
        if let Some(account) = account {
            let _ = request.account.set(account);
        }
    });
}

/// The current request, for what goes on after its response has begun.
#[must_use]
pub fn current() -> Option<Arc<Request>> {
    REQUEST.try_with(Arc::clone).ok()
}

/// Makes a future that a task of its own runs a part of the current request and span.
pub fn carried<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let request = current();
    let future = future.instrument(Span::current());
    async move {
        match request {
            Some(request) => request.run(future).await,
            None => future.await,
        }
    }
}

/// The current request as the end of a line: ` request_id=… route=…`; nothing outside of one.
pub(super) fn as_text(line: &mut dyn fmt::Write) -> fmt::Result {
    let Ok(request) = REQUEST.try_with(Arc::clone) else {
        return Ok(());
    };
    for (name, value) in request.fields() {
        write!(line, " {name}={value}")?;
    }
    Ok(())
}

/// The current request as JSON; `None` outside of one.
pub(super) fn as_json() -> Option<serde_json::Value> {
    let request = REQUEST.try_with(Arc::clone).ok()?;
    let fields = request.fields();
    Some(
        fields
            .map(|(name, value)| (name.to_owned(), serde_json::Value::from(value)))
            .collect(),
    )
}

fn public_id(account: AccountId) -> String {
    match DynamicType::new(AccountId::PREFIX) {
        Ok(prefix) => TypeSafeId::from_type_and_uuid(prefix, account.uuid()).to_string(),
        Err(_) => account.uuid().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::AccountId;
    use uuid::Uuid;

    use super::{Request, as_json, as_text, carried, note};

    fn text() -> String {
        let mut line = String::new();
        as_text(&mut line).unwrap();
        line
    }

    #[tokio::test]
    async fn a_line_names_the_request_it_belongs_to() {
        assert_eq!(text(), "");
        assert_eq!(as_json(), None);
        let request = Request::new("r-1", "POST", "/graphql");
        request
            .run(async {
                assert_eq!(text(), " request_id=r-1 method=POST route=/graphql");
                note("sendMessage", Some(AccountId::new(Uuid::from_u128(1))));
                let task = tokio::spawn(carried(async { (text(), as_json()) }));
                let (text, json) = task.await.unwrap();
                assert!(
                    text.contains(" operation=sendMessage account=account_0"),
                    "{text}"
                );
                assert_eq!(json.unwrap()["operation"], "sendMessage");
            })
            .await;
        // Outside of a request there is nothing to note.
        note("sendMessage", None);
        assert_eq!(text(), "");
    }
}
