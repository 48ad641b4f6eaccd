//! The contents of inputs and of the user messages that servers make from them.

use std::hash::{DefaultHasher, Hasher};

use codex_types::{
    ItemCompletedNotification, Request, ThreadItem, TurnStartParams, TurnSteerParams, UserInput,
};
use serde::Deserialize;

use crate::rpc::raw_notification::{NotificationKind, RawNotification};

/// A hash of the content of an input, which is also that of the user message that a server makes
/// from it: servers from 0.133.0 to 0.147.0 return all kinds of content as they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentHash(u64);

impl ContentHash {
    fn of(mut content: Vec<UserInput>) -> Option<Self> {
        // The server adds the members that were not sent.
        for input in &mut content {
            if let UserInput::Text(text) = input {
                text.text_elements.take_if(|elements| elements.is_empty());
            }
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(&serde_json::to_vec(&content).ok()?);
        Some(Self(hasher.finish()))
    }

    /// Reads the content of a completed user message; `None` for all other notifications.
    pub(crate) fn of_user_message(notification: &RawNotification) -> Option<Self> {
        let is_item = notification.kind() == NotificationKind::ItemCompleted;
        let params = notification.params().filter(|_| is_item)?;
        // Few items are user messages, and decoding a large item takes long.
        if !params.contains("\"userMessage\"") {
            return None;
        }
        let completed: ItemCompletedNotification =
            notification.decode_params_around(&mut Vec::new()).ok()?;
        match completed.item {
            ThreadItem::UserMessage(message) => Self::of(message.content),
            _ => None,
        }
    }
}

/// A request that adds input to a thread.
#[derive(Debug, PartialEq)]
pub(crate) struct InputRequest {
    pub(crate) thread_id: String,
    pub(crate) content: ContentHash,
    /// The turn that a `turn/steer` adds the input to; `None` for a `turn/start`.
    pub(crate) steered_turn: Option<String>,
}

impl InputRequest {
    /// Reads the params of a request; `None` if the request adds no input.
    pub(crate) fn of(method: &str, params: Option<&[u8]>) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Params {
            thread_id: String,
            input: Vec<UserInput>,
            expected_turn_id: Option<String>,
        }
        let is_steer = method == TurnSteerParams::METHOD;
        if !is_steer && method != TurnStartParams::METHOD {
            return None;
        }
        let params: Params = serde_json::from_slice(params?).ok()?;
        Some(Self {
            thread_id: params.thread_id,
            content: ContentHash::of(params.input)?,
            steered_turn: params.expected_turn_id.filter(|_| is_steer),
        })
    }
}

#[cfg(test)]
pub(crate) fn content(text: &str) -> ContentHash {
    let input = UserInput::Text(codex_types::TextUserInput::new(text));
    ContentHash::of(vec![input]).unwrap()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rpc::raw_notification::notification;

    fn completed(kind: &str, content: &Value) -> RawNotification {
        let item = json!({"type": kind, "id": "i", "text": "", "content": content});
        let params = json!({"threadId": "t", "turnId": "u", "item": item});
        let message = json!({"method": "item/completed", "params": params});
        notification(&message.to_string())
    }

    fn request(method: &str, input: &Value) -> Option<InputRequest> {
        let params = json!({"threadId": "t", "expectedTurnId": "u", "input": input, "x": 1});
        InputRequest::of(method, Some(params.to_string().as_bytes()))
    }

    /// The contents of requests, and those of the messages as recorded from 0.133.0 and 0.147.0.
    #[test]
    fn a_user_message_has_the_content_of_its_input() {
        let image = "data:image/png;base64,AAAA";
        let element = json!({"byteRange": {"start": 0, "end": 2}, "placeholder": "p"});
        for (sent, received) in [
            (
                json!([{"type": "text", "text": "one"}]),
                json!([{"type": "text", "text": "one", "text_elements": []}]),
            ),
            (
                json!([{"type": "text", "text": "@a\r\n é", "text_elements": [element]}]),
                json!([{"text": "@a\r\n é", "text_elements": [element], "type": "text"}]),
            ),
            (
                json!([{"type": "image", "url": image}, {"type": "localImage", "path": "/a.png"}]),
                json!([
                    {"type": "image", "detail": null, "url": image},
                    {"type": "localImage", "detail": null, "path": "/a.png"}
                ]),
            ),
            (
                json!([{"type": "mention", "name": "x", "path": "/x"}]),
                json!([{"type": "mention", "name": "x", "path": "/x"}]),
            ),
        ] {
            let sent = request("turn/start", &sent).unwrap();
            let message = completed("userMessage", &received);
            assert_eq!(Some(sent.content), ContentHash::of_user_message(&message));
        }
    }

    #[test]
    fn different_contents_differ() {
        let texts = [json!(["a"]), json!(["a", "b"]), json!(["ab"]), json!([])];
        let contents = texts.map(|texts| {
            let texts = texts.as_array().unwrap().iter();
            let input = texts.map(|text| json!({"type": "text", "text": text}));
            request("turn/start", &input.collect()).unwrap().content
        });
        for (index, one) in contents.iter().enumerate() {
            assert!(!contents[index + 1..].contains(one), "{index}");
        }
    }

    #[test]
    fn only_turn_start_and_turn_steer_add_input_and_only_user_messages_show_it() {
        let input = json!([{"type": "text", "text": "a"}]);
        let of = |method: &str| request(method, &input).map(|it| it.steered_turn);
        assert_eq!(of("turn/start"), Some(None));
        assert_eq!(of("turn/steer"), Some(Some("u".to_owned())));
        assert_eq!(of("thread/queue/add"), None);
        assert_eq!(InputRequest::of("turn/start", Some(b"{}")), None);
        assert_eq!(InputRequest::of("turn/start", None), None);
        let other = completed("agentMessage", &json!([{"type": "userMessage"}]));
        assert_eq!(ContentHash::of_user_message(&other), None);
    }
}
