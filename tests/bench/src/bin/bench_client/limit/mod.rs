//! The lower bound: a reader written by hand for exactly these messages, on one thread.
//!
//! It reads lines, decodes each message once with serde_json, into structs that own their text, and
//! does nothing else: no routing, no deadlines, no unknown values, no requests from the server.

mod messages;

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use codex_bench::{Figures, Measure, Sizes, Text};
use messages::{Envelope, Event, Loaded, Page, Request, ThreadParams, TurnParams};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Result, Work,
    check::{Expected, Turn, median, ratio},
};

/// Does the work.
pub(crate) fn run(work: Work, server: &Path, sizes: &Sizes) -> Result<Figures> {
    match work {
        Work::Turns => turns(server, sizes),
        Work::Requests => requests(server, sizes),
        Work::Unread => unread(server, sizes),
        Work::SmallTurns => small_turns(server, sizes),
        Work::Resume => resume(server, sizes),
    }
}

/// A server process and its pipes.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: Vec<u8>,
    /// Requests that are not written yet.
    unwritten: Vec<u8>,
    last_id: i64,
}

impl Server {
    fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("app-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut server = Self {
            child,
            input,
            output: BufReader::with_capacity(64 * 1024, output),
            line: Vec::new(),
            unwritten: Vec::new(),
            last_id: 0,
        };
        let _: serde_json::Value = server.call("initialize", &messages::INITIALIZE)?;
        server.input.write_all(b"{\"method\":\"initialized\"}\n")?;
        Ok(server)
    }

    /// Closes the input and waits until the process exits.
    fn close(self) -> Result<()> {
        let Self {
            mut child, input, ..
        } = self;
        drop(input);
        child.wait()?;
        Ok(())
    }

    /// Adds a request to those that are not written yet. Returns its id.
    fn enqueue<P: Serialize>(&mut self, method: &str, params: &P) -> Result<i64> {
        self.last_id += 1;
        let id = self.last_id;
        let request = Request { id, method, params };
        serde_json::to_writer(&mut self.unwritten, &request)?;
        self.unwritten.push(b'\n');
        Ok(id)
    }

    fn write(&mut self) -> Result<()> {
        self.input.write_all(&self.unwritten)?;
        self.unwritten.clear();
        Ok(())
    }

    /// Sends a request and waits for its result. Skips notifications.
    fn call<P: Serialize, R: DeserializeOwned>(&mut self, method: &str, params: &P) -> Result<R> {
        let id = self.enqueue(method, params)?;
        self.write()?;
        loop {
            let envelope = self.next()?;
            if envelope.id == Some(id) && envelope.method.is_none() {
                return envelope.result();
            }
        }
    }

    fn next(&mut self) -> Result<Envelope<'_>> {
        self.line.clear();
        if self.output.read_until(b'\n', &mut self.line)? == 0 {
            return Err("the server has ended".into());
        }
        Ok(serde_json::from_slice(&self.line)?)
    }

    fn event(&mut self) -> Result<Event> {
        self.next()?.event()
    }

    fn thread_start(&mut self) -> Result<String> {
        let started: Loaded = self.call("thread/start", &ThreadParams::default())?;
        Ok(started.thread.id)
    }

    fn turn_start(&mut self, thread_id: &str, text: &'static str) -> Result<()> {
        self.enqueue("turn/start", &TurnParams::new(thread_id, text))?;
        self.write()
    }

    /// Runs a turn and returns its last message.
    fn run(&mut self, thread_id: &str, text: &'static str) -> Result<Option<String>> {
        self.turn_start(thread_id, text)?;
        let mut last = None;
        loop {
            match self.event()? {
                Event::ItemCompleted(completed) => last = completed.item.text.or(last),
                Event::TurnCompleted(_) => return Ok(last),
                Event::Delta(_) | Event::Other => {}
            }
        }
    }
}

/// Finds the turn that an event belongs to. The fake server numbers the turns of a case.
fn turn_of<'a>(turns: &'a mut [Turn], turn_id: &str) -> Result<&'a mut Turn> {
    if let [turn] = turns {
        return Ok(turn);
    }
    let number = turn_id.rsplit('-').next().and_then(|it| it.parse().ok());
    let turn = number.and_then(|number: usize| turns.get_mut(number));
    turn.ok_or_else(|| format!("no turn `{turn_id}`").into())
}

