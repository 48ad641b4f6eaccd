//! Writes the seeds of the fuzz targets, which `cargo xtask fuzz` runs, to a directory: recorded
//! messages, and values of the schema. Also writes a dictionary of the names in the schema.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use codex_tests::{
    decoding,
    recorded::recorded_lines,
    schema::{Choices, Order, Schema, bundle, text},
};
use serde_json::Value;

/// Maximum length of a seed, in bytes. Longer ones slow the targets down.
const MAX_SEED: usize = 8 * 1024;

/// The directories of recorded messages.
const RECORDINGS: [&str; 2] = ["recorded", "recorded-0.163.0"];

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).ok_or("usage: DIR")?;
    let directory = PathBuf::from(directory);
    let messages: Vec<_> = RECORDINGS
        .iter()
        .flat_map(|directory| recorded_lines(directory))
        .map(String::into_bytes)
        .collect();
    write(&directory.join("scanner"), &messages)?;
    write(&directory.join("envelope"), &messages)?;
    write(&directory.join("lines"), &streams(&messages))?;
    let recorded = RECORDINGS
        .iter()
        .flat_map(|directory| decoding::recorded(directory));
    let mut typed: Vec<_> = recorded
        .filter_map(|(name, json)| decoding::input(name, &json))
        .collect();
    typed.extend(values());
    write(&directory.join("messages"), &typed)?;
    for steps in ["connection", "queue"] {
        fs::create_dir_all(directory.join(steps))?;
    }
    fs::write(directory.join("dictionary"), dictionary())?;
    Ok(())
}

/// Writes each seed as a file.
fn write(directory: &Path, seeds: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let distinct: BTreeSet<_> = seeds.iter().filter(|seed| seed.len() <= MAX_SEED).collect();
    for (index, seed) in distinct.into_iter().enumerate() {
        fs::write(directory.join(format!("seed-{index:05}")), seed)?;
    }
    Ok(())
}

/// Returns inputs for the line reader: bytes that choose the limit and the chunks, and some lines.
fn streams(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let streams = messages.chunks(3).zip(0u8..=u8::MAX);
    let stream = |(lines, number): (&[Vec<u8>], u8)| {
        let ending: &[u8] = if number % 2 == 0 { b"\n" } else { b"\r\n" };
        [&[number, number / 8], lines.join(ending).as_slice(), ending].concat()
    };
    streams.map(stream).collect()
}

/// Returns values of each definition: the smallest one, and one with all optional members.
fn values() -> Vec<Vec<u8>> {
    let schema = Schema::pinned();
    let mut values = Vec::new();
    for name in schema.names() {
        for always in 0..3 {
            let mut choices = Choices::new(&[]).then(always);
            let value = schema.make(schema.definition(name), &mut choices);
            values.extend(decoding::input(name, &text(&value, Order::TagFirst)));
        }
    }
    values
}

/// Returns the names and words of the schema, in the format of libFuzzer.
fn dictionary() -> String {
    let mut words = BTreeSet::new();
    for schema in bundle("experimental").values() {
        collect(schema, &mut words);
    }
    let entry = |word: &String| format!("\"\\\"{word}\\\"\"\n");
    words.iter().map(entry).collect()
}

fn collect(schema: &Value, words: &mut BTreeSet<String>) {
    let is_plain = |word: &&str| {
        word.chars()
            .all(|char| char.is_ascii_alphanumeric() || "/_-".contains(char))
    };
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        let names = properties.keys().map(String::as_str);
                        words.extend(names.filter(is_plain).map(str::to_owned));
                    }
                    ("enum", Value::Array(values)) => {
                        let values = values.iter().filter_map(Value::as_str);
                        words.extend(values.filter(is_plain).map(str::to_owned));
                    }
                    _ => {}
                }
                collect(value, words);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, words)),
        _ => {}
    }
}
