//! What each field weighs alone.
//!
//! Here: the weights, and the fields whose resolvers read. Not here: lists, which multiply what is
//! in them ([`super`]).

/// The weight of most fields: one value.
pub(super) const VALUE: u64 = 1;

/// The weight of a field whose row is loaded in a batch with those of its siblings. While it waits,
/// it and its parent object stay in memory: 4 to 10 kB, compared to a few hundred bytes for a
/// value.
pub(super) const EDGE: u64 = 8;

/// The weight of a field with a database query of its own. A page of one row takes about 100 µs of
/// CPU, a value 1 to 2 µs.
pub(super) const READ: u64 = 20;

/// The weight of a file's preview. A workbook's parts are unpacked before its first row is read,
/// which takes as long as hundreds of queries.
pub(super) const PREVIEW: u64 = 200 * READ;

/// The weight of a month's credits, which are added up from its postings: a million take as long as
/// thousands of queries, those of most months as long as a few. Measured: docs/measured.md,
/// "Statements".
pub(super) const MONTH: u64 = 50 * READ;

/// The weight of a forecast, which reads an account's lots and two sums of its usage.
pub(super) const FORECAST: u64 = 4 * READ;

/// The weight of a list's merge fields, for which the list may be scanned. That takes as long as
/// hundreds of queries for a list of 100,000 contacts, and is done once after each change.
pub(super) const SCAN: u64 = 50 * READ;

/// Fields whose rows are loaded in batches.
pub(super) const EDGES: &[(&str, &[&str])] = &[
    (
        "Account",
        &["paymentConnection", "subscriptionFee", "usage"],
    ),
    ("ApiKey", &["account"]),
    ("AutoRecharge", &["package"]),
    ("Balance", &["account"]),
    ("ConnectPaymentsPayload", &["account"]),
    ("Contact", &["list"]),
    ("ContactImport", &["list", "actor"]),
    (
        "ContactList",
        &[
            "account",
            "recipientCount",
            "destinations",
            "allocation",
            "usage",
        ],
    ),
    ("ListUsage", &["list"]),
    (
        "Message",
        &[
            "list", "account", "rateCard", "cost", "text", "media", "lines", "actor",
        ],
    ),
    ("MonthlyReport", &["account"]),
    ("Posting", &["list", "lots", "lotCount"]),
    ("PostingLot", &["lot"]),
    ("Purchase", &["account", "package", "actor"]),
    ("SettingChange", &["account", "node", "actor"]),
    ("UpdateAutoRechargePayload", &["account"]),
    ("UpdateMessagePayload", &["previousList"]),
    ("UpdateMonthlyReportsPayload", &["account"]),
    (
        "Transaction",
        &["account", "list", "message", "postings", "actor"],
    ),
];

/// Fields with a database query of their own. Connections have one too and need no row here.
pub(super) const READS: &[(&str, &[&str])] = &[
    (
        "Account",
        &[
            "actors",
            "rateCard",
            "balance",
            "monthlyReportSchedule",
            "autoRecharge",
            "statement",
        ],
    ),
    (
        "AutoRecharge",
        &[
            "spentThisMonth",
            "remainingThisMonth",
            "suspendedReason",
            "nextAttemptAt",
            "inFlight",
            "providerLimit",
            "confirmationUrl",
        ],
    ),
    ("ArchiveContactListPayload", &["balance"]),
    ("CancelPurchasePayload", &["balance"]),
    ("ConfirmPurchasePayload", &["balance"]),
    ("ContactImport", &["rejectedDownload"]),
    ("CreditPackage", &["capacity"]),
    ("MonthlyReport", &["download"]),
    ("Mutation", &["exportMessages", "exportTransactions"]),
    ("Forecast", &["suggestedPackage"]),
    (
        "Query",
        &[
            "node",
            "account",
            "quote",
            "usageReport",
            "usageReportDownload",
        ],
    ),
    ("Quote", &["suggestedPackage", "smartEncodingSaves"]),
    ("RateCard", &["rates"]),
    ("Statement", &["download"]),
    // Without these, the usage of an account or a list is read with that of its siblings.
    (
        "UsageReport",
        &["previous", "channels", "lists", "countries"],
    ),
];

/// The weight of a field, without what is selected in it.
pub(super) fn own_weight(parent: &str, name: &str, kind: &str, characters: u64) -> u64 {
    let has = |table: &[(&str, &[&str])]| {
        let mut rows = table.iter();
        rows.any(|(of, names)| *of == parent && names.contains(&name))
    };
    match (parent, name) {
        // Cutting a text takes time in proportion to it.
        ("Query", "segmentation") => VALUE + characters / 40,
        ("Quote", "segmentation" | "smartEncodingSaves") => VALUE + characters / 40,
        ("Query", "quote") => READ + characters / 20,
        ("Quote", "personalText") => READ + characters / 40,
        ("Query", "contactImportPreview") => PREVIEW,
        ("Statement", "credits") => MONTH,
        ("Account", "forecast") => FORECAST,
        // Two searches for the instant of its charge, and the page.
        ("Message", "transactions") => 3 * READ,
        ("ContactList", "mergeFields") | ("Mutation", "exportContacts") => SCAN,
        (_, "totalCount") => READ,
        _ if kind.ends_with("Connection") => READ,
        _ if has(READS) => READ,
        _ if has(EDGES) => EDGE,
        _ => VALUE,
    }
}
