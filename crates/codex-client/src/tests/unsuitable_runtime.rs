//! Clients that are started outside of a Tokio runtime, or in one without the drivers they need.

use tokio::{io, runtime};

use crate::{blocking, client::Codex, error::Error};

/// Returns a runtime with neither timers nor I/O.
fn bare_runtime() -> runtime::Runtime {
    runtime::Builder::new_current_thread().build().unwrap()
}

async fn connect() -> String {
    let connected = Codex::builder().connect(io::empty(), io::sink()).await;
    unsuitable(connected)
}

async fn start() -> String {
    unsuitable(Codex::builder().binary("/bin/cat").start().await)
}

fn unsuitable<T>(started: Result<T, Error>) -> String {
    match started {
        Err(error @ Error::UnsuitableRuntime(_)) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("started"),
    }
}

#[test]
fn outside_of_a_runtime_the_error_says_so() {
    for error in [
        super::poll_once(connect()).unwrap(),
        super::poll_once(start()).unwrap(),
    ] {
        assert!(error.contains("needs a Tokio runtime"), "{error}");
        assert!(error.contains("codex_client::blocking"), "{error}");
    }
}

#[test]
fn a_runtime_without_timers_is_an_error_that_names_the_setting() {
    for error in [
        bare_runtime().block_on(connect()),
        bare_runtime().block_on(start()),
    ] {
        assert!(
            error.contains("no timers") && error.contains("enable_time"),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_runtime_without_io_cannot_start_a_server_but_can_connect_to_one() {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let error = runtime.block_on(start());
    assert!(
        error.contains("no I/O driver") && error.contains("enable_io"),
        "{error}"
    );
    let connected = runtime.block_on(async {
        let connecting = Codex::builder().connect(io::empty(), io::sink());
        connecting.await
    });
    // The server's end of the connection is closed.
    assert!(matches!(connected, Err(Error::Closed(_))), "{connected:?}");
}

#[test]
fn the_blocking_client_refuses_such_a_runtime_like_any_other() {
    bare_runtime().block_on(async {
        let started = blocking::Codex::builder().binary("/bin/cat").start();
        assert!(matches!(started, Err(Error::InsideRuntime)), "{started:?}");
    });
}
