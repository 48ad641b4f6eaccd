//! A client, a real app-server and a scripted model, set up for one test.

use codex_client::{Codex, CodexBuilder, blocking};
use codex_testing::{CodexHome, ModelResponse, ScriptedModel, codex_bin};

/// What a test needs to run real turns. Dropped, it leaves nothing behind.
pub struct Stage {
    /// Says what the test wants.
    pub model: ScriptedModel,
    /// The server's configuration and the workspace.
    pub home: CodexHome,
}

impl Stage {
    /// A model without replies, and a home where nothing is asked for approval.
    ///
    /// # Panics
    ///
    /// If it cannot be set up.
    pub fn new() -> Self {
        let model = ScriptedModel::start().expect("a model on loopback");
        // With snapshots, the server starts a shell for each thread; a hundred threads would wait.
        let home = CodexHome::builder(&model).feature("shell_snapshot", false);
        let home = home.approval_policy("never");
        Self {
            home: home.build().expect("a temporary home"),
            model,
        }
    }

    /// A stage whose model repeats what it is told, in three pieces: `You `, `said ` and that.
    ///
    /// # Panics
    ///
    /// If it cannot be set up.
    pub fn echo() -> Self {
        let stage = Self::new();
        stage.model.respond_with(|request| {
            let said = request.last_user_text().unwrap_or_default();
            ModelResponse::deltas([String::from("You "), String::from("said "), said])
        });
        stage
    }

    /// The builder of a client whose server runs on this stage.
    ///
    /// # Panics
    ///
    /// If there is no codex to test against.
    pub fn builder(&self) -> CodexBuilder {
        self.equip(Codex::builder())
    }

    /// The same for a blocking client.
    ///
    /// # Panics
    ///
    /// If there is no codex to test against.
    pub fn blocking_builder(&self) -> blocking::CodexBuilder {
        self.equip(blocking::Codex::builder())
    }

    fn equip<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        let program = codex_bin().expect("a codex to test against");
        let mut builder = builder.binary(program).cwd(self.home.workspace());
        for (name, value) in self.home.env() {
            builder = builder.env(name, value);
        }
        for name in self.home.removed_env() {
            builder = builder.env_remove(name);
        }
        builder
    }

    /// A client of a server on this stage.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start(&self) -> Codex {
        self.builder().start().await.expect("a running app-server")
    }

    /// A blocking client of a server on this stage.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_blocking(&self) -> blocking::Codex {
        let builder = self.blocking_builder();
        builder.start().expect("a running app-server")
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}
