//! The properties on recorded messages, on random mutations of them, and on what fuzzing has found.
//!
//! `FUZZ_SEED=7` makes different mutations.

use std::{env, fs, path::PathBuf};

use super::{connection, envelope, lines, queue, scanner};

/// Number of mutations of each seed.
const MUTATIONS: usize = 4;

/// Number of random scripts.
const SCRIPTS: usize = 1500;

/// Bytes with a meaning in JSON or in lines.
const SPECIAL: &[u8] = b"\"\\{}[]:,0-+.eEutfn \t\r\n\0\x1b\x7f\xff\xc3\xa9";

/// A generator of pseudo-random numbers (xorshift).
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = env::var("FUZZ_SEED").ok();
        let seed = seed.and_then(|seed| seed.parse::<u64>().ok());
        Self(seed.unwrap_or(169).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap();
        usize::try_from(self.next() % limit).unwrap()
    }

    /// Changes some bytes.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            let end = (at + 1 + self.below(8)).min(bytes.len());
            let special = SPECIAL[self.below(SPECIAL.len())];
            match self.below(6) {
                0 => bytes.insert(at, special),
                1 if at < bytes.len() => bytes[at] = special,
                2 => drop(bytes.drain(at..end)),
                3 => bytes.extend_from_within(at..end),
                4 if self.below(4) == 0 => bytes.truncate(at),
                _ => {
                    let copied = bytes[at..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, copied);
                }
            }
        }
        bytes
    }
}

/// Returns the recorded messages, each as its text.
fn recorded() -> Vec<Vec<u8>> {
    let crate_directory = env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let fixtures = PathBuf::from(crate_directory).join("../../tests/fixtures");
    let mut messages = Vec::new();
    for directory in ["recorded", "recorded-0.163.0"] {
        let mut files: Vec<_> = fs::read_dir(fixtures.join(directory))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            for line in fs::read_to_string(file).unwrap().lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                messages.push(line["msg"].to_string().into_bytes());
            }
        }
    }
    assert!(messages.len() > 2_000, "{} messages", messages.len());
    messages
}

/// Calls a property with each recorded message and with mutations of it.
fn on_recorded_messages(property: fn(&[u8])) {
    let mut random = Random::new();
    for message in recorded() {
        property(&message);
        for _ in 0..MUTATIONS {
            property(&random.mutate(&message));
        }
    }
}

#[test]
fn the_scanner_agrees_with_serde_json_on_mutated_messages() {
    on_recorded_messages(scanner);
}

#[test]
fn the_envelope_agrees_with_serde_json_on_mutated_messages() {
    on_recorded_messages(envelope);
}

#[test]
fn lines_do_not_depend_on_how_the_bytes_are_received() {
    let mut random = Random::new();
    let messages = recorded();
    for _ in 0..2_000 {
        let mut bytes = vec![random.below(256) as u8, random.below(256) as u8];
        for _ in 0..random.below(5) {
            bytes.extend(&messages[random.below(messages.len())]);
            bytes.extend([&b"\n"[..], b"\r\n", b"\n\n"][random.below(3)]);
        }
        lines(&random.mutate(&bytes));
    }
}

#[test]
fn every_random_script_of_a_server_ends_in_a_defined_way() {
    let mut random = Random::new();
    for _ in 0..SCRIPTS {
        let length = 4 + random.below(200);
        let script: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        connection(&script);
    }
}

/// After this script, a call did not end: two responses named the same turn while a turn of another
/// client was running.
#[test]
fn a_script_found_by_fuzzing_ends_in_a_defined_way() {
    connection(b"\0\x1e=% \0\0\0%t\0\x89>\0\0\0%t\0\x89\0\0\xffP\x01\0\x01\na");
}

/// In these scripts, a turn is stopped or dropped, in the words of the steps.
#[test]
fn a_turn_that_a_script_stops_or_drops_is_interrupted() {
    // A well-behaved server, no handlers, and the default limit of requests.
    const CONNECT: [u8; 3] = [0, 0, 2];
    const SETTLE: [u8; 1] = [0];
    const RUN_GUARDED: [u8; 3] = [4, 0, 20];
    const RUN_UNTIL_ONE_SECOND: [u8; 4] = [4, 0, 21, 1];
    const TURN_GUARDED: [u8; 3] = [4, 0, 22];
    const RESPOND: [u8; 4] = [7, 0, 0, 1];
    const TURN_STARTED: [u8; 4] = [7, 6, 0, 0];
    const DROP_HANDLE: [u8; 5] = [4, 0, 24, 0, 4];
    const ABORT_CALL: [u8; 4] = [4, 0, 6, 0];
    const SLEEP_TWO_SECONDS: [u8; 2] = [3, 1];
    for steps in [
        [&TURN_GUARDED[..], &RESPOND, &TURN_STARTED, &DROP_HANDLE],
        // The turn begins after the drop.
        [&TURN_GUARDED, &RESPOND, &DROP_HANDLE, &TURN_STARTED],
        [&RUN_GUARDED, &RESPOND, &TURN_STARTED, &ABORT_CALL],
        [&RUN_GUARDED, &RESPOND, &ABORT_CALL, &TURN_STARTED],
        // The response arrives after the drop.
        [&RUN_GUARDED, &ABORT_CALL, &RESPOND, &TURN_STARTED],
        [
            &RUN_UNTIL_ONE_SECOND,
            &RESPOND,
            &TURN_STARTED,
            &SLEEP_TWO_SECONDS,
        ],
        [
            &RUN_UNTIL_ONE_SECOND,
            &SLEEP_TWO_SECONDS,
            &RESPOND,
            &TURN_STARTED,
        ],
    ] {
        let steps = steps.map(|step| [step, &SETTLE].concat()).concat();
        connection(&[&CONNECT[..], &steps].concat());
    }
}

