//! The frames of a websocket (RFC 6455), without I/O.
//!
//! A message is one line for the layers above: its frames lose their headers, a line ending within it,
//! which is white space in JSON, becomes a space, and one line ending follows it. A message is therefore
//! never buffered here, however long it is.

use tokio::io::ReadBuf;

/// Maximum length of the payload of a control frame, in bytes.
pub(super) const CONTROL_LIMIT: usize = 125;

/// Maximum length of a header, in bytes.
pub(super) const HEADER_LIMIT: usize = 14;

pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;

/// The header of a frame that a server sent.
#[derive(Debug, PartialEq)]
struct Header {
    is_final: bool,
    opcode: u8,
    length: u64,
    /// Length of the header itself, in bytes.
    size: usize,
}

impl Header {
    /// Parses the header at the beginning of the bytes, or returns `None` if it is incomplete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, &'static str> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err("a frame has reserved bits");
        }
        if second & 0x80 != 0 {
            return Err("a frame of the server is masked");
        }
        let (length, size) = match second {
            126 => match rest.first_chunk() {
                Some(length) => (u16::from_be_bytes(*length).into(), 4),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (u64::from_be_bytes(*length), 10),
                None => return Ok(None),
            },
            length => (length.into(), 2),
        };
        let header = Self {
            is_final: first & 0x80 != 0,
            opcode: first & 0x0f,
            length,
            size,
        };
        let is_control = header.opcode & 8 != 0;
        if is_control && (!header.is_final || header.length > CONTROL_LIMIT as u64) {
            return Err("a control frame is fragmented or too long");
        }
        Ok(Some(header))
    }
}

/// A control frame.
#[derive(Debug, PartialEq)]
pub(super) struct Control {
    pub(super) opcode: u8,
    pub(super) payload: Vec<u8>,
}

/// Turns the frames of a server into lines.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Number of bytes of the current frame that have not been decoded yet.
    remaining: u64,
    /// Whether the current frame is the last one of its message.
    is_final: bool,
    /// Whether a message has begun and not ended.
    is_in_message: bool,
}

impl Decoder {
    /// Decodes until the input is used up, the output is full, or a control frame arrives. Returns
    /// the number of bytes of the input that were used.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        output: &mut ReadBuf<'_>,
    ) -> Result<(usize, Option<Control>), &'static str> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            if self.remaining > 0 {
                let most = usize::try_from(self.remaining).unwrap_or(usize::MAX);
                let length = most.min(rest.len()).min(output.remaining());
                if length == 0 {
                    return Ok((used, None));
                }
                copy(&rest[..length], output);
                self.remaining -= length as u64;
                used += length;
            } else if self.is_in_message && self.is_final {
                if output.remaining() == 0 {
                    return Ok((used, None));
                }
                output.put_slice(b"\n");
                self.is_in_message = false;
            } else {
                let Some(header) = Header::parse(rest)? else {
                    return Ok((used, None));
                };
                match (header.opcode, self.is_in_message) {
                    (CONTINUATION, true) | (TEXT | BINARY, false) => {
                        used += header.size;
                        self.remaining = header.length;
                        self.is_final = header.is_final;
                        self.is_in_message = true;
                    }
                    (CLOSE | PING | PONG, _) => {
                        // The check of the header bounds the length.
                        let end = header.size + header.length as usize;
                        let Some(payload) = rest.get(header.size..end) else {
                            return Ok((used, None));
                        };
                        let control = Control {
                            opcode: header.opcode,
                            payload: payload.to_vec(),
                        };
                        return Ok((used + end, Some(control)));
                    }
                    _ => return Err("a frame is out of order or of an unknown kind"),
                }
            }
        }
    }
}

/// Copies bytes and replaces line endings by spaces.
fn copy(bytes: &[u8], output: &mut ReadBuf<'_>) {
    let start = output.filled().len();
    output.put_slice(bytes);
    let mut copied = &mut output.filled_mut()[start..];
    while let Some(at) = memchr::memchr(b'\n', copied) {
        copied[at] = b' ';
        copied = &mut copied[at + 1..];
    }
}

/// Appends a final frame with this payload, masked as the frames of clients are.
pub(super) fn encode(opcode: u8, parts: [&[u8]; 2], mask: [u8; 4], output: &mut Vec<u8>) {
    let length = parts[0].len() + parts[1].len();
    output.reserve(HEADER_LIMIT + length);
    output.push(0x80 | opcode);
    match (u16::try_from(length), length) {
        (_, 0..126) => output.push(0x80 | length as u8),
        (Ok(length), _) => {
            output.push(0x80 | 126);
            output.extend(length.to_be_bytes());
        }
        (Err(_), _) => {
            output.push(0x80 | 127);
            output.extend((length as u64).to_be_bytes());
        }
    }
    output.extend(mask);
    let start = output.len();
    for part in parts {
        output.extend_from_slice(part);
    }
    apply(mask, &mut output[start..]);
}

/// Combines bytes with a mask, eight at a time.
fn apply(mask: [u8; 4], bytes: &mut [u8]) {
    let half = u64::from(u32::from_ne_bytes(mask));
    let whole = half << 32 | half;
    let (chunks, rest) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ whole).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}
