//! A message's transactions.
//!
//! Here: the condition that finds them. An index has those that are not a charge from one lot; such
//! a charge is found by the instant at which the message was charged. Not here: the search for an
//! instant ([`super::instants`]).

use domain::id::AccountId;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, sea_query::Expr};

use super::{ChargedMessage, instants::last_by};

/// Makes the condition that transactions of an account are of a message.
pub(super) async fn of_message(
    connection: &impl ConnectionTrait,
    account: AccountId,
    message: ChargedMessage,
) -> Result<Expr, DbErr> {
    let (mut after, mut to) = (0, 0);
    if let Some(sent_at) = message.sent_at {
        after = last_by(connection, account, sent_at.saturating_sub(1)).await?;
        to = last_by(connection, account, sent_at).await?;
    }
    let is_postgres = connection.get_database_backend() == DatabaseBackend::Postgres;
    // As an array PostgreSQL reads the numbers first and then their rows by key. As a subquery it
    // may walk all of the account's transactions in the page's order instead.
    let (before, end) = match is_postgres {
        true => ("transactions.sequence = ANY(ARRAY(", "))"),
        false => ("transactions.sequence IN (", ")"),
    };
    let [p1, p2, p3, p4, p5, p6] = match is_postgres {
        true => ["$1", "$2", "$3", "$4", "$5", "$6"],
        false => ["?"; 6],
    };
    let text = format!(
        "{before}SELECT m.sequence FROM transactions m WHERE m.account_id = {p1} \
         AND m.message_id = {p2} AND m.paid_lot_id IS NULL \
         UNION ALL SELECT c.sequence FROM transactions c WHERE c.account_id = {p3} \
         AND c.sequence > {p4} AND c.sequence <= {p5} AND c.message_id = {p6} \
         AND c.paid_lot_id IS NOT NULL{end}"
    );
    let (of, id) = (account.uuid(), message.id.uuid());
    let values: [sea_orm::Value; 6] = [
        of.into(),
        id.into(),
        of.into(),
        after.into(),
        to.into(),
        id.into(),
    ];
    Ok(Expr::cust_with_values(text, values))
}
