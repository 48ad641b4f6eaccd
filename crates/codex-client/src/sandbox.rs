//! Presets for file system access.

use std::{fmt, str::FromStr};

use codex_types::{ReadOnlySandboxPolicy, SandboxMode, SandboxPolicy, WorkspaceWriteSandboxPolicy};
use serde::{Deserialize, Serialize};

use crate::{error::Error, preset};

/// A preset for the file system access of commands.
///
/// The protocol has one type for threads, [`SandboxMode`], and another for turns,
/// [`SandboxPolicy`]. A preset converts to either type; the `sandbox` options also accept these
/// types directly, for finer control.
///
/// As text and in serde, a preset has the name that Codex uses on its command line and in its
/// configuration, such as `workspace-write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sandbox {
    /// Commands may not write to any file: `read-only`.
    ReadOnly,
    /// Commands may write to the workspace and the configured writable roots: `workspace-write`.
    WorkspaceWrite,
    /// Access is not restricted: `danger-full-access`.
    #[serde(rename = "danger-full-access")]
    FullAccess,
}

impl Sandbox {
    const ALL: [Self; 3] = [Self::ReadOnly, Self::WorkspaceWrite, Self::FullAccess];
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "read-only",
            Self::WorkspaceWrite => "workspace-write",
            Self::FullAccess => "danger-full-access",
        })
    }
}

/// Parses the name of a preset, such as `workspace-write`.
impl FromStr for Sandbox {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        preset::parse(name, "a sandbox", &Self::ALL)
    }
}

impl From<Sandbox> for SandboxMode {
    fn from(sandbox: Sandbox) -> Self {
        match sandbox {
            Sandbox::ReadOnly => Self::ReadOnly,
            Sandbox::WorkspaceWrite => Self::WorkspaceWrite,
            Sandbox::FullAccess => Self::DangerFullAccess,
        }
    }
}

impl From<Sandbox> for SandboxPolicy {
    fn from(sandbox: Sandbox) -> Self {
        match sandbox {
            Sandbox::ReadOnly => Self::ReadOnly(ReadOnlySandboxPolicy::default()),
            Sandbox::WorkspaceWrite => Self::WorkspaceWrite(WorkspaceWriteSandboxPolicy::default()),
            Sandbox::FullAccess => Self::DangerFullAccess,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_preset_converts_to_the_mode_and_the_policy_of_the_protocol() {
        for (sandbox, mode, policy) in [
            (Sandbox::ReadOnly, "read-only", "readOnly"),
            (Sandbox::WorkspaceWrite, "workspace-write", "workspaceWrite"),
            (
                Sandbox::FullAccess,
                "danger-full-access",
                "dangerFullAccess",
            ),
        ] {
            let wire = serde_json::to_value(SandboxMode::from(sandbox)).unwrap();
            assert_eq!(wire, mode);
            let wire = serde_json::to_value(SandboxPolicy::from(sandbox)).unwrap();
            assert_eq!(wire["type"], policy);
        }
    }
}
