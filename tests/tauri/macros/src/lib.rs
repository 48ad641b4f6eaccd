//! The attribute of the stand-in for Tauri.

use proc_macro::TokenStream;

/// Marks a function as a command. Leaves it as it is.
#[proc_macro_attribute]
pub fn command(_: TokenStream, function: TokenStream) -> TokenStream {
    function
}
