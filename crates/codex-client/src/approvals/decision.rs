//! The answer to a request for leave.

use codex_types::{
    AcceptWithExecpolicyAmendmentCommandExecutionApprovalDecision,
    ApplyNetworkPolicyAmendmentCommandExecutionApprovalDecision, ApplyPatchApprovalResponse,
    ApprovedExecpolicyAmendmentReviewDecision, CommandExecutionApprovalDecision,
    CommandExecutionRequestApprovalResponse, DeniedReviewDecision, ExecCommandApprovalResponse,
    FileChangeApprovalDecision, FileChangeRequestApprovalResponse, GrantedPermissionProfile,
    NetworkPolicyAmendment, NetworkPolicyAmendmentReviewDecision, NetworkPolicyRuleAction,
    PermissionGrantScope, PermissionsRequestApprovalResponse, RequestPermissionProfile,
    ReviewDecision,
};
use serde::Serialize;

use crate::{
    approvals::request::ApprovalRequest,
    error::{Error, Result},
};

/// Whether something may be done. See [`ApprovalRequest`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Decision {
    /// Yes, this once. For permissions: all that were asked for, until the turn ends.
    Accept,
    /// Yes, and do not ask again for the same in this session. For permissions: all that were asked
    /// for, until the session ends.
    AcceptForSession,
    /// No. The turn goes on, and the model is told.
    Decline,
    /// No, and the turn is interrupted. For permissions, which know no such answer, it is
    /// [`Decline`](Self::Decline).
    Cancel,
    /// Yes, and from now on commands that begin with these words run without asking. For commands;
    /// the server proposes the words (`proposedExecpolicyAmendment`).
    AcceptWithExecpolicyAmendment(Vec<String>),
    /// A lasting rule for a host, which may allow or deny it. For commands that want the network; the
    /// server proposes the rules (`proposedNetworkPolicyAmendments`).
    ApplyNetworkPolicyAmendment(NetworkPolicyAmendment),
    /// A part of the permissions, or all. What is not in it is denied. For permissions.
    Grant(Box<PermissionsRequestApprovalResponse>),
}

impl ApprovalRequest {
    /// Returns the decisions to offer, in order: those that the server lists (`availableDecisions`), or
    /// those of the protocol if it lists none. [`Decline`](Decision::Decline) is always included.
    pub fn available_decisions(&self) -> Vec<Decision> {
        Decision::available(self)
    }
}

/// The reason of a rejection for the model, on older servers.
const DECLINED: &str = "the user has declined";

impl Decision {
    /// Grants these permissions until the turn ends.
    pub fn grant(permissions: impl Into<GrantedPermissionProfile>) -> Self {
        let response = PermissionsRequestApprovalResponse::new(permissions);
        Self::Grant(Box::new(response))
    }

    /// Whether it allows anything. A rule that denies a host does not, nor does an empty grant.
    pub fn accepts(&self) -> bool {
        match self {
            Self::Decline | Self::Cancel => false,
            Self::ApplyNetworkPolicyAmendment(rule) => rule.action != NetworkPolicyRuleAction::Deny,
            Self::Grant(response) => response.permissions != GrantedPermissionProfile::default(),
            Self::Accept | Self::AcceptForSession | Self::AcceptWithExecpolicyAmendment(_) => true,
        }
    }

    fn available(request: &ApprovalRequest) -> Vec<Self> {
        let mut available = match request {
            ApprovalRequest::Command(params) => match &params.available_decisions {
                Some(listed) => listed.iter().filter_map(Self::of_protocol).collect(),
                None => {
                    let words = params.proposed_execpolicy_amendment.iter().cloned();
                    let hosts = params.proposed_network_policy_amendments.iter().flatten();
                    [Self::Accept, Self::AcceptForSession]
                        .into_iter()
                        .chain(words.map(Self::AcceptWithExecpolicyAmendment))
                        .chain(hosts.cloned().map(Self::ApplyNetworkPolicyAmendment))
                        .chain([Self::Decline, Self::Cancel])
                        .collect()
                }
            },
            ApprovalRequest::Permissions(_) => {
                vec![Self::Accept, Self::AcceptForSession, Self::Decline]
            }
            ApprovalRequest::FileChange(_)
            | ApprovalRequest::LegacyCommand(_)
            | ApprovalRequest::LegacyPatch(_) => vec![
                Self::Accept,
                Self::AcceptForSession,
                Self::Decline,
                Self::Cancel,
            ],
        };
        // Servers that list only `cancel` take it too.
        if !available.contains(&Self::Decline) {
            let cancel = available.iter().position(|listed| *listed == Self::Cancel);
            available.insert(cancel.unwrap_or(available.len()), Self::Decline);
        }
        available
    }

    /// A decision that the server lists; `None` for one that this version does not know.
    fn of_protocol(decision: &CommandExecutionApprovalDecision) -> Option<Self> {
        use CommandExecutionApprovalDecision as Listed;

        Some(match decision {
            Listed::Accept => Self::Accept,
            Listed::AcceptForSession => Self::AcceptForSession,
            Listed::Decline => Self::Decline,
            Listed::Cancel => Self::Cancel,
            Listed::AcceptWithExecpolicyAmendment(amended) => {
                Self::AcceptWithExecpolicyAmendment(amended.execpolicy_amendment.clone())
            }
            Listed::ApplyNetworkPolicyAmendment(amended) => {
                Self::ApplyNetworkPolicyAmendment(amended.network_policy_amendment.clone())
            }
            _ => return None,
        })
    }

