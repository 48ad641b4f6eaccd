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
    /// The reasons for the paths that exist or were configured.
    pub(crate) reasons: Vec<(PathBuf, String)>,
}

impl fmt::Display for CodexNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Some(origin) => write!(f, "the `codex` program {origin} cannot be run")?,
            None => f.write_str("no `codex` program was found")?,
        }
        for (path, reason) in &self.reasons {
            write!(f, "\n  {} {reason}", path.display())?;
        }
        let has_reason = |path| self.reasons.iter().any(|(known, _)| known == path);
        let mut dirs = Vec::new();
        for path in self.tried.iter().filter(|path| !has_reason(*path)) {
            let dir = path.parent().unwrap_or(path);
            if !dirs.contains(&dir) {
                dirs.push(dir);
            }
        }
        if !dirs.is_empty() {
            f.write_str("\nIt is in none of these directories:")?;
        }
        for dir in dirs {
            write!(f, "\n  {}", dir.display())?;
        }
        f.write_str(
            "\nInstall it (`npm install -g @openai/codex` or `brew install codex`), set CODEX_BIN, \
             or pass its path to `Codex::builder().binary(..)`.",
        )
    }
}

impl std::error::Error for CodexNotFound {}
