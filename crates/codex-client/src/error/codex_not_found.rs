//! A missing `codex` program.

use std::{fmt, path::PathBuf};

/// No `codex` program was found, or the configured one cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodexNotFound {
    /// Where the program was configured; `None` if it was searched for.
    pub(crate) origin: Option<&'static str>,
    /// The paths that do not exist or are not executable.
    pub tried: Vec<PathBuf>,
}

impl fmt::Display for CodexNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Some(origin) => write!(
                f,
                "the `codex` program {origin} does not exist or is not executable"
            )?,
            None => f.write_str("no `codex` program was found")?,
        }
        f.write_str("; tried:")?;
        for path in &self.tried {
            write!(f, "\n  {}", path.display())?;
        }
        f.write_str(
            "\nInstall it (`npm install -g @openai/codex` or `brew install codex`), set CODEX_BIN, \
             or pass its path to `Codex::builder().binary(..)`.",
        )
    }
}

impl std::error::Error for CodexNotFound {}