/// In this script, a turn that has ended completes the message of an input that has a turn of its
/// own, which joined the ended turn.
#[test]
fn a_script_with_a_late_message_ends_in_a_defined_way() {
    connection(
        b"\xcd#\xcd\xd4\x01\x00\x00\x19#\xcdn\x03\x09\x03\x03\xe5)\xe5\x92np4\x03\x03\xe5\
          \xe5\x03+p,\xbe,\x00\x19#\xd8\xcd\xcd\xd4\xcd\x01\x00\x19#\xcd\xcd1\xd4\xcd\xcd1\
          \xd4\x1b\xd8\xcd\xcd",
    );
}

/// In this script, a call is dropped before its response, which names a turn that another dropped
/// call has started and that has begun.
#[test]
fn a_turn_that_begins_before_the_response_to_its_dropped_call_is_interrupted() {
    connection(
        b"\0\xff\x01\xfc\0;D+DDDDD\xe7D\0\x1d\0i)$+\x01d\x05$+dd\xd8\xd8\xd8\xd8\xd8\
          \0\xf4\0\0\0i\0\0D+D=DD\0\x1d\0i)\0\xf4\0\0\0i",
    );
}

/// In this script, a single request may be in flight, the server stops responding, and the request
/// that interrupts a turn is the last one in the queue.
#[test]
fn a_turn_whose_interrupt_waits_in_the_queue_is_interrupted() {
    connection(
        b"\0\0\x15\x10\x15\xff\x15\x15\x15\x15\x15\xe6\x15\x15\x15J\0\x10:\0\0\x15\x11\
          \x15\xe6\x15\x15\0\0\x85\x85\x85\x85\x85\x85\0\x15\x10\x15\xe6\x15\x01=\x15\
          \x15J\0\x10J\0\x852\0\x10:\xff\xff\xff\xff\xff\0\0\x15\x10\x15\xff\x15\x15\x15\
          \x15\x15\xe6\x15\x15\x15J\0\x10:\0\0\x15\x11\x15\xe6\x15\x15\0\0\x85\x85\x85\
          \x85\x85\x85\0\x15\x11\x15\xe6\xff\xff\x03\0&\x85\x10:\0&\x85\x10\x85\x85\x85\
          \x85\x10:\0\0\0}\x0e?\x10:\0\0\x85\0\x85:J\x007J\0\x10J\0\x85:\0\x10:\0&\x85\x10\
          :\0&\x85\x10\x10:\0\0\x85\0\x85:J",
    );
}

/// In this script, responses name a turn again that has ended, and an earlier call with the same
/// turn has joined the turn whose end follows.
#[test]
fn a_turn_that_is_named_again_does_not_end_with_its_earlier_call() {
    connection(
        b"\0\0\0\x05\0\0\0\xd7\0\0\0m\0\0\x08\0\x05\0\0\0\xcb\0\0\x01\x96\0\xbd\0m\0\0\
          \x08\0\xbd\x05\0\0\0\x08\0\0\x05\0\xcb\0\xfe\xd7\0\x08\0\xbd\0\0\0e\0n\0\xcb",
    );
}

/// In this script, the client unsubscribes from a thread twice, and a turn begins in between.
#[test]
fn a_turn_of_an_unsubscribed_thread_is_interrupted_when_it_is_dropped() {
    connection(
        b"\0\0\x02\xa4\0\0\xa4\0\0\xa4\0\xa4\xa4\0\0\xa4\0\xa4\xa4\0\0E\0\0E\0p\0h\0\x02\
          5\x01\0\xac\0a\0\xb76\0\0\0m\0et\0t\x001",
    );
}

/// In this script, a stopped call has joined a turn that is over, its own turn begins, and the call
/// is dropped.
#[test]
fn a_turn_that_begins_before_its_call_is_dropped_and_has_joined_another_one_is_interrupted() {
    connection(b"\0\0\0\xf4\0\0v\0Q\xf4\0\xff\0\0\0\0\xff\0\0\xce\x0c\0\0\xfc\0\xe3\xf4\0\x9fi");
}

