//! Commands outside a turn on a real app-server: run to completion or interactive.

#![cfg(unix)]

use std::{fs, path::Path, time::Duration};

use codex_client::{
    Codex, Error, ExecProcess, ExecStream, Sandbox, types::CommandExecOutputStream,
};
use codex_tests::stage::Stage;
use tokio::time::timeout;

/// Returns the command that runs a shell script.
fn sh(script: &str) -> [&str; 3] {
    ["sh", "-c", script]
}

/// Reads output until it contains this text. Returns all the output that was read.
async fn read_until(output: &mut ExecStream, expected: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(expected) {
        let Some(chunk) = output.next().await else {
            panic!("no `{expected}` in {seen:?}")
        };
        seen.push_str(&String::from_utf8_lossy(&chunk.unwrap().bytes));
    }
    seen
}

/// Starts a process in a terminal that echoes its input and prints the size of the terminal.
fn terminal(codex: &Codex) -> ExecProcess {
    let script = "stty size; while read -r line; do case $line in \
                  quit) exit 7;; size) stty size;; *) echo \"<$line>\";; esac; done";
    let command = codex.exec(sh(script)).tty(80, 24).no_timeout();
    command.sandbox(Sandbox::FullAccess).spawn().unwrap()
}

#[tokio::test]
async fn a_command_runs_to_completion_and_returns_its_output() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let output = codex
        .exec(sh("echo $WORD; pwd; echo oops >&2; exit 3"))
        .env("WORD", "hello")
        .cwd(stage.home.workspace())
        .await
        .unwrap();
    let workspace = stage.home.workspace().canonicalize().unwrap();
    let expected = format!("hello\n{}\n", workspace.display());
    assert_eq!(output.stdout_lossy(), expected);
    assert_eq!(output.stderr_lossy(), "oops\n");
    assert_eq!(output.exit_code, 3);
    assert!(!output.stdout_cap_reached && !output.stderr_cap_reached);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn binary_and_large_output_is_complete_and_output_over_the_cap_is_reported() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let script = r"printf '\377\000\n'; head -c 5000000 /dev/zero";
    let output = codex.exec(sh(script)).no_output_cap().await.unwrap();
    assert_eq!(output.stdout.len(), 5_000_003);
    assert_eq!(output.stdout[..4], [255, 0, b'\n', 0]);
    assert!(!output.stdout_cap_reached);
    let capped = codex.exec(sh(script)).output_bytes_cap(1000).await.unwrap();
    assert_eq!(capped.stdout, output.stdout[..1000]);
    assert!(capped.stdout_cap_reached && !capped.stderr_cap_reached);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_terminal_can_be_written_read_resized_and_closed() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let process = terminal(&codex);
    let mut output = process.stream();
    read_until(&mut output, "24 80").await;
    process.write("hello\n").await.unwrap();
    read_until(&mut output, "<hello>").await;
    process.resize(100, 30).await.unwrap();
    process.write("size\n").await.unwrap();
    read_until(&mut output, "30 100").await;
    process.write("quit\n").await.unwrap();
    while let Some(chunk) = output.next().await {
        assert_eq!(chunk.unwrap().stream, CommandExecOutputStream::Stdout);
    }
    assert_eq!(process.wait().await.unwrap(), 7);
    // The process has ended, so `terminate` is a no-op and a write fails.
    process.terminate().await.unwrap();
    let error = process.write("more").await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn early_input_reaches_the_process_and_so_does_the_end_of_input() {
    let stage = Stage::new();
    let codex = stage.start().await;
    for round in 0..20 {
        let cat = codex.exec(["cat"]).stream_stdin(true).spawn().unwrap();
        let bytes = [255, 0, round];
        cat.write(bytes).await.unwrap();
        cat.write("x").await.unwrap();
        cat.close_stdin().await.unwrap();
        let output = cat.output().await.unwrap();
        assert_eq!(output.stdout, [255, 0, round, b'x']);
        assert_eq!(output.exit_code, 0);
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_terminated_process_ends_and_its_output_remains_readable() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let process = codex.exec(sh("echo ready; exec sleep 1000")).no_timeout();
    let process = process.spawn().unwrap();
    let mut output = process.stream();
    assert_eq!(output.next().await.unwrap().unwrap().bytes, b"ready\n");
    let waiting = tokio::spawn({
        let process = process.clone();
        async move { process.wait().await }
    });
    process.terminate().await.unwrap();
    let code = waiting.await.unwrap().unwrap();
    assert_ne!(code, 0);
    assert_eq!(process.wait().await.unwrap(), code);
    assert!(output.next().await.is_none());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_timeout_and_a_program_that_cannot_run_are_errors() {
    let stage = Stage::new();
    let codex = stage.start().await;
    // Outside the sandbox: Codex leaks a command that is terminated while its sandbox is being set
    // up.
    let slow = codex.exec(["sleep", "1000"]).sandbox(Sandbox::FullAccess);
    let output = slow.timeout(Duration::from_millis(100)).await.unwrap();
    assert_eq!(output.exit_code, 124);
    let missing = || codex.exec(["no-such-program"]).sandbox(Sandbox::FullAccess);
    let error = missing().await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    let process = missing().tty(80, 24).spawn().unwrap();
    let mut output = process.stream();
    let error = output.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("no-such-program"), "{error}");
    assert!(output.next().await.is_none());
    for error in [
        process.write("x").await.unwrap_err(),
        process.wait().await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("no-such-program"), "{error}");
    }
    codex.close().await.unwrap();
}

