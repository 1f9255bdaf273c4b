//! The cryptography of outgoing TLS connections.

/// Chooses it for the whole process, once; later calls do nothing. Whoever makes an HTTP client
/// calls this first.
pub fn install() {
    // An error says that it was chosen before.
    drop(rustls::crypto::ring::default_provider().install_default());
}
