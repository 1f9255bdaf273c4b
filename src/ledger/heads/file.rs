//! The file of heads, which an auditor keeps apart from the database.
//!
//! Here: writing it, signing it, and reading it back. Not here: reading heads from the database
//! (the parent).
//!
//! It has one JSON object on each line: when the heads were read, then one account on a line, and
//! at the end the number of accounts, the SHA-256 of all lines before, and the Ed25519 signature of
//! that digest's 64 hexadecimal digits. So openssl alone can check it, and a file of any length is
//! written and read in constant memory.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::id::AccountId;
use jiff::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use type_safe_id::{DynamicType, TypeSafeId};

use super::{Head, HeadsError, hex};
use crate::ledger::fault::public_id;

/// The version of the file's form.
const FORM: u32 = 1;
/// What comes before the 32 bytes of a public key in the form of openssl (RFC 8410).
const PUBLIC_KEY_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// The longest line: several times what the longest head takes.
const MAX_LINE_BYTES: u64 = 1_024;

/// Heads that were recorded.
#[derive(Debug, Clone)]
pub struct Heads {
    /// When they were read.
    pub at: Timestamp,
    /// The head of each account.
    pub accounts: BTreeMap<AccountId, Head>,
    /// Whether the file has a signature, checked or not.
    pub is_signed: bool,
}

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read, or isn't in PEM.
    #[error("{}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: String,
    },
    /// It is another kind of key.
    #[error(
        "{}: not an Ed25519 key; make one with `openssl genpkey -algorithm ed25519 -out heads.key` \
         and its public half with `openssl pkey -in heads.key -pubout -out heads.pub`", .0.display()
    )]
    Kind(PathBuf),
}

/// Why a file of heads is refused.
#[derive(Debug, thiserror::Error)]
pub enum HeadsFileError {
    /// The file can't be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A line isn't what it should be.
    #[error("line {0} isn't one of a file of heads")]
    Line(usize),
    /// The file is of another version.
    #[error("the file has form {0}, and this program reads form {FORM}")]
    Form(u32),
    /// The file ends early.
    #[error("the file was cut off: its last line is missing")]
    CutOff,
    /// The lines aren't those that were written.
    #[error("the file was changed: its lines don't have the digest that its last line names")]
    Changed,
    /// The file has no signature to check.
    #[error("the file isn't signed, so the public key can't check it")]
    Unsigned,
    /// The signature is by another key, or of other lines.
    #[error("the file was changed, or signed with another key: its signature doesn't match")]
    Signature,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    heads: u32,
    at: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    account: String,
    transactions: i64,
    hash: String,
    at: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    accounts: u64,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

/// The key that signs heads.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads a key in PEM (PKCS #8), as openssl writes it.
    ///
    /// # Errors
    /// If the file can't be read, or has another key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let key = PrivatePkcs8KeyDer::from_pem_file(path).map_err(unreadable(path))?;
        // openssl leaves the public half out, so there is nothing to compare it with.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der())
            .map(Self)
            .map_err(|_| KeyError::Kind(path.to_owned()))
    }
}

/// The key that checks signatures.
#[derive(Debug)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads a key in PEM, as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// If the file can't be read, or has another key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let key = SubjectPublicKeyInfoDer::from_pem_file(path).map_err(unreadable(path))?;
        let key = key.as_ref().strip_prefix(&PUBLIC_KEY_PREFIX);
        key.map(|key| Self(key.to_vec()))
            .ok_or_else(|| KeyError::Kind(path.to_owned()))
    }

    fn fits(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(text, signature).is_ok()
    }
}

fn unreadable(path: &Path) -> impl FnOnce(rustls::pki_types::pem::Error) -> KeyError {
    let path = path.to_owned();
    |cause| KeyError::Unreadable {
        path,
        cause: cause.to_string(),
    }
}

/// Writes a file of heads, line by line.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    digest: Sha256,
    accounts: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file of heads that are read at an instant.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(out: W, at: Timestamp) -> Result<Self, HeadsError> {
        let mut writer = Self {
            out,
            digest: Sha256::new(),
            accounts: 0,
        };
        writer.line(&First {
            heads: FORM,
            at: at.to_string(),
        })?;
        Ok(writer)
    }

    /// Adds an account.
    ///
    /// # Errors
    /// Those of the output.
    pub fn add(&mut self, head: &Head) -> Result<(), HeadsError> {
        self.accounts += 1;
        self.line(&Line {
            account: public_id(head.account).to_string(),
            transactions: head.transactions,
            hash: hex(&head.hash),
            at: head.at.map(|at| at.to_string()),
        })
    }

    /// Ends the file, with a signature if there is a key. Returns the output.
    ///
    /// # Errors
    /// Those of the output.
    pub fn end(mut self, key: Option<&SigningKey>) -> Result<W, HeadsError> {
        let sha256 = hex(&self.digest.finalize_reset());
        let signature = key.map(|key| BASE64_STANDARD.encode(key.0.sign(sha256.as_bytes())));
        let accounts = self.accounts;
        self.line(&Last {
            accounts,
            sha256,
            signature,
        })?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), HeadsError> {
        let mut text = serde_json::to_vec(line).map_err(io::Error::from)?;
        text.push(b'\n');
        self.digest.update(&text);
        Ok(self.out.write_all(&text)?)
    }
}

