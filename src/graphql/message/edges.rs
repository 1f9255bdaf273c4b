//! The edges of new messages, in the connections that they enter.

use async_graphql::ComplexObject;

use super::{
    super::engine::new_edges::edge, Message, MessageEdge, ScheduleMessagePayload,
    SendMessagePayload,
};

impl Message {
    /// Its edge in a connection of its account.
    fn edge(&self, field: &str) -> MessageEdge<'_> {
        edge(field, Some(self.row.account_id), self, &self.row)
    }
}

#[ComplexObject]
impl ScheduleMessagePayload {
    /// The message as an edge of `Account.messages`, with a cursor of the default order; null if
    /// the mutation was refused.
    async fn message_edge(&self) -> Option<MessageEdge<'_>> {
        Some(self.message.as_ref()?.edge("messages"))
    }

    /// The message as an edge of `Account.scheduledMessages`, with a cursor of the default order;
    /// null if the mutation was refused.
    async fn scheduled_message_edge(&self) -> Option<MessageEdge<'_>> {
        Some(self.message.as_ref()?.edge("scheduledMessages"))
    }
}

#[ComplexObject]
impl SendMessagePayload {
    /// The message as an edge of `Account.messages`, with a cursor of the default order; null if
    /// the mutation was refused.
    async fn message_edge(&self) -> Option<MessageEdge<'_>> {
        Some(self.message.as_ref()?.edge("messages"))
    }
}
