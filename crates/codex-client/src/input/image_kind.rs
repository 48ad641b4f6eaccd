//! The kinds of images that models accept, recognised by the first bytes of their files.

/// A kind of image that models accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageKind {
    Png,
    Jpeg,
    Gif,
    Webp,
}

/// The number of bytes at the beginning of a file that its kind is recognised by.
pub(super) const HEAD: usize = 64;

impl ImageKind {
    /// Recognises an image.
    ///
    /// # Errors
    ///
    /// A description of other bytes, for the end of a sentence.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, String> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Ok(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Self::Gif),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Ok(Self::Webp),
            other => Err(name(other)),
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }
}

/// Names other contents.
fn name(bytes: &[u8]) -> String {
    let is_brand = |brands: &[&[u8]]| {
        bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|it| brands.contains(&it))
    };
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]).to_ascii_lowercase();
    let text = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let name = match bytes {
        [] => "empty",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => "a TIFF image",
        [b'B', b'M', ..] if bytes.len() >= 26 => "a BMP image",
        [0, 0, 1, 0, ..] => "an icon",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive or an office document",
        [0x1f, 0x8b, ..] => "compressed with gzip",
        _ if is_brand(&[b"avif", b"avis"]) => "an AVIF image",
        _ if is_brand(&[
            b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1",
        ]) =>
        {
            "a HEIC image"
        }
        _ if bytes.get(4..8) == Some(b"ftyp") => "a video or a sound",
        _ if text.starts_with("<svg") || text.starts_with("<?xml") => "an SVG image or other XML",
        _ if text.starts_with("<!doctype html") || text.starts_with("<html") => "an HTML page",
        _ if is_text(bytes) => "text",
        _ => {
            let bytes: Vec<_> = bytes.iter().take(4).map(|it| format!("{it:02x}")).collect();
            return format!(
                "of an unknown kind that begins with the bytes {}",
                bytes.join(" ")
            );
        }
    };
    name.to_owned()
}

/// Whether the beginning of the bytes is text. Its last character may be cut off.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.contains(|char: char| char.is_control() && !char.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_recognised_by_their_first_bytes() {
        for (bytes, kind) in [
            (b"\x89PNG\r\n\x1a\n....".as_slice(), ImageKind::Png),
            (b"\xff\xd8\xff\xe0....", ImageKind::Jpeg),
            (b"GIF89a....", ImageKind::Gif),
            (b"GIF87a", ImageKind::Gif),
            (b"RIFF\x04\0\0\0WEBP", ImageKind::Webp),
        ] {
            assert_eq!(ImageKind::of(bytes), Ok(kind));
        }
    }

    #[test]
    fn other_contents_are_named() {
        for (bytes, name) in [
            (b"".as_slice(), "empty"),
            (b"%PDF-1.7", "a PDF document"),
            (
                b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0",
                "a BMP image",
            ),
            (b"II*\0....", "a TIFF image"),
            (b"\0\0\0\x18ftypheic....", "a HEIC image"),
            (b"\0\0\0\x18ftypavif....", "an AVIF image"),
            (b"\0\0\0\x18ftypisom....", "a video or a sound"),
            (b"PK\x03\x04....", "a ZIP archive or an office document"),
            (b"  <svg xmlns", "an SVG image or other XML"),
            (b"<!DOCTYPE html>", "an HTML page"),
            (b"BMW is a car", "text"),
            ("grüße".as_bytes(), "text"),
            (
                b"RIFF\x04\0\0\0WAVE",
                "of an unknown kind that begins with the bytes 52 49 46 46",
            ),
            (
                b"\x89PNG\n",
                "of an unknown kind that begins with the bytes 89 50 4e 47",
            ),
        ] {
            assert_eq!(ImageKind::of(bytes), Err(name.to_owned()));
        }
    }
}
