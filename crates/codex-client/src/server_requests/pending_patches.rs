//! What running items want to change, for whoever is asked to allow it.
//!
//! A request to approve a file change names the item alone; what it would change was in the
//! notifications before. So those are kept until their turn ends.

use std::{collections::VecDeque, sync::Arc};

use memchr::memmem;

use crate::rpc::envelope::Head;

/// How many bytes of them are kept; past it the oldest make room.
const LIMIT: usize = 8 * 1024 * 1024;

/// The params of these notifications, in order.
#[derive(Debug, Default)]
pub(crate) struct Proposals {
    kept: VecDeque<(Box<str>, Arc<str>)>,
    bytes: usize,
}

impl Proposals {
    /// Takes note of a notification, whatever it is.
    pub(crate) fn notification(&mut self, method: &str, head: &Head<'_>, text: &str) {
        let Some(turn_id) = head.peek.turn_id.as_deref() else {
            return;
        };
        match method {
            "item/started" | "item/fileChange/patchUpdated" => {
                let params = head.params.clone().map_or("", |at| &text[at]);
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

    fn tell(proposals: &mut Proposals, turn_id: &str, method: &str, more: &str) {
        let text = format!(
            r#"{{"method":"{method}","params":{{"threadId":"t","turnId":"{turn_id}","more":{more}}}}}"#
        );
        proposals.notification(method, &envelope::head(&text).unwrap(), &text);
    }

    #[test]
    fn what_a_turn_wants_to_change_is_kept_until_it_ends() {
        let mut proposals = Proposals::default();
        tell(
            &mut proposals,
            "u",
            "item/started",
            r#"{"type":"fileChange"}"#,
        );
        tell(
            &mut proposals,
            "u",
            "item/started",
            r#"{"type":"reasoning"}"#,
        );
        tell(&mut proposals, "v", "item/fileChange/patchUpdated", "[]");
        tell(&mut proposals, "u", "item/fileChange/patchUpdated", "[]");
        let of_u = proposals.of("u");
        assert_eq!(of_u.len(), 2);
        assert!(of_u[1].contains("fileChange"), "{of_u:?}");
        tell(&mut proposals, "u", "turn/completed", "{}");
        assert!(proposals.of("u").is_empty());
        assert_eq!(proposals.of("v").len(), 1);
        tell(&mut proposals, "v", "turn/completed", "{}");
        assert_eq!(proposals.bytes, 0);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut proposals = Proposals::default();
        let large = format!("\"{}\"", "x".repeat(LIMIT / 2));
        for turn_id in ["u", "v", "w"] {
            tell(
                &mut proposals,
                turn_id,
                "item/fileChange/patchUpdated",
                &large,
            );
        }
        assert!(proposals.of("u").is_empty() && proposals.bytes <= LIMIT);
        assert_eq!(proposals.of("w").len(), 1);
    }
}
