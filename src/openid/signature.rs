//! Signatures of tokens (RFC 7518, RFC 8037) and the public keys that check them (RFC 7517).
//!
//! Here: reading a key, and checking a signature with it. The algorithms are asymmetric only: with
//! a symmetric one, whoever knows the provider's public key could sign. Not here: fetching keys.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;

/// An algorithm that a token may be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA, PKCS #1 v1.5, with SHA-256.
    Rs256,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 5] = [
        Self::Rs256,
        Self::Ps256,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Its name in the headers of tokens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A public key of the provider.
#[derive(Debug)]
pub(super) struct Key {
    id: String,
    /// The only algorithm that it is for, if the provider says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A key as the provider writes it.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    /// Reads a key; `None` if it isn't one that checks signatures of tokens.
    pub(super) fn read(value: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        if jwk.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text?).ok();
        let point = |x, y, length: usize| {
            let (x, y) = (bytes(x)?, bytes(y)?);
            let fits = x.len() == length && y.len() == length;
            // An uncompressed point, of SEC 1.
            fits.then(|| [&[4], x.as_slice(), y.as_slice()].concat())
        };
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Material::Rsa {
                n: bytes(jwk.n)?,
                e: bytes(jwk.e)?,
            },
            ("EC", Some("P-256")) => Material::P256(point(jwk.x, jwk.y, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(jwk.x, jwk.y, 48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(jwk.x)?),
            _ => return None,
        };
        Some(Self {
            id: jwk.kid?,
            algorithm: jwk.alg,
            material,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether this is the signature of `message` by the key. Never with an algorithm of another
    /// kind of key.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let is_for = |only: &String| only == algorithm.name();
        if !self.algorithm.as_ref().is_none_or(is_for) {
            return false;
        }
        let by = |parameters: &'static dyn VerificationAlgorithm, key: &Vec<u8>| {
            let key = UnparsedPublicKey::new(parameters, key);
            key.verify(message, signature).is_ok()
        };
        match (algorithm, &self.material) {
            (Algorithm::Rs256, Material::Rsa { n, e }) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Algorithm::Ps256, Material::Rsa { n, e }) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PSS_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Algorithm::Es256, Material::P256(key)) => by(&ECDSA_P256_SHA256_FIXED, key),
            (Algorithm::Es384, Material::P384(key)) => by(&ECDSA_P384_SHA384_FIXED, key),
            (Algorithm::EdDsa, Material::Ed25519(key)) => by(&ED25519, key),
            (
                Algorithm::Rs256
                | Algorithm::Ps256
                | Algorithm::Es256
                | Algorithm::Es384
                | Algorithm::EdDsa,
                Material::Rsa { .. } | Material::P256(_) | Material::P384(_) | Material::Ed25519(_),
            ) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Algorithm, Key};

    #[test]
    fn a_published_signature_is_verified() {
        // RFC 8037, appendix A.4 and A.5.
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "kid": "1",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt\
            9g7sVvpAr_MuM0KAg";
        let signature = base64::Engine::decode(&super::BASE64_URL_SAFE_NO_PAD, signature).unwrap();
        let key = Key::read(jwk.clone()).unwrap();
        assert!(key.verifies(Algorithm::EdDsa, message, &signature));
        assert!(!key.verifies(Algorithm::EdDsa, b"another message", &signature));
        for other in Algorithm::ALL {
            let expected = other == Algorithm::EdDsa;
            assert_eq!(
                key.verifies(other, message, &signature),
                expected,
                "{other:?}"
            );
        }
        let mut only = jwk;
        only["alg"] = json!("ES256");
        let key = Key::read(only).unwrap();
        assert!(!key.verifies(Algorithm::EdDsa, message, &signature));
    }

    #[test]
    fn signatures_of_rsa_are_verified() {
        // Of a key that `openssl genpkey` made and that nobody keeps, by `openssl dgst -sha256
        // -sign`, for PS256 with `-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32`.
        let n = concat!(
            "v0HbM1w7Km6dLqmBCj1-15GWI7Nop1Gt378WS7kI25KJAdfe28zuFEfTknSrZBX_Vd8PPynOjQ9L",
            "6z-0ZhShfkwJ8OH44rU2WjMsmg1FLk6ZQWnOi1sI06b1xN6SihC58O3oVMkjR7rd483ARgrgqXui",
            "YHtnmXXa6dk1eL99lHBP9VS_wr_r3e2SlM90Db2xO1AUDbav1ycPd9gUw21oB423UOwq1sFcgnXm",
            "wntn1BKvlj-GVHkM9yQLwXTE0ffc2BjcyFuDj3pOmzZwMwfZSF5cJ_pODIOGmLj4bzcsC4nfRHJr",
            "WfhOVVHlW9r5nCp44CKq-n67Ilzu-pwMSvHuVQ",
        );
        let rs = concat!(
            "E3emI_lpA_c7XpNeCklXRrgnpZZH06VTKqNkxv9yDgfGMHFKAg1swFgiwnJDE2KCWN1zM6OjsU9D",
            "J-niqiCdoPiGmqxuDsHNRP-H6wt6zvWAnQNwO6lMHhfEJBkzbBy9NRJqi4UrkQVCn65dRBldQZdT",
            "x8yNBe0ExwsqI-C6X0f-UKub1XGUOLl_uljADty6afw6RtlowJT41uVi1yHegBJGNQQWPpUudWgB",
            "DLiSAckDzSBPAFx4Lzym7XC6rcTEmqA-ffv8fBao1o5MQp3misCROpSts_BR8T3_Wd_11UnMqBHc",
            "yzZogMChdYVvHlAWuvtmpqkmfLGOM1-k6DHu6w",
        );
        let ps = concat!(
            "UPgTIu44Z7F-xq-m9Ph3nteYmz2vMKn-i-9otlmRKV4GxbdFZmMTEgSN0h-DpAlb_twJTP8ZQ_h0",
            "OeRlQDdCCW-tC2PdQTFagviNQ1MpXRaQ5agYzocsrs3v7ARuhSPuCVMlPJIxf7dhAZeCIaORIRV8",
            "gwXFkJmR31HdUE0sdHtMJJsZ2MMoncjrKBpfmIelZWX2N1gOQR-LG09u40VJqUUhGGNRAxATLCCc",
            "arflo0caGiknJiKWiVdNYC5pxDbyY58QW59YlAxB9edqaeR3AtT3GkIIyH1tYm_0qu2L4Bh_N0DJ",
            "Tb60a9Gp-YPB12ppreFk74__kHUSvqiUUv6Nwg",
        );
        let jwk = json!({ "kty": "RSA", "kid": "1", "use": "sig", "n": n, "e": "AQAB" });
        let key = Key::read(jwk).unwrap();
        for (made_by, signature) in [(Algorithm::Rs256, rs), (Algorithm::Ps256, ps)] {
            let signature =
                base64::Engine::decode(&super::BASE64_URL_SAFE_NO_PAD, signature).unwrap();
            for algorithm in Algorithm::ALL {
                let is_verified = key.verifies(algorithm, b"a message", &signature);
                assert_eq!(
                    is_verified,
                    algorithm == made_by,
                    "{made_by:?} {algorithm:?}"
                );
            }
            assert!(!key.verifies(made_by, b"a messagf", &signature));
        }
    }

    #[test]
    fn other_keys_are_left_out() {
        for jwk in [
            json!({ "kty": "oct", "kid": "1", "k": "c2VjcmV0" }),
            json!({ "kty": "RSA", "kid": "1", "n": "AQAB" }),
            json!({ "kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB", "use": "enc" }),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
            json!({ "kty": "EC", "crv": "P-256", "kid": "1", "x": "AQAB", "y": "AQAB" }),
            json!({ "kty": "EC", "crv": "secp256k1", "kid": "1", "x": "AQAB", "y": "AQAB" }),
            json!("key"),
        ] {
            assert!(Key::read(jwk.clone()).is_none(), "{jwk}");
        }
    }
}
