//! The page in a headless Chromium.
//!
//! `cargo xtask browser` runs these tests; with `--install`, it installs Chromium on Debian.

use std::{collections::BTreeSet, env, fs, path::Path};

use codex_browser::{Browser, Page, look};
use codex_testing::{Item, ModelResponse};
use serde_json::json;

use crate::program::{Program, Result};

/// Scripts a command that needs an approval.
fn command(program: &Program, command: &str) {
    let arguments = json!({
        "cmd": command, "sandbox_permissions": "require_escalated",
        "justification": "The tests need a place for their output.",
    });
    program
        .model
        .push(ModelResponse::function_call("exec_command", arguments));
}

/// Waits until no turn is running in the open thread.
async fn until_idle(page: &Page) -> Result<()> {
    page.until("document.getElementById('log').getAttribute('aria-busy') === 'false'")
        .await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn a_response_streams_into_the_page_and_a_reload_loses_nothing() -> Result<()> {
    let (program, browser) = (Program::start().await?, Browser::start().await?);
    let page = browser.open(&program.url).await?;
    let gate = program.model.gate();
    let response = ModelResponse::deltas(["Use `cargo", " test`. ", "<b>That</b> is all."]);
    program.model.push(response.hold_after(2, &gate));
    page.prompt("How do I run the tests?").await?;
    page.until_text(".item.user", "How do I run the tests?")
        .await?;
    page.until_text(".item.agent", "Use `cargo test`.").await?;
    page.until_text("#status", "Working…").await?;

    // In the middle of the turn.
    page.reload().await?;
    page.until_text(".item.agent", "Use cargo test.").await?;
    page.until_text(".item.user", "How do I run the tests?")
        .await?;
    page.until_text("#status", "Working…").await?;
    let other = browser.open(&page_address(&page).await?).await?;
    other.until_text(".item.agent", "Use cargo test.").await?;

    gate.open();
    for page in [&page, &other] {
        // The text of a model is text.
        page.until_text(".item.agent", "Use cargo test. <b>That</b> is all.")
            .await?;
        page.until_text("#status", "").await?;
        page.until_text("#title", "How do I run the tests?").await?;
        assert_eq!(page.texts(".item.agent code").await?, ["cargo test"]);
    }
    page.reload().await?;
    page.until_text(".item.agent", "Use cargo test. <b>That</b> is all.")
        .await?;
    page.until_count(".item", 2).await?;
    browser.close().await?;
    program.stop().await
}

async fn page_address(page: &Page) -> Result<String> {
    Ok(page
        .eval("location.href")
        .await?
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn an_approval_that_is_answered_in_one_tab_disappears_in_the_other() -> Result<()> {
    let (program, browser) = (Program::start().await?, Browser::start().await?);
    let made = |name: &str| program.home.workspace().join(name).exists();
    let page = browser.open(&program.url).await?;

    command(&program, "touch accepted");
    program.model.push("It is there.");
    page.prompt("Make a file.").await?;
    page.until_text(".approval h3", "Run this command?").await?;
    page.until_text(
        ".approval .reason",
        "The tests need a place for their output.",
    )
    .await?;
    let other = browser.open(&page_address(&page).await?).await?;
    other.until_count(".approval", 1).await?;
    assert!(other.texts(".approval pre").await?[0].contains("touch accepted"));
    assert!(!made("accepted"));
    other.click("Accept").await?;
    for page in [&page, &other] {
        page.until_count(".approval", 0).await?;
        page.until_text(".card .state", "done").await?;
        until_idle(page).await?;
    }
    assert!(made("accepted"));

    command(&program, "touch declined");
    program.model.push("As you wish.");
    page.prompt("Make another.").await?;
    page.click("Decline").await?;
    for page in [&page, &other] {
        page.until("document.querySelector('#log').textContent.endsWith('As you wish.')")
            .await?;
        page.until_count(".approval", 0).await?;
        until_idle(page).await?;
    }
    assert!(!made("declined"));
    assert_eq!(page.texts(".card .state").await?, ["done", "declined"]);

    // Two changes of a file outside of the workspace, with one approval.
    let outside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let file = outside.path().join("file");
    let change = |old: &str, new: &str| {
        let patch = match old {
            "" => format!("*** Add File: {}\n+{new}\n", file.display()),
            old => format!("*** Update File: {}\n@@\n-{old}\n+{new}\n", file.display()),
        };
        let patch = format!("*** Begin Patch\n{patch}*** End Patch\n");
        let call = ModelResponse::custom_tool_call("apply_patch", patch);
        program.model.push(call);
    };
    change("", "one");
    change("one", "two");
    program.model.push("Twice.");
    page.prompt("Change it twice.").await?;
    page.until_text(".approval h3", "Change these files?")
        .await?;
    page.click("Accept for this session").await?;
    page.until("document.querySelector('#log').textContent.endsWith('Twice.')")
        .await?;
    assert_eq!(
        page.texts(".card .state").await?,
        ["done", "declined", "done", "done"]
    );
    assert_eq!(page.texts(".approval").await?, Vec::<String>::new());
    assert_eq!(fs::read_to_string(file)?, "two\n");
    browser.close().await?;
    program.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn a_turn_is_cancelled_by_the_button_and_by_the_keyboard() -> Result<()> {
    let (program, browser) = (Program::start().await?, Browser::start().await?);
    let page = browser.open(&program.url).await?;
    for (turn, by_key) in [(1, false), (2, true)] {
        let gate = program.model.push_gated("Never said.");
        page.prompt("Count to a million.").await?;
        gate.reached().await?;
        page.until("!document.getElementById('cancel').hidden")
            .await?;
        match by_key {
            true => page.press("Escape", 27).await?,
            false => page.click("Cancel").await?,
        }
        gate.hung_up().await?;
        page.until_count(".item.stopped", turn).await?;
        until_idle(&page).await?;
        page.until("document.getElementById('cancel').hidden")
            .await?;
    }
    // The thread is still usable.
    program.model.push("One.");
    page.prompt("Count to one.").await?;
    page.until_text(".item.agent", "One.").await?;
    browser.close().await?;
    program.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn a_prompt_during_a_turn_is_added_to_it() -> Result<()> {
    let (program, browser) = (Program::start().await?, Browser::start().await?);
    let page = browser.open(&program.url).await?;
    let gate = program.model.gate();
    let response = ModelResponse::deltas(["The parser", " is"]).hold_after(1, &gate);
    program.model.push(response);
    page.prompt("Refactor the parser.").await?;
    page.until_text(".item.agent", "The parser").await?;
    program.model.push("Only the lexer, then.");
    page.until_text("#send", "Add").await?;
    page.prompt("Only the lexer.").await?;
    gate.hung_up().await?;
    page.until("document.querySelector('#log').textContent.endsWith('Only the lexer, then.')")
        .await?;
    until_idle(&page).await?;
    assert_eq!(
        page.texts(".item.user").await?,
        ["Refactor the parser.", "Only the lexer."]
    );
    assert_eq!(program.model.requests().len(), 2);
    browser.close().await?;
    program.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn the_list_has_pages_and_a_saved_thread_can_be_continued() -> Result<()> {
    let (program, browser) = (Program::start().await?, Browser::start().await?);
    program.model.respond_with(|request| {
        ModelResponse::text(format!(
            "You said: {}",
            request.last_user_text().unwrap_or_default()
        ))
    });
    let page = browser.open(&program.url).await?;
    for number in 1..=11 {
        page.click("New thread").await?;
        page.until_count(".item", 0).await?;
        page.prompt(&format!("Thread {number:02}")).await?;
        page.until_text(".item.agent", &format!("You said: Thread {number:02}"))
            .await?;
        page.until_text("#title", &format!("Thread {number:02}"))
            .await?;
    }
    page.until_count("#threads li", 10).await?;
    page.click("Show more").await?;
    page.until_count("#threads li", 11).await?;
    page.until("document.getElementById('more').hidden").await?;
    let names: BTreeSet<String> = page.texts("#threads li span").await?.into_iter().collect();
    assert_eq!(
        names,
        (1..=11)
            .map(|number| format!("Thread {number:02}"))
            .collect()
    );

    // With a new program on the same home, the thread is not loaded.
    let program = program.restart().await?;
    let page = browser.open(&program.url).await?;
    page.click("Show more").await?;
    page.click("Thread 01").await?;
    page.until_text(".item.agent", "You said: Thread 01")
        .await?;
    page.prompt("Which thread was it?").await?;
    page.until_count(".item.agent", 2).await?;
    until_idle(&page).await?;
    assert_eq!(
        page.texts(".item.agent").await?[1],
        "You said: Which thread was it?"
    );
    browser.close().await?;
    program.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn errors_are_shown() -> Result<()> {
    let (program, browser) = (Program::start().await?, Browser::start().await?);
    let page = browser.open(&program.url).await?;
    program.model.push(ModelResponse::http_error(
        400,
        "the prompt is <i>too</i> long",
    ));
    page.prompt("A long prompt.").await?;
    page.until_text(".item.failed", "the prompt is <i>too</i> long")
        .await?;
    until_idle(&page).await?;
    // The thread does not exist.
    let unknown = browser
        .open(&format!("{}#{}", program.url, "0".repeat(8)))
        .await?;
    unknown
        .until_text("#status", "This thread cannot be opened")
        .await?;
    browser.close().await?;
    program.stop().await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn the_page_has_a_light_and_a_dark_picture() -> Result<()> {
    let (program, browser) = (Program::start().await?, Browser::start().await?);
    let (model, workspace) = (&program.model, program.home.workspace());
    fs::write(
        workspace.join("parser.rs"),
        "fn parse(text: &str) -> u8 {\n    text.len() as u8\n}\n",
    )?;
    let page = browser.open(&program.url).await?;
    let threads = [
        (
            "Why does the build take so long?",
            "Two crates are compiled twice.",
        ),
        ("Write a changelog entry", "It is in CHANGELOG.md."),
        ("Explain the module `routing`", "It routes events to turns."),
    ];
    for (prompt, response) in threads {
        page.click("New thread").await?;
        page.until_count(".item", 0).await?;
        model.push(response);
        page.prompt(prompt).await?;
        page.until_text("#title", prompt).await?;
    }
    page.click("New thread").await?;
    page.until_count(".item", 0).await?;
    model.push(ModelResponse::function_call(
        "exec_command",
        json!({"cmd": "cat parser.rs"}),
    ));
    let patch = [
        "*** Begin Patch",
        "*** Update File: parser.rs",
        "@@",
        "-fn parse(text: &str) -> u8 {",
        "-    text.len() as u8",
        "+fn parse(text: &str) -> usize {",
        "+    text.len()",
        " }",
        "*** End Patch\n",
    ];
    model.push(ModelResponse::items([
        Item::text("The length of a text of 256 bytes is `0`, because it is cut to a byte:"),
        Item::custom_tool_call("apply_patch", patch.join("\n")),
    ]));
    command(&program, "mkdir -p target/reports");
    page.prompt("Find the bug in parser.rs, mend it and run the tests.")
        .await?;
    page.until_count(".approval", 1).await?;
    page.until_count(".card", 3).await?;
    // The change is unfolded.
    page.eval("document.querySelectorAll('.card')[1].open = true")
        .await?;
    page.eval("document.activeElement.blur()").await?;

    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (width, height) = (1100, 800);
    for (scheme, paper) in [("light", [255, 255, 255]), ("dark", [0x16, 0x18, 0x1c])] {
        let picture = page.picture(scheme, width, height).await?;
        fs::write(directory.join(format!("web-{scheme}.png")), &picture)?;
        let seen = look(&picture)?;
        assert_eq!(seen.size, (width, height));
        // Smooth letters alone have many.
        assert!(seen.colors.len() > 100, "{:?}", seen.colors);
        assert!(seen.colors.contains(&paper), "{:?}", seen.colors);
        // The committed picture.
        if let Some(pictures) = env::var_os("CODEX_PICTURES").filter(|_| scheme == "light") {
            fs::write(Path::new(&pictures).join("web.png"), &picture)?;
        }
    }
    page.click("Decline").await?;
    browser.close().await?;
    program.stop().await
}
