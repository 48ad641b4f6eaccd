//! The adapter against another implementation of websockets.

use std::{collections::VecDeque, io::Cursor};

use proptest::{collection::vec, prelude::*};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tungstenite::{
    Message, WebSocket,
    protocol::{
        CloseFrame, Role, WebSocketConfig,
        frame::{
            Frame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};

use super::*;
use crate::tests::held_back::HeldBack;

const INTERVAL: Duration = Duration::from_secs(20);

fn frame(payload: &[u8], opcode: OpCode, is_final: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let frame = Frame::message(payload.to_vec(), opcode, is_final);
    frame.format(&mut bytes).unwrap();
    bytes
}

fn text(payload: &str) -> Vec<u8> {
    frame(payload.as_bytes(), OpCode::Data(Data::Text), true)
}

fn ping(payload: &[u8]) -> Vec<u8> {
    Frame::ping(payload.to_vec()).format_to_vec()
}

trait ToBytes {
    fn format_to_vec(self) -> Vec<u8>;
}

impl ToBytes for Frame {
    fn format_to_vec(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.format(&mut bytes).unwrap();
        bytes
    }
}

/// Returns the client's ends and the server's end of a websocket.
fn socket() -> (Reader<DuplexStream>, Writer<DuplexStream>, DuplexStream) {
    let (here, there) = duplex(1024 * 1024);
    let (reader, writer) = split(here, Vec::new(), INTERVAL);
    (reader, writer, there)
}

/// Returns the messages of a client, as another implementation reads them.
fn messages(bytes: Vec<u8>) -> Vec<Message> {
    /// Bytes that a server has received; it writes to nowhere.
    struct Received(Cursor<Vec<u8>>);

    impl io::Read for Received {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            io::Read::read(&mut self.0, buffer)
        }
    }

    impl io::Write for Received {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let config = WebSocketConfig::default()
        .max_frame_size(None)
        .max_message_size(None);
    let received = Received(Cursor::new(bytes));
    let mut server = WebSocket::from_raw_socket(received, Role::Server, Some(config));
    std::iter::from_fn(|| server.read().ok()).collect()
}

/// Decodes bytes that arrive in pieces of these sizes.
fn decode(bytes: &[u8], pieces: &[usize]) -> Vec<u8> {
    let mut decoder = Decoder::default();
    let (mut input, mut decoded) = (Vec::new(), Vec::new());
    let mut pieces = pieces.iter().cycle();
    let mut arriving: VecDeque<u8> = bytes.iter().copied().collect();
    loop {
        let mut room = [0; 61];
        let mut output = ReadBuf::new(&mut room);
        let (used, _) = decoder.decode(&input, &mut output).unwrap();
        input.drain(..used);
        decoded.extend_from_slice(output.filled());
        if used == 0 && output.filled().is_empty() {
            if arriving.is_empty() {
                return decoded;
            }
            let size = (*pieces.next().unwrap()).min(arriving.len());
            input.extend(arriving.drain(..size));
        }
    }
}

/// Text of a length near a limit of the three forms of a header.
fn payload() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z \\n]{0,40}",
        2 => (120_usize..130).prop_map(|length| "x\n".repeat(length).split_off(length)),
        1 => (65_530_usize..65_540).prop_map(|length| "y".repeat(length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_in_any_fragments_and_pieces_are_lines(
        messages in vec(vec(payload(), 1..4), 0..4),
        pieces in vec(1_usize..300, 1..8),
        pings in any::<bool>(),
    ) {
        let (mut bytes, mut lines) = (Vec::new(), String::new());
        for fragments in &messages {
            for (at, fragment) in fragments.iter().enumerate() {
                let kind = if at == 0 { Data::Text } else { Data::Continue };
                let is_final = at + 1 == fragments.len();
                bytes.extend(frame(fragment.as_bytes(), OpCode::Data(kind), is_final));
                if pings {
                    bytes.extend(ping(b"between"));
                }
                lines += &fragment.replace('\n', " ");
            }
            lines.push('\n');
        }
        prop_assert_eq!(decode(&bytes, &pieces), lines.as_bytes());
    }

    #[test]
    fn another_implementation_reads_what_is_encoded(
        line in payload(),
        at in 0_usize..300,
        mask in any::<[u8; 4]>(),
    ) {
        let mut bytes = Vec::new();
        let (first, second) = line.as_bytes().split_at(at.min(line.len()));
        encode(TEXT, [first, second], mask, &mut bytes);
        prop_assert_eq!(messages(bytes), [Message::text(line)]);
    }

    #[test]
    fn no_input_makes_the_decoder_panic_or_spin(bytes in vec(any::<u8>(), 0..64)) {
        let mut decoder = Decoder::default();
        let mut rest = &bytes[..];
        for _ in 0..=bytes.len() * 2 {
            let mut room = [0; 16];
            let mut output = ReadBuf::new(&mut room);
            let Ok((used, control)) = decoder.decode(rest, &mut output) else {
                return Ok(());
            };
            if used == 0 && control.is_none() && output.filled().is_empty() {
                return Ok(());
            }
            rest = &rest[used..];
        }
        prop_assert!(false, "the decoder does not stop");
    }
}

#[tokio::test]
async fn lines_become_messages_however_they_are_written() {
    let (_reader, mut writer, mut server) = socket();
    writer.write_all(b"{\"a\":1}\n{\"b\"").await.unwrap();
    writer.write_all(b":2}\n").await.unwrap();
    writer.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    drop((writer, _reader));
    server.read_to_end(&mut bytes).await.unwrap();
    let received = messages(bytes);
    assert_eq!(
        received[..2],
        [Message::text("{\"a\":1}"), Message::text("{\"b\":2}")]
    );
    assert!(matches!(received[2], Message::Close(_)), "{received:?}");
}

#[tokio::test]
async fn bytes_that_follow_the_handshake_are_the_first_messages() {
    let (here, mut server) = duplex(1024);
    let (mut reader, _writer) = split(here, text("early"), INTERVAL);
    server.write_all(&text("late")).await.unwrap();
    let mut lines = [0; 11];
    reader.read_exact(&mut lines).await.unwrap();
    assert_eq!(&lines, b"early\nlate\n");
}

#[tokio::test]
async fn a_ping_is_answered_even_if_nothing_else_is_written() {
    let (mut reader, _writer, mut server) = socket();
    server.write_all(&ping(b"are you there")).await.unwrap();
    server.write_all(&text("x")).await.unwrap();
    assert_eq!(reader.read_u8().await.unwrap(), b'x');
    let mut bytes = vec![0; 6 + 13];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(
        messages(bytes),
        [Message::Pong(b"are you there".to_vec().into())]
    );
}

#[tokio::test]
async fn pings_of_a_server_that_reads_nothing_do_not_accumulate() {
    let (here, mut server) = duplex(256);
    let (mut reader, writer) = split(here, Vec::new(), INTERVAL);
    let reading = tokio::spawn(async move { reader.read_u8().await });
    for _ in 0..10_000 {
        server.write_all(&ping(&[b'x'; 125])).await.unwrap();
    }
    server.write_all(&text("end")).await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), b'e');
    let kept = lock(&writer.0).output.len();
    assert!(kept <= 2 * 131, "{kept} bytes");
}

