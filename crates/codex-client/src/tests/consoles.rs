//! The console of a server on Windows.
//!
//! This test program plays the server: the tests run it again with a variable.
#![cfg(windows)]

use std::{
    env,
    fs::File,
    io::{self, BufRead},
};

use serde_json::json;

use crate::{
    blocking, client::Codex, codex::builder::CodexBuilder, mode::Blocking,
    tests::initialize_response, transport::process::CREATE_NO_WINDOW,
};

/// The variable that makes this program the server.
const IS_SERVER: &str = "CODEX_CLIENT_TEST_REPORTS_CONSOLE";

/// The arguments that run only the test that plays the server.
const PLAY: [&str; 4] = [
    "--quiet",
    "--nocapture",
    "--exact",
    "tests::consoles::the_program_reports_its_console",
];

/// The flag of `CreateProcess` that starts a process without a console.
const DETACHED_PROCESS: u32 = 0x0000_0008;

/// Completes the handshake as a server whose name says whether it has a console.
#[test]
fn the_program_reports_its_console() {
    if env::var_os(IS_SERVER).is_none() {
        return;
    }
    let console = File::options().read(true).write(true).open("CONOUT$");
    let mut result = initialize_response();
    result["userAgent"] = console.map_or("no console", |_| "a console").into();
    let mut lines = io::stdin().lock().lines();
    lines.next().unwrap().unwrap();
    println!("\n{}", json!({"id": 1, "result": result}));
    lines.for_each(drop);
}

/// Starts this program as a server. Returns its report.
fn report(builder: CodexBuilder<Blocking>) -> String {
    let builder = builder.binary(env::current_exe().unwrap());
    let codex = builder
        .launch_args(PLAY)
        .env(IS_SERVER, "1")
        .start()
        .unwrap();
    let report = codex.metadata().user_agent.clone();
    codex.close().unwrap();
    report
}

/// Under Wine, and in a desktop app, this program has no console that the server could inherit.
#[test]
fn a_server_has_a_console() {
    assert_eq!(report(blocking::Codex::builder()), "a console");
}

#[test]
fn a_server_that_is_started_with_other_flags_has_no_console() {
    let builder = blocking::Codex::builder().creation_flags(DETACHED_PROCESS);
    assert_eq!(report(builder), "no console");
}

#[test]
fn the_console_of_a_server_has_no_window_by_default() {
    let launch = Codex::builder().launch_of("codex".into());
    assert_eq!(launch.creation_flags & CREATE_NO_WINDOW, CREATE_NO_WINDOW);
}
