//! Checks the async runtime before a client is started in it.
//!
//! Tokio panics if a timer or a pipe is created in a runtime without the driver for it, and no
//! function of Tokio tells whether a runtime has these drivers. The checks therefore create such an
//! object and catch the panic, once per client and before anything is started. The program's panic
//! hook still prints the panic message, which states the same reason as the error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::{runtime::Handle, time::sleep};

use crate::error::{Error, Result};

/// Returns an error outside of a Tokio runtime, and inside a runtime without timers.
pub(crate) fn check_timers() -> Result<()> {
    if Handle::try_current().is_err() {
        return Err(Error::UnsuitableRuntime(
            "the client needs a Tokio runtime: call it from `#[tokio::main]` or from \
             `Runtime::block_on`, or use `codex_client::blocking`",
        ));
    }
    let created = catch_unwind(|| drop(sleep(std::time::Duration::ZERO)));
    created.map_err(|_| {
        Error::UnsuitableRuntime(
            "the Tokio runtime has no timers: call `enable_all` or `enable_time` on its \
             `tokio::runtime::Builder`",
        )
    })
}

/// Returns an error if the current runtime cannot run sockets.
#[cfg(feature = "websocket")]
pub(crate) fn check_sockets() -> Result<()> {
    check_timers()?;
    // Another failure is reported when the socket is connected.
    let created = catch_unwind(|| {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        tokio::net::UdpSocket::from_std(socket).map(drop)
    });
    created.map(drop).map_err(|_| {
        Error::UnsuitableRuntime(
            "the Tokio runtime has no I/O driver, which a connection needs: call `enable_all` or \
             `enable_io` on its `tokio::runtime::Builder`",
        )
    })
}

/// Returns an error if the current runtime cannot run processes.
pub(crate) fn check_processes() -> Result<()> {
    check_timers()?;
    let created = catch_unwind(AssertUnwindSafe(use_io_driver));
    created.map_err(|_| {
        Error::UnsuitableRuntime(
            "the Tokio runtime has no I/O driver, which a server process needs: call `enable_all` \
             or `enable_io` on its `tokio::runtime::Builder`",
        )
    })
}

/// Panics in a runtime without I/O. Listens to the signal that Tokio listens to for every process.
#[cfg(unix)]
fn use_io_driver() {
    // Another failure to listen is reported when the process is started.
    let _ = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child());
}

/// On other systems, Tokio runs processes without an I/O driver.
#[cfg(not(unix))]
fn use_io_driver() {}
