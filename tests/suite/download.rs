//! Downloads over HTTP: files that say what the report says, links that end, and how many at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
    time::Duration,
};

use calamine::{Data, DataType, Range, Reader, Xlsx};
use domain::{credits::Credits, segmentation::Channel};
use entity::{
    message, message_line,
    sql_enums::{self, MessageStatus},
};
use jiff::tz::TimeZone;
use message_credits::{
    clock::id_at,
    graphql::ids::PublicId,
    http::downloads::{MAX_AT_ONCE, MAX_PER_ACCOUNT},
    store::rate_card::DEFAULT_ID,
};
use reqwest::{Response, StatusCode, Url};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use crate::{
    support::{
        Server, Tenant, on_both_databases,
        sending::{self, Leg, Message, account, grant_at, send_all},
    },
    usage_report::{History, at, history},
};

const LINK: &str =
    "query($input: UsageReportInput!, $format: ReportFormat!) { usageReport(input: $input) {
    download(format: $format) { url fileName expiresAt } } }";
const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { ...all }
    buckets { start usage { ...all } }
    lists { list { name } usage { ...all } }
    countries { countryCode usage { ...all } } } }
    fragment all on Usage { messages recipients segments credits cost { amount } }";

/// The link that a report answers.
async fn link(server: &Server, tenant: &Tenant, input: &Value, format: &str) -> Value {
    let variables = json!({ "input": input, "format": format });
    let mut data = server.data(&tenant.owner, LINK, variables).await;
    data["usageReport"]["download"].take()
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

/// Messages, recipients, segments, credits and cost of a row, exact.
type Figures = [String; 5];

fn figures(usage: &Value) -> Figures {
    let count = |name: &str| usage[name].as_i64().unwrap().to_string();
    [
        count("messages"),
        count("recipients"),
        count("segments"),
        usage["credits"].as_str().unwrap().to_owned(),
        usage["cost"]["amount"].as_str().unwrap().to_owned(),
    ]
}

/// The numbers of a row of a sheet. What the test sends is far below where a double loses digits.
fn cells(row: &[Data]) -> Figures {
    let number = |place: usize| row[place].as_f64().unwrap();
    let credits = Credits::from_units((number(3) * 10_000.0).round() as i64);
    [
        format!("{:.0}", number(0)),
        format!("{:.0}", number(1)),
        format!("{:.0}", number(2)),
        credits.to_string(),
        format!("{:.2}", number(4)),
    ]
}

/// A row of a file's messages.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    sent_at: String,
    list: String,
    text: String,
    channel: String,
    encoding: String,
    segment_count: String,
    recipients: String,
    country: String,
    credits: String,
}

/// The rows that a file should have of what was sent: one for each country and length that was paid for.
fn expected_rows(history: &History, counts: impl Fn(&Message, Option<&Leg>) -> bool) -> Vec<Row> {
    let zone = TimeZone::get("Europe/Rome").unwrap();
    let mut rows = Vec::new();
    for message in &history.messages {
        let list = history
            .lists
            .iter()
            .position(|list| Some(*list) == message.list);
        let row = |leg: Option<&Leg>| Row {
            sent_at: message.at.to_zoned(zone.clone()).datetime().to_string(),
            list: list
                .map_or("", |place| ["=Winter", "Summer", "Winter"][place])
                .to_owned(),
            text: message.text.clone(),
            channel: format!("{:?}", message.channel).to_uppercase(),
            encoding: match message.channel {
                Channel::Sms => "GSM-7".to_owned(),
                Channel::Mms => String::new(),
            },
            segment_count: leg
                .map_or(
                    message.legs.first().map_or(1, |leg| leg.segment_count),
                    |leg| leg.segment_count,
                )
                .to_string(),
            recipients: leg.map_or(0, |leg| leg.recipients).to_string(),
            country: leg.map_or("", |leg| leg.country).to_owned(),
            credits: Credits::from_units(leg.map_or(0, |leg| leg.units())).to_string(),
        };
        let served: Vec<&Leg> = (message.legs.iter())
            .filter(|leg| leg.rate_units.is_some() && counts(message, Some(leg)))
            .collect();
        rows.extend(served.iter().map(|leg| row(Some(leg))));
        let reached_none = message.legs.iter().all(|leg| leg.rate_units.is_none());
        if reached_none && counts(message, None) {
            rows.push(row(None));
        }
    }
    rows.sort();
    rows
}

/// A cell's moment, to the millisecond that Excel keeps.
fn moment(cell: &Data) -> String {
    let Data::DateTime(moment) = cell else {
        panic!("{cell:?} is no moment");
    };
    let (year, month, day, hour, minute, second, millisecond) = moment.to_ymd_hms_milli();
    let date = jiff::civil::date(year as i16, month as i8, day as i8);
    let nanosecond = i32::from(millisecond) * 1_000_000;
    date.at(hour as i8, minute as i8, second as i8, nanosecond)
        .to_string()
}