#[tokio::test]
async fn a_close_frame_ends_the_lines_and_is_returned() {
    let (mut reader, mut writer, mut server) = socket();
    server.write_all(&text("last")).await.unwrap();
    server
        .write_all(&Frame::close(None).format_to_vec())
        .await
        .unwrap();
    let mut lines = String::new();
    reader.read_to_string(&mut lines).await.unwrap();
    assert_eq!(lines, "last\n");
    assert!(writer.write_all(b"late\n").await.is_err());
    let mut bytes = vec![0; 6];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(messages(bytes), [Message::Close(None)]);
}

#[tokio::test]
async fn the_reason_of_a_close_frame_follows_the_last_line_in_both_directions() {
    let (mut reader, mut writer, mut server) = socket();
    server.write_all(&text("last")).await.unwrap();
    let frame = CloseFrame {
        code: CloseCode::Policy,
        reason: "too\nslow".into(),
    };
    let frame = Frame::close(Some(frame)).format_to_vec();
    server.write_all(&frame).await.unwrap();
    let mut lines = [0; 5];
    reader.read_exact(&mut lines).await.unwrap();
    assert_eq!(&lines, b"last\n");
    let expected = CloseReason::ClosedByServer {
        code: 1008,
        reason: "too slow".to_owned(),
    };
    let read = reader.read_u8().await.unwrap_err();
    assert_eq!(CloseReason::of_io_error(read, "read from"), expected);
    let written = writer.write_all(b"late\n").await.unwrap_err();
    assert_eq!(CloseReason::of_io_error(written, "write to"), expected);
    let mut bytes = vec![0; 8];
    server.read_exact(&mut bytes).await.unwrap();
    let [Message::Close(Some(returned))] = &messages(bytes)[..] else {
        panic!("no close frame")
    };
    assert_eq!(returned.code, CloseCode::Policy);
}

