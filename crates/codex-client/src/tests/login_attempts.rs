//! Login attempts and their completion.

use std::{future::IntoFuture, time::Duration};

use codex_types::{CancelLoginAccountStatus, LoginAppBrand};
use serde_json::{Value, json};

use crate::{client::Codex, error::Error, login::handle::ChatgptLoginHandle, tests::FakeServer};

fn started(login_id: &str) -> Value {
    json!({"type": "chatgpt", "loginId": login_id, "authUrl": format!("https://auth/{login_id}")})
}

async fn start(codex: &Codex, fake: &mut FakeServer, login_id: &str) -> ChatgptLoginHandle {
    let (login, _) = tokio::join!(
        codex.login_chatgpt().into_future(),
        fake.respond("account/login/start", started(login_id))
    );
    login.unwrap()
}

async fn complete(fake: &mut FakeServer, login_id: &str, error: Option<&str>) {
    let params = json!({"loginId": login_id, "success": error.is_none(), "error": error});
    fake.notify("account/login/completed", params).await;
}

#[tokio::test]
async fn a_login_sends_its_options_and_may_have_several_waiters() {
    let (codex, mut fake) = FakeServer::start().await;
    let start = codex
        .login_chatgpt()
        .app_brand(LoginAppBrand::Chatgpt)
        .codex_streamlined_login(true)
        .params(|params| params.use_hosted_login_success_page(false));
    let (login, message) = tokio::join!(
        start.into_future(),
        fake.respond("account/login/start", started("a"))
    );
    let params = json!({
        "type": "chatgpt",
        "appBrand": "chatgpt",
        "codexStreamlinedLogin": true,
        "useHostedLoginSuccessPage": false,
    });
    assert_eq!(message["params"], params);
    let login = login.unwrap();
    assert_eq!(
        (login.login_id(), login.auth_url()),
        ("a", "https://auth/a")
    );
    let waiters = [(); 2].map(|()| tokio::spawn(login.wait().into_future()));
    complete(&mut fake, "a", None).await;
    for waiter in waiters {
        let done = waiter.await.unwrap().unwrap();
        assert!(done.success && done.login_id.as_deref() == Some("a"));
    }
    assert!(login.wait().await.unwrap().success);
}

#[tokio::test]
async fn a_completion_that_arrives_before_the_response_is_kept() {
    let (codex, mut fake) = FakeServer::start().await;
    let start = tokio::spawn(codex.login_chatgpt_device_code().into_future());
    let id = fake.receive_request("account/login/start").await;
    complete(&mut fake, "other", Some("failed")).await;
    complete(&mut fake, "own", None).await;
    let result = json!({
        "type": "chatgptDeviceCode",
        "loginId": "own",
        "verificationUrl": "https://auth/device",
        "userCode": "ABCD-1234",
    });
    fake.send(&json!({"id": id, "result": result})).await;
    let login = start.await.unwrap().unwrap();
    assert_eq!(login.verification_url(), "https://auth/device");
    assert_eq!(login.user_code(), "ABCD-1234");
    assert!(login.wait().await.unwrap().success);
    // Global subscribers get every completion.
    let mut notifications = codex.notifications();
    for _ in 0..2 {
        let event = notifications.next().await.unwrap().unwrap();
        assert_eq!(event.method(), "account/login/completed");
    }
}

#[tokio::test]
async fn a_replaced_login_ends_without_success_and_does_not_end_the_new_one() {
    let (codex, mut fake) = FakeServer::start().await;
    let old = start(&codex, &mut fake, "old").await;
    let starting = tokio::spawn(codex.login_chatgpt().into_future());
    let id = fake.receive_request("account/login/start").await;
    complete(&mut fake, "old", Some("Login was not completed")).await;
    fake.send(&json!({"id": id, "result": started("new")}))
        .await;
    let new = starting.await.unwrap().unwrap();
    let done = old.wait().await.unwrap();
    assert_eq!(done.error.as_deref(), Some("Login was not completed"));
    assert!(!done.success);
    complete(&mut fake, "new", None).await;
    assert!(new.wait().await.unwrap().success);
}

#[tokio::test]
async fn a_cancelled_login_ends_without_success() {
    let (codex, mut fake) = FakeServer::start().await;
    let login = start(&codex, &mut fake, "a").await;
    let (response, message) = tokio::join!(
        login.cancel().into_future(),
        fake.respond("account/login/cancel", json!({"status": "canceled"}))
    );
    assert_eq!(response.unwrap().status, CancelLoginAccountStatus::Canceled);
    assert_eq!(message["params"], json!({"loginId": "a"}));
    complete(&mut fake, "a", Some("cancelled")).await;
    assert!(!login.wait().await.unwrap().success);
}

#[tokio::test(start_paused = true)]
async fn a_wait_may_time_out_and_be_repeated() {
    let (codex, mut fake) = FakeServer::start().await;
    let login = start(&codex, &mut fake, "a").await;
    let error = login
        .wait()
        .timeout(Duration::from_secs(5))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    complete(&mut fake, "a", None).await;
    assert!(login.wait().await.unwrap().success);
}

#[tokio::test]
async fn the_end_of_the_connection_ends_all_waits() {
    let (codex, mut fake) = FakeServer::start().await;
    let login = start(&codex, &mut fake, "a").await;
    let waiter = tokio::spawn(login.wait().into_future());
    tokio::task::yield_now().await;
    drop(fake);
    let error = waiter.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
    assert!(matches!(login.wait().await, Err(Error::Closed(_))));
    assert!(matches!(login.cancel().await, Err(Error::Closed(_))));
}

#[tokio::test]
async fn a_response_of_the_wrong_kind_and_a_malformed_completion_are_errors() {
    let (codex, mut fake) = FakeServer::start().await;
    let (login, _) = tokio::join!(
        codex.login_chatgpt_device_code().into_future(),
        fake.respond("account/login/start", started("a"))
    );
    assert!(matches!(login, Err(Error::Decode(_))));
    let (login, _) = tokio::join!(
        codex.login_chatgpt().into_future(),
        fake.respond("account/login/start", json!({"type": "apiKey"}))
    );
    assert!(matches!(login, Err(Error::Decode(_))));
    let login = start(&codex, &mut fake, "b").await;
    let params = json!({"loginId": "b", "success": "perhaps"});
    fake.notify("account/login/completed", params).await;
    assert!(matches!(login.wait().await, Err(Error::Decode(_))));
}

#[tokio::test]
async fn a_completion_that_cannot_be_read_ends_its_attempt_with_the_error() {
    let (codex, mut fake) = FakeServer::start().await;
    for params in [r#"{"loginId":"a","success":tr"#, r#"{"success":"#, "5}"] {
        let (login, other) = (
            start(&codex, &mut fake, "a").await,
            start(&codex, &mut fake, "b").await,
        );
        let line = format!("{{\"method\":\"account/login/completed\",\"params\":{params}\n");
        fake.write(line.as_bytes()).await;
        let Err(Error::Decode(error)) = login.wait().await else {
            panic!("the completion was read: {params}")
        };
        assert_eq!(error.method.as_deref(), Some("account/login/completed"));
        // Without an id, the completion may be that of any attempt.
        if params.contains("loginId") {
            complete(&mut fake, "b", None).await;
            assert!(other.wait().await.unwrap().success);
        } else {
            assert!(matches!(other.wait().await, Err(Error::Decode(_))));
        }
    }
}
