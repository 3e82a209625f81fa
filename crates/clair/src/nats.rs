//! The way to NATS, as the configuration says.

use std::fs;

use anyhow::Context as _;
use clair_bus::{Authentication, Bus, BusOptions, Secret};
use clair_runtime::config::{ClientTls, Nats};
use clair_runtime::tls::{self, CertificateWatch};
use clair_runtime::{Config, Mode};
use url::Url;

/// Connects, unless the configuration has no NATS. A server that is not there is no error.
pub(crate) async fn connect(
    config: &Config,
    mode: Mode,
    watch: &CertificateWatch,
) -> anyhow::Result<Option<Bus>> {
    let Some(nats) = &config.nats else {
        return Ok(None);
    };
    let options = options(nats, mode, watch).context("nats")?;
    Ok(Some(Bus::connect(options).await.context("nats")?))
}

fn options(nats: &Nats, mode: Mode, watch: &CertificateWatch) -> anyhow::Result<BusOptions> {
    let urls: Vec<Url> = nats.urls.iter().map(|url| url.url().clone()).collect();
    let authentication = authentication(nats, &urls)?;
    let servers = urls.into_iter().map(without_login).collect();
    Ok(BusOptions {
        name: format!("clair-{mode}"),
        authentication,
        tls: tls(&nats.tls, watch)?,
        replicas: nats.replicas,
        ..BusOptions::new(servers)
    })
}

/// What the section says, else what the first URL with a name has.
fn authentication(nats: &Nats, urls: &[Url]) -> anyhow::Result<Authentication> {
    if let Some(path) = &nats.credentials_file {
        let credentials =
            fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        return Ok(Authentication::Credentials(Secret::new(credentials)));
    }
    if let Some(token) = &nats.token {
        return Ok(Authentication::Token(Secret::new(token.expose())));
    }
    let named = urls.iter().find(|url| !url.username().is_empty());
    Ok(match named {
        None => Authentication::None,
        Some(url) => match url.password() {
            Some(password) => {
                Authentication::Password(decoded(url.username()), Secret::new(decoded(password)))
            }
            None => Authentication::Token(Secret::new(decoded(url.username()))),
        },
    })
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn without_login(mut url: Url) -> String {
    // Neither fails for a URL that has a host, which these have.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

fn tls(tls: &ClientTls, watch: &CertificateWatch) -> anyhow::Result<Option<rustls::ClientConfig>> {
    if *tls == ClientTls::default() {
        return Ok(None);
    }
    let config = tls::client_config(tls, watch)?;
    Ok(Some(rustls::ClientConfig::clone(&config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nats(section: &str) -> Nats {
        let yaml = format!("database: {{connstring: 'host=db'}}\nnats: {{{section}}}");
        let config = Config::from_yaml(&yaml, Mode::Combo).unwrap();
        config.nats.unwrap()
    }

    fn of(section: &str) -> BusOptions {
        let watch = CertificateWatch::default();
        options(&nats(section), Mode::Combo, &watch).unwrap()
    }

    #[test]
    fn a_login_in_a_url_is_taken_out_of_it() {
        let options = of("urls: ['nats://me:s%20crt@one:4222', 'nats://two:4222']");
        assert_eq!(options.servers, ["nats://one:4222", "nats://two:4222"]);
        let Authentication::Password(name, _) = options.authentication else {
            panic!("{:?}", options.authentication);
        };
        assert_eq!(name, "me");
    }

    #[test]
    fn a_token_of_the_section_counts_more() {
        let options = of("urls: ['nats://other@one:4222'], token: secret");
        assert!(matches!(options.authentication, Authentication::Token(_)));
        assert!(options.tls.is_none());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let nats = nats("urls: ['nats://one:4222'], credentials_file: /none/such.creds");
        let error = options(&nats, Mode::Combo, &CertificateWatch::default()).unwrap_err();
        assert!(
            format!("{error:#}").contains("/none/such.creds"),
            "{error:#}"
        );
    }
}
