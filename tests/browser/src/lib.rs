//! A headless Chromium, driven over pipes by the DevTools protocol.
//!
//! Chromium reads commands from descriptor 3 and writes responses and events to descriptor 4, each
//! followed by a zero byte. It ends when the pipes are closed.
#![cfg(unix)]

use std::{
    collections::{BTreeSet, VecDeque},
    env,
    error::Error,
    io::Cursor,
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};

/// The time after which a wait has failed.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The result of the functions of this crate.
pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// The names of the program, unless the variable `CHROMIUM` has its path.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The shell moves the pipes to the descriptors that Chromium uses.
const SCRIPT: &str = r#"exec "$@" 3<&0 4>&1 0</dev/null 1>&2"#;

const ARGUMENTS: [&str; 6] = [
    "--headless",
    "--remote-debugging-pipe",
    // Needs privileges that containers do not have. The only page is that of the program.
    "--no-sandbox",
    // `/dev/shm` of containers is small.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
];

/// A running browser. Its profile is removed when it is closed.
pub struct Browser {
    pipe: Arc<Mutex<Pipe>>,
    process: Child,
    profile: TempDir,
}

struct Pipe {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    last_id: u64,
    /// Events that no wait has taken yet.
    events: VecDeque<Value>,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Errors
    ///
    /// If Chromium is missing or does not start.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "sh"])
            .arg(program()?)
            .args(ARGUMENTS);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        // For the files that Chromium keeps outside of its profile.
        command
            .envs(["HOME", "TMPDIR"].map(|name| (name, profile.path())))
            .current_dir(profile.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.kill_on_drop(true).spawn()?;
        let pipe = Pipe {
            stdin: process.stdin.take().ok_or("no input")?,
            stdout: BufReader::new(process.stdout.take().ok_or("no output")?),
            last_id: 0,
            events: VecDeque::new(),
        };
        Ok(Self {
            pipe: Arc::new(Mutex::new(pipe)),
            process,
            profile,
        })
    }

    /// Opens an address in a new tab.
    pub async fn open(&self, url: &str) -> Result<Page> {
        let call = |method, params| call(&self.pipe, None, method, params);
        let target = call(
            "Target.createTarget",
            json!({"url": "about:blank", "newWindow": true}),
        )
        .await?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = call("Target.attachToTarget", attach).await?;
        let session = session["sessionId"]
            .as_str()
            .ok_or("no session")?
            .to_owned();
        let page = Page {
            pipe: Arc::clone(&self.pipe),
            session,
        };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.call(domain, json!({})).await?;
        }
        page.call("Page.navigate", json!({"url": url})).await?;
        page.loaded().await?;
        Ok(page)
    }

    /// Closes the browser.
    ///
    /// # Panics
    ///
    /// If a page had an error in its script, or violated its security policy.
    pub async fn close(mut self) -> Result<()> {
        let faults: Vec<Value> = self
            .pipe
            .lock()
            .await
            .events
            .iter()
            .filter(|it| is_fault(it))
            .cloned()
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
        call(&self.pipe, None, "Browser.close", json!({})).await?;
        timeout(DEADLINE, self.process.wait()).await??;
        Ok(self.profile.close()?)
    }
}

/// Returns the path of the program.
fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut paths = NAMES
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |it| it.join(name)));
    let found = paths.find(|path| path.is_file());
    Ok(found.ok_or(
        "Chromium is missing: install it with `cargo xtask browser --install`, or name it in the \
         variable CHROMIUM",
    )?)
}

fn is_fault(event: &Value) -> bool {
    event["method"] == "Runtime.exceptionThrown"
        || event["method"] == "Log.entryAdded" && event["params"]["entry"]["source"] == "security"
}

/// Sends a command, and waits for its response.
async fn call(
    pipe: &Mutex<Pipe>,
    session: Option<&str>,
    method: &str,
    params: Value,
) -> Result<Value> {
    let mut pipe = pipe.lock().await;
    pipe.last_id += 1;
    let id = pipe.last_id;
    let mut command = json!({"id": id, "method": method, "params": params});
    if let Some(session) = session {
        command["sessionId"] = session.into();
    }
    let mut bytes = serde_json::to_vec(&command)?;
    bytes.push(0);
    pipe.stdin.write_all(&bytes).await?;
    loop {
        let message = pipe
            .receive()
            .await
            .map_err(|error| format!("{method}: {error}"))?;
        if message["id"] != id {
            pipe.events.push_back(message);
        } else if message["error"].is_null() {
            return Ok(message["result"].clone());
        } else {
            return Err(format!("{method}: {}", message["error"]).into());
        }
    }
}

impl Pipe {
    async fn receive(&mut self) -> Result<Value> {
        let mut message = Vec::new();
        let read = timeout(DEADLINE, self.stdout.read_until(0, &mut message)).await;
        if read.map_err(|_| "no response from Chromium")?? == 0 {
            return Err("Chromium has ended".into());
        }
        message.pop();
        Ok(serde_json::from_slice(&message)?)
    }
}

/// A tab of the browser.
pub struct Page {
    pipe: Arc<Mutex<Pipe>>,
    session: String,
}

