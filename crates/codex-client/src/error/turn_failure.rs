//! Classifies the failures of turns: worth a new turn, and after which delay.

use std::time::Duration;

use codex_types::{ErrorNotification, TurnError};
use serde_json::Value;

/// Whether a new turn may succeed later, with the same input and configuration.
pub(crate) fn is_transient(error: &TurnError) -> bool {
    // By name, so that the types of releases that know fewer categories compile too.
    let info = error.codex_error_info.as_ref().map(serde_json::to_value);
    let info = info.and_then(Result::ok).unwrap_or_default();
    let named = match &info {
        Value::Object(named) => named.iter().next(),
        _ => None,
    };
    match (info.as_str(), named) {
        (None | Some("other"), None) => is_disconnected_stream(&error.message),
        (Some(category), _) => matches!(
            category,
            "serverOverloaded"
                | "rateLimitExceeded"
                | "flexUnavailable"
                | "policyCapacityUnavailable"
                | "internalServerError"
        ),
        (None, Some((category, details))) => match category.as_str() {
            "httpConnectionFailed"
            | "responseStreamConnectionFailed"
            | "responseStreamDisconnected"
            | "responseTooManyFailedAttempts" => is_temporary(details["httpStatusCode"].as_u64()),
            _ => false,
        },
    }
}

/// Whether the server waits for the end of a usage limit, which may take days.
pub(crate) fn waits_for_usage_limit(error: &ErrorNotification) -> bool {
    let info = error.error.codex_error_info.as_ref();
    error.will_retry
        && info.is_some_and(|info| {
            serde_json::to_value(info).is_ok_and(|info| info == "usageLimitExceeded")
        })
}

/// Whether a status of the model provider, or a connection that ended without one, may differ at
/// the next attempt.
fn is_temporary(status: Option<u64>) -> bool {
    status.is_none_or(|status| matches!(status, 408 | 425 | 429 | 500..=599))
}

/// Codex 0.169.0 reports a stream that ends early as `other`.
fn is_disconnected_stream(message: &str) -> bool {
    message.starts_with("stream disconnected before completion")
}

/// Returns the delay that a message asks for, as in `Please try again in 1m2.5s.`: Codex passes on
/// the message of the model provider.
pub(crate) fn retry_after(message: &str) -> Option<Duration> {
    const MARK: &str = "try again in ";
    // The message may have been written by anyone: only ASCII is compared, so that all indices are
    // valid in the original.
    let start = message.to_ascii_lowercase().find(MARK)? + MARK.len();
    let mut rest = &message[start..];
    let mut total = None;
    loop {
        let end = rest
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .unwrap_or(rest.len());
        let Ok(number) = rest[..end].parse::<f64>() else {
            return total;
        };
        let unit_and_rest = rest[end..].trim_start_matches(' ');
        let length = unit_and_rest
            .find(|letter: char| !letter.is_ascii_alphabetic())
            .unwrap_or(unit_and_rest.len());
        let (unit, after) = unit_and_rest.split_at(length);
        let seconds = match unit.to_ascii_lowercase().as_str() {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            "s" | "sec" | "second" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => return total,
        };
        let part = Duration::try_from_secs_f64(number * seconds).ok()?;
        total = Some(total.unwrap_or(Duration::ZERO).saturating_add(part));
        rest = after.trim_start_matches([' ', ',']);
    }
}

#[cfg(test)]
mod tests {
    use codex_types::{
        CodexErrorInfo, HttpConnectionFailedCodexErrorInfo,
        ResponseStreamDisconnectedCodexErrorInfo, ResponseTooManyFailedAttemptsCodexErrorInfo,
    };

    use super::*;

    fn transient(info: impl Into<Option<CodexErrorInfo>>, message: &str) -> bool {
        let mut error = TurnError::new(message);
        error.codex_error_info = info.into();
        is_transient(&error)
    }

    fn http(status: impl Into<Option<u16>>) -> CodexErrorInfo {
        let mut info = HttpConnectionFailedCodexErrorInfo::default();
        info.http_status_code = status.into();
        CodexErrorInfo::HttpConnectionFailed(info)
    }

    #[test]
    fn a_provider_that_is_overloaded_or_unreachable_is_transient() {
        for info in [
            CodexErrorInfo::ServerOverloaded,
            CodexErrorInfo::RateLimitExceeded,
            CodexErrorInfo::FlexUnavailable,
            CodexErrorInfo::PolicyCapacityUnavailable,
            CodexErrorInfo::InternalServerError,
            CodexErrorInfo::ResponseStreamDisconnected(
                ResponseStreamDisconnectedCodexErrorInfo::default(),
            ),
            CodexErrorInfo::ResponseTooManyFailedAttempts(
                ResponseTooManyFailedAttemptsCodexErrorInfo::default(),
            ),
            http(None),
        ] {
            assert!(transient(info.clone(), ""), "{info:?}");
        }
        for status in [408, 429, 500, 502, 503, 504, 529] {
            assert!(transient(http(status), ""), "{status}");
        }
    }

    #[test]
    fn a_request_that_will_fail_again_is_not_transient() {
        for info in [
            CodexErrorInfo::UsageLimitExceeded,
            CodexErrorInfo::SessionBudgetExceeded,
            CodexErrorInfo::ContextWindowExceeded,
            CodexErrorInfo::BadRequest,
            CodexErrorInfo::Unauthorized,
            CodexErrorInfo::SandboxError,
            CodexErrorInfo::ModelNotFound,
            CodexErrorInfo::CyberPolicy,
            CodexErrorInfo::Other,
        ] {
            assert!(!transient(info.clone(), "no"), "{info:?}");
        }
        for status in [400, 401, 403, 404, 413, 422] {
            assert!(!transient(http(status), ""), "{status}");
        }
        assert!(!transient(None, "no"));
    }

    #[test]
    fn a_disconnected_stream_without_a_category_is_recognized_by_its_message() {
        let message = "stream disconnected before completion: Transport error";
        assert!(transient(CodexErrorInfo::Other, message));
        assert!(transient(None, message));
        assert!(!transient(CodexErrorInfo::BadRequest, message));
    }

    #[test]
    fn the_delay_is_read_from_the_message() {
        let cases: [(&str, Option<f64>); 12] = [
            ("Rate limit reached. Please try again in 3.2s.", Some(3.2)),
            ("try again in 28ms", Some(0.028)),
            ("Please Try Again In 6m0s. Visit", Some(360.0)),
            ("try again in 1h2m3.5s", Some(3723.5)),
            ("try again in 2 minutes, 5 seconds or later", Some(125.0)),
            ("try again in 1 day", Some(86_400.0)),
            ("try again at Mar 17th, 2030 5:46 PM.", None),
            ("try again in a while", None),
            ("try again in ", None),
            ("try again in 5 apples", None),
            ("try again in 1e400s", None),
            ("İ try again in 7s", Some(7.0)),
        ];
        for (message, seconds) in cases {
            let expected = seconds.map(Duration::from_secs_f64);
            assert_eq!(retry_after(message), expected, "{message}");
        }
        let digits = format!("try again in {}s", "9".repeat(400));
        assert_eq!(retry_after(&digits), None);
    }
}
