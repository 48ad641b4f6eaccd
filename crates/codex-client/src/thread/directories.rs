//! Working directories by which a list of threads is filtered.

use std::path::{Path, PathBuf};

use codex_types::ThreadListCwdFilter;

use crate::{error::Result, path};

/// One or more working directories, for
/// [`ThreadListBuilder::cwd`](crate::builder::ThreadListBuilder::cwd): a path, a list of paths, or
/// a [`ThreadListCwdFilter`].
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let app = codex.thread_list().cwd("/work/app").await?;
///     let both = codex.thread_list().cwd(["/work/app", "/work/docs"]).await?;
///     println!("{} of {}", app.data.len(), both.data.len());
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Directories(pub(crate) Result<ThreadListCwdFilter>);

impl Directories {
    fn one(path: &Path) -> Self {
        Self(path::text(path).map(ThreadListCwdFilter::One))
    }

    fn many<P: AsRef<Path>>(paths: &[P]) -> Self {
        let paths: Result<Vec<String>> =
            paths.iter().map(|path| path::text(path.as_ref())).collect();
        Self(paths.map(ThreadListCwdFilter::Many))
    }
}

/// Implements the conversion from a single path. A blanket impl for `AsRef<Path>` would overlap
/// with the conversions from lists.
macro_rules! from_paths {
    ($($path:ty),* $(,)?) => {$(
        impl From<$path> for Directories {
            fn from(path: $path) -> Self {
                Self::one(path.as_ref())
            }
        }
    )*};
}

from_paths!(&str, &String, String, &Path, &PathBuf, PathBuf);

impl<P: AsRef<Path>> From<Vec<P>> for Directories {
    fn from(paths: Vec<P>) -> Self {
        Self::many(&paths)
    }
}

impl<P: AsRef<Path>, const N: usize> From<[P; N]> for Directories {
    fn from(paths: [P; N]) -> Self {
        Self::many(&paths)
    }
}

impl<P: AsRef<Path>> From<&[P]> for Directories {
    fn from(paths: &[P]) -> Self {
        Self::many(paths)
    }
}

impl From<ThreadListCwdFilter> for Directories {
    fn from(filter: ThreadListCwdFilter) -> Self {
        Self(Ok(filter))
    }
}
