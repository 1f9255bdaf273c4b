//! What a payment provider permits to charge without the buyer: asking it, and keeping its answer.
//!
//! Providers are called here outside of any transaction (law R4).

use domain::{id::AccountId, recharge::Permission};

use super::super::{OperationError, Services};
use crate::payments::{CALL_TIMEOUT, CallError, Mandate, MandateState, MandateWish, Provider};

impl Services {
    /// Asks the provider what it permits, or with a wish for a permission, and keeps the answer.
    ///
    /// # Errors
    /// The database's error. The provider's own errors are the inner result.
    pub(super) async fn ask_for_mandate(
        &self,
        account: AccountId,
        provider: &dyn Provider,
        wish: Option<&MandateWish>,
    ) -> Result<Result<Mandate, CallError>, OperationError> {
        let answer = match self.merchant(account, provider).await? {
            Ok(merchant) => {
                let call = provider.mandate(&merchant, wish);
                let answer = tokio::time::timeout(CALL_TIMEOUT, call).await;
                answer.unwrap_or_else(|_| {
                    let limit = CALL_TIMEOUT.as_secs();
                    Err(CallError::NoAnswer(format!("nothing came for {limit} s")))
                })
            }
            Err(trouble) => Err(CallError::Merchant(trouble)),
        };
        self.note_call(account, provider.name(), answer.as_ref().err())
            .await?;
        if let Ok(mandate) = &answer {
            self.keep_mandate(account, mandate).await?;
        }
        Ok(answer)
    }
}

/// What a mandate permits now.
pub(super) fn permission(mandate: &Mandate) -> Permission {
    match mandate.state {
        MandateState::Active => Permission::Granted {
            room: mandate.cap.map(|cap| {
                // A use in another currency says nothing of what is left.
                let left = mandate.used.and_then(|used| cap.checked_sub(used));
                left.unwrap_or(cap)
            }),
        },
        MandateState::NeedsApproval => Permission::NeedsApproval,
        MandateState::NeedsPurchase => Permission::NeedsPurchase,
    }
}
