//! Child processes: started in groups of their own, so that Ctrl-C ends all that they started.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long a group may take to end by itself after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// The groups that run now; the signal handler ends them.
static GROUPS: Mutex<Registry> = Mutex::new(Registry {
    groups: Vec::new(),
    stopping: false,
});

struct Registry {
    groups: Vec<Pid>,
    stopping: bool,
}

fn registry() -> MutexGuard<'static, Registry> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes Ctrl-C, SIGTERM and SIGHUP end every child group and then this process, with 130.
pub(crate) fn end_all_on_ctrl_c() -> Result<()> {
    ctrlc::set_handler(|| {
        let groups = {
            let mut registry = registry();
            registry.stopping = true;
            std::mem::take(&mut registry.groups)
        };
        for group in groups {
            end_group(group);
        }
        std::process::exit(130);
    })
    .context("the handler for Ctrl-C could not be installed")
}

/// Asks a group to end, and kills what is left of it after [`GRACE`].
fn end_group(group: Pid) {
    if killpg(group, Signal::SIGTERM).is_err() {
        return;
    }
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline {
        if killpg(group, None) == Err(Errno::ESRCH) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // It may have ended in this moment; that is as good.
    let _ = killpg(group, Signal::SIGKILL);
}

/// Once Ctrl-C was pressed the handler alone decides when this process ends, and what failed
/// because of it is not worth a message.
fn wait_for_the_end_if_stopping() {
    if registry().stopping {
        loop {
            std::thread::park();
        }
    }
}

/// A running child and its group, both ended when this is dropped.
pub(crate) struct Running {
    child: Child,
    group: Option<Pid>,
    name: String,
}

impl Running {
    /// Starts `command` as the leader of a new process group.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = describe(command);
        // Held over the start, so that a signal never misses a group that is just being born.
        let mut registry = registry();
        if registry.stopping {
            bail!("`{name}` was not started: the command is being stopped");
        }
        let child = command
            .process_group(0)
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => anyhow::anyhow!(
                    "`{}` was not found; install it, or put it on PATH",
                    command.get_program().display()
                ),
                _ => anyhow::Error::new(error).context(format!("`{name}` could not be started")),
            })?;
        let group = i32::try_from(child.id()).ok().map(Pid::from_raw);
        registry.groups.extend(group);
        Ok(Self { child, group, name })
    }

    /// What was started, as one would type it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The lines of its standard output; `Stdio::piped()` must have been asked for.
    pub(crate) fn lines(&mut self) -> Result<impl Iterator<Item = String> + use<>> {
        let stdout = self
            .child
            .stdout
            .take()
            .context("the output was not piped")?;
        Ok(BufReader::new(stdout)
            .split(b'\n')
            .map_while(Result::ok)
            .map(|line| {
                String::from_utf8_lossy(&line)
                    .trim_end_matches('\r')
                    .to_owned()
            }))
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let status = self
            .child
            .wait()
            .with_context(|| format!("`{}` could not be awaited", self.name))?;
        wait_for_the_end_if_stopping();
        Ok(status)
    }

    /// Its exit status, if it ended already.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self
            .child
            .try_wait()
            .with_context(|| format!("`{}` could not be awaited", self.name))?;
        if status.is_some() {
            wait_for_the_end_if_stopping();
        }
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(group) = self.group else { return };
        registry().groups.retain(|&other| other != group);
        // A leader that was reaped may have left others behind: the group is ended in any case.
        // The leader is reaped meanwhile, since a zombie would count as alive.
        let ender = std::thread::spawn(move || end_group(group));
        let _ = self.child.wait();
        let _ = ender.join();
    }
}

/// Runs `command` to its end with its output shown as it comes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let mut running = Running::start(command)?;
    let status = running.wait()?;
    if !status.success() {
        bail!(
            "`{}` failed ({status}); what it said is above",
            running.name()
        );
    }
    Ok(())
}

/// Runs `command` to its end; each line of its standard output is shown and handed to `see`.
pub(crate) fn run_and_read(command: &mut Command, mut see: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut running = Running::start(command.stdout(Stdio::piped()))?;
    for line in running.lines()? {
        println!("{line}");
        see(&line);
    }
    running.wait()
}

/// The standard output of `command`, which must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{name}` could not be started"))?;
    if !output.status.success() {
        bail!(
            "`{name}` failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it: the program's file name and its arguments.
fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or(command.get_program())
        .display()
        .to_string();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.display().to_string());
    }
    text
}
