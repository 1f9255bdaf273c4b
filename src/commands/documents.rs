//! The trusted documents of a server.
//!
//! Here: reading them at the start. Not here: the options ([`crate::config::documents`]).

use crate::{
    config::documents::{DocumentArgs, Documents},
    graphql::engine::{
        limits::Limits,
        persisted::{ManifestError, Trusted, read},
    },
};

/// Why the documents can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentsError {
    /// Nothing could be run.
    #[error(
        "--documents trusted (DOCUMENTS) runs trusted documents only, and there are none: name their file with \
         --trusted-documents (TRUSTED_DOCUMENTS)"
    )]
    NoFile,
    /// The file can't be used.
    #[error("--trusted-documents (TRUSTED_DOCUMENTS): {0}")]
    File(#[from] ManifestError),
}

/// Reads the trusted documents.
///
/// # Errors
/// Only trusted documents are accepted and there is no file, or the file can't be used.
pub(super) fn trusted(args: &DocumentArgs) -> Result<Trusted, DocumentsError> {
    let only = args.documents == Documents::Trusted;
    match &args.trusted_documents {
        None if only => Err(DocumentsError::NoFile),
        None => Ok(Trusted::default()),
        Some(path) => Ok(Trusted::new(read(path, &Limits::default())?, only)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::config::Cli;

    #[test]
    fn trusted_documents_alone_need_a_file() {
        let trusted = |words: &[&str]| {
            let cli = Cli::parse_from(["message-credits"].iter().chain(words));
            super::trusted(&cli.serve.documents)
        };
        assert_eq!(trusted(&[]).unwrap().documents().count(), 0);
        let error = trusted(&["--documents", "trusted"]).unwrap_err();
        assert!(error.to_string().contains("--trusted-documents"), "{error}");
        let missing = ["--documents=any", "--trusted-documents=/nowhere.json"];
        let error = trusted(&missing).unwrap_err();
        assert!(error.to_string().contains("/nowhere.json"), "{error}");
    }
}
