//! The orders of lists: one enum for each connection that can be sorted.
//!
//! Here: the values of `sortKey`, of which the first is the default. Not here: `reverse`, which
//! every connection has ([`super::engine::paging`]).

use async_graphql::Enum;

use crate::operations::{
    account, api_key, contact, contact_list, credit_package, lot, message, purchase::listing,
};

/// What accounts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(remote = "account::AccountSort")]
pub enum AccountSortKey {
    /// By the instant of creation, oldest first.
    #[default]
    CreatedAt,
    /// By name, in the order of Unicode code points with A to Z as a to z.
    Name,
    /// By updatedAt, earliest first. An account that changes while its list is paged comes again on
    /// a later page.
    UpdatedAt,
}

/// What contact lists are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(remote = "contact_list::ListSort")]
pub enum ContactListSortKey {
    /// By the instant of creation, oldest first.
    #[default]
    CreatedAt,
    /// By name, in the order of Unicode code points with A to Z as a to z.
    Name,
    /// By updatedAt, earliest first. A list that changes while lists are paged comes again on a
    /// later page.
    UpdatedAt,
}

/// What the stored contacts of a list are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "contact::ContactSort")]
pub enum ContactSortKey {
    /// By the instant of creation, newest first.
    CreatedAt,
    /// By the digits of the telephone number taken as one number, smallest first.
    #[graphql(name = "PHONE_NUMBER")]
    Number,
}

/// What API keys are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(remote = "api_key::ApiKeySort")]
pub enum ApiKeySortKey {
    /// By the instant of creation, newest first.
    #[default]
    CreatedAt,
    /// By name, in the order of Unicode code points with A to Z as a to z.
    Name,
    /// By updatedAt, earliest first. A key that changes while keys are paged comes again on a later
    /// page.
    UpdatedAt,
}

/// What credit packages are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(remote = "credit_package::PackageSort")]
pub enum CreditPackageSortKey {
    /// In the order that reorderCreditPackages gave them. Packages without one come last, fewest
    /// credits first: those that are newer, and all before the first reordering.
    #[default]
    Position,
    /// By the number of credits, fewest first.
    Credits,
    /// By the amount of the price, lowest first, whatever its currency.
    Price,
    /// By name, in the order of Unicode code points with A to Z as a to z.
    Name,
    /// By the instant of creation, oldest first.
    CreatedAt,
    /// By updatedAt, earliest first. A package that changes while packages are paged comes again on
    /// a later page.
    UpdatedAt,
}

/// What purchases are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(remote = "listing::PurchaseSort")]
pub enum PurchaseSortKey {
    /// By the instant of creation, newest first.
    #[default]
    CreatedAt,
    /// By updatedAt, earliest first. A purchase that changes while its list is paged comes again on
    /// a later page.
    UpdatedAt,
}

/// What messages are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(remote = "message::MessageSort")]
pub enum MessageSortKey {
    /// By sendAt, latest first.
    #[default]
    SendAt,
    /// By updatedAt, earliest first. A message that changes while its list is paged comes again on
    /// a later page.
    UpdatedAt,
}

/// What lots of credits are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Enum)]
#[graphql(remote = "lot::LotSort")]
pub enum CreditLotSortKey {
    /// By the instant of creation, newest first.
    #[default]
    CreatedAt,
    /// By updatedAt, earliest first. A lot that changes while its list is paged comes again on a
    /// later page.
    UpdatedAt,
}
