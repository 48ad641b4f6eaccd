//! The settings of a temporary home, before it is made.

use std::{fs, path::Path};

use super::{CodexHome, config};
use crate::{
    error::{Error, Result},
    model::ScriptedModel,
};

/// What shall be in the `config.toml` of a [`CodexHome`].
///
/// ```
/// use codex_testing::{CodexHome, ScriptedModel};
///
/// # fn main() -> codex_testing::Result<()> {
/// let model = ScriptedModel::start()?;
/// let home = CodexHome::builder(&model)
///     .approval_policy("on-request")
///     .sandbox_mode("workspace-write")
///     .feature("goals", false)
///     .config("[mcp_servers.tickets]\ncommand = \"tickets-mcp\"")
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct CodexHomeBuilder {
    base_url: String,
    proxy: String,
    pub(super) settings: config::Settings,
}

impl CodexHomeBuilder {
    pub(super) fn new(model: &ScriptedModel) -> Self {
        Self {
            base_url: model.base_url(),
            proxy: format!("http://{}", model.address()),
            settings: config::Settings::default(),
        }
    }

    /// The name of the model: `scripted-model` if not given.
    ///
    /// Codex knows some names, and then offers the tools that it has for that model. For a name that
    /// it does not know it offers `exec_command`, whichever its release.
    pub fn model(mut self, name: impl Into<String>) -> Self {
        self.settings.model = name.into();
        self
    }

    /// When Codex asks before it runs a command: `on-request` or `never`. If not given, it is what
    /// Codex takes for a trusted project.
    ///
    /// `untrusted` is only accepted by older releases here; codex 0.169 does not start with it, but
    /// still takes it as a parameter of `thread/start`.
    pub fn approval_policy(mut self, policy: impl Into<String>) -> Self {
        self.settings.approval_policy = Some(policy.into());
        self
    }

    /// What commands may do: `read-only`, `workspace-write` or `danger-full-access`. If not given, it
    /// is what Codex takes for a trusted project.
    pub fn sandbox_mode(mut self, mode: impl Into<String>) -> Self {
        self.settings.sandbox_mode = Some(mode.into());
        self
    }

    /// Switches a feature of Codex on or off; `codex features list` names them.
    ///
    /// `plugins` is off if not given, because Codex fetches them from the network.
    pub fn feature(mut self, name: impl Into<String>, on: bool) -> Self {
        self.settings.features.insert(name.into(), on);
        self
    }

    /// Whether the configuration says that the workspace is trusted; it does if not given.
    pub fn trusted(mut self, trusted: bool) -> Self {
        self.settings.trusted = trusted;
        self
    }

    /// Adds lines of TOML at the end of `config.toml`; further calls add further lines.
    ///
    /// They begin at the top level, so both keys and tables can be given. `[features]` and
    /// `[analytics]` are there already: use [`feature`](Self::feature).
    pub fn config(mut self, toml: impl AsRef<str>) -> Self {
        self.settings.more.push_str(toml.as_ref().trim_end());
        self.settings.more.push('\n');
        self
    }

    /// Makes the directories and the file.
    ///
    /// # Errors
    ///
    /// [`Error::Home`] when one of them cannot be made.
    pub fn build(self) -> Result<CodexHome> {
        let temporary = std::env::temp_dir();
        let directory = tempfile::Builder::new()
            .prefix("codex-testing-")
            .tempdir()
            .map_err(failed_at(&temporary))?;
        let root = directory
            .path()
            .canonicalize()
            .map_err(failed_at(directory.path()))?;
        let home = CodexHome {
            directory,
            root,
            proxy: self.proxy,
        };
        for name in ["codex", "home", "tmp", "workspace"] {
            let path = home.root.join(name);
            fs::create_dir(&path).map_err(failed_at(&path))?;
        }
        let path = home.codex_home().join("config.toml");
        let text = self.settings.to_toml(&self.base_url, &home.workspace());
        fs::write(&path, text).map_err(failed_at(&path))?;
        Ok(home)
    }
}

fn failed_at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::Home { path, source }
}