fn sheet_rows(range: &Range<Data>) -> (Vec<Row>, BTreeSet<String>) {
    let mut ids = BTreeSet::new();
    let mut rows: Vec<Row> = range
        .rows()
        .skip(1)
        .map(|row| {
            let text = |place: usize| row[place].as_string().unwrap_or_default();
            ids.insert(text(9));
            let credits = row[8].as_f64().unwrap();
            Row {
                sent_at: moment(&row[0]),
                list: text(1),
                text: text(2),
                channel: text(3),
                encoding: text(4),
                segment_count: text(5),
                recipients: text(6),
                country: text(7),
                credits: Credits::from_units((credits * 10_000.0).round() as i64).to_string(),
            }
        })
        .collect();
    rows.sort();
    (rows, ids)
}

fn csv_rows(bytes: &[u8]) -> (Vec<Row>, BTreeSet<String>) {
    let bytes = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .expect("a byte order mark");
    let mut reader = csv::Reader::from_reader(bytes);
    let mut ids = BTreeSet::new();
    let mut rows: Vec<Row> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            // Text that a spreadsheet would run is behind an apostrophe.
            let plain = |place: usize| {
                let text = &record[place];
                text.strip_prefix('\'').unwrap_or(text).to_owned()
            };
            ids.insert(record[9].to_owned());
            let sent_at: jiff::Timestamp = record[0].parse().unwrap();
            let zone = TimeZone::get("Europe/Rome").unwrap();
            assert!(
                record[0].ends_with(&sent_at.to_zoned(zone.clone()).strftime("%:z").to_string())
            );
            Row {
                sent_at: sent_at.to_zoned(zone).datetime().to_string(),
                list: plain(1),
                text: plain(2),
                channel: plain(3),
                encoding: plain(4),
                segment_count: plain(5),
                recipients: plain(6),
                country: plain(7),
                credits: plain(8),
            }
        })
        .collect();
    rows.sort();
    (rows, ids)
}

/// To the millisecond, where rows are compared with a sheet's.
fn to_milliseconds(mut rows: Vec<Row>) -> Vec<Row> {
    for row in &mut rows {
        let moment: jiff::civil::DateTime = row.sent_at.parse().unwrap();
        let cut = moment.subsec_nanosecond() / 1_000_000 * 1_000_000;
        row.sent_at = moment
            .with()
            .subsec_nanosecond(cut)
            .build()
            .unwrap()
            .to_string();
    }
    rows.sort();
    rows
}

/// The rows add up to the totals: the file's other half says what the first does.
fn adds_up(rows: &[Row], ids: &BTreeSet<String>, totals: &Figures) {
    let sum = |number: &dyn Fn(&Row) -> i64| rows.iter().map(number).sum::<i64>().to_string();
    let int = |text: &str| text.parse::<i64>().unwrap();
    assert_eq!(ids.len().to_string(), totals[0]);
    assert_eq!(sum(&|row| int(&row.recipients)), totals[1]);
    assert_eq!(
        sum(&|row| int(&row.recipients) * int(&row.segment_count)),
        totals[2]
    );
    let units = rows
        .iter()
        .map(|row| row.credits.parse::<Credits>().unwrap().units());
    assert_eq!(Credits::from_units(units.sum()).to_string(), totals[3]);
}

/// A workbook's Summary and Timeline against the report.
fn check_workbook(book: &mut Xlsx<Cursor<Vec<u8>>>, report: &Value) {
    let summary = book.worksheet_range("Summary").unwrap();
    let rows: Vec<(String, Vec<Data>)> = summary
        .rows()
        .map(|row| (row[0].as_string().unwrap_or_default(), row.to_vec()))
        .collect();
    let place = |label: &str| rows.iter().position(|(first, _)| first == label).unwrap();
    let totals = figures(&report["totals"]);
    assert_eq!(cells(&rows[place("Total")].1[1..]), totals);
    assert_eq!(rows[1].0, "Caffè & Co");
    let table = |title: &str, expected: Vec<(String, Figures)>| {
        let first = place(title) + 2;
        for (row, (name, figures)) in rows[first..].iter().zip(&expected) {
            assert_eq!((&row.0, &cells(&row.1[1..])), (name, figures));
        }
    };
    let named = |rows: &Value, name: &dyn Fn(&Value) -> String| -> Vec<(String, Figures)> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| (name(row), figures(&row["usage"])))
            .collect()
    };
    let list_name = |row: &Value| {
        row["list"]["name"]
            .as_str()
            .unwrap_or("(no list)")
            .to_owned()
    };
    table("Usage by list", named(&report["lists"], &list_name));
    let code = |row: &Value| row["countryCode"].as_str().unwrap().to_owned();
    table("Usage by country", named(&report["countries"], &code));

    let zone = TimeZone::get("Europe/Rome").unwrap();
    let timeline = book.worksheet_range("Timeline").unwrap();
    let found: Vec<(String, Figures)> = timeline
        .rows()
        .skip(1)
        .map(|row| (moment(&row[0]), cells(&row[1..])))
        .collect();
    let start = |row: &Value| {
        let start: jiff::Timestamp = row["start"].as_str().unwrap().parse().unwrap();
        start.to_zoned(zone.clone()).datetime().to_string()
    };
    assert_eq!(found, named(&report["buckets"], &start));
}

