//! One directory or several, to list the threads of.

use std::path::{Path, PathBuf};

use codex_types::ThreadListCwdFilter;

use crate::{error::Result, path};

/// One working directory or several, for [`ThreadListBuilder::cwd`](crate::thread::list::ThreadListBuilder::cwd): a path, a list of
/// paths, or the protocol's own [`ThreadListCwdFilter`].
///
/// ```no_run
/// # async fn example(codex: codex_client::Codex) -> Result<(), Box<dyn std::error::Error>> {
/// let here = codex.thread_list().cwd(std::env::current_dir()?).await?;
/// let either = codex.thread_list().cwd(["/work/app", "/work/docs"]).await?;
/// # Ok(())
/// # }
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

/// What is one directory. For all `AsRef<Path>` at once it cannot be said: a list might become one.
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
