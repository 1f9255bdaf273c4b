//! The file of trusted documents, as code generators write it.
//!
//! Here: its forms. graphql-codegen (`persisted-documents.json`) and Relay (`persistConfig.file`)
//! write an object of documents by id; Apollo's generate-persisted-query-manifest writes a list of
//! operations. Not here: what the documents are for ([`super`]).

use std::{collections::HashMap, fs, io, path::Path, sync::Arc};

use serde::Deserialize;

use crate::graphql::engine::{documents, limits::Limits};

/// The longest file: some ten thousand documents.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file can't be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's reason.
        cause: io::Error,
    },
    /// The file is too long.
    #[error("{path}: it has more than 64 MiB")]
    TooLong {
        /// The file.
        path: String,
    },
    /// The file is in no known form.
    #[error(
        "{path}: it is no JSON object of documents by id, as graphql-codegen and Relay write it, and \
         no manifest of Apollo: {cause}"
    )]
    Form {
        /// The file.
        path: String,
        /// The parser's reason.
        cause: serde_json::Error,
    },
    /// A document can't be served.
    #[error("{path}: the document {id} can't be served: {reason}")]
    Document {
        /// The file.
        path: String,
        /// The document's id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The forms of a file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    Apollo { operations: Vec<Operation> },
    ById(HashMap<Box<str>, Box<str>>),
}

/// An operation in a manifest of Apollo.
#[derive(Deserialize)]
struct Operation {
    id: Box<str>,
    body: Box<str>,
}

/// Reads a file of trusted documents, and checks each of them against the limits of documents.
///
/// # Errors
/// The file can't be read, has an unknown form, or holds a document that can't be served.
pub fn read(path: &Path, limits: &Limits) -> Result<HashMap<Box<str>, Arc<str>>, ManifestError> {
    let shown = || path.display().to_string();
    let unreadable = |cause| ManifestError::Unreadable {
        path: shown(),
        cause,
    };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(ManifestError::TooLong { path: shown() });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let manifest = serde_json::from_str(&text).map_err(|cause| ManifestError::Form {
        path: shown(),
        cause,
    })?;
    let documents: HashMap<Box<str>, Arc<str>> = match manifest {
        Manifest::ById(documents) => documents
            .into_iter()
            .map(|(id, text)| (id, text.into()))
            .collect(),
        Manifest::Apollo { operations } => operations
            .into_iter()
            .map(|operation| (operation.id, operation.body.into()))
            .collect(),
    };
    for (id, text) in &documents {
        documents::check(limits, text).map_err(|error| ManifestError::Document {
            path: shown(),
            id: id.to_string(),
            reason: error.message,
        })?;
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<HashMap<Box<str>, Arc<str>>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("documents.json");
        fs::write(&path, text).unwrap();
        read(&path, &Limits::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_files_of_code_generators_are_read() {
        let expected: HashMap<Box<str>, Arc<str>> =
            HashMap::from([("1".into(), "{ a }".into()), ("2".into(), "{ b }".into())]);
        for text in [
            r#"{ "1": "{ a }", "2": "{ b }" }"#,
            r#"{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
                { "id": "1", "name": "A", "type": "query", "body": "{ a }" },
                { "id": "2", "name": "B", "type": "query", "body": "{ b }" } ] }"#,
        ] {
            assert_eq!(read_text(text), Ok(expected.clone()));
        }
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        for (text, told) in [
            ("[]", "no JSON object"),
            ("{ \"1\": 2 }", "no JSON object"),
            ("no JSON", "no JSON object"),
            (
                "{ \"1\": \"{\" }",
                "the document 1 can't be served: Syntax error",
            ),
            ("{ \"1\": \"mutation { a a }\" }", "more than once"),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        let missing = read(Path::new("/nowhere/documents.json"), &Limits::default());
        assert!(missing.unwrap_err().to_string().starts_with("/nowhere/"));
    }
}
