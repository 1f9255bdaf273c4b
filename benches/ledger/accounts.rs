//! Three hundred accounts that are equally busy beside one that is as busy as all of them, on both
//! databases: what a batch costs for each account in it.

use crate::{Settings, load, load::Zipf, ours::Bed, report::Table};

const ACCOUNTS: usize = 300;

pub async fn accounts(settings: Settings) {
    for backend in ["PostgreSQL", "SQLite"] {
        let bed = match backend {
            "PostgreSQL" => Bed::on_postgres(ACCOUNTS).await,
            _ => Bed::on_sqlite(ACCOUNTS).await,
        };
        let mut table = Table::new(format!("{backend}, accounts that are equally busy"));
        let name = |accounts, callers| format!("accounts: {accounts}, callers: {callers}");
        for _ in 0..settings.rounds {
            for accounts in [1, ACCOUNTS] {
                for callers in [64, 1_000] {
                    let spending = bed.spending(&bed.ledger, callers, &Zipf::even(accounts));
                    let measured = load::run(settings.time, spending).await;
                    table.add(&name(accounts, callers), measured);
                }
            }
        }
        for callers in [64, 1_000] {
            let (many, one) = (name(ACCOUNTS, callers), name(1, callers));
            table.goal(&many, &many, &one, 0.5);
        }
        table.print();
    }
}
