//! The sandbox: takes no money, and shows a page of this server with Approve and Decline.
//!
//! Here: its references. Not here: the page ([`crate::http::checkout`]) and what approving does.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use url::Url;

use super::{Charge, PaymentError, Started};
use crate::entropy;

/// What purchases remember it by.
pub const NAME: &str = "sandbox";

/// Random bytes in a reference: it is the key to the approve page, so nobody may guess it.
const REFERENCE_BYTES: usize = 32;

/// The provider that takes no money.
#[derive(Debug, Clone)]
pub struct Sandbox {
    public_url: Url,
}

impl Sandbox {
    /// A sandbox whose page is under `public_url`.
    #[must_use]
    pub fn new(public_url: Url) -> Self {
        Self { public_url }
    }

    /// A new payment. It has nothing to remember: of two for one purchase, the first that is noted
    /// counts, and the other's page finds nothing.
    pub(super) fn start(&self, _charge: &Charge) -> Result<Started, PaymentError> {
        let reference = BASE64_URL_SAFE_NO_PAD.encode(entropy::bytes::<REFERENCE_BYTES>());
        let mut confirmation_url = self.public_url.clone();
        confirmation_url.set_query(None);
        confirmation_url.set_fragment(None);
        confirmation_url
            .path_segments_mut()
            .map_err(|()| PaymentError::Refused("the public URL takes no path".to_owned()))?
            .pop_if_empty()
            .extend(["checkout", &reference]);
        Ok(Started {
            reference,
            confirmation_url,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Sandbox;
    use crate::payments::Charge;
    use domain::{currency::Currency, id::PurchaseId, money::Money};

    #[test]
    fn the_page_is_under_the_public_url() {
        let charge = Charge {
            purchase: PurchaseId::new(uuid::Uuid::nil()),
            description: "1,000 credits".to_owned(),
            price: Money::zero(Currency::new("EUR".parse().unwrap(), 2).unwrap()),
            return_url: None,
        };
        let check = |public: &str, page: &str| {
            let started = Sandbox::new(public.parse().unwrap())
                .start(&charge)
                .unwrap();
            assert_eq!(started.reference.len(), 43);
            assert_eq!(
                started.confirmation_url.as_str(),
                format!("{page}{}", started.reference)
            );
        };
        check("http://localhost:8080", "http://localhost:8080/checkout/");
        check(
            "https://x.example/credits",
            "https://x.example/credits/checkout/",
        );
        check(
            "https://x.example/credits/?a=b#c",
            "https://x.example/credits/checkout/",
        );
    }
}
