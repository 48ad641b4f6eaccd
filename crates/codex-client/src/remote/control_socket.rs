//! The control socket of the local daemon.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// Returns the path of the socket, as `codex app-server daemon` and `--listen unix://` choose it. `home` is
/// the home directory of the server (`CODEX_HOME`), if it is known.
pub(crate) fn path(home: Option<OsString>) -> Result<PathBuf> {
    let set = home.or_else(|| env::var_os("CODEX_HOME"));
    let home = match set.filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()
            .map(|home| home.join(".codex"))
            .ok_or_else(|| {
                Error::InvalidInput(
                    "there is no home directory: set `CODEX_HOME`, or connect to `unix:///path`"
                        .into(),
                )
            })?,
    };
    Ok(in_home(&home))
}

fn in_home(home: &Path) -> PathBuf {
    home.join("app-server-control")
        .join("app-server-control.sock")
}
