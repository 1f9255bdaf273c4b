//! The options of the commands for auditors: verify and heads.
//!
//! Here: the options. Not here: the commands ([`crate::commands`]).

use std::path::PathBuf;

use clap::Args;

use super::DatabaseArgs;

/// What to verify.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The database. It is only read, and may be a replica, a copy or a read-only file.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// A file that `message-credits heads` wrote before: every account's history must still contain
    /// the head that it names.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// The Ed25519 public key, in PEM, that the file's signature must match.
    #[arg(long, value_name = "FILE", requires = "against")]
    pub public_key: Option<PathBuf>,
}

/// Where the heads go.
#[derive(Debug, Clone, Args)]
pub struct HeadsArgs {
    /// The database. It is only read, and may be a replica, a copy or a read-only file.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The file to write, which must not exist yet; standard output if left out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The Ed25519 key, in PEM (PKCS #8), that signs the heads, such as the output of `openssl
    /// genpkey -algorithm ed25519`. If left out, the heads aren't signed.
    #[arg(long, value_name = "FILE")]
    pub signing_key: Option<PathBuf>,
}
