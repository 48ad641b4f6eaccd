//! Distributes the prompts of a file, one per line, over several servers, and prints a line of JSON for
//! each. If a server ends, the others continue, and the prompts that are lost with it are named.
//!
//! `cargo run -p codex-client --features tower,tls --example fleet -- prompts.txt SERVER...`
//!
//! A server is the URL of one that listens, or a directory: the `CODEX_HOME` of one to start.

use std::{convert::Infallible, env, fs};

use codex_client::{Codex, Error, Sandbox};
use futures_util::stream;
use serde_json::json;
use tokio::task::JoinSet;
use tower::{
    Service, ServiceExt,
    balance::p2c::Balance,
    discover::Change,
    limit::ConcurrencyLimit,
    load::{CompleteOnResponse, PendingRequests},
};

/// Turns that run at the same time on one server. Further prompts wait for a free server.
const TURNS_PER_SERVER: usize = 25;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut args = env::args().skip(1);
    let prompts = fs::read_to_string(args.next().ok_or("usage: fleet FILE SERVER...")?)?;
    let (mut servers, mut ends) = (Vec::new(), JoinSet::new());
    for server in args {
        let codex = match server.contains("://") {
            true => Codex::connect(&server).await?,
            false => Codex::builder().env("CODEX_HOME", &server).start().await?,
        };
        let closed = codex.closed();
        ends.spawn(async move { eprintln!("the server {server} has ended: {}", closed.await) });
        servers.push(codex);
    }
    let found = servers.clone().into_iter().enumerate();
    let found = found.map(|(number, codex)| {
        let limited = ConcurrencyLimit::new(codex, TURNS_PER_SERVER);
        let counted = PendingRequests::new(limited, CompleteOnResponse::default());
        Ok::<_, Infallible>(Change::Insert(number, counted))
    });
    // A prompt goes to the less busy one of two servers that are chosen at random.
    let mut fleet = Balance::new(stream::iter(found));
    let (mut running, mut answers, mut lost) = (JoinSet::new(), 0, Vec::new());
    let mut prompts = prompts.lines().enumerate();
    for (at, prompt) in &mut prompts {
        let prompt = prompt.to_owned();
        let turn = tokio::select! {
            free = fleet.ready() => free?.call(async move |codex: Codex| {
                let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).await?;
                thread.run(prompt).interrupt_on_drop().await
            }),
            // Without a server, the balancer would wait for another one.
            () = all(&mut ends) => {
                lost.push(at);
                break;
            }
        };
        running.spawn(async move { (at, turn.await) });
    }
    lost.extend(prompts.map(|(at, _)| at));
    while let Some(ended) = running.join_next().await {
        let report = match ended? {
            (at, Ok(result)) => {
                answers += 1;
                json!({ "prompt": at, "result": result })
            }
            (at, Err(error)) => match error.downcast_ref::<Error>() {
                Some(Error::Closed(_)) => {
                    lost.push(at);
                    continue;
                }
                Some(error) => json!({ "prompt": at, "error": error }),
                None => return Err(error),
            },
        };
        println!("{report}");
    }
    lost.sort_unstable();
    eprintln!("{answers} prompts answered, lost: {lost:?}");
    for codex in servers {
        codex.close().await?;
    }
    Ok(())
}

/// Waits until all tasks have ended.
async fn all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
