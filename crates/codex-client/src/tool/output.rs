//! What a tool says to the model.

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::{
    DynamicToolCallOutputContentItem, DynamicToolCallResponse,
    InputAudioDynamicToolCallOutputContentItem, InputImageDynamicToolCallOutputContentItem,
    InputTextDynamicToolCallOutputContentItem,
};

/// What a [`Tool`](crate::Tool) says to the model: text, images, recordings, one or several.
///
/// ```
/// use codex_client::ToolOutput;
///
/// # let png = [0; 4];
/// let output = ToolOutput::text("This is how it looks:").and(ToolOutput::image("image/png", png));
/// # let _ = output;
/// ```
///
/// Strings are outputs as they are, alone and in lists, and so are JSON values and `()`.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolOutput {
    items: Vec<DynamicToolCallOutputContentItem>,
    success: bool,
}

impl ToolOutput {
    /// Text. Servers shorten long ones, to about ten thousand characters.
    pub fn text(text: impl Into<String>) -> Self {
        InputTextDynamicToolCallOutputContentItem::new(text).into()
    }

    /// An image from memory, with its media type: `image/png`.
    pub fn image(media_type: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self::image_url(data_url(media_type, bytes.as_ref()))
    }

    /// An image by its `data:` URL. Current servers take no other URL, and tell the model so.
    pub fn image_url(url: impl Into<String>) -> Self {
        InputImageDynamicToolCallOutputContentItem::new(url).into()
    }

    /// A recording from memory, with its media type: `audio/wav`.
    pub fn audio(media_type: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self::audio_url(data_url(media_type, bytes.as_ref()))
    }

    /// A recording by its `data:` URL.
    pub fn audio_url(url: impl Into<String>) -> Self {
        InputAudioDynamicToolCallOutputContentItem::new(url).into()
    }

    /// Adds more. If that has failed, all of it has.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        let more = more.into();
        self.items.extend(more.items);
        self.success &= more.success;
        self
    }

    /// Marks the call as failed, which clients are shown. The model is told only what is said, so say
    /// why.
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
            // Models want to hear something.
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

/// Nothing to say.
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

/// The JSON as text.
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
