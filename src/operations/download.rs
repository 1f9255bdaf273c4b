//! Download links: the file of a report or a statement at an address that needs no header, for 15
//! minutes, or less if it is asked for with a token that ends earlier.
//!
//! A link carries the signed parameters of its file and the key that made it; nothing is stored for
//! it. It stops working with that key. Here: making links and opening them. Not here: the
//! parameters ([`usage`], [`statement`], [`rejections`], [`export`]), and sending the file
//! ([`crate::http`]).

mod actors;
mod content;
mod export;
mod rejections;
mod statement;
mod usage;

pub use content::{Content, Figures, Names};
pub use export::ExportFormat;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::id::{AccountId, ApiKeyId};
use entity::{account, contact_import};
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use self::{
    actors::seen_actors, export::ExportClaims, rejections::RejectionClaims,
    statement::StatementClaims, usage::UsageClaims,
};
use super::{
    OperationError, Services, Viewer,
    access_token::Token,
    policy::may_read,
    report_source::{ReportSnapshot, Try},
    server_secret::Purpose,
    statement::Statement,
    usage_report::UsageReport,
};
use crate::{
    clock::whole_micros,
    reports::{
        csv::{Delimiter, Dialect},
        export::ExportFile,
        messages::MessageReader,
        rejections::RejectionsFile,
        statement::StatementFile,
    },
    store::{
        self,
        sql::bulk::{Pinned, PinnedReads},
    },
};

/// How long a link works.
pub const VALIDITY: SignedDuration = SignedDuration::from_mins(15);
/// The most by which the clocks of an installation's processes may differ: a link that one process
/// just made must work at the others.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(1);
/// The most characters of an account's name in a file name.
const MAX_SLUG_CHARS: usize = 60;

/// The format of a report's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// An Excel workbook.
    Xlsx,
    /// Comma-separated values.
    Csv,
}

/// A link to a report's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadLink {
    /// The address of the file.
    pub url: Url,
    /// The name of the file.
    pub file_name: String,
    /// The instant from which the link no longer works.
    pub expires_at: Timestamp,
}

/// A file that is about to be sent.
#[derive(Debug)]
pub enum Download {
    /// A usage report.
    Report {
        /// The content beside the messages, by format.
        content: Content,
        /// The messages, from the same snapshot as the figures (law T4).
        messages: Box<MessageReader>,
    },
    /// A statement, an Excel workbook.
    Statement(Box<StatementFile>),
    /// The rows that an import rejected, in a format, with the delimiter of a CSV file.
    Rejections(RejectionsFile, Format, Delimiter),
    /// All rows of a list.
    Export(Box<ExportFile>, ExportFormat),
}

/// A link that this server made and that works.
#[derive(Debug)]
pub struct Link(Claims);

impl Link {
    /// The account whose file it opens.
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId::new(self.0.account)
    }
}

/// Why a link doesn't open.
#[derive(Debug)]
pub enum DownloadError {
    /// This server didn't make the link, or it was changed.
    NotFound,
    /// The link has expired.
    Expired,
    /// The key that made the link no longer works.
    Revoked,
    /// The report can't be read.
    Failed(OperationError),
}

impl<E: Into<OperationError>> From<E> for DownloadError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The signed content of a link: whose file it is, what is in it, and its expiry.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The key that made the link. `None` for the server's own admin key, whose hash is part of the
    /// signature.
    key: Option<Uuid>,
    account: Uuid,
    #[serde(flatten)]
    file: FileClaims,
    /// Microseconds since the epoch.
    expires_at: i64,
}

/// What is in a link's file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum FileClaims {
    Usage(UsageClaims),
    Statement(StatementClaims),
    Rejections(RejectionClaims),
    Export(ExportClaims),
}

impl Services {
    /// Makes a link to a report's file.
    pub async fn download_link(
        &self,
        viewer: &Viewer,
        report: &UsageReport,
        format: Format,
        dialect: Dialect,
    ) -> Result<DownloadLink, OperationError> {
        let file_name = usage::file_name(report, format);
        let claims = UsageClaims::new(report, (format, dialect), viewer.role)?;
        let account = report.filter.account;
        self.signed_link(viewer, account, FileClaims::Usage(claims), file_name)
            .await
    }

