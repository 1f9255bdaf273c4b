//! Read access by role: a row for every field of every type in an answer (law A1).
//!
//! Here: the table, with the reasons. Not here: root fields, which have the table of [`super`], and
//! which rows a viewer sees, which operations check.
//!
//! A field without a row is closed to everybody, and `tests/suite/api/edges.rs` fails for it. The
//! rows have these effects:
//!
//! * A type whose `id` is closed to a role does not exist for it: `node` answers null (law A1).
//! * Any other closed field answers FORBIDDEN. A nullable one is null beside the error.
//!
//! VIEWER keys read everything in their account that reports contain, contacts included. They can't
//! run commands, see keys, or see the addresses where a charge is approved
//! (`Purchase.confirmationUrl` is null for them).
//!
//! SENDER keys lie on unattended machines. They read what a sending service works with: the
//! account's settings, balance, rate card and prices; its lists with head-counts and available
//! credits; and messages. They don't read contact data, refused rows of imports, the books (lots,
//! transactions), payments (purchases, statements, the automatic recharge), or usage and its
//! reports.

use super::{Access, EVERY_KEY, PLATFORM, READERS, REPORTERS};

/// The fields of a type, grouped by who may read them.
pub type Rows = &'static [(Access, &'static [&'static str])];

const ANYONE: Access = Access::Anyone;

macro_rules! edges {
    ($($(#[$doc:meta])* $name:ident { $($access:ident: $($field:ident)+;)+ })+) => {
        /// The rows of each type, by its name in the schema.
        #[allow(non_upper_case_globals, reason = "a type has one name everywhere")]
        pub mod of {
            use super::{ANYONE, EVERY_KEY, PLATFORM, READERS, REPORTERS, Rows};
            $(
                #[doc = concat!("Who may read the fields of `", stringify!($name), "`.")]
                $(#[$doc])*
                pub const $name: Rows = &[$(($access, &[$(stringify!($field)),+])),+];
            )+
        }

        /// Every type that is neither a root nor part of a page, with its rows.
        pub const EDGES: &[(&str, Rows)] = &[$((stringify!($name), of::$name)),+];
    };
}

edges! {
    _Service { ANYONE: sdl; }
    /// A sending service needs the account's rate card, settlement setting and available credits.
    Account {
        EVERY_KEY: id name timeZone currencyCode consumptionOrder settlement rateCard balance lists messages;
        EVERY_KEY: scheduledMessages updatedAt;
        READERS: debt lots transactions purchases monthlyReports monthlyReportSchedule autoRecharge statement;
        READERS: returnOrigins subscriptionFee retentionMonths forecast actors usage;
        REPORTERS: apiKeys paymentConnection ledgerHead settingChanges;
    }
    /// Who did it is for those who see what was done; keys and labels have rules of their own.
    Actor { READERS: kind name apiKeyId onBehalfOf; }
    Allocation { EVERY_KEY: id mode assigned available held; }
    /// The list of keys is for those who are responsible for them: owners, and the platform.
    ApiKey { REPORTERS: id name account prefix role createdAt lastUsedAt expiresAt revokedAt allowedAddresses trustedDocumentsOnly updatedAt; }
    AutoRecharge {
        READERS: enabled threshold package monthlyLimit spentThisMonth remainingThisMonth suspendedReason;
        READERS: heldBack nextAttemptAt inFlight providerLimit confirmationUrl updatedAt;
    }
    /// The same as `balanceChanged` reports.
    Balance { EVERY_KEY: id sharedLists account total held available assigned unassigned value nextExpiry; }
    ChannelUsage { READERS: channel usage share; }
    /// Personal data.
    Contact { READERS: id phoneNumber countryCode fields list createdAt updatedAt; }
    ContactField { READERS: name value; }
    /// Its file name and its refused rows are personal data.
    ContactImport {
        READERS: id list fileName status reason rowCount importedCount duplicateCount rejectedCount rejected createdAt endedAt updatedAt;
        READERS: warningCount warnings actor byteCount bytesRead columns rejectedDownload;
    }
    /// The beginning of a file is personal data.
    ContactImportPreview { READERS: delimiter encoding sheet columns phoneColumn problem rows warnings; }
    ContactList {
        EVERY_KEY: id name account recipientCount destinations allocation messages archived;
        EVERY_KEY: archivedAt contactCount updatedAt;
        READERS: usage contacts mergeFields imports;
    }
    CountryUsage { READERS: countryCode usage share; }
    CreditLot {
        READERS: id source granted remaining held used expired revoked note purchase account;
        READERS: expiresOn expiresAt state createdAt updatedAt;
    }
    /// A price list is open to every key.
    CreditPackage { EVERY_KEY: id code name credits price validityDays archived capacity updatedAt; }
    Destination { EVERY_KEY: countryCode recipientCount; }
    /// Its address works without a key.
    Download { READERS: url fileName expiresAt; }
    ErrorDetail { EVERY_KEY: name value; }
    ExpiringCredits { EVERY_KEY: credits expiresOn expiresAt; }
    /// It names columns, and a column's name may be anything.
    ImportColumn { READERS: header mergeField isPhoneColumn; }
    ImportPreviewColumn { READERS: header mergeField isPhoneColumn; }
    /// Personal data.
    ImportPreviewRow { READERS: line cells; }
    /// It names columns, and a column's name may be anything.
    ImportWarning { READERS: line column reason; }
    Forecast {
        READERS: asOf usedInThirtyDays usedThisMonth usedLastMonth usedInMonthAYearAgo runsOutOn;
        READERS: runwayDays earliestRunsOutOn latestRunsOutOn expiringInThirtyDays lost expiries suggestedPackage;
    }
    ForecastExpiry { READERS: expiresOn credits used lost held; }
    LedgerHead { REPORTERS: transactionCount hash at; }
    ListMergeField { READERS: name contactCount; }
    ListUsage { READERS: list usage share messages buckets; }
    /// The names and fallbacks are the caller's own text, but the number of contacts without a
    /// value is not.
    MergeField {
        EVERY_KEY: name fallback;
        READERS: missingValueCount;
    }
    /// Its text with merge fields holds no contact's values, but many texts are written for a
    /// single person. A sending service reads text and media while the message is scheduled, and in
    /// the answer to its own command.
    Message {
        EVERY_KEY: id name list account status channel encoding segmentCount rateCard recipientCount departedRecipientCount;
        EVERY_KEY: credits cost lines;
        EVERY_KEY: sendAt sentAt createdAt updatedAt erasedAt;
        READERS: text media actor transactions;
    }
    Media { EVERY_KEY: contentType url sizeBytes; }
    Money { EVERY_KEY: amount currencyCode; }
    MonthlyReport { READERS: id account month timeZone from to format interval generatedAt download; }
    MonthlyReportSchedule { READERS: enabled format interval nextAt updatedAt; }
    NonGsmCharacter { ANYONE: character codePoint offset replacement stripsAccent; }
    PackageCapacity { EVERY_KEY: countryCode creditsPerMessage messageCount; }
    PageInfo { EVERY_KEY: hasNextPage hasPreviousPage startCursor endCursor; }
    /// Which shop pays is for those who are responsible for the account. Credentials have no field.
    PaymentConnection { REPORTERS: provider merchantId status connectedAt; }
    /// A contact's own text is personal data.
    PersonalText { READERS: text segmentation; }
    Posting { READERS: book list credits lots lotCount; }
    PostingLot { READERS: lot credits; }
    PreviousUsage { READERS: from to usage; }
    ProviderLimit { READERS: cap used periodEnd; }
    /// The reference of a transfer is the payer's and the bank's business.
    Purchase {
        READERS: id status package credits price method confirmationUrl automatic createdAt decidedAt;
        READERS: reversed failureReason account expiresAt actor canceledAt updatedAt;
        REPORTERS: confirmedWith;
    }
    /// It shows nothing that can't be learned from a charge. The number of recipients by number of
    /// segments reveals how long the values of a merge field are, as sums by country, but never the
    /// values.
    Quote {
        EVERY_KEY: segmentation personalised distribution mergeFields duplicateRecipients rateCard recipientCount;
        EVERY_KEY: unsupportedRecipientCount lines credits cost available sufficient shortfall suggestedPackage;
        EVERY_KEY: allocation smartEncodingSaves warnings;
        READERS: shortest longest personalText;
    }
    QuoteLine { EVERY_KEY: countryCode recipientCount segmentCount creditsPerSegment credits; }
    Rate { EVERY_KEY: countryCode sms mms nationalLanguages concatenationReference; }
    /// Which accounts it prices is for those who see all accounts.
    RateCard {
        EVERY_KEY: id code description version publishedAt creditValue rates;
        PLATFORM: accounts;
    }
    /// Personal data, and nobody knows whose.
    RejectedRow { READERS: line value code reason; }
    Segment { ANYONE: index text unitCount; }
    SegmentShare { EVERY_KEY: segmentCount recipientCount credits; }
    Segmentation {
        ANYONE: channel encoding lockingShift singleShift characterCount unitCount unitsPerSegment unitsRemaining;
        ANYONE: segmentCount segments nonGsmCharacters nonGsmCharacterCount text;
    }
    /// Who changes keys and settings is for those who are responsible for them.
    SettingChange { REPORTERS: id account kind node changes actor createdAt; }
    SettingFieldChange { REPORTERS: field before after secret; }
    Statement {
        READERS: month oneTimePayments recharges subscriptionFee refunds total purchases credits asOf download;
    }
    StatementCredits {
        READERS: opening purchased recharged granted spent expired revoked chargedBack debtPaid closing;
    }
    /// It quotes the caller's own text.
    TextWarning { EVERY_KEY: offset tag message; }
    /// Its note is written by people, for people.
    Transaction {
        READERS: id account kind credits availableAfter list message note postings createdAt actor;
    }
    Usage { READERS: messageCount recipientCount segmentCount credits cost; }
    UsageBucket { READERS: start usage; }
    UsageReport { READERS: id totals previous channels buckets lists countries asOf; }
    UserError { EVERY_KEY: field message template details code; }
    Viewer { EVERY_KEY: role accounts tokenExpiresAt; }

    // Whoever may use a mutation may read its answer. The types below have rows of their own.
    AddContactsPayload { EVERY_KEY: contacts contactEdges addedCount list warnings userErrors; }
    ContactWarning { EVERY_KEY: field message; }
    AllocateCreditsPayload { EVERY_KEY: lists balance userErrors; }
    ArchiveContactListPayload { EVERY_KEY: list archivedListId balance userErrors; }
    ArchiveCreditPackagePayload { EVERY_KEY: package userErrors; }
    CancelContactImportPayload { EVERY_KEY: import userErrors; }
    CancelMessagePayload { EVERY_KEY: message replayed balance userErrors; }
    CancelPurchasePayload { EVERY_KEY: purchase balance userErrors; }
    ConfirmPurchasePayload { EVERY_KEY: purchase balance userErrors; }
    ConnectPaymentsPayload { EVERY_KEY: account paymentConnection userErrors; }
    CreateAccessTokenPayload { EVERY_KEY: token expiresAt userErrors; }
    CreateAccountPayload { EVERY_KEY: account accountEdge userErrors; }
    CreateApiKeyPayload { EVERY_KEY: id apiKey apiKeyEdge secret userErrors; }
    CreateContactListPayload { EVERY_KEY: list listEdge userErrors; }
    CreateCreditPackagePayload { EVERY_KEY: package packageEdge userErrors; }
    DisconnectPaymentsPayload { EVERY_KEY: account userErrors; }
    ErasePersonPayload {
        EVERY_KEY: contactCount removedContactIds lists importRowCount messageCount messages;
        EVERY_KEY: nextAccountId userErrors;
    }
    ExportContactsPayload { EVERY_KEY: download userErrors; }
    ExportMessagesPayload { EVERY_KEY: download userErrors; }
    ExportTransactionsPayload { EVERY_KEY: download userErrors; }
    GrantCreditsPayload { EVERY_KEY: lot lotEdge replayed balance userErrors; }
    ImportContactsPayload { EVERY_KEY: list importedCount duplicateCount rejected warnings import importEdge userErrors; }
    PublishRateCardPayload { EVERY_KEY: rateCard rateCardEdge userErrors; }
    PurchaseCreditsPayload { EVERY_KEY: purchase purchaseEdge replayed userErrors; }
    RemoveContactsPayload { EVERY_KEY: list removedCount removedContactIds userErrors; }
    ReorderCreditPackagesPayload { EVERY_KEY: packages userErrors; }
    RestoreContactListPayload { EVERY_KEY: list listEdge userErrors; }
    RevokeApiKeyPayload { EVERY_KEY: id apiKey userErrors; }
    RevokeOtherApiKeysPayload { EVERY_KEY: account revokedCount userErrors; }
    RevokeCreditsPayload { EVERY_KEY: transaction replayed balance userErrors; }
    RotateApiKeyPayload { EVERY_KEY: apiKey apiKeyEdge previous secret userErrors; }
    ScheduleMessagePayload { EVERY_KEY: message messageEdge scheduledMessageEdge replayed balance userErrors; }
    SendMessagePayload { EVERY_KEY: message messageEdge replayed balance userErrors; }
    SettleMessagePayload { EVERY_KEY: message replayed balance userErrors; }
    UpdateAccountPayload { EVERY_KEY: account userErrors; }
    UpdateAutoRechargePayload { EVERY_KEY: account autoRecharge userErrors; }
    UpdateContactPayload { EVERY_KEY: contact list warnings userErrors; }
    UpdateContactListPayload { EVERY_KEY: list userErrors; }
    UpdateCreditPackagePayload { EVERY_KEY: package userErrors; }
    UpdateMessagePayload { EVERY_KEY: message replayed balance previousList userErrors; }
    UpdateMonthlyReportsPayload { EVERY_KEY: account schedule userErrors; }
}

/// The fields of every connection and edge. The nodes have rows of their own.
const CONNECTION: Rows = &[(EVERY_KEY, &["edges", "nodes", "pageInfo", "totalCount"])];
const EDGE: Rows = &[(EVERY_KEY, &["cursor", "node"])];

/// The rows of a type by its name; empty for an unknown type.
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
