//! The fake app-server of `cargo xtask bench`.
//!
//! It copies prepared bytes and uses no JSON library, so that it is faster than every client that
//! it measures. The environment variable `BENCH_SIZES` has the sizes of the case:
//!
//! | size | meaning |
//! |---|---|
//! | `small` | number of turns that come first, with a few deltas each |
//! | `turns` | number of turns that run at the same time; they begin once all are started |
//! | `deltas` | number of deltas of each of these turns |
//! | `items` | number of items of each of these turns |
//! | `item` | length of the text of an item, in bytes |
//! | `line` | 1 to write each message by itself, 0 to write blocks of 64 KiB |
//!
//! Any later turn is small. The items come after the deltas. Every other request gets an empty page
//! as its response.

mod messages;
mod output;

use std::io::{self, BufRead, BufReader, Write};

use codex_bench::{PIECE, PIECES, Sizes, large_text, period};
use messages::{Request, Turn};
use output::Output;

/// Number of deltas of a small turn.
const SMALL: usize = 10;

fn main() -> io::Result<()> {
    let mut server = Server::new(Sizes::from_env()?);
    let mut input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
    let mut output = Output::new(io::stdout().lock(), server.sizes.get("line") == 1);
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if let Some(request) = Request::parse(&line) {
            server.respond(&request, &mut output)?;
        }
        // The responses to requests that arrived together leave together.
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
}

struct Server {
    sizes: Sizes,
    period: String,
    large_text: String,
    threads: usize,
    turns: usize,
    /// The turns that wait until all of their case are started.
    waiting: Vec<Turn>,
}

impl Server {
    fn new(sizes: Sizes) -> Self {
        Self {
            period: period(),
            large_text: large_text(sizes.get("item")).replace('\n', "\\n"),
            sizes,
            threads: 0,
            turns: 0,
            waiting: Vec::new(),
        }
    }

    fn respond(
        &mut self,
        request: &Request<'_>,
        output: &mut Output<impl Write>,
    ) -> io::Result<()> {
        let id = request.id;
        match request.method {
            "initialize" => output.message(&messages::initialized(id)),
            "thread/start" => {
                self.threads += 1;
                output.message(&messages::thread_started(id, self.threads))
            }
            "turn/start" => {
                let turn = Turn::new(request.thread_id(), self.turns);
                self.turns += 1;
                output.message(&turn.response(id))?;
                let at_once = self.sizes.get("turns");
                let concurrent = self.sizes.get("small")..self.sizes.get("small") + at_once;
                if !concurrent.contains(&(self.turns - 1)) {
                    return self.stream(&[turn], SMALL, 0, output);
                }
                self.waiting.push(turn);
                if self.waiting.len() < at_once {
                    return Ok(());
                }
                let turns = std::mem::take(&mut self.waiting);
                let (deltas, items) = (self.sizes.get("deltas"), self.sizes.get("items"));
                self.stream(&turns, deltas, items, output)
            }
            _ => output.message(&messages::empty_page(id)),
        }
    }

    /// Streams turns, one delta of each at a time.
    fn stream(
        &self,
        turns: &[Turn],
        deltas: usize,
        items: usize,
        output: &mut Output<impl Write>,
    ) -> io::Result<()> {
        for turn in turns {
            output.message(&turn.started())?;
            output.message(&turn.item_started())?;
        }
        let prefixes: Vec<String> = turns.iter().map(Turn::delta_prefix).collect();
        for number in 0..deltas {
            let start = number % PIECES * PIECE;
            let piece = &self.period.as_bytes()[start..start + PIECE];
            for prefix in &prefixes {
                output.parts([prefix.as_bytes(), piece, messages::DELTA_SUFFIX.as_bytes()])?;
            }
        }
        for number in 0..items {
            for turn in turns {
                output.message(&turn.item_completed(number, &self.large_text))?;
            }
        }
        for turn in turns {
            output.message(&turn.item_completed(items, "done"))?;
            output.message(&turn.completed())?;
        }
        Ok(())
    }
}
