//! The options of the request builders, as they are sent.

use std::{
    future::IntoFuture,
    path::{Path, PathBuf},
};

use codex_types::{
    ApprovalsReviewer, AskForApproval, Personality, ReasoningEffort, ReasoningSummary,
    SortDirection, ThreadListCwdFilter, ThreadListParams, ThreadSortKey, ThreadSource,
    ThreadSourceKind, ThreadStartSource,
};
use serde_json::{Value, json};

use crate::{
    approval_mode::ApprovalMode,
    client::Codex,
    error::Error,
    pages::Cursor,
    sandbox::Sandbox,
    tests::{FakeServer, initialize_response},
    thread::directories::Directories,
};

/// Returns the params that a request sends.
async fn sent<F>(method: &str, request: impl FnOnce(&Codex) -> F) -> Value
where
    F: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
{
    let (codex, mut fake) = FakeServer::start().await;
    let request = tokio::spawn(request(&codex).into_future());
    let message = fake.respond(method, json!({})).await;
    let _ = request.await.unwrap();
    message["params"].clone()
}

/// Returns the params for the options that all thread builders share.
fn common() -> Value {
    json!({
        "approvalPolicy": "untrusted", "approvalsReviewer": "user", "baseInstructions": "base",
        "config": {"a.b": 1}, "cwd": "/dir", "developerInstructions": "developer", "model": "m",
        "modelProvider": "p", "sandbox": "workspace-write", "serviceTier": "fast",
    })
}

fn with(object: Value, more: Value) -> Value {
    let (Value::Object(mut object), Value::Object(more)) = (object, more) else {
        panic!("not objects")
    };
    object.extend(more);
    object.into()
}

macro_rules! common_options {
    ($builder:expr) => {
        $builder
            .approval_policy(AskForApproval::Untrusted)
            .approvals_reviewer(ApprovalsReviewer::User)
            .base_instructions("base")
            .config("a.b", 1)
            .cwd("/dir")
            .developer_instructions("developer")
            .model("m")
            .model_provider("p")
            .sandbox(Sandbox::WorkspaceWrite)
            .service_tier("fast")
    };
}

#[tokio::test]
async fn a_request_without_options_sends_only_required_params() {
    let params = sent("thread/start", Codex::thread_start).await;
    assert_eq!(params, json!({}));
    let params = sent("thread/list", Codex::thread_list).await;
    assert_eq!(params, json!({}));
}

#[tokio::test]
async fn the_history_of_a_thread_is_left_out_of_the_response_by_default() {
    let bare = json!({"threadId": "t", "excludeTurns": true});
    let params = sent("thread/resume", |codex| codex.thread_resume("t")).await;
    assert_eq!(params, bare);
    let params = sent("thread/fork", |codex| codex.thread_fork("t")).await;
    assert_eq!(params, bare);
    let full = |codex: &Codex| codex.thread_resume("t").include_turns(true);
    let params = sent("thread/resume", full).await;
    assert_eq!(params, json!({"threadId": "t", "excludeTurns": false}));
}

/// Older servers refuse `excludeTurns` if the client lacks the capability.
#[tokio::test]
async fn without_the_experimental_api_only_new_servers_are_asked_to_leave_the_history_out() {
    for (version, expected) in [
        ("0.147.0", json!({"threadId": "t"})),
        ("0.163.0", json!({"threadId": "t", "excludeTurns": true})),
    ] {
        let mut initialized = initialize_response();
        initialized["userAgent"] = format!("codex/{version}").into();
        let (mut fake, (reader, writer)) = FakeServer::in_memory();
        let builder = Codex::builder().experimental_api(false);
        let (codex, _) = tokio::join!(builder.connect(reader, writer), async {
            fake.respond("initialize", initialized).await;
            fake.receive().await
        });
        let codex = codex.unwrap();
        for method in ["thread/resume", "thread/fork"] {
            let request = match method {
                "thread/resume" => tokio::spawn(codex.thread_resume("t").into_future()),
                _ => tokio::spawn(codex.thread_fork("t").into_future()),
            };
            let message = fake.respond(method, json!({})).await;
            let _ = request.await.unwrap();
            assert_eq!(message["params"], expected, "{method} {version}");
        }
    }
}

#[tokio::test]
async fn every_option_of_a_thread_start_is_sent() {
    let params = sent("thread/start", |codex| {
        common_options!(codex.thread_start())
            .ephemeral(true)
            .personality(Personality::Friendly)
            .service_name("ci")
            .session_start_source(ThreadStartSource::Startup)
            .thread_source(ThreadSource::from("user"))
            .params(|params| params.history_mode("paginated"))
    })
    .await;
    let expected = json!({
        "ephemeral": true, "personality": "friendly", "serviceName": "ci",
        "sessionStartSource": "startup", "threadSource": "user", "historyMode": "paginated",
    });
    assert_eq!(params, with(common(), expected));
}

