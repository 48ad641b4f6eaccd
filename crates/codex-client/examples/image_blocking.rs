//! Asks about an image that is given by its `data:` URL, which contains it. Servers take no other URLs.
//!
//! For programs without an async runtime: `image` is its async counterpart.
//!
//! `cargo run -p codex-client --example image_blocking -- "data:image/png;base64,$(base64 -w0 picture.png)"`

use codex_client::{Input, Sandbox, blocking::Codex};

/// A red square of 8 x 8 pixels. An image that the program has in memory is sent as such a URL.
const RED_SQUARE: &str = "data:image/png;base64,\
    iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVO\
    RK5CYII=";

fn main() -> codex_client::Result<()> {
    let url = std::env::args().nth(1);
    let image = Input::image_url(url.as_deref().unwrap_or(RED_SQUARE));

    let codex = Codex::start()?;
    let thread = codex.thread_start().sandbox(Sandbox::ReadOnly).send()?;
    // An input may have any number of pieces: texts, images, files that are mentioned.
    let input = Input::text("What is in this image? Answer in one sentence.").and(image);
    let result = thread.run(input).send()?;
    println!(
        "answer: {}",
        result.final_response.as_deref().unwrap_or("(none)")
    );
    codex.close()
}
