//! The core behaviours of the client, one step each, on the server of any release.
//!
//! `cargo xtask compat` runs them against released runtimes and writes `docs/compatibility.md`; a
//! story runs them against an older release. A step is self-contained: it has its own scripted
//! model, home and server.

mod long_work;
mod requests;
mod threads;
mod turns;

use std::{error::Error, fmt, future::Future, path::Path, pin::Pin};

use codex_client::{Codex, TurnResult, builder::CodexBuilder};

use crate::stage::Stage;

/// The outcome of a step.
pub type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// A core behaviour.
#[derive(Clone, Copy)]
pub struct Step {
    /// The name of the behaviour, for a table.
    pub name: &'static str,
    run: fn(Server) -> Pin<Box<dyn Future<Output = Outcome>>>,
}

impl Step {
    /// Runs the step on the server that this program starts.
    ///
    /// # Errors
    ///
    /// Returns the reason why the behaviour differs from that of the pinned release.
    pub async fn run(self, program: &Path) -> Outcome {
        let server = Server {
            program: program.into(),
        };
        (self.run)(server).await
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Step").field(&self.name).finish()
    }
}

/// Returns all steps.
pub fn steps() -> impl Iterator<Item = Step> {
    let groups = [
        requests::STEPS,
        threads::STEPS,
        turns::STEPS,
        long_work::STEPS,
    ];
    groups.into_iter().flatten().copied()
}

/// The program of a server.
struct Server {
    program: Box<Path>,
}

impl Server {
    /// Returns a builder for a client whose server runs on this stage.
    fn builder(&self, stage: &Stage) -> CodexBuilder {
        stage.builder().binary(&*self.program)
    }

    async fn start(&self, stage: &Stage) -> codex_client::Result<Codex> {
        self.builder(stage).start().await
    }
}

/// Returns an error unless the condition holds.
fn check(holds: bool, found: impl fmt::Debug) -> Outcome {
    match holds {
        true => Ok(()),
        false => Err(format!("unexpected: {found:?}").into()),
    }
}

/// Returns an error unless a turn has this final response.
fn responds(result: &TurnResult, text: &str) -> Outcome {
    check(result.final_response.as_deref() == Some(text), result)
}

/// Returns an error unless a part of the input is in the last request to the model.
fn reaches_model(stage: &Stage, name: &str, part: &str) -> Outcome {
    let asked = stage.model.requests().pop().ok_or("no request")?;
    match asked.body().to_string().contains(part) {
        true => Ok(()),
        false => Err(format!("the {name} does not reach the model").into()),
    }
}

/// Defines the table of a group of steps from async functions.
macro_rules! table {
    ($($function:ident: $name:literal,)*) => {
        pub(super) const STEPS: &[$crate::compat::Step] = &[
            $($crate::compat::Step { name: $name, run: |server| Box::pin($function(server)) },)*
        ];
    };
}

use table;
