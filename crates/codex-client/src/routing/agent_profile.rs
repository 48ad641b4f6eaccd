//! The role and the name of a sub-agent, which no event reports.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use codex_types::{SessionSource, SubAgentSource, Thread, ThreadReadResponse};

use crate::routing::mailbox::WakerSet;

/// The parts of a thread that describe a sub-agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AgentDetails {
    pub(crate) parent_thread_id: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) nickname: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) model: Option<String>,
}

/// The details of a sub-agent, which are read once, from its thread.
#[derive(Debug, Default)]
pub(crate) struct AgentProfile {
    state: Mutex<ProfileState>,
}

#[derive(Debug, Default)]
struct ProfileState {
    stage: Stage,
    details: AgentDetails,
    readers: WakerSet,
}

#[derive(Debug, Default, PartialEq)]
enum Stage {
    #[default]
    NotRequested,
    Requested,
    Settled,
}

/// The request for a profile. Settles the profile when it is dropped, so that no reader waits for a
/// response that does not arrive.
#[derive(Debug)]
pub(crate) struct ProfileRequest(Arc<AgentProfile>);

impl AgentProfile {
    /// No code panics while it holds the lock, so the lock is never poisoned.
    fn lock(&self) -> MutexGuard<'_, ProfileState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the request for the profile; `None` if it has begun before.
    pub(crate) fn request(self: &Arc<Self>) -> Option<ProfileRequest> {
        let mut state = self.lock();
        if state.stage != Stage::NotRequested {
            return None;
        }
        state.stage = Stage::Requested;
        Some(ProfileRequest(Arc::clone(self)))
    }

    /// Waits while the profile is requested.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.stage == Stage::Requested {
            state.readers.register(context);
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Whether the details do not change any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.lock().stage == Stage::Settled
    }

    /// Returns the details, which are empty until they are known.
    pub(crate) fn details(&self) -> AgentDetails {
        self.lock().details.clone()
    }

    fn settle(&self, details: Option<AgentDetails>) {
        let mut wakes = Vec::new();
        {
            let mut state = self.lock();
            state.stage = Stage::Settled;
            if let Some(details) = details {
                state.details = details;
            }
            state.readers.drain_into(&mut wakes);
        }
        wakes.into_iter().for_each(Waker::wake);
    }
}

impl ProfileRequest {
    /// Takes the result of `thread/read`.
    pub(crate) fn respond(self, result: &str) {
        let response = serde_json::from_str::<ThreadReadResponse>(result);
        let details = response.ok().map(|response| details(response.thread));
        self.0.settle(details);
    }
}

impl Drop for ProfileRequest {
    fn drop(&mut self) {
        self.0.settle(None);
    }
}

/// Older servers, such as 0.133.0, name the parent in the source only.
fn details(thread: Thread) -> AgentDetails {
    let mut details = AgentDetails {
        parent_thread_id: thread.parent_thread_id,
        role: thread.agent_role,
        nickname: thread.agent_nickname,
        path: None,
        model: thread.model,
    };
    if let SessionSource::SubAgent(SubAgentSource::ThreadSpawn(spawn)) = thread.source {
        details.path = spawn.agent_path.map(|path| path.to_string());
        let parent = details.parent_thread_id.take();
        details.parent_thread_id = parent.or(Some(spawn.parent_thread_id.to_string()));
        details.role = details.role.or(spawn.agent_role);
        details.nickname = details.nickname.or(spawn.agent_nickname);
    }
    details
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use serde_json::json;

    use super::*;

    fn is_ready(profile: &AgentProfile) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        profile.poll(&mut context).is_ready()
    }

    #[test]
    fn a_profile_is_requested_once_and_read_from_the_thread() {
        let profile = Arc::<AgentProfile>::default();
        assert!(is_ready(&profile));
        let request = profile.request().unwrap();
        assert!(profile.request().is_none() && !is_ready(&profile));
        let source = json!({"subAgent": {"thread_spawn": {
            "parent_thread_id": "t", "depth": 1, "agent_path": "/root/one",
            "agent_nickname": "Abacus", "agent_role": "counter",
        }}});
        let thread = json!({"id": "agent", "sessionId": "agent", "source": source, "model": "m"});
        request.respond(&json!({"thread": thread}).to_string());
        assert!(is_ready(&profile) && profile.is_settled());
        let expected = AgentDetails {
            parent_thread_id: Some("t".into()),
            role: Some("counter".into()),
            nickname: Some("Abacus".into()),
            path: Some("/root/one".into()),
            model: Some("m".into()),
        };
        assert_eq!(profile.details(), expected);
        assert!(profile.request().is_none());
    }

    #[test]
    fn a_profile_is_settled_if_the_response_cannot_be_read_or_does_not_arrive() {
        for response in [Some("[]"), None] {
            let profile = Arc::<AgentProfile>::default();
            let request = profile.request().unwrap();
            match response {
                Some(response) => request.respond(response),
                None => drop(request),
            }
            assert!(is_ready(&profile) && profile.is_settled());
            assert_eq!(profile.details(), AgentDetails::default());
        }
    }
}
