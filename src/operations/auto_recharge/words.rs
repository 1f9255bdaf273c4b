//! What owners read about their recharges: why nothing or less was bought, and what to do.

use domain::{
    money::Money,
    recharge::{Cut, DECLINES_TO_SUSPEND, SuspendReason},
};
use jiff::{Timestamp, tz::TimeZone};

use super::Suspension;
use crate::payments::{CallError, Mandate, MerchantTrouble};

/// Why nothing is bought until the owner acts.
pub(super) fn suspended(suspension: Suspension, reason: Option<&str>) -> String {
    let declined = format!("The last {DECLINES_TO_SUSPEND} charges were declined");
    match suspension {
        Suspension::NotSold => {
            "The package is no longer sold. Choose another one to recharge again.".to_owned()
        }
        Suspension::Decided(SuspendReason::Declined) => format!(
            "{}. Check the means of payment, then save the settings of the automatic recharge again.",
            with(&declined, reason)
        ),
        Suspension::Decided(SuspendReason::CurrencyMismatch) => {
            "The package, the monthly limit and the payment provider's limit are in different \
             currencies. Choose a package in the account's currency to recharge again."
                .to_owned()
        }
        Suspension::Decided(SuspendReason::UnusablePackage) => {
            "The package costs nothing or has no credits. Choose another one to recharge again."
                .to_owned()
        }
    }
}

/// The monthly limit leaves too little for one package.
pub(super) fn limit_reached(
    limit: Money,
    spent: Money,
    package_price: Money,
    goes_on: (Timestamp, &TimeZone),
) -> String {
    format!(
        "The monthly limit of {} leaves {}, and a package costs {}. Recharging continues with the next month, on {}. \
         Raise the limit to recharge earlier.",
        money(limit),
        money(left(limit, spent)),
        money(package_price),
        day(goes_on),
    )
}

/// The provider's own limit leaves too little for one package.
pub(super) fn provider_limit_reached(
    mandate: &Mandate,
    package_price: Money,
    zone: &TimeZone,
) -> String {
    let until = match mandate.period_end {
        Some(end) => format!(
            " Recharging continues with its next period, on {}.",
            day((end, zone))
        ),
        None => String::new(),
    };
    let limit = match mandate.cap {
        Some(cap) => {
            let left = left(cap, mandate.used.unwrap_or(Money::zero(cap.currency())));
            format!("limit of {} leaves {}", money(cap), money(left))
        }
        None => "limit is reached".to_owned(),
    };
    format!(
        "The payment provider's own {limit}, and a package costs {}.{until} Approve a higher limit there to recharge \
         earlier.",
        money(package_price),
    )
}

/// A charge was smaller than what the threshold asks for.
pub(super) fn cut(by: Cut, times: u32) -> String {
    let packages = match times {
        1 => "one package".to_owned(),
        more => format!("{more} packages"),
    };
    let why = match by {
        Cut::MonthlyLimit => "what is left of the monthly limit pays for no more",
        Cut::ProviderLimit => "what is left of the payment provider's own limit pays for no more",
        Cut::Size => "one charge buys no more",
    };
    format!(
        "The last recharge bought {packages}, which is less than the threshold asks for: {why}."
    )
}

/// A charge was declined, and is tried again later.
pub(super) fn backing_off(reason: Option<&str>, until: (Timestamp, &TimeZone)) -> String {
    format!(
        "{}. It is tried again on {}.",
        with("The last charge was declined", reason),
        minute(until)
    )
}

/// The owner has to approve charges at the provider.
pub(super) fn needs_approval() -> String {
    "The owner has to approve automatic charges at the payment provider first: open \
     confirmationUrl. If there is none, save the settings of the automatic recharge again."
        .to_owned()
}

/// The provider has nothing to charge.
pub(super) fn needs_purchase() -> String {
    "The payment provider has no means of payment that it may charge automatically. Buy a package \
     once on its payment page, which keeps the means of payment."
        .to_owned()
}

/// Nothing is sold on this server.
pub(super) fn no_provider() -> String {
    "Nothing can be bought on this server: its operator has chosen no payment provider.".to_owned()
}

/// The provider couldn't be asked.
pub(super) fn call_failed(error: &CallError) -> String {
    match error {
        CallError::NoAnswer(_) | CallError::Busy(_) => {
            "The payment provider does not answer. It is asked again soon.".to_owned()
        }
        CallError::Merchant(trouble) => merchant(*trouble).to_owned(),
    }
}

/// Why an account can't be charged, and who can change that.
pub(super) fn merchant(trouble: MerchantTrouble) -> &'static str {
    match trouble {
        MerchantTrouble::NotConnected => {
            "The account isn't connected to the payment provider; the platform connects it."
        }
        MerchantTrouble::Unauthorized => {
            "The payment provider refuses the account's credentials; the platform connects it again."
        }
        MerchantTrouble::Frozen => {
            "The shop is frozen at the payment provider, for example for unpaid bills; its owner clears that there."
        }
        MerchantTrouble::Uninstalled => {
            "The shop has removed the app; its owner installs it again."
        }
    }
}

fn left(limit: Money, spent: Money) -> Money {
    let left = limit
        .checked_sub(spent)
        .map_or(0, |left| left.minor().max(0));
    Money::new(left, limit.currency())
}

fn with(what: &str, reason: Option<&str>) -> String {
    match reason.map(|reason| reason.trim().trim_end_matches('.')) {
        None | Some("") => what.to_owned(),
        Some(reason) => format!("{what}: {reason}"),
    }
}

fn money(money: Money) -> String {
    format!("{money} {}", money.currency().code())
}

fn day((at, zone): (Timestamp, &TimeZone)) -> String {
    zone.to_datetime(at).date().to_string()
}

fn minute((at, zone): (Timestamp, &TimeZone)) -> String {
    let at = zone.to_datetime(at);
    let name = zone.iana_name().unwrap_or("UTC");
    format!(
        "{} at {:02}:{:02} ({name})",
        at.date(),
        at.hour(),
        at.minute()
    )
}
