//! The timers of the client.

use crate::workspace::{root, sources};

/// The files that may create Tokio's timers, because their code runs only in the runtime of the
/// client. All other code is polled wherever the program likes, and uses `timer`.
const IN_THE_RUNTIME: [&str; 10] = [
    "connection/driver.rs",
    "connection/served.rs",
    "remote/listening.rs",
    "runtime.rs",
    "server_requests/handlers.rs",
    "timer.rs",
    "transport/dial.rs",
    "transport/process.rs",
    "transport/stderr.rs",
    "transport/websocket/keep_alive.rs",
];

/// The functions of Tokio that create a timer.
const TIMERS: [&str; 5] = ["interval", "sleep", "sleep_until", "timeout", "timeout_at"];

/// Returns whether a source names a function that creates a timer.
fn creates_timers(source: &str) -> bool {
    let is_end = |c: char| !(c.is_alphanumeric() || c == '_');
    source.split("time::").skip(1).any(|after| {
        let mut names = match after.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default().split(is_end),
            None => after.split(is_end).next().unwrap_or_default().split(is_end),
        };
        names.any(|name| TIMERS.contains(&name))
    })
}

#[test]
fn futures_that_users_poll_create_no_timers_of_the_current_runtime() {
    let sources = sources(&root().join("crates/codex-client/src"));
    let found = sources.iter().filter(|(path, source)| {
        let is_test = path.starts_with("tests/") || path.ends_with("/tests.rs");
        // The fuzz targets have a runtime of their own.
        let is_test = is_test || path.starts_with("fuzzing/");
        !is_test && creates_timers(source)
    });
    let found: Vec<_> = found.map(|(path, _)| path.as_str()).collect();
    assert_eq!(found, IN_THE_RUNTIME);
}

#[test]
fn timers_are_found_in_paths_and_in_groups() {
    for source in [
        "use tokio::time::{Instant, timeout};",
        "tokio::time::sleep(delay).await",
        "time::{\n    sleep,\n    Instant,\n}",
    ] {
        assert!(creates_timers(source), "{source}");
    }
    for source in [
        "use tokio::time::Instant;",
        "Duration::from_secs(1)",
        "timeout(7)",
    ] {
        assert!(!creates_timers(source), "{source}");
    }
}
