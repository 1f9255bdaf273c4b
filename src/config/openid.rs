//! Which tokens of an OpenID provider are accepted.
//!
//! Here: the options, and which combinations are refused. Not here: checking tokens
//! ([`crate::openid`]).

use clap::Args;
use entity::sql_enums::Role;
use sea_orm::ActiveEnum;
use url::Url;

use super::addresses::http_url;
use crate::openid::{Algorithm, Settings, is_safe};

/// An OpenID provider whose tokens are accepted beside API keys.
#[derive(Debug, Clone, Args)]
pub struct OpenIdArgs {
    /// The OpenID provider whose tokens are accepted beside API keys, exactly as they name it in
    /// iss, such as https://id.example.com/realms/shop. Only https, except on this machine.
    #[arg(long, env = "OPENID_ISSUER", value_name = "URL")]
    pub openid_issuer: Option<String>,
    /// This server's name at the provider, which its tokens have in aud. Required with
    /// --openid-issuer.
    #[arg(long, env = "OPENID_AUDIENCE", value_name = "NAME")]
    pub openid_audience: Option<String>,
    /// Where the provider's keys are. If left out, their address is read from
    /// /.well-known/openid-configuration below the issuer.
    #[arg(long, env = "OPENID_JWKS_URL", value_name = "URL", value_parser = http_url)]
    pub openid_jwks_url: Option<Url>,
    /// The algorithms that tokens may be signed with, separated by commas: RS256, PS256, ES256,
    /// ES384 or EdDSA.
    #[arg(long, env = "OPENID_ALGORITHMS", value_name = "NAMES", value_delimiter = ',',
        default_value = "RS256,ES256", value_parser = algorithm)]
    pub openid_algorithms: Vec<Algorithm>,
    /// The claim that says the role: a text, or a list of texts. With a slash at its beginning it
    /// is a path into objects, such as /realm_access/roles.
    #[arg(
        long,
        env = "OPENID_ROLE_CLAIM",
        value_name = "CLAIM",
        default_value = "role"
    )]
    pub openid_role_claim: String,
    /// Which values of that claim are which roles, separated by commas, such as
    /// credits-admin=OWNER,staff=MEMBER. If a token has several, the first here counts. Required
    /// with --openid-issuer.
    #[arg(long, env = "OPENID_ROLES", value_name = "VALUE=ROLE", value_delimiter = ',',
        value_parser = role)]
    pub openid_roles: Vec<(String, Role)>,
    /// The claim that says the account, as its id: account_01j…. It is a name or a path, as for
    /// --openid-role-claim.
    #[arg(
        long,
        env = "OPENID_ACCOUNT_CLAIM",
        value_name = "CLAIM",
        default_value = "account_id"
    )]
    pub openid_account_claim: String,
}

/// Settings of a provider that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// Settings without a provider.
    #[error("{0} has no effect without --openid-issuer (OPENID_ISSUER): add the provider")]
    NoIssuer(&'static str),
    /// A provider without another setting.
    #[error("--openid-issuer (OPENID_ISSUER) needs {0}")]
    Missing(&'static str),
    /// Others could answer instead of the provider.
    #[error(
        "{0} must be an https address without ?, # or user name; http is accepted for localhost only"
    )]
    Unsafe(&'static str),
}

impl OpenIdArgs {
    /// The provider's settings; `None` if there is no provider.
    ///
    /// # Errors
    /// Settings are missing, superfluous or unsafe.
    pub fn settings(&self) -> Result<Option<Settings>, OpenIdError> {
        let audience = self.openid_audience.as_ref();
        let audience = audience.filter(|audience| !audience.is_empty());
        let Some(issuer) = &self.openid_issuer else {
            let superfluous = [
                (audience.is_some(), AUDIENCE),
                (self.openid_jwks_url.is_some(), KEYS),
                (!self.openid_roles.is_empty(), ROLES),
            ];
            return match superfluous.into_iter().find(|(is_given, _)| *is_given) {
                Some((_, name)) => Err(OpenIdError::NoIssuer(name)),
                None => Ok(None),
            };
        };
        let url: Result<Url, _> = issuer.parse();
        let is_plain = |url: &Url| {
            let parts = [url.query(), url.fragment(), url.password()];
            is_safe(url) && parts.iter().all(Option::is_none) && url.username().is_empty()
        };
        if !url.is_ok_and(|url| is_plain(&url)) {
            return Err(OpenIdError::Unsafe(ISSUER));
        }
        if self
            .openid_jwks_url
            .as_ref()
            .is_some_and(|url| !is_safe(url))
        {
            return Err(OpenIdError::Unsafe(KEYS));
        }
        if self.openid_roles.is_empty() {
            return Err(OpenIdError::Missing(ROLES));
        }
        Ok(Some(Settings {
            issuer: issuer.clone(),
            audience: audience.ok_or(OpenIdError::Missing(AUDIENCE))?.clone(),
            keys_url: self.openid_jwks_url.clone(),
            algorithms: self.openid_algorithms.clone(),
            role_claim: self.openid_role_claim.clone(),
            roles: self.openid_roles.clone(),
            account_claim: self.openid_account_claim.clone(),
        }))
    }
}

