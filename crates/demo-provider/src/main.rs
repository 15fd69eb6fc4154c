//! `demo-provider serve`: the demo's servers, until Ctrl-C.

use std::io::Write as _;
use std::process::ExitCode;

use demo_provider::Demo;

mod cli;

#[tokio::main]
async fn main() -> ExitCode {
    let invocation = match cli::parse(lexopt::Parser::from_env()) {
        Ok(invocation) => invocation,
        Err(error) => return fail(&format!("{error}\n\n{}", cli::HELP), 2),
    };
    let options = match invocation {
        cli::Invocation::Help => {
            say(cli::HELP);
            return ExitCode::SUCCESS;
        }
        cli::Invocation::Serve(options) => options,
    };
    let end = match wait_for_end() {
        Ok(end) => end,
        Err(error) => return fail(&format!("can't listen for signals: {error}"), 1),
    };
    let builder = match options.builder() {
        Ok(builder) => builder,
        Err(error) => return fail(&error, 2),
    };
    let demo = match builder.start().await {
        Ok(demo) => demo,
        Err(error) => return fail(&error.to_string(), 1),
    };
    say(&readiness(&demo));
    say(&cli::summary(&demo, &options));
    end.await;
    demo.shutdown().await;
    ExitCode::SUCCESS
}

/// One line for programs, before the text for people.
fn readiness(demo: &Demo) -> String {
    let line = serde_json::json!({
        "ready": true,
        "issuer": demo.issuer(),
        "api": demo.api_url(),
        "app": demo.app_url(),
    });
    format!("{line}\n")
}

/// Writes to standard output. Whoever stopped reading wants no more, and gets no error.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

fn fail(message: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "demo-provider: {message}");
    ExitCode::from(code)
}

/// Ends with Ctrl-C, or when a supervisor asks (SIGTERM).
#[cfg(unix)]
fn wait_for_end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

/// Ends with Ctrl-C.
#[cfg(not(unix))]
fn wait_for_end() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
