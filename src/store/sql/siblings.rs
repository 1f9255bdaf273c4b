//! Siblings: reads of one request that differ in their values alone, such as the first page of
//! messages of each list of a page, run as one statement.
//!
//! Here: which reads run together, and who gets which rows. Not here: the text of the statement
//! ([`merged`]), and reads that are batched by their keys ([`super::row_set`]).

mod merged;

use std::{collections::HashMap, ops::Deref};

use async_trait::async_trait;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::{sync::oneshot, task::unconstrained};

use self::merged::{MEMBER, PLACE};
use super::{shards, turns::Turns};

type Answer = Result<Vec<QueryResult>, DbErr>;
type Asked = (Statement, oneshot::Sender<Answer>);

/// Reads over a connection, those of siblings together. Each row of a merged statement is as its
/// own statement would have returned it, in the same order.
///
/// It is for the reads of one task alone, and for reads that change and lock nothing.
#[derive(Debug)]
pub struct Siblings<D> {
    connection: D,
    turns: Turns<Asked>,
}

impl<D> Siblings<D> {
    /// Reads over a connection.
    pub fn over(connection: D) -> Self {
        Self {
            connection,
            turns: Turns::default(),
        }
    }
}

impl<C, D> Siblings<D>
where
    C: ConnectionTrait,
    D: Deref<Target = C> + Send + Sync,
{
    async fn answer(&self, asked: Vec<Asked>) {
        let mut by_text: HashMap<String, Vec<Vec<Asked>>> = HashMap::new();
        // A caller that was dropped needs no answer.
        for (statement, answer) in asked.into_iter().filter(|(_, answer)| !answer.is_closed()) {
            let groups = by_text.entry(statement.sql.clone()).or_default();
            let fitting = groups.iter_mut().find(|group| {
                let first = group.first().map(|(first, _)| first);
                first.is_some_and(|first| merged::may_join(first, &statement))
            });
            match fitting {
                Some(group) => group.push((statement, answer)),
                None => groups.push(vec![(statement, answer)]),
            }
        }
        let groups = by_text.into_values().flatten();
        join_all(groups.map(|group| self.answer_group(group))).await;
    }

    async fn answer_group(&self, mut group: Vec<Asked>) {
        let backend = self.connection.get_database_backend();
        while !group.is_empty() {
            let rest = group.split_off(merged::size(backend, group.len()));
            self.answer_some(std::mem::replace(&mut group, rest)).await;
        }
    }

    async fn answer_some(&self, some: Vec<Asked>) {
        let (statements, callers): (Vec<_>, Vec<_>) = some.into_iter().unzip();
        let backend = self.connection.get_database_backend();
        let Some(merged) = merged::merge(backend, &statements) else {
            let alone = statements.into_iter().zip(callers);
            let alone = alone.map(|(statement, answer)| async {
                // Fails only if the caller was dropped.
                let _ = answer.send(self.connection.query_all_raw(statement).await);
            });
            join_all(alone).await;
            return;
        };
        match self.connection.query_all_raw(merged).await.and_then(split) {
            Ok(mut rows) => {
                for (member, answer) in (0..).zip(callers) {
                    let _ = answer.send(Ok(rows.remove(&member).unwrap_or_default()));
                }
            }
            Err(cause) => {
                for answer in callers {
                    let _ = answer.send(Err(cause.clone()));
                }
            }
        }
    }
}

/// The rows of each member of a merged statement, in the member's order.
fn split(rows: Vec<QueryResult>) -> Result<HashMap<i64, Vec<QueryResult>>, DbErr> {
    let mut placed: HashMap<i64, Vec<(i64, QueryResult)>> = HashMap::new();
    for row in rows {
        let (member, place) = (row.try_get("", MEMBER)?, row.try_get("", PLACE)?);
        placed.entry(member).or_default().push((place, row));
    }
    let in_order = placed.into_iter().map(|(member, mut rows)| {
        rows.sort_by_key(|(place, _)| *place);
        (member, rows.into_iter().map(|(_, row)| row).collect())
    });
    Ok(in_order.collect())
}

#[async_trait]
impl<C, D> ConnectionTrait for Siblings<D>
where
    C: ConnectionTrait,
    D: Deref<Target = C> + Send + Sync,
{
    fn get_database_backend(&self) -> DatabaseBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.connection.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.connection.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        // Distributed tables: each statement goes to the server of its own account.
        if shards::are_used() {
            return self.connection.query_all_raw(statement).await;
        }
        loop {
            let (answer, found) = oneshot::channel();
            if let Some(lead) = self.turns.join((statement.clone(), answer)) {
                let asked = lead.gather().await;
                self.answer(asked).await;
            }
            // Outside the runtime's cooperative budget: answers that arrive at once are taken at
            // once.
            match unconstrained(found).await {
                Ok(answer) => return answer,
                // The leader was dropped, because a sibling field failed.
                Err(_) => continue,
            }
        }
    }
}
