//! `cargo xtask demo` and `cargo xtask dev`: the app beside the demo provider.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{self, Running};
use crate::project::Project;
use crate::{build, setup};

/// How often a running server is looked at.
const POLL: Duration = Duration::from_millis(100);

/// What can be chosen about the demo.
pub(crate) struct Options {
    /// Port of the authorization server.
    pub(crate) issuer_port: u16,
    /// Port of the resource API.
    pub(crate) api_port: u16,
    /// Port of the app.
    pub(crate) app_port: u16,
    /// Open a browser where there is a display.
    pub(crate) open: bool,
    /// Further arguments for the provider, such as token lifetimes.
    pub(crate) provider: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            issuer_port: 9000,
            api_port: 9001,
            app_port: 8080,
            open: true,
            provider: Vec::new(),
        }
    }
}

impl Options {
    fn app_origin(&self) -> String {
        format!("http://localhost:{}", self.app_port)
    }

    /// Fails where a port is taken, before anything takes long.
    fn check_ports(&self) -> Result<()> {
        let ports = [
            (
                "--issuer-port",
                "the authorization server",
                self.issuer_port,
            ),
            ("--api-port", "the resource API", self.api_port),
            ("--app-port", "the app", self.app_port),
        ];
        for (index, (option, _, port)) in ports.iter().enumerate() {
            if ports
                .iter()
                .skip(index + 1)
                .any(|(_, _, other)| other == port)
            {
                bail!("{option} is {port}, and so is another port: choose three different ones");
            }
        }
        for (option, role, port) in ports {
            if let Some(error) = why_taken(port) {
                bail!(
                    "port {port}, meant for {role}, is not free ({error}): end what listens there, \
                     or choose another with {option}"
                );
            }
        }
        Ok(())
    }
}

/// Why a port of this machine can't be listened on; nothing where it can.
fn why_taken(port: u16) -> Option<std::io::Error> {
    let addresses: [SocketAddr; 2] = [
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv6Addr::LOCALHOST, port).into(),
    ];
    addresses
        .into_iter()
        .find_map(|address| match TcpListener::bind(address) {
            Ok(_) => None,
            // A machine without IPv6 has no address there, which is no reason against the port.
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => None,
            Err(error) if address.is_ipv6() && error.kind() == std::io::ErrorKind::Unsupported => {
                None
            }
            Err(error) => Some(error),
        })
}

/// Builds the app in release mode and serves it, the authorization server and the API.
pub(crate) fn demo(project: &Project, options: &Options) -> Result<()> {
    options.check_ports()?;
    let dist = build::app(project)?;
    setup::clean_up(project)?;
    build_provider(project)?;
    let mut provider = start_provider(project, options, &App::Served(&dist))?;
    if options.open {
        open_browser(project, &options.app_origin());
    }
    let status = provider.wait()?;
    bail!("the demo provider ended by itself ({status}); what it said is above")
}

/// Serves the app through Trunk, which rebuilds and reloads it, beside the provider.
pub(crate) fn dev(project: &Project, options: &Options) -> Result<()> {
    let usual = Options::default();
    if (options.issuer_port, options.api_port) != (usual.issuer_port, usual.api_port) {
        bail!(
            "`dev` serves index.html as it stands, and its auth-config block names the ports {} \
             and {}: leave --issuer-port and --api-port out, or use `demo`, which fills them in",
            usual.issuer_port,
            usual.api_port
        );
    }
    options.check_ports()?;
    setup::for_build(project)?;
    setup::clean_up(project)?;
    build_provider(project)?;
    let mut provider = start_provider(project, options, &App::Elsewhere(options.app_origin()))?;

    println!(
        "  App                   {} (reloads by itself)\n",
        options.app_origin()
    );
    let mut trunk = project.command("trunk")?;
    trunk
        .args([
            "serve",
            "--skip-version-check",
            "--port",
            &options.app_port.to_string(),
        ])
        // The release build stays what `cargo xtask build` made of it.
        .arg("--dist")
        .arg(project.root().join("target/xtask/dev-dist"));
    if options.open && has_display() {
        trunk.arg("--open");
    }
    let mut trunk = Running::start(&mut trunk)?;
    loop {
        if let Some(status) = provider.ended()? {
            bail!("the demo provider ended by itself ({status}); what it said is above");
        }
        if let Some(status) = trunk.ended()? {
            bail!(
                "`{}` ended by itself ({status}); what it said is above",
                trunk.name()
            );
        }
        std::thread::sleep(POLL);
    }
}

fn build_provider(project: &Project) -> Result<()> {
    println!("building the demo provider …");
    process::run(
        project
            .cargo()?
            .args(["build", "--package", "demo-provider", "--locked"]),
    )
    .context("the demo provider could not be built")
}

/// Where the app comes from.
enum App<'a> {
    /// The provider serves this build, with the headers it has in production.
    Served(&'a Path),
    /// It runs at an origin of its own.
    Elsewhere(String),
}

/// Starts the provider and returns once it serves. What it tells people is passed on.
fn start_provider(project: &Project, options: &Options, app: &App<'_>) -> Result<Running> {
    let program = project.target().join("debug/demo-provider");
    let mut command = project.command(&program.display().to_string())?;
    command
        .arg("serve")
        .args(["--issuer-port", &options.issuer_port.to_string()])
        .args(["--api-port", &options.api_port.to_string()]);
    match app {
        App::Served(dist) => {
            command
                .args(["--app-port", &options.app_port.to_string()])
                .arg("--app-dir")
                .arg(dist);
        }
        App::Elsewhere(origin) => {
            command.args(["--app-origin", origin]);
        }
    }
    command.args(&options.provider).stdout(Stdio::piped());

    let mut provider = Running::start(&mut command)?;
    let mut lines = provider.lines()?;
    // Its first line says that all of its servers listen, in words for programs.
    let Some(_ready) = lines.next() else {
        let status = provider.wait()?;
        bail!("the demo provider did not start ({status}); what it said is above");
    };
    std::thread::spawn(move || {
        for line in lines {
            println!("{line}");
        }
    });
    Ok(provider)
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Shows the app to whoever sits before a screen; that this fails is no failure of the demo.
fn open_browser(project: &Project, url: &str) {
    if !has_display() {
        return;
    }
    let opened = project.command("xdg-open").and_then(|mut command| {
        process::run(command.arg(url).stdout(Stdio::null()).stderr(Stdio::null()))
    });
    if opened.is_err() {
        println!("no browser could be opened from here: go to {url} yourself");
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::{Options, why_taken};

    #[test]
    fn a_taken_port_is_seen_and_named_with_its_option() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(why_taken(port).is_some());

        let options = Options {
            api_port: port,
            ..Options::default()
        };
        // The other default ports may be taken on this machine too; then they are named instead.
        let message = options.check_ports().unwrap_err().to_string();
        assert!(message.contains("-port"), "{message}");

        drop(listener);
        assert!(why_taken(port).is_none());
    }

    #[test]
    fn one_port_for_two_servers_is_refused() {
        let options = Options {
            issuer_port: 8080,
            ..Options::default()
        };
        let message = options.check_ports().unwrap_err().to_string();
        assert!(
            message.starts_with("--issuer-port is 8080, and so is another"),
            "{message}"
        );
    }
}
