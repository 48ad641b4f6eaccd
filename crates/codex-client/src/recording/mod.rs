//! Recordings: files of all messages of a connection, without secrets.
//!
//! Each line is a JSON object. `at` is the time in milliseconds since the Unix epoch, with fractions.
//! A message has its direction, `in` for one from the server and `out` for one to the server, and
//! its text:
//!
//! ```text
//! {"at":1795272156536.412,"dir":"out","msg":{"id":1,"method":"thread/start","params":{}}}
//! {"at":1795272156570.031,"dir":"in","unreadable":1024}
//! {"at":1795272156571.250,"dropped":3}
//! ```
//!
//! `unreadable` is the length of a line that is not JSON, and `dropped` the number of messages that
//! are missing because the file could not be written fast enough.

mod entry;
mod path;
mod recorder;
mod writer;

pub(crate) use self::{
    path::from_env,
    recorder::{END_TIMEOUT, Recorder},
};
