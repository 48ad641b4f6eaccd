//! The program on a real app-server with a scripted model.

#[cfg(unix)]
mod page;
mod program;
mod server;
