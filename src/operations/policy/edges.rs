//! Who may read what: a row for every field of every type that an answer can hold (law A1).
//!
//! Here: the table, with the reasons. Not here: root fields, which have the table of [`super`]; whose things
//! a viewer sees, which operations check.
//!
//! A field without a row is closed to everybody, and `tests/suite/api/edges.rs` fails for it. What follows from
//! the rows:
//!
//! * A type whose `id` is closed to a role does not exist for it: `node` answers null (law A1).
//! * Any other closed field answers FORBIDDEN, and is null beside the error if it may be null.
//!
//! VIEWER keys read everything in their account that reports are made of, contacts included; what they lack are
//! commands, the keys, and the addresses at which a charge is approved (`Purchase.confirmationUrl` is null
//! for them).
//!
//! SENDER keys lie on machines that nobody looks at. They read what a sending service works with: the
//! account's settings, balance, rate card and prices, its lists with head-counts and what these may
//! spend, and messages. They don't read what is known of contacts, what imports refused, the books (lots,
//! transactions), money that was paid or will be (purchases, statements, the automatic recharge), nor usage
//! and its reports.

use super::{Access, EVERY_KEY, READERS, REPORTERS};

/// The fields of a type, by who may read them.
pub type Rows = &'static [(Access, &'static [&'static str])];

const ANYONE: Access = Access::Anyone;

macro_rules! edges {
    ($($(#[$doc:meta])* $name:ident { $($access:ident: $($field:ident)+;)+ })+) => {
        /// The rows of each type, by its name in the schema.
        #[allow(non_upper_case_globals, reason = "a type has one name everywhere")]
        pub mod of {
            use super::{ANYONE, EVERY_KEY, READERS, REPORTERS, Rows};
            $(
                #[doc = concat!("Who may read the fields of `", stringify!($name), "`.")]
                $(#[$doc])*
                pub const $name: Rows = &[$(($access, &[$(stringify!($field)),+])),+];
            )+
        }

        /// Every type that is no root and no part of a page, with its rows.
        pub const EDGES: &[(&str, Rows)] = &[$((stringify!($name), of::$name)),+];
    };
}

edges! {
    /// A sending service needs how it is charged and by whom it is settled, and what it can spend.
    Account {
        EVERY_KEY: id name timeZone currencyCode consumptionOrder settlement rateCard balance lists messages;
        READERS: lots transactions purchases monthlyReports monthlyReportSchedule autoRecharge statement;
        READERS: returnOrigins;
        REPORTERS: apiKeys;
    }
    Allocation { EVERY_KEY: mode assigned available held; }
    /// Which keys there are is for whoever answers for them: owners, and the platform.
    ApiKey { REPORTERS: id name role createdAt lastUsedAt expiresAt revokedAt; }
    AutoRecharge { READERS: enabled threshold package monthlyLimit spentThisMonth suspendedReason; }
    /// The same as `balanceChanged` reports.
    Balance { EVERY_KEY: total held available assigned unassigned value nextExpiry; }
    ChannelUsage { READERS: channel usage share; }
    /// People's data.
    Contact { READERS: id phoneNumber countryCode fields list createdAt; }
    ContactField { READERS: name value; }
    /// Its file name and its refused rows are people's data.
    ContactImport {
        READERS: id list fileName status reason rows imported duplicates rejectedCount rejected createdAt endedAt;
        READERS: warningCount warnings;
    }
    /// The beginning of a file is people's data.
    ContactImportPreview { READERS: delimiter encoding sheet columns phoneColumn problem rows warnings; }
    ContactList {
        EVERY_KEY: id name account recipients destinations allocation messages archived;
        READERS: usage contacts imports;
    }
    CountryUsage { READERS: countryCode usage share; }
    CreditLot { READERS: id source granted remaining expiresOn expiresAt state createdAt; }
    /// A price list is for whoever has a key.
    CreditPackage { EVERY_KEY: id code name credits price validityDays archived capacity; }
    Destination { EVERY_KEY: countryCode recipients; }
    /// Its address needs no key.
    Download { READERS: url fileName expiresAt; }
    ExpiringCredits { EVERY_KEY: credits expiresOn expiresAt; }
    ImportPreviewColumn { READERS: header mergeField isPhoneColumn; }
    /// People's data.
    ImportPreviewRow { READERS: line cells; }
    /// It names columns, and nobody knows what a column is called.
    ImportWarning { READERS: line column reason; }
    ListUsage { READERS: list usage share messages buckets; }
    /// Its names and fallbacks are the caller's own text; how many contacts lack a value is not.
    MergeField {
        EVERY_KEY: name fallback;
        READERS: contactsWithoutValue;
    }
    /// Its text with merge fields holds no contact's values, but many a text is for one person alone. A
    /// sending service reads it while the message is scheduled, and in the answer to its own command.
    Message {
        EVERY_KEY: id name list account status channel encoding segmentCount rateCard recipients departedRecipients;
        EVERY_KEY: credits lines;
        EVERY_KEY: sendAt sentAt createdAt;
        READERS: text;
    }
    Money { EVERY_KEY: amount currencyCode; }
    MonthlyReport { READERS: id account month timeZone from to format interval generatedAt download; }
    MonthlyReportSchedule { READERS: enabled format interval nextAt; }
    NonGsmCharacter { ANYONE: character codePoint offset replacement stripsAccent; }
    PackageCapacity { EVERY_KEY: countryCode creditsPerMessage messages; }
    PageInfo { EVERY_KEY: hasNextPage hasPreviousPage startCursor endCursor; }
    /// A contact's own text: people's data.
    PersonalText { READERS: text segmentation; }
    Posting { READERS: book list credits; }
    PreviousUsage { READERS: from to usage; }
    Purchase { READERS: id status package credits price confirmationUrl automatic createdAt decidedAt; }
    /// What is charged can be asked before: how many recipients get how many segments tells how long the values
    /// of a merge field are, in sum by country, and never what they say.
    Quote {
        EVERY_KEY: segmentation personalised distribution mergeFields duplicateRecipients rateCard recipients;
        EVERY_KEY: unsupportedRecipients lines credits cost available sufficient shortfall suggestedPackage;
        EVERY_KEY: smartEncodingSaves warnings;
        READERS: shortest longest;
    }
    QuoteLine { EVERY_KEY: countryCode recipients segmentCount creditsPerSegment credits; }
    Rate { EVERY_KEY: countryCode sms mms nationalLanguages concatenationReference; }
    RateCard { EVERY_KEY: id code description version publishedAt creditValue rates; }
    /// People's data, and nobody knows whose.
    RejectedRow { READERS: line value reason; }
    Segment { ANYONE: index text units; }
    SegmentShare { EVERY_KEY: segmentCount recipients credits; }
    Segmentation {
        ANYONE: channel encoding lockingShift singleShift characters units unitsPerSegment unitsRemaining;
        ANYONE: segmentCount segments nonGsmCharacters nonGsmCharacterCount text;
    }
    Statement { READERS: month oneTimePayments recharges total purchases; }
    /// It quotes the caller's own text.
    TextWarning { EVERY_KEY: offset tag message; }
    /// Its note is written by people, for people.
    Transaction { READERS: id kind credits list message note postings createdAt; }
    Usage { READERS: messages recipients segments credits cost; }
    UsageBucket { READERS: start usage; }
    UsageReport { READERS: totals previous channels buckets lists countries download; }
    UserError { EVERY_KEY: field message code; }
    Viewer { EVERY_KEY: role accounts; }

    // Whoever may use a mutation may read its answer; what lies below has rows of its own.
    AllocateCreditsPayload { EVERY_KEY: lists balance userErrors; }
    ArchiveContactListPayload { EVERY_KEY: list userErrors; }
    ArchiveCreditPackagePayload { EVERY_KEY: package userErrors; }
    CancelMessagePayload { EVERY_KEY: message balance userErrors; }
    CreateAccountPayload { EVERY_KEY: account userErrors; }
    CreateApiKeyPayload { EVERY_KEY: id secret userErrors; }
    CreateContactListPayload { EVERY_KEY: list userErrors; }
    CreateCreditPackagePayload { EVERY_KEY: package userErrors; }
    GrantCreditsPayload { EVERY_KEY: lot balance userErrors; }
    ImportContactsPayload { EVERY_KEY: list imported duplicates rejected warnings import userErrors; }
    PublishRateCardPayload { EVERY_KEY: rateCard userErrors; }
    PurchaseCreditsPayload { EVERY_KEY: purchase userErrors; }
    RemoveContactsPayload { EVERY_KEY: list removed userErrors; }
    RevokeApiKeyPayload { EVERY_KEY: id userErrors; }
    RevokeOtherApiKeysPayload { EVERY_KEY: account revoked userErrors; }
    RevokeCreditsPayload { EVERY_KEY: transaction balance userErrors; }
    ScheduleMessagePayload { EVERY_KEY: message balance userErrors; }
    SendMessagePayload { EVERY_KEY: message balance userErrors; }
    SettleMessagePayload { EVERY_KEY: message balance userErrors; }
    UpdateAccountPayload { EVERY_KEY: account userErrors; }
    UpdateAutoRechargePayload { EVERY_KEY: autoRecharge userErrors; }
    UpdateContactListPayload { EVERY_KEY: list userErrors; }
    UpdateMonthlyReportsPayload { EVERY_KEY: schedule userErrors; }
}

/// The fields of every page of a list, and of every place in it: what they hold has rows of its own.
const CONNECTION: Rows = &[(EVERY_KEY, &["edges", "nodes", "pageInfo", "totalCount"])];
const EDGE: Rows = &[(EVERY_KEY, &["cursor", "node"])];

/// The rows of a type by its name; none for one that has none.
#[must_use]
pub fn rows(name: &str) -> Rows {
    let found = EDGES.iter().find(|(known, _)| *known == name);
    match found {
        Some((_, rows)) => rows,
        None if name.ends_with("Connection") => CONNECTION,
        None if name.ends_with("Edge") => EDGE,
        None => &[],
    }
}
