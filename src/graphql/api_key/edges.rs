//! The edges of new API keys, in the connections that they enter.

use async_graphql::ComplexObject;

use super::{
    super::engine::new_edges::edge, ApiKey, ApiKeyEdge, CreateApiKeyPayload, RotateApiKeyPayload,
};

impl ApiKey {
    /// Its edge among the account's keys, or the platform's.
    fn edge(&self) -> ApiKeyEdge<'_> {
        let of = self.0.account_id;
        let field = of.map_or("platformApiKeys", |_| "apiKeys");
        edge(field, of, self, &self.0)
    }
}

#[ComplexObject]
impl CreateApiKeyPayload {
    /// The new key as an edge of `Account.apiKeys`, or of `Query.platformApiKeys` if it is the
    /// platform's, with a cursor of the default order; null if the mutation was refused.
    async fn api_key_edge(&self) -> Option<ApiKeyEdge<'_>> {
        self.api_key.as_ref().map(ApiKey::edge)
    }
}

#[ComplexObject]
impl RotateApiKeyPayload {
    /// The new key as an edge of `Account.apiKeys`, or of `Query.platformApiKeys` if it is the
    /// platform's, with a cursor of the default order; null if the mutation was refused.
    async fn api_key_edge(&self) -> Option<ApiKeyEdge<'_>> {
        self.api_key.as_ref().map(ApiKey::edge)
    }
}
