//! Presets for what a thread or turn may do to the file system.

use codex_types::{ReadOnlySandboxPolicy, SandboxMode, SandboxPolicy, WorkspaceWriteSandboxPolicy};

/// How much of the file system commands may change.
///
/// The protocol has two notations for it, one for threads and one for turns; a preset is either.
/// Where more is to be said, the options also take [`SandboxMode`] and [`SandboxPolicy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sandbox {
    /// Nothing may be written.
    ReadOnly,
    /// The workspace and the configured writable roots may be written.
    WorkspaceWrite,
    /// No restriction.
    FullAccess,
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
    fn each_preset_has_the_name_that_the_notation_wants() {
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
