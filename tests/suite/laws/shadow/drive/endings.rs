//! Ending a hold on both sides: one way, or all of them at once (law H3).

use domain::{book::Command, credits::Credits};
use futures_util::future::{join, join_all};
use message_credits::graphql::engine::ids::PublicId;
use serde_json::{Value, json};

use super::{
    super::agree,
    Payload, Shadow, Waiting,
    acts::{MESSAGE, destinations},
};
use crate::support::new_key;

/// The ways to end a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Cancel,
    InFull,
    /// This many units were sent.
    Report(i64),
}

impl Wish {
    /// The mutation's input type, its document and its input.
    fn document(self, one: &Waiting) -> (&'static str, String, Value) {
        let mut input = json!({ "messageId": one.id.encode() });
        if let Self::Report(units) = self {
            input["sent"] = destinations(units);
        }
        let (input_type, field) = match self {
            Self::Cancel => ("CancelMessage", "cancelMessage"),
            Self::InFull | Self::Report(_) => ("SettleMessage", "settleMessage"),
        };
        let query = format!("{field}(input: $input) {{ {MESSAGE} }}");
        (input_type, query, input)
    }
}

impl Shadow<'_> {
    pub(super) async fn settle(&mut self, one: Waiting, units: Option<i64>) -> Result<(), String> {
        self.end_as(one, units.map_or(Wish::InFull, Wish::Report))
            .await
    }

    pub(super) async fn cancel(&mut self, one: Waiting) -> Result<(), String> {
        self.end_as(one, Wish::Cancel).await
    }

    async fn end_as(&mut self, one: Waiting, wish: Wish) -> Result<(), String> {
        let (input_type, query, input) = wish.document(&one);
        let payload = self.ask(input_type, &query, input).await?;
        let Some(command) = self.command(&one, wish) else {
            return match payload {
                Err((code, _)) if code == "CONFLICT" => Ok(()),
                other => Err(format!(
                    "what is being sent was ended by {wish:?}: {other:?}"
                )),
            };
        };
        self.agree_on(&command, &payload)?;
        if let Ok(payload) = payload {
            self.ended_by(&command, &payload)?;
            self.has_ended(&one);
        }
        Ok(())
    }

    /// What the second book does for a request; nothing if the server sends the message and its
    /// sendAt has passed, unless it is charged in full.
    fn command(&self, one: &Waiting, wish: Wish) -> Option<Command> {
        let waits = self.waiting.iter().any(|waiting| waiting.id == one.id);
        let is_servers = waits && self.automatic;
        let has_come = one.send_at <= self.model.instant(self.now);
        let (message, list) = (one.id, one.list);
        let settle = |units| Command::Settle {
            message,
            list,
            credits: Credits::from_units(units),
        };
        match wish {
            Wish::InFull if waits => Some(settle(self.charge(one))),
            Wish::InFull => Some(settle(i64::try_from(one.units).unwrap())),
            _ if is_servers && has_come => None,
            // The server would have sent it, and it was sent to nobody: it is cancelled.
            Wish::Report(0) if is_servers => Some(Command::Cancel { message, list }),
            Wish::Report(units) => Some(settle(units)),
            Wish::Cancel => Some(Command::Cancel { message, list }),
        }
    }

    /// Checks how a message ended.
    fn ended_by(&self, command: &Command, payload: &Value) -> Result<(), String> {
        let message = &payload["message"];
        let status = &message["status"];
        match command {
            Command::Settle { credits, .. } if *status == "SENT" => {
                agree::message(payload, *credits, Some(self.model.instant(self.now)))
            }
            Command::Cancel { .. }
                if *status == "CANCELED"
                    && message["credits"] == "0"
                    && message["sentAt"].is_null() =>
            {
                Ok(())
            }
            other => Err(format!("{other:?} was answered {message}")),
        }
    }

    /// All ways at once, together with the server's own job: one of them ends the message, and the
    /// others are refused.
    pub(super) async fn race(&mut self, one: Waiting) -> Result<(), String> {
        let units = i64::try_from(one.units).unwrap();
        let half = (units / 2).max(1);
        let wishes = [
            Wish::Cancel,
            Wish::Report(0),
            Wish::Report(half),
            Wish::InFull,
        ];
        let asked = wishes.map(|wish| {
            let (input_type, query, mut input) = wish.document(&one);
            input["idempotencyKey"] = json!(new_key());
            let this = &*self;
            async move { this.ask_without_key(input_type, &query, &input).await }
        });
        let (payloads, job) = join(join_all(asked), self.server.services().settle_due()).await;
        job.map_err(|error| format!("the job failed: {error:?}"))?;
        let payloads: Vec<Payload> = payloads.into_iter().collect::<Result<_, String>>()?;
        let (mut winners, mut refused) = (Vec::new(), 0);
        for (wish, payload) in wishes.into_iter().zip(payloads) {
            match payload {
                Ok(payload) => winners.push((wish, payload)),
                Err((code, _)) if code == "CONFLICT" => refused += 1,
                Err(other) => return Err(format!("{wish:?} in a race was refused: {other:?}")),
            }
        }
        let job_settles = self.automatic && one.send_at <= self.now;
        match winners.as_slice() {
            [] if job_settles => {}
            [(wish, payload)] => {
                let command = self.command(&one, *wish);
                let command =
                    command.ok_or_else(|| format!("what was being sent was ended by {wish:?}"))?;
                let outcome = self.model.apply(&command, self.now);
                outcome.map_err(|refusal| format!("the second book refuses: {refusal}"))?;
                self.ended_by(&command, payload)?;
                self.has_ended(&one);
            }
            other => return Err(format!("{refused} were refused and done were {other:?}")),
        }
        self.settled_by_the_server()
    }

    /// Lets the second book charge what the server's job has charged by now.
    pub(super) fn settled_by_the_server(&mut self) -> Result<(), String> {
        if !self.automatic {
            return Ok(());
        }
        let due = self.waiting.iter().filter(|one| one.send_at <= self.now);
        for one in due.cloned().collect::<Vec<_>>() {
            let credits = Credits::from_units(self.charge(&one));
            let command = Command::Settle {
                message: one.id,
                list: one.list,
                credits,
            };
            let outcome = self.model.apply(&command, self.now);
            outcome.map_err(|refusal| format!("the second book refuses to settle: {refusal}"))?;
            self.has_ended(&one);
        }
        Ok(())
    }
}
