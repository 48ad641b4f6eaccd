//! The messages that a fake sends, with their faults.

use std::{
    collections::VecDeque,
    future::pending,
    io::{self, ErrorKind},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::{Mutex, watch},
    time::sleep,
};

use super::messages::notification;
use crate::{
    fault::{ConnectionFault, Fault, FaultKind, Flood, line},
    process::{Kind, ProcessControl},
};

/// The stream to the client.
pub(crate) enum Stream {
    Memory(Box<dyn AsyncWrite + Send + Unpin>),
    Process(ProcessControl),
    Closed,
}

/// Whether the server still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Running,
    /// It neither reads nor writes.
    Hanging,
    /// Its streams have ended.
    Ended,
}

/// The output of a fake, which the tasks of a connection share.
pub(crate) struct Output {
    sink: Mutex<Sink>,
    health: watch::Sender<Health>,
}

struct Sink {
    stream: Stream,
    /// Faults for the next messages.
    faults: VecDeque<Fault>,
    /// Lines to be sent after the next message.
    held_back: Vec<Vec<u8>>,
}

impl Output {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            sink: Mutex::new(Sink {
                stream,
                faults: VecDeque::new(),
                held_back: Vec::new(),
            }),
            health: watch::Sender::new(Health::Running),
        }
    }

    pub(crate) fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// Waits until the server hangs or has ended.
    pub(crate) async fn broken(&self) -> Health {
        let mut health = self.health.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let health = health.wait_for(|health| *health != Health::Running).await;
        health.map_or(Health::Ended, |health| *health)
    }

    /// Sends a message. A fault that was set for the next message applies if none is given.
    pub(crate) async fn send(&self, message: &Value, fault: Option<Fault>) {
        let fault = match fault {
            Some(fault) => Some(fault),
            None => self.sink.lock().await.faults.pop_front(),
        };
        let line = || line(message);
        match fault.map(|fault| fault.of(message)) {
            None => self.write(&line()).await,
            Some(FaultKind::Bytes(bytes)) => self.write(&bytes).await,
            Some(FaultKind::Reorder) => self.sink.lock().await.held_back.push(line()),
            Some(FaultKind::Delay(delay)) => {
                sleep(delay).await;
                self.write(&line()).await;
            }
            Some(FaultKind::Hold(gate)) => {
                gate.pass().await;
                self.write(&line()).await;
            }
            Some(FaultKind::Flood(flood)) => {
                self.flood(flood).await;
                self.write(&line()).await;
            }
            Some(FaultKind::Connection(fault)) => self.break_down(fault).await,
        }
    }

    /// Lets a fault occur: now, or to the next message.
    pub(crate) async fn fault(&self, fault: Fault) {
        if fault.is_of_message() {
            self.sink.lock().await.faults.push_back(fault);
            return;
        }
        match fault.of(&Value::Null) {
            FaultKind::Flood(flood) => self.flood(flood).await,
            FaultKind::Connection(fault) => self.break_down(fault).await,
            _ => {}
        }
    }

    /// Writes bytes. Bytes for a client that has gone are discarded.
    pub(crate) async fn write(&self, bytes: &[u8]) {
        if self.health() == Health::Hanging {
            pending::<()>().await;
        }
        if bytes.is_empty() {
            return;
        }
        let mut sink = self.sink.lock().await;
        let held_back = std::mem::take(&mut sink.held_back);
        for bytes in std::iter::once(bytes).chain(held_back.iter().map(Vec::as_slice)) {
            if sink.write(bytes).await.is_err() {
                sink.stream = Stream::Closed;
            }
        }
    }

    /// Writes to standard error.
    pub(crate) async fn stderr(&self, text: &[u8]) {
        if let Some(process) = self.process().await {
            process.send(Kind::Stderr, text);
        }
    }

    /// Keeps the process running after the end of its standard input.
    pub(crate) async fn outlive_input(&self) {
        if let Some(process) = self.process().await {
            process.carry_out(Kind::Linger).await;
        }
    }

    /// Returns the process, if the fake has one.
    pub(crate) async fn process(&self) -> Option<ProcessControl> {
        match &self.sink.lock().await.stream {
            Stream::Process(process) => Some(process.clone()),
            Stream::Memory(_) | Stream::Closed => None,
        }
    }

    async fn flood(&self, flood: Flood) {
        const TEXT: &str = "a line of a flood";
        match flood {
            Flood::Stdout(bytes) => {
                let params = json!({"threadId": null, "message": TEXT.repeat(56)});
                let line = line(&notification("warning", &params));
                for _ in 0..bytes.div_ceil(line.len()) {
                    self.write(&line).await;
                }
            }
            Flood::Stderr(bytes) => {
                let line = format!("{TEXT} on standard error\n").into_bytes();
                self.stderr(&line.repeat(bytes.div_ceil(line.len()))).await;
            }
        }
    }

    async fn break_down(&self, fault: ConnectionFault) {
        let health = match fault {
            ConnectionFault::CloseOutput => None,
            ConnectionFault::Hang => Some(Health::Hanging),
            ConnectionFault::Exit(_) | ConnectionFault::Kill => Some(Health::Ended),
        };
        let process = {
            let mut sink = self.sink.lock().await;
            match &mut sink.stream {
                Stream::Process(process) => Some(process.clone()),
                Stream::Memory(stream) if health != Some(Health::Hanging) => {
                    let _ = stream.shutdown().await;
                    sink.stream = Stream::Closed;
                    None
                }
                Stream::Memory(_) | Stream::Closed => None,
            }
        };
        if let Some(process) = process {
            match fault {
                ConnectionFault::CloseOutput => process.send(Kind::CloseOutput, []),
                ConnectionFault::Exit(code) => process.send(Kind::Exit, code.to_be_bytes()),
                ConnectionFault::Kill => process.send(Kind::Kill, []),
                ConnectionFault::Hang => process.carry_out(Kind::Hang).await,
            }
            if health == Some(Health::Ended) {
                process.ended_if_started().await;
            }
        }
        if let Some(health) = health {
            self.health.send_replace(health);
        }
    }
}

impl Sink {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Memory(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Stream::Process(process) => {
                process.send(Kind::Output, bytes);
                Ok(())
            }
            Stream::Closed => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}
