//! The builder of a temporary home.

use std::{fs, path::Path};

use super::{codex_home::CodexHome, config};
use crate::{
    error::{Error, Result},
    model::ScriptedModel,
};

/// Builds a [`CodexHome`] with the given settings in its `config.toml`.
///
/// ```
/// use codex_testing::{CodexHome, Result, ScriptedModel};
///
/// fn home(model: &ScriptedModel) -> Result<CodexHome> {
///     CodexHome::builder(model)
///         .approval_policy("on-request")
///         .sandbox_mode("workspace-write")
///         .feature("goals", false)
///         .config("[mcp_servers.tickets]\ncommand = \"tickets-mcp\"")
///         .build()
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct CodexHomeBuilder {
    base_url: String,
    proxy: String,
    settings: config::Settings,
}

impl CodexHome {
    /// Creates a home with the default settings.
    ///
    /// # Errors
    ///
    /// [`Error::Home`] if a file cannot be created.
    pub fn new(model: &ScriptedModel) -> Result<Self> {
        Self::builder(model).build()
    }

    /// Returns a builder, whose methods set the contents of `config.toml`.
    pub fn builder(model: &ScriptedModel) -> CodexHomeBuilder {
        CodexHomeBuilder {
            base_url: model.base_url(),
            proxy: format!("http://{}", model.address()),
            settings: config::Settings::default(),
        }
    }
}

impl CodexHomeBuilder {
    /// Sets the name of the model. The default is `scripted-model`.
    ///
    /// If Codex knows the model, it offers the tools of that model. For any other name, every
    /// release offers `exec_command`.
    pub fn model(mut self, name: impl Into<String>) -> Self {
        self.settings.model = name.into();
        self
    }

    /// Sets when Codex asks before it runs a command: `on-request` or `never`. The default is
    /// Codex's own for a trusted project.
    ///
    /// Only older releases accept `untrusted` here. Codex 0.169 fails to start with this value but
    /// still accepts it as a parameter of `thread/start`.
    pub fn approval_policy(mut self, policy: impl Into<String>) -> Self {
        self.settings.approval_policy = Some(policy.into());
        self
    }

    /// Sets the sandbox that commands run in: `read-only`, `workspace-write` or
    /// `danger-full-access`. The default is Codex's own for a trusted project.
    pub fn sandbox_mode(mut self, mode: impl Into<String>) -> Self {
        self.settings.sandbox_mode = Some(mode.into());
        self
    }

    /// Enables or disables a feature of Codex. `codex features list` prints the available features.
    ///
    /// `plugins` is disabled by default, because Codex fetches plugins from the network.
    pub fn feature(mut self, name: impl Into<String>, on: bool) -> Self {
        self.settings.features.insert(name.into(), on);
        self
    }

    /// Sets whether the configuration trusts the workspace. The default is `true`.
    pub fn trusted(mut self, trusted: bool) -> Self {
        self.settings.trusted = trusted;
        self
    }

    /// Appends lines of TOML to `config.toml`. Later calls append more lines.
    ///
    /// The lines begin at the top level, so they may contain both keys and tables. The tables
    /// `[features]` and `[analytics]` already exist; use [`feature`](Self::feature) for the former.
    pub fn config(mut self, toml: impl AsRef<str>) -> Self {
        self.settings.more.push_str(toml.as_ref().trim_end());
        self.settings.more.push('\n');
        self
    }

    /// Creates the directories and `config.toml`.
    ///
    /// # Errors
    ///
    /// [`Error::Home`] if a directory or the file cannot be created.
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
