//! The state of a child process, as its relay reports it.

use serde_json::Value;

/// A child process that is connected to a fake.
#[derive(Clone, Debug)]
pub struct ProcessInfo(Value);

impl ProcessInfo {
    /// Reads the description that a relay sends.
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok().map(Self)
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        let id = self.0["id"].as_u64().unwrap_or_default();
        u32::try_from(id).unwrap_or_default()
    }

    /// Returns the arguments, without the name of the program.
    pub fn args(&self) -> Vec<&str> {
        let args = self.0["args"].as_array().map_or(&[][..], Vec::as_slice);
        args.iter().filter_map(Value::as_str).collect()
    }

    /// Returns the working directory.
    pub fn cwd(&self) -> &str {
        self.0["cwd"].as_str().unwrap_or_default()
    }

    /// Returns an environment variable of the process.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.0["env"][name].as_str()
    }

    /// Returns the id of the process that has started this one, if this one is a descendant.
    pub(super) fn parent(&self) -> Option<u32> {
        let parent = self.0["parent"].as_str()?;
        parent.parse().ok()
    }
}

/// The known state of a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// The description of the process, once it is connected.
    pub(crate) info: Option<ProcessInfo>,
    /// The number of control frames that it has carried out.
    pub(crate) done: usize,
    /// Whether it has ended.
    pub(crate) ended: bool,
    /// The numbers of descendants that have been started, and that have ended.
    pub(crate) descendants: usize,
    pub(crate) ended_descendants: usize,
}
