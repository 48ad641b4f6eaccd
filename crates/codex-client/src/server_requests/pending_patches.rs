//! What running items want to change, for whoever is asked to allow it.
//!
//! A request to approve a file change names the item alone; what it would change was in the
//! notifications before. So those are kept until their turn ends.

use std::{collections::VecDeque, sync::Arc};

use memchr::memmem;

use crate::rpc::envelope::Envelope;

/// How many bytes of them are kept; past it the oldest make room.
const LIMIT: usize = 8 * 1024 * 1024;

/// The params of these notifications, in order.
#[derive(Debug, Default)]
pub(crate) struct PendingPatches {
    kept: VecDeque<(Box<str>, Arc<str>)>,
    bytes: usize,
}

impl PendingPatches {
    /// Takes note of a notification, whatever it is.
    pub(crate) fn notification(&mut self, method: &str, envelope: &Envelope<'_>, text: &str) {
        let Some(turn_id) = envelope.keys.turn_id.as_deref() else {
            return;
        };
        match method {
            "item/started" | "item/fileChange/patchUpdated" => {
                let params = envelope.params.clone().map_or("", |at| &text[at]);
                // An item of this kind has the word in it; one that only speaks of it costs a copy.
                if method == "item/started"
                    && memmem::find(params.as_bytes(), b"\"fileChange\"").is_none()
                {
                    return;
                }
                self.bytes += params.len();
                self.kept.push_back((turn_id.into(), params.into()));
                while self.bytes > LIMIT
                    && let Some((_, oldest)) = self.kept.pop_front()
                {
                    self.bytes -= oldest.len();
                }
            }
            "turn/completed" if !self.kept.is_empty() => {
                self.kept.retain(|(of, _)| &**of != turn_id);
                self.bytes = self.kept.iter().map(|(_, params)| params.len()).sum();
            }
            _ => {}
        }
    }

    /// Those of a turn, the newest first.
    pub(crate) fn of(&self, turn_id: &str) -> Vec<Arc<str>> {
        let newest_first = self.kept.iter().rev();
        let ours = newest_first.filter(|(of, _)| &**of == turn_id);
        ours.map(|(_, params)| Arc::clone(params)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::envelope;

    fn tell(patches: &mut PendingPatches, turn_id: &str, method: &str, more: &str) {
        let text = format!(
            r#"{{"method":"{method}","params":{{"threadId":"t","turnId":"{turn_id}","more":{more}}}}}"#
        );
        patches.notification(method, &envelope::envelope(&text).unwrap(), &text);
    }

    #[test]
    fn what_a_turn_wants_to_change_is_kept_until_it_ends() {
        let mut patches = PendingPatches::default();
        tell(
            &mut patches,
            "u",
            "item/started",
            r#"{"type":"fileChange"}"#,
        );
        tell(&mut patches, "u", "item/started", r#"{"type":"reasoning"}"#);
        tell(&mut patches, "v", "item/fileChange/patchUpdated", "[]");
        tell(&mut patches, "u", "item/fileChange/patchUpdated", "[]");
        let of_u = patches.of("u");
        assert_eq!(of_u.len(), 2);
        assert!(of_u[1].contains("fileChange"), "{of_u:?}");
        tell(&mut patches, "u", "turn/completed", "{}");
        assert!(patches.of("u").is_empty());
        assert_eq!(patches.of("v").len(), 1);
        tell(&mut patches, "v", "turn/completed", "{}");
        assert_eq!(patches.bytes, 0);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut patches = PendingPatches::default();
        let large = format!("\"{}\"", "x".repeat(LIMIT / 2));
        for turn_id in ["u", "v", "w"] {
            tell(
                &mut patches,
                turn_id,
                "item/fileChange/patchUpdated",
                &large,
            );
        }
        assert!(patches.of("u").is_empty() && patches.bytes <= LIMIT);
        assert_eq!(patches.of("w").len(), 1);
    }
}