const ISSUER: &str = "--openid-issuer (OPENID_ISSUER)";
const AUDIENCE: &str = "--openid-audience (OPENID_AUDIENCE)";
const KEYS: &str = "--openid-jwks-url (OPENID_JWKS_URL)";
const ROLES: &str = "--openid-roles (OPENID_ROLES)";

fn algorithm(text: &str) -> Result<Algorithm, String> {
    let mut all = Algorithm::ALL.into_iter();
    all.find(|algorithm| algorithm.name() == text)
        .ok_or_else(|| format!("{text:?} must be RS256, PS256, ES256, ES384 or EdDSA"))
}

/// A value of the role's claim, and its role.
fn role(text: &str) -> Result<(String, Role), String> {
    let wrong = || format!("{text:?} must be a value and its role, such as staff=MEMBER");
    let (value, name) = text.rsplit_once('=').ok_or_else(wrong)?;
    let role = Role::try_from_value(&name.to_owned()).map_err(|_| wrong())?;
    if value.is_empty() {
        return Err(wrong());
    }
    Ok((value.to_owned(), role))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use entity::sql_enums::Role;

    use crate::{config::Cli, openid::Algorithm};

    /// What the words say of the provider: its settings' text, or the error.
    fn read(words: &[&str]) -> Result<Option<super::Settings>, String> {
        let words = ["message-credits"].iter().chain(words);
        let cli = Cli::try_parse_from(words).map_err(|cause| cause.to_string())?;
        let settings = cli.serve.openid.settings();
        settings.map_err(|cause| cause.to_string())
    }

    const PROVIDER: [&str; 3] = [
        "--openid-issuer=https://id.example.com/realms/shop",
        "--openid-audience=credits",
        "--openid-roles=a=b=OWNER,staff=MEMBER",
    ];

    #[test]
    fn a_provider_has_an_audience_and_roles() {
        assert!(read(&[]).unwrap().is_none());
        let settings = read(&PROVIDER).unwrap().unwrap();
        assert_eq!(settings.issuer, "https://id.example.com/realms/shop");
        assert_eq!(settings.algorithms, [Algorithm::Rs256, Algorithm::Es256]);
        let roles = [
            ("a=b".to_owned(), Role::Owner),
            ("staff".to_owned(), Role::Member),
        ];
        assert_eq!(settings.roles, roles);
        for left_out in 0..PROVIDER.len() {
            let mut words = PROVIDER.to_vec();
            words.remove(left_out);
            let error = read(&words).unwrap_err();
            assert!(error.contains("--openid-"), "{error}");
        }
    }

    #[test]
    fn unusable_settings_are_named() {
        let refused = |word: &str, why: &str| {
            let mut words = PROVIDER.to_vec();
            let (option, _) = word.split_once('=').unwrap();
            words.retain(|other| !other.starts_with(option));
            let error = read(&[&words[..], &[word]].concat()).unwrap_err();
            assert!(error.contains(why), "{word}: {error}");
        };
        refused("--openid-issuer=http://id.example.com", "https");
        refused("--openid-issuer=https://id.example.com/?a=b", "https");
        refused("--openid-issuer=id.example.com", "https");
        refused("--openid-jwks-url=http://id.example.com/keys", "https");
        refused("--openid-algorithms=HS256", "RS256");
        refused("--openid-algorithms=none", "RS256");
        refused("--openid-roles=staff", "staff=MEMBER");
        refused("--openid-roles=staff=BOSS", "staff=MEMBER");
        refused("--openid-audience=", "--openid-audience");
        let here = [
            "--openid-issuer=http://127.0.0.1:7000",
            PROVIDER[1],
            PROVIDER[2],
        ];
        assert!(read(&here).unwrap().is_some());
    }
}
