//! The project's own commands: `cargo xtask demo`, `cargo xtask test` and their like.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for the terminal"
)]

mod bench;
mod browsers;
mod build;
mod coverage;
mod demo;
mod docs;
mod fuzz;
mod mutants;
mod process;
mod project;
mod setup;
mod simulate;
mod size;
mod soak;
mod test;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use crate::browsers::Browser;
use crate::mutants::Part;
use crate::project::Project;
use crate::test::{Layer, Selection};

const HELP: &str = "\
cargo xtask COMMAND

  demo                 the app, an authorization server and an API on this machine
      --issuer-port N  port of the authorization server (9000)
      --api-port N     port of the resource API (9001)
      --app-port N     port of the app (8080)
      --access-token-seconds N
                       how long an access token lives (60)
      --no-open        do not open a browser
      -- ARGUMENTS     for the provider; `-- --help` lists them
  dev                  the same with live reload, at the ports that index.html names
  build                the release build of the app, into dist/
      --example NAME   of an example instead, into examples/NAME/dist/
  docs                 write docs/errors.md anew from the code
  size                 raw, gzip and brotli bytes of each asset in dist/
      --example NAME   in examples/NAME/dist/ instead
  test [LAYER …]       all tests, or those layers: format, lint, native, wasm, e2e
      --browser NAME   only in chromium, or only in firefox
      -- FILTER        passed on to each test binary, such as a part of a test's name
  fuzz [TARGET …]      the fuzz targets of pkce-core, or those, for a bounded time each
      --seconds N      how long each runs (60)
      --keep           add inputs that reach something new to the kept corpus
  coverage             which lines of pkce-core its tests run; fails below 95 %
  mutants [PART …]     small faults put into pkce-core that its tests do not notice; hours.
                       The parts are validators and session
  bench core           what judging costs, and how it grows with hostile input
      -- FILTER        only benchmarks with this in their name
  soak                 tabs of one sign-in in Chromium with tokens of two seconds: nothing may be
                       lost, and no tab may grow
      --minutes N      for so long (10)
      --tabs N         with so many tabs (5)
  simulate             random lives of a browser with many tabs, by seed
      --seeds N        how many (100000)
      --from S         the first seed (0)
  setup                install what the build needs, and do nothing else
      --tests          also what the tests need

What is missing is installed into target/tools, and said so.
";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    process::end_all_on_ctrl_c()?;
    let project = Project::find()?;
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        None | Some(Short('h') | Long("help")) => {
            print!("{HELP}");
            return Ok(ExitCode::SUCCESS);
        }
        Some(Value(command)) => command.string()?,
        Some(other) => return Err(unexpected(&other)),
    };
    match command.as_str() {
        "demo" => demo::demo(&project, &demo_options(&mut arguments)?)?,
        "dev" => demo::dev(&project, &demo_options(&mut arguments)?)?,
        "build" => {
            match example_option(&mut arguments)? {
                Some(name) => build::example(&project, &name)?,
                None => build::app(&project)?,
            };
            setup::clean_up(&project)?;
        }
        "docs" => docs::write(&project)?,
        "size" => {
            let dist = match example_option(&mut arguments)? {
                Some(name) => project.root().join("examples").join(name).join("dist"),
                None => project.dist(),
            };
            size::print(&project, &dist)?;
        }
        "test" => {
            let selection = selection(&mut arguments)?;
            return Ok(exit(test::run(&project, &selection)));
        }
        "bench" => {
            let rest = values(&mut arguments)?;
            return match rest.split_first() {
                Some((what, filter)) if what == "core" => Ok(exit(bench::run(&project, filter)?)),
                _ => bail!("what is to be measured? There is: cargo xtask bench core"),
            };
        }
        "mutants" => {
            let mut parts = values(&mut arguments)?
                .iter()
                .map(|name| Part::named(name))
                .collect::<Result<Vec<_>>>()?;
            if parts.is_empty() {
                parts.extend(Part::ALL);
            }
            return Ok(exit(mutants::run(&project, &parts)?));
        }
        "coverage" => {
            nothing_more(&mut arguments)?;
            return Ok(exit(coverage::run(&project)?));
        }
        "fuzz" => return Ok(exit(fuzz::run(&project, &fuzz_options(&mut arguments)?)?)),
        "soak" => soak::run(&project, &soak_options(&mut arguments)?)?,
        "simulate" => simulate::simulate(&project, &simulate_options(&mut arguments)?)?,
        "setup" => set_up(&project, &mut arguments)?,
        other => bail!("there is no command `{other}`: `cargo xtask --help` lists them"),
    }
    Ok(ExitCode::SUCCESS)
}

/// What is left of the arguments, all of it values; after `--` options are values too.
fn values(arguments: &mut lexopt::Parser) -> Result<Vec<String>> {
    let mut values = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(value) => values.push(value.string()?),
            other => return Err(unexpected(&other)),
        }
    }
    Ok(values)
}

