//! The sandbox: charges nobody, and shows a page of this server with Approve and Decline.
//!
//! Here: its references, and its page's address. Not here: who may see that address
//! ([`crate::operations::purchase`]), the page ([`crate::http::checkout`]) and the effect of
//! approving.

use url::Url;

use super::{Charge, Started};

/// The name stored with purchases.
pub const NAME: &str = "sandbox";

/// The provider that charges nobody.
#[derive(Debug, Clone)]
pub struct Sandbox;

impl Sandbox {
    /// Starts a payment. There is nothing to store: the purchase identifies it.
    pub(super) fn start(&self, charge: &Charge) -> Started {
        Started {
            reference: charge.purchase.uuid().to_string(),
            confirmation_url: None,
        }
    }
}

/// The approval page's address for a token; `None` if the public URL can't have a path.
#[must_use]
pub fn page(public_url: &Url, token: &str) -> Option<Url> {
    let mut page = public_url.clone();
    page.set_query(None);
    page.set_fragment(None);
    page.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(["checkout", token]);
    Some(page)
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_page_is_under_the_public_url() {
        let check = |public: &str, expected: &str| {
            let page = page(&public.parse().unwrap(), "token").unwrap();
            assert_eq!(page.as_str(), expected);
        };
        check(
            "http://localhost:8080",
            "http://localhost:8080/checkout/token",
        );
        check(
            "https://x.example/credits",
            "https://x.example/credits/checkout/token",
        );
        check(
            "https://x.example/credits/?a=b#c",
            "https://x.example/credits/checkout/token",
        );
    }
}
