//! A real app-server that is killed while it works.
#![cfg(unix)]

use std::{fs, os::unix::process::ExitStatusExt, path::PathBuf, process::Command, thread};

use codex_client::{Error, Result, TurnResult, builder::CodexBuilder, types::ServerNotification};
use codex_testing::codex_bin;
use codex_tests::stage::Stage;

/// A server that writes its process id to a file, so that the test can kill it.
pub(crate) struct Victim {
    id: PathBuf,
}

impl Victim {
    pub(crate) fn on(stage: &Stage) -> Self {
        let id = stage.home.workspace().join("id");
        Self { id }
    }

    /// The server replaces the shell, so the id of the shell is the id of the server.
    pub(crate) fn equip<M>(&self, builder: CodexBuilder<M>) -> CodexBuilder<M> {
        let program = codex_bin().expect("a Codex to test against");
        let (id, program) = (self.id.display(), program.display());
        let script = format!("echo $$ > '{id}'; exec '{program}' app-server");
        builder.binary("sh").launch_args(["-c", &script])
    }

    /// Returns the id of the process that was started last.
    pub(crate) fn id(&self) -> String {
        let id = fs::read_to_string(&self.id).expect("its id");
        id.trim().to_owned()
    }

    pub(crate) fn kill(&self) {
        self.signal("-9");
    }

    /// Sends a signal to the process that was started last.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Whether a process exists.
    pub(crate) fn is_running(id: &str) -> bool {
        let asked = Command::new("kill").args(["-0", id]).output();
        asked.expect("kill runs").status.success()
    }
}

/// Asserts that the result and the last event of a turn report the signal.
fn assert_killed(ended: Result<TurnResult>, last: Option<&Result<ServerNotification>>) {
    let Err(Error::Closed(closed)) = ended else {
        panic!("the turn did not end as closed: {ended:?}")
    };
    let signal = closed.exit_status.and_then(|status| status.signal());
    assert_eq!(signal, Some(9));
    assert!(closed.partial.is_some());
    assert!(matches!(last, Some(Err(Error::Closed(_)))), "{last:?}");
}

#[tokio::test]
async fn a_turn_ends_at_once_with_the_signal_when_its_server_is_killed() {
    let stage = Stage::new();
    let victim = Victim::on(&stage);
    let codex = victim.equip(stage.builder()).start().await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("never sent");
    let turn = thread.turn("hi").await.unwrap();
    let mut events = turn.stream();
    let run = tokio::spawn({
        let turn = turn.clone();
        async move { turn.run().await }
    });
    gate.reached().await.unwrap();
    victim.kill();
    let ended = run.await.unwrap();
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert_killed(ended, last.as_ref());
    let later = thread.run("more").await;
    assert!(matches!(later, Err(Error::Closed(_))));
}

#[test]
fn blocking_calls_end_at_once_when_their_server_is_killed() {
    let stage = Stage::new();
    let victim = Victim::on(&stage);
    let codex = victim.equip(stage.blocking_builder()).start().unwrap();
    let thread = codex.thread_start().send().unwrap();
    let gate = stage.model.push_gated("never sent");
    let turn = thread.turn("hi").send().unwrap();
    let events = turn.stream();
    let follower = thread::spawn(|| events.last());
    let run = thread::spawn(move || turn.run());
    gate.blocking_reached().unwrap();
    victim.kill();
    let last = follower.join().unwrap();
    assert_killed(run.join().unwrap(), last.as_ref());
    let later = thread.run("more").send();
    assert!(matches!(later, Err(Error::Closed(_))));
}
