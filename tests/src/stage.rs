//! Sets up a scripted model, a home and a client of a real app-server, all for one test.

use codex_client::{
    Codex, RpcErrorKind, Thread, TurnHandle, TurnResult, blocking, builder::CodexBuilder,
};
use codex_testing::{CodexHome, CodexHomeBuilder, Gate, ModelResponse, ScriptedModel, codex_bin};
use codex_types::TurnStatus;

use crate::via::{Servers, Via};

/// Returns a builder for a home without snapshots of the shell: to take one, the server starts a
/// shell per thread, which would slow down a hundred threads.
pub fn home(model: &ScriptedModel) -> CodexHomeBuilder {
    CodexHome::builder(model).feature("shell_snapshot", false)
}

/// A scripted model and a temporary home, which is removed on drop.
///
/// The variable [`CODEX_TEST_VIA`](crate::via::VARIABLE) selects the way from the clients to the
/// server.
pub struct Stage {
    // Before the home, which the servers use.
    servers: Servers,
    /// The scripted model.
    pub model: ScriptedModel,
    /// The temporary home, with the server's configuration and the workspace.
    pub home: CodexHome,
}

impl Stage {
    /// Creates a model without responses, and a home with the approval policy `never`.
    ///
    /// # Panics
    ///
    /// If it cannot be set up.
    pub fn new() -> Self {
        let model = ScriptedModel::start().expect("a model on loopback");
        let home = home(&model).approval_policy("never");
        let home = home.build().expect("a temporary home");
        Self::on(model, home)
    }

    /// Creates a stage on a model and a home.
    pub fn on(model: ScriptedModel, home: CodexHome) -> Self {
        Self {
            servers: Servers::default(),
            model,
            home,
        }
    }

    /// Creates a stage whose model echoes the user in three deltas: `You `, `said ` and the user's
    /// text.
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

    /// Returns a builder for a client whose server runs on this stage.
    ///
    /// # Panics
    ///
    /// If there is no Codex executable.
    pub fn builder(&self) -> CodexBuilder {
        self.equip(Codex::builder())
    }

    /// Returns a builder for a blocking client whose server runs on this stage.
    ///
    /// # Panics
    ///
    /// If there is no Codex executable.
    pub fn blocking_builder(&self) -> blocking::CodexBuilder {
        self.equip(blocking::Codex::builder())
    }

    fn equip<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        let program = codex_bin().expect("a Codex to test against");
        builder
            .binary(program)
            .cwd(self.home.workspace())
            .envs(self.home.envs())
    }

    /// Starts a server on this stage and returns its client.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    pub async fn start(&self) -> Codex {
        self.connect(self.builder()).await
    }

    /// Starts a server with these options on this stage and returns its client.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    pub async fn connect(&self, builder: CodexBuilder) -> Codex {
        let codex = self.servers.start(Via::from_env(), builder, &self.home);
        codex.await.expect("a running app-server")
    }

    /// Starts a server on this stage and returns its blocking client.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    pub fn start_blocking(&self) -> blocking::Codex {
        self.connect_blocking(self.blocking_builder())
    }

    /// Starts a server with these options on this stage and returns its blocking client.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    pub fn connect_blocking(&self, builder: blocking::CodexBuilder) -> blocking::Codex {
        let codex = self
            .servers
            .start_blocking(Via::from_env(), builder, &self.home);
        codex.expect("a running app-server")
    }
}

/// Turns that are running.
impl Stage {
    /// Starts a turn whose model request is held at the returned gate, and waits for this request.
    /// The model responds once the gate is open.
    ///
    /// # Panics
    ///
    /// If the turn cannot be started.
    pub async fn held_turn(
        &self,
        thread: &Thread,
        input: &str,
        response: &str,
    ) -> (TurnHandle, Gate) {
        let gate = self.model.push_gated(response);
        let turn = thread.turn(input).await.expect("a turn");
        gate.reached().await.expect("a request to the model");
        (turn, gate)
    }
}

/// Interrupts a turn, waits for its end and returns its result.
///
/// # Panics
///
/// If the turn is not interrupted.
pub async fn interrupt(turn: &TurnHandle) -> TurnResult {
    turn.interrupt().await.expect("an interrupt");
    let result = turn.run().await.expect("a result");
    assert_eq!(result.status, TurnStatus::Interrupted);
    result
}

/// Asserts that a turn cannot be steered any more.
///
/// # Panics
///
/// If it can be steered.
pub async fn assert_has_ended(turn: &TurnHandle) {
    let steered = turn.steer("More.").await.expect_err("the turn has ended");
    assert_eq!(steered.rpc_kind(), Some(RpcErrorKind::NoActiveTurn));
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}
