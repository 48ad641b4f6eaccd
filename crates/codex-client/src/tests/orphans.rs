//! No process is left, however its client ends.
#![cfg(unix)]

use std::{fs::File, io::Read, os::unix::process::ExitStatusExt, path::PathBuf, time::Duration};

use tempfile::TempDir;
use tokio::io::AsyncReadExt;

use crate::{
    error::Error,
    tests::{
        at_once,
        process::{after_handshake, shell},
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
async fn a_process_that_does_not_end_is_terminated_with_its_children() {
    let mut transport = Transport::spawn(&launch("sleep 1000 & echo up; wait")).unwrap();
    let mut up = [0; 3];
    transport.reader.read_exact(&mut up).await.unwrap();
    let status = transport
        .process
        .unwrap()
        .end(Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(status.signal(), Some(15));
    // The child of the shell held the output open: it is gone too.
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
            std::panic::resume_unwind(Box::new("as if by accident"));
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
async fn a_process_that_is_dropped_is_gone_with_its_children_and_reaped() {
    let mut transport =
        Transport::spawn(&launch("trap '' TERM; sleep 1000 & echo $$; wait")).unwrap();
    let mut id = [0; 16];
    let read = transport.reader.read(&mut id).await.unwrap();
    let id: i32 = str::from_utf8(&id[..read]).unwrap().trim().parse().unwrap();
    drop(transport.process);
    let mut rest = Vec::new();
    transport.reader.read_to_end(&mut rest).await.unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    // Not even a zombie is left.
    assert!(rustix::process::test_kill_process(id).is_err());
}

/// A pipe that a script holds open as long as it runs.
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

    /// Takes it, and goes on as long as there is input.
    fn script(&self) -> String {
        let path = self.path.display();
        format!("exec 9> '{path}'; echo up >&9; cat > /dev/null")
    }

    /// Waits for the script to take it.
    async fn taken(&self) -> File {
        let path = self.path.clone();
        let up = tokio::task::spawn_blocking(|| {
            let mut pipe = File::open(path).unwrap();
            pipe.read_exact(&mut [0; 3]).unwrap();
            pipe
        });
        up.await.unwrap()
    }
}

/// Waits for the end of whatever holds the pipe.
async fn ends(mut pipe: File) {
    let end = tokio::task::spawn_blocking(move || pipe.read(&mut [0]).unwrap());
    let end = tokio::time::timeout(Duration::from_secs(30), end).await;
    assert_eq!(end.expect("the end of the process").unwrap(), 0);
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_no_process() {
    let lifeline = Lifeline::new();
    // The handshake is not answered.
    let starting = tokio::spawn(shell(&lifeline.script()).start());
    let pipe = lifeline.taken().await;
    starting.abort();
    assert!(starting.await.unwrap_err().is_cancelled());
    ends(pipe).await;
}

#[tokio::test]
async fn a_close_that_is_given_up_leaves_no_process() {
    let lifeline = Lifeline::new();
    let script = after_handshake(&lifeline.script());
    let (codex, pipe) = tokio::join!(shell(&script).start(), lifeline.taken());
    let codex = codex.unwrap();
    let other = codex.clone();
    assert!(at_once(codex.close()).is_none());
    ends(pipe).await;
    assert!(matches!(other.models().await, Err(Error::Closed(_))));
}