    /// The result to send for this request, as JSON.
    pub(crate) fn response(self, request: &ApprovalRequest) -> Result<Vec<u8>> {
        match request {
            ApprovalRequest::Command(_) => json(&CommandExecutionRequestApprovalResponse::new(
                self.of_command()?,
            )),
            ApprovalRequest::FileChange(_) => {
                json(&FileChangeRequestApprovalResponse::new(self.of_change()?))
            }
            ApprovalRequest::Permissions(params) => {
                json(&self.of_permissions(&params.permissions)?)
            }
            ApprovalRequest::LegacyCommand(_) => {
                json(&ExecCommandApprovalResponse::new(self.of_legacy()?))
            }
            ApprovalRequest::LegacyPatch(_) => {
                json(&ApplyPatchApprovalResponse::new(self.of_legacy()?))
            }
        }
    }

    fn of_command(self) -> Result<CommandExecutionApprovalDecision> {
        use CommandExecutionApprovalDecision as Out;

        Ok(match self {
            Self::Accept => Out::Accept,
            Self::AcceptForSession => Out::AcceptForSession,
            Self::Decline => Out::Decline,
            Self::Cancel => Out::Cancel,
            Self::AcceptWithExecpolicyAmendment(words) => Out::AcceptWithExecpolicyAmendment(
                AcceptWithExecpolicyAmendmentCommandExecutionApprovalDecision::new(words),
            ),
            Self::ApplyNetworkPolicyAmendment(rule) => Out::ApplyNetworkPolicyAmendment(
                ApplyNetworkPolicyAmendmentCommandExecutionApprovalDecision::new(rule),
            ),
            Self::Grant(_) => return Err(self.unfit("a command")),
        })
    }

    fn of_change(self) -> Result<FileChangeApprovalDecision> {
        use FileChangeApprovalDecision as Out;

        Ok(match self {
            Self::Accept => Out::Accept,
            Self::AcceptForSession => Out::AcceptForSession,
            Self::Decline => Out::Decline,
            Self::Cancel => Out::Cancel,
            other => return Err(other.unfit("a file change")),
        })
    }

    fn of_permissions(
        self,
        requested: &RequestPermissionProfile,
    ) -> Result<PermissionsRequestApprovalResponse> {
        let mut all = GrantedPermissionProfile::default();
        Ok(match self {
            Self::Accept | Self::AcceptForSession => {
                all.file_system.clone_from(&requested.file_system);
                all.network.clone_from(&requested.network);
                PermissionsRequestApprovalResponse::new(all).scope(match self {
                    Self::Accept => PermissionGrantScope::Turn,
                    _ => PermissionGrantScope::Session,
                })
            }
            // What is not granted is denied.
            Self::Decline | Self::Cancel => PermissionsRequestApprovalResponse::new(all),
            Self::Grant(response) => *response,
            other => return Err(other.unfit("permissions")),
        })
    }

    fn of_legacy(self) -> Result<ReviewDecision> {
        Ok(match self {
            Self::Accept => ReviewDecision::Approved,
            Self::AcceptForSession => ReviewDecision::ApprovedForSession,
            Self::Decline => ReviewDecision::Denied(DeniedReviewDecision::new(DECLINED)),
            Self::Cancel => ReviewDecision::Abort,
            Self::AcceptWithExecpolicyAmendment(words) => {
                ReviewDecision::ApprovedExecpolicyAmendment(
                    ApprovedExecpolicyAmendmentReviewDecision::new(words),
                )
            }
            Self::ApplyNetworkPolicyAmendment(rule) => ReviewDecision::NetworkPolicyAmendment(
                NetworkPolicyAmendmentReviewDecision::new(rule),
            ),
            Self::Grant(_) => return Err(self.unfit("a command or patch")),
        })
    }

    fn unfit(&self, what: &str) -> Error {
        let message = format!(
            "{self:?} is no answer to a request for {what}: `available_decisions` has those that are"
        );
        Error::InvalidInput(message.into())
    }
}

fn json<T: Serialize>(response: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(response).map_err(|error| Error::InvalidInput(error.to_string().into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_allows_nothing_does_not_accept() {
        let rule = |action: NetworkPolicyRuleAction| {
            Decision::ApplyNetworkPolicyAmendment(NetworkPolicyAmendment::new(action, "x"))
        };
        let grant = |permissions| {
            let permissions: GrantedPermissionProfile =
                serde_json::from_value(permissions).unwrap();
            Decision::grant(permissions)
        };
        for no in [
            Decision::Decline,
            Decision::Cancel,
            rule(NetworkPolicyRuleAction::Deny),
            grant(json!({})),
        ] {
            assert!(!no.accepts(), "{no:?}");
        }
        for yes in [
            Decision::Accept,
            Decision::AcceptForSession,
            Decision::AcceptWithExecpolicyAmendment(vec!["ls".into()]),
            rule(NetworkPolicyRuleAction::Allow),
            grant(json!({"network": {"enabled": true}})),
        ] {
            assert!(yes.accepts(), "{yes:?}");
        }
    }
}
