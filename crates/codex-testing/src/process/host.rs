//! The listener that relays connect to.

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt, io,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
};

use super::{
    control::HostEnd,
    frame::{ADDRESS, Frame, HEAD, Kind},
    status::{ProcessInfo, Status},
};
use crate::runtime_thread::RuntimeThread;

/// The time that relays have to end when the host is dropped. One that writes to a client that does
/// not read cannot end by itself.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns the host's end for a process that has started, unless none is expected.
type Accept = Box<dyn FnMut() -> Option<HostEnd> + Send>;

/// A listener on loopback for relays. Runs on its own thread, because the runtime of a test may
/// have paused its clock, or may not perform I/O. The processes end when the host is dropped.
pub(crate) struct Host {
    address: SocketAddr,
    state: Arc<HostState>,
    _thread: RuntimeThread,
}

impl Host {
    pub(crate) fn start(accept: Accept) -> io::Result<Self> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let thread = RuntimeThread::start("fake-codex")?;
        let handle = thread.handle();
        let listener = {
            let _inside = handle.enter();
            TcpListener::from_std(listener)?
        };
        let state = Arc::new(HostState {
            accept: Mutex::new(accept),
            processes: Mutex::default(),
            relays: Mutex::new(0),
            relay_ended: Condvar::new(),
            closing: watch::Sender::new(false),
        });
        let accepting = Arc::clone(&state);
        handle.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let relay = Relay::new(&accepting);
                tokio::spawn(async move { relay.0.serve(stream).await });
            }
        });
        Ok(Self {
            address,
            state,
            _thread: thread,
        })
    }

    /// Returns the variables that connect a relay to this host.
    pub(crate) fn envs(&self) -> Vec<(&'static str, OsString)> {
        vec![(ADDRESS, self.address.to_string().into())]
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Relays end once they have carried out the frames sent so far.
        self.state.closing.send_replace(true);
        let relays = lock(&self.state.relays);
        let ended = &self.state.relay_ended;
        drop(ended.wait_timeout_while(relays, END_TIMEOUT, |relays| *relays > 0));
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

struct HostState {
    accept: Mutex<Accept>,
    /// The processes by their ids, for their descendants.
    processes: Mutex<HashMap<u32, Arc<watch::Sender<Status>>>>,
    /// The number of connected relays.
    relays: Mutex<usize>,
    relay_ended: Condvar,
    /// Whether the host is being dropped.
    closing: watch::Sender<bool>,
}

/// Counts a relay while it is connected.
struct Relay(Arc<HostState>);

impl Relay {
    fn new(state: &Arc<HostState>) -> Self {
        *lock(&state.relays) += 1;
        Self(Arc::clone(state))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        *lock(&self.0.relays) -= 1;
        self.0.relay_ended.notify_all();
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HostState {
    /// Serves a relay until it ends.
    async fn serve(&self, stream: TcpStream) {
        // Messages are small, and each is awaited.
        let _ = stream.set_nodelay(true);
        let (mut reader, writer) = stream.into_split();
        let Ok(hello) = read(&mut reader).await else {
            return;
        };
        let Some(info) = ProcessInfo::parse(&hello.payload) else {
            return;
        };
        if let Some(parent) = info.parent() {
            let status = lock(&self.processes).get(&parent).cloned();
            if let Some(status) = status {
                status.send_modify(|status| status.descendants += 1);
                let mut closing = self.closing.subscribe();
                tokio::select! {
                    // The descendant sends nothing more, so this is its end.
                    _ = read(&mut reader) => {}
                    _ = closing.wait_for(|closing| *closing) => {}
                }
                status.send_modify(|status| status.ended_descendants += 1);
            }
            return;
        }
        let Some(end) = lock(&self.accept)() else {
            return;
        };
        let status = Arc::new(end.status);
        lock(&self.processes).insert(info.id(), Arc::clone(&status));
        status.send_modify(|status| status.info = Some(info));
        tokio::spawn(write(writer, end.frames, self.closing.subscribe()));
        forward(reader, end.input, &status).await;
        status.send_modify(|status| status.ended = true);
    }
}

async fn read(reader: &mut OwnedReadHalf) -> io::Result<Frame> {
    let mut head = [0; HEAD];
    reader.read_exact(&mut head).await?;
    let (kind, length) = Frame::decode_head(head)?;
    let mut payload = vec![0; length];
    reader.read_exact(&mut payload).await?;
    Ok(Frame { kind, payload })
}

/// Sends frames until the fake or the host is dropped, then closes the connection.
async fn write(
    mut writer: OwnedWriteHalf,
    mut frames: mpsc::UnboundedReceiver<Frame>,
    mut closing: watch::Receiver<bool>,
) {
    loop {
        let frame = tokio::select! {
            biased;
            frame = frames.recv() => frame,
            _ = closing.wait_for(|closing| *closing) => None,
        };
        let Some(frame) = frame else { return };
        let Ok(bytes) = frame.encode() else { return };
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Receives frames until the process ends.
async fn forward(
    mut reader: OwnedReadHalf,
    input: tokio::io::DuplexStream,
    status: &watch::Sender<Status>,
) {
    let mut input = Some(input);
    while let Ok(frame) = read(&mut reader).await {
        match frame.kind {
            Kind::Input => {
                if let Some(stream) = &mut input
                    && stream.write_all(&frame.payload).await.is_err()
                {
                    // The fake does not read any more.
                    input = None;
                }
            }
            Kind::EndOfInput => input = None,
            Kind::Done => status.send_modify(|status| status.done += 1),
            _ => return,
        }
    }
}
