//! Presets for actions that the sandbox does not allow.

use std::{fmt, str::FromStr};

use codex_types::{ApprovalsReviewer, AskForApproval};
use serde::{Deserialize, Serialize};

use crate::{error::Error, preset};

/// A preset that determines who decides on actions that the sandbox does not allow.
///
/// It sets the approval policy and the reviewer together. For finer control, the request builders
/// also have options for the [`AskForApproval`] policy and the [`ApprovalsReviewer`].
///
/// As text and in serde, the presets are `deny_all` and `auto_review`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ApprovalMode {
    /// All such actions are denied: the policy `never`. The reviewer is not changed.
    DenyAll,
    /// A reviewer model of the server decides: the policy `on-request` and the reviewer
    /// `auto_review`.
    AutoReview,
}

impl fmt::Display for ApprovalMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DenyAll => "deny_all",
            Self::AutoReview => "auto_review",
        })
    }
}

/// Parses the name of a preset, such as `auto_review`.
impl FromStr for ApprovalMode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        preset::parse(name, "an approval mode", &[Self::DenyAll, Self::AutoReview])
    }
}

impl ApprovalMode {
    /// Returns the policy and the reviewer.
    pub(crate) fn settings(self) -> (AskForApproval, Option<ApprovalsReviewer>) {
        match self {
            Self::DenyAll => (AskForApproval::Never, None),
            Self::AutoReview => (
                AskForApproval::OnRequest,
                Some(ApprovalsReviewer::AutoReview),
            ),
        }
    }
}

/// Defines the `approval_mode` option of a request builder whose params have a policy and a
/// reviewer.
macro_rules! approval_mode {
    ($(#[$doc:meta])*) => {
        $(#[$doc])*
        pub fn approval_mode(self, mode: $crate::ApprovalMode) -> Self {
            let (policy, reviewer) = mode.settings();
            self.params(|mut params| {
                params.approvals_reviewer = reviewer;
                params.approval_policy(policy)
            })
        }
    };
}

pub(crate) use approval_mode;
