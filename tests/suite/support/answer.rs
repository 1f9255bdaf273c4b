//! Parts of answers: the rows of `userErrors` and the code of an error.

use serde_json::Value;

/// The payload of the only field of a mutation.
#[track_caller]
pub fn payload(response: &Value) -> &Value {
    let data = response["data"].as_object();
    let payload = data.and_then(|data| data.values().next());
    payload.unwrap_or_else(|| panic!("{response:#}"))
}

/// The userErrors of the only field of a mutation.
#[track_caller]
pub fn user_errors(response: &Value) -> Value {
    payload(response)["userErrors"].clone()
}

/// The code of an answer's first error; null if there is none.
pub fn code(response: &Value) -> &Value {
    &response["errors"][0]["extensions"]["code"]
}
