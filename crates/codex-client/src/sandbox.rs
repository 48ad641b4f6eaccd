//! Presets for file system access.

use codex_types::{ReadOnlySandboxPolicy, SandboxMode, SandboxPolicy, WorkspaceWriteSandboxPolicy};

/// A preset for the file system access of commands.
///
/// The protocol has one type for threads, [`SandboxMode`], and another for turns,
/// [`SandboxPolicy`]. A preset converts to either type; the `sandbox` options also accept these
/// types directly, for finer control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sandbox {
    /// Commands may not write to any file.
    ReadOnly,
    /// Commands may write to the workspace and the configured writable roots.
    WorkspaceWrite,
    /// Access is not restricted.
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
