//! The page of a recording in a headless Chromium.
//!
//! `cargo xtask browser` runs these tests; with `--install`, it installs Chromium on Debian.
#![cfg(unix)]

use std::{env, fmt::Write as _, fs, path::Path};

use codex_browser::{Browser, Page, Result, look};
use codex_testing::trace_page;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Opens the page of a recording. The directory holds the page.
async fn open(browser: &Browser, title: &str, recording: &str) -> Result<(Page, TempDir)> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("trace.html");
    fs::write(&path, trace_page(title, recording))?;
    let page = browser.open(&format!("file://{}", path.display())).await?;
    Ok((page, directory))
}

/// Writes recordings.
#[derive(Default)]
struct Recording {
    text: String,
    messages: usize,
}

impl Recording {
    fn add(&mut self, direction: &str, message: &Value) {
        let at = 1_795_272_156_536.0 + self.messages as f64 * 2.5;
        let line = json!({"at": at, "dir": direction, "msg": message});
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
        self.messages += 1;
    }

    /// Adds turns that run at the same time, each in its thread, with this number of deltas.
    fn turns(&mut self, threads: usize, deltas: usize) {
        let thread = |number: usize| format!("thread-{number}");
        for number in 0..threads {
            let params = json!({"threadId": thread(number),
                "input": [{"type": "text", "text": format!("<b>Question</b> {number}")}]});
            let request = json!({"id": number, "method": "turn/start", "params": params});
            self.add("out", &request);
            let turn = json!({"turn": {"id": format!("turn-{number}"), "status": "inProgress"}});
            self.add("in", &json!({"id": number, "result": turn}));
        }
        for delta in 0..deltas {
            for number in 0..threads {
                let params = json!({"threadId": thread(number), "turnId": format!("turn-{number}"),
                    "itemId": "item", "delta": format!("word{delta} ")});
                self.add(
                    "in",
                    &json!({"method": "item/agentMessage/delta", "params": params}),
                );
            }
        }
        for number in 0..threads {
            let params = json!({"threadId": thread(number),
                "turn": {"id": format!("turn-{number}"), "status": "completed"}});
            self.add("in", &json!({"method": "turn/completed", "params": params}));
        }
    }
}

