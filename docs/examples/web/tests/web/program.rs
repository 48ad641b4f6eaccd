//! Runs the program on a real app-server with a scripted model.

use std::{
    error::Error, ffi::OsString, net::SocketAddr, path::absolute, process::Stdio, time::Duration,
};

use codex_testing::{CodexHome, ScriptedModel, codex_bin};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// The time after which a wait has failed.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// The running program, its model and its home, which is removed on drop.
pub struct Program {
    pub model: ScriptedModel,
    pub home: CodexHome,
    /// The address of the page, with the secret.
    pub url: String,
    process: Child,
}

impl Program {
    /// Starts the program.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[("CODEX_BIN", absolute(codex_bin()?)?.into())]).await
    }

    /// Starts the program with these variables, among which is `CODEX_BIN`.
    pub async fn start_with(variables: &[(&str, OsString)]) -> Result<Self> {
        let model = ScriptedModel::start()?;
        // This model has the tool `apply_patch`.
        let home = CodexHome::builder(&model)
            .model("gpt-5.5")
            .feature("shell_snapshot", false);
        let home = home.build()?;
        Self::run(variables, model, home).await
    }

    /// Stops the program, and starts it again with the same home.
    #[cfg(unix)]
    pub async fn restart(self) -> Result<Self> {
        let (model, home) = self.end().await?;
        let codex = absolute(codex_bin()?)?.into();
        Self::run(&[("CODEX_BIN", codex)], model, home).await
    }

    async fn run(
        variables: &[(&str, OsString)],
        model: ScriptedModel,
        home: CodexHome,
    ) -> Result<Self> {
        let mut command = Command::from(home.command(env!("CARGO_BIN_EXE_codex-web")));
        command
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn()?;
        let stdout = process.stdout.take().ok_or("the program has no output")?;
        let line = timeout(DEADLINE, BufReader::new(stdout).lines().next_line()).await??;
        let url = line.ok_or("the program has ended without an address")?;
        Ok(Self {
            model,
            home,
            url,
            process,
        })
    }

    /// Returns the address that the program listens on.
    pub fn address(&self) -> Result<SocketAddr> {
        let address = self
            .url
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next());
        Ok(address.ok_or("no address")?.parse()?)
    }

    /// Stops the program as Ctrl-C does, and asserts that it ends without an error.
    pub async fn stop(self) -> Result<()> {
        self.end().await?;
        Ok(())
    }

    async fn end(mut self) -> Result<(ScriptedModel, CodexHome)> {
        if cfg!(unix) {
            let id = self
                .process
                .id()
                .ok_or("the program has ended")?
                .to_string();
            let sent = Command::new("kill").args(["-INT", &id]).status().await?;
            assert!(sent.success(), "kill: {sent}");
        } else {
            self.process.start_kill()?;
        }
        let status = timeout(DEADLINE, self.process.wait()).await??;
        assert!(
            status.success() || cfg!(not(unix)),
            "the program ended with {status}"
        );
        Ok((self.model, self.home))
    }
}
