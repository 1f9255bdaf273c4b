//! Counts above 2,147,483,647 over HTTP: whatever may be sent can be reported.

use serde_json::json;

use crate::support::{
    new_key, on_both_databases,
    rate_card::{charge_by, publish},
};

on_both_databases! {
    /// 3,000,000,000 segments of one message, and 6,000,000,000 of two, are reported exactly: in
    /// all, by list, by country, by channel, by day, and for the list itself.
    async fn sums_beyond_an_int_are_exact(server: Server) {
        let shop = server.account("Shop").await;
        let card = publish(&server, "cheap", json!([{ "countryCode": "IT", "sms": "0.0001" }])).await;
        charge_by(&server, &shop, &card).await;
        server.grant(&shop, "1000000").await;
        let everybody = json!([{ "countryCode": "IT", "recipientCount": 1_000_000_000 }]);
        let list = server.list(&shop, "Everybody", everybody).await;
        let send = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
            message { segmentCount recipientCount credits } userErrors { field message } } }";
        for _ in 0..2 {
            let input = json!({
                "audience": { "listId": list },
                "text": "a".repeat(400),
                "idempotencyKey": new_key(),
            });
            let sent = server.done(&shop.owner, send, input).await;
            assert_eq!(sent["message"], json!({
                "segmentCount": 3, "recipientCount": 1_000_000_000, "credits": "300000",
            }));
        }

        let report = "query($input: UsageReportInput!, $list: ID!, $from: DateTime!, $to: DateTime!) {
            usageReport(input: $input) {
                totals { ...all } buckets { usage { ...all } } countries { usage { ...all } }
                channels { usage { ...all } }
                lists { usage { ...all } buckets { usage { ...all } } } }
            node(id: $list) { ... on ContactList {
                usage(from: $from, to: $to, interval: DAY) { totals { ...all } buckets { usage { ...all } } } } } }
            fragment all on Usage { messageCount recipientCount segmentCount credits }";
        let (from, to) = ("2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z");
        let input = json!({ "from": from, "to": to, "interval": "DAY" });
        let asked = json!({ "input": input, "list": list, "from": from, "to": to });
        let data = server.data(&shop.owner, report, asked).await;
        let sum = json!({ "messageCount": 2, "recipientCount": 2_000_000_000, "segmentCount": 6_000_000_000_u64,
            "credits": "600000" });
        let one = json!([{ "usage": sum }]);
        assert_eq!(data, json!({
            "usageReport": {
                "totals": sum, "buckets": one, "countries": one, "channels": one,
                "lists": [{ "usage": sum, "buckets": one }],
            },
            "node": { "usage": { "totals": sum, "buckets": one } },
        }));
    }
}
