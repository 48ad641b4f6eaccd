//! Versions of Codex: the version of the server, and the policy for a server of another version.
//!
//! The types of the protocol are those of [`CODEX_VERSION`]. A server of another version works to
//! the extent that the protocols agree, and the default policy connects to it. The tests of this
//! crate run against releases from [`OLDEST_CODEX_VERSION`] on.
//!
//! ```no_run
//! use codex_client::{Codex, Result, version::VersionPolicy};
//!
//! async fn example() -> Result<Codex> {
//!     let codex = Codex::builder()
//!         .version_policy(VersionPolicy::Refuse)
//!         .start()
//!         .await?;
//!     if let Some(version) = codex.server_version() {
//!         println!("connected to codex {version}");
//!     }
//!     Ok(codex)
//! }
//! ```

use std::fmt;

pub use codex_types::{CODEX_VERSION, OLDEST_CODEX_VERSION, first_release};
/// The type of the [`semver`](https://docs.rs/semver) crate.
pub use semver::Version;

pub use crate::version_policy::VersionPolicy;

/// The command that updates an installed Codex, for error messages.
pub(crate) const UPDATE: &str = "npm install -g @openai/codex@latest";

/// The version of the server differs from the one that this crate is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionMismatch {
    /// The version of the server. `None` if the server did not report one.
    pub server_version: Option<Version>,
    /// The version that this crate is made for: [`CODEX_VERSION`].
    pub expected_version: &'static str,
}

impl VersionMismatch {
    /// Compares the version of a server. Returns `None` if it does not differ.
    pub(crate) fn of(server_version: Option<&Version>) -> Option<Self> {
        let minor = |version: &Version| (version.major, version.minor);
        let expected = parsed(CODEX_VERSION);
        if server_version.is_some() && server_version.map(minor) == expected.as_ref().map(minor) {
            return None;
        }
        Some(Self {
            server_version: server_version.cloned(),
            expected_version: CODEX_VERSION,
        })
    }
}

impl fmt::Display for VersionMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = self.expected_version;
        match &self.server_version {
            Some(server) => write!(f, "the server is codex {server}")?,
            None => f.write_str("the server does not report its version")?,
        }
        write!(
            f,
            ", but this client is made for codex {expected}: install it with `npm install -g \
             @openai/codex@{expected}`, or choose another `version_policy`"
        )
    }
}

impl std::error::Error for VersionMismatch {}

/// Returns the version in the user agent of a server, such as
/// `my_app/0.169.0 (Debian 12.0.0; x86_64) xterm (my_app; 7)`.
///
/// The name before the version is that of the client, which may contain slashes and spaces.
pub(crate) fn of_user_agent(user_agent: &str) -> Option<Version> {
    let mut words = user_agent.split_ascii_whitespace();
    words.find_map(|word| parsed(word.rsplit_once('/')?.1))
}

/// Returns the release that a server needs for a method, if the server is older than that.
pub(crate) fn required(method: &str, server: &Version) -> Option<Version> {
    first_release(method)
        .and_then(parsed)
        .filter(|first| first > server)
}

/// Explains an error of a server that is older than all releases that this crate is tested with.
pub(crate) fn too_old(server: &Version) -> Option<String> {
    (*server < parsed(OLDEST_CODEX_VERSION)?).then(|| {
        format!(
            "the server is codex {server}, and {OLDEST_CODEX_VERSION} is the oldest version that \
             this client supports: update it with `{UPDATE}`"
        )
    })
}

fn parsed(version: &str) -> Option<Version> {
    Version::parse(version).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_behind_any_client_name() {
        for (user_agent, version) in [
            (
                "my_app/0.169.0 (Debian 12.0.0; x86_64) xterm (my_app; 7)",
                "0.169.0",
            ),
            (
                "codex_cli_rs/0.44.0 (Debian 12.0.0; x86_64) xterm (my_app; 7)",
                "0.44.0",
            ),
            (
                "the bot/1.2/0.170.0-alpha.3 (Windows 11; x86_64)",
                "0.170.0-alpha.3",
            ),
            ("codex/0.133.0", "0.133.0"),
        ] {
            assert_eq!(of_user_agent(user_agent), parsed(version), "{user_agent}");
        }
        for user_agent in ["", "codex", "codex/latest (x/y)", "fake/1"] {
            assert_eq!(of_user_agent(user_agent), None, "{user_agent}");
        }
        // In quadratic time, this would take minutes.
        assert_eq!(of_user_agent(&"/".repeat(1 << 20)), None);
    }

    #[test]
    fn versions_differ_by_their_minor_number() {
        let ours = parsed(CODEX_VERSION).unwrap();
        let patch = Version::new(ours.major, ours.minor, ours.patch + 1);
        for same in [&ours, &patch] {
            assert_eq!(VersionMismatch::of(Some(same)), None);
        }
        let older = Version::new(ours.major, ours.minor - 1, 0);
        let text = VersionMismatch::of(Some(&older)).unwrap().to_string();
        for part in [&older.to_string(), CODEX_VERSION, "version_policy"] {
            assert!(text.contains(part), "{text}");
        }
        let text = VersionMismatch::of(None).unwrap().to_string();
        assert!(text.contains("does not report its version"), "{text}");
    }

    #[test]
    fn a_method_needs_a_release_only_on_an_older_server() {
        let oldest = parsed(OLDEST_CODEX_VERSION).unwrap();
        let ours = parsed(CODEX_VERSION).unwrap();
        assert_eq!(required("thread/start", &oldest), None);
        let ancient = Version::new(0, 44, 0);
        assert_eq!(required("thread/start", &ancient), Some(oldest.clone()));
        assert_eq!(required("no/such/method", &ancient), None);
        let later = codex_types::METHODS
            .iter()
            .filter(|info| required(info.method, &oldest).is_some());
        assert!(later.count() > 0);
        assert_eq!(required("thread/start", &ours), None);
        assert_eq!(too_old(&oldest), None);
        assert!(too_old(&ancient).unwrap().contains("codex 0.44.0"));
    }
}
