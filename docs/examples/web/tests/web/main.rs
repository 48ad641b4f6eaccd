//! The program on a real app-server with a scripted model.

mod browser;
mod page;
mod program;
mod server;