/// Polls until there is a value or a timeout is reached.
async fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            match ask() {
                Some(value) => return value,
                None => tokio::task::yield_now().await,
            }
        }
    };
    timeout(Duration::from_secs(60), asking).await.unwrap()
}

/// Waits until the process no longer exists.
#[cfg(target_os = "linux")]
async fn is_gone(pid: &str) {
    let process = Path::new("/proc").join(pid);
    until(|| (!process.exists()).then_some(())).await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_process_ends_with_its_last_handle() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let command = || {
        let command = codex.exec(sh("echo $$; exec sleep 1000")).no_timeout();
        command.sandbox(Sandbox::FullAccess)
    };
    let process = command().spawn().unwrap();
    let mut output = process.stream();
    let first = output.next().await.unwrap().unwrap();
    let pid = String::from_utf8(first.bytes).unwrap();
    // The stream still counts as a handle.
    drop(process);
    assert!(Path::new("/proc").join(pid.trim()).exists());
    drop(output);
    is_gone(pid.trim()).await;
    // The same is true of a call whose future is dropped.
    let file = stage.home.workspace().join("pid");
    let script = format!("echo $$ > {}; exec sleep 1000", file.display());
    let call = tokio::spawn(
        codex
            .exec(sh(&script))
            .no_timeout()
            .sandbox(Sandbox::FullAccess)
            .send(),
    );
    let pid = until(|| {
        let pid = fs::read_to_string(&file).ok();
        pid.filter(|pid| pid.ends_with('\n'))
    });
    let pid = pid.await;
    call.abort();
    is_gone(pid.trim()).await;
    codex.close().await.unwrap();
}

#[tokio::test]
async fn many_processes_do_not_block_the_client() {
    let stage = Stage::new();
    let codex = stage.builder().max_in_flight(4).start().await.unwrap();
    let cats = (0..20).map(|_| {
        let cat = codex.exec(["cat"]).no_timeout().stream_stdin(true);
        cat.sandbox(Sandbox::FullAccess).spawn().unwrap()
    });
    let cats: Vec<_> = cats.collect();
    for (number, cat) in cats.iter().enumerate() {
        cat.write(number.to_string()).await.unwrap();
    }
    codex.models().await.unwrap();
    for (number, cat) in cats.iter().enumerate() {
        cat.close_stdin().await.unwrap();
        let output = cat.output().await.unwrap();
        assert_eq!(output.stdout_lossy(), number.to_string());
    }
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_runs_interactive_processes_too() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let output = codex.exec(["echo", "hi"]).send().unwrap();
    assert_eq!(output.stdout, b"hi\n");
    let cat = codex.exec(["cat"]).stream_stdin(true).spawn().unwrap();
    cat.write("one\n").unwrap();
    let mut output = cat.stream();
    assert_eq!(output.next().unwrap().unwrap().bytes, b"one\n");
    cat.close_stdin().unwrap();
    assert!(output.next().is_none());
    assert_eq!(cat.wait().unwrap(), 0);
    let terminal = codex.exec(["cat"]).sandbox(Sandbox::FullAccess);
    let terminal = terminal.tty(80, 24).spawn().unwrap();
    terminal.resize(100, 30).unwrap();
    terminal.terminate().unwrap();
    assert_ne!(terminal.wait().unwrap(), 0);
    assert!(!terminal.process_id().is_empty());
    assert_eq!(terminal.output().unwrap().stderr, b"");
    codex.close().unwrap();
}
