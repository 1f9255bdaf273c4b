//! What operations may weigh for each key and address, in points a second.

use message_credits::http::{
    rates::Rate,
    shares::{Costs, CostsByRole, Rates},
};
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{Server, on_both_databases};

/// A server whose keys and addresses have 100 points, to which 10 are added each second.
async fn with_limits(server: &Server) -> Server {
    let rate = Rate::holding(10, 10);
    let costs = Costs {
        address: rate,
        keys: CostsByRole::of(|_| rate),
    };
    limited(server, costs).await
}

async fn limited(server: &Server, costs: Costs) -> Server {
    let rates = Rates {
        costs,
        ..Rates::default()
    };
    server.beside(|settings| settings.rates = rates).await
}

/// A query that weighs this much, an even number, and has as many values in its answer.
fn values(count: usize) -> String {
    let one =
        |number| format!("f{number}: segmentation(input: {{ text: \"a\" }}) {{ segmentCount }}");
    let fields: Vec<String> = (0..count / 2).map(one).collect();
    format!("{{ {} }}", fields.join(" "))
}

async fn ask(server: &Server, key: Option<&str>, query: &str, accept: &str) -> Response {
    let request = server.http().post(server.url("/graphql"));
    let request = request.header(header::ACCEPT, accept);
    let request = match key {
        Some(key) => request.bearer_auth(key),
        None => request,
    };
    let body = json!({ "query": query, "extensions": { "cost": true } });
    request.json(&body).send().await.unwrap()
}

const JSON: &str = "application/json";

on_both_databases! {
    /// The weight is paid before, and what the answer didn't use comes back.
    async fn unused_weight_is_given_back(server: Server) {
        let tenant = server.account("Shop").await;
        let server = with_limits(&server).await;
        let page = "{ account { lists(first: 3) { nodes { id name } } } }";
        for _ in 0..10 {
            let answer: Value = ask(&server, Some(&tenant.owner), page, JSON).await.json().await.unwrap();
            let cost = &answer["extensions"]["cost"];
            let requested = cost["requested"].as_u64().unwrap();
            let used = cost["used"].as_u64().unwrap();
            assert!(requested > 40 && used < 5, "{answer}");
            assert_eq!(cost["throttleStatus"]["maximumAvailable"], 100);
            assert_eq!(cost["throttleStatus"]["restoreRate"], 10);
            assert!(cost["throttleStatus"]["currentlyAvailable"].as_u64().unwrap() >= 50, "{answer}");
        }
    }

    /// A document that doesn't fit the schema never runs, and costs a point, whatever it weighs.
    async fn an_invalid_document_costs_a_point(server: Server) {
        let tenant = server.account("Shop").await;
        let server = with_limits(&server).await;
        let wrong = "{ account { lists(first: 3) { nodes { id name } } nonsense } }";
        for _ in 0..10 {
            let refused = ask(&server, Some(&tenant.owner), wrong, JSON).await;
            let answer: Value = refused.json().await.unwrap();
            assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
        }
    }

    /// An operation that can't be paid is refused before it runs, in every media type, and says how
    /// long to wait; other keys and addresses are not concerned.
    async fn an_operation_beyond_the_bucket_waits(server: Server) {
        let tenant = server.account("Shop").await;
        let other = server.key(&tenant, "VIEWER").await;
        let server = with_limits(&server).await;
        for key in [Some(tenant.owner.as_str()), None] {
            let first = ask(&server, key, &values(40), JSON).await;
            assert_eq!(first.status(), StatusCode::OK);
            ask(&server, key, &values(40), JSON).await;
            for accept in [JSON, "application/graphql-response+json", "text/event-stream"] {
                let refused = ask(&server, key, &values(40), accept).await;
                assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{accept}");
                let wait = refused.headers()[header::RETRY_AFTER].to_str().unwrap();
                let wait: u64 = wait.parse().unwrap();
                assert!((1..=3).contains(&wait), "{wait}");
                let body: Value = refused.json().await.unwrap();
                let error = &body["errors"][0];
                assert_eq!(error["extensions"], json!({ "code": "RATE_LIMITED", "retryAfter": wait }));
                assert!(error["message"].as_str().unwrap().contains("weighs 40"), "{body}");
                assert_eq!(body.get("data"), None);
            }
            // A small one is still paid.
            let small = ask(&server, key, &values(4), JSON).await;
            assert_eq!(small.status(), StatusCode::OK);
        }
        let others = ask(&server, Some(&other), &values(40), JSON).await;
        assert_eq!(others.status(), StatusCode::OK);
    }

    /// Each role has the limit that the operator gave it.
    async fn roles_have_limits_of_their_own(server: Server) {
        let tenant = server.account("Shop").await;
        let sender = server.key(&tenant, "SENDER").await;
        let keys = CostsByRole::of(|role| match role {
            entity::sql_enums::Role::Sender => None,
            _ => Rate::holding(10, 10),
        });
        let server = limited(&server, Costs { address: None, keys }).await;
        let check = async |key: Option<&str>, last: StatusCode| {
            for _ in 0..2 {
                ask(&server, key, &values(44), JSON).await;
            }
            assert_eq!(ask(&server, key, &values(44), JSON).await.status(), last);
        };
        check(Some(&sender), StatusCode::OK).await;
        check(None, StatusCode::OK).await;
        check(Some(&tenant.owner), StatusCode::TOO_MANY_REQUESTS).await;
    }
}
