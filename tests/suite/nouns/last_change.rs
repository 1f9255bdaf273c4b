//! When accounts, lists, packages, keys and schedules last changed, and what a client with a copy
//! of them fetches.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{set_zone, update},
    credit_package::sell,
    on_both_databases,
};

/// A list of nodes that is paged by their last changes.
struct List<'a> {
    key: &'a str,
    field: &'static str,
    of_account: bool,
}

impl List<'_> {
    async fn page(&self, server: &Server, arguments: &str) -> Value {
        let field = format!(
            "page: {}({arguments}) {{ nodes {{ id updatedAt }} totalCount pageInfo {{ hasNextPage endCursor }} }}",
            self.field
        );
        let query = match self.of_account {
            true => format!("{{ account {{ {field} }} }}"),
            false => format!("{{ {field} }}"),
        };
        let mut data = server.data(self.key, &query, json!({})).await;
        match self.of_account {
            true => data["account"]["page"].take(),
            false => data["page"].take(),
        }
    }

    /// All nodes of these arguments, page by page.
    async fn walk(&self, server: &Server, arguments: &str) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = self
                .page(
                    server,
                    &format!("sortKey: UPDATED_AT, first: 1{arguments}{after}"),
                )
                .await;
            all.extend(page["nodes"].as_array().unwrap().clone());
            if page["pageInfo"]["hasNextPage"] == false {
                assert_eq!(page["totalCount"], all.len());
                return all;
            }
            after = format!(", after: {}", page["pageInfo"]["endCursor"]);
        }
    }
}

fn ids(nodes: &[Value]) -> Vec<&str> {
    let nodes = nodes.iter();
    nodes.map(|node| node["id"].as_str().unwrap()).collect()
}

/// The last change of a node.
async fn updated_at(server: &Server, key: &str, kind: &str, id: &str) -> String {
    let read = format!("query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ updatedAt }} }} }}");
    let data = server.data(key, &read, json!({ "id": id })).await;
    data["node"]["updatedAt"].as_str().unwrap().to_owned()
}

async fn mutate(server: &Server, key: &str, name: &str, input: Value) -> Value {
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let query = format!(
        "mutation($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ field message }} }} }}"
    );
    server.done(key, &query, input).await
}

fn at(hour: u32) -> String {
    format!("2026-11-23T{hour:02}:00:00Z")
}

