//! Downloads over HTTP: files that equal the report, links that expire, and how many at once.

mod clients;
mod contents;
mod dialects;
mod leaving;
mod links;
pub mod long_messages;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
    time::Duration,
};

use calamine::{Reader, Xlsx};
use domain::channel::Channel;
use futures_util::future::join_all;
use message_credits::{
    clock::id_at,
    graphql::engine::ids::PublicId,
    http::downloads::{MAX_AT_ONCE, MAX_PER_ACCOUNT, MAX_WAITING_PER_ACCOUNT},
};
use reqwest::{Response, StatusCode, Url};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, on_both_databases,
    sending::{self, Leg, Message, account, at, grant_at, send_all},
    usage::history,
};
use contents::{
    adds_up, check_workbook, csv_rows, expected_rows, figures, sheet_rows, to_milliseconds,
};
use long_messages::many_long_messages;

const LINK: &str = "query($input: UsageReportInput!, $format: ReportFormat!) {
    usageReportDownload(input: $input, format: $format) { url fileName expiresAt } }";
const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { ...all }
    buckets { start usage { ...all } }
    lists { list { name } usage { ...all } }
    countries { countryCode usage { ...all } } } }
    fragment all on Usage { messageCount recipientCount segmentCount credits cost { amount } }";

/// The link in a report's answer.
async fn link(server: &Server, tenant: &Tenant, input: &Value, format: &str) -> Value {
    let variables = json!({ "input": input, "format": format });
    let mut data = server.data(&tenant.owner, LINK, variables).await;
    data["usageReportDownload"].take()
}

async fn get(server: &Server, url: &str) -> Response {
    server.http().get(url).send().await.unwrap()
}

