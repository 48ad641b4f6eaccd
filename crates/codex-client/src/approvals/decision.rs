//! Decisions on approval requests.

use std::{fmt, str::FromStr};

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
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    approvals::request::ApprovalRequest,
    error::{Error, Result},
};

/// The response to an [`ApprovalRequest`].
///
/// In serde, a decision is the name of its variant in camelCase, or an object with that name as its
/// only key: `"acceptForSession"`, `{"acceptWithExecpolicyAmendment": ["cargo", "test"]}`. As text,
/// it is the name, or the object as JSON:
///
/// ```
/// use codex_client::Decision;
///
/// assert_eq!("acceptForSession".parse::<Decision>()?, Decision::AcceptForSession);
/// assert_eq!(Decision::Decline.to_string(), "decline");
/// # Ok::<(), codex_client::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Decision {
    /// Approves this request. For permissions: grants all requested permissions until the turn
    /// ends.
    Accept,
    /// Approves this request, and identical requests for the rest of the session. For permissions:
    /// grants all requested permissions until the session ends.
    AcceptForSession,
    /// Denies the request. The turn continues, and the model learns of the denial. To end the turn
    /// instead, use [`Cancel`](Self::Cancel).
    Decline,
    /// Denies the request and interrupts the turn. For permissions, the same as
    /// [`Decline`](Self::Decline), since the protocol has no such response.
    Cancel,
    /// Approves the command, and from now on all commands that begin with these words. The server
    /// proposes the words (`proposedExecpolicyAmendment`). For commands only.
    AcceptWithExecpolicyAmendment(Vec<String>),
    /// Applies a permanent rule that allows or denies a host. The server proposes the rules
    /// (`proposedNetworkPolicyAmendments`). For commands that require network access only.
    ApplyNetworkPolicyAmendment(NetworkPolicyAmendment),
    /// Grants these permissions and denies all others. For permissions only.
    Grant(Box<PermissionsRequestApprovalResponse>),
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_value(self) {
            Ok(Value::String(name)) => f.write_str(&name),
            Ok(object) => object.fmt(f),
            Err(_) => Err(fmt::Error),
        }
    }
}

/// Parses the name of a decision, such as `accept`, or the JSON of one that has contents.
impl FromStr for Decision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let decision = match text.starts_with('{') {
            true => serde_json::from_str(text),
            false => serde_json::from_value(text.into()),
        };
        decision.map_err(|_| {
            let message = format!(
                "`{text}` is not a decision: use `accept`, `acceptForSession`, `decline`, \
                 `cancel`, or the JSON of a decision with contents"
            );
            Error::InvalidInput(message.into())
        })
    }
}

impl ApprovalRequest {
    /// Returns the decisions to offer to a user, in order: those listed by the server
    /// (`availableDecisions`), or all decisions that apply to this kind of request if the server
    /// lists none. [`Decline`](Decision::Decline) is always included.
    pub fn available_decisions(&self) -> Vec<Decision> {
        Decision::available(self)
    }
}

/// The reason for a denial, which older servers pass to the model.
const DENIAL_REASON: &str = "the user declined";

impl Decision {
    /// Creates a decision that grants these permissions until the turn ends.
    pub fn grant(permissions: impl Into<GrantedPermissionProfile>) -> Self {
        let response = PermissionsRequestApprovalResponse::new(permissions);
        Self::Grant(Box::new(response))
    }

