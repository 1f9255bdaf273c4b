//! The laws of the domain over HTTP.
//!
//! Here: properties of random histories, a second book beside the server, what `verify` finds, and
//! the tests of `docs/laws.md` and `docs/ledger.md`. Not here: laws of the pure core, which are in
//! `domain/tests`.

mod chargebacks;
mod contact_import_laws;
mod earlier_chains;
mod ending;
mod heads;
mod law_book;
mod ledger_laws;
mod ledger_page;
mod payment_laws;
mod quote_laws;
mod recharge_laws;
mod retention;
mod rows_of_a_send;
mod shadow;
mod statement_laws;
mod usage_laws;
mod verify;
