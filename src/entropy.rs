//! The only module that creates random bytes: ids and secrets come from the operating system's
//! generator.

use rand::{TryRngCore, rngs::OsRng};

/// Random bytes from the operating system.
///
/// # Panics
/// If the operating system has no randomness: no id and no secret may be created then.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        reason = "without randomness nothing can continue safely"
    )]
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system provides random bytes");
    bytes
}