fn turns(program: &Path, sizes: &Sizes) -> Result<Figures> {
    let expected = Expected::new(sizes);
    let mut server = Server::start(program)?;
    let threads: Result<Vec<_>> = (0..expected.turns).map(|_| server.thread_start()).collect();
    let threads = threads?;
    let measure = Measure::begin();
    for thread_id in &threads {
        server.enqueue("turn/start", &TurnParams::new(thread_id, "deltas"))?;
    }
    server.write()?;
    let mut turns: Vec<_> = threads.iter().map(|_| expected.turn()).collect();
    let mut running = turns.len();
    while running > 0 {
        match server.event()? {
            Event::Delta(delta) => turn_of(&mut turns, &delta.turn_id)?.delta(&delta.delta),
            Event::ItemCompleted(completed) => {
                let text = completed.item.text.unwrap_or_default();
                turn_of(&mut turns, &completed.turn_id)?.item(&text);
            }
            Event::TurnCompleted(_) => running -= 1,
            Event::Other => {}
        }
    }
    let delivered = turns.iter().all(Turn::is_complete);
    let figures = measure.end().delivered(delivered);
    server.close()?;
    Ok(figures)
}

fn requests(program: &Path, sizes: &Sizes) -> Result<Figures> {
    let (count, in_flight) = (sizes.get("requests"), sizes.get("in_flight").max(1));
    let mut server = Server::start(program)?;
    let measure = Measure::begin();
    let mut delivered = true;
    let (mut sent, mut received) = (0, 0);
    while received < count {
        // A response makes room for one request.
        while sent < count && sent - received < in_flight {
            server.enqueue("thread/loaded/list", &Page::default())?;
            server.write()?;
            sent += 1;
        }
        let envelope = server.next()?;
        if envelope.id.is_some() {
            let page: Page = envelope.result()?;
            delivered &= page.data.is_some_and(|data| data.is_empty());
            received += 1;
        }
    }
    let figures = measure.end().delivered(delivered);
    server.close()?;
    Ok(figures)
}

fn unread(program: &Path, sizes: &Sizes) -> Result<Figures> {
    let expected = Expected::new(sizes);
    let mut server = Server::start(program)?;
    let large = server.thread_start()?;
    let small = server.thread_start()?;
    let measure = Measure::begin();
    let before = latency(&mut server, &small, sizes)?;
    server.turn_start(&large, "deltas")?;
    let mut unread = String::new();
    loop {
        match server.event()? {
            Event::Delta(delta) => unread.push_str(&delta.delta),
            Event::TurnCompleted(_) => break,
            Event::ItemCompleted(_) | Event::Other => {}
        }
    }
    let beside = latency(&mut server, &small, sizes)?;
    let mut figures = measure.end();
    figures.latency = ratio(beside, before);
    let mut text = Text::default();
    text.add(&unread);
    server.close()?;
    Ok(figures.delivered(text.is_complete(expected.deltas())))
}

fn latency(server: &mut Server, thread_id: &str, sizes: &Sizes) -> Result<std::time::Duration> {
    let mut times = Vec::new();
    for _ in 0..sizes.get("small") {
        let began = Instant::now();
        server.run(thread_id, "small")?;
        times.push(began.elapsed());
    }
    Ok(median(times))
}

fn small_turns(program: &Path, sizes: &Sizes) -> Result<Figures> {
    let mut server = Server::start(program)?;
    let thread_id = server.thread_start()?;
    // The first turn of a thread does more.
    server.run(&thread_id, "small")?;
    let measure = Measure::begin();
    let mut delivered = true;
    for _ in 0..sizes.get("small") {
        delivered &= server.run(&thread_id, "small")?.is_some();
    }
    let figures = measure.end().delivered(delivered);
    server.close()?;
    Ok(figures)
}

fn resume(program: &Path, sizes: &Sizes) -> Result<Figures> {
    let mut server = Server::start(program)?;
    let thread_id = server.thread_start()?;
    for _ in 0..sizes.get("history") {
        server.run(&thread_id, "large")?;
    }
    server.close()?;
    let mut server = Server::start(program)?;
    let measure = Measure::begin();
    let params = ThreadParams {
        thread_id: Some(&thread_id),
        exclude_turns: Some(true),
    };
    let resumed: Loaded = server.call("thread/resume", &params)?;
    let figures = measure.end().delivered(resumed.thread.id == thread_id);
    server.close()?;
    Ok(figures)
}
