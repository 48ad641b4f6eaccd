//! The releases of Codex that have a method.

use crate::generated::{LATER_METHODS, METHODS, OLDEST_CODEX_VERSION};

/// Returns the first Codex release with a method of [`METHODS`](crate::METHODS), such as `0.150.0`.
/// A method of [`OLDEST_CODEX_VERSION`](crate::OLDEST_CODEX_VERSION) may be older than that release.
/// Returns `None` for an unknown method.
///
/// ```
/// use codex_types::first_release;
///
/// assert_eq!(first_release("thread/start"), Some("0.133.0"));
/// assert_eq!(first_release("no/such/method"), None);
/// ```
pub fn first_release(method: &str) -> Option<&'static str> {
    match LATER_METHODS.binary_search_by_key(&method, |(name, _)| name) {
        Ok(at) => Some(LATER_METHODS[at].1),
        Err(_) => {
            let is_known = METHODS.iter().any(|info| info.method == method);
            is_known.then_some(OLDEST_CODEX_VERSION)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_a_first_release() {
        assert!(LATER_METHODS.is_sorted());
        assert!(!LATER_METHODS.is_empty());
        for (method, release) in LATER_METHODS {
            assert_eq!(first_release(method), Some(*release), "{method}");
            assert!(
                METHODS.iter().any(|info| info.method == *method),
                "{method}"
            );
        }
        assert_eq!(first_release("initialize"), Some(OLDEST_CODEX_VERSION));
    }
}
