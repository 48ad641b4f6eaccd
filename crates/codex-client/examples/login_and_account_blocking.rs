//! Logs in, in each of the three ways, says who is logged in, and logs out.
//!
//! For programs without an async runtime: `login_and_account` is its async counterpart.
//!
//! `cargo run -p codex-client --example login_and_account_blocking -- [browser | device-code | api-key | logout]`
//!
//! Without a word it only says who is logged in. `api-key` takes the key from `OPENAI_API_KEY`. A
//! login replaces that of the installed codex: set `CODEX_HOME` to another directory to try it.

use std::{env, error::Error, time::Duration};

use codex_client::{
    blocking::Codex,
    types::{Account, AccountLoginCompletedNotification},
};

/// How long the person has.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> Result<(), Box<dyn Error>> {
    let codex = Codex::start()?;
    match env::args().nth(1).as_deref() {
        None => {}
        Some("browser") => {
            let login = codex.login_chatgpt().send()?;
            println!("open {}", login.auth_url());
            let outcome = login.wait().timeout(PATIENCE).send();
            if outcome.is_err() {
                // Otherwise the server would wait on; this does nothing if it has just ended.
                login.cancel().send()?;
            }
            report(&outcome?);
        }
        Some("device-code") => {
            // For a server on another machine than the browser.
            let login = codex.login_chatgpt_device_code().send()?;
            println!("open {}", login.verification_url());
            println!("and enter {}", login.user_code());
            let outcome = login.wait().timeout(PATIENCE).send();
            if outcome.is_err() {
                login.cancel().send()?;
            }
            report(&outcome?);
        }
        Some("api-key") => {
            codex.login_api_key(env::var("OPENAI_API_KEY")?)?;
            println!("the key is saved");
        }
        Some("logout") => codex.logout()?,
        Some(other) => return Err(format!("what is `{other}`?").into()),
    }

    let account = codex.account().send()?;
    match account.account {
        Some(Account::ApiKey) => println!("logged in with an API key"),
        Some(Account::Chatgpt(account)) => println!(
            "logged in as {}, plan {}",
            account.email.as_deref().unwrap_or("(no address)"),
            account.plan_type
        ),
        Some(other) => println!("logged in as {other:?}"),
        None if account.requires_openai_auth => println!("not logged in"),
        None => println!("the model's provider needs no login to OpenAI"),
    }
    codex.close()?;
    Ok(())
}

/// A login that was refused or cancelled has an outcome, too.
fn report(done: &AccountLoginCompletedNotification) {
    match &done.error {
        None => println!("success: {}", done.success),
        Some(reason) => println!("not logged in: {reason}"),
    }
}
