//! The paths of recordings.

use std::{
    env,
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// The variable that names a recording.
const VARIABLE: &str = "CODEX_CLIENT_RECORD";

/// Returns the path that the environment names.
pub(crate) fn from_env() -> Option<PathBuf> {
    path_of(env::var_os(VARIABLE))
}

/// Returns the path that the value of the variable names.
fn path_of(value: Option<OsString>) -> Option<PathBuf> {
    value.filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Replaces the placeholders of a path: `%p` by the id of this process and `%n` by the number of the
/// recording in this process. `%%` is a percent sign.
pub(super) fn expand(path: &Path) -> PathBuf {
    static RECORDINGS: AtomicU64 = AtomicU64::new(1);
    let number = RECORDINGS.fetch_add(1, Ordering::Relaxed);
    expand_with(path, std::process::id(), number)
}

fn expand_with(path: &Path, process: u32, number: u64) -> PathBuf {
    let Some(text) = path.to_str() else {
        return path.to_owned();
    };
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        expanded.push_str(before);
        let (replacement, length) = match after.bytes().next() {
            Some(b'p') => (process.to_string(), 1),
            Some(b'n') => (number.to_string(), 1),
            Some(b'%') => ("%".to_owned(), 1),
            _ => ("%".to_owned(), 0),
        };
        expanded.push_str(&replacement);
        rest = &after[length..];
    }
    expanded.push_str(rest);
    expanded.into()
}

/// Creates a recording, or empties an earlier one. Only this user can read it. The file is locked
/// until it is closed.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // Pipes and terminals can neither be locked nor emptied, and some file systems have no locks.
    if file.metadata()?.is_file() {
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another client is recording to this file; put `%p` (process id) or `%n` (number \
                 of the recording) into its name",
            ));
        }
        file.set_len(0)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced() {
        for (path, expected) in [
            ("trace.jsonl", "trace.jsonl"),
            ("a/%p/%n.jsonl", "a/7/3.jsonl"),
            ("100%%-%p-%x-%", "100%-7-%x-%"),
            ("%ü%n", "%ü3"),
        ] {
            let expanded = expand_with(Path::new(path), 7, 3);
            assert_eq!(expanded, Path::new(expected));
        }
    }

    #[test]
    fn an_empty_variable_names_no_recording() {
        assert_eq!(path_of(None), None);
        assert_eq!(path_of(Some("".into())), None);
        assert_eq!(path_of(Some("f".into())), Some("f".into()));
    }

    #[test]
    fn a_file_has_one_writer_and_is_emptied_by_the_next_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, "earlier").unwrap();
        let file = create(&path).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        let error = create(&path).unwrap_err();
        assert!(error.to_string().contains("%p"), "{error}");
        drop(file);
        create(&path).unwrap();
    }
}
