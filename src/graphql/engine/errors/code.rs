//! The codes in `extensions.code`, each with its cause and what a client does about it.
//!
//! Here: every code, and no error has another one: only this file can make a [`Code`]. The
//! descriptions of the constants are the causes in docs/errors.md. Not here: the errors
//! ([`super`]), and the codes of `userErrors` ([`UserErrorCode`]).
//!
//! [`UserErrorCode`]: crate::graphql::engine::request::UserErrorCode

/// The `extensions.code` of an error. Clients branch on these, so they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(&'static str);

impl Code {
    /// The code as clients read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The code of this name; `None` if there is none.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let found = ALL.iter().find(|known| known.code.0 == name);
        found.map(|known| known.code)
    }
}

/// A code with its texts for docs/errors.md.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The code itself.
    pub code: Code,
    /// When it is sent, and what is in `extensions` besides. Lines begin with a space.
    pub cause: &'static str,
    /// What a client does about it.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($(#[doc = $cause:literal])+ $name:ident: $remedy:literal;)+) => {
        $(
            $(#[doc = $cause])+
            pub const $name: Code = Code(stringify!($name));
        )+

        /// Every code, in the order of docs/errors.md.
        pub const ALL: &[Known] = &[$(Known {
            code: $name,
            cause: concat!($($cause),+),
            remedy: $remedy,
        }),+];
    };
}

codes! {
    /// The request has no key or access token, or it is wrong, revoked or expired.
    UNAUTHENTICATED: "Send a key that works, as `Authorization: Bearer …`. Don't repeat the request: an address that sends many wrong keys is refused for a while.";
    /// The key's role may not use this field. `extensions.roles` and the message name the roles
    /// that may. Or the role may, but an access token was sent and only keys may. With status 403,
    /// the key doesn't work from the address of the request.
    FORBIDDEN: "Use a key with one of these roles, or from one of its `allowedAddresses`.";
    /// The object doesn't exist, or isn't visible to this key: the two look the same.
    /// `extensions.field` is the path to the argument that names it.
    NOT_FOUND: "Check the id, and that the object belongs to the key's account.";
    /// The value of an argument or variable can't be used. `extensions.field` is the path to it.
    /// If several can't be used, `extensions.all` lists each with its path and message.
    BAD_USER_INPUT: "Correct the value; the message says what would be right.";
    /// Too many requests, connections or uploads: of the key, of the account, of the address, or of
    /// the whole server.
    RATE_LIMITED: "Wait as long as `Retry-After` says, or a second, and repeat the request.";
    /// The server is stopping, its database can't be reached, or the answer took too long. Whether
    /// a mutation took effect may be unknown; the message says so.
    UNAVAILABLE: "Wait a second and repeat the request. A mutation is repeated with the same `idempotencyKey`, and then takes effect once; if it has none, look first whether it took effect.";
    /// A fault of the server. Its cause is only in the server's log, and `extensions.requestId`
    /// finds it there.
    INTERNAL_SERVER_ERROR: "Report it to the operator of the server, with the `requestId`.";
    /// The answer has more than 50 errors. This one replaces those beyond the 49th, and its message
    /// says how many they are.
    ERRORS_LEFT_OUT: "Correct the errors that are listed, and repeat the request.";

    /// The document isn't GraphQL.
    GRAPHQL_PARSE_FAILED: "Correct the syntax at `locations`.";
    /// The document doesn't fit the schema, or exceeds a limit that the message names.
    GRAPHQL_VALIDATION_FAILED: "Correct the document; [schema.graphql](../schema.graphql) has every field.";
    /// The document has more bytes or tokens than are read; the message names the limit.
    DOCUMENT_TOO_LARGE: "Send values as variables, or split the document into several requests.";
    /// The answer would be larger than one request may get; the message names the limit.
    OUTPUT_TOO_LARGE: "Ask for smaller pages, fewer ids or fewer fields ([the cost of an operation](api.md#the-cost-of-an-operation)).";
    /// The request reached its time limit and was ended.
    TIMED_OUT: "Ask for smaller pages, fewer ids or fewer fields.";
    /// `operationName` names no operation of the document, or is missing although the document has
    /// several.
    OPERATION_RESOLUTION_FAILURE: "Send the name of one of the document's operations.";

    /// The server knows no document by this hash.
    PERSISTED_QUERY_NOT_FOUND: "Send the document with the hash, once. Apollo's clients do this automatically.";
    /// The hash isn't the SHA-256 of the document beside it.
    PERSISTED_QUERY_HASH_MISMATCH: "Compute the hash from the document as it is sent, to the byte.";
    /// The server or the API key runs trusted documents only, and none of them has this id.
    PERSISTED_QUERY_NOT_IN_LIST: "Give the server the file of the front end's present build ([persisted documents](api.md#persisted-documents)).";
    /// The server or the API key runs trusted documents only, and this is none of them.
    QUERY_NOT_IN_SAFELIST: "Add the document to the file of trusted documents, or send it as it is there, to the byte.";

    /// The request isn't one of GraphQL over HTTP: its JSON, form or URL can't be read.
    BAD_REQUEST: "Correct the request; the message says what can't be read.";
    /// The body is a list of requests.
    BATCHING_NOT_SUPPORTED: "Send each operation as a request of its own, or select the fields in one document.";
    /// A form without the header `GraphQL-Require-Preflight`, so that any site's page could have
    /// sent it.
    PREFLIGHT_REQUIRED: "Send the header with any value ([uploads](api.md#uploads)).";
    /// A subscription in a request whose answer is a single response.
    SUBSCRIPTION_NOT_SUPPORTED: "Send `Accept: text/event-stream`, or subscribe over a WebSocket ([transports](api.md#transports)).";
    /// The HTTP method is neither GET nor POST, or is GET for a mutation.
    METHOD_NOT_ALLOWED: "Use a method of the header `Allow`.";
    /// `Accept` names no media type in which the server answers.
    NOT_ACCEPTABLE: "Accept `application/graphql-response+json`, `application/json` or `text/event-stream`.";
    /// The body is neither JSON in UTF-8 nor a form.
    UNSUPPORTED_MEDIA_TYPE: "Send `application/json`, or `multipart/form-data` to upload files.";
    /// The body, a file or a part of the form has more bytes than are read; the message names the
    /// limit.
    PAYLOAD_TOO_LARGE: "Send less: use ids instead of lists of values, or split a file.";
    /// The body arrived too slowly, or stopped arriving.
    REQUEST_TIMEOUT: "Send the request again, over a better connection if it happens again.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALL, Code, FORBIDDEN};

    #[test]
    fn codes_are_found_by_name() {
        assert_eq!(Code::find("FORBIDDEN"), Some(FORBIDDEN));
        assert_eq!(Code::find("forbidden"), None);
        let names: BTreeSet<&str> = ALL.iter().map(|known| known.code.name()).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
