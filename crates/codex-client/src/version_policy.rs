//! The policy for a server of another version.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{error::Error, preset};

/// The policy for a server whose version differs from [`CODEX_VERSION`](crate::version::CODEX_VERSION).
///
/// Versions differ if their major or minor numbers do: `0.169.1` is accepted for `0.169.0`. A
/// server that reports no version differs too.
///
/// As text and in serde, the policies are `allow`, `warn` and `refuse`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum VersionPolicy {
    /// Connects to a server of any version.
    #[default]
    Allow,
    /// Connects, and reports the difference once:
    /// [`Codex::notifications`](crate::Codex::notifications) yields
    /// [`Error::VersionMismatch`](crate::Error::VersionMismatch).
    Warn,
    /// Does not connect: the error is [`Error::VersionMismatch`](crate::Error::VersionMismatch).
    Refuse,
}

impl fmt::Display for VersionPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        })
    }
}

/// Parses the name of a policy, such as `warn`.
impl FromStr for VersionPolicy {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let all = [Self::Allow, Self::Warn, Self::Refuse];
        preset::parse(name, "a version policy", &all)
    }
}
