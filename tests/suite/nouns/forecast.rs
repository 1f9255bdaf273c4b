//! Forecasts over HTTP (law T6): how long credits last, and which expire unused.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, new_key, on_both_databases, purchase,
    sending::{grant_at, send_all, sms},
};

const FORECAST: &str = "query($id: ID) { account(id: $id) { balance { available held } forecast {
    usedInThirtyDays usedThisMonth usedLastMonth usedInMonthAYearAgo runsOutOn runwayDays earliestRunsOutOn latestRunsOutOn
    expiringInThirtyDays lost expiries { expiresOn credits used lost held }
    suggestedPackage { credits } } } }";
const SCHEDULE: &str = "mutation($input: ScheduleMessageInput!) {
    scheduleMessage(input: $input) { message { credits } userErrors { field message } } }";

/// An account that exists for long enough to have a pace.
async fn old_account(server: &Server) -> Tenant {
    server.set_time("2025-01-01T08:00:00Z");
    let tenant = server.account("Shop").await;
    server.set_time("2026-11-22T08:00:00Z");
    tenant
}

async fn forecast(server: &Server, tenant: &Tenant) -> Value {
    let variables = json!({ "id": tenant.id });
    let data = server.data(&tenant.owner, FORECAST, variables);
    data.await["account"].take()
}

on_both_databases! {
    /// Days are the account's own, today's messages aren't part of the pace, and the band is that
    /// of the last three times thirty days.
    async fn credits_last_at_the_present_pace(server: Server) {
        let tenant = old_account(&server).await;
        grant_at(&server, &tenant, "2025-01-02T00:00:00Z", 1_277).await;
        send_all(&server, &tenant, &[
            sms(None, "2025-11-15T10:00:00Z", 77),
            sms(None, "2026-09-01T10:00:00Z", 150),
            // Still 23 October in Rome's 30 days, which begin at 22:00 UTC the day before.
            sms(None, "2026-10-22T21:59:59Z", 600),
            sms(None, "2026-10-22T22:00:00Z", 100),
            sms(None, "2026-11-21T22:59:59Z", 200),
            sms(None, "2026-11-21T23:00:00Z", 50),
        ]).await;
        server.grant_until(&tenant, "100", Some("2026-12-20")).await;
        purchase::package(&server, 299, 1_000, |_| {}).await;
        purchase::package(&server, 300, 1_500, |_| {}).await;
        let found = forecast(&server, &tenant).await;
        assert_eq!(found["balance"]["available"], "200");
        assert_eq!(found["forecast"], json!({
            "usedInThirtyDays": "300",
            "usedThisMonth": "250",
            "usedLastMonth": "700",
            "usedInMonthAYearAgo": "77",
            "runsOutOn": "2026-12-12",
            "runwayDays": 20,
            "earliestRunsOutOn": "2026-12-02",
            "latestRunsOutOn": "2026-12-20",
            "expiringInThirtyDays": "100",
            "lost": "0",
            "expiries": [{ "expiresOn": "2026-12-20", "credits": "100", "used": "100",
                "lost": "0", "held": "0" }],
            "suggestedPackage": { "credits": "300" },
        }));
    }

    /// Held credits are safe, and what nobody uses is lost.
    async fn held_credits_are_not_lost(server: Server) {
        let tenant = old_account(&server).await;
        server.grant_until(&tenant, "100", Some("2026-12-01")).await;
        server.grant_until(&tenant, "7", Some("2027-06-01")).await;
        let list = json!([{ "countryCode": "IT", "recipientCount": 40 }]);
        let list = server.list(&tenant, "Friends", list).await;
        let input = json!({ "listId": list, "text": "Ciao",
            "sendAt": "2026-12-24T09:00:00Z", "idempotencyKey": new_key() });
        let scheduled = server.done(&tenant.owner, SCHEDULE, input).await;
        assert_eq!(scheduled["message"]["credits"], "40");
        let found = forecast(&server, &tenant).await;
        assert_eq!(found["forecast"], json!({
            "usedInThirtyDays": "0",
            "usedThisMonth": "0",
            "usedLastMonth": "0",
            "usedInMonthAYearAgo": "0",
            "runsOutOn": null,
            "runwayDays": null,
            "earliestRunsOutOn": null,
            "latestRunsOutOn": null,
            "expiringInThirtyDays": "60",
            "lost": "67",
            "expiries": [
                { "expiresOn": "2026-12-01", "credits": "60", "used": "0", "lost": "60", "held": "40" },
                { "expiresOn": "2027-06-01", "credits": "7", "used": "0", "lost": "7", "held": "0" },
            ],
            "suggestedPackage": null,
        }));
        // On the day itself the first lot is gone, and its held part still there.
        server.set_time("2026-12-01T08:00:00Z");
        let found = forecast(&server, &tenant).await;
        assert_eq!(found["balance"], json!({ "available": "7", "held": "40" }));
        assert_eq!(found["forecast"]["lost"], "7");
    }

    /// A new account's band leaves out the time before it was opened.
    async fn a_new_account_has_no_earlier_pace(server: Server) {
        server.set_time("2026-11-10T08:00:00Z");
        let tenant = server.account("New shop").await;
        grant_at(&server, &tenant, "2026-11-10T08:00:01Z", 90).await;
        send_all(&server, &tenant, &[sms(None, "2026-11-11T10:00:00Z", 30)]).await;
        server.set_time("2026-11-22T08:00:00Z");
        let found = forecast(&server, &tenant).await;
        let ends = ["runsOutOn", "earliestRunsOutOn", "latestRunsOutOn"];
        for end in ends {
            assert_eq!(found["forecast"][end], "2027-01-21", "{end}");
        }
    }
}