impl Page {
    async fn call(&self, method: &str, params: Value) -> Result<Value> {
        call(&self.pipe, Some(&self.session), method, params).await
    }

    /// Waits for the end of loading.
    async fn loaded(&self) -> Result<()> {
        let mut pipe = self.pipe.lock().await;
        let is_load = |event: &Value| {
            event["method"] == "Page.loadEventFired" && event["sessionId"] == *self.session
        };
        loop {
            if let Some(at) = pipe.events.iter().position(is_load) {
                pipe.events.remove(at);
                return Ok(());
            }
            let event = pipe.receive().await?;
            pipe.events.push_back(event);
        }
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        self.call("Page.reload", json!({})).await?;
        self.loaded().await
    }

    /// Evaluates an expression, and waits for its value if it is a promise.
    pub async fn eval(&self, expression: &str) -> Result<Value> {
        let params = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let evaluated = self.call("Runtime.evaluate", params).await?;
        match &evaluated["exceptionDetails"] {
            Value::Null => Ok(evaluated["result"]["value"].clone()),
            exception => Err(format!("{expression}: {exception}").into()),
        }
    }

    /// Waits until a condition on the document holds. It is checked again after each change.
    pub async fn until(&self, condition: &str) -> Result<()> {
        let wait = format!(
            "new Promise((resolve) => {{
                const observer = new MutationObserver(check);
                function check() {{
                    if (!({condition})) return;
                    observer.disconnect();
                    resolve(true);
                }}
                observer.observe(document, {{
                    subtree: true, childList: true, attributes: true, characterData: true,
                }});
                check();
            }})"
        );
        match self.eval(&wait).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let page = self.eval("document.body.innerText").await?;
                Err(format!(
                    "{condition}: {error}\n{}",
                    page.as_str().unwrap_or_default()
                )
                .into())
            }
        }
    }

    /// Waits until an element has exactly this text.
    pub async fn until_text(&self, selector: &str, text: &str) -> Result<()> {
        let (selector, text) = (json!(selector), json!(text));
        self.until(&format!(
            "document.querySelector({selector})?.textContent.trim() === {text}"
        ))
        .await
    }

    /// Waits until so many elements match.
    pub async fn until_count(&self, selector: &str, count: usize) -> Result<()> {
        let selector = json!(selector);
        self.until(&format!(
            "document.querySelectorAll({selector}).length === {count}"
        ))
        .await
    }

    /// Returns the text of all elements that match.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let selector = json!(selector);
        let texts =
            format!("[...document.querySelectorAll({selector})].map((it) => it.textContent)");
        Ok(serde_json::from_value(self.eval(&texts).await?)?)
    }

    /// Clicks with the mouse on the button with this text.
    pub async fn click(&self, text: &str) -> Result<()> {
        let text = json!(text);
        let find = format!(
            "[...document.querySelectorAll('button')].find((it) => !it.disabled
                && it.checkVisibility() && it.textContent.trim().startsWith({text}))"
        );
        self.click_on(&find).await
    }

    /// Clicks with the mouse on the element that an expression returns.
    pub async fn click_on(&self, find: &str) -> Result<()> {
        self.until(find).await?;
        self.call("Page.bringToFront", json!({})).await?;
        let center = format!(
            "{{ const found = {find}; found.scrollIntoView({{ block: 'nearest' }});
                const box = found.getBoundingClientRect();
                ({{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}) }}"
        );
        let center = self.eval(&center).await?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": center["x"], "y": center["y"], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Types a prompt and presses Enter.
    pub async fn prompt(&self, text: &str) -> Result<()> {
        self.type_into("prompt", text).await?;
        self.press("Enter", 13).await
    }

    /// Types text into the element with this id.
    pub async fn type_into(&self, id: &str, text: &str) -> Result<()> {
        self.call("Page.bringToFront", json!({})).await?;
        let id = json!(id);
        self.eval(&format!("document.getElementById({id}).focus()"))
            .await?;
        self.call("Input.insertText", json!({"text": text})).await?;
        Ok(())
    }

    /// Presses a key.
    pub async fn press(&self, key: &str, code: u32) -> Result<()> {
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code,
            });
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Returns a picture of the page, as PNG, in this color scheme.
    pub async fn picture(&self, scheme: &str, width: u32, height: u32) -> Result<Vec<u8>> {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media).await?;
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", size)
            .await?;
        let picture = self
            .call("Page.captureScreenshot", json!({"format": "png"}))
            .await?;
        Ok(BASE64_STANDARD.decode(picture["data"].as_str().unwrap_or_default())?)
    }
}

/// The size of a picture and its colors.
pub struct Seen {
    /// The width and the height.
    pub size: (u32, u32),
    /// The colors of all pixels.
    pub colors: BTreeSet<[u8; 3]>,
}

/// Looks at a picture, given as PNG.
///
/// # Errors
///
/// If it is no picture.
pub fn look(picture: &[u8]) -> Result<Seen> {
    let mut reader = png::Decoder::new(Cursor::new(picture)).read_info()?;
    let size = reader
        .output_buffer_size()
        .ok_or("the picture is too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels)?;
    let pixels = pixels[..info.buffer_size()].chunks_exact(info.color_type.samples());
    Ok(Seen {
        size: (info.width, info.height),
        colors: pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
    })
}
