//! The output of a tool.

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::{
    DynamicToolCallOutputContentItem, DynamicToolCallResponse,
    InputAudioDynamicToolCallOutputContentItem, InputImageDynamicToolCallOutputContentItem,
    InputTextDynamicToolCallOutputContentItem,
};

/// The output of a [`Tool`](crate::Tool) for the model: one or more pieces of text, images or
/// audio.
///
/// ```
/// use codex_client::ToolOutput;
///
/// fn screenshot(png: &[u8]) -> ToolOutput {
///     ToolOutput::text("A screenshot of the page:").and(ToolOutput::image("image/png", png))
/// }
/// ```
///
/// Strings, JSON values, `()` and lists of outputs convert to an output.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutput {
    items: Vec<DynamicToolCallOutputContentItem>,
    success: bool,
}

impl ToolOutput {
    /// Creates a text output. Servers truncate text to about ten thousand characters.
    pub fn text(text: impl Into<String>) -> Self {
        InputTextDynamicToolCallOutputContentItem::new(text).into()
    }

    /// Creates an image output from bytes in memory and their media type, such as `image/png`.
    pub fn image(media_type: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self::image_url(data_url(media_type, bytes.as_ref()))
    }

    /// Creates an image output from a `data:` URL. Current servers accept no other kind of URL:
    /// they tell the model that the image is missing.
    pub fn image_url(url: impl Into<String>) -> Self {
        InputImageDynamicToolCallOutputContentItem::new(url).into()
    }

    /// Creates an audio output from bytes in memory and their media type, such as `audio/wav`.
    pub fn audio(media_type: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self::audio_url(data_url(media_type, bytes.as_ref()))
    }

    /// Creates an audio output from a `data:` URL.
    pub fn audio_url(url: impl Into<String>) -> Self {
        InputAudioDynamicToolCallOutputContentItem::new(url).into()
    }

    /// Adds another output. If the added output is marked as failed, so is the combined output.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        let more = more.into();
        self.items.extend(more.items);
        self.success &= more.success;
        self
    }

    /// Marks the call as failed, which clients can show. The model sees only the items of the
    /// output, so they should say why the call failed.
    #[must_use]
    pub fn failed(mut self) -> Self {
        self.success = false;
        self
    }
}

fn data_url(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes))
}

impl From<ToolOutput> for DynamicToolCallResponse {
    fn from(mut output: ToolOutput) -> Self {
        if output.items.is_empty() {
            // Models handle an empty output badly.
            output = output.and("(no output)");
        }
        Self::new(output.items, output.success)
    }
}

impl From<DynamicToolCallOutputContentItem> for ToolOutput {
    fn from(item: DynamicToolCallOutputContentItem) -> Self {
        Self {
            items: vec![item],
            success: true,
        }
    }
}

/// An empty output, which the model sees as "(no output)".
impl From<()> for ToolOutput {
    fn from((): ()) -> Self {
        Self {
            items: Vec::new(),
            success: true,
        }
    }
}

impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for ToolOutput {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// The value as JSON text.
impl From<serde_json::Value> for ToolOutput {
    fn from(value: serde_json::Value) -> Self {
        Self::text(value.to_string())
    }
}

impl<T: Into<Self>> From<Vec<T>> for ToolOutput {
    fn from(outputs: Vec<T>) -> Self {
        outputs.into_iter().fold(().into(), Self::and)
    }
}

macro_rules! from_items {
    ($($item:ident),* $(,)?) => {$(
        impl From<$item> for ToolOutput {
            fn from(item: $item) -> Self {
                DynamicToolCallOutputContentItem::from(item).into()
            }
        }
    )*};
}

from_items! {
    InputTextDynamicToolCallOutputContentItem,
    InputImageDynamicToolCallOutputContentItem,
    InputAudioDynamicToolCallOutputContentItem,
}
