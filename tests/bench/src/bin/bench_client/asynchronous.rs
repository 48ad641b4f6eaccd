//! The async API.

use std::{path::Path, time::Instant};

use codex_bench::{Figures, Measure, Sizes};
use codex_client::{Codex, Thread, TurnStream};
use codex_types::ThreadLoadedListParams;
use tempfile::NamedTempFile;
use tokio::{runtime::Builder, task::JoinSet};

use crate::{
    Result, Work,
    check::{Expected, Turn, median, ratio},
};

/// How the async API is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Variant {
    /// On a runtime with a thread per CPU.
    Usual,
    /// On a runtime with one thread.
    CurrentThread,
    /// As usual, with a recording of all messages.
    Recording,
}

/// Does the work.
pub(crate) fn run(work: Work, server: &Path, sizes: &Sizes, variant: Variant) -> Result<Figures> {
    let mut runtime = match variant {
        Variant::CurrentThread => Builder::new_current_thread(),
        Variant::Usual | Variant::Recording => Builder::new_multi_thread(),
    };
    let recording = match variant {
        Variant::Recording => Some(NamedTempFile::new()?),
        Variant::Usual | Variant::CurrentThread => None,
    };
    let server = Server {
        program: server,
        recording: recording.as_ref().map(NamedTempFile::path),
    };
    runtime.enable_all().build()?.block_on(async {
        match work {
            Work::Turns => turns(server, sizes).await,
            Work::Requests => requests(server, sizes).await,
            Work::Unread => unread(server, sizes).await,
            Work::SmallTurns => small_turns(server, sizes).await,
            Work::Resume => resume(server, sizes).await,
        }
    })
}

/// The server to start, and the file for its messages.
#[derive(Clone, Copy)]
struct Server<'a> {
    program: &'a Path,
    recording: Option<&'a Path>,
}

impl Server<'_> {
    async fn start(self) -> Result<Codex> {
        let mut builder = Codex::builder().binary(self.program).no_request_timeout();
        if let Some(path) = self.recording {
            builder = builder.record(path);
        }
        Ok(builder.start().await?)
    }
}

async fn turns(server: Server<'_>, sizes: &Sizes) -> Result<Figures> {
    let expected = Expected::new(sizes);
    let codex = server.start().await?;
    let mut threads = Vec::new();
    for _ in 0..expected.turns {
        threads.push(codex.thread_start().await?);
    }
    let measure = Measure::begin();
    let mut delivered = true;
    if let [thread] = &threads[..] {
        delivered = turn(thread, expected.turn()).await?;
    } else {
        let mut tasks = JoinSet::new();
        for thread in threads {
            let check = expected.turn();
            tasks.spawn(async move { turn(&thread, check).await });
        }
        while let Some(complete) = tasks.join_next().await {
            delivered &= complete??;
        }
    }
    let figures = measure.end().delivered(delivered);
    codex.close().await?;
    Ok(figures)
}

async fn turn(thread: &Thread, check: Turn) -> Result<bool> {
    let stream = thread.turn("deltas").await?.stream().events_only();
    read(stream, check).await
}

async fn read(mut stream: TurnStream, mut check: Turn) -> Result<bool> {
    while let Some(event) = stream.next().await {
        check.event(&event?);
    }
    Ok(check.is_complete())
}

async fn requests(server: Server<'_>, sizes: &Sizes) -> Result<Figures> {
    let (count, in_flight) = (sizes.get("requests"), sizes.get("in_flight"));
    let codex = server.start().await?;
    let measure = Measure::begin();
    let mut delivered = true;
    if in_flight <= 1 {
        delivered = sequence(&codex, count).await?;
    } else {
        let mut tasks = JoinSet::new();
        for number in 0..in_flight {
            let codex = codex.clone();
            let share = count / in_flight + usize::from(number < count % in_flight);
            tasks.spawn(async move { sequence(&codex, share).await });
        }
        while let Some(complete) = tasks.join_next().await {
            delivered &= complete??;
        }
    }
    let figures = measure.end().delivered(delivered);
    codex.close().await?;
    Ok(figures)
}

async fn sequence(codex: &Codex, count: usize) -> Result<bool> {
    let mut delivered = true;
    for _ in 0..count {
        let page = codex.request(ThreadLoadedListParams::default()).await?;
        delivered &= page.data.is_empty();
    }
    Ok(delivered)
}

async fn unread(server: Server<'_>, sizes: &Sizes) -> Result<Figures> {
    let expected = Expected::new(sizes);
    let codex = server.start().await?;
    let large = codex.thread_start().await?;
    let small = codex.thread_start().await?;
    let measure = Measure::begin();
    let before = latency(&small, sizes).await?;
    let stream = large.turn("deltas").await?.stream();
    // The server responds once it has written the deltas.
    codex.request(ThreadLoadedListParams::default()).await?;
    let beside = latency(&small, sizes).await?;
    let mut figures = measure.end();
    figures.latency = ratio(beside, before);
    let figures = figures.delivered(read(stream, expected.turn()).await?);
    codex.close().await?;
    Ok(figures)
}

async fn latency(thread: &Thread, sizes: &Sizes) -> Result<std::time::Duration> {
    let mut times = Vec::new();
    for _ in 0..sizes.get("small") {
        let began = Instant::now();
        thread.run("small").await?;
        times.push(began.elapsed());
    }
    Ok(median(times))
}

async fn small_turns(server: Server<'_>, sizes: &Sizes) -> Result<Figures> {
    let codex = server.start().await?;
    let thread = codex.thread_start().await?;
    // The first turn of a thread does more.
    thread.run("small").await?;
    let measure = Measure::begin();
    let mut delivered = true;
    for _ in 0..sizes.get("small") {
        let result = thread.run("small").await?;
        delivered &= result.final_response.is_some();
    }
    let figures = measure.end().delivered(delivered);
    codex.close().await?;
    Ok(figures)
}

async fn resume(server: Server<'_>, sizes: &Sizes) -> Result<Figures> {
    let codex = server.start().await?;
    let thread = codex.thread_start().await?;
    for _ in 0..sizes.get("history") {
        thread.run("large").await?;
    }
    let id = thread.id().to_owned();
    drop(thread);
    codex.close().await?;
    let codex = server.start().await?;
    let measure = Measure::begin();
    let request = codex.thread_resume(&id);
    let thread = match sizes.get("with_history") {
        1 => request.include_turns(true).await?,
        _ => request.await?,
    };
    let figures = measure.end().delivered(thread.id() == id);
    drop(thread);
    codex.close().await?;
    Ok(figures)
}
