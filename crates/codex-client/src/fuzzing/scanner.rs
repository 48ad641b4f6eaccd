//! The scanner against serde_json.

use crate::{
    fuzzing::json::{Members, is_json, members},
    rpc::scanner::Scanner,
};

/// Maximum number of times that the scanner looks at each byte.
const MAX_LOOKS: usize = 6;

/// The scanner accepts every object that serde_json accepts, finds the same members, and reads the
/// same strings and integers. It accepts nothing else, apart from faults within keys and values. It
/// looks at each byte a limited number of times.
pub fn scanner(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let scanned = scan(text);
    match (members(text), &scanned) {
        (Some(expected), Some(scanned)) => {
            assert_eq!(scanned, &expected);
            for (_, range) in expected {
                value(&text[range]);
            }
        }
        (Some(expected), None) => panic!("{text:?} is not accepted: {expected:?}"),
        (None, Some(scanned)) => assert!(
            is_lenient(text, scanned),
            "{text:?} is accepted: {scanned:?}"
        ),
        (None, None) => {}
    }
}

/// Returns the members of an object according to the scanner.
fn scan(text: &str) -> Option<Members> {
    let mut scan = Scanner::new(text);
    let mut members = Vec::new();
    let complete = scan.object(|scan, key| {
        let key = key.to_owned();
        members.push((key, scan.skip()?));
        Some(())
    });
    scan.space();
    assert_linear(&scan, text);
    (complete.is_some() && scan.position() == text.len()).then_some(members)
}

/// Reads a value that serde_json accepts by each method of the scanner.
fn value(json: &str) {
    let whole = Some(0..json.len());
    assert_eq!(run(json, Scanner::skip), whole, "{json:?}");
    let integer = serde_json::from_str::<i64>(json).ok();
    assert_eq!(run(json, Scanner::integer), Some(integer), "{json:?}");
    // `None` if the string has an escape for half of a surrogate pair, which is not text.
    let string = serde_json::from_str::<String>(json).ok();
    if json.starts_with('"') {
        let read =
            |scan: &mut Scanner<'_>| scan.optional_string().map(|read| read.map(String::from));
        assert_eq!(run(json, read).flatten(), string, "{json:?}");
        let range = run(json, Scanner::string_range).map(|(range, _)| range);
        assert_eq!(range, Some(1..json.len() - 1), "{json:?}");
    } else {
        assert_eq!(run(json, Scanner::optional_string), Some(None), "{json:?}");
        let range = run(json, Scanner::string_or_range);
        assert_eq!(range, Some(Err(0..json.len())), "{json:?}");
    }
}

/// Calls a method of a scanner.
fn run<'a, T>(text: &'a str, method: impl Fn(&mut Scanner<'a>) -> T) -> T {
    let mut scan = Scanner::new(text);
    let result = method(&mut scan);
    assert_linear(&scan, text);
    result
}

fn assert_linear(scan: &Scanner<'_>, text: &str) {
    let most = MAX_LOOKS * (text.len() + 1);
    assert!(scan.steps() <= most, "{} > {most}: {text:?}", scan.steps());
}

/// Whether a text that is not JSON may be accepted: its keys or values are at fault, and it is JSON
/// once they are replaced.
fn is_lenient(text: &str, members: &Members) -> bool {
    let mut replaced = String::new();
    let (mut end, mut is_faulty) = (0, false);
    for (_, range) in members {
        let before = &text[end..range.start];
        let (Some(open), Some(close)) = (before.find('"'), before.rfind('"')) else {
            return false;
        };
        let (key, value) = (&before[open..=close], &text[range.clone()]);
        is_faulty |= serde_json::from_str::<String>(key).is_err() || !is_json(value);
        replaced.push_str(&before[..open]);
        replaced.push_str("\"key\"");
        replaced.push_str(&before[close + 1..]);
        replaced.push_str("\"value\"");
        end = range.end;
    }
    replaced.push_str(&text[end..]);
    is_faulty && is_json(&replaced)
}
