//! A shop's domain at Shopify.
//!
//! Here: which texts are one. It becomes the host of every request about the shop, so that nothing
//! but Shopify's own domain may get through: a token sent to another host would be given away.

use std::fmt;

/// Every shop has a name under it.
const SUFFIX: &str = ".myshopify.com";
/// The longest label of a domain name (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 63;

/// A domain such as `candles.myshopify.com`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Shop(String);

impl Shop {
    /// Reads a domain, whatever its case and the spaces around it; `None` if it isn't a shop's.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let name = text.strip_suffix(SUFFIX)?;
        let is_name = (1..=MAX_NAME).contains(&name.len())
            && !name.starts_with('-')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        is_name.then_some(Self(text))
    }
}

impl fmt::Display for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Shop;

    #[test]
    fn only_domains_of_shops_are_accepted() {
        for text in [
            "candles.myshopify.com",
            " Candles.MyShopify.com\n",
            "0-x.myshopify.com",
        ] {
            let shop = Shop::parse(text).unwrap();
            assert_eq!(shop.to_string(), text.trim().to_lowercase());
        }
        let long = format!("{}.myshopify.com", "x".repeat(64));
        for text in [
            "",
            ".myshopify.com",
            "myshopify.com",
            "candles",
            "candles.myshopify.com.evil.example",
            "evil.example/.myshopify.com",
            "evil.example#.myshopify.com",
            "evil.example?.myshopify.com",
            "evil.example:443/x.myshopify.com",
            "user@evil.myshopify.com",
            "a.b.myshopify.com",
            "https://candles.myshopify.com",
            "candles.myshopify.com/admin",
            "candles.myshopify.com:443",
            "can dles.myshopify.com",
            "-candles.myshopify.com",
            "cändles.myshopify.com",
            "candles.myshopify.com\0",
            "127.0.0.1",
            &long,
        ] {
            assert_eq!(Shop::parse(text), None, "{text:?}");
        }
    }
}