fn nothing_more(arguments: &mut lexopt::Parser) -> Result<()> {
    match arguments.next()? {
        None => Ok(()),
        Some(other) => Err(unexpected(&other)),
    }
}

fn exit(all_is_well: bool) -> ExitCode {
    if all_is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn fuzz_options(arguments: &mut lexopt::Parser) -> Result<fuzz::Options> {
    let mut options = fuzz::Options {
        seconds: 60,
        targets: Vec::new(),
        keep: false,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seconds") => options.seconds = number(arguments, "--seconds")?,
            Long("keep") => options.keep = true,
            Value(target) => options.targets.push(target.string()?),
            other => return Err(unexpected(&other)),
        }
    }
    Ok(options)
}

fn demo_options(arguments: &mut lexopt::Parser) -> Result<demo::Options> {
    let mut options = demo::Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("issuer-port") => options.issuer_port = number(arguments, "--issuer-port")?,
            Long("api-port") => options.api_port = number(arguments, "--api-port")?,
            Long("app-port") => options.app_port = number(arguments, "--app-port")?,
            Long("access-token-seconds") => {
                let seconds: u32 = number(arguments, "--access-token-seconds")?;
                options
                    .provider
                    .extend(["--access-token-seconds".to_owned(), seconds.to_string()]);
            }
            Long("no-open") => options.open = false,
            // What follows `--` comes as values.
            Value(value) => options.provider.push(value.string()?),
            other => return Err(unexpected(&other)),
        }
    }
    Ok(options)
}

fn soak_options(arguments: &mut lexopt::Parser) -> Result<soak::Options> {
    let mut options = soak::Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("minutes") => options.minutes = number(arguments, "--minutes")?,
            Long("tabs") => options.tabs = number(arguments, "--tabs")?,
            other => return Err(unexpected(&other)),
        }
    }
    Ok(options)
}

fn number<T: std::str::FromStr>(arguments: &mut lexopt::Parser, option: &str) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = arguments
        .value()
        .with_context(|| format!("{option} needs a number"))?
        .string()?;
    text.parse()
        .with_context(|| format!("{option} needs a number in its range, not `{text}`"))
}

fn simulate_options(arguments: &mut lexopt::Parser) -> Result<simulate::Options> {
    let mut options = simulate::Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("seeds") => options.seeds = number(arguments, "--seeds")?,
            Long("from") => options.from = number(arguments, "--from")?,
            other => return Err(unexpected(&other)),
        }
    }
    Ok(options)
}

fn example_option(arguments: &mut lexopt::Parser) -> Result<Option<String>> {
    let mut example = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("example") => example = Some(arguments.value()?.string()?),
            other => return Err(unexpected(&other)),
        }
    }
    Ok(example)
}

fn selection(arguments: &mut lexopt::Parser) -> Result<Selection> {
    let mut selection = Selection {
        layers: Vec::new(),
        browsers: Vec::new(),
        filter: Vec::new(),
    };
    loop {
        // After `--` all is for the test binaries, options too.
        if let Some(mut rest) = arguments.try_raw_args()
            && rest.peek().is_some_and(|next| next == "--")
        {
            rest.next();
            for argument in rest {
                selection.filter.push(argument.string()?);
            }
        }
        match arguments.next()? {
            None => break,
            Some(Long("browser")) => {
                let name = arguments.value()?.string()?;
                let browser = Browser::ALL
                    .into_iter()
                    .find(|browser| browser.to_string() == name)
                    .with_context(|| format!("--browser is chromium or firefox, not `{name}`"))?;
                selection.browsers.push(browser);
            }
            Some(Value(layer)) => selection.layers.push(Layer::named(&layer.string()?)?),
            Some(other) => return Err(unexpected(&other)),
        }
    }
    if selection.layers.is_empty() {
        selection.layers.extend(Layer::ALL);
    }
    if selection.browsers.is_empty() {
        selection.browsers.extend(Browser::ALL);
    }
    Ok(selection)
}

fn set_up(project: &Project, arguments: &mut lexopt::Parser) -> Result<()> {
    let mut tests = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("tests") => tests = true,
            other => return Err(unexpected(&other)),
        }
    }
    setup::for_build(project)?;
    if tests {
        setup::for_checks(project)?;
        setup::for_wasm_tests(project)?;
        for browser in Browser::ALL {
            browsers::ensure(project, browser)?;
        }
    }
    setup::clean_up(project)?;
    println!("set-up: all is there");
    Ok(())
}

fn unexpected(argument: &lexopt::Arg<'_>) -> anyhow::Error {
    let text = match argument {
        Short(letter) => format!("-{letter}"),
        Long(name) => format!("--{name}"),
        Value(value) => value.display().to_string(),
    };
    anyhow::anyhow!("`{text}` is not expected here: `cargo xtask --help` lists what is")
}