#[tokio::test]
async fn every_option_of_a_thread_resume_is_sent() {
    let params = sent("thread/resume", |codex| {
        common_options!(codex.thread_resume("t"))
            .personality(Personality::Pragmatic)
            .include_turns(false)
    })
    .await;
    let expected = json!({"threadId": "t", "personality": "pragmatic", "excludeTurns": true});
    assert_eq!(params, with(common(), expected));
}

#[tokio::test]
async fn every_option_of_a_thread_fork_is_sent() {
    let params = sent("thread/fork", |codex| {
        common_options!(codex.thread_fork("t"))
            .before_turn_id("before")
            .last_turn_id("last")
            .ephemeral(false)
            .thread_source(ThreadSource::from("user"))
            .include_turns(true)
    })
    .await;
    let expected = json!({
        "threadId": "t", "beforeTurnId": "before", "lastTurnId": "last", "ephemeral": false,
        "threadSource": "user", "excludeTurns": false,
    });
    assert_eq!(params, with(common(), expected));
}

#[tokio::test]
async fn every_option_of_a_thread_list_is_sent() {
    let params = sent("thread/list", |codex| {
        let list = codex.thread_list().ancestor_thread_id("a").archived(true);
        list.attached_to_thread_id("b")
            .current_account_only(true)
            .cursor("c")
            .cwd(["/d", "/e"])
            .excluded_thread_ids(["f"])
            .include_attached_threads(true)
            .limit(7)
            .model_providers(["g"])
            .originators(["h"])
            .parent_thread_id("i")
            .project_id("j")
            .search_term("k")
            .section_id("l")
            .sort_direction(SortDirection::Asc)
            .sort_key(ThreadSortKey::UpdatedAt)
            .source_kinds([ThreadSourceKind::Cli])
            .use_state_db_only(true)
    })
    .await;
    let expected = json!({
        "ancestorThreadId": "a", "archived": true, "attachedToThreadId": "b",
        "currentAccountOnly": true, "cursor": "c", "cwd": ["/d", "/e"], "excludedThreadIds": ["f"],
        "includeAttachedThreads": true, "limit": 7, "modelProviders": ["g"], "originators": ["h"],
        "parentThreadId": "i", "projectId": "j", "searchTerm": "k", "sectionId": "l",
        "sortDirection": "asc", "sortKey": "updated_at", "sourceKinds": ["cli"],
        "useStateDbOnly": true,
    });
    assert_eq!(params, expected);
    // The test covers every param in the schema.
    let all: ThreadListParams = serde_json::from_value(expected.clone()).unwrap();
    assert!(!format!("{all:?}").contains("None"), "{all:?}");
}

#[tokio::test]
async fn a_list_takes_the_cursor_of_a_response_which_need_not_be_there() {
    let cursor = |cursor: Cursor| async {
        let params = sent("thread/list", |codex| {
            codex.thread_list().cursor("old").cursor(cursor.clone())
        });
        let threads = params.await;
        let params = sent("model/list", |codex| codex.models().cursor(cursor));
        assert_eq!(params.await, threads);
        threads
    };
    for text in [
        "c".into(),
        String::from("c").into(),
        Some("c").into(),
        Some(&String::from("c")).into(),
        Some(String::from("c")).into(),
    ] {
        assert_eq!(cursor(text).await, json!({"cursor": "c"}));
    }
    assert_eq!(cursor(None::<String>.into()).await, json!({}));
}

#[tokio::test]
async fn a_thread_list_takes_one_or_several_directories_of_any_path_type() {
    let list = |directories: Directories| async {
        let params = sent("thread/list", |codex| codex.thread_list().cwd(directories)).await;
        params["cwd"].clone()
    };
    let one = PathBuf::from("/d");
    for directories in [
        "/d".into(),
        String::from("/d").into(),
        one.as_path().into(),
        one.clone().into(),
        ThreadListCwdFilter::One("/d".into()).into(),
    ] {
        assert_eq!(list(directories).await, "/d");
    }
    let several = vec![one, PathBuf::from("/e")];
    for directories in [
        several.as_slice().into(),
        several.into(),
        ["/d", "/e"].into(),
    ] {
        assert_eq!(list(directories).await, json!(["/d", "/e"]));
    }
}

/// Returns a path that is not Unicode, and its form in errors.
fn not_unicode() -> (PathBuf, &'static str) {
    #[cfg(unix)]
    {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

        let name = OsStr::from_bytes(b"/work/\xff");
        (name.into(), r"/work/\xFF")
    }
    #[cfg(windows)]
    {
        use std::{ffi::OsString, os::windows::ffi::OsStringExt};

        let mut name: Vec<u16> = "/work/".encode_utf16().collect();
        name.push(0xd800);
        (OsString::from_wide(&name).into(), r"/work/\u{d800}")
    }
}