impl Heads {
    /// Reads a file of heads, and checks its signature if there is a key.
    ///
    /// # Errors
    /// If the file can't be read, isn't whole, was changed, or its signature doesn't match.
    pub fn read(path: &Path, key: Option<&PublicKey>) -> Result<Self, HeadsFileError> {
        Self::read_from(BufReader::new(File::open(path)?), key)
    }

    fn read_from(mut file: impl BufRead, key: Option<&PublicKey>) -> Result<Self, HeadsFileError> {
        let mut digest = Sha256::new();
        let mut text = Vec::new();
        let first = match next(&mut file, &mut text, 1)? {
            Some(first) => first,
            None => return Err(HeadsFileError::CutOff),
        };
        let First { heads, at } = parsed(first, 1)?;
        if heads != FORM {
            return Err(HeadsFileError::Form(heads));
        }
        let at = at.parse().map_err(|_| HeadsFileError::Line(1))?;
        digest.update(&text);
        let mut accounts = BTreeMap::new();
        let mut number = 1;
        let last: Last = loop {
            number += 1;
            let Some(line) = next(&mut file, &mut text, number)? else {
                return Err(HeadsFileError::CutOff);
            };
            if let Ok(last) = serde_json::from_slice(line) {
                break last;
            }
            let head = head(&parsed(line, number)?).ok_or(HeadsFileError::Line(number))?;
            accounts.insert(head.account, head);
            digest.update(&text);
        };
        if next(&mut file, &mut text, number + 1)?.is_some() {
            return Err(HeadsFileError::Line(number + 1));
        }
        let digest = hex(&digest.finalize());
        if digest != last.sha256 || accounts.len() as u64 != last.accounts {
            return Err(HeadsFileError::Changed);
        }
        if let Some(key) = key {
            let signature = last.signature.as_deref().ok_or(HeadsFileError::Unsigned)?;
            let signature = BASE64_STANDARD
                .decode(signature)
                .map_err(|_| HeadsFileError::Signature)?;
            if !key.fits(digest.as_bytes(), &signature) {
                return Err(HeadsFileError::Signature);
            }
        }
        Ok(Self {
            at,
            accounts,
            is_signed: last.signature.is_some(),
        })
    }
}

/// Reads the next line into `text`, with its end. Returns `None` at the end of the file.
fn next<'a>(
    file: &mut impl BufRead,
    text: &'a mut Vec<u8>,
    number: usize,
) -> Result<Option<&'a [u8]>, HeadsFileError> {
    text.clear();
    let mut bounded = io::Read::take(file, MAX_LINE_BYTES);
    if bounded.read_until(b'\n', text)? == 0 {
        return Ok(None);
    }
    match text.strip_suffix(b"\n") {
        Some(line) => Ok(Some(line)),
        None if text.len() as u64 == MAX_LINE_BYTES => Err(HeadsFileError::Line(number)),
        None => Err(HeadsFileError::CutOff),
    }
}

fn parsed<'a, T: Deserialize<'a>>(line: &'a [u8], number: usize) -> Result<T, HeadsFileError> {
    serde_json::from_slice(line).map_err(|_| HeadsFileError::Line(number))
}

fn head(line: &Line) -> Option<Head> {
    let id: TypeSafeId<DynamicType> = line.account.parse().ok()?;
    let is_account = id.type_prefix() == AccountId::PREFIX && line.transactions >= 0;
    is_account.then_some(())?;
    Some(Head {
        account: AccountId::new(id.uuid()),
        transactions: line.transactions,
        hash: bytes(&line.hash)?,
        at: line.at.as_deref().map(str::parse).transpose().ok()?,
    })
}

fn bytes<const LENGTH: usize>(hex: &str) -> Option<[u8; LENGTH]> {
    let digits = hex.as_bytes();
    if digits.len() != LENGTH * 2 {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
