//! Contacts that join and leave a list, and messages to all of them, on both sides: the second book
//! remembers each message's recipients one by one.

use domain::{book::Command, credits::Credits, id::MessageId};
use jiff::SignedDuration;
use message_credits::graphql::engine::ids::PublicId;
use serde_json::json;
use uuid::Uuid;

use super::{
    super::agree,
    Contact, Shadow, Waiting,
    acts::{MESSAGE, message_id},
};

/// Different numbers of a list: few enough that some come back.
const NUMBERS: usize = 12;

impl Shadow<'_> {
    /// What the server charges for a message.
    pub(super) fn charge(&self, one: &Waiting) -> i64 {
        let stayed = one.audience.as_ref().filter(|_| self.automatic);
        let units = stayed.map_or(one.units, |stayed| stayed.len() as i128 * 10_000);
        i64::try_from(units).unwrap()
    }

    pub(super) async fn join(&mut self, list: usize, count: usize) -> Result<(), String> {
        let place = list % self.lists.len();
        let mut lines = String::from("phone\n");
        for _ in 0..count {
            let came = self.came;
            let number = came % NUMBERS;
            self.came += 1;
            if self.contacts[place].iter().any(|one| one.number == number) {
                continue;
            }
            self.contacts[place].push(Contact { came, number });
            lines += &phone(number);
            lines.push('\n');
        }
        if !lines.contains('+') {
            return Ok(());
        }
        let id = self.lists[place].encode();
        let imported = self.server.import(&self.tenant.owner, &id, lines).await;
        match imported["userErrors"].as_array() {
            Some(errors) if errors.is_empty() => Ok(()),
            _ => Err(format!("an import was refused: {imported}")),
        }
    }

    pub(super) async fn leave(&mut self, list: usize, count: usize) -> Result<(), String> {
        let place = list % self.lists.len();
        let most = self.contacts[place].len();
        let gone: Vec<Contact> = self.contacts[place].drain(..count.min(most)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let numbers: Vec<String> = gone.iter().map(|one| phone(one.number)).collect();
        let input = json!({ "listId": self.lists[place].encode(), "phoneNumbers": numbers });
        let query = "removeContacts(input: $input) { removedCount userErrors { message code } }";
        let payload = self
            .ask_without_key("RemoveContacts", query, &input)
            .await?;
        let payload = payload.map_err(|(code, _)| code)?;
        if payload["removedCount"] != gone.len() {
            return Err(format!("{payload} should be {}", gone.len()));
        }
        let now = self.now;
        for one in self.waiting.iter_mut().filter(|one| now < one.send_at) {
            if let Some(audience) = &mut one.audience {
                audience.retain(|contact| !gone.contains(contact));
            }
        }
        Ok(())
    }

    pub(super) async fn mail(&mut self, list: usize, hours: i64) -> Result<(), String> {
        let place = list % self.lists.len();
        let (list, contacts) = (self.lists[place], self.contacts[place].clone());
        if contacts.is_empty() {
            return Ok(());
        }
        let send_at = self.now + SignedDuration::from_hours(hours);
        let input = json!({ "accountId": self.tenant.id, "listId": list.encode(), "text": "Ciao",
            "sendAt": send_at.to_string() });
        let query = format!("scheduleMessage(input: $input) {{ {MESSAGE} }}");
        let payload = self.ask("ScheduleMessage", &query, input).await?;
        let message = match &payload {
            Ok(payload) => message_id(&payload["message"]["id"])?,
            Err(_) => MessageId::new(Uuid::nil()),
        };
        let units = i64::try_from(contacts.len()).unwrap() * 10_000;
        let credits = Credits::from_units(units);
        let command = Command::Hold {
            message,
            list: Some(list),
            credits,
        };
        self.agree_on(&command, &payload)?;
        let Ok(payload) = payload else { return Ok(()) };
        agree::message(&payload, credits, None)?;
        self.waiting.push(Waiting {
            id: message,
            list: Some(list),
            send_at,
            units: units.into(),
            audience: Some(contacts.into_iter().collect()),
        });
        Ok(())
    }
}

fn phone(number: usize) -> String {
    format!("+39340{:07}", 1_234_500 + number)
}
