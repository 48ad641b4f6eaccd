//! The requests of the server: what it asks, who answers, and how.
//!
//! Each is an [`Asked`](crate::connection::Asked) that goes to exactly one place: the inbox of its
//! thread, a handler, the inbox of all threads. Whoever lets go of it unanswered has declined it.

mod answer;
mod approval;
mod decision;
mod handler;
mod handlers;
mod inbox;
mod pending;
mod read_only;
mod reply;
mod setup;

pub use answer::{HandlerError, HandlerResult, IntoAnswer};
pub use approval::{ApprovalRequest, FileChangeApproval};
pub use decision::Decision;
pub use handler::{
    ServerRequestHandler, blocking::ServerRequestHandler as BlockingServerRequestHandler,
};
pub use inbox::ServerRequests;
pub use pending::PendingRequest;
pub use reply::Reply;

pub(crate) use handlers::{Handlers, Job};
pub(crate) use setup::on_thread;
