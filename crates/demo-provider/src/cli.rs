//! The command line.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use demo_provider::{
    DEMO_USERS, Demo, DemoProvider, DemoProviderBuilder, Policy, Reach, default_app_config,
};
use lexopt::prelude::*;

/// `--help`.
pub(crate) const HELP: &str = "\
The demo's authorization server, resource API and app, on three origins of localhost.

Usage: demo-provider serve [OPTIONS]

  --app-dir DIR                 serve the built app from DIR, its configuration filled in
  --app-config FILE             the configuration (JSON) to fill in, instead of the demo's own
  --app-config-as-built         serve the app's configuration as it was built
  --app-connect-src ORIGIN      one more origin the served app may call (may be repeated)
  --app-origin ORIGIN           an app that runs elsewhere, such as under `trunk serve`
                                (may be repeated)
  --issuer-port PORT            the authorization server's port  [default: 9000; 0: any]
  --api-port PORT               the resource API's port          [default: 9001; 0: any]
  --app-port PORT               the app's port                   [default: 8080; 0: any]
  --access-token-seconds N      [default: 60]
  --refresh-token-seconds N     how long a sign-in can be refreshed  [default: 86400]
  --code-seconds N              [default: 60]
  --id-token-seconds N          [default: 300]
  --session-seconds N           how long the provider remembers who signed in  [default: 28800]
  --refresh-leeway-seconds N    still take a refresh token that was just replaced  [default: 0]
  --no-par                      take no pushed authorization requests (RFC 9126)
  --require-par                 take no others
  --par-seconds N               how long a pushed request waits for its user  [default: 90]
  --dpop HOW                    advertised, unadvertised or off (RFC 9449)  [default: advertised]
  --require-dpop                no tokens without a DPoP proof
  --api-requires-dpop           the API refuses bearer tokens
  --issuer-nonces HOW           nonces in DPoP proofs at the authorization server: off, required,
                                or rotating (a new one in every answer)  [default: off]
  --api-nonces HOW              the same at the API  [default: off]
  --dpop-nonces-accepted N      how many of the newest nonces are taken  [default: 8]
  --dpop-proof-seconds N        how far a proof's time may be off  [default: 60]
  --vault-max-age-seconds N     how fresh a sign-in opens the API's vault  [default: 300]
  --hide-one-time-code          do not show the one-time code where it is asked for
  --no-controls                 no fault panel and no feed over HTTP
  --listen-on-all-interfaces    let other machines in; the default is loopback only
  --help
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Invocation {
    Help,
    Serve(Box<Options>),
}

#[derive(Debug, Default)]
enum AppConfig {
    #[default]
    Demo,
    File(PathBuf),
    AsBuilt,
}

/// The options of `serve`.
#[derive(Debug)]
pub(crate) struct Options {
    app_dir: Option<PathBuf>,
    app_config: AppConfig,
    app_connect_src: Vec<String>,
    app_origins: Vec<String>,
    issuer_port: u16,
    api_port: u16,
    app_port: u16,
    access_token: Duration,
    refresh_token: Duration,
    code: Duration,
    id_token: Duration,
    session: Duration,
    refresh_leeway: Duration,
    controls: bool,
    reach: Reach,
    policy: Policy,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            app_dir: None,
            app_config: AppConfig::Demo,
            app_connect_src: Vec::new(),
            app_origins: Vec::new(),
            issuer_port: 9000,
            api_port: 9001,
            app_port: 8080,
            access_token: Duration::from_secs(60),
            refresh_token: Duration::from_secs(86_400),
            code: Duration::from_secs(60),
            id_token: Duration::from_secs(300),
            session: Duration::from_secs(28_800),
            refresh_leeway: Duration::ZERO,
            controls: true,
            reach: Reach::Loopback,
            policy: Policy {
                show_one_time_code: true,
                ..Policy::default()
            },
        }
    }
}

