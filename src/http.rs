//! HTTP: what a request asks, and how the answer is sent.

pub mod graphql;
pub mod websocket;
