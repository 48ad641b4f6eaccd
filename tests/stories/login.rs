//! Logins on a real app-server with a simulated issuer.
//!
//! Codex serves the callback of the browser flow on a fixed loopback port, and a second attempt
//! ends the attempt that holds the port. All browser logins are therefore covered by one test.

use std::{future::IntoFuture, thread};

use codex_client::{
    ChatgptLoginHandle, Error, RpcErrorKind, types::AccountLoginCompletedNotification,
};
use codex_tests::{
    issuer::{Issuer, confirm},
    stage::Stage,
};
use codex_types::{CancelLoginAccountStatus, LoginAppBrand};

/// Asserts that the attempt with this id has completed, with this outcome.
fn assert_completed(done: &AccountLoginCompletedNotification, login_id: &str, success: bool) {
    assert_eq!(done.success, success, "{done:?}");
    assert_eq!(done.login_id.as_deref(), Some(login_id));
    assert_eq!(done.error.is_some(), !success, "{done:?}");
}

#[tokio::test]
async fn a_device_code_that_is_entered_logs_in() {
    let (stage, issuer) = (Stage::new(), Issuer::start());
    let codex = issuer.configure(stage.builder()).start().await.unwrap();
    let login = codex.login_chatgpt_device_code().await.unwrap();
    assert_eq!(login.user_code(), "ABCD-1234");
    assert!(login.verification_url().ends_with("/codex/device"));
    assert_completed(&login.wait().await.unwrap(), login.login_id(), true);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_device_code_that_is_not_entered_can_be_cancelled() {
    let (stage, issuer) = (Stage::new(), Issuer::pending());
    let codex = issuer.configure(stage.builder()).start().await.unwrap();
    let login = codex.login_chatgpt_device_code().await.unwrap();
    let cancelled = login.cancel().await.unwrap();
    assert_eq!(cancelled.status, CancelLoginAccountStatus::Canceled);
    assert_completed(&login.wait().await.unwrap(), login.login_id(), false);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn each_browser_login_gets_its_own_completion_when_replaced_cancelled_finished_or_cut_off() {
    async fn ends_without_success(login: &ChatgptLoginHandle) {
        assert_completed(&login.wait().await.unwrap(), login.login_id(), false);
    }

    let (stage, issuer) = (Stage::new(), Issuer::start());
    let codex = issuer.configure(stage.builder()).start().await.unwrap();

    let first = codex.login_chatgpt().await.unwrap();
    assert!(first.auth_url().contains("/oauth/authorize?"));
    let second = codex
        .login_chatgpt()
        .app_brand(LoginAppBrand::Chatgpt)
        .codex_streamlined_login(true)
        .use_hosted_login_success_page(true);
    let second = second.await.unwrap();
    assert_ne!(first.login_id(), second.login_id());
    ends_without_success(&first).await;

    let cancelled = second.cancel().await.unwrap();
    assert_eq!(cancelled.status, CancelLoginAccountStatus::Canceled);
    ends_without_success(&second).await;
    let again = second.cancel().await.unwrap();
    assert_eq!(again.status, CancelLoginAccountStatus::NotFound);

    let third = codex.login_chatgpt().await.unwrap();
    let url = third.auth_url().to_owned();
    let browser = tokio::task::spawn_blocking(move || confirm(&url));
    let (here, there) = tokio::join!(third.wait().into_future(), third.wait().into_future());
    browser.await.unwrap();
    for done in [here.unwrap(), there.unwrap()] {
        assert_completed(&done, third.login_id(), true);
    }

    let last = codex.login_chatgpt().await.unwrap();
    codex.close().await.unwrap();
    assert!(matches!(last.wait().await, Err(Error::Closed(_))));

    let story = thread::spawn(blocking::browser_logins);
    story.join().unwrap();
}

#[tokio::test]
async fn a_login_that_the_configuration_forbids_is_rejected() {
    let stage = Stage::new();
    let builder = stage.builder().config("forced_login_method", "api");
    let codex = builder.start().await.unwrap();
    let Err(Error::Rpc(rejected)) = codex.login_chatgpt().await else {
        panic!("not rejected")
    };
    assert_eq!(rejected.kind, RpcErrorKind::InvalidRequest, "{rejected}");
    codex.close().await.unwrap();
}

/// The same tests with the blocking API; `blocking_api.rs` tests the API key.
mod blocking {
    use codex_client::blocking::ChatgptLoginHandle;

    use super::*;

    #[test]
    fn a_device_code_that_is_entered_logs_in() {
        let (stage, issuer) = (Stage::new(), Issuer::start());
        let codex = issuer.configure(stage.blocking_builder()).start().unwrap();
        let login = codex.login_chatgpt_device_code().send().unwrap();
        assert_eq!(login.user_code(), "ABCD-1234");
        assert!(login.verification_url().ends_with("/codex/device"));
        assert_completed(&login.wait().send().unwrap(), login.login_id(), true);
        codex.close().unwrap();
    }

    #[test]
    fn a_device_code_that_is_not_entered_can_be_cancelled() {
        let (stage, issuer) = (Stage::new(), Issuer::pending());
        let codex = issuer.configure(stage.blocking_builder()).start().unwrap();
        let login = codex.login_chatgpt_device_code().send().unwrap();
        let waiting = thread::spawn({
            let login = login.clone();
            move || login.wait().send().unwrap()
        });
        let cancelled = login.cancel().send().unwrap();
        assert_eq!(cancelled.status, CancelLoginAccountStatus::Canceled);
        assert_completed(&waiting.join().unwrap(), login.login_id(), false);
        codex.close().unwrap();
    }

    /// Not a separate test, because it uses the same port for the callback.
    pub(super) fn browser_logins() {
        fn ends_without_success(login: &ChatgptLoginHandle) {
            assert_completed(&login.wait().send().unwrap(), login.login_id(), false);
        }

        let (stage, issuer) = (Stage::new(), Issuer::start());
        let codex = issuer.configure(stage.blocking_builder()).start().unwrap();
        let first = codex.login_chatgpt().send().unwrap();
        let second = codex.login_chatgpt().send().unwrap();
        ends_without_success(&first);
        second.cancel().send().unwrap();
        ends_without_success(&second);

        let third = codex.login_chatgpt().send().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| confirm(third.auth_url()));
            assert_completed(&third.wait().send().unwrap(), third.login_id(), true);
        });

        let last = codex.login_chatgpt().send().unwrap();
        let waiting = thread::spawn(move || last.wait().send());
        codex.close().unwrap();
        assert!(matches!(waiting.join().unwrap(), Err(Error::Closed(_))));
    }
}
