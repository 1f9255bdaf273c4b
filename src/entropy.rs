//! The one place that makes random bytes: ids and secrets come from the operating system's generator.

use rand::{TryRngCore, rngs::OsRng};

/// Random bytes from the operating system.
///
/// # Panics
/// Where the operating system has no randomness to give: no id and no secret may be made then.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        reason = "without randomness nothing safe can go on"
    )]
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}
