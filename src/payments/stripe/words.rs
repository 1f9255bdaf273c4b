//! Why a payment was declined, in words for the owner.
//!
//! Here: Stripe's codes of declines that an owner can do something about. Of a card that was
//! reported lost or stolen the bank wants nothing said: it is declined like any other. The codes
//! are those of <https://docs.stripe.com/declines/codes>, read in November 2026.

use super::objects::ApiError;

/// The words if the owner has to be there.
pub(super) const APPROVE: &str = "the bank asks the owner to approve this payment: buy credits once on the payment \
                                  page, and recharges use the card from there";
/// The words if nothing is saved to charge.
pub(super) const NO_MEANS: &str =
    "no card is saved: buy credits once on the payment page, and recharges use the card from there";
/// The words if the bank gives no reason.
const DECLINED: &str = "the bank declined the payment";

/// The reason of a decline.
pub(super) fn reason(error: Option<&ApiError>) -> String {
    let Some(error) = error else {
        return DECLINED.to_owned();
    };
    let known = |code: &Option<String>| code.as_deref().and_then(words);
    let found = known(&error.decline_code).or_else(|| known(&error.code));
    found.unwrap_or(DECLINED).to_owned()
}

fn words(code: &str) -> Option<&'static str> {
    Some(match code {
        "authentication_required"
        | "authentication_not_handled"
        | "payment_intent_authentication_failure" => APPROVE,
        "insufficient_funds" => "the bank declined the payment: the card has insufficient funds",
        "expired_card" => "the card has expired",
        "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => {
            "the bank declined the payment: it is over the card's limit"
        }
        "currency_not_supported" => "the card can't pay in this currency",
        "card_not_supported" | "transaction_not_allowed" | "not_permitted" => {
            "the bank declined the payment: the card can't be used for it"
        }
        "incorrect_number"
        | "invalid_number"
        | "incorrect_cvc"
        | "invalid_cvc"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "incorrect_zip"
        | "invalid_account" => "the card's details are wrong: buy credits once with another card",
        "processing_error" | "try_again_later" | "issuer_not_available" | "reenter_transaction" => {
            "the bank couldn't process the payment now"
        }
        "call_issuer"
        | "do_not_honor"
        | "do_not_try_again"
        | "no_action_taken"
        | "revocation_of_authorization"
        | "revocation_of_all_authorizations"
        | "stop_payment_order" => {
            "the bank declined the payment: ask the bank, or use another card"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{ApiError, reason};

    fn error(code: &str, decline_code: Option<&str>) -> ApiError {
        ApiError {
            code: Some(code.to_owned()),
            decline_code: decline_code.map(str::to_owned),
            ..ApiError::default()
        }
    }

    #[test]
    fn a_decline_is_explained() {
        let check = |error: Option<&ApiError>, expected: &str| {
            let found = reason(error);
            assert!(found.contains(expected), "{found}");
        };
        check(None, "the bank declined the payment");
        let asks = error("authentication_required", Some("authentication_required"));
        check(Some(&asks), "asks the owner to approve");
        let funds = error("card_declined", Some("insufficient_funds"));
        check(Some(&funds), "insufficient funds");
        check(Some(&error("expired_card", None)), "has expired");
        // The bank wants nothing said about these.
        for code in [
            "lost_card",
            "stolen_card",
            "fraudulent",
            "a_code_of_tomorrow",
        ] {
            let found = reason(Some(&error("card_declined", Some(code))));
            assert_eq!(found, "the bank declined the payment", "{code}");
        }
    }
}
