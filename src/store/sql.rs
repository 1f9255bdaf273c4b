//! Database machinery that doesn't depend on our tables.
//!
//! Here: connections and their health, snapshots, bulk reads, keyset pages, row sets, tables of
//! work, read coalescing and the merging of siblings' reads, on SQLite and on PostgreSQL. Not here:
//! queries of our tables, which are the files beside this folder.

pub mod backup;
pub mod bounded;
pub mod bulk;
pub(super) mod cluster;
pub mod coalescing;
pub mod connection;
mod distributing;
pub mod errors;
pub mod hints;
mod hosts;
pub(super) mod joined;
pub mod last_change;
pub mod lost_connections;
pub mod migrating;
pub mod paging;
pub mod pools;
mod postgres;
mod private_file;
mod reach;
pub mod read_only;
pub mod reader;
mod renewal;
pub mod replica;
pub(super) mod routes;
pub mod row_set;
pub(super) mod search;
pub mod server_lock;
mod session;
pub mod settings;
pub mod shards;
pub mod siblings;
mod sqlite;
pub mod table_rows;
pub mod turns;
pub mod version;
mod wal;
pub(super) mod work_queue;
mod writer_threads;
