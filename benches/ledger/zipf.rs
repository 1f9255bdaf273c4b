//! A thousand accounts, few of them busy: the server's ledger beside plain SQL, on both databases.

use crate::{
    Settings, load,
    load::Zipf,
    ours::{Bed, blocking},
    plain_postgres::{self, How},
    plain_sqlite,
    report::Table,
};

pub async fn zipf(settings: Settings) {
    let zipf = Zipf::new(1_000);
    let bed = Bed::on_postgres(1_000).await;
    let plain = bed.plain();
    plain_postgres::prepare(&bed.url).await;
    let mut table = Table::new("PostgreSQL, 1,000 accounts, Zipf 1.0");
    for _ in 0..settings.rounds {
        for clients in [1, 16, 64] {
            let sides = plain_postgres::clients(&bed.url, clients, How::Transaction, Some(&zipf));
            let measured = load::run(settings.time, sides.await).await;
            table.add(
                &format!("plain, entry and key, {clients} clients"),
                measured,
            );
        }
        for callers in [1, 12] {
            let measured = load::run(settings.time, bed.callers_of(&plain, callers)).await;
            table.add(
                &format!("plain, the same rows, {callers} callers"),
                measured,
            );
        }
        add_ours(&mut table, &bed, settings).await;
    }
    print(table);

    let bed = Bed::on_sqlite(1_000).await;
    let plain = bed.plain();
    let mut table = Table::new("SQLite, 1,000 accounts, Zipf 1.0");
    for _ in 0..settings.rounds {
        for threads in [1, 16] {
            let (file, time, zipf) = (bed.file(), settings.time, zipf.clone());
            let run = move || plain_sqlite::run(&file, time, threads, 1, Some(&zipf));
            table.add(
                &format!("plain, entry and key, {threads} threads"),
                blocking(run).await,
            );
        }
        let measured = load::run(settings.time, bed.callers_of(&plain, 1)).await;
        table.add("plain, the same rows, 1 caller", measured);
        add_ours(&mut table, &bed, settings).await;
    }
    print(table);
}

async fn add_ours(table: &mut Table, bed: &Bed, settings: Settings) {
    for callers in [64, 1_000] {
        let measured = load::run(settings.time, bed.callers(callers)).await;
        table.add(&format!("ours, {callers} callers"), measured);
    }
}

/// The server's ledger at its best against each plain side at its best.
fn print(mut table: Table) {
    for theirs in ["plain, entry and key", "plain, the same rows"] {
        let (ours, theirs) = (table.best("ours"), table.best(theirs));
        table.goal("at its best", &ours, &theirs, 3.0);
    }
    table.print();
}
