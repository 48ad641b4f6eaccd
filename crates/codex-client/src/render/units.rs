//! Durations and numbers.

use std::time::Duration;

/// Returns a duration in the unit that suits it: `12 ms`, `1.2 s`, `3 min 5 s`, `2 h 4 min`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Returns a duration of the protocol, in milliseconds. A negative one is none.
pub(super) fn milliseconds(duration_ms: Option<i64>) -> Option<String> {
    let duration_ms = u64::try_from(duration_ms?).ok()?;
    Some(duration(Duration::from_millis(duration_ms)))
}

/// Returns a count with its noun: `1 line`, `1,234 lines`.
pub(super) fn count(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(count))
}

/// Returns a number with separators: `1,234,567`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a length, as a `u64`.
pub(super) fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        let text = |ms| duration(Duration::from_millis(ms));
        assert_eq!(text(7), "7 ms");
        assert_eq!(text(1_290), "1.2 s");
        assert_eq!(text(185_000), "3 min 5 s");
        assert_eq!(text(7_440_000), "2 h 4 min");
        assert_eq!(milliseconds(Some(-1)), None);
    }

    #[test]
    fn numbers_have_separators_and_nouns() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "line"), "1 line");
        assert_eq!(count(1_000, "line"), "1,000 lines");
    }
}
