//! The local daemon (`codex app-server daemon`), which clients attach to.
#![cfg(unix)]

use std::{fs, process::Stdio, time::Duration};

use codex_client::{
    CloseReason, Error,
    supervisor::{SessionEvent, Supervision},
};
use codex_testing::codex_bin;
use codex_tests::stage::Stage;
use serde_json::{Value, json};

/// The daemon of a home, which ends on drop.
struct Daemon<'a>(&'a Stage);

impl<'a> Daemon<'a> {
    /// Starts the daemon, which installs its package into the home first.
    fn start(stage: &'a Stage) -> Self {
        // The daemon would look for updates, by a process that its end leaves running.
        let settings = stage
            .home
            .codex_home()
            .join("app-server-daemon/settings.json");
        fs::create_dir_all(settings.parent().unwrap()).unwrap();
        let no_updates = json!({"updater": {"autoUpdateEnabled": false}});
        fs::write(settings, no_updates.to_string()).unwrap();
        let daemon = Self(stage);
        assert_eq!(daemon.command("start")["status"], "started");
        daemon
    }

    /// Runs a command of the daemon and returns the status that it prints.
    fn command(&self, name: &str) -> Value {
        let mut command = self.0.home.command(codex_bin().unwrap());
        let command = command.args(["app-server", "daemon", name]);
        // The daemon inherits standard error.
        let output = command.stderr(Stdio::null()).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("`daemon {name}`: {error}, {output:?}"))
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        self.command("stop");
    }
}

#[tokio::test]
async fn a_client_attaches_to_the_daemon_and_survives_its_restart() {
    let stage = Stage::echo();
    let daemon = Daemon::start(&stage);
    let first = stage.builder().attach().await.unwrap();
    let thread = first.thread_start().await.unwrap();
    let result = thread.run("hi").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said hi"));
    first.close().await.unwrap();
    assert_eq!(daemon.command("version")["status"], "running");

    // A supervised client joins the daemon that follows.
    let supervision = Supervision::default()
        .initial_delay(Duration::from_millis(10))
        .max_delay(Duration::from_millis(100))
        .max_attempts(u32::MAX);
    let builder = stage.builder().supervise(supervision);
    let second = builder.attach().await.unwrap();
    let mut sessions = second.session_events();
    let thread = second.thread_resume(thread.id()).await.unwrap();
    assert_eq!(daemon.command("restart")["status"], "restarted");
    loop {
        match sessions.next().await.unwrap() {
            SessionEvent::Reconnecting { .. } => {}
            SessionEvent::Reconnected { resumed, .. } => {
                assert_eq!(resumed, [thread.id()]);
                break;
            }
            other => panic!("unexpected: {other:?}"),
        }
    }
    let result = thread.run("again").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("You said again"));
    second.close().await.unwrap();

    let third = stage.builder().attach().await.unwrap();
    let closed = third.closed();
    assert_eq!(daemon.command("stop")["status"], "stopped");
    assert_ne!(closed.await.reason, CloseReason::Requested);
    let error = stage.builder().attach().await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error}");
}
