//! Minimal structs with serde's derive for the messages of the benchmark.
//!
//! They assume a particular message and kind of item, do not check the method, and keep no unknown
//! values. The borrowed structs are the lower bound of the comparison: they copy text only where it
//! contains escapes.

#![allow(dead_code)]

/// Borrows from the line.
pub(crate) mod borrowed {
    use std::borrow::Cow;

    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Line<'a, P> {
        pub(crate) method: &'a str,
        pub(crate) params: P,
        pub(crate) emitted_at_ms: Option<i64>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Delta<'a> {
        pub(crate) thread_id: &'a str,
        pub(crate) turn_id: &'a str,
        pub(crate) item_id: &'a str,
        #[serde(borrow)]
        pub(crate) delta: Cow<'a, str>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Completed<'a, I> {
        pub(crate) item: I,
        pub(crate) thread_id: &'a str,
        pub(crate) turn_id: &'a str,
        pub(crate) content_token_count: Option<u64>,
        pub(crate) completed_at_ms: i64,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Message<'a> {
        pub(crate) r#type: &'a str,
        pub(crate) id: &'a str,
        #[serde(borrow)]
        pub(crate) text: Cow<'a, str>,
        pub(crate) phase: Option<&'a str>,
        pub(crate) delivery: Option<&'a str>,
        pub(crate) started_at_ms: Option<i64>,
        pub(crate) completed_at_ms: Option<i64>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Command<'a> {
        pub(crate) r#type: &'a str,
        pub(crate) id: &'a str,
        pub(crate) plugin_id: Option<&'a str>,
        pub(crate) script_path: Option<&'a str>,
        #[serde(borrow)]
        pub(crate) command: Cow<'a, str>,
        pub(crate) cwd: &'a str,
        pub(crate) process_id: Option<&'a str>,
        pub(crate) source: &'a str,
        pub(crate) status: &'a str,
        #[serde(borrow)]
        pub(crate) command_actions: Vec<Action<'a>>,
        #[serde(borrow)]
        pub(crate) aggregated_output: Option<Cow<'a, str>>,
        pub(crate) exit_code: Option<i32>,
        pub(crate) duration_ms: Option<i64>,
        pub(crate) started_at_ms: Option<i64>,
        pub(crate) completed_at_ms: Option<i64>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Action<'a> {
        pub(crate) r#type: &'a str,
        #[serde(borrow)]
        pub(crate) command: Cow<'a, str>,
    }
}

/// Owns its strings.
pub(crate) mod owned {
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Line<P> {
        pub(crate) method: String,
        pub(crate) params: P,
        pub(crate) emitted_at_ms: Option<i64>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Delta {
        pub(crate) thread_id: String,
        pub(crate) turn_id: String,
        pub(crate) item_id: String,
        pub(crate) delta: String,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Completed<I> {
        pub(crate) item: I,
        pub(crate) thread_id: String,
        pub(crate) turn_id: String,
        pub(crate) content_token_count: Option<u64>,
        pub(crate) completed_at_ms: i64,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Message {
        pub(crate) r#type: String,
        pub(crate) id: String,
        pub(crate) text: String,
        pub(crate) phase: Option<String>,
        pub(crate) delivery: Option<String>,
        pub(crate) started_at_ms: Option<i64>,
        pub(crate) completed_at_ms: Option<i64>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Command {
        pub(crate) r#type: String,
        pub(crate) id: String,
        pub(crate) plugin_id: Option<String>,
        pub(crate) script_path: Option<String>,
        pub(crate) command: String,
        pub(crate) cwd: String,
        pub(crate) process_id: Option<String>,
        pub(crate) source: String,
        pub(crate) status: String,
        pub(crate) command_actions: Vec<Action>,
        pub(crate) aggregated_output: Option<String>,
        pub(crate) exit_code: Option<i32>,
        pub(crate) duration_ms: Option<i64>,
        pub(crate) started_at_ms: Option<i64>,
        pub(crate) completed_at_ms: Option<i64>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Action {
        pub(crate) r#type: String,
        pub(crate) command: String,
    }
}
