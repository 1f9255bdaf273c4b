//! Lists with stored contacts: their names and numbers, and the import that brought them.
//!
//! Numbers are of ranges that are kept for films and examples, or of blocks that no carrier has
//! given out, so that nobody has them.

use domain::{
    id::{AccountId, ContactId, ImportId, ListId},
    private::Private,
};
use entity::{
    contact_import,
    sql_enums::{ImportStatus, RejectionCode},
};
use jiff::{SignedDuration, Timestamp};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sea_orm::DbErr;

use super::shops::List;
use crate::{
    clock::id_in,
    imports::FileColumn,
    store::{
        self, Store,
        actor::Actor,
        contact::{Counts, NewContact},
        contact_import::RejectedRow,
    },
};

/// First names and cities of a country, and the first of its numbers.
struct People {
    country: &'static str,
    first_number: i64,
    names: &'static [&'static str],
    cities: &'static [&'static str],
}

const PEOPLE: &[People] = &[
    People {
        country: "IT",
        first_number: 393_400_000_001,
        names: &[
            "Giulia", "Marco", "Niccolò", "Chiara", "Matteo", "Zoë", "Aurora", "Elia",
        ],
        cities: &["Milano", "Forlì", "Napoli", "Torino", "Bari"],
    },
    People {
        country: "FR",
        first_number: 33_639_980_001,
        names: &["Camille", "Léa", "François", "Zoé", "Mathéo"],
        cities: &["Paris", "Nîmes", "Lyon"],
    },
    People {
        country: "DE",
        first_number: 4_917_604_069_001,
        names: &["Jürgen", "Anna", "Björn", "Leonie", "Jonas"],
        cities: &["Köln", "München", "Berlin"],
    },
    People {
        country: "GB",
        first_number: 447_700_900_001,
        names: &["Olivia", "Harry", "Siân", "Amelia"],
        cities: &["London", "Leeds", "Cardiff"],
    },
    People {
        country: "US",
        first_number: 12_125_550_101,
        names: &["Emma", "Noah", "José", "Ava"],
        cities: &["New York", "Brooklyn", "Yonkers"],
    },
    People {
        country: "JP",
        first_number: 819_000_000_001,
        names: &["さくら", "健太", "美咲", "翔太"],
        cities: &["東京", "京都", "大阪"],
    },
    People {
        country: "AE",
        first_number: 971_500_000_001,
        names: &["فاطمة", "يوسف", "مريم", "عمر", "ليلى"],
        cities: &["دبي", "أبو ظبي", "الشارقة"],
    },
];

/// The columns of an import's file: the header of the numbers, and of each merge field.
const COLUMNS: [(&str, Option<&str>); 4] = [
    ("Phone", None),
    ("First name", Some("firstName")),
    ("City", Some("city")),
    ("Points", Some("points")),
];
/// Rows whose number the file had already.
const DUPLICATES: i64 = 3;

/// Imports the contacts of a list that is to have stored ones, as many as its destinations say.
pub(super) async fn import(
    store: &Store,
    (account, list): (AccountId, ListId),
    shop_list: &List,
    (at, seed): (Timestamp, u64),
) -> Result<(), DbErr> {
    let Some(file_name) = shop_list.file else {
        return Ok(());
    };
    let mut random = StdRng::seed_from_u64(seed);
    let contacts: Vec<NewContact> = (shop_list.destinations.iter())
        .filter_map(|(country, count)| {
            let people = PEOPLE.iter().find(|people| people.country == *country)?;
            Some((people, *count))
        })
        .flat_map(|(people, count)| (0..count).map(move |index| (people, index)))
        .map(|(people, index)| contact(account, people, index, at, &mut random))
        .collect();
    let mut counts = Counts::new();
    for contact in &contacts {
        *counts.entry(contact.country_code.clone()).or_default() += 1;
    }
    let imported: i64 = counts.values().sum();
    let actor = Actor::ADMINISTRATOR.of(account).row;
    let id = ImportId::new(id_in(account.uuid(), at));
    let rejections = rejections(id, imported + DUPLICATES + 2);
    let rejected = i64::try_from(rejections.len()).unwrap_or_default();
    let ended = at + SignedDuration::from_secs(1);
    // About the length of a row.
    let bytes = (imported + DUPLICATES + rejected) * 34;
    let row = contact_import::Model {
        account_id: account.uuid(),
        id: id.uuid(),
        list_id: list.uuid(),
        file_name: file_name.to_owned(),
        status: ImportStatus::Done,
        reason: None,
        rows: imported + DUPLICATES + rejected,
        imported,
        duplicates: DUPLICATES,
        rejected,
        warnings: 0,
        created_at: at.as_microsecond(),
        touched_at: ended.as_microsecond(),
        ended_at: Some(ended.as_microsecond()),
        actor_id: Some(actor.id),
        byte_count: bytes,
        bytes_read: bytes,
        columns: serde_json::to_string(&COLUMNS.map(column)).ok(),
        canceled_at: None,
    };
    let transaction = store.begin().await?;
    store::actor::insert_missing(&transaction, vec![actor]).await?;
    store::contact_import::insert(&transaction, row).await?;
    let of = (account, list);
    let added = (ended.as_microsecond(), 1);
    store::contact::insert(&transaction, of, &contacts, added).await?;
    store::contact::count_towards(&transaction, of, &counts, ended).await?;
    store::contact_import::insert_rejections(&transaction, account, &rejections).await?;
    transaction.commit().await
}

fn column((header, field): (&str, Option<&str>)) -> FileColumn {
    FileColumn {
        header: header.to_owned(),
        merge_field: field.map(str::to_owned),
        is_phone_column: field.is_none(),
    }
}

fn contact(
    account: AccountId,
    people: &People,
    index: i64,
    at: Timestamp,
    random: &mut StdRng,
) -> NewContact {
    let mut one_of = |texts: &[&'static str]| {
        let text = texts.get(random.random_range(0..texts.len()));
        text.copied().unwrap_or_default()
    };
    let (name, city) = (one_of(people.names), one_of(people.cities));
    let points = random.random_range(0..60_u32) * 5;
    let mut fields = serde_json::Map::new();
    // As in any file, some cells are empty.
    if index % 23 != 22 {
        fields.insert("firstName".to_owned(), name.into());
    }
    fields.insert("city".to_owned(), city.into());
    fields.insert("points".to_owned(), points.to_string().into());
    NewContact {
        id: ContactId::new(id_in(account.uuid(), at)),
        number: Private::new(people.first_number + index),
        country_code: people.country.to_owned(),
        fields: Private::new(Some(serde_json::Value::Object(fields).to_string())),
    }
}

/// Two rows that could not be used, the last of the file.
fn rejections(import: ImportId, first_line: i64) -> Vec<RejectedRow> {
    let rows = [
        (
            "340 12",
            RejectionCode::InvalidNumber,
            "Is not a valid telephone number of its country.",
        ),
        ("", RejectionCode::NumberMissing, "The number is missing."),
    ];
    let row = |(line, (value, code, reason)): (i64, (&str, RejectionCode, &str))| RejectedRow {
        import,
        line,
        value: Private::new(value.to_owned()),
        reason: reason.to_owned(),
        code: Some(code),
        cells: Private::new(serde_json::to_string(&[value, "Anna", "", "40"]).ok()),
    };
    (first_line..).zip(rows).map(row).collect()
}
