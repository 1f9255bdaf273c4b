//! What an access token may do: what its role may, except for what only keys may.

use message_credits::{
    http::connections::Limits,
    operations::policy::{KEYS_ONLY, POLICY, access},
};

use super::{Role, Server, Value, World, answer, json, outcome};
use crate::support::openid_provider::{AUDIENCE, OpenIdProvider, SigningKey};

const MINT: &str = "mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) {
    token userErrors { field message } } }";

/// Every row of the policy with an owner's token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_do_what_its_role_may_but_nothing_with_keys() {
    let server = Server::on_sqlite().await;
    let world = World::new(&server).await;
    let input = json!({ "role": "OWNER", "name": "Ada", "minutes": 60 });
    let made = server.done(&world.shop.owner, MINT, input).await;
    follows_its_role(&server, &world, made["token"].as_str().unwrap()).await;
}

/// Every row of the policy with an owner's token of the OpenID provider.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_provider_may_do_what_its_role_may_but_nothing_with_keys() {
    let key = SigningKey::new("one");
    let provider = OpenIdProvider::start(&[&key]).await;
    let accepted = provider.accepted();
    let server = Server::with(Limits::default(), |settings| settings.openid = accepted).await;
    let world = World::new(&server).await;
    let token = key.token(&json!({
        "iss": provider.issuer, "aud": AUDIENCE, "sub": "ada", "roles": "owner",
        "account_id": world.shop.id, "exp": 4_000_000_000_i64,
    }));
    follows_its_role(&server, &world, &token).await;
}

async fn follows_its_role(server: &Server, world: &World, token: &str) {
    let fields = POLICY.iter().map(|(field, _)| *field);
    let (last, first): (Vec<&str>, Vec<&str>) =
        fields.partition(|field| field.starts_with("archive"));
    let mut wrong = Vec::new();
    for field in first.into_iter().chain(last) {
        let (query, variables) = world.document(field);
        let response = answer(server, field, Some(token), &query, variables).await;
        let may = access(field).admits(Role::Owner) && !KEYS_ONLY.contains(&field);
        let expected = if may { "yes" } else { "-" };
        let found = outcome(field, &response);
        if found != expected {
            wrong.push(format!("{field}: {found} and not {expected}: {response}"));
        }
        if access(field).admits(Role::Owner) && !may {
            let error = &response["errors"][0];
            assert_eq!(
                error["message"],
                "This needs an API key: an access token can't see or change keys, or make tokens."
            );
            let roles = json!(["PLATFORM_ADMIN", "OWNER"]);
            assert_eq!(error["extensions"]["roles"], roles, "{error}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // Below root fields, keys don't exist for it either.
    let keys = "{ account { apiKeys { nodes { id } } } }";
    let refused = server.graphql(Some(token), keys, json!({})).await;
    let code = &refused["errors"][0]["extensions"]["code"];
    assert_eq!(code, "FORBIDDEN", "{refused}");
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let id = json!({ "id": world.key });
    let data = server.data(token, node, id.clone()).await;
    assert_eq!(data["node"], Value::Null);
    let data = server.data(&world.shop.owner, node, id).await;
    assert_eq!(data["node"]["id"], world.key);
}

/// A new root field about keys or tokens must be closed to tokens too.
#[test]
fn every_root_field_about_keys_is_closed_to_tokens() {
    let about_keys = POLICY.iter().map(|(field, _)| *field).filter(|field| {
        let name = field.to_lowercase();
        name.contains("apikey") || name.contains("accesstoken")
    });
    let mut about_keys: Vec<&str> = about_keys.collect();
    let mut closed = KEYS_ONLY.to_vec();
    about_keys.sort_unstable();
    closed.sort_unstable();
    assert_eq!(about_keys, closed);
}
