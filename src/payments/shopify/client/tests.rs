//! What answers of Shopify's Admin API mean.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Answer, data};
use crate::payments::{CallError, MerchantTrouble};

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
    }
}

fn error_of(answer: &Answer) -> CallError {
    data::<Value>(answer).unwrap_err()
}

#[test]
fn a_status_says_who_has_to_act() {
    for (status, trouble) in [
        (401, MerchantTrouble::Unauthorized),
        (402, MerchantTrouble::Frozen),
        (403, MerchantTrouble::Unauthorized),
        (404, MerchantTrouble::Uninstalled),
        (423, MerchantTrouble::Frozen),
    ] {
        let error = error_of(&answer(status, r#"{"errors":"words for people"}"#));
        assert_eq!(error, CallError::Merchant(trouble), "{status}");
    }
    for status in [301, 302, 400, 418, 500, 502, 503, 504] {
        let error = error_of(&answer(status, "{}"));
        assert!(
            matches!(error, CallError::NoAnswer(_)),
            "{status}: {error:?}"
        );
    }
}

#[test]
fn a_busy_shop_is_asked_again_when_its_points_are_restored() {
    let throttled = |cost: Value| {
        let body = json!({
            "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
            "extensions": { "cost": cost },
        });
        error_of(&answer(200, &body.to_string()))
    };
    let cost = json!({
        "requestedQueryCost": 302,
        "actualQueryCost": null,
        "throttleStatus": { "maximumAvailable": 2000.0, "currentlyAvailable": 52, "restoreRate": 100.0 },
    });
    assert_eq!(
        throttled(cost),
        CallError::Busy(Duration::from_millis(2_500))
    );
    assert_eq!(throttled(Value::Null), CallError::Busy(super::BUSY));
    let cost = json!({
        "requestedQueryCost": 10,
        "throttleStatus": { "currentlyAvailable": 0, "restoreRate": 0 },
    });
    assert_eq!(throttled(cost), CallError::Busy(super::BUSY));

    let mut busy = answer(429, "");
    assert_eq!(error_of(&busy), CallError::Busy(super::BUSY));
    busy.headers.insert("retry-after", "4.0".parse().unwrap());
    assert_eq!(error_of(&busy), CallError::Busy(Duration::from_secs(4)));
    busy.headers.insert("retry-after", "-4".parse().unwrap());
    assert_eq!(error_of(&busy), CallError::Busy(super::BUSY));
}

#[test]
fn an_error_of_the_api_is_no_data() {
    let coded = |code: &str| {
        let body = json!({
            "data": { "node": null },
            "errors": [{ "message": "words", "extensions": { "code": code } }],
        });
        error_of(&answer(200, &body.to_string()))
    };
    assert_eq!(
        coded("ACCESS_DENIED"),
        CallError::Merchant(MerchantTrouble::Unauthorized)
    );
    assert_eq!(
        coded("SHOP_INACTIVE"),
        CallError::Merchant(MerchantTrouble::Frozen)
    );
    for code in ["INTERNAL_SERVER_ERROR", "MAX_COST_EXCEEDED", ""] {
        assert!(matches!(coded(code), CallError::NoAnswer(_)), "{code}");
    }
    let plain = r#"{"errors":[{"message":"Field 'x' doesn't exist"}]}"#;
    let error = error_of(&answer(200, plain)).to_string();
    assert!(error.contains("Field 'x' doesn't exist"), "{error}");
}

#[test]
fn what_is_not_json_is_no_answer_and_is_not_repeated() {
    for body in [
        "",
        "<html>secret</html>",
        "[]",
        "null",
        r#"{"data":"#,
        "{\"errors\":\"secret\"}",
    ] {
        let error = error_of(&answer(200, body));
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(matches!(error, CallError::NoAnswer(_)), "{body}: {error:?}");
    }
}
