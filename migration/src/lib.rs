//! The migrations of the database schema.
//!
//! Here: one migration in each file. They don't use the entities, because an old migration must not
//! change when a table does. Not here: the current tables, which are the entities.

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager,
};

mod columns;
mod guards;
pub mod live;
mod m20261122_000001_initial;
mod m20261122_000002_default_rate_card;
mod m20261122_000003_message_pages;
mod m20261122_000004_contacts;
mod m20261122_000005_destination_options;
mod m20261122_000006_transaction_pages;
mod m20261122_000007_archived_contacts;
mod m20261122_000008_usage_rollups;
mod m20261122_000009_list_messages;
mod m20261122_000010_usage_by_month;
mod m20261122_000011_recent_usage;
mod m20261126_000012_links_and_keys;
mod m20261126_000013_demo_keys;
mod m20261126_000014_working_keys;
mod m20261126_000015_import_warnings;
mod m20261126_000016_lot_expiry_changes;
mod m20261126_000017_departures;
mod m20261126_000018_rates_by_channel;
mod m20261126_000019_payments;
mod m20261126_000020_payment_reversals;
mod m20261126_000022_one_recharge;
mod m20261127_000023_schema_contracts;
mod m20261127_000027_running_imports;
mod m20261127_000030_charges_in_one_row;
mod m20261127_000031_lines_in_messages;
mod m20261127_000032_retention;
mod m20261127_000036_job_leases;
mod m20261127_000040_chains_without_an_index_by_instant;
mod m20261127_000041_planned_messages;
mod m20261127_000044_entries_of_lots;
mod m20261127_000048_imports_to_watch;
mod m20261127_000051_actors;
mod m20261127_000052_changed_holds;
mod m20261127_000053_changed_holds_by_time;
mod m20261128_000054_key_prefixes;
mod m20261128_000055_key_addresses;
mod m20261128_000056_keys_of_trusted_documents;
mod m20261128_000057_changed_purchases;
mod m20261128_000058_changed_purchases_by_time;
mod m20261128_000059_names_in_order;
mod m20261128_000060_package_positions;
mod m20261128_000061_purchases_by_last_change;
mod m20261128_000062_changed_messages;
mod m20261128_000063_messages_by_last_change;
mod m20261128_000064_changed_lots_and_contacts;
mod m20261128_000065_transactions_of_messages;
mod m20261128_000066_setting_changes;
mod m20261128_000067_last_changes;
mod m20261128_000068_accounts_by_last_change;
mod m20261128_000069_actors_of_erasures;
mod m20261128_000070_open_lots;
mod m20261128_000071_indexes_of_open_lots;

/// All migrations, the oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_initial::Migration),
            Box::new(m20261122_000002_default_rate_card::Migration),
            Box::new(m20261122_000003_message_pages::Migration),
            Box::new(m20261122_000004_contacts::Migration),
            Box::new(m20261122_000005_destination_options::Migration),
            Box::new(m20261122_000006_transaction_pages::Migration),
            Box::new(m20261122_000007_archived_contacts::Migration),
            Box::new(m20261122_000008_usage_rollups::Migration),
            Box::new(m20261122_000009_list_messages::Migration),
            Box::new(m20261122_000010_usage_by_month::Migration),
            Box::new(m20261122_000011_recent_usage::Migration),
            Box::new(m20261126_000012_links_and_keys::Migration),
            Box::new(m20261126_000013_demo_keys::Migration),
            Box::new(m20261126_000014_working_keys::Migration),
            Box::new(m20261126_000015_import_warnings::Migration),
            Box::new(m20261126_000016_lot_expiry_changes::Migration),
            Box::new(m20261126_000017_departures::Migration),
            Box::new(m20261126_000018_rates_by_channel::Migration),
            Box::new(m20261126_000019_payments::Migration),
            Box::new(m20261126_000020_payment_reversals::Migration),
            Box::new(m20261126_000022_one_recharge::Migration),
            Box::new(m20261127_000023_schema_contracts::Migration),
            Box::new(m20261127_000027_running_imports::Migration),
            Box::new(m20261127_000030_charges_in_one_row::Migration),
            Box::new(m20261127_000031_lines_in_messages::Migration),
            Box::new(m20261127_000032_retention::Migration),
            Box::new(m20261127_000036_job_leases::Migration),
            Box::new(m20261127_000040_chains_without_an_index_by_instant::Migration),
            Box::new(m20261127_000041_planned_messages::Migration),
            Box::new(m20261127_000044_entries_of_lots::Migration),
            Box::new(m20261127_000048_imports_to_watch::Migration),
            Box::new(m20261127_000051_actors::Migration),
            Box::new(m20261127_000052_changed_holds::Migration),
            Box::new(m20261127_000053_changed_holds_by_time::Migration),
            Box::new(m20261128_000054_key_prefixes::Migration),
            Box::new(m20261128_000055_key_addresses::Migration),
            Box::new(m20261128_000056_keys_of_trusted_documents::Migration),
            Box::new(m20261128_000057_changed_purchases::Migration),
            Box::new(m20261128_000058_changed_purchases_by_time::Migration),
            Box::new(m20261128_000059_names_in_order::Migration),
            Box::new(m20261128_000060_package_positions::Migration),
            Box::new(m20261128_000061_purchases_by_last_change::Migration),
            Box::new(m20261128_000062_changed_messages::Migration),
            Box::new(m20261128_000063_messages_by_last_change::Migration),
            Box::new(m20261128_000064_changed_lots_and_contacts::Migration),
            Box::new(m20261128_000065_transactions_of_messages::Migration),
            Box::new(m20261128_000066_setting_changes::Migration),
            Box::new(m20261128_000067_last_changes::Migration),
            Box::new(m20261128_000068_accounts_by_last_change::Migration),
            Box::new(m20261128_000069_actors_of_erasures::Migration),
            Box::new(m20261128_000070_open_lots::Migration),
            Box::new(m20261128_000071_indexes_of_open_lots::Migration),
        ]
    }
}
