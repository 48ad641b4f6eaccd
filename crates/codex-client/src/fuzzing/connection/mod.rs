//! The connection against a server that follows an arbitrary script.

mod calls;
mod client;
mod limits;
mod outcome;
mod script;
mod server;
mod stops;
mod turns;
mod wire;

use std::time::Duration;

use tokio::{
    runtime::{Builder, Handle},
    task::unconstrained,
    time::{sleep, timeout},
};

use self::{
    calls::Calls,
    client::Client,
    limits::{LONGEST_CALL, LONGEST_CLOSE},
    script::Script,
    server::Server,
    wire::settle,
};

/// Maximum number of steps of a script.
const MAX_STEPS: usize = 400;

/// Whatever the server sends, every call ends, at the latest when its deadline has passed; a request
/// from the server gets at most one response; a turn whose completion was received ends with all of
/// its items; a turn that was stopped, or dropped with `interrupt_on_drop`, is interrupted once it
/// has begun; and nothing is left after the end of the connection.
///
/// Each byte is a step of the client or of the server, or an argument of the previous step. Time is
/// simulated: it advances while everything waits.
pub fn connection(bytes: &[u8]) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime");
    // Without this, tokio would refuse further writes after a number of steps without a pause.
    let mut script = Script::new(bytes);
    runtime.block_on(unconstrained(run(&mut script)));
}

async fn run(script: &mut Script<'_>) {
    let (mut client, mut server) = client::connect(script).await;
    let mut calls = Calls::default();
    for _ in 0..MAX_STEPS {
        let Some(step) = script.next() else { break };
        match step % 16 {
            0..=2 => {
                settle().await;
                server.settled();
            }
            3 => {
                sleep(Duration::from_secs(1 + u64::from(script.below(16)))).await;
                server.settled();
            }
            4..=6 => client.step(script, &mut calls),
            _ => server.step(script),
        }
        server.receive().await;
    }
    end(script, client, server, calls).await;
}

/// Ends the connection in one of several ways.
async fn end(script: &mut Script<'_>, mut client: Client, mut server: Server, mut calls: Calls) {
    match script.below(4) {
        // All calls end without the end of the connection, once all turns have ended.
        0 => {
            calls_time_out(&mut server).await;
            server.assert_interrupted(&calls.stops.stopped());
            server.complete_turns();
            settle().await;
            server.receive().await;
            if server.is_open() && !server.has_improvised() {
                calls.assert_ended(false);
            }
            client.close(&mut calls);
        }
        1 => client.close(&mut calls),
        // The calls keep the connection open.
        2 => {
            client.drop_handles();
            calls_time_out(&mut server).await;
            server.close();
        }
        _ => server.close(),
    }
    if timeout(LONGEST_CLOSE, settle()).await.is_err() {
        panic!("the time does not advance");
    }
    sleep(LONGEST_CLOSE).await;
    calls.assert_ended(true);
    calls.assert_outcomes(&server).await;
    server.receive().await;
    client.drop_handles();
    settle().await;
    server.assert_end().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

/// Waits until all calls have ended whose end does not depend on the server, and no request is in the
/// queue: if the server does not respond, each of them waits until those before it have timed out.
async fn calls_time_out(server: &mut Server) {
    loop {
        sleep(LONGEST_CALL).await;
        if !server.receive().await {
            return;
        }
    }
}
