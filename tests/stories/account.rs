//! Account and models on a real app-server.

use codex_client::{
    Codex, Result, RpcErrorKind,
    types::{Account, ServerNotification},
};
use codex_testing::ModelResponse;
use codex_tests::{issuer::Issuer, stage::Stage};
use codex_types::RateLimitSnapshot;

#[tokio::test]
async fn an_api_key_logs_in_until_logout_and_is_not_printed() {
    const KEY: &str = "sk-test-not-a-key";
    let stage = Stage::new();
    // The scripted provider needs no account.
    let start = || stage.builder().config("model_provider", "openai").start();
    let codex = start().await.unwrap();
    assert_eq!(codex.account().await.unwrap().account, None);
    codex.login_api_key(KEY).await.unwrap();
    let account = codex.account().refresh_token(false).await.unwrap();
    assert!(
        matches!(account.account, Some(Account::ApiKey)),
        "{account:?}"
    );
    assert!(!format!("{codex:?}{account:?}").contains(KEY));
    // The key is saved, so the next server has it too.
    codex.close().await.unwrap();
    let codex = start().await.unwrap();
    assert!(codex.account().await.unwrap().account.is_some());
    codex.logout().await.unwrap();
    assert_eq!(codex.account().await.unwrap().account, None);
    codex.logout().await.unwrap();
    codex.close().await.unwrap();
}

async fn models(codex: &Codex, hidden: bool, limit: u32) -> Vec<String> {
    let mut models = codex.models().include_hidden(hidden).limit(limit).stream();
    let mut ids = Vec::new();
    while let Some(model) = models.next().await {
        ids.push(model.expect("a model").id);
    }
    ids
}

#[tokio::test]
async fn models_are_listed_in_one_page_or_several_with_hidden_ones_on_request() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let page = codex.models().await.unwrap();
    assert_eq!(page.next_cursor, None);
    assert!(page.data.iter().any(|model| model.is_default));
    let ids: Vec<_> = page.data.into_iter().map(|model| model.id).collect();
    assert_eq!(models(&codex, false, 1).await, ids);
    let all = models(&codex, true, 3).await;
    assert!(all.len() > ids.len() && ids.iter().all(|id| all.contains(id)));
    codex.close().await.unwrap();
}

/// Without a ChatGPT account, the server has no rate limits.
fn assert_needs_login<T: std::fmt::Debug>(limits: Result<T>) {
    let error = limits.unwrap_err();
    assert_eq!(
        error.rpc_kind(),
        Some(RpcErrorKind::LoginRequired),
        "{error}"
    );
    assert!(
        error.to_string().contains("account/rateLimits/read"),
        "{error}"
    );
}

#[tokio::test]
async fn the_rate_limits_require_a_chatgpt_account() {
    let stage = Stage::new();
    let codex = stage.start().await;
    assert_needs_login(codex.rate_limits().await);
    codex.login_api_key("sk-test-not-a-key").await.unwrap();
    assert_needs_login(codex.rate_limits().await);
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_is_refused_the_rate_limits_too() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    assert_needs_login(codex.rate_limits());
    codex.close().unwrap();
}

/// Returns a response with which the model provider reports the rate limits.
fn limited_response() -> ModelResponse {
    let headers = [
        ("x-codex-primary-used-percent", "41.5"),
        ("x-codex-primary-window-minutes", "300"),
        ("x-codex-primary-reset-at", "1900000000"),
        ("x-codex-secondary-used-percent", "7"),
        ("x-codex-secondary-window-minutes", "10080"),
        ("x-codex-secondary-reset-at", "1900600000"),
    ];
    let response = ModelResponse::text("Hello.");
    headers
        .into_iter()
        .fold(response, |response, (name, value)| {
            response.header(name, value)
        })
}

fn updated(notification: Result<ServerNotification>) -> Option<RateLimitSnapshot> {
    match notification.unwrap() {
        ServerNotification::AccountRateLimitsUpdated(updated) => Some(updated.rate_limits),
        _ => None,
    }
}

#[track_caller]
fn assert_limits(limits: RateLimitSnapshot) {
    let window = |window: codex_types::RateLimitWindow| {
        (
            window.used_percent,
            window.window_duration_mins,
            window.resets_at,
        )
    };
    let windows = [limits.primary, limits.secondary].map(|limit| limit.map(window));
    let expected = [
        Some((42, Some(300), Some(1_900_000_000))),
        Some((7, Some(10_080), Some(1_900_600_000))),
    ];
    assert_eq!(windows, expected);
}

#[tokio::test]
async fn the_rate_limits_that_the_model_provider_reports_are_a_notification() {
    let stage = Stage::new();
    stage.model.push(limited_response());
    let codex = stage.start().await;
    let mut notifications = codex.notifications();
    let thread = codex.thread_start().await.unwrap();
    thread.run("Hello?").await.unwrap();
    let limits = loop {
        if let Some(limits) = updated(notifications.next().await.unwrap()) {
            break limits;
        }
    };
    assert_limits(limits);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_rate_limits_of_a_chatgpt_account_are_read() {
    let (stage, issuer) = (Stage::new(), Issuer::start());
    let codex = issuer.configure(stage.builder()).start().await.unwrap();
    let login = codex.login_chatgpt_device_code().await.unwrap();
    login.wait().await.unwrap();
    assert_limits(codex.rate_limits().await.unwrap().rate_limits);
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_reads_the_rate_limits_too() {
    let (stage, issuer) = (Stage::new(), Issuer::start());
    let codex = issuer.configure(stage.blocking_builder()).start().unwrap();
    let login = codex.login_chatgpt_device_code().send().unwrap();
    login.wait().send().unwrap();
    assert_limits(codex.rate_limits().unwrap().rate_limits);
    codex.close().unwrap();
}

#[test]
fn the_blocking_api_is_notified_of_the_rate_limits_too() {
    let stage = Stage::new();
    stage.model.push(limited_response());
    let codex = stage.start_blocking();
    let mut notifications = codex.notifications();
    let thread = codex.thread_start().send().unwrap();
    thread.run("Hello?").send().unwrap();
    assert_limits(notifications.find_map(updated).unwrap());
    codex.close().unwrap();
}
