//! The messages, with the members that a program would read.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::Result;

/// A received message. Its params or result are decoded next, by the method.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: Option<i64>,
    pub(crate) method: Option<&'a str>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A decoded notification.
pub(crate) enum Event {
    Delta(Delta),
    ItemCompleted(ItemCompleted),
    TurnCompleted(#[expect(dead_code, reason = "decoded like the others")] TurnCompleted),
    /// Any other message.
    Other,
}

impl Envelope<'_> {
    pub(crate) fn result<R: DeserializeOwned>(&self) -> Result<R> {
        match (self.result, self.error) {
            (Some(result), _) => Ok(serde_json::from_str(result.get())?),
            (None, Some(error)) => Err(error.get().into()),
            (None, None) => Err("a response without a result".into()),
        }
    }

    pub(crate) fn event(&self) -> Result<Event> {
        let params = self.params.map_or("{}", RawValue::get);
        Ok(match self.method {
            Some("item/agentMessage/delta") => Event::Delta(serde_json::from_str(params)?),
            Some("item/completed") => Event::ItemCompleted(serde_json::from_str(params)?),
            Some("turn/completed") => Event::TurnCompleted(serde_json::from_str(params)?),
            _ => match self.error {
                Some(error) => return Err(error.get().into()),
                None => Event::Other,
            },
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delta {
    #[expect(dead_code, reason = "decoded like the others")]
    pub(crate) thread_id: String,
    pub(crate) turn_id: String,
    #[expect(dead_code, reason = "decoded like the others")]
    pub(crate) item_id: String,
    pub(crate) delta: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemCompleted {
    pub(crate) item: Item,
    pub(crate) turn_id: String,
}

#[derive(Deserialize)]
pub(crate) struct Item {
    pub(crate) text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TurnCompleted {
    #[expect(dead_code, reason = "decoded like the others")]
    pub(crate) thread_id: String,
}

/// The result of `thread/start` and `thread/resume`.
#[derive(Deserialize)]
pub(crate) struct Loaded {
    pub(crate) thread: Thread,
}

#[derive(Deserialize)]
pub(crate) struct Thread {
    pub(crate) id: String,
}

/// The params and the result of `thread/loaded/list`.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    #[serde(skip_serializing)]
    pub(crate) data: Option<Vec<String>>,
    #[serde(skip_serializing)]
    #[expect(dead_code, reason = "decoded like the others")]
    pub(crate) next_cursor: Option<String>,
}

/// A request.
#[derive(Serialize)]
pub(crate) struct Request<'a, P> {
    pub(crate) id: i64,
    pub(crate) method: &'a str,
    pub(crate) params: &'a P,
}

/// The params of `initialize`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Initialize {
    client_info: ClientInfo,
    capabilities: Capabilities,
}

#[derive(Serialize)]
struct ClientInfo {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    experimental_api: bool,
}

pub(crate) const INITIALIZE: Initialize = Initialize {
    client_info: ClientInfo {
        name: "bench",
        version: "0.1.0",
    },
    capabilities: Capabilities {
        experimental_api: true,
    },
};

/// The params of `thread/start` and `thread/resume`.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThreadParams<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thread_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exclude_turns: Option<bool>,
}

/// The params of `turn/start`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TurnParams<'a> {
    thread_id: &'a str,
    input: [Input; 1],
}

#[derive(Serialize)]
struct Input {
    r#type: &'static str,
    text: &'static str,
}

impl<'a> TurnParams<'a> {
    pub(crate) fn new(thread_id: &'a str, text: &'static str) -> Self {
        let input = [Input {
            r#type: "text",
            text,
        }];
        Self { thread_id, input }
    }
}
