//! The swept constants, each with its values and the load that shows their effect.
//!
//! Here: the table. Not here: how a load runs (`probe`).

/// Which databases a constant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

impl On {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The databases on which a constant has a meaning.
#[derive(Debug, Clone, Copy)]
pub enum Databases {
    Both,
    Only(On),
}

impl Databases {
    pub fn includes(self, on: On) -> bool {
        match self {
            Self::Both => true,
            Self::Only(one) => one == on,
        }
    }
}

/// The load under which it is measured.
#[derive(Debug, Clone, Copy)]
pub enum Load {
    /// 1,000 callers of the ledger, one account.
    Hot,
    /// 64 callers of the ledger, one account.
    Few,
    /// 1,000 callers of the ledger, nine accounts.
    Spread,
    /// 64 callers of the ledger, nine accounts, each with twenty lists and five countries.
    Lists,
    /// `sendMessage` over 64 connections.
    Http,
    /// Reports of a month by day over 32 connections, for nine accounts in turn.
    Reports,
    /// A year's messages as CSV.
    Csv,
    /// A year's messages as a workbook.
    Workbook,
    /// An import from CSV.
    ImportCsv,
    /// An import from a workbook.
    ImportWorkbook,
    /// The removal of all contacts of a list.
    Removal,
    /// The settlement of due messages.
    Settlement,
    /// Adding up an account's usage again.
    Rebuild,
    /// `verify`.
    Verify,
}

impl Load {
    const ALL: [Self; 14] = [
        Self::Hot,
        Self::Few,
        Self::Spread,
        Self::Lists,
        Self::Http,
        Self::Reports,
        Self::Csv,
        Self::Workbook,
        Self::ImportCsv,
        Self::ImportWorkbook,
        Self::Removal,
        Self::Settlement,
        Self::Rebuild,
        Self::Verify,
    ];

    pub fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|load| load.name() == name);
        found.expect("a load")
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Few => "few",
            Self::Spread => "spread",
            Self::Lists => "lists",
            Self::Http => "http",
            Self::Reports => "reports",
            Self::Csv => "csv",
            Self::Workbook => "workbook",
            Self::ImportCsv => "import-csv",
            Self::ImportWorkbook => "import-workbook",
            Self::Removal => "removal",
            Self::Settlement => "settlement",
            Self::Rebuild => "rebuild",
            Self::Verify => "verify",
        }
    }

    /// Its name in the table.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Hot => "sends/s, 1,000 callers, one account",
            Self::Few => "sends/s, 64 callers, one account",
            Self::Spread => "sends/s, 1,000 callers, nine accounts",
            Self::Lists => "sends/s, 64 callers, nine accounts, 20 lists each",
            Self::Http => "`sendMessage`/s over HTTP, 64 connections",
            Self::Reports => "`usageReport`/s over HTTP, 32 connections",
            Self::Csv => "messages/s of a CSV file over HTTP",
            Self::Workbook => "messages/s of a workbook over HTTP",
            Self::ImportCsv => "contacts/s imported from CSV",
            Self::ImportWorkbook => "contacts/s imported from a workbook",
            Self::Removal => "contacts/s removed",
            Self::Settlement => "messages/s settled by the job",
            Self::Rebuild => "messages/s of `rebuild-usage`",
            Self::Verify => "transactions/s of `verify`",
        }
    }
}

/// A constant and the values to try.
#[derive(Debug)]
pub struct Constant {
    /// The name that the code passes to `Tuned::new`.
    pub name: &'static str,
    pub on: Databases,
    pub chosen: u64,
    pub values: &'static [u64],
    pub loads: &'static [Load],
}

const fn both(
    name: &'static str,
    chosen: u64,
    values: &'static [u64],
    loads: &'static [Load],
) -> Constant {
    Constant {
        name,
        on: Databases::Both,
        chosen,
        values,
        loads,
    }
}

const fn sqlite(
    name: &'static str,
    chosen: u64,
    values: &'static [u64],
    loads: &'static [Load],
) -> Constant {
    Constant {
        name,
        on: Databases::Only(On::Sqlite),
        chosen,
        values,
        loads,
    }
}

const fn postgres(
    name: &'static str,
    chosen: u64,
    values: &'static [u64],
    loads: &'static [Load],
) -> Constant {
    Constant {
        name,
        on: Databases::Only(On::Postgres),
        chosen,
        values,
        loads,
    }
}

const KIB: u64 = 1_024;

