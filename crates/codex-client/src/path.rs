//! Paths on the wire, which are text there.

use std::path::Path;

use crate::error::{Error, Result};

/// The path as the protocol has it.
pub(crate) fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let reason = format!("the path {path:?} is not Unicode and cannot be sent");
        Error::InvalidInput(reason.into())
    })
}
