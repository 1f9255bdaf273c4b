//! Download links: a report's file at an address that needs no header, for 15 minutes.
//!
//! A link carries the signed parameters of its report and the key that made it; nothing is stored
//! for it. It stops working with that key. Here: making links and opening them. Not here: sending
//! the file ([`crate::http`]).

mod content;

pub use content::{Content, Figures, Names};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    calendar::{self, buckets},
    country::CountryCode,
    id::{AccountId, ApiKeyId, ListId},
};
use entity::sql_enums::Channel;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use super::{OperationError, Services, Viewer, server_secret::Purpose, usage_report::UsageReport};
use crate::{
    clock::whole_micros,
    reports::{csv::Dialect, messages::MessageReader, usage::Source},
    store::{self, usage::UsageFilter},
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
pub struct Download {
    /// The content beside the messages, by format.
    pub content: Content,
    /// The messages, from the same snapshot as the figures (law T4).
    pub messages: MessageReader,
}

/// A link that this server made and that works.
#[derive(Debug)]
pub struct Link(Claims);

impl Link {
    /// The account whose report it opens.
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

/// The signed content of a link: the parameters of the report, and its expiry.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The key that made the link. `None` for the server's own admin key, whose hash is part of the
    /// signature.
    key: Option<Uuid>,
    account: Uuid,
    /// Microseconds since the epoch.
    from: i64,
    /// Microseconds since the epoch.
    to: i64,
    #[serde(with = "Interval")]
    interval: buckets::Interval,
    zone: String,
    /// 16 bytes each, concatenated in base64: 1,000 lists must fit in a URL.
    lists: Option<String>,
    countries: Option<Vec<String>>,
    channel: Option<Channel>,
    format: Format,
    /// The dialect of a CSV file.
    #[serde(default)]
    dialect: Dialect,
    /// Microseconds since the epoch.
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "buckets::Interval")]
enum Interval {
    Hour,
    Day,
    Week,
    Month,
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
        let expires_at = self
            .clock
            .now()
            .checked_add(VALIDITY)
            .map_err(|_| OperationError::broken("the clock is at its end"))?;
        let file_name = file_name(report, format);
        let claims = Claims::new(viewer, report, (format, dialect), expires_at)?;
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
        let mut url = self.public_url.clone();
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
        let (now, expires_at) = (self.clock.now(), whole_micros(claims.expires_at));
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

    /// Opens a link: begins the snapshot that the file shows, and begins to read its figures.
    ///
    /// # Errors
    /// [`DownloadError::NotFound`] if the account is gone. A refusal if the period has costs in
    /// several currencies.
    pub async fn open_download(&self, Link(claims): Link) -> Result<Download, DownloadError> {
        let now = self.clock.now();
        let (snapshot, pinned) = self.store.pin().await?;
        let account = store::account::find(&snapshot, AccountId::new(claims.account)).await?;
        let report = claims.report(account.ok_or(DownloadError::NotFound)?)?;
        let messages = MessageReader::new(pinned, report.filter.clone());
        let content = match claims.format {
            Format::Xlsx => Content::Workbook(content::workbook(snapshot, report, now).await?),
            Format::Csv => {
                let names = content::names(&snapshot, &report.filter).await?;
                snapshot.rollback().await?;
                Content::Csv(report.time_zone, claims.dialect, names)
            }
        };
        Ok(Download { content, messages })
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
            signature.update(&self.admin_key_hash.unwrap_or_default());
        }
        Ok(signature)
    }
}

impl Claims {
    fn new(
        viewer: &Viewer,
        report: &UsageReport,
        (format, dialect): (Format, Dialect),
        expires_at: Timestamp,
    ) -> Result<Self, OperationError> {
        let filter = &report.filter;
        let zone = report.time_zone.iana_name();
        let lists = filter.lists.as_ref().map(|lists| {
            let bytes: Vec<u8> = lists
                .iter()
                .flat_map(|list| list.uuid().into_bytes())
                .collect();
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        });
        Ok(Self {
            key: viewer.key.map(ApiKeyId::uuid),
            account: filter.account.uuid(),
            from: filter.from.as_microsecond(),
            to: filter.to.as_microsecond(),
            interval: report.interval,
            // Zones are read by name, so every zone has one.
            zone: zone
                .ok_or_else(|| OperationError::broken("a report's zone has no name"))?
                .to_owned(),
            lists,
            countries: filter
                .countries
                .as_ref()
                .map(|codes| codes.iter().map(CountryCode::to_string).collect()),
            channel: filter.channel,
            format,
            dialect,
            expires_at: expires_at.as_microsecond(),
        })
    }

    /// The report that the link was made for. The account's name may have changed since.
    fn report(&self, account: entity::account::Model) -> Result<UsageReport, OperationError> {
        let unlike = || OperationError::broken("a signed link says what no link says");
        let zone = calendar::parse_time_zone(&self.zone).map_err(|_| unlike())?;
        let (from, to) = (whole_micros(self.from), whole_micros(self.to));
        let lists = self.lists.as_ref().map(|lists| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(lists).ok()?;
            let (ids, rest) = bytes.as_chunks::<16>();
            rest.is_empty().then(|| {
                ids.iter()
                    .map(|id| ListId::new(Uuid::from_bytes(*id)))
                    .collect()
            })
        });
        let countries = self.countries.as_ref().map(|codes| {
            let codes = codes.iter().map(|code| code.parse().ok());
            codes.collect::<Option<Vec<CountryCode>>>()
        });
        Ok(UsageReport {
            filter: UsageFilter {
                account: AccountId::new(account.id),
                from,
                to,
                lists: lists.map(|lists| lists.ok_or_else(unlike)).transpose()?,
                countries: countries
                    .map(|codes| codes.ok_or_else(unlike))
                    .transpose()?,
                channel: self.channel,
            },
            account,
            interval: self.interval,
            buckets: buckets::buckets(from, to, self.interval, &zone).map_err(|_| unlike())?,
            time_zone: zone,
            source: Source::Days,
        })
    }
}

/// `usage-<account>-2026-10-01-2026-11-01.xlsx`: the account, and the days in the report's zone on
/// which the period begins and ends.
fn file_name(report: &UsageReport, format: Format) -> String {
    let day = |instant| calendar::date_of(instant, &report.time_zone);
    let extension = match format {
        Format::Xlsx => "xlsx",
        Format::Csv => "csv",
    };
    format!(
        "usage-{}-{}-{}.{extension}",
        slug(&report.account.name),
        day(report.filter.from),
        day(report.filter.to)
    )
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
