//! Logs in with one of three methods or logs out, and shows the account.
//!
//! `cargo run -p codex-client --example login_and_account -- [METHOD]`
//!
//! METHOD is `browser`, `device-code`, `api-key` or `logout`. Without it, the example only shows
//! the account. `api-key` reads the key from `OPENAI_API_KEY`. A login replaces that of the
//! installed Codex. To avoid this, set `CODEX_HOME` to a different directory.

use std::{env, error::Error, time::Duration};

use codex_client::{
    Codex,
    types::{Account, AccountLoginCompletedNotification},
};

/// The time that the user has to log in.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let codex = Codex::start().await?;
    match env::args().nth(1).as_deref() {
        None => {}
        Some("browser") => {
            let login = codex.login_chatgpt().await?;
            println!("Open {}", login.auth_url());
            let outcome = login.wait().timeout(LOGIN_TIMEOUT).await;
            if outcome.is_err() {
                // Otherwise the server continues to wait. This is a no-op if the login has just
                // ended.
                login.cancel().await?;
            }
            report(&outcome?);
        }
        Some("device-code") => {
            // For a server without a browser on the same machine.
            let login = codex.login_chatgpt_device_code().await?;
            println!("Open {}", login.verification_url());
            println!("and enter {}", login.user_code());
            let outcome = login.wait().timeout(LOGIN_TIMEOUT).await;
            if outcome.is_err() {
                login.cancel().await?;
            }
            report(&outcome?);
        }
        Some("api-key") => {
            codex.login_api_key(env::var("OPENAI_API_KEY")?).await?;
            println!("API key saved");
        }
        Some("logout") => codex.logout().await?,
        Some(other) => return Err(format!("unknown command `{other}`").into()),
    }

    let account = codex.account().await?;
    match account.account {
        Some(Account::ApiKey) => println!("Logged in with an API key"),
        Some(Account::Chatgpt(account)) => println!(
            "Logged in as {}, plan {}",
            account.email.as_deref().unwrap_or("(no email address)"),
            account.plan_type
        ),
        Some(other) => println!("Logged in as {other:?}"),
        None if account.requires_openai_auth => println!("Not logged in"),
        None => println!("The model provider needs no OpenAI login"),
    }
    codex.close().await?;
    Ok(())
}

/// Prints the outcome of a login. A rejected or canceled login has an outcome as well.
fn report(done: &AccountLoginCompletedNotification) {
    match &done.error {
        None => println!("Login succeeded: {}", done.success),
        Some(reason) => println!("Login failed: {reason}"),
    }
}
