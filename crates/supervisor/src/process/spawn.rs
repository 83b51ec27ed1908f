//! Starting a program.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;
use seaworthy_core::ConfigError;

use super::Process;
use super::error::ProcessError;

impl Process {
    /// Whether this can be right at all. `path` is that of the child.
    pub(super) fn check(&self, path: &str) -> Result<(), ConfigError> {
        const TEXT: &str = "text without NUL";
        const NAME: &str = "a name without NUL and `=`";
        let check = |field, value: &OsStr, allowed, fits| {
            ConfigError::unless(fits, path, field, format_args!("{value:?}"), allowed)
        };
        let has = |value: &OsStr, byte: u8| value.as_bytes().contains(&byte);
        let fits = !self.program.is_empty() && !has(&self.program, 0);
        check("process.program", &self.program, "a program", fits)?;
        for arg in &self.args {
            check("process.args", arg, TEXT, !has(arg, 0))?;
        }
        for (name, value) in &self.env {
            let fits = !name.is_empty() && !has(name, 0) && !has(name, b'=');
            check("process.env", name, NAME, fits)?;
            // Not shown: it may be a secret.
            let hidden = OsStr::new("...");
            let fits = value.as_ref().is_none_or(|value| !has(value, 0));
            check("process.env", hidden, TEXT, fits)?;
        }
        let directory = self.directory.as_ref().map(|path| path.as_os_str());
        directory.map_or(Ok(()), |path| {
            let fits = !path.is_empty() && !has(path, 0);
            check("process.current_dir", path, "a directory", fits)
        })
    }

    /// Starts the program in this group, or as the leader of a new one.
    pub(super) fn spawn(&self, group: Option<Pid>) -> Result<Child, ProcessError> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .process_group(Pid::as_raw(group))
            .stderr(Stdio::piped());
        if self.attendant.is_some() {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
        } else {
            let inherited = self.inherit_stdout;
            let stdout = if inherited {
                Stdio::inherit()
            } else {
                Stdio::null()
            };
            command.stdin(Stdio::null()).stdout(stdout);
        }
        if self.clear_env {
            command.env_clear();
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command.spawn().map_err(|source| {
            let program = self.name();
            // The system does not say which of the two is missing.
            match self
                .directory
                .as_ref()
                .filter(|directory| !directory.is_dir())
            {
                Some(directory) => ProcessError::Directory {
                    program,
                    directory: directory.clone(),
                    source,
                },
                None => ProcessError::Spawn { program, source },
            }
        })
    }
}
