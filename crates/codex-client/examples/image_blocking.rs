//! Sends an image as a `data:` URL, the only kind of URL that servers accept.
//!
//! The blocking version of the `image` example.
//!
//! ```console
//! $ url="data:image/png;base64,$(base64 -w0 picture.png)"
//! $ cargo run -p codex-client --example image_blocking -- "$url"
//! ```

use codex_client::{Input, Sandbox, blocking::Codex};

/// A red square of 8 x 8 pixels.
const RED_SQUARE: &str = "data:image/png;base64,\
    iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVO\
    RK5CYII=";

fn main() -> codex_client::Result<()> {
    let url = std::env::args().nth(1);
    let image = Input::image_url(url.as_deref().unwrap_or(RED_SQUARE));

    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    // An input consists of any number of text parts, images and mentioned files.
    let input = Input::text("What is in this image? Answer in one sentence.").and(image);
    let result = thread.run(input).send()?;
    println!(
        "response: {}",
        result.final_response.as_deref().unwrap_or("(no response)")
    );
    codex.close()
}
