//! Measures the client, compared with a typed reader written by hand: the limit.
//!
//! A fake app-server sends prepared bytes as fast as the client takes them. Each reader runs in a
//! process of its own, which measures itself and checks that everything arrives complete and in
//! order. All readers of a case run one after the other, in each of several rounds, so that other
//! load on the machine affects all of them. `docs/performance.md` describes the method.

mod cases;
mod page;
mod plot;
mod programs;
mod report;
mod results;

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use crate::workspace;
use cases::{CASES, Case};
use programs::Programs;
use results::{Measured, Reader};

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
// A command has one group per name, and the arguments that this is part of are `Args` too.
#[group(id = "Client")]
pub(super) struct Args {
    /// Number of rounds; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Uses small sizes, for a check of the benchmark itself. The ratios mean nothing.
    #[arg(long)]
    quick: bool,
    /// The cases to run, separated by commas, such as `A,C`. By default, all.
    #[arg(long, value_delimiter = ',', value_name = "CASE")]
    cases: Vec<String>,
    /// Another build of `bench_client` to run in the same rounds, such as one of an earlier
    /// revision, as `NAME=PATH`. May be repeated.
    #[arg(long = "client", value_name = "NAME=PATH", value_parser = other_client)]
    clients: Vec<(String, PathBuf)>,
    /// Measures the async API on a runtime with one thread, too.
    #[arg(long)]
    current_thread: bool,
    /// Measures the async API with a recording and without the feature `tracing`, too. There is no
    /// subscriber for the spans.
    #[arg(long)]
    overheads: bool,
    /// Writes the results into `docs/performance.md`, and the plot beside it.
    #[arg(long)]
    write: bool,
}

fn other_client(argument: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = argument
        .split_once('=')
        .ok_or_else(|| format!("`{argument}` is not `NAME=PATH`"))?;
    Ok((name.to_owned(), path.into()))
}

/// Runs the chore.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let cases = selected(&args.cases)?;
    eprintln!("compiling the programs");
    let programs = Programs::build(args.overheads)?;
    let mut measured: Vec<_> = cases
        .into_iter()
        .map(|case| Measured {
            case,
            readers: readers(args, case, &programs)
                .into_iter()
                .map(|(name, goal, ..)| Reader {
                    name,
                    goal,
                    samples: Vec::new(),
                })
                .collect(),
        })
        .collect();
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        for it in &mut measured {
            let readers = readers(args, it.case, &programs);
            for (reader, (name, _, client, word)) in it.readers.iter_mut().zip(readers) {
                let client = client.unwrap_or_else(|| programs.path("bench_client"));
                let sample = programs
                    .run(it.case, args.quick, &client, word)
                    .with_context(|| format!("case {}, {name}", it.case.name))?;
                reader.samples.push(sample);
            }
        }
    }
    let results = report::markdown(&measured, args.quick);
    let directory = workspace::root()?.join("target/bench");
    page::write(&directory, &results, &plot::svg(&measured))?;
    print!("{results}");
    if args.write {
        ensure!(
            !args.quick,
            "a quick run does not measure anything to write"
        );
        page::update(&results, &plot::svg(&measured))?;
    }
    let lost: Vec<_> = measured
        .iter()
        .flat_map(|it| it.rows().into_iter().map(move |row| (it.case.name, row)))
        .filter(|(_, row)| !row.delivered)
        .map(|(case, row)| format!("{case}, {}", row.reader))
        .collect();
    ensure!(
        lost.is_empty(),
        "not delivered in order: {}",
        lost.join("; ")
    );
    Ok(())
}

/// Returns the cases with these names, or all.
fn selected(names: &[String]) -> anyhow::Result<Vec<&'static Case>> {
    if names.is_empty() {
        return Ok(CASES.iter().collect());
    }
    let find = |name: &String| {
        let found = CASES.iter().find(|it| it.name.eq_ignore_ascii_case(name));
        if found.is_none() {
            let known: Vec<_> = CASES.iter().map(|it| it.name).collect();
            bail!("no case `{name}`; the cases are {}", known.join(", "));
        }
        Ok(found)
    };
    let found: anyhow::Result<Vec<_>> = names.iter().map(find).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The name of a reader, its goal, its program unless it is our own, and its name on the command
/// line.
type Run = (String, Option<cases::Goal>, Option<PathBuf>, &'static str);

/// Returns the readers of a case; the first is the limit.
fn readers(args: &Args, case: &Case, programs: &Programs) -> Vec<Run> {
    let [async_goal, blocking_goal] = case.goals.map(Some);
    let mut readers: Vec<Run> = vec![
        ("limit".to_owned(), None, None, "limit"),
        ("async".to_owned(), async_goal, None, "async"),
        ("blocking".to_owned(), blocking_goal, None, "blocking"),
    ];
    if args.current_thread {
        let name = "async, one thread".to_owned();
        readers.push((name, None, None, "async-current-thread"));
    }
    if let Some(client) = programs.without_tracing() {
        let name = "async, recording".to_owned();
        readers.push((name, None, None, "async-recording"));
        let name = "async, without tracing".to_owned();
        readers.push((name, None, Some(client), "async"));
    }
    for (name, path) in &args.clients {
        for word in ["async", "blocking"] {
            readers.push((format!("{name} {word}"), None, Some(path.clone()), word));
        }
    }
    readers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_selected_by_name() {
        let names = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
            let cases = selected(&words)?;
            anyhow::Ok(cases.into_iter().map(|it| it.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["c", "A-line"]).unwrap(), ["C", "A-line"]);
        assert_eq!(names(&[]).unwrap().len(), CASES.len());
        let error = names(&["Z"]).unwrap_err().to_string();
        assert!(
            error.contains("no case `Z`; the cases are A, A-line"),
            "{error}"
        );
    }
}