async fn fetched(server: &Server, tenant: &Tenant, input: &Value, format: &str) -> Vec<u8> {
    let link = link(server, tenant, input, format).await;
    let response = get(server, link["url"].as_str().unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.bytes().await.unwrap().to_vec()
}

fn whole_year() -> Value {
    json!({ "from": "2026-01-01T00:00:00+01:00", "to": "2026-12-01T00:00:00+01:00" })
}

fn november() -> Value {
    json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-11-21T00:00:00Z" })
}

on_both_databases! {
    /// Workbook and CSV equal the report to the last digit, and have every counted message.
    async fn files_equal_the_report(server: Server) {
        let history = history(&server).await;
        let tenant = &history.tenant;
        let data = server.data(&tenant.owner, REPORT, json!({ "input": whole_year() })).await;
        let report = &data["usageReport"];
        let totals = figures(&report["totals"]);
        let expected = expected_rows(&history, |_, _| true);

        let (rows, ids) = csv_rows(&fetched(&server, tenant, &whole_year(), "CSV").await);
        adds_up(&rows, &ids, &totals);
        assert_eq!(rows, expected);

        let bytes = fetched(&server, tenant, &whole_year(), "XLSX").await;
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        check_workbook(&mut book, report);
        let (rows, same_ids) = sheet_rows(&book.worksheet_range("Messages").unwrap());
        adds_up(&rows, &same_ids, &totals);
        assert_eq!(same_ids, ids);
        assert_eq!(to_milliseconds(rows), to_milliseconds(expected));
    }

    /// A file has the rows of its report's filter, and nothing else.
    async fn files_keep_the_filter(server: Server) {
        let history = history(&server).await;
        let list = history.lists[1];
        let mut input = json!({ "from": "2026-10-20T00:00:00Z", "to": "2026-10-25T01:00:00Z" });
        let check = async |input: &Value, counts: &dyn Fn(&Message, Option<&Leg>) -> bool| {
            let in_period = |message: &Message| {
                at("2026-10-20T00:00:00Z") <= message.at && message.at < at("2026-10-25T01:00:00Z")
            };
            let (rows, ids) = csv_rows(&fetched(&server, &history.tenant, input, "CSV").await);
            assert!(!rows.is_empty());
            assert_eq!(rows, expected_rows(&history, |message, leg| in_period(message) && counts(message, leg)));
            let data = server.data(&history.tenant.owner, REPORT, json!({ "input": input })).await;
            adds_up(&rows, &ids, &figures(&data["usageReport"]["totals"]));
        };
        check(&input, &|_, _| true).await;
        input["listIds"] = json!([list.encode().0]);
        check(&input, &|message, _| message.list == Some(list)).await;
        input["channel"] = json!("SMS");
        check(&input, &|message, _| message.list == Some(list) && message.channel == Channel::Sms).await;
        input["countryCodes"] = json!(["US", "KP"]);
        check(&input, &|message, leg| {
            message.list == Some(list) && message.channel == Channel::Sms && leg.is_some_and(|leg| leg.country == "US")
        }).await;
    }

    /// An empty report has a file, too.
    async fn an_empty_report_has_a_file(server: Server) {
        let tenant = server.account("Caffè & Co").await;
        let (rows, _) = csv_rows(&fetched(&server, &tenant, &november(), "CSV").await);
        assert_eq!(rows, []);
        let bytes = fetched(&server, &tenant, &november(), "XLSX").await;
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names(), ["Summary", "Timeline", "Messages"]);
        assert_eq!(book.worksheet_range("Timeline").unwrap().height(), 1 + 21);
    }

    /// A file has a descriptive name, and may not be cached.
    async fn a_file_has_its_name_and_headers(server: Server) {
        let tenant = server.account("Caffè & Co").await;
        let input = json!({ "from": "2026-10-01T00:00:00+02:00", "to": "2026-11-01T00:00:00+01:00" });
        let check = async |format: &str, name: &str, content_type: &str, disposition: &str| {
            let link = link(&server, &tenant, &input, format).await;
            assert_eq!(link["fileName"], name);
            assert_eq!(link["expiresAt"], "2026-11-22T08:15:00Z");
            let response = get(&server, link["url"].as_str().unwrap()).await;
            let headers: BTreeMap<_, _> = response.headers().iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
                .collect();
            assert_eq!(headers["content-type"], content_type);
            assert_eq!(headers["content-disposition"], disposition);
            assert_eq!(headers["cache-control"], "private, no-store");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert!(!headers.contains_key("content-length"), "it streams");
        };
        check(
            "XLSX",
            "usage-caffè-co-2026-10-01-2026-11-01.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "attachment; filename=\"usage-caff_-co-2026-10-01-2026-11-01.xlsx\"; filename*=UTF-8''usage-caff%C3%A8-co-2026-10-01-2026-11-01.xlsx",
        ).await;
        check(
            "CSV",
            "usage-caffè-co-2026-10-01-2026-11-01.csv",
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"usage-caff_-co-2026-10-01-2026-11-01.csv\"; filename*=UTF-8''usage-caff%C3%A8-co-2026-10-01-2026-11-01.csv",
        ).await;
    }

    /// A link works for fifteen minutes, unaltered and on its own server.
    async fn links_expire_and_cannot_be_altered(server: Server) {
        let tenant = server.account("Shop").await;
        let made = link(&server, &tenant, &november(), "CSV").await;
        let url: Url = made["url"].as_str().unwrap().parse().unwrap();
        let segments: Vec<String> = url.path_segments().unwrap().map(str::to_owned).collect();
        let (token, name) = (&segments[1], &segments[2]);
        let (claims, signature) = token.split_once('.').unwrap();
        let flipped = |text: &str, place: usize| -> String {
            let flip = |letter: char| if letter == 'A' { 'B' } else { 'A' };
            text.chars().enumerate().map(|(at, letter)| if at == place { flip(letter) } else { letter }).collect()
        };
        let elsewhere = Server::on_sqlite().await;
        let other = elsewhere.account("Shop").await;
        let foreign = link(&elsewhere, &other, &november(), "CSV").await;
        let foreign: Url = foreign["url"].as_str().unwrap().parse().unwrap();
        for path in [
            format!("/downloads/{}.{signature}/{name}", flipped(claims, 20)),
            format!("/downloads/{claims}.{}/{name}", flipped(signature, 0)),
            format!("/downloads/{claims}.{}/{name}", &signature[..10]),
            format!("/downloads/{claims}./{name}"),
            format!("/downloads/{claims}/{name}"),
            format!("/downloads/.{signature}/{name}"),
            format!("/downloads/./{name}"),
            format!("/downloads/{token}/other.csv"),
            format!("/downloads/{token}/%FF"),
            foreign.path().to_owned(),
        ] {
            let response = get(&server, &server.url(&path)).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
        server.set_time("2026-11-22T08:14:59.999999Z");
        assert_eq!(get(&server, url.as_str()).await.status(), StatusCode::OK);
        server.set_time("2026-11-22T08:15:00Z");
        let expired = get(&server, url.as_str()).await;
        assert_eq!(expired.status(), StatusCode::FORBIDDEN);
        assert_eq!(expired.text().await.unwrap(), "This link has expired.\n");
    }

    /// A link can name as many lists as a report can.
    async fn a_link_can_name_a_thousand_lists(server: Server) {
        let tenant = server.account("Shop").await;
        let mut rows = Vec::new();
        for _ in 0..1_000 {
            rows.push(entity::contact_list::Model {
                account_id: account(&tenant).uuid(),
                id: id_at(at("2026-11-02T00:00:00Z")),
                name: "Winter".to_owned(),
                created_at: 0,
                archived_at: None,
            contacts: 0,
            revision: 0,
            removals: 0,
            updated_at: None,
            });
        }
        let ids: Vec<String> = rows.iter().map(|row| domain::id::ListId::new(row.id).encode().0).collect();
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        entity::contact_list::Entity::insert_many(rows)
            .exec_without_returning(server.services().store.writer())
            .await
            .unwrap();
        let mut input = november();
        input["listIds"] = json!(ids);
        let (rows, _) = csv_rows(&fetched(&server, &tenant, &input, "CSV").await);
        assert_eq!(rows, []);
    }

    /// A file is a snapshot of one instant: messages sent while it is read are not in it.
    async fn a_file_is_one_snapshot(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        many_long_messages(&server, &tenant).await;
        let link = link(&server, &tenant, &november(), "CSV").await;
        let url = link["url"].as_str().unwrap();
        let mut response = get(&server, url).await;
        let mut bytes = response.chunk().await.unwrap().unwrap().to_vec();
        let late = Message {
            // The last of the period.
            at: at("2026-11-20T00:00:00Z"),
            list: None,
            channel: Channel::Sms,
            text: "late".to_owned(),
            card: sending::card(&server, 10_000_000, "EUR").await,
            legs: vec![Leg { country: "IT", segment_count: 1, recipients: 1, rate_units: Some(10_000) }],
        };
        send_all(&server, &tenant, &[late]).await;
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        let (rows, _) = csv_rows(&bytes);
        assert_eq!(rows.len(), 500);
        assert!(rows.iter().all(|row| row.text != "late"));
        let (rows, _) = csv_rows(&get(&server, url).await.bytes().await.unwrap());
        assert_eq!(rows.len(), 501);
        assert_eq!(rows.iter().filter(|row| row.text == "late").count(), 1);
    }

    /// Costs in two currencies are refused before the file begins, unless the report's country has
    /// only one of them.
    async fn costs_in_two_currencies_have_no_file(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        for (instant, country, currency) in [
            ("2026-11-02T00:00:00Z", "IT", "EUR"),
            ("2026-11-03T00:00:00Z", "US", "USD"),
        ] {
            let sent = Message {
                at: at(instant),
                list: None,
                channel: Channel::Sms,
                text: "Ciao".to_owned(),
                card: sending::card(&server, 10_000_000, currency).await,
                legs: vec![Leg { country, segment_count: 1, recipients: 1, rate_units: Some(10_000) }],
            };
            send_all(&server, &tenant, &[sent]).await;
        }
        let mut input = november();
        let url = link(&server, &tenant, &input, "XLSX").await["url"].take();
        let refused = get(&server, url.as_str().unwrap()).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let text = refused.text().await.unwrap();
        assert!(text.contains("EUR") && text.contains("USD"), "{text}");
        input["countryCodes"] = json!(["US"]);
        let bytes = fetched(&server, &tenant, &input, "XLSX").await;
        let mut workbook = Xlsx::new(Cursor::new(bytes)).unwrap();
        let messages = workbook.worksheet_range("Messages").unwrap();
        assert_eq!(sheet_rows(&messages).0.len(), 1);
    }

    /// Any list name and any text is reproduced in a file and never executed: control characters,
    /// emoji, formulas, more text than a cell holds; and a list that is deleted by now.
    async fn files_reproduce_any_text(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000_000).await;
        let card = sending::card(&server, 10_000_000, "EUR").await;
        let store = &server.services().store;
        let formula = "=HYPERLINK(\"http://example.com\",\"x\")";
        let names = [formula.to_owned(), "bell\u{7}🎉".to_owned(), "gone".to_owned()];
        let long = "à".repeat(40_000);
        let texts = [formula.to_owned(), long.clone(), "_x0041_ 😀\u{1}".to_owned()];
        let mut messages = Vec::new();
        for (name, text) in names.iter().zip(&texts) {
            let row = entity::contact_list::Model {
                account_id: account(&tenant).uuid(),
                id: id_at(at("2026-11-02T00:00:00Z")),
                name: name.clone(),
                created_at: 0,
                archived_at: (name == "gone").then_some(1),
                contacts: 0,
                revision: 0,
                removals: 0,
            updated_at: None,
            };
            let list = domain::id::ListId::new(row.id);
            entity::contact_list::Entity::insert(row.into_active_model())
                .exec_without_returning(store.writer())
                .await
                .unwrap();
            messages.push(Message {
                at: at("2026-11-03T00:00:00Z"),
                // The ledger refuses messages for a deleted list: it was deleted afterwards.
                list: (name != "gone").then_some(list),
                channel: Channel::Sms,
                text: text.clone(),
                card,
                legs: vec![Leg { country: "IT", segment_count: 1, recipients: 1, rate_units: Some(10_000) }],
            });
        }
        send_all(&server, &tenant, &messages).await;
        // Deleted from the database by hand: the messages stay.
        let gone = entity::contact_list::Column::Name;
        use sea_orm::{ColumnTrait, QueryFilter};
        let deleted = entity::contact_list::Entity::delete_many().filter(gone.eq("bell\u{7}🎉"));
        let before = fetched(&server, &tenant, &november(), "XLSX").await;
        deleted.exec(store.writer()).await.unwrap();
        for (bytes, bell) in [(before, "bell\u{7}🎉"), (fetched(&server, &tenant, &november(), "XLSX").await, "")] {
            let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
            let range = book.worksheet_range("Messages").unwrap();
            let (rows, _) = sheet_rows(&range);
            let found: BTreeSet<(&str, &str)> = rows.iter().map(|row| (row.list.as_str(), row.text.as_str())).collect();
            assert!(found.contains(&(formula, formula)), "{found:?}");
            assert!(found.contains(&("", "_x0041_ 😀\u{1}")), "{found:?}");
            let cut = found.iter().find(|(list, text)| *list == bell && text.starts_with("àà")).unwrap();
            assert_eq!(cut.1.encode_utf16().count(), 32_767);
            assert!(cut.1.ends_with("… [cut]"));
        }
        let (rows, _) = csv_rows(&fetched(&server, &tenant, &november(), "CSV").await);
        assert!(rows.iter().any(|row| row.text == long));
        assert!(rows.iter().any(|row| row.text == formula));
    }

    /// Two accounts read their files slowly and take every place that they may: any other account
    /// gets a file at once. If others take the rest, the slowest is evicted for a waiting one. The
    /// rest of the server is unaffected.
    async fn slow_downloads_are_evicted(server: Server) {
        let mut tenants = Vec::new();
        for name in ["A", "B", "C", "D"] {
            let tenant = server.account(name).await;
            many_long_messages(&server, &tenant).await;
            let link = link(&server, &tenant, &november(), "CSV").await;
            tenants.push((link["url"].as_str().unwrap().to_owned(), tenant));
        }
        let (last, rest) = tenants.split_last().unwrap();
        let mut open = Vec::new();
        for (url, _) in rest {
            for _ in 0..MAX_PER_ACCOUNT {
                let mut response = get(&server, url).await;
                assert_eq!(response.status(), StatusCode::OK);
                response.chunk().await.unwrap().unwrap();
                open.push(response);
            }
        }
        assert_eq!(open.len(), MAX_AT_ONCE);
        let data = server.data(&last.1.owner, REPORT, json!({ "input": november() })).await;
        assert_eq!(data["usageReport"]["totals"]["messageCount"], 500);
        // It waits until one of the idle readers is evicted, and reads to the end.
        let served = get(&server, &last.0).await;
        assert_eq!(served.status(), StatusCode::OK);
        assert!(served.bytes().await.unwrap().len() > 500 * 39_000);
        let mut cut = 0;
        for response in open {
            cut += usize::from(response.bytes().await.is_err());
        }
        assert!(cut > 0, "nobody gave way");
    }

    /// An account may have a few running downloads and a few waiting ones; more get a retry time,
    /// and a client that disconnects makes room.
    async fn an_accounts_downloads_are_bounded(server: Server) {
        let tenant = server.account("A").await;
        many_long_messages(&server, &tenant).await;
        let link = link(&server, &tenant, &november(), "CSV").await;
        let url = link["url"].as_str().unwrap();
        let mut open = Vec::new();
        for _ in 0..MAX_PER_ACCOUNT {
            let mut response = get(&server, url).await;
            assert_eq!(response.status(), StatusCode::OK);
            response.chunk().await.unwrap().unwrap();
            open.push(response);
        }
        let more = join_all((0..=MAX_WAITING_PER_ACCOUNT).map(|_| async {
            let response = get(&server, url).await;
            let (status, headers) = (response.status(), response.headers().clone());
            if status == StatusCode::TOO_MANY_REQUESTS {
                assert_eq!(headers["retry-after"], "10");
            }
            status
        }));
        let statuses = more.await;
        let refused = statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.count(), 1, "{statuses:?}");
        drop(open);
        let room = async {
            while get(&server, url).await.status() != StatusCode::OK {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), room).await.unwrap();
    }
}
