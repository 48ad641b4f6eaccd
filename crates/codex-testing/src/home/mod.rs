//! A temporary `CODEX_HOME` whose model is a scripted one.

mod builder;
mod config;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

pub use self::builder::CodexHomeBuilder;
use crate::{
    error::{Error, Result},
    model::ScriptedModel,
};

/// The variable in which Codex finds the key for the scripted model, and the key.
const KEY: (&str, &str) = ("CODEX_TESTING_API_KEY", "sk-codex-testing-no-secret");

/// Variables of the surroundings that would give a test the user's account or another server.
const REMOVED: [&str; 5] = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "CODEX_API_KEY",
    "CODEX_ACCESS_TOKEN",
    "CODEX_EXEC_SERVER_URL",
];

/// A temporary home for one Codex process (or several, one after the other), and a workspace.
///
/// Its `config.toml` names a [`ScriptedModel`] as the only provider, with retries off, trusts the
/// workspace, and switches off all that would use the network. Everything lies in one temporary
/// directory that is removed on drop, so end the process first.
///
/// ```no_run
/// use codex_testing::{CodexHome, ScriptedModel, codex_bin};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = ScriptedModel::start()?;
/// let home = CodexHome::new(&model)?;
/// let mut server = home.command(codex_bin()?).arg("app-server").spawn()?;
/// # server.kill()?;
/// # server.wait()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CodexHome {
    directory: TempDir,
    /// The directory's real path. Codex reports real paths, and so the two can be compared, also
    /// where the temporary directory is behind a symbolic link.
    root: PathBuf,
    proxy: String,
}

impl CodexHome {
    /// A home with nothing special about it.
    ///
    /// # Errors
    ///
    /// [`Error::Home`] when a file cannot be made.
    pub fn new(model: &ScriptedModel) -> Result<Self> {
        Self::builder(model).build()
    }

    /// A home with more to say in its `config.toml`.
    pub fn builder(model: &ScriptedModel) -> CodexHomeBuilder {
        CodexHomeBuilder::new(model)
    }

    /// The directory that is `CODEX_HOME`.
    #[must_use]
    pub fn codex_home(&self) -> PathBuf {
        self.root.join("codex")
    }

    /// A directory to work in, empty at first and trusted by the configuration.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// The environment variables that a Codex process needs to live here.
    ///
    /// `HOME`, `TMPDIR` and the XDG directories are here too, so that neither the user's settings nor
    /// the machine's are read, and no file is left behind. The variables for proxies name the
    /// scripted model: what should try to reach the outside is refused there, and can be seen with
    /// [`stray_requests`](ScriptedModel::stray_requests).
    ///
    /// Take away [`removed_env`](Self::removed_env) as well.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, OsString)> {
        let path = |name: &str| self.root.join(name).into_os_string();
        let mut env = vec![
            ("CODEX_HOME", path("codex")),
            ("CODEX_SQLITE_HOME", path("codex")),
            ("HOME", path("home")),
            ("USERPROFILE", path("home")),
            ("XDG_CONFIG_HOME", path("home/.config")),
            ("XDG_CACHE_HOME", path("home/.cache")),
            ("XDG_DATA_HOME", path("home/.local/share")),
            ("XDG_STATE_HOME", path("home/.local/state")),
            (KEY.0, KEY.1.into()),
        ];
        env.extend(["TMPDIR", "TMP", "TEMP"].map(|name| (name, path("tmp"))));
        // Programs disagree about which case they read.
        let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        let lower = ["http_proxy", "https_proxy", "all_proxy"];
        env.extend(
            proxies
                .into_iter()
                .chain(lower)
                .map(|name| (name, (&self.proxy).into())),
        );
        env.extend(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1,localhost,::1".into())));
        env
    }

    /// The environment variables that a Codex process must not inherit: those that would give it an
    /// account or another server.
    #[must_use]
    pub fn removed_env(&self) -> &'static [&'static str] {
        &REMOVED
    }

    /// A command with this environment that starts in the [workspace](Self::workspace).
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.env()).current_dir(self.workspace());
        for name in self.removed_env() {
            command.env_remove(name);
        }
        command
    }

    /// Removes the directory now, and says whether that went well.
    ///
    /// # Errors
    ///
    /// [`Error::Home`] when something is left, because a process still writes there.
    pub fn close(self) -> Result<()> {
        let path = self.root;
        self.directory
            .close()
            .map_err(|source| Error::Home { path, source })
    }

    /// The directory that holds all of it.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}
