//! Presets for who decides when a command needs more than the sandbox allows.

use codex_types::{ApprovalsReviewer, AskForApproval};

/// Who decides when the model wants to do what the sandbox does not allow.
///
/// A preset is a pair of the protocol's approval policy and reviewer. Where more is to be said, the
/// options also take [`AskForApproval`] and [`ApprovalsReviewer`] themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApprovalMode {
    /// Nobody: the model is never allowed more (the policy `never`; the reviewer is left as it is).
    DenyAll,
    /// The server's own reviewer, a model (the policy `on-request`, the reviewer `auto_review`).
    AutoReview,
}

impl ApprovalMode {
    /// The policy and the reviewer that this mode stands for.
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

/// The option `approval_mode` of a request builder that also has policy and reviewer.
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
