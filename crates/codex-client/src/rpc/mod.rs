//! Messages on the wire: framing, envelopes, ids and pending requests. Performs no I/O.

pub(crate) mod addressee;
pub(crate) mod agent_report;
pub(crate) mod decode_around;
pub(crate) mod decoder;
pub(crate) mod delta;
pub(crate) mod delta_line;
pub(crate) mod delta_run;
pub(crate) mod display_members;
pub(crate) mod envelope;
pub(crate) mod line_text;
pub(crate) mod lines;
pub(crate) mod outbound;
pub(crate) mod pending;
pub(crate) mod raw_notification;
pub(crate) mod raw_response;
pub(crate) mod scanner;
pub(crate) mod user_message;
