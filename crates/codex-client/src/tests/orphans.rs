//! Processes end with their client, however the client ends.
#![cfg(unix)]

use std::{fs::File, io::Read, os::unix::process::ExitStatusExt, path::PathBuf, time::Duration};

use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use crate::{
    error::Error,
    tests::{
        child_process::{after_handshake, shell},
        poll_once,
    },
    transport::{Transport, process::Launch},
};

fn launch(script: &str) -> Launch {
    Launch {
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        cwd: None,
        env: Vec::new(),
    }
}

#[tokio::test]
async fn a_process_that_does_not_exit_is_terminated_with_its_children() {
    let mut transport = Transport::spawn(&launch("sleep 1000 & echo up; wait")).unwrap();
    let mut up = [0; 3];
    transport.reader.read_exact(&mut up).await.unwrap();
    let status = transport.process.unwrap().end().await.unwrap();
    assert_eq!(status.signal(), Some(15));
    // The shell's child also held the output open, so end of file means that the child has ended
    // too.
    assert_eq!(transport.reader.read(&mut up).await.unwrap(), 0);
}

#[test]
fn a_panic_leaves_no_process_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("id");
    let script = format!(
        "echo $$ > '{}'; {}",
        file.display(),
        after_handshake("sleep 1000")
    );
    let panicked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let _codex = shell(&script).start().await.unwrap();
            std::panic::resume_unwind(Box::new("simulated panic"));
        })
    });
    panicked.join().unwrap_err();
    let id = std::fs::read_to_string(file)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    assert!(rustix::process::test_kill_process(id).is_err());
}

#[tokio::test]
async fn a_dropped_process_is_killed_with_its_children_and_reaped() {
    let mut transport =
        Transport::spawn(&launch("trap '' TERM; sleep 1000 & echo $$; wait")).unwrap();
    let mut id = [0; 16];
    let read = transport.reader.read(&mut id).await.unwrap();
    let id: i32 = str::from_utf8(&id[..read]).unwrap().trim().parse().unwrap();
    drop(transport.process);
    let mut rest = Vec::new();
    transport.reader.read_to_end(&mut rest).await.unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    // No zombie process is left either.
    assert!(rustix::process::test_kill_process(id).is_err());
}

/// A pipe that a script holds open while it runs.
struct Lifeline {
    path: PathBuf,
    _dir: TempDir,
}

impl Lifeline {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        Self { path, _dir: dir }
    }

    /// Returns a script that opens the pipe, then runs until its input ends.
    fn script(&self) -> String {
        let path = self.path.display();
        format!("exec 9> '{path}'; echo up >&9; cat > /dev/null")
    }

    /// Waits until the script has opened the pipe.
    async fn opened(&self) -> File {
        let path = self.path.clone();
        let up = tokio::task::spawn_blocking(|| {
            let mut pipe = File::open(path).unwrap();
            pipe.read_exact(&mut [0; 3]).unwrap();
            pipe
        });
        up.await.unwrap()
    }
}

/// Waits until no process holds the pipe.
async fn wait_for_end(mut pipe: File) {
    let end = tokio::task::spawn_blocking(move || pipe.read(&mut [0]).unwrap());
    let end = tokio::time::timeout(Duration::from_secs(30), end).await;
    assert_eq!(end.expect("the end of the process").unwrap(), 0);
}

#[tokio::test]
async fn a_dropped_start_leaves_no_process() {
    let lifeline = Lifeline::new();
    // The script does not respond to the handshake.
    let starting = tokio::spawn(shell(&lifeline.script()).start());
    let pipe = lifeline.opened().await;
    starting.abort();
    assert!(starting.await.unwrap_err().is_cancelled());
    wait_for_end(pipe).await;
}

#[tokio::test]
async fn a_dropped_close_leaves_no_process() {
    let lifeline = Lifeline::new();
    let script = after_handshake(&lifeline.script());
    let (codex, pipe) = tokio::join!(shell(&script).start(), lifeline.opened());
    let codex = codex.unwrap();
    let other = codex.clone();
    assert!(poll_once(codex.close()).is_none());
    wait_for_end(pipe).await;
    assert!(matches!(other.models().await, Err(Error::Closed(_))));
}