#[tokio::test]
async fn a_directory_that_is_not_unicode_is_named_in_the_error_and_nothing_is_sent() {
    let (path, shown) = not_unicode();
    let not_unicode = path.as_path();
    let (thread, mut fake) = FakeServer::start_thread().await;
    let codex = &thread.codex;
    for error in [
        codex.thread_start().cwd(not_unicode).await.unwrap_err(),
        codex.thread_list().cwd(not_unicode).await.unwrap_err(),
        codex
            .thread_list()
            .cwd([Path::new("/d"), not_unicode])
            .await
            .unwrap_err(),
        thread.turn("hi").cwd(not_unicode).await.unwrap_err(),
        codex.exec(["ls"]).cwd(not_unicode).await.unwrap_err(),
        thread
            .run("hi")
            .cwd(not_unicode)
            .cwd("/d")
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(error, Error::InvalidInput(_)), "{error}");
        assert!(error.to_string().contains(shown), "{error}");
    }
    fake.round_trip(codex).await;
}

#[tokio::test]
async fn every_option_of_a_turn_is_sent() {
    macro_rules! turn_options {
        ($builder:expr) => {
            $builder
                .approval_policy(AskForApproval::OnRequest)
                .approvals_reviewer(ApprovalsReviewer::User)
                .cwd("/dir")
                .effort(ReasoningEffort::High)
                .model("m")
                .output_schema(json!({"type": "object"}))
                .personality(Personality::Friendly)
                .sandbox(Sandbox::FullAccess)
                .service_tier("fast")
                .source("cron")
                .summary(ReasoningSummary::Concise)
                .turn_service_tier("flex")
                .params(|params| params.client_user_message_id("mine"))
        };
    }
    let expected = json!({
        "threadId": "t", "input": [{"type": "text", "text": "hi"}],
        "approvalPolicy": "on-request", "approvalsReviewer": "user", "cwd": "/dir",
        "effort": "high", "model": "m", "outputSchema": {"type": "object"},
        "personality": "friendly", "sandboxPolicy": {"type": "dangerFullAccess"},
        "serviceTier": "fast", "turnTrigger": "cron", "summary": "concise",
        "serviceTierForTurn": "flex", "clientUserMessageId": "mine",
    });
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = tokio::spawn(turn_options!(thread.turn("hi")).into_future());
    let message = fake
        .respond("turn/start", crate::tests::turn_start_response("u"))
        .await;
    turn.await.unwrap().unwrap();
    assert_eq!(message["params"], expected);
    let run = tokio::spawn(turn_options!(thread.run("hi")).into_future());
    let message = fake
        .respond("turn/start", crate::tests::turn_start_response("v"))
        .await;
    assert_eq!(message["params"], expected);
    fake.complete_turn("v", "completed").await;
    run.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_approval_mode_sets_policy_and_reviewer() {
    let modes = [
        (ApprovalMode::DenyAll, json!({"approvalPolicy": "never"})),
        (
            ApprovalMode::AutoReview,
            json!({"approvalPolicy": "on-request", "approvalsReviewer": "auto_review"}),
        ),
    ];
    for (mode, expected) in modes {
        let params = sent("thread/start", |codex| {
            codex.thread_start().approval_mode(mode)
        });
        assert_eq!(params.await, expected);
        let of_thread = with(expected.clone(), json!({"threadId": "t"}));
        let loaded = with(of_thread.clone(), json!({"excludeTurns": true}));
        let params = sent("thread/resume", |codex| {
            codex.thread_resume("t").approval_mode(mode)
        });
        assert_eq!(params.await, loaded);
        let params = sent("thread/fork", |codex| {
            codex.thread_fork("t").approval_mode(mode)
        });
        assert_eq!(params.await, loaded);
        let input = json!({"input": [{"type": "text", "text": "hi"}]});
        let of_turn = with(of_thread, input);
        let (thread, mut fake) = FakeServer::start_thread().await;
        let turn = tokio::spawn(thread.turn("hi").approval_mode(mode).into_future());
        let message = fake
            .respond("turn/start", crate::tests::turn_start_response("u"))
            .await;
        assert_eq!(message["params"], of_turn);
        turn.await.unwrap().unwrap();
        let run = tokio::spawn(thread.run("hi").approval_mode(mode).into_future());
        let message = fake
            .respond("turn/start", crate::tests::turn_start_response("v"))
            .await;
        assert_eq!(message["params"], of_turn);
        fake.complete_turn("v", "completed").await;
        run.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn every_option_of_the_other_requests_is_sent() {
    let params = sent("account/read", |codex| codex.account().refresh_token(true)).await;
    assert_eq!(params, json!({"refreshToken": true}));
    let params = sent("model/list", |codex| {
        let models = codex.models().include_hidden(true).model_provider("p");
        models.cursor("c").limit(3)
    });
    let expected = json!({"includeHidden": true, "modelProvider": "p", "cursor": "c", "limit": 3});
    assert_eq!(params.await, expected);
    let (thread, mut fake) = FakeServer::start_thread().await;
    let read = tokio::spawn(thread.read().include_turns(true).into_future());
    let message = fake.respond("thread/read", json!({})).await;
    assert_eq!(
        message["params"],
        json!({"threadId": "t", "includeTurns": true})
    );
    let _ = read.await;
}