/// All of them. `verify` comes first, because what it walks grows with every send.
pub const CONSTANTS: &[Constant] = &[
    both("VERIFY_PAGE", 1_000, &[250, 1_000, 4_000], &[Load::Verify]),
    both("VERIFY_ACCOUNTS", 4, &[1, 2, 4, 8], &[Load::Verify]),
    both("BATCH", 512, &[64, 128, 256, 512, 1_024], &[Load::Hot]),
    both("BATCH_MILLISECONDS", 100, &[25, 50, 100, 200], &[Load::Hot]),
    both("MIN_BATCH", 8, &[1, 8, 32], &[Load::Few]),
    postgres("WRITERS", 3, &[1, 2, 3, 4, 6], &[Load::Spread]),
    postgres("WRITER_THREADS", 2, &[1, 2, 3, 4], &[Load::Http]),
    both(
        "RECENT_USAGE_BYTES",
        3_600,
        &[900, 1_800, 3_600, 7_200],
        &[Load::Lists],
    ),
    both("QUERIES_IN_FLIGHT", 2, &[1, 2, 4, 8], &[Load::Http]),
    both("QUERY_REQUESTS", 256, &[4, 16, 64, 256], &[Load::Http]),
    sqlite("SQLITE_LOOKUPS", 6, &[2, 4, 6, 10], &[Load::Http]),
    postgres("POSTGRES_LOOKUPS", 6, &[2, 4, 6, 10], &[Load::Http]),
    sqlite("SQLITE_READERS", 16, &[4, 8, 16, 32], &[Load::Reports]),
    postgres("POSTGRES_READERS", 20, &[4, 10, 20, 40], &[Load::Reports]),
    sqlite("LARGEST_CHUNK", 256, &[32, 64, 128, 256, 512], &[Load::Hot]),
    sqlite(
        "SQLITE_STATEMENTS",
        400,
        &[50, 100, 200, 400, 800],
        &[Load::Hot],
    ),
    sqlite(
        "SQLITE_CHECKPOINT_PAGES",
        8_192,
        &[1_000, 4_096, 8_192, 16_384],
        &[Load::Hot],
    ),
    sqlite(
        "SQLITE_WRITER_CACHE",
        16_384,
        &[2_048, 8_192, 16_384, 65_536],
        &[Load::Hot],
    ),
    sqlite(
        "SQLITE_READER_CACHE",
        2_048,
        &[256, 2_048, 16_384],
        &[Load::Reports],
    ),
    both(
        "SCAN_BATCH_BYTES",
        64 * KIB,
        &[8 * KIB, 32 * KIB, 64 * KIB, 256 * KIB],
        &[Load::Csv],
    ),
    both("SCAN_BATCHES_WAITING", 2, &[1, 2, 4], &[Load::Csv]),
    sqlite("SCAN_CACHE_KIB", 256, &[64, 256, 2_048], &[Load::Csv]),
    sqlite(
        "CSV_BUFFER_BYTES",
        64 * KIB,
        &[8 * KIB, 64 * KIB, 256 * KIB],
        &[Load::Csv],
    ),
    sqlite(
        "CHUNK_BYTES",
        64 * KIB,
        &[8 * KIB, 32 * KIB, 64 * KIB, 256 * KIB],
        &[Load::Csv],
    ),
    sqlite("CHUNKS_WAITING", 2, &[1, 2, 4], &[Load::Csv]),
    sqlite("WORKBOOK_LEVEL", 4, &[3, 4, 5, 6], &[Load::Workbook]),
    sqlite(
        "WORKBOOK_BLOCK_BYTES",
        64 * KIB,
        &[16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB],
        &[Load::Workbook],
    ),
    sqlite("WORKBOOK_BLOCKS_WAITING", 1, &[1, 2, 4], &[Load::Workbook]),
    sqlite("WORKBOOK_UNSENT", 3, &[1, 3, 6], &[Load::Workbook]),
    both(
        "IMPORT_PART_ROWS",
        5_000,
        &[500, 2_000, 5_000, 10_000],
        &[Load::ImportCsv],
    ),
    both("IMPORT_PARTS_WAITING", 2, &[1, 2, 4], &[Load::ImportCsv]),
    sqlite(
        "TEXT_BLOCK_BYTES",
        64 * KIB,
        &[8 * KIB, 64 * KIB, 256 * KIB],
        &[Load::ImportCsv],
    ),
    sqlite(
        "XML_BLOCK_BYTES",
        64 * KIB,
        &[8 * KIB, 64 * KIB, 256 * KIB],
        &[Load::ImportWorkbook],
    ),
    sqlite(
        "PACKED_BLOCK_BYTES",
        64 * KIB,
        &[8 * KIB, 64 * KIB, 256 * KIB],
        &[Load::ImportWorkbook],
    ),
    sqlite(
        "SHARED_TEXT_BLOCK_BYTES",
        64 * KIB,
        &[8 * KIB, 64 * KIB, 256 * KIB],
        &[Load::ImportWorkbook],
    ),
    both(
        "REMOVAL_PART",
        5_000,
        &[500, 2_000, 5_000, 10_000],
        &[Load::Removal],
    ),
    both(
        "ROLLUP_CHUNK_MESSAGES",
        5_000,
        &[1_000, 5_000, 20_000],
        &[Load::Rebuild],
    ),
    both("ROLLUP_CHUNK_DAYS", 400, &[30, 100, 400], &[Load::Rebuild]),
    both(
        "SETTLEMENT_PAGE",
        500,
        &[50, 200, 500, 1_000],
        &[Load::Settlement],
    ),
];
