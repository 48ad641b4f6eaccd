//! Paths as the protocol represents them.

use std::path::Path;

use crate::error::{Error, Result};

/// Converts a path to text. Fails if the path is not valid Unicode.
pub(crate) fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let reason = format!("the path {path:?} is not valid Unicode, which the protocol requires");
        Error::InvalidInput(reason.into())
    })
}
