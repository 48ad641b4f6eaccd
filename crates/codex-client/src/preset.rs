//! The names of presets.

use std::fmt;

use crate::error::Error;

/// Returns the value that is displayed as `name`, or an error that lists the values.
pub(crate) fn parse<T: fmt::Display + Copy>(
    name: &str,
    what: &str,
    values: &[T],
) -> Result<T, Error> {
    let found = values.iter().find(|value| value.to_string() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
        let message = format!("`{name}` is not {what}: use one of {}", names.join(", "));
        Error::InvalidInput(message.into())
    })
}

#[cfg(test)]
mod tests {
    use crate::{approval_mode::ApprovalMode, sandbox::Sandbox, version_policy::VersionPolicy};

    #[test]
    fn a_preset_is_read_from_its_displayed_and_its_serialized_name() {
        for sandbox in [
            Sandbox::ReadOnly,
            Sandbox::WorkspaceWrite,
            Sandbox::FullAccess,
        ] {
            let name = sandbox.to_string();
            assert_eq!(name.parse::<Sandbox>().unwrap(), sandbox);
            assert_eq!(serde_json::to_value(sandbox).unwrap(), name);
        }
        for mode in [ApprovalMode::DenyAll, ApprovalMode::AutoReview] {
            let name = mode.to_string();
            assert_eq!(name.parse::<ApprovalMode>().unwrap(), mode);
            assert_eq!(serde_json::to_value(mode).unwrap(), name);
        }
        for policy in [
            VersionPolicy::Allow,
            VersionPolicy::Warn,
            VersionPolicy::Refuse,
        ] {
            let name = policy.to_string();
            assert_eq!(name.parse::<VersionPolicy>().unwrap(), policy);
            assert_eq!(serde_json::to_value(policy).unwrap(), name);
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_with_the_known_ones() {
        let error = "full".parse::<Sandbox>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`full` is not a sandbox: use one of `read-only`, `workspace-write`, \
             `danger-full-access`"
        );
    }
}
