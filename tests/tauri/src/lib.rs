//! The signatures of Tauri 2 that `docs/desktop.md` uses.
//!
//! Tauri itself needs GTK and WebKit on Linux, and compiles 300 crates. This crate makes the code of
//! the page compile without them. Its functions panic.

use std::{error::Error, fmt, marker::PhantomData, ops::Deref, path::PathBuf};

use serde::Serialize;
/// Marks a function as a command.
pub use tauri_stand_in_macros::command;

/// The error of Tauri.
#[derive(Debug)]
pub struct TauriError;

impl fmt::Display for TauriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stand-in has no errors")
    }
}

impl Error for TauriError {}

type Result<T> = std::result::Result<T, TauriError>;

fn stand_in() -> ! {
    panic!("this crate has only the signatures of Tauri")
}

/// Describes the app.
#[derive(Debug)]
pub struct Context;

/// Builds an app.
#[derive(Debug, Default)]
pub struct Builder;

impl Builder {
    /// Sets the function that runs before the first window.
    #[must_use]
    pub fn setup<F>(self, _: F) -> Self
    where
        F: FnOnce(&mut App) -> std::result::Result<(), Box<dyn Error>> + Send + 'static,
    {
        stand_in()
    }

    /// Adds state.
    #[must_use]
    pub fn manage<T: Send + Sync + 'static>(self, _: T) -> Self {
        stand_in()
    }

    /// Sets the commands.
    #[must_use]
    pub fn invoke_handler(self, _: Handler) -> Self {
        stand_in()
    }

    /// Builds the app.
    ///
    /// # Errors
    ///
    /// None; the function panics.
    pub fn build(self, _: Context) -> Result<App> {
        stand_in()
    }
}

/// The commands of an app.
#[derive(Debug)]
pub struct Handler;

/// Lists the commands of an app.
#[macro_export]
macro_rules! generate_handler {
    ($($command:path),* $(,)?) => {{
        $(let _ = $command;)*
        $crate::Handler
    }};
}

/// Returns the description of the app.
#[macro_export]
macro_rules! generate_context {
    () => {
        $crate::Context
    };
}

/// The app.
#[derive(Debug)]
pub struct App;

impl App {
    /// Returns a handle.
    pub fn handle(&self) -> &AppHandle {
        stand_in()
    }

    /// Runs the app to its end.
    pub fn run<F: FnMut(&AppHandle, RunEvent) + 'static>(self, _: F) {
        stand_in()
    }
}

/// A handle of the app.
#[derive(Debug, Clone)]
pub struct AppHandle;

/// An event of the app.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunEvent {
    /// The app is about to exit.
    Exit,
}

/// State that commands share.
#[derive(Debug)]
pub struct State<'a, T: Send + Sync + 'static>(PhantomData<&'a T>);

impl<T: Send + Sync + 'static> Deref for State<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        stand_in()
    }
}

/// Access to the state and the directories of an app.
pub trait Manager {
    /// Returns state.
    fn state<T: Send + Sync + 'static>(&self) -> State<'_, T> {
        stand_in()
    }

    /// Returns the directories.
    fn path(&self) -> &path::PathResolver {
        stand_in()
    }
}

impl Manager for App {}
impl Manager for AppHandle {}

/// Sends events to windows.
pub trait Emitter {
    /// Sends an event to all windows.
    ///
    /// # Errors
    ///
    /// None; the function panics.
    fn emit<S: Serialize + Clone>(&self, _: &str, _: S) -> Result<()> {
        stand_in()
    }
}

impl Emitter for App {}
impl Emitter for AppHandle {}

/// Directories.
pub mod path {
    use super::{PathBuf, Result, stand_in};

    /// Finds the directories of an app.
    #[derive(Debug)]
    pub struct PathResolver;

    impl PathResolver {
        /// Returns the directory of the bundled files.
        ///
        /// # Errors
        ///
        /// None; the function panics.
        pub fn resource_dir(&self) -> Result<PathBuf> {
            stand_in()
        }
    }
}

/// Messages between commands and windows.
pub mod ipc {
    use super::{PhantomData, Result, Serialize, stand_in};

    /// Streams values to the window that called a command.
    #[derive(Debug)]
    pub struct Channel<T>(PhantomData<T>);

    impl<T: Serialize> Channel<T> {
        /// Sends a value.
        ///
        /// # Errors
        ///
        /// None; the function panics.
        pub fn send(&self, _: T) -> Result<()> {
            stand_in()
        }
    }
}

/// The runtime of the app.
pub mod async_runtime {
    use std::future::Future;

    use super::stand_in;

    /// Waits for a future.
    pub fn block_on<F: Future>(_: F) -> F::Output {
        stand_in()
    }

    /// Runs a future in the background.
    pub fn spawn<F>(_: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        stand_in()
    }
}
