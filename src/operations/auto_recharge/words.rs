//! What owners read about their recharges: why nothing or less was bought, and what to do.

use crate::localization::Text;
use domain::{
    money::Money,
    recharge::{Cut, DECLINES_TO_SUSPEND, SuspendReason},
};
use jiff::{Timestamp, tz::TimeZone};

use super::Suspension;
use crate::payments::{CallError, Mandate, MerchantTrouble};

/// Why nothing is bought until the owner acts.
pub(super) fn suspended(suspension: Suspension, reason: Option<&str>) -> Text {
    match suspension {
        Suspension::NotSold => {
            text!("The package is no longer sold. Choose another one to recharge again.")
        }
        Suspension::Decided(SuspendReason::Declined) => match said(reason) {
            None => text!(
                "The last {count} charges were declined. Check the means of payment, then save the settings of the \
                 automatic recharge again.",
                count = DECLINES_TO_SUSPEND,
            ),
            Some(reason) => text!(
                "The last {count} charges were declined: {reason}. Check the means of payment, then save the settings \
                 of the automatic recharge again.",
                count = DECLINES_TO_SUSPEND,
                reason = reason,
            ),
        },
        Suspension::Decided(SuspendReason::CurrencyMismatch) => text!(
            "The package, the monthly limit and the payment provider's limit are in different currencies. Choose a \
             package in the account's currency to recharge again."
        ),
        Suspension::Decided(SuspendReason::UnusablePackage) => {
            text!(
                "The package costs nothing or has no credits. Choose another one to recharge again."
            )
        }
    }
}

/// The monthly limit leaves too little for one package.
pub(super) fn limit_reached(
    limit: Money,
    spent: Money,
    package_price: Money,
    goes_on: (Timestamp, &TimeZone),
) -> Text {
    text!(
        "The monthly limit of {limit} leaves {left}, and a package costs {price}. Recharging continues with the next \
         month, on {day}. Raise the limit to recharge earlier.",
        limit = money(limit),
        left = money(left(limit, spent)),
        price = money(package_price),
        day = day(goes_on),
    )
}

/// The provider's own limit leaves too little for one package.
pub(super) fn provider_limit_reached(
    mandate: &Mandate,
    package_price: Money,
    zone: &TimeZone,
) -> Text {
    let price = money(package_price);
    let goes_on = mandate.period_end.map(|end| day((end, zone)));
    let cap = mandate.cap.map(|cap| {
        let used = mandate.used.unwrap_or(Money::zero(cap.currency()));
        (money(cap), money(left(cap, used)))
    });
    match (cap, goes_on) {
        (Some((limit, left)), Some(day)) => text!(
            "The payment provider's own limit of {limit} leaves {left}, and a package costs {price}. Recharging \
             continues with its next period, on {day}. Approve a higher limit there to recharge earlier.",
            limit = limit,
            left = left,
            price = price,
            day = day,
        ),
        (Some((limit, left)), None) => text!(
            "The payment provider's own limit of {limit} leaves {left}, and a package costs {price}. Approve a higher \
             limit there to recharge earlier.",
            limit = limit,
            left = left,
            price = price,
        ),
        (None, Some(day)) => text!(
            "The payment provider's own limit is reached, and a package costs {price}. Recharging continues with its \
             next period, on {day}. Approve a higher limit there to recharge earlier.",
            price = price,
            day = day,
        ),
        (None, None) => text!(
            "The payment provider's own limit is reached, and a package costs {price}. Approve a higher limit there to \
             recharge earlier.",
            price = price,
        ),
    }
}

/// A charge was smaller than what the threshold asks for.
pub(super) fn cut(by: Cut, times: u32) -> Text {
    let packages = match times {
        1 => text!("one package"),
        more => text!("{count} packages", count = more),
    };
    let why = match by {
        Cut::MonthlyLimit => text!("what is left of the monthly limit pays for no more"),
        Cut::ProviderLimit => {
            text!("what is left of the payment provider's own limit pays for no more")
        }
        Cut::Size => text!("one charge buys no more"),
    };
    text!(
        "The last recharge bought {packages}, which is less than the threshold asks for: {why}.",
        packages = packages,
        why = why,
    )
}

/// A charge was declined, and is tried again later.
pub(super) fn backing_off(reason: Option<&str>, until: (Timestamp, &TimeZone)) -> Text {
    match said(reason) {
        None => text!(
            "The last charge was declined. It is tried again on {time}.",
            time = minute(until),
        ),
        Some(reason) => text!(
            "The last charge was declined: {reason}. It is tried again on {time}.",
            reason = reason,
            time = minute(until),
        ),
    }
}

/// The owner has to approve charges at the provider.
pub(super) fn needs_approval() -> Text {
    text!(
        "The owner has to approve automatic charges at the payment provider first: open \
         confirmationUrl. If there is none, save the settings of the automatic recharge again."
    )
}

/// The provider has nothing to charge.
pub(super) fn needs_purchase() -> Text {
    text!(
        "The payment provider has no means of payment that it may charge automatically. Buy a package \
         once on its payment page, which keeps the means of payment."
    )
}

/// Nothing is sold on this server.
pub(super) fn no_provider() -> Text {
    text!("Nothing can be bought on this server: its operator has chosen no payment provider.")
}

/// The provider couldn't be asked.
pub(super) fn call_failed(error: &CallError) -> Text {
    match error {
        CallError::NoAnswer(_) | CallError::Busy(_) => {
            text!("The payment provider does not answer. It is asked again soon.")
        }
        CallError::Merchant(trouble) => merchant(*trouble),
    }
}

/// Why an account can't be charged, and who can change that.
pub(super) fn merchant(trouble: MerchantTrouble) -> Text {
    match trouble {
        MerchantTrouble::NotConnected => {
            text!("The account isn't connected to the payment provider; the platform connects it.")
        }
        MerchantTrouble::Unauthorized => {
            text!(
                "The payment provider refuses the account's credentials; the platform connects it again."
            )
        }
        MerchantTrouble::Frozen => {
            text!(
                "The shop is frozen at the payment provider, for example for unpaid bills; its owner clears that there."
            )
        }
        MerchantTrouble::Uninstalled => {
            text!("The shop has removed the app; its owner installs it again.")
        }
    }
}

fn left(limit: Money, spent: Money) -> Money {
    let left = limit
        .checked_sub(spent)
        .map_or(0, |left| left.minor().max(0));
    Money::new(left, limit.currency())
}

/// What the provider said of a declined charge, if anything.
fn said(reason: Option<&str>) -> Option<&str> {
    let reason = reason.map(|reason| reason.trim().trim_end_matches('.'));
    reason.filter(|reason| !reason.is_empty())
}

fn money(money: Money) -> String {
    format!("{money} {}", money.currency().code())
}

fn day((at, zone): (Timestamp, &TimeZone)) -> String {
    zone.to_datetime(at).date().to_string()
}

fn minute((at, zone): (Timestamp, &TimeZone)) -> Text {
    let at = zone.to_datetime(at);
    text!(
        "{day} at {time} ({zone})",
        day = at.date(),
        time = format_args!("{:02}:{:02}", at.hour(), at.minute()),
        zone = zone.iana_name().unwrap_or("UTC"),
    )
}