#[tokio::test]
async fn a_server_that_reads_nothing_does_not_make_the_output_grow() {
    let (here, _server) = duplex(16);
    let (_reader, mut writer) = split(here, Vec::new(), INTERVAL);
    let mut context = Context::from_waker(std::task::Waker::noop());
    let mut taken = 0;
    while Pin::new(&mut writer)
        .poll_write(&mut context, &[b'\n'; 1])
        .is_ready()
    {
        taken += 1;
    }
    assert!(taken <= OUTPUT_LIMIT, "{taken} messages");
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_pinged_and_then_given_up() {
    let (mut reader, _writer, mut server) = socket();
    let begun = tokio::time::Instant::now();
    let error = reader.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "the server has sent nothing for 40 s");
    assert!(begun.elapsed() >= INTERVAL * 2);
    let mut bytes = vec![0; 6];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(messages(bytes), [Message::Ping(Vec::new().into())]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_pings_is_not_given_up() {
    let (mut reader, _writer, mut server) = socket();
    tokio::spawn(async move {
        for _ in 0..100 {
            let mut bytes = vec![0; 6];
            server.read_exact(&mut bytes).await.unwrap();
            server
                .write_all(&Frame::pong(Vec::new()).format_to_vec())
                .await
                .unwrap();
        }
        server.write_all(&text("x")).await.unwrap();
    });
    assert_eq!(reader.read_u8().await.unwrap(), b'x');
}

#[tokio::test]
async fn a_violation_of_the_protocol_is_an_error() {
    for (bytes, words) in [
        (
            frame(b"x", OpCode::Data(Data::Continue), true),
            "out of order",
        ),
        (vec![0xc1, 0], "reserved bits"),
        (vec![0x81, 0x80, 0, 0, 0, 0], "masked"),
        (vec![0x09, 0], "fragmented"),
        (vec![0x89, 126, 0, 200], "too long"),
        (vec![0x83, 0], "unknown kind"),
    ] {
        let (mut reader, _writer, mut server) = socket();
        server.write_all(&bytes).await.unwrap();
        let error = reader.read_u8().await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_is_pending_is_continued_by_the_reader() {
    let start = tokio::time::Instant::now();
    let (here, mut server) = duplex(1024);
    let (mut reader, mut writer) = split(HeldBack::new(here), Vec::new(), INTERVAL);
    writer.write_all(b"{}\n").await.unwrap();
    let mut context = Context::from_waker(std::task::Waker::noop());
    let flushed = Pin::new(&mut writer).poll_flush(&mut context);
    assert!(flushed.is_pending());
    let reading = tokio::spawn(async move { reader.read_u8().await });
    let mut bytes = vec![0; 8];
    server.read_exact(&mut bytes).await.unwrap();
    assert_eq!(messages(bytes), [Message::text("{}")]);
    // The ping would flush, too.
    assert_eq!(start.elapsed(), Duration::ZERO);
    server.write_all(&text("x")).await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), b'x');
}