    /// Whether the decision allows anything. A rule that denies a host and an empty grant do not.
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
                Some(listed) => listed.iter().filter_map(Self::from_listed).collect(),
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
        // Servers that list only `cancel` also accept `decline`.
        if !available.contains(&Self::Decline) {
            let cancel = available.iter().position(|listed| *listed == Self::Cancel);
            available.insert(cancel.unwrap_or(available.len()), Self::Decline);
        }
        available
    }

    /// Converts a decision that the server lists; `None` for a decision that this version does not
    /// know.
    fn from_listed(decision: &CommandExecutionApprovalDecision) -> Option<Self> {
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

    /// Returns the result to send for this request, as JSON.
    pub(crate) fn response(self, request: &ApprovalRequest) -> Result<Vec<u8>> {
        match request {
            ApprovalRequest::Command(_) => json(&CommandExecutionRequestApprovalResponse::new(
                self.command_decision()?,
            )),
            ApprovalRequest::FileChange(_) => json(&FileChangeRequestApprovalResponse::new(
                self.file_change_decision()?,
            )),
            ApprovalRequest::Permissions(params) => {
                json(&self.permissions_response(&params.permissions)?)
            }
            ApprovalRequest::LegacyCommand(_) => {
                json(&ExecCommandApprovalResponse::new(self.legacy_decision()?))
            }
            ApprovalRequest::LegacyPatch(_) => {
                json(&ApplyPatchApprovalResponse::new(self.legacy_decision()?))
            }
        }
    }

    fn command_decision(self) -> Result<CommandExecutionApprovalDecision> {
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
            Self::Grant(_) => return Err(self.mismatch("a command")),
        })
    }

    fn file_change_decision(self) -> Result<FileChangeApprovalDecision> {
        use FileChangeApprovalDecision as Out;

        Ok(match self {
            Self::Accept => Out::Accept,
            Self::AcceptForSession => Out::AcceptForSession,
            Self::Decline => Out::Decline,
            Self::Cancel => Out::Cancel,
            other => return Err(other.mismatch("a file change")),
        })
    }

    fn permissions_response(
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
            // Permissions that are not granted are denied.
            Self::Decline | Self::Cancel => PermissionsRequestApprovalResponse::new(all),
            Self::Grant(response) => *response,
            other => return Err(other.mismatch("permissions")),
        })
    }

    fn legacy_decision(self) -> Result<ReviewDecision> {
        Ok(match self {
            Self::Accept => ReviewDecision::Approved,
            Self::AcceptForSession => ReviewDecision::ApprovedForSession,
            Self::Decline => ReviewDecision::Denied(DeniedReviewDecision::new(DENIAL_REASON)),
            Self::Cancel => ReviewDecision::Abort,
            Self::AcceptWithExecpolicyAmendment(words) => {
                ReviewDecision::ApprovedExecpolicyAmendment(
                    ApprovedExecpolicyAmendmentReviewDecision::new(words),
                )
            }
            Self::ApplyNetworkPolicyAmendment(rule) => ReviewDecision::NetworkPolicyAmendment(
                NetworkPolicyAmendmentReviewDecision::new(rule),
            ),
            Self::Grant(_) => return Err(self.mismatch("a command or patch")),
        })
    }

    /// Returns the error for a decision that does not apply to a request.
    fn mismatch(&self, subject: &str) -> Error {
        let message = format!(
            "{self:?} is not a valid decision on {subject}: use one of `available_decisions`"
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
    fn a_decision_is_read_from_its_displayed_form() {
        let rule = NetworkPolicyAmendment::new(NetworkPolicyRuleAction::Deny, "x");
        for (decision, text) in [
            (Decision::Accept, "accept"),
            (Decision::AcceptForSession, "acceptForSession"),
            (Decision::Decline, "decline"),
            (Decision::Cancel, "cancel"),
            (
                Decision::AcceptWithExecpolicyAmendment(vec!["cargo".into()]),
                r#"{"acceptWithExecpolicyAmendment":["cargo"]}"#,
            ),
            (
                Decision::ApplyNetworkPolicyAmendment(rule),
                r#"{"applyNetworkPolicyAmendment":{"action":"deny","host":"x"}}"#,
            ),
        ] {
            assert_eq!(decision.to_string(), text);
            assert_eq!(text.parse::<Decision>().unwrap(), decision);
        }
        let grant = Decision::grant(GrantedPermissionProfile::default());
        assert_eq!(grant.to_string().parse::<Decision>().unwrap(), grant);
        for unknown in ["yes", "Accept", "{", ""] {
            let error = unknown.parse::<Decision>().unwrap_err().to_string();
            assert!(error.contains("use `accept`"), "{error}");
        }
    }

    #[test]
    fn a_decision_that_allows_nothing_does_not_accept() {
        let rule = |action: NetworkPolicyRuleAction| {
            Decision::ApplyNetworkPolicyAmendment(NetworkPolicyAmendment::new(action, "x"))
        };
        let grant = |permissions| {
            let permissions: GrantedPermissionProfile =
                serde_json::from_value(permissions).unwrap();
            Decision::grant(permissions)
        };
        for denies in [
            Decision::Decline,
            Decision::Cancel,
            rule(NetworkPolicyRuleAction::Deny),
            grant(json!({})),
        ] {
            assert!(!denies.accepts(), "{denies:?}");
        }
        for allows in [
            Decision::Accept,
            Decision::AcceptForSession,
            Decision::AcceptWithExecpolicyAmendment(vec!["ls".into()]),
            rule(NetworkPolicyRuleAction::Allow),
            grant(json!({"network": {"enabled": true}})),
        ] {
            assert!(allows.accepts(), "{allows:?}");
        }
    }
}