/// Clicks on the row whose method is this one, among those on the screen.
async fn click_row(page: &Page, method: &str, position: usize) -> Result<()> {
    let method = json!(method);
    page.click_on(&format!(
        "[...document.querySelectorAll('.row')].filter((row) =>
            row.querySelector('.method').textContent === {method})[{position}]"
    ))
    .await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn deltas_are_folded_and_a_response_leads_to_its_request() -> Result<()> {
    let browser = Browser::start().await?;
    let mut recording = Recording::default();
    recording.turns(2, 3);
    recording
        .text
        .push_str("{\"at\":1795272156900.5,\"dropped\":7}\n");
    let (page, _directory) = open(&browser, "A <session>", &recording.text).await?;
    page.until_text("h1", "A <session>").await?;
    page.until_text("#count", "9 rows, 13 messages").await?;
    let methods = [
        "turn/start",
        "↩ turn/start",
        "turn/start",
        "↩ turn/start",
        "item/agentMessage/delta",
        "item/agentMessage/delta",
        "turn/completed",
        "turn/completed",
        "7 messages are missing",
    ];
    assert_eq!(page.texts(".row .method").await?, methods);
    assert_eq!(page.texts(".row .times").await?, ["× 3", "× 3"]);
    // The text of a message is text.
    assert_eq!(page.texts(".row b b").await?, [""; 0]);
    assert_eq!(page.texts(".row .summary").await?[0], "<b>Question</b> 0");

    click_row(&page, "item/agentMessage/delta", 1).await?;
    page.until_text("#text", "word0 word1 word2").await?;
    click_row(&page, "↩ turn/start", 1).await?;
    page.until_text("#title", "response: turn/start").await?;
    page.until_text("#partner", "Request, 2.5 ms before")
        .await?;
    page.until_text(".row.partner .summary", "<b>Question</b> 1")
        .await?;
    page.click("Request").await?;
    page.until_text("#title", "request: turn/start").await?;
    let shown = page.texts("#json").await?.concat();
    let shown: Value = serde_json::from_str(&shown)?;
    assert_eq!(shown["msg"]["params"]["threadId"], "thread-1");

    page.click_on("document.getElementById('fold')").await?;
    page.until_text("#count", "13 rows, 13 messages").await?;
    browser.close().await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn the_page_is_filtered_by_thread_and_by_text_and_works_with_the_keyboard() -> Result<()> {
    let browser = Browser::start().await?;
    let mut recording = Recording::default();
    recording.turns(3, 2);
    let (page, _directory) = open(&browser, "x", &recording.text).await?;
    page.eval(
        "{ const choice = document.getElementById('thread'); choice.value = 'thread-2';
            choice.dispatchEvent(new Event('change')); }",
    )
    .await?;
    page.until_text("#count", "4 rows, 15 messages").await?;
    page.press("Escape", 27).await?;
    page.until_text("#count", "12 rows, 15 messages").await?;
    page.press("/", 191).await?;
    page.until("document.activeElement.id === 'search'").await?;
    page.type_into("search", "question</B> 1").await?;
    page.until_text("#count", "1 rows, 15 messages").await?;
    page.press("Enter", 13).await?;
    page.press("ArrowDown", 40).await?;
    page.until_text("#title", "request: turn/start").await?;
    page.press("Escape", 27).await?;
    page.until_text("#count", "12 rows, 15 messages").await?;
    // The selection stays.
    page.until_text("[aria-selected=true] .summary", "<b>Question</b> 1")
        .await?;
    page.press("p", 80).await?;
    page.until_text("#title", "response: turn/start").await?;
    page.press("End", 35).await?;
    page.until_text("#title", "notification: turn/completed")
        .await?;
    page.press("Home", 36).await?;
    page.until_text("#title", "request: turn/start").await?;
    browser.close().await
}

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn a_hundred_thousand_messages_are_a_few_rows_on_the_screen() -> Result<()> {
    let browser = Browser::start().await?;
    let mut recording = Recording::default();
    recording.turns(20, 5_000);
    let messages = recording.messages;
    assert!(messages > 100_000);
    let (page, _directory) = open(&browser, "large", &recording.text).await?;
    page.until_text("#count", "80 rows, 100,060 messages")
        .await?;
    page.click_on("document.getElementById('fold')").await?;
    page.until_text("#count", "100,060 rows, 100,060 messages")
        .await?;
    page.eval("document.getElementById('rows').focus()").await?;
    page.press("End", 35).await?;
    page.until_text("#title", "notification: turn/completed")
        .await?;
    page.until("document.querySelector('[aria-selected=true]').ariaPosInSet === '100060'")
        .await?;
    let rows = page
        .eval("document.querySelectorAll('.row').length")
        .await?;
    assert!(
        rows.as_u64().is_some_and(|rows| (10..200).contains(&rows)),
        "{rows}"
    );
    page.type_into("search", "word4999 ").await?;
    page.until_text("#count", "20 rows, 100,060 messages")
        .await?;
    browser.close().await
}

/// The recording of the demo.
const DEMO: &str = include_str!("../../fixtures/demo.jsonl");

#[tokio::test]
#[ignore = "needs Chromium: run `cargo xtask browser`"]
async fn the_page_of_the_demo_has_a_light_and_a_dark_picture() -> Result<()> {
    let browser = Browser::start().await?;
    let (page, directory) = open(&browser, "demo.jsonl", DEMO).await?;
    page.eval("document.getElementById('rows').scrollTop = 1e6")
        .await?;
    click_row(&page, "item/agentMessage/delta", 0).await?;
    page.until("document.getElementById('text').textContent.includes('There are two files')")
        .await?;
    for (scheme, paper) in [("dark", [13, 17, 23]), ("light", [255, 255, 255])] {
        let picture = page.picture(scheme, 1280, 760).await?;
        fs::write(directory.path().join(format!("{scheme}.png")), &picture)?;
        let seen = look(&picture)?;
        assert_eq!(seen.size, (1280, 760));
        // Smooth letters alone have many.
        assert!(seen.colors.len() > 100, "{:?}", seen.colors);
        assert!(seen.colors.contains(&paper), "{:?}", seen.colors);
        // The bar of the first thread.
        assert!(
            seen.colors.contains(&[0x4c, 0x8b, 0xf5]),
            "{:?}",
            seen.colors
        );
        // The committed picture.
        if let Some(pictures) = env::var_os("CODEX_PICTURES").filter(|_| scheme == "light") {
            fs::write(Path::new(&pictures).join("trace.png"), &picture)?;
        }
    }
    browser.close().await
}
