//! The tables, as SeaORM entities.
//!
//! Here: one entity in each file, without methods. If a row belongs to an account, its primary key
//! begins with `account_id`, and no row refers to another account, so the tables can be sharded by
//! account. Instants are microseconds since the epoch, credits are units of 1/10,000 credit, prices
//! are in the currency's minor unit. Not here: queries, and the schema's history.

pub mod account;
pub mod account_rate_card;
pub mod actor;
pub mod api_key;
pub mod auto_recharge;
pub mod book;
pub mod contact;
pub mod contact_import;
pub mod contact_import_rejection;
pub mod contact_import_warning;
pub mod contact_list;
pub mod credit_package;
pub mod due_recharge;
pub mod erasure;
pub mod hold_draw;
pub mod idempotency_key;
pub mod job_lease;
pub mod list_destination;
pub mod lot;
pub mod lot_expiry_change;
pub mod message;
pub mod message_audience;
pub mod message_departure;
pub mod message_line;
pub mod monthly_report;
pub mod monthly_report_schedule;
pub mod payment_connection;
pub mod payment_reversal;
pub mod pool;
pub mod posting;
pub mod posting_row;
pub mod purchase;
pub mod rate;
pub mod rate_card;
pub mod rate_card_area;
pub mod retention_mark;
pub mod retention_task;
pub mod server_secret;
pub mod setting_change;
pub mod sql_enums;
pub mod subscription_fee;
pub mod transaction;
pub mod usage_rollup;
pub mod webhook_delivery;
