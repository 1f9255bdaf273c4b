//! What each act does on the server and on the second book.

use domain::{
    book::{Allocation, Command},
    credits::Credits,
    id::{ListId, LotId, MessageId},
    lot::Expiry,
};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use message_credits::graphql::engine::ids::PublicId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        agree,
        steps::{Act, Part},
    },
    Shadow, Waiting,
};

const ZONES: [&str; 4] = [
    "Europe/Rome",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
];

pub(super) const MESSAGE: &str =
    "message { id status credits recipientCount sentAt lines { countryCode recipientCount credits } }
    replayed balance { total available held unassigned } userErrors { message code }";

impl Shadow<'_> {
    pub(super) async fn act(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Grant(units, days) => self.grant(*units, *days).await,
            Act::Purchase(which) => self.purchase(*which).await,
            Act::Allocate(wishes) => self.allocate(wishes).await,
            Act::Send(list, part) => self.message(*list, *part, None).await,
            Act::Schedule(list, part, hours) => self.message(*list, *part, Some(*hours)).await,
            Act::Settle(which, part) => match pick(&self.waiting, *which) {
                Some(one) => {
                    // No eighth of it: nothing was sent.
                    let sent = |part: Part| if part.0 == 0 { 0 } else { part.of(one.units) };
                    let units = part.map(sent);
                    self.settle(one, units).await
                }
                None => Ok(()),
            },
            Act::SettleBeyond(which, part) => match pick(&self.waiting, *which) {
                Some(one) => {
                    let more = part.of(self.free(one.list));
                    let held = i64::try_from(one.units).unwrap();
                    self.settle(one, Some(held + more)).await
                }
                None => Ok(()),
            },
            Act::Cancel(which) => match pick(&self.waiting, *which) {
                Some(one) => self.cancel(one).await,
                None => Ok(()),
            },
            Act::Race(which) => match pick(&self.waiting, *which) {
                Some(one) => self.race(one).await,
                None => Ok(()),
            },
            Act::EndAgain(which, cancels) => match (pick(&self.ended, *which), cancels) {
                (Some(one), true) => self.cancel(one).await,
                (Some(one), false) => self.settle(one, None).await,
                (None, _) => Ok(()),
            },
            Act::Revoke(lot, part) => self.revoke(*lot, *part).await,
            Act::Order(soonest_first) => self.order(*soonest_first).await,
            Act::Zone(which) => self.change_zone(*which).await,
            Act::Join(list, count) => self.join(*list, *count).await,
            Act::Leave(list, count) => self.leave(*list, *count).await,
            Act::Mail(list, hours) => self.mail(*list, *hours).await,
            Act::Work => self.work().await,
            Act::Repeat(which) => self.repeat(*which).await,
            Act::Reuse(which) => self.reuse(*which).await,
        }
    }

    async fn grant(&mut self, units: i64, days: Option<i64>) -> Result<(), String> {
        let end = days.map(|days| self.day(self.now, days));
        let input = json!({
            "accountId": self.tenant.id, "credits": Credits::from_units(units).to_string(),
            "expiresOn": end.map(|end| end.on.to_string()), "note": "for a test",
        });
        let query = "grantCredits(input: $input) { lot { id granted remaining }
            replayed balance { total available held unassigned } userErrors { message code } }";
        let payload = self.ask("GrantCredits", query, input).await?;
        let id = match &payload {
            Ok(payload) => lot_id(&payload["lot"]["id"])?,
            Err(_) => LotId::new(Uuid::nil()),
        };
        let command = issue(id, units, end);
        self.agree_on(&command, &payload)?;
        if payload.is_ok() {
            self.lots.push((id, end.map(|end| end.at)));
        }
        Ok(())
    }

    async fn purchase(&mut self, which: usize) -> Result<(), String> {
        let (package, credits, days) = self.shop.packages[which % self.shop.packages.len()].clone();
        let input = json!({ "accountId": self.tenant.id, "packageId": package });
        let query = "purchaseCredits(input: $input) { purchase { id credits confirmationUrl }
            userErrors { message code } }";
        let payload = self.ask("PurchaseCredits", query, input).await?;
        // A later answer shows the purchase's state at that time.
        self.answered.pop();
        let url = payload.map_err(|(code, _)| code)?["purchase"]["confirmationUrl"].take();
        let form = [("decision", "approve")];
        let post = self.server.http().post(url.as_str().unwrap_or_default());
        post.form(&form)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let known = self.model.remainders();
        let ids = agree::lots(self).await?;
        let [id] = ids
            .keys()
            .filter(|id| !known.contains_key(id))
            .copied()
            .collect::<Vec<_>>()[..]
        else {
            return Err("a purchase is not one new lot".to_owned());
        };
        let booked_at = self.model.instant(self.now);
        let end = days.map(|days| self.day(booked_at, days.into()));
        let outcome = self
            .model
            .apply(&issue(id, credits * 10_000, end), self.now);
        self.lots.push((id, end.map(|end| end.at)));
        outcome.map_err(|refusal| format!("the second book refuses a purchase: {refusal}"))
    }

    async fn allocate(&mut self, wishes: &[(usize, Option<Part>)]) -> Result<(), String> {
        if wishes.is_empty() {
            return Ok(());
        }
        let free = self.model_now().free();
        let unassigned = free[&None];
        let allocations: Vec<Allocation> = wishes
            .iter()
            .map(|(place, part)| {
                let list = self.lists[*place];
                let had = free.get(&Some(list)).copied().unwrap_or_default();
                let limit = part.map(|part| {
                    let units = i128::from(part.of(unassigned + had)) - 1;
                    Credits::from_units(i64::try_from(units).unwrap())
                });
                Allocation { list, limit }
            })
            .collect();
        let rows = allocations.iter().map(|one| {
            let mode = if one.limit.is_some() {
                "LIMITED"
            } else {
                "SHARED"
            };
            let assigned = one.limit.map(|limit| limit.to_string());
            json!({ "listId": one.list.encode(), "mode": mode, "assigned": assigned })
        });
        let input = json!({ "accountId": self.tenant.id, "allocations": rows.collect::<Vec<_>>() });
        let query = "allocateCredits(input: $input) { lists { id }
            balance { total available held unassigned } userErrors { message code } }";
        let payload = self
            .ask_without_key("AllocateCredits", query, &input)
            .await?;
        self.agree_on(&Command::Allocate { allocations }, &payload)
    }

    async fn message(
        &mut self,
        list: Option<usize>,
        part: Part,
        hours: Option<i64>,
    ) -> Result<(), String> {
        let list = list.map(|place| self.lists[place]);
        let units = part.of(self.free(list));
        let mut input = json!({
            "accountId": self.tenant.id, "listId": list.map(|list| list.encode()),
            "audience": { "destinations": destinations(units) }, "text": "Ciao",
        });
        let send_at = hours.map(|hours| self.now + SignedDuration::from_hours(hours));
        let (name, field) = match send_at {
            Some(at) => {
                input["sendAt"] = json!(at.to_string());
                ("ScheduleMessage", "scheduleMessage")
            }
            None => ("SendMessage", "sendMessage"),
        };
        let query = format!("{field}(input: $input) {{ {MESSAGE} }}");
        let payload = self.ask(name, &query, input).await?;
        let message = match &payload {
            Ok(payload) => message_id(&payload["message"]["id"])?,
            Err(_) => MessageId::new(Uuid::nil()),
        };
        let credits = Credits::from_units(units);
        let command = match send_at {
            Some(_) => Command::Hold {
                message,
                list,
                credits,
            },
            None => Command::Spend {
                message,
                list,
                credits,
            },
        };
        self.agree_on(&command, &payload)?;
        let Ok(payload) = payload else { return Ok(()) };
        let sent_at = send_at.is_none().then(|| self.model.instant(self.now));
        agree::message(&payload, credits, sent_at)?;
        if let Some(send_at) = send_at {
            let units = units.into();
            self.waiting.push(Waiting {
                id: message,
                list,
                send_at,
                units,
                audience: None,
            });
        }
        Ok(())
    }

    async fn revoke(&mut self, which: Option<usize>, part: Part) -> Result<(), String> {
        let lot = which.and_then(|which| pick(&self.lots, which));
        let lot = lot.map(|(lot, _)| lot);
        let model = self.model_now();
        let there_is = match lot {
            Some(lot) => model.remainders()[&lot],
            None => model.available(),
        };
        let credits = Credits::from_units(part.of(there_is));
        let input = json!({
            "accountId": self.tenant.id, "lotId": lot.map(|lot| lot.encode()),
            "credits": credits.to_string(), "note": "for a test",
        });
        let query = "revokeCredits(input: $input) { transaction { id credits }
            replayed balance { total available held unassigned } userErrors { message code } }";
        let payload = self.ask("RevokeCredits", query, input).await?;
        self.agree_on(&Command::Revoke { lot, credits }, &payload)
    }

    async fn order(&mut self, soonest_first: bool) -> Result<(), String> {
        let order = if soonest_first {
            "SOONEST_EXPIRY_FIRST"
        } else {
            "NON_EXPIRING_FIRST"
        };
        let input = json!({ "accountId": self.tenant.id, "consumptionOrder": order });
        let query = "updateAccount(input: $input) { account { consumptionOrder } userErrors { message code } }";
        let payload = self.ask_without_key("UpdateAccount", query, &input).await?;
        self.model.soonest_first = soonest_first;
        payload.map(|_| ()).map_err(|(code, _)| code)
    }

    async fn change_zone(&mut self, which: usize) -> Result<(), String> {
        let name = ZONES[which % ZONES.len()];
        let input = json!({ "accountId": self.tenant.id, "timeZone": name });
        let query =
            "updateAccount(input: $input) { account { timeZone } userErrors { message code } }";
        let payload = self.ask_without_key("UpdateAccount", query, &input).await?;
        payload.map_err(|(code, _)| code)?;
        self.zone = TimeZone::get(name).unwrap();
        let command = Command::ChangeTimeZone {
            time_zone: self.zone.clone(),
        };
        let outcome = self.model.apply(&command, self.now);
        outcome.map_err(|refusal| format!("the second book refuses a zone: {refusal}"))?;
        let ends = self.model.ends();
        for (lot, end) in &mut self.lots {
            *end = ends[lot];
        }
        Ok(())
    }

    async fn work(&mut self) -> Result<(), String> {
        self.server.run_workers().await;
        if self
            .model
            .next_expiry()
            .is_some_and(|(at, _)| at <= self.now)
        {
            self.model.expire(self.now);
        }
        self.settled_by_the_server()
    }

    async fn repeat(&mut self, which: usize) -> Result<(), String> {
        let Some(first) = pick(&self.answered, which) else {
            return Ok(());
        };
        let again = self.post(&first.query, &first.input).await?;
        // Nothing is done again: the same rows as they are now, and the balance of now.
        let ids = |payload: &Value| {
            ["message", "lot", "transaction"].map(|node| payload[node]["id"].clone())
        };
        if first.payload["replayed"] != false || again["replayed"] != true {
            return Err(format!("{} was answered {again}", first.input));
        }
        if ids(&again) != ids(&first.payload) {
            return Err(format!(
                "{} was answered {again} after {}",
                first.input, first.payload
            ));
        }
        agree::balance(&self.model_now(), &again["balance"])
    }

    async fn reuse(&mut self, which: usize) -> Result<(), String> {
        let Some(first) = pick(&self.answered, which) else {
            return Ok(());
        };
        let input = json!({
            "accountId": self.tenant.id, "audience": { "destinations": destinations(1) }, "text": "Another",
            "idempotencyKey": first.input["idempotencyKey"],
        });
        let query = format!("sendMessage(input: $input) {{ {MESSAGE} }}");
        match self.ask_without_key("SendMessage", &query, &input).await? {
            Err((code, _)) if code == "IDEMPOTENCY_KEY_REUSED" => Ok(()),
            other => Err(format!("a key that was used was answered {other:?}")),
        }
    }

    fn free(&self, list: Option<ListId>) -> i128 {
        let free = self.model_now().free();
        let own = list.and_then(|list| free.get(&Some(list)));
        *own.unwrap_or(&free[&None])
    }

    /// This many days after an instant's day, in the account's zone.
    fn day(&self, from: Timestamp, days: i64) -> Expiry {
        let zone = self.zone.clone();
        let on = from.to_zoned(zone.clone()).date() + days.days();
        let at = on.at(0, 0, 0, 0).to_zoned(zone).unwrap().timestamp();
        Expiry { at, on }
    }
}

/// Head-counts that cost exactly this much: a credit for each Italian, a unit for each Frenchman.
pub(super) fn destinations(units: i64) -> Value {
    let rows = [("IT", units / 10_000), ("FR", units % 10_000)];
    let rows = rows.into_iter().filter(|(_, recipients)| *recipients > 0);
    let row = |(code, recipients)| json!({ "countryCode": code, "recipientCount": recipients });
    Value::from(rows.map(row).collect::<Vec<_>>())
}

fn issue(lot: LotId, units: i64, expiry: Option<Expiry>) -> Command {
    Command::Issue {
        lot,
        source: domain::book::Source::Grant,
        credits: Credits::from_units(units),
        expiry,
    }
}

fn pick<T: Clone>(all: &[T], which: usize) -> Option<T> {
    (!all.is_empty()).then(|| all[which % all.len()].clone())
}

fn lot_id(value: &Value) -> Result<LotId, String> {
    let id = value.as_str().and_then(LotId::decode);
    id.ok_or_else(|| format!("{value} is no lot"))
}

pub(super) fn message_id(value: &Value) -> Result<MessageId, String> {
    let id = value.as_str().and_then(MessageId::decode);
    id.ok_or_else(|| format!("{value} is no message"))
}
