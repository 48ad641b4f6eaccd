//! The patches of running items, for their approval requests.
//!
//! A request to approve a file change names only the item. The changes are in earlier
//! notifications, which are kept until the turn ends.

use std::{collections::VecDeque, sync::Arc};

use codex_types::{FileChangeRequestApprovalParams, ServerCall};
use memchr::memmem;

use crate::rpc::{
    envelope::RoutingKeys,
    raw_notification::{NotificationKind, RawNotification},
};

/// Maximum size of the retained params, in bytes. The oldest are dropped first.
const SIZE_LIMIT: usize = 8 * 1024 * 1024;

/// The params of notifications with file changes.
#[derive(Debug, Default)]
pub(crate) struct PendingPatches {
    /// The turn id and the params of each notification, in order.
    kept: VecDeque<(Box<str>, Arc<str>)>,
    bytes: usize,
}

impl PendingPatches {
    /// Updates the state from a notification.
    pub(crate) fn update(&mut self, notification: &RawNotification, keys: &RoutingKeys<'_>) {
        let Some(turn_id) = keys.turn_id.as_deref() else {
            return;
        };
        let params = notification.params().unwrap_or_default();
        match notification.kind() {
            NotificationKind::FileChangePatchUpdated => self.keep(turn_id, params),
            // Items of this type contain the string. Keeping another item that contains it does no
            // harm.
            NotificationKind::ItemStarted
                if memmem::find(params.as_bytes(), b"\"fileChange\"").is_some() =>
            {
                self.keep(turn_id, params);
            }
            NotificationKind::TurnCompleted if !self.kept.is_empty() => {
                self.kept.retain(|(kept_id, _)| &**kept_id != turn_id);
                self.bytes = self.kept.iter().map(|(_, params)| params.len()).sum();
            }
            _ => {}
        }
    }

    fn keep(&mut self, turn_id: &str, params: &str) {
        self.bytes += params.len();
        self.kept.push_back((turn_id.into(), params.into()));
        while self.bytes > SIZE_LIMIT
            && let Some((_, oldest)) = self.kept.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }

    /// Returns the params of the patches that a request with this method may refer to, newest
    /// first. Empty for a method that does not refer to patches.
    pub(crate) fn of(&self, method: &str, turn_id: &str) -> Vec<Arc<str>> {
        if method != FileChangeRequestApprovalParams::METHOD {
            return Vec::new();
        }
        let newest_first = self.kept.iter().rev();
        let of_turn = newest_first.filter(|(kept_id, _)| &**kept_id == turn_id);
        of_turn.map(|(_, params)| Arc::clone(params)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::received;

    fn update(patches: &mut PendingPatches, turn_id: &str, method: &str, more: &str) {
        let text = format!(
            r#"{{"method":"{method}","params":{{"threadId":"t","turnId":"{turn_id}","more":{more}}}}}"#
        );
        let (notification, keys) = received(&text);
        patches.update(&notification, &keys);
    }

    fn of(patches: &PendingPatches, turn_id: &str) -> Vec<Arc<str>> {
        assert!(patches.of("item/tool/call", turn_id).is_empty());
        patches.of(FileChangeRequestApprovalParams::METHOD, turn_id)
    }

    #[test]
    fn the_patches_of_a_turn_are_kept_until_it_ends() {
        let mut patches = PendingPatches::default();
        update(
            &mut patches,
            "u",
            "item/started",
            r#"{"type":"fileChange"}"#,
        );
        update(&mut patches, "u", "item/started", r#"{"type":"reasoning"}"#);
        update(&mut patches, "v", "item/fileChange/patchUpdated", "[]");
        update(&mut patches, "u", "item/fileChange/patchUpdated", "[]");
        let of_u = of(&patches, "u");
        assert_eq!(of_u.len(), 2);
        assert!(of_u[1].contains("fileChange"), "{of_u:?}");
        update(&mut patches, "u", "turn/completed", "{}");
        assert!(of(&patches, "u").is_empty());
        assert_eq!(of(&patches, "v").len(), 1);
        update(&mut patches, "v", "turn/completed", "{}");
        assert_eq!(patches.bytes, 0);
    }

    #[test]
    fn the_oldest_patches_are_dropped_first() {
        let mut patches = PendingPatches::default();
        let large = format!("\"{}\"", "x".repeat(SIZE_LIMIT / 2));
        for turn_id in ["u", "v", "w"] {
            update(
                &mut patches,
                turn_id,
                "item/fileChange/patchUpdated",
                &large,
            );
        }
        assert!(of(&patches, "u").is_empty() && patches.bytes <= SIZE_LIMIT);
        assert_eq!(of(&patches, "w").len(), 1);
    }
}
