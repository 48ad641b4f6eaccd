//! A temporary `CODEX_HOME` whose configuration names a scripted model.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::config::{API_KEY, API_KEY_VARIABLE};
use crate::error::{Error, Result};

/// Inherited variables that would give a test the user's account or connect it to a different
/// server.
const REMOVED: [&str; 5] = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "CODEX_API_KEY",
    "CODEX_ACCESS_TOKEN",
    "CODEX_EXEC_SERVER_URL",
];

/// A temporary home and a workspace, for one Codex process or for several that run one after
/// another.
///
/// Its `config.toml` names a [`ScriptedModel`](crate::ScriptedModel) as the only provider, disables
/// retries, trusts the workspace, and disables features that would use the network. Dropping the
/// home removes the temporary directory that holds both, so end the process first.
///
/// ```no_run
/// use codex_testing::{CodexHome, ScriptedModel, codex_bin};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let model = ScriptedModel::start()?;
///     let home = CodexHome::new(&model)?;
///     let mut server = home.command(codex_bin()?).arg("app-server").spawn()?;
///     server.kill()?;
///     server.wait()?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct CodexHome {
    pub(super) directory: TempDir,
    /// The canonical path of the directory. Codex reports canonical paths, so a test can compare
    /// them with this path even if the temporary directory is behind a symbolic link.
    pub(super) root: PathBuf,
    pub(super) proxy: String,
}

impl CodexHome {
    /// Returns the directory to use as `CODEX_HOME`.
    #[must_use]
    pub fn codex_home(&self) -> PathBuf {
        self.root.join("codex")
    }

    /// Returns the working directory, which is empty at first and trusted by default.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// Returns the environment variables that a Codex process needs to use this home.
    ///
    /// They include `HOME`, `TMPDIR` and the XDG directories, so that Codex reads none of the
    /// user's settings and leaves no files behind. The proxy variables point to the scripted model,
    /// which rejects attempts to reach the network;
    /// [`stray_requests`](crate::ScriptedModel::stray_requests) lists these attempts.
    ///
    /// Also remove the variables that [`removed_env`](Self::removed_env) returns.
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
            (API_KEY_VARIABLE, API_KEY.into()),
        ];
        env.extend(["TMPDIR", "TMP", "TEMP"].map(|name| (name, path("tmp"))));
        // Some programs read the uppercase names, others the lowercase ones.
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

    /// Returns the environment variables for a builder of processes that only sets variables, such
    /// as `Codex::builder().envs(home.envs())`: those of [`env`](Self::env), and those of
    /// [`removed_env`](Self::removed_env) with an empty value, which Codex treats as unset.
    #[must_use]
    pub fn envs(&self) -> Vec<(&'static str, OsString)> {
        let mut envs = self.env();
        envs.extend(REMOVED.map(|name| (name, OsString::new())));
        envs
    }

    /// Returns the environment variables that a Codex process must not inherit, because they would
    /// give it an account or connect it to a different server.
    #[must_use]
    pub fn removed_env(&self) -> &'static [&'static str] {
        &REMOVED
    }

    /// Creates a command to run in the [workspace](Self::workspace) with this home's environment.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.env()).current_dir(self.workspace());
        for name in self.removed_env() {
            command.env_remove(name);
        }
        command
    }

    /// Removes the directory and returns any error, which a drop would ignore.
    ///
    /// # Errors
    ///
    /// [`Error::Home`] if the directory cannot be removed, for example because a process is still
    /// writing to it.
    pub fn close(self) -> Result<()> {
        let path = self.root;
        self.directory
            .close()
            .map_err(|source| Error::Home { path, source })
    }

    /// Returns the directory that holds the home and the workspace.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}