/// Reads the command line.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Invocation, lexopt::Error> {
    let mut options = Options::default();
    let mut serve = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Invocation::Help),
            Value(command) if !serve && command == "serve" => serve = true,
            Long("app-dir") => options.app_dir = Some(parser.value()?.into()),
            Long("app-config") => {
                options.app_config = AppConfig::File(parser.value()?.into());
            }
            Long("app-config-as-built") => options.app_config = AppConfig::AsBuilt,
            Long("app-connect-src") => options.app_connect_src.push(parser.value()?.string()?),
            Long("app-origin") => options.app_origins.push(parser.value()?.string()?),
            Long("issuer-port") => options.issuer_port = parser.value()?.parse()?,
            Long("api-port") => options.api_port = parser.value()?.parse()?,
            Long("app-port") => options.app_port = parser.value()?.parse()?,
            Long("access-token-seconds") => options.access_token = seconds(&mut parser)?,
            Long("refresh-token-seconds") => options.refresh_token = seconds(&mut parser)?,
            Long("code-seconds") => options.code = seconds(&mut parser)?,
            Long("id-token-seconds") => options.id_token = seconds(&mut parser)?,
            Long("session-seconds") => options.session = seconds(&mut parser)?,
            Long("refresh-leeway-seconds") => options.refresh_leeway = seconds(&mut parser)?,
            Long("no-par") => options.policy.par = false,
            Long("require-par") => options.policy.require_par = true,
            Long("par-seconds") => options.policy.par_seconds = seconds(&mut parser)?.as_secs(),
            Long("dpop") => options.policy.dpop = parser.value()?.parse()?,
            Long("require-dpop") => options.policy.require_dpop = true,
            Long("api-requires-dpop") => options.policy.api_requires_dpop = true,
            Long("issuer-nonces") => options.policy.issuer_nonces = parser.value()?.parse()?,
            Long("api-nonces") => options.policy.api_nonces = parser.value()?.parse()?,
            Long("dpop-nonces-accepted") => {
                options.policy.dpop_nonces_accepted = parser.value()?.parse()?;
            }
            Long("dpop-proof-seconds") => {
                options.policy.dpop_proof_seconds = seconds(&mut parser)?.as_secs();
            }
            Long("vault-max-age-seconds") => {
                options.policy.vault_max_age_seconds = seconds(&mut parser)?.as_secs();
            }
            Long("hide-one-time-code") => options.policy.show_one_time_code = false,
            Long("no-controls") => options.controls = false,
            Long("listen-on-all-interfaces") => options.reach = Reach::AllInterfaces,
            _ => return Err(argument.unexpected()),
        }
    }
    if serve {
        Ok(Invocation::Serve(Box::new(options)))
    } else {
        Ok(Invocation::Help)
    }
}

fn seconds(parser: &mut lexopt::Parser) -> Result<Duration, lexopt::Error> {
    Ok(Duration::from_secs(u64::from(
        parser.value()?.parse::<u32>()?,
    )))
}

impl Options {
    /// A provider with these options.
    pub(crate) fn builder(&self) -> Result<DemoProviderBuilder, String> {
        let mut builder = DemoProvider::builder()
            .issuer_port(self.issuer_port)
            .api_port(self.api_port)
            .app_port(self.app_port)
            .access_token_lifetime(self.access_token)
            .refresh_token_lifetime(self.refresh_token)
            .code_lifetime(self.code)
            .id_token_lifetime(self.id_token)
            .session_lifetime(self.session)
            .refresh_leeway(self.refresh_leeway)
            .policy(|policy| policy.clone_from(&self.policy))
            .controls(self.controls)
            .reach(self.reach);
        for origin in &self.app_origins {
            builder = builder.app_origin(origin);
        }
        for origin in &self.app_connect_src {
            builder = builder.app_connect_src(origin);
        }
        let Some(dist) = &self.app_dir else {
            return Ok(builder);
        };
        builder = builder.app_dist(dist);
        let controls = self.controls;
        Ok(match &self.app_config {
            AppConfig::AsBuilt => builder,
            AppConfig::Demo => builder.app_config(move |urls| {
                let mut config = default_app_config(urls);
                if let (false, Some(members)) = (controls, config.as_object_mut()) {
                    members.remove("demo_controls");
                }
                config
            }),
            AppConfig::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("can't read {}: {error}", path.display()))?;
                let config: serde_json::Value = serde_json::from_str(&text)
                    .map_err(|error| format!("{} is no JSON: {error}", path.display()))?;
                builder.app_config(move |_| config)
            }
        })
    }
}

/// What people want to know once everything listens.
pub(crate) fn summary(demo: &Demo, options: &Options) -> String {
    let mut text = String::from("\n");
    if let Some(app) = demo.app_url() {
        let _ = writeln!(text, "  App                   {app}");
    }
    let _ = writeln!(text, "  Authorization server  {}", demo.issuer());
    let _ = writeln!(text, "  Resource API          {}", demo.api_url());
    let _ = writeln!(text, "\n  Users                 Password");
    for user in &DEMO_USERS {
        let _ = writeln!(text, "  {:<21} {}", user.username, user.password);
    }
    if options.reach == Reach::AllInterfaces {
        text.push_str(
            "\n  Warning: every machine that reaches this one can sign in with these passwords.\n",
        );
    }
    text.push_str("\n  Ctrl-C ends the demo.\n");
    text
}
