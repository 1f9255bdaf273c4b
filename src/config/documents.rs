//! Which GraphQL documents are run, and how the schema is printed.
//!
//! Here: the options. Not here: reading the file, which the commands do, and what requests name its
//! documents by ([`crate::graphql::engine::persisted`]).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which documents are run.
#[derive(Debug, Clone, Default, Args)]
pub struct DocumentArgs {
    /// A JSON file of trusted GraphQL documents by id, as graphql-codegen, Relay and Apollo write it:
    /// requests may name a document by its id instead of sending it. At most 64 MiB; it is read at
    /// the start.
    #[arg(long, env = "TRUSTED_DOCUMENTS", value_name = "FILE")]
    pub trusted_documents: Option<PathBuf>,
    /// Which documents are run: any, or only those of --trusted-documents.
    #[arg(long, env = "DOCUMENTS", value_enum, default_value_t)]
    pub documents: Documents,
}

/// Which documents are run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Documents {
    /// Any document.
    #[default]
    Any,
    /// Trusted documents only.
    Trusted,
}

/// Options of `schema`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct SchemaArgs {
    /// Print the schema as a subgraph of Apollo Federation 2, for composing a gateway's schema.
    #[arg(long)]
    pub federation: bool,
}
