//! A missing `codex` program.

use std::{fmt, path::PathBuf};

/// There is no `codex` to run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodexNotFound {
    /// Who named the program that is not there; `None` if it was searched for.
    pub(crate) origin: Option<&'static str>,
    /// Every file that was looked for and is not there, or cannot be run.
    pub tried: Vec<PathBuf>,
}

impl fmt::Display for CodexNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Some(origin) => write!(
                f,
                "the codex program {origin} is not there or cannot be run"
            )?,
            None => f.write_str("no codex program was found")?,
        }
        f.write_str("; tried:")?;
        for path in &self.tried {
            write!(f, "\n  {}", path.display())?;
        }
        f.write_str(
            "\nInstall it (`npm install -g @openai/codex`, `brew install codex`), or set \
             CODEX_BIN, or name it with `Codex::builder().binary(..)`.",
        )
    }
}

impl std::error::Error for CodexNotFound {}
