//! Fakes as child processes: the relay program, and the host that it connects to.

mod control;
mod frame;
mod host;
mod relay;
mod status;

pub(crate) use self::{
    control::{ProcessControl, process},
    frame::{Kind, VERSION_OUTPUT},
    host::Host,
};
pub use self::{relay::run_fake_codex, status::ProcessInfo};
