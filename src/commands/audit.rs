//! The commands for auditors: verifying the books, and exporting the heads of their chains.
//!
//! Here: what they print, and their exit codes. Both only read. Not here: their options
//! ([`crate::config::audit`]), what is verified ([`crate::ledger::verify`]), and the file of heads
//! ([`crate::ledger::heads::file`]).

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

use super::{Failure, many, print};
use crate::{
    clock::Clock,
    config::audit::{HeadsArgs, VerifyArgs},
    ledger::{
        heads::{
            self, HeadsError,
            file::{Heads, PublicKey, SigningKey, Writer},
        },
        verify::{self, Progress, Verified},
    },
    store::sql::{read_only::ReadOnly, reader::Reader},
};

/// Verifies the books, and prints what differs. Exit code 1 if anything does.
///
/// # Errors
/// A database or a file of heads that can't be used.
pub(super) async fn verify(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let key = args
        .public_key
        .as_deref()
        .map(PublicKey::read)
        .transpose()?;
    let heads = match &args.against {
        None => None,
        Some(file) => Some(recorded(file, key.as_ref())?),
    };
    let database = ReadOnly::open(&args.database.database_url).await?;
    let against = heads
        .as_ref()
        .map(|heads| (heads.accounts.len() as u64, heads.at));
    let tell = |progress: &Progress| {
        let (accounts, transactions) = (progress.accounts(), progress.transactions());
        note(&format!(
            "{accounts} accounts, {transactions} transactions so far"
        ));
    };
    let verified = verify::verify(database.reader(), heads, tell).await?;
    database.close().await?;
    if verified.accounts == 0 && verified.drifts.is_empty() {
        return Err(
            "the database has no accounts, so there is nothing to verify; check the database's URL"
                .into(),
        );
    }
    if let Some((accounts, at)) = against {
        print(&format!(
            "Compared with {} as of {at}.\n",
            heads_of(accounts)
        ))?;
    }
    report(&verified)
}

/// Reads the heads to compare with.
fn recorded(file: &Path, key: Option<&PublicKey>) -> Result<Heads, Failure> {
    let heads = Heads::read(file, key)
        .map_err(|cause| format!("the heads in {} can't be used: {cause}", file.display()))?;
    if heads.is_signed && key.is_none() {
        note("The signature of the heads isn't checked: give --public-key to check it.");
    }
    Ok(heads)
}

fn report(verified: &Verified) -> Result<ExitCode, Failure> {
    for drift in &verified.drifts {
        print(&format!("{drift}\n"))?;
    }
    let counted = counted(verified);
    if verified.drifts.is_empty() {
        print(&format!(
            "{counted}: all balances and hash chains are correct.\n"
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    if verified.left_out > 0 {
        print(&format!("… and {} more\n", verified.left_out))?;
    }
    let found = verified
        .left_out
        .saturating_add(verified.drifts.len() as u64);
    let differences = many(found, "difference");
    print(&format!("{counted}: {differences}.\n"))?;
    Ok(ExitCode::FAILURE)
}

fn heads_of(accounts: u64) -> String {
    let heads = if accounts == 1 { "head" } else { "heads" };
    format!("the {heads} of {}", many(accounts, "account"))
}

/// How much was verified, and how far the history goes.
fn counted(verified: &Verified) -> String {
    let accounts = many(verified.accounts, "account");
    let transactions = many(verified.transactions, "transaction");
    match verified.last_at {
        Some(at) => format!("{accounts}, {transactions}, the last one at {at}"),
        None => format!("{accounts}, {transactions}"),
    }
}

/// Exports the head of every account's chain.
///
/// # Errors
/// A database or a key that can't be used, a file that exists already, and books whose head isn't
/// their last transaction.
pub(super) async fn heads(args: &HeadsArgs) -> Result<ExitCode, Failure> {
    let key = args
        .signing_key
        .as_deref()
        .map(SigningKey::read)
        .transpose()?;
    let database = ReadOnly::open(&args.database.database_url).await?;
    let accounts = match &args.out {
        None => {
            let out = BufWriter::new(io::stdout());
            let (_, accounts) = export(database.reader(), out, key.as_ref()).await?;
            accounts
        }
        Some(file) => to_file(database.reader(), file, key.as_ref()).await?,
    };
    database.close().await?;
    let signed = match key {
        Some(_) => "signed",
        None => "not signed: give --signing-key to sign them",
    };
    note(&format!("Exported {}, {signed}.", heads_of(accounts)));
    Ok(ExitCode::SUCCESS)
}

/// Writes the heads into a new file, which appears once it is whole.
async fn to_file(reader: &Reader, file: &Path, key: Option<&SigningKey>) -> Result<u64, Failure> {
    let said = |cause: io::Error| format!("{} can't be written: {cause}", file.display());
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(said)?;
    let (out, accounts) = export(reader, BufWriter::new(temporary), key).await?;
    let temporary = out.into_inner().map_err(|cause| said(cause.into_error()))?;
    temporary.as_file().sync_all().map_err(said)?;
    // An export never replaces another one, which may be all that proves an older history.
    temporary
        .persist_noclobber(file)
        .map_err(|cause| said(cause.error))?;
    Ok(accounts)
}

async fn export<W: Write>(
    reader: &Reader,
    out: W,
    key: Option<&SigningKey>,
) -> Result<(W, u64), HeadsError> {
    let mut writer = Writer::new(out, Clock::system().now())?;
    let accounts = heads::read(reader, |head| writer.add(head)).await?;
    Ok((writer.end(key)?, accounts))
}

/// Writes a line to standard error, which may be closed: the work continues.
fn note(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
