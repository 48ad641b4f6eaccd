//! The frames that a fake and its relay exchange: a kind, a length of four bytes, and the payload.

use std::io::{self, Read, Write};

/// The variable that holds the address of the fake.
pub(crate) const ADDRESS: &str = "CODEX_TESTING_FAKE_ADDRESS";

/// The variable that makes a relay a descendant, which only holds its streams open. It holds the id
/// of the process that started it.
pub(crate) const DESCENDANT: &str = "CODEX_TESTING_FAKE_DESCENDANT";

/// The variable that holds the output of `--version`.
pub(crate) const VERSION_OUTPUT: &str = "CODEX_TESTING_FAKE_VERSION";

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From the relay: the description of the process, as JSON. The first frame.
    Hello,
    /// From the relay: bytes of standard input.
    Input,
    /// From the relay: standard input has ended.
    EndOfInput,
    /// From the relay: the last control frame has been carried out.
    Done,
    /// To the relay: bytes for standard output.
    Output,
    /// To the relay: bytes for standard error.
    Stderr,
    /// To the relay: close standard output.
    CloseOutput,
    /// To the relay: exit with the code in the payload.
    Exit,
    /// To the relay: end by a signal that cannot be handled.
    Kill,
    /// To the relay: do not exit when standard input ends.
    Linger,
    /// To the relay: stop reading, ignore SIGTERM, and do not exit when standard input ends.
    Hang,
    /// To the relay: start a descendant, which inherits the streams.
    Descendant,
}

/// All kinds, by their number on the wire.
const KINDS: [Kind; 12] = [
    Kind::Hello,
    Kind::Input,
    Kind::EndOfInput,
    Kind::Done,
    Kind::Output,
    Kind::Stderr,
    Kind::CloseOutput,
    Kind::Exit,
    Kind::Kill,
    Kind::Linger,
    Kind::Hang,
    Kind::Descendant,
];

/// The length of the kind and the length.
pub(crate) const HEAD: usize = 5;

/// A frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(kind: Kind, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            payload: payload.into(),
        }
    }

    /// Returns the bytes of the frame.
    ///
    /// # Errors
    ///
    /// If the payload does not fit into a frame.
    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let length = u32::try_from(self.payload.len()).map_err(io::Error::other)?;
        let number = KINDS.iter().position(|kind| *kind == self.kind);
        let number = u8::try_from(number.unwrap_or_default()).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(HEAD + self.payload.len());
        bytes.push(number);
        bytes.extend(length.to_be_bytes());
        bytes.extend(&self.payload);
        Ok(bytes)
    }

    /// Returns the kind and the length of the payload.
    pub(crate) fn decode_head(head: [u8; HEAD]) -> io::Result<(Kind, usize)> {
        let [number, length @ ..] = head;
        let kind = KINDS.get(usize::from(number)).copied();
        let kind = kind.ok_or_else(|| io::Error::other("a frame of an unknown kind"))?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
        Ok((kind, length))
    }

    /// Writes the frame.
    pub(crate) fn write(&self, mut stream: impl Write) -> io::Result<()> {
        stream.write_all(&self.encode()?)
    }

    /// Reads the next frame. Returns `None` at the end of the stream.
    pub(crate) fn read(mut stream: impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD];
        match stream.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (kind, length) = Self::decode_head(head)?;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload)?;
        Ok(Some(Self { kind, payload }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        let mut bytes = Vec::new();
        for kind in KINDS {
            Frame::new(kind, "payload").write(&mut bytes).unwrap();
        }
        let mut stream = &bytes[..];
        for kind in KINDS {
            let frame = Frame::read(&mut stream).unwrap().unwrap();
            assert_eq!((frame.kind, &frame.payload[..]), (kind, &b"payload"[..]));
        }
        assert!(Frame::read(&mut stream).unwrap().is_none());
    }
}
