//! Commands outside of a turn on a real app-server: run to their end, and talked to.

#![cfg(unix)]

use std::{fs, path::Path, time::Duration};

use codex_client::{
    Codex, Error, ExecProcess, ExecStream, Sandbox, types::CommandExecOutputStream,
};
use codex_tests::stage::Stage;
use tokio::time::timeout;

/// A script of the shell, as a command.
fn sh(script: &str) -> [&str; 3] {
    ["sh", "-c", script]
}

/// Reads until the output has this in it; what was read.
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

/// A process in a terminal that says what it is told, and what size the terminal has.
fn terminal(codex: &Codex) -> ExecProcess {
    let script = "stty size; while read -r line; do case $line in \
                  quit) exit 7;; size) stty size;; *) echo \"<$line>\";; esac; done";
    let command = codex.exec(sh(script)).tty(80, 24).no_timeout();
    command.sandbox(Sandbox::FullAccess).spawn().unwrap()
}

#[tokio::test]
async fn a_command_is_run_to_its_end_and_its_output_collected() {
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
async fn binary_and_large_output_comes_whole_and_output_over_the_cap_is_told() {
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
async fn a_terminal_is_written_to_read_resized_and_left() {
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
    // It has ended: there is nothing to end, and nobody to write to.
    process.terminate().await.unwrap();
    let error = process.write("more").await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn what_is_written_at_once_is_read_and_the_end_of_the_input_too() {
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
async fn a_terminated_process_ends_and_its_output_can_be_read_afterwards() {
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
async fn a_program_that_takes_too_long_or_cannot_be_run_is_told() {
    let stage = Stage::new();
    let codex = stage.start().await;
    // Not in the sandbox: ended while that is set up, a command is left behind by these servers.
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

/// Asks again and again, though not for ever.
async fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            match ask() {
                Some(answer) => return answer,
                None => tokio::task::yield_now().await,
            }
        }
    };
    timeout(Duration::from_secs(60), asking).await.unwrap()
}

/// Waits until there is no such process any more.
#[cfg(target_os = "linux")]
async fn is_gone(pid: &str) {
    let process = Path::new("/proc").join(pid);
    until(|| (!process.exists()).then_some(())).await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_process_does_not_outlive_its_last_handle() {
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
    // The stream still reads it.
    drop(process);
    assert!(Path::new("/proc").join(pid.trim()).exists());
    drop(output);
    is_gone(pid.trim()).await;
    // So it is with a call that is given up.
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
async fn many_processes_do_not_keep_the_client_from_anything() {
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
fn a_blocking_program_talks_to_a_process_as_well() {
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
