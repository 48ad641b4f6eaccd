//! Every fault of a server, at every step of a client, with both clients and every way out.
//!
//! Each cell must come to a defined end in time, leave no process behind, and no task if it uses
//! the async API, and let the next client work. After the cells of a fault, no blocking client has
//! left a task, and the process has as many threads and descriptors as before. `cargo test -p
//! codex-tests --test fault_matrix -- --nocapture` prints the numbers and the table of
//! `docs/reliability.md`.

// Helpers panic on behalf of the tests, but clippy exempts only the test functions themselves.
#![expect(clippy::unwrap_used)]

mod asynchronous;
mod blocking;
mod faults;
mod resources;
mod steps;
mod table;

use std::{
    collections::BTreeSet,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use codex_client::{Error, blocking::Codex};
use codex_testing::FakeAppServer;

use self::{faults::FAULTS, resources::Resources, steps::Step, table::Table};

/// The timeout of requests, turns and commands in a cell.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The time in which a cell has to end. Some cells wait for several timeouts, and the machine may
/// be busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// The number of cells that run at once. Most of them wait for a timeout.
const PARALLEL: usize = 24;

/// The maximum length of a message, which the fault of an oversized message exceeds.
const MAX_MESSAGE: usize = 100_000;

/// How the program leaves a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WayOut {
    Close,
    Drop,
    /// The runtime ends while the step is pending.
    RuntimeEnds,
}

/// The API that a cell uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Async,
    Blocking,
}

#[derive(Clone, Copy)]
struct Cell {
    /// The index of the fault in [`FAULTS`].
    fault: usize,
    step: Step,
    face: Face,
    way_out: WayOut,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fault, step) = (FAULTS[self.fault].name, self.step.name());
        write!(f, "{fault}, {step}, {:?}, {:?}", self.face, self.way_out)
    }
}

/// The cells of a step and a fault. The blocking API has no runtime that a program could end.
const WAYS: [(Face, WayOut); 5] = [
    (Face::Async, WayOut::Close),
    (Face::Async, WayOut::Drop),
    (Face::Async, WayOut::RuntimeEnds),
    (Face::Blocking, WayOut::Close),
    (Face::Blocking, WayOut::Drop),
];

/// Returns the cells of a fault.
fn cells(fault: usize) -> Vec<Cell> {
    let steps = Step::ALL.into_iter();
    let cells = steps.flat_map(|step| {
        WAYS.map(|(face, way_out)| Cell {
            fault,
            step,
            face,
            way_out,
        })
    });
    cells.collect()
}

/// Returns the program that stands in for `codex`.
fn fake_codex() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_fake_codex"))
}

/// The end of a step.
type End = Result<(), Error>;

impl Cell {
    /// Runs the cell. Returns the end of the step, unless the runtime ended before.
    fn run(self) -> Option<End> {
        let start = Instant::now();
        let server = FakeAppServer::start_with_timeout(DEADLINE).unwrap();
        self.step.script(&server, FAULTS[self.fault].fault());
        let end = match self.face {
            Face::Async => asynchronous::run(self, &server),
            Face::Blocking => Some(blocking::run(self, &server)),
        };
        server.blocking_processes_ended().unwrap();
        let elapsed = start.elapsed();
        assert!(elapsed < DEADLINE, "the cell took {elapsed:?}");
        next_client_works();
        end
    }
}

fn next_client_works() {
    let server = FakeAppServer::start_with_timeout(DEADLINE).unwrap();
    server.push_turn("Hello!");
    let builder = Codex::builder().binary(fake_codex());
    let codex = builder.envs(server.envs().unwrap()).start().unwrap();
    let thread = codex.thread_start().send().unwrap();
    let result = thread.run("hi").send().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Hello!"));
    codex.close().unwrap();
    server.blocking_processes_ended().unwrap();
}

/// The outcome of a cell.
enum Outcome {
    /// The step came to this end.
    End(&'static str),
    /// The runtime ended before the step.
    Cut,
    /// The panic message has been printed.
    Failed,
}

impl Outcome {
    fn of(cell: &Cell) -> Self {
        let run = || cell.run().map(|end| table::name(&end));
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Some(end)) => Self::End(end),
            Ok(None) => Self::Cut,
            Err(_) => Self::Failed,
        }
    }
}

/// Runs cells in parallel. Returns their outcomes, in any order.
fn run_all(cells: &[Cell]) -> Vec<(Cell, Outcome)> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = Outcome::of(cell);
                    outcomes.lock().unwrap().push((*cell, outcome));
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}

/// Runs the cells of a fault and adds their ends to the table. Returns those that failed.
///
/// While cells run in parallel, one may exceed a timeout only because the machine is busy. A cell
/// with an end that is not documented therefore runs once more, alone, and that end counts.
fn run_fault(fault: usize, documented: &Table, table: &mut Table) -> Vec<String> {
    let mut failed = Vec::new();
    for (cell, mut outcome) in run_all(&cells(fault)) {
        if let Outcome::End(end) = outcome
            && !documented.has(&cell, end)
        {
            println!("{cell}: {end} is not documented; runs once more");
            outcome = Outcome::of(&cell);
        }
        match outcome {
            Outcome::End(end) => table.add(&cell, end),
            Outcome::Cut => {}
            Outcome::Failed => failed.push(cell.to_string()),
        }
    }
    failed
}

#[test]
fn every_fault_at_every_step_has_a_defined_end_and_leaves_nothing_behind() {
    let start = Instant::now();
    let (documented, mut table) = (Table::documented(), Table::default());
    let (mut failed, mut before) = (Vec::new(), None);
    let worker = resources::worker();
    for (fault, named) in FAULTS.iter().enumerate() {
        failed.extend(run_fault(fault, &documented, &mut table));
        // The first fault starts the threads that the client and its handlers keep.
        before
            .get_or_insert_with(|| Resources::count(&worker))
            .assert_no_more(&worker, named.name);
    }
    println!("{table}");
    let cells = FAULTS.len() * Step::ALL.len() * WAYS.len();
    let (held, elapsed) = (cells - failed.len(), start.elapsed().as_secs());
    println!("fault matrix: {cells} cells tried, {held} held, in {elapsed} s");
    assert_eq!(failed, [""; 0], "cells that failed");
    table.write_or_compare(&documented);
}

#[test]
fn every_fault_and_step_has_a_name_of_its_own() {
    let faults: BTreeSet<_> = FAULTS.iter().map(|fault| fault.name).collect();
    let steps: BTreeSet<_> = Step::ALL.map(Step::name).into();
    assert_eq!((faults.len(), steps.len()), (FAULTS.len(), Step::ALL.len()));
}
