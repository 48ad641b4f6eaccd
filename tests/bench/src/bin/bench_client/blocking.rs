//! The blocking API.

use std::{path::Path, thread, time::Instant};

use codex_bench::{Figures, Measure, Sizes};
use codex_client::blocking::{Codex, Thread, TurnStream};
use codex_types::ThreadLoadedListParams;

use crate::{
    Result, Work,
    check::{Expected, Turn, median, ratio},
};

/// Does the work. Waits for each stream on a thread of its own.
pub(crate) fn run(work: Work, server: &Path, sizes: &Sizes) -> Result<Figures> {
    match work {
        Work::Turns => turns(server, sizes),
        Work::Requests => requests(server, sizes),
        Work::Unread => unread(server, sizes),
        Work::SmallTurns => small_turns(server, sizes),
        Work::Resume => resume(server, sizes),
    }
}

fn start(server: &Path) -> Result<Codex> {
    let builder = Codex::builder().binary(server).no_request_timeout();
    Ok(builder.start()?)
}

/// Calls functions on threads of their own, and returns whether all of them returned true.
fn concurrently<F>(functions: Vec<F>) -> Result<bool>
where
    F: FnOnce() -> Result<bool> + Send + 'static,
{
    let threads: Vec<_> = functions.into_iter().map(thread::spawn).collect();
    let mut delivered = true;
    for thread in threads {
        delivered &= thread.join().map_err(|_| "a thread panicked")??;
    }
    Ok(delivered)
}

fn turns(server: &Path, sizes: &Sizes) -> Result<Figures> {
    let expected = Expected::new(sizes);
    let codex = start(server)?;
    let mut threads = Vec::new();
    for _ in 0..expected.turns {
        threads.push(codex.thread_start().send()?);
    }
    let measure = Measure::begin();
    let delivered = if let [thread] = &threads[..] {
        turn(thread, expected.turn())?
    } else {
        let turns = threads.into_iter().map(|thread| {
            let check = expected.turn();
            move || turn(&thread, check)
        });
        concurrently(turns.collect())?
    };
    let figures = measure.end().delivered(delivered);
    codex.close()?;
    Ok(figures)
}

fn turn(thread: &Thread, check: Turn) -> Result<bool> {
    let stream = thread.turn("deltas").send()?.stream().events_only();
    read(stream, check)
}

fn read(stream: TurnStream, mut check: Turn) -> Result<bool> {
    for event in stream {
        check.event(&event?);
    }
    Ok(check.is_complete())
}

fn requests(server: &Path, sizes: &Sizes) -> Result<Figures> {
    let (count, in_flight) = (sizes.get("requests"), sizes.get("in_flight"));
    let codex = start(server)?;
    let measure = Measure::begin();
    let delivered = if in_flight <= 1 {
        sequence(&codex, count)?
    } else {
        let sequences = (0..in_flight).map(|number| {
            let codex = codex.clone();
            let share = count / in_flight + usize::from(number < count % in_flight);
            move || sequence(&codex, share)
        });
        concurrently(sequences.collect())?
    };
    let figures = measure.end().delivered(delivered);
    codex.close()?;
    Ok(figures)
}

fn sequence(codex: &Codex, count: usize) -> Result<bool> {
    let mut delivered = true;
    for _ in 0..count {
        let page = codex.request(ThreadLoadedListParams::default()).send()?;
        delivered &= page.data.is_empty();
    }
    Ok(delivered)
}

fn unread(server: &Path, sizes: &Sizes) -> Result<Figures> {
    let expected = Expected::new(sizes);
    let codex = start(server)?;
    let large = codex.thread_start().send()?;
    let small = codex.thread_start().send()?;
    let measure = Measure::begin();
    let before = latency(&small, sizes)?;
    let stream = large.turn("deltas").send()?.stream();
    // The server responds once it has written the deltas.
    codex.request(ThreadLoadedListParams::default()).send()?;
    let beside = latency(&small, sizes)?;
    let mut figures = measure.end();
    figures.latency = ratio(beside, before);
    let figures = figures.delivered(read(stream, expected.turn())?);
    codex.close()?;
    Ok(figures)
}

fn latency(thread: &Thread, sizes: &Sizes) -> Result<std::time::Duration> {
    let mut times = Vec::new();
    for _ in 0..sizes.get("small") {
        let began = Instant::now();
        thread.run("small").send()?;
        times.push(began.elapsed());
    }
    Ok(median(times))
}

fn small_turns(server: &Path, sizes: &Sizes) -> Result<Figures> {
    let codex = start(server)?;
    let thread = codex.thread_start().send()?;
    // The first turn of a thread does more.
    thread.run("small").send()?;
    let measure = Measure::begin();
    let mut delivered = true;
    for _ in 0..sizes.get("small") {
        let result = thread.run("small").send()?;
        delivered &= result.final_response.is_some();
    }
    let figures = measure.end().delivered(delivered);
    codex.close()?;
    Ok(figures)
}

fn resume(server: &Path, sizes: &Sizes) -> Result<Figures> {
    let codex = start(server)?;
    let thread = codex.thread_start().send()?;
    for _ in 0..sizes.get("history") {
        thread.run("large").send()?;
    }
    let id = thread.id().to_owned();
    drop(thread);
    codex.close()?;
    let codex = start(server)?;
    let measure = Measure::begin();
    let request = codex.thread_resume(&id);
    let thread = match sizes.get("with_history") {
        1 => request.include_turns(true).send()?,
        _ => request.send()?,
    };
    let figures = measure.end().delivered(thread.id() == id);
    drop(thread);
    codex.close()?;
    Ok(figures)
}