    /// Makes a link to a statement's file.
    pub async fn statement_link(
        &self,
        viewer: &Viewer,
        statement: &Statement,
    ) -> Result<DownloadLink, OperationError> {
        let file_name = statement::file_name(statement);
        let account = AccountId::new(statement.account.id);
        let claims = FileClaims::Statement(StatementClaims::new(statement));
        self.signed_link(viewer, account, claims, file_name).await
    }

    /// Makes a link to the file of the rows that an import rejected.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read them.
    pub async fn rejections_link(
        &self,
        viewer: &Viewer,
        import: &contact_import::Model,
        format: Format,
        delimiter: Delimiter,
    ) -> Result<DownloadLink, OperationError> {
        may_read(viewer, "ContactImport", "rejected")?;
        let file_name = rejections::file_name(import, format);
        let account = AccountId::new(import.account_id);
        let claims = FileClaims::Rejections(RejectionClaims::new(import, format, delimiter));
        self.signed_link(viewer, account, claims, file_name).await
    }

    async fn signed_link(
        &self,
        viewer: &Viewer,
        account: AccountId,
        file: FileClaims,
        file_name: String,
    ) -> Result<DownloadLink, OperationError> {
        let expires_at = self
            .clock()
            .now()
            .checked_add(VALIDITY)
            .map_err(|_| OperationError::broken("the clock is at its end"))?;
        // A link opens what its token does, and must not outlive it.
        let token_ends = viewer.token.as_ref().map(Token::refused_from);
        let expires_at = token_ends.map_or(expires_at, |end| end.min(expires_at));
        let claims = Claims {
            key: viewer.key.map(ApiKeyId::uuid),
            account: account.uuid(),
            file,
            expires_at: expires_at.as_microsecond(),
        };
        let by_admin = claims.key.is_none();
        let claims = serde_json::to_vec(&claims)
            .map_err(|cause| OperationError::broken(format!("a link has no JSON form: {cause}")))?;
        let signature = self.signature(&claims, &file_name, by_admin).await?;
        let signature = signature.finalize();
        let token = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(&claims),
            BASE64_URL_SAFE_NO_PAD.encode(signature.into_bytes())
        );
        let mut url = self.public_url().clone();
        url.path_segments_mut()
            .map_err(|()| OperationError::broken("the public URL can't have a path"))?
            .pop_if_empty()
            .extend(["downloads", &token, &file_name]);
        Ok(DownloadLink {
            url,
            file_name,
            expires_at,
        })
    }

    /// Checks a link and its key.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`], [`DownloadError::Expired`] or [`DownloadError::Revoked`].
    pub async fn read_link(&self, token: &str, file_name: &str) -> Result<Link, DownloadError> {
        let claims = self.claims(token, file_name).await?;
        let (now, expires_at) = (self.clock().now(), whole_micros(claims.expires_at));
        if now >= expires_at {
            return Err(DownloadError::Expired);
        }
        // No link is made to last longer, so a later expiry is refused even with a valid signature.
        let longest = now.saturating_add(VALIDITY + CLOCKS_DIFFER);
        if longest.is_ok_and(|longest| expires_at > longest) {
            return Err(DownloadError::NotFound);
        }
        if let Some(key) = claims.key
            && !self.key_works(ApiKeyId::new(key)).await?
        {
            return Err(DownloadError::Revoked);
        }
        Ok(Link(claims))
    }

    /// Opens a link: begins the snapshot that a report shows, and begins to read its figures; reads
    /// a statement.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`] if the account is gone. A refusal if the period has costs in
    /// several currencies.
    pub async fn open_download(&self, Link(claims): Link) -> Result<Download, DownloadError> {
        let account = AccountId::new(claims.account);
        let now = self.clock().now();
        let claims = match claims.file {
            FileClaims::Usage(claims) => claims,
            FileClaims::Statement(claims) => {
                let account = store::account::find(self.store().reader(), account).await?;
                let account = account.ok_or(DownloadError::NotFound)?;
                let file = self.statement_file(&account, &claims).await?;
                return Ok(Download::Statement(Box::new(file)));
            }
            FileClaims::Rejections(claims) => {
                let file = self.rejections_file(account, &claims).await?;
                let file = file.ok_or(DownloadError::NotFound)?;
                return Ok(Download::Rejections(file, claims.format, claims.delimiter));
            }
            FileClaims::Export(claims) => {
                let format = claims.format;
                let file = self.export_file(account, claims).await?;
                return Ok(Download::Export(Box::new(file), format));
            }
        };
        let (source, pinned, account) = self.pinned_account(account).await?;
        let (snapshot, as_of) = (source.snapshot, source.as_of);
        let report = claims.report(account)?;
        let seen = seen_actors(&snapshot, report.filter.account, claims.role).await?;
        let messages = MessageReader::new(pinned, report.filter.clone(), seen);
        let content = match claims.format {
            Format::Xlsx => {
                let times = (now, as_of);
                Content::Workbook(content::workbook(snapshot, report, times).await?)
            }
            Format::Csv => {
                let names = content::names(&snapshot, &report.filter).await?;
                snapshot.rollback().await?;
                Content::Csv(report.time_zone, claims.dialect, names)
            }
        };
        Ok(Download::Report {
            content,
            messages: Box::new(messages),
        })
    }

    /// The snapshot of a file, with the account in it: a replica may not have a new account yet.
    async fn pinned_account(
        &self,
        account: AccountId,
    ) -> Result<(ReportSnapshot<PinnedReads>, Pinned, account::Model), DownloadError> {
        for which in [Try::Replica, Try::Primary] {
            let (source, pinned) = self.report_pin(which).await?;
            if let Some(account) = store::account::find(&source.snapshot, account).await? {
                return Ok((source, pinned, account));
            }
        }
        Err(DownloadError::NotFound)
    }

    async fn claims(&self, token: &str, file_name: &str) -> Result<Claims, DownloadError> {
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let (claims, signature) = token
            .split_once('.')
            .and_then(|(claims, signature)| Some((decode(claims)?, decode(signature)?)))
            .ok_or(DownloadError::NotFound)?;
        let mut admin = None;
        // Both comparisons take the same time, whatever differs.
        for by_admin in [false, true] {
            let signer = self.signature(&claims, file_name, by_admin).await?;
            if signer.verify_slice(&signature).is_ok() {
                admin = Some(by_admin);
            }
        }
        let admin = admin.ok_or(DownloadError::NotFound)?;
        // An earlier version may have signed other claims.
        let claims: Claims =
            serde_json::from_slice(&claims).map_err(|_| DownloadError::NotFound)?;
        if claims.key.is_none() != admin {
            return Err(DownloadError::NotFound);
        }
        Ok(claims)
    }

    /// The MAC of a link's claims and its file name. For the admin key it includes that key's hash,
    /// so links stop working when the key changes.
    async fn signature(
        &self,
        claims: &[u8],
        file_name: &str,
        by_admin: bool,
    ) -> Result<Hmac<Sha256>, OperationError> {
        let mut signature = self.signer(Purpose::Downloads).await?;
        for part in [claims, file_name.as_bytes()] {
            signature.update(&(part.len() as u64).to_be_bytes());
            signature.update(part);
        }
        if by_admin {
            signature.update(b"admin");
            signature.update(
                self.admin_key_hash()
                    .copied()
                    .unwrap_or_default()
                    .as_slice(),
            );
        }
        Ok(signature)
    }
}

/// A name's letters and digits in lower case, with a hyphen for everything in between.
fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    let slug: String = slug.chars().take(MAX_SLUG_CHARS).collect();
    match slug.trim_end_matches('-') {
        "" => "account".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_is_fit_for_a_file_name() {
        let check = |name: &str, expected: &str| assert_eq!(slug(name), expected, "{name:?}");
        check("Bottega & Figli S.r.l.", "bottega-figli-s-r-l");
        check("Caffè Größe 北京", "caffè-größe-北京");
        check("../../etc/passwd", "etc-passwd");
        check("\"; rm -rf", "rm-rf");
        check("🎉", "account");
        check(&"x".repeat(200), &"x".repeat(60));
        check(&format!("{} y", "x".repeat(59)), &"x".repeat(59));
    }
}