/// In this script, a goal begins, and the message of a turn that has ended arrives late, with the
/// content of a later input.
#[test]
fn a_late_message_in_a_thread_with_a_goal_ends_in_a_defined_way() {
    connection(
        b"\0\0\0\x94\0\0e\x7f\0\0m\0\0\0\0\xd7\0\0\0\x94\0\xbd\x05\0\0\0n\0\0e\0\xcb\0\0m\0\
          \x94\x08\0\x05\0\0\0\xfen\0m\0\xd7\0\0\x96e\x05\0\0n\0\0\x05\0\0\0\xfen\0m\0\xd7\0\0\
          \xfe\0\xfe\0\0\x7f\x05\0\0\0\xfen\0m\0\xd7\0\0\xfe\x05\0\0\0n\0\0e\x94\0\xbd\x05\0\0\
          \0\xd7\0\0\x96\x08\0\xd7\x05",
    );
}

#[test]
fn a_queue_of_events_returns_what_a_list_would() {
    let mut random = Random::new();
    for round in 0..60 {
        // Long enough for deltas to be merged, and with more or fewer removals.
        let length = if round % 10 == 0 { 12_000 } else { 400 };
        let removals = round % 4;
        let steps = (0..length).map(|_| {
            let step = random.next() as u8;
            match random.below(4) < removals {
                true => step & 0xf8,
                false => step | 4,
            }
        });
        queue(&steps.collect::<Vec<_>>());
    }
}

/// Inputs that violated a property of the scanner or the envelope.
#[test]
fn messages_found_by_fuzzing_are_read_as_serde_json_reads_them() {
    for message in [
        // Was rewritten again and again, because its method needs the escape.
        r#"{"method":"a\"b"}"#,
        // A malformed escape in a key or an id spoiled the whole message.
        r#"{"id":33,"r\esult":{}}"#,
        r#"{"method":"x","params":{"threadId":"\ud800","turnId":"u"}}"#,
        // JSON has no plus sign, no leading zero, and no negative integer zero.
        r#"{"id":+1,"result":{}}"#,
        r#"{"id":007,"result":{}}"#,
        r#"{"id":-0,"result":{}}"#,
        // The order of the members decided which id counted.
        r#"{"method":"x","params":{"turn":{"id":"u"},"turnId":null}}"#,
        r#"{"method":"x","params":{"threadId":"t"},"params":3}"#,
        // A delta with the index of another kind of delta passed for a plain one.
        r#"{"method":"item/reasoning/textDelta","params":{"threadId":"t","turnId":"u","itemId":"i","summaryIndex":1,"delta":"x"}}"#,
    ] {
        scanner(message.as_bytes());
        envelope(message.as_bytes());
    }
}

/// Inputs that violated a property of the line reader.
#[test]
fn lines_found_by_fuzzing_are_returned_in_the_same_way_for_all_chunks() {
    for bytes in [
        // The prefix of a line over the limit was as long as the first chunk.
        &b"\x02\x01123456789\nok\n"[..],
        // The end of a line over the limit passed for the last line.
        b"\x02\x00123456789{}",
    ] {
        lines(bytes);
    }
}

#[test]
fn the_scanner_is_linear_and_does_not_recurse() {
    const COUNT: usize = 100_000;
    let members = |separator: &str| {
        let member = |index: usize| format!("\"k{index}\":{index}");
        let members: Vec<_> = (0..COUNT / 10).map(member).collect();
        members.join(separator)
    };
    for (shape, text) in [
        (
            "arrays",
            format!(r#"{{"a":{}{}}}"#, "[".repeat(COUNT), "]".repeat(COUNT)),
        ),
        ("unclosed arrays", format!(r#"{{"a":{}"#, "[".repeat(COUNT))),
        (
            "objects",
            format!("{}1{}", r#"{"a":"#.repeat(COUNT), "}".repeat(COUNT)),
        ),
        ("escapes", format!(r#"{{"a":"{}"}}"#, r#"\""#.repeat(COUNT))),
        (
            "surrogates",
            format!(r#"{{"a":"{}"}}"#, r"\ud83d".repeat(COUNT)),
        ),
        (
            "an escaped key",
            format!(r#"{{"{}":1}}"#, r"\n".repeat(COUNT)),
        ),
        (
            "strings",
            format!(r#"{{"a":[{}1]}}"#, r#""","#.repeat(COUNT)),
        ),
        ("members", format!("{{{}}}", members(","))),
        ("spaced members", format!("{{{}}}", members(" , "))),
        ("spaces", format!("{{{}}}", " ".repeat(COUNT))),
        ("digits", format!(r#"{{"id":{}}}"#, "7".repeat(COUNT))),
        ("letters", format!(r#"{{"id":{}}}"#, "x".repeat(COUNT))),
    ] {
        println!("{shape}");
        scanner(text.as_bytes());
        envelope(text.as_bytes());
        let params = format!(r#"{{"method":"turn/completed","params":{text}}}"#);
        scanner(params.as_bytes());
        envelope(params.as_bytes());
    }
}