on_both_databases! {
    /// The node that changed longest ago comes first, and the filter bounds the last change.
    async fn changed_nodes_are_found(server: Server) {
        let admin = server.admin_key();
        let shops = [server.account("A").await, server.account("B").await];
        let shop = &shops[0];
        server.set_time(&at(9));
        let lists = [
            server.list(shop, "First", json!([])).await,
            server.list(shop, "Second", json!([])).await,
        ];
        let packages = [sell(&server, "S", "5").await, sell(&server, "L", "9").await];
        let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
            id userErrors { message } } }";
        let mut keys = Vec::new();
        for name in ["First", "Second"] {
            let made = server.done(&shop.owner, create, json!({ "role": "VIEWER", "name": name })).await;
            keys.push(made["id"].as_str().unwrap().to_owned());
        }
        server.set_time(&at(10));
        update(&server, admin, &shops[1], "name", "B again").await;
        mutate(&server, &shop.owner, "updateContactList", json!({ "listId": lists[1], "name": "Again" })).await;
        mutate(&server, admin, "updateCreditPackage", json!({ "packageId": packages[1], "name": "Again" })).await;
        mutate(&server, &shop.owner, "revokeApiKey", json!({ "id": keys[1] })).await;
        server.set_time(&at(11));
        update(&server, admin, shop, "name", "A again").await;
        mutate(&server, &shop.owner, "updateContactList", json!({ "listId": lists[0], "name": "Again" })).await;
        mutate(&server, admin, "updateCreditPackage", json!({ "packageId": packages[0], "name": "Again" })).await;
        mutate(&server, &shop.owner, "rotateApiKey", json!({ "id": keys[0] })).await;

        let list = |key, field, of_account| List { key, field, of_account };
        let later = &[shop.id.as_str(), &lists[0], &packages[0], &keys[0]];
        let earlier = &[shops[1].id.as_str(), &lists[1], &packages[1], &keys[1]];
        let all = [
            list(admin, "accounts", false),
            list(&shop.owner, "lists", true),
            list(admin, "creditPackages", false),
            list(&shop.owner, "apiKeys", true),
        ];
        for ((list, later), earlier) in all.iter().zip(later).zip(earlier) {
            let (from, before) = (at(10), at(11));
            let field = list.field;
            let nodes = list.walk(&server, "").await;
            let instants: Vec<_> = nodes.iter().map(|node| node["updatedAt"].as_str().unwrap()).collect();
            assert!(instants.is_sorted(), "{field}: {instants:?}");
            let place = |id: &str| ids(&nodes).iter().position(|found| *found == id).unwrap();
            assert!(place(earlier) < place(later), "{field}");
            let nodes = list.walk(&server, &format!(", filter: {{ updatedFrom: \"{from}\" }}")).await;
            let found = ids(&nodes);
            assert!(found[0] == *earlier && found.contains(later), "{field}: {found:?}");
            let filter = format!(", filter: {{ updatedFrom: \"{from}\", updatedTo: \"{before}\" }}");
            assert_eq!(ids(&list.walk(&server, &filter).await), [*earlier], "{field}");
            let filter = format!(", filter: {{ updatedTo: \"{from}\" }}");
            let nodes = list.walk(&server, &filter).await;
            assert!(!ids(&nodes).contains(earlier) && !ids(&nodes).contains(later), "{field}");
            let query = format!("page: {field}(filter: {{ updatedTo: \"1970-01-01T00:00:00Z\" }}) {{ totalCount }}");
            let query = match list.of_account {
                true => format!("{{ account {{ {query} }} }}"),
                false => format!("{{ {query} }}"),
            };
            let refused = server.graphql(Some(list.key), &query, json!({})).await;
            let error = &refused["errors"][0]["extensions"];
            assert_eq!((&error["code"], &error["field"]),
                (&json!("BAD_USER_INPUT"), &json!(["filter", "updatedTo"])), "{refused}");
        }
    }

    /// An account's instant is that of its own settings.
    async fn an_account_changes_with_its_settings(server: Server) {
        let shop = server.account("Shop").await;
        let admin = server.admin_key();
        let of = async || updated_at(&server, &shop.owner, "Account", &shop.id).await;
        let fee = json!({ "amount": "20.00", "currencyCode": "EUR" });
        for (hour, field, value) in [
            (9, "name", json!("Bottega")), (10, "consumptionOrder", json!("SOONEST_EXPIRY_FIRST")),
            (11, "subscriptionFee", fee), (12, "retentionMonths", json!(3)),
        ] {
            server.set_time(&at(hour));
            update(&server, admin, &shop, field, value.clone()).await;
            assert_eq!(of().await, at(hour), "{field}");
            // What stays as it is changes nothing.
            server.set_time(&at(hour).replace(":00:00", ":30:00"));
            update(&server, admin, &shop, field, value).await;
            assert_eq!(of().await, at(hour), "{field}");
        }
        server.set_time(&at(13));
        set_zone(&server, &shop, "Asia/Tokyo").await;
        assert_eq!(of().await, at(13));
        // The instants of one node rise, although the clock stands.
        set_zone(&server, &shop, "Europe/Rome").await;
        let last = "2026-11-23T13:00:00.000001Z";
        assert_eq!(of().await, last);
        server.set_time(&at(14));
        server.grant(&shop, "100").await;
        server.list(&shop, "All", json!([])).await;
        assert_eq!(of().await, last);
    }

    /// A list's instant moves with its contacts and its head-counts, and when it is archived.
    async fn a_list_changes_with_its_contacts(server: Server) {
        let shop = server.account("Shop").await;
        server.set_time(&at(8));
        let list = server.list(&shop, "All", json!([])).await;
        let of = async || updated_at(&server, &shop.owner, "ContactList", &list).await;
        assert_eq!(of().await, at(8));
        server.set_time(&at(9));
        server.import(&shop.owner, &list, "phone,name\n+393401234567,Ada\n").await;
        assert_eq!(of().await, at(9));
        server.set_time(&at(10));
        let contact = json!({ "phoneNumber": "+393401234568" });
        mutate(&server, &shop.owner, "addContacts", json!({ "listId": list, "contacts": [contact] })).await;
        assert_eq!(of().await, at(10));
        server.set_time(&at(11));
        let field = json!({ "name": "name", "value": "Bea" });
        let contact = json!({ "phoneNumber": "+393401234568", "fields": [field] });
        let input = json!({ "listId": list, "contacts": [contact], "updateExisting": true });
        mutate(&server, &shop.owner, "addContacts", input).await;
        assert_eq!(of().await, at(11));
        server.set_time(&at(12));
        let numbers = ["+393401234567", "+393401234568"];
        mutate(&server, &shop.owner, "removeContacts", json!({ "listId": list, "phoneNumbers": numbers })).await;
        assert_eq!(of().await, at(12));
        let rows = json!([{ "countryCode": "IT", "recipientCount": 10 }]);
        for hour in [13, 14] {
            server.set_time(&at(hour));
            mutate(&server, &shop.owner, "updateContactList", json!({ "listId": list, "destinations": rows })).await;
        }
        assert_eq!(of().await, at(13));
        for (hour, mutation) in [(15, "archiveContactList"), (16, "restoreContactList")] {
            server.set_time(&at(hour));
            mutate(&server, &shop.owner, mutation, json!({ "listId": list })).await;
            assert_eq!(of().await, at(hour), "{mutation}");
        }
    }

    /// Packages change with their order too, and keys not with their use.
    async fn packages_and_keys_change(server: Server) {
        let shop = server.account("Shop").await;
        let admin = server.admin_key();
        let packages = [sell(&server, "S", "5").await, sell(&server, "M", "7").await, sell(&server, "L", "9").await];
        let of = async |package: &str| updated_at(&server, admin, "CreditPackage", package).await;
        server.set_time(&at(9));
        let order = json!({ "packageIds": [packages[1], packages[0]] });
        mutate(&server, admin, "reorderCreditPackages", order.clone()).await;
        server.set_time(&at(10));
        mutate(&server, admin, "reorderCreditPackages", order).await;
        mutate(&server, admin, "archiveCreditPackage", json!({ "packageId": packages[2] })).await;
        server.set_time(&at(11));
        mutate(&server, admin, "archiveCreditPackage", json!({ "packageId": packages[2] })).await;
        assert_eq!([of(&packages[0]).await, of(&packages[1]).await, of(&packages[2]).await], [at(9), at(9), at(10)]);

        let read = "{ account { apiKeys { nodes { id lastUsedAt updatedAt } } } }";
        server.data(&shop.owner, read, json!({})).await;
        server.run_workers().await;
        let keys = server.data(&shop.owner, read, json!({})).await;
        let key = &keys["account"]["apiKeys"]["nodes"][0];
        assert_eq!(key["lastUsedAt"], at(11).as_str(), "{key}");
        assert_eq!(key["updatedAt"], "2026-11-22T08:00:00Z");
    }

    /// Schedules of reports and recharges have an instant once somebody has set them.
    async fn schedules_and_recharges_change(server: Server) {
        let shop = server.account("Shop").await;
        let read = "{ account { monthlyReportSchedule { updatedAt } autoRecharge { updatedAt } } }";
        let of = async || server.data(&shop.owner, read, json!({})).await["account"].take();
        let none = json!({ "updatedAt": null });
        assert_eq!(of().await, json!({ "monthlyReportSchedule": none, "autoRecharge": none }));
        for hour in [9, 10] {
            server.set_time(&at(hour));
            mutate(&server, &shop.owner, "updateMonthlyReports", json!({ "enabled": true })).await;
        }
        mutate(&server, &shop.owner, "updateAutoRecharge", json!({ "threshold": "10" })).await;
        assert_eq!(of().await, json!({
            "monthlyReportSchedule": { "updatedAt": at(9) }, "autoRecharge": { "updatedAt": at(10) } }));
    }

    /// Nodes from before changes were recorded have the instant of their last state.
    async fn earlier_nodes_have_an_instant(server: Server) {
        let shop = server.account("Shop").await;
        let key = |page: &Value| page["nodes"][0]["updatedAt"].clone();
        server.set_time(&at(9));
        let list = server.list(&shop, "All", json!([])).await;
        mutate(&server, &shop.owner, "archiveContactList", json!({ "listId": list })).await;
        let writer = server.services().store.writer();
        for table in ["accounts", "contact_lists", "api_keys"] {
            let forget = format!("UPDATE {table} SET updated_at = NULL");
            writer.execute_unprepared(&forget).await.unwrap();
        }
        assert_eq!(updated_at(&server, &shop.owner, "ContactList", &list).await, at(9));
        let accounts = List { key: server.admin_key(), field: "accounts", of_account: false };
        let page = accounts.page(&server, "filter: { updatedTo: \"2026-11-23T00:00:00Z\" }").await;
        assert_eq!(key(&page), "2026-11-22T08:00:00Z");
        let keys = List { key: &shop.owner, field: "apiKeys", of_account: true };
        assert_eq!(keys.walk(&server, "").await.len(), 1);
    }

    /// A list that changes after its page comes again on a later one.
    async fn a_change_during_a_sync_is_not_missed(server: Server) {
        let shop: Tenant = server.account("Shop").await;
        let mut lists = Vec::new();
        for hour in [9, 10, 11] {
            server.set_time(&at(hour));
            lists.push(server.list(&shop, "A list", json!([])).await);
        }
        let of = List { key: &shop.owner, field: "lists", of_account: true };
        let first = of.page(&server, "sortKey: UPDATED_AT, first: 1").await;
        assert_eq!(ids(first["nodes"].as_array().unwrap()), [&lists[0]]);
        server.set_time(&at(12));
        mutate(&server, &shop.owner, "updateContactList", json!({ "listId": lists[0], "name": "Again" })).await;
        let after = &first["pageInfo"]["endCursor"];
        let rest = of.page(&server, &format!("sortKey: UPDATED_AT, after: {after}")).await;
        assert_eq!(ids(rest["nodes"].as_array().unwrap()), [&lists[1], &lists[2], &lists[0]]);
    }
}