/// Long messages of one day, straight into the tables: files larger than what a connection buffers.
async fn many_long_messages(server: &Server, tenant: &Tenant) {
    let store = &server.services().store;
    let account_id = account(tenant).uuid();
    let day = at("2026-11-02T00:00:00Z").as_microsecond();
    // Not even a compressor makes little of it.
    let mut noise = 1_u64;
    let mut text = || -> String {
        (0..39_000)
            .map(|_| {
                noise = noise
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'A' + u8::try_from((noise >> 40) % 26).unwrap())
            })
            .collect()
    };
    for chunk in 0..10 {
        let (mut messages, mut lines) = (Vec::new(), Vec::new());
        for number in 0..50 {
            let sent_at = day + chunk * 1_000 + number;
            let id = id_at(at("2026-11-02T00:00:00Z"));
            let row = message::Model {
                account_id,
                id,
                list_id: None,
                name: None,
                text: text(),
                channel: sql_enums::Channel::Sms,
                encoding: Some(sql_enums::Encoding::Gsm7),
                segment_count: 255,
                recipients: 1,
                units: 2_550_000,
                status: MessageStatus::Sent,
                rate_card_id: DEFAULT_ID,
                send_at: sent_at,
                sent_at: Some(sent_at),
                created_at: sent_at,
            };
            let line = message_line::Model {
                account_id,
                message_id: id,
                country_code: "IT".to_owned(),
                segment_count: 255,
                recipients: 1,
                units_per_segment: Some(10_000),
                units: 2_550_000,
            };
            messages.push(row.into_active_model());
            lines.push(line.into_active_model());
        }
        let transaction = store.begin().await.unwrap();
        message::Entity::insert_many(messages)
            .exec_without_returning(&transaction)
            .await
            .unwrap();
        message_line::Entity::insert_many(lines)
            .exec_without_returning(&transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }
    // The ledger did not see them: reports are to read them.
    message_credits::store::usage_rollup::forget(store.writer(), account(tenant))
        .await
        .unwrap();
}

fn november() -> Value {
    json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-11-21T00:00:00Z" })
}

on_both_databases! {
    /// Workbook and CSV say what the report says, to the last digit, and every message that was counted.
    async fn files_say_what_the_report_says(server: Server) {
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

    /// A file has what its report's filter lets through, and nothing else.
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

    /// A report of nothing has a file, too.
    async fn an_empty_report_has_a_file(server: Server) {
        let tenant = server.account("Caffè & Co").await;
        let (rows, _) = csv_rows(&fetched(&server, &tenant, &november(), "CSV").await);
        assert_eq!(rows, []);
        let bytes = fetched(&server, &tenant, &november(), "XLSX").await;
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names(), ["Summary", "Timeline", "Messages"]);
        assert_eq!(book.worksheet_range("Timeline").unwrap().height(), 1 + 21);
    }

    /// A file has a name that says what it is, and is nobody's to keep.
    async fn a_file_says_what_it_is(server: Server) {
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

    /// A link works for a quarter of an hour, as it was made and where it was made.
    async fn links_end_and_can_not_be_altered(server: Server) {
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

    /// A link can name as many lists as a report.
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

    /// A file shows one instant: what is sent while it is read is not in it.
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

    /// Whatever lists are called and messages say, a file says it back and runs none of it: control characters,
    /// emoji, formulas, more text than a cell holds; and a list that is gone by now.
    async fn files_take_whatever_was_written(server: Server) {
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
            };
            let list = domain::id::ListId::new(row.id);
            entity::contact_list::Entity::insert(row.into_active_model())
                .exec_without_returning(store.writer())
                .await
                .unwrap();
            messages.push(Message {
                at: at("2026-11-03T00:00:00Z"),
                // The ledger takes no message for a list that is gone: it went after.
                list: (name != "gone").then_some(list),
                channel: Channel::Sms,
                text: text.clone(),
                card,
                legs: vec![Leg { country: "IT", segment_count: 1, recipients: 1, rate_units: Some(10_000) }],
            });
        }
        send_all(&server, &tenant, &messages).await;
        // Deleted altogether, by hand: the messages stay.
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

    /// So many files are written at once, and a quarter of them for one account; who comes beyond that is told
    /// to come again, the rest of the server goes on, and who hangs up makes room.
    async fn downloads_are_bounded(server: Server) {
        let mut tenants = Vec::new();
        for name in ["A", "B", "C", "D", "E"] {
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
            let beyond = get(&server, url).await;
            assert_eq!(beyond.status(), StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(beyond.headers()["retry-after"], "10");
        }
        assert_eq!(open.len(), MAX_AT_ONCE);
        let beyond = get(&server, &last.0).await;
        assert_eq!(beyond.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(beyond.headers()["retry-after"], "10");
        let data = server.data(&last.1.owner, REPORT, json!({ "input": november() })).await;
        assert_eq!(data["usageReport"]["totals"]["messages"], 500);

        drop(open);
        let room = async {
            while get(&server, &last.0).await.status() != StatusCode::OK {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), room).await.unwrap();
    }
}
