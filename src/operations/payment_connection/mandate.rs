//! The permission to charge a merchant without its buyer, as its provider last reported it.
//!
//! Here: keeping it with the connection, as JSON. Not here: asking for it ([`crate::payments`]) and
//! what depends on it.

use domain::{id::AccountId, money::Money};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{OperationError, Services, input::known_currency};
use crate::{
    clock::whole_micros,
    payments::{Mandate, MandateState},
    store,
};

/// A permission as its column has it. Fields are added, never renamed.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    state: KeptState,
    reference: Option<String>,
    cap: Option<KeptMoney>,
    used: Option<KeptMoney>,
    /// In microseconds since the epoch.
    period_end: Option<i64>,
    confirmation_url: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum KeptState {
    Active,
    NeedsApproval,
    NeedsPurchase,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptMoney {
    minor: i64,
    currency: String,
}

impl From<Money> for KeptMoney {
    fn from(money: Money) -> Self {
        Self {
            minor: money.minor(),
            currency: money.currency().code().to_string(),
        }
    }
}

impl From<&Mandate> for Kept {
    fn from(mandate: &Mandate) -> Self {
        Self {
            state: match mandate.state {
                MandateState::Active => KeptState::Active,
                MandateState::NeedsApproval => KeptState::NeedsApproval,
                MandateState::NeedsPurchase => KeptState::NeedsPurchase,
            },
            reference: mandate.reference.clone(),
            cap: mandate.cap.map(Into::into),
            used: mandate.used.map(Into::into),
            period_end: mandate.period_end.map(Timestamp::as_microsecond),
            confirmation_url: mandate.confirmation_url.as_ref().map(ToString::to_string),
        }
    }
}

fn money(kept: KeptMoney) -> Result<Money, OperationError> {
    known_currency(&kept.currency)
        .map(|currency| Money::new(kept.minor, currency))
        .ok_or_else(|| OperationError::broken("a kept permission has no currency"))
}

fn read(text: &str) -> Result<Kept, OperationError> {
    serde_json::from_str(text).map_err(|cause| {
        OperationError::broken(format!("a kept permission can't be read: {cause}"))
    })
}

/// The reference of a kept permission.
pub(super) fn reference_of(text: &str) -> Result<Option<String>, OperationError> {
    Ok(read(text)?.reference)
}

fn mandate(text: &str) -> Result<Mandate, OperationError> {
    let kept = read(text)?;
    let url = kept.confirmation_url.map(|url| url.parse());
    let url = url.transpose().map_err(|cause| {
        OperationError::broken(format!(
            "a kept permission has a malformed address: {cause}"
        ))
    })?;
    Ok(Mandate {
        state: match kept.state {
            KeptState::Active => MandateState::Active,
            KeptState::NeedsApproval => MandateState::NeedsApproval,
            KeptState::NeedsPurchase => MandateState::NeedsPurchase,
        },
        reference: kept.reference,
        cap: kept.cap.map(money).transpose()?,
        used: kept.used.map(money).transpose()?,
        period_end: kept.period_end.map(whole_micros),
        confirmation_url: url,
    })
}

impl Services {
    /// The permission to charge an account without its buyer, as the provider of new payments last
    /// reported it; `None` if it hasn't, or if the account isn't connected.
    ///
    /// # Errors
    /// The database's error, or a fault if what was kept can't be read.
    pub async fn mandate_of(&self, account: AccountId) -> Result<Option<Mandate>, OperationError> {
        let Some(provider) = self.payments().selling() else {
            return Ok(None);
        };
        let reader = self.store().reader();
        let row = store::payment_connection::find(reader, account, provider.name()).await?;
        let kept = row.and_then(|row| row.mandate);
        kept.map(|text| mandate(&text)).transpose()
    }

    /// Keeps what the provider of new payments reported of the permission to charge an account. An
    /// account that isn't connected has no place for it: its provider needs none.
    ///
    /// # Errors
    /// The database's error.
    pub async fn keep_mandate(
        &self,
        account: AccountId,
        mandate: &Mandate,
    ) -> Result<(), OperationError> {
        match self.payments().selling() {
            Some(provider) => {
                self.keep_mandate_at(account, provider.name(), mandate)
                    .await
            }
            None => Ok(()),
        }
    }

    /// Keeps what any provider reported.
    pub(in crate::operations) async fn keep_mandate_at(
        &self,
        account: AccountId,
        provider: &str,
        mandate: &Mandate,
    ) -> Result<(), OperationError> {
        let reader = self.store().reader();
        let row = store::payment_connection::find(reader, account, provider).await?;
        let text = serde_json::to_string(&Kept::from(mandate))
            .map_err(|cause| OperationError::broken(cause.to_string()))?;
        let Some(row) = row.filter(|row| row.mandate.as_deref() != Some(&text)) else {
            return Ok(());
        };
        let (writer, now) = (self.store().writer(), self.clock().now());
        store::payment_connection::set_mandate(writer, &row, &text, now).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Money;

    use super::{Kept, mandate};
    use crate::{
        operations::input::known_currency,
        payments::{Mandate, MandateState},
    };

    #[test]
    fn a_kept_permission_is_read_back() {
        let dollars = known_currency("USD").unwrap();
        for state in [
            MandateState::Active,
            MandateState::NeedsApproval,
            MandateState::NeedsPurchase,
        ] {
            let reported = Mandate {
                state,
                reference: Some("gid://line/1".to_owned()),
                cap: Some(Money::new(30_000, dollars)),
                used: Some(Money::zero(dollars)),
                period_end: Some("2026-12-22T08:00:00.000001Z".parse().unwrap()),
                confirmation_url: Some("https://shop.example/approve?x=1".parse().unwrap()),
            };
            let text = serde_json::to_string(&Kept::from(&reported)).unwrap();
            assert_eq!(mandate(&text).unwrap(), reported);
        }
        assert!(mandate("{}").is_err());
    }
}
