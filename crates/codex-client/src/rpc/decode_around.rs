//! Decodes JSON without the parts that cannot be read.

use codex_types::decode;

use crate::error::decode_error::DecodeError;

/// Decodes the JSON of a message. If a part cannot be read, the rest is decoded without it, and the
/// reason is added to `unreadable`.
pub(crate) fn decode_around<T>(
    method: &str,
    json: &str,
    decode: impl Fn() -> serde_json::Result<T>,
    unreadable: &mut Vec<DecodeError>,
) -> Result<T, DecodeError> {
    let error = match decode() {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let Ok(lossy) = decode::with_lossy(decode) else {
        return Err(DecodeError::new(Some(method), json, &error));
    };
    let parts = lossy.unreadable.iter();
    unreadable
        .extend(parts.map(|part| DecodeError::at(Some(method), &part.json, &part.to_string(), 0)));
    Ok(lossy.value)
}
