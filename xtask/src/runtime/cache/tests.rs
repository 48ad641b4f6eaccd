//! Tests the cache with a closure as its registry.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::*;

const VERSION: Version = Version::new(1, 2, 3);

/// Installs a text file as the binary. Its content is the version that it reports.
struct Fake<F: Fn(&Version, &Path) -> anyhow::Result<()>> {
    fetch: F,
    waiting: Option<mpsc::Sender<()>>,
}

impl<F: Fn(&Version, &Path) -> anyhow::Result<()>> Fake<F> {
    fn new(fetch: F) -> Self {
        Self {
            fetch,
            waiting: None,
        }
    }
}

impl<F: Fn(&Version, &Path) -> anyhow::Result<()>> Installer for Fake<F> {
    fn fetch(&self, version: &Version, into: &Path) -> anyhow::Result<()> {
        (self.fetch)(version, into)
    }

    fn probe(&self, binary: &Path) -> anyhow::Result<Version> {
        Ok(Version::parse(&fs::read_to_string(binary)?)?)
    }

    fn waiting(&self) {
        if let Some(waiting) = &self.waiting {
            waiting.send(()).unwrap();
        }
    }
}

/// Writes a binary that reports `version`.
fn put(version: &str, into: &Path) -> anyhow::Result<()> {
    let name = if cfg!(windows) { "codex.exe" } else { "codex" };
    let directory = into.join("codex_cli_bin").join("bin");
    fs::create_dir_all(&directory)?;
    Ok(fs::write(directory.join(name), version)?)
}

fn put_right(version: &Version, into: &Path) -> anyhow::Result<()> {
    put(&version.to_string(), into)
}

fn put_nothing(_: &Version, _: &Path) -> anyhow::Result<()> {
    panic!("an unexpected install")
}

fn cache(directory: &tempfile::TempDir) -> Cache {
    // The parent directory does not exist yet, as in a fresh clone.
    Cache::new(
        directory.path().join("target").join("runtimes"),
        Platform::current().unwrap(),
    )
}

#[test]
fn an_installed_version_is_not_installed_again() {
    let directory = tempfile::tempdir().unwrap();
    let first = cache(&directory)
        .ensure(&VERSION, &Fake::new(put_right))
        .unwrap();
    let second = cache(&directory)
        .ensure(&VERSION, &Fake::new(put_nothing))
        .unwrap();
    assert_eq!(first, second);
    assert!(first.starts_with(cache(&directory).home(&VERSION)));
    assert_eq!(cache(&directory).versions().unwrap(), [VERSION]);
}

#[test]
fn concurrent_installs_of_a_version_install_it_once() {
    let directory = tempfile::tempdir().unwrap();
    let installs = AtomicUsize::new(0);
    let (fetching, first_is_fetching) = mpsc::channel();
    let (waiting, second_is_waiting) = mpsc::channel();
    let (directory, installs) = (&directory, &installs);
    thread::scope(|scope| {
        let first = scope.spawn(move || {
            let fetch = |version: &Version, into: &Path| {
                installs.fetch_add(1, Ordering::Relaxed);
                fetching.send(()).unwrap();
                // The first install ends only once the second one is waiting for the lock.
                second_is_waiting.recv().unwrap();
                put_right(version, into)
            };
            cache(directory)
                .ensure(&VERSION, &Fake::new(fetch))
                .unwrap()
        });
        first_is_fetching.recv().unwrap();
        let second = Fake {
            fetch: put_nothing,
            waiting: Some(waiting),
        };
        let second = cache(directory).ensure(&VERSION, &second).unwrap();
        assert_eq!(second, first.join().unwrap());
    });
    assert_eq!(installs.load(Ordering::Relaxed), 1);
}

#[test]
fn a_stale_staging_directory_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let staging = cache(&directory).directory.join(".staging");
    put("0.0.1", &staging.join("1.2.3-killed")).unwrap();
    cache(&directory)
        .ensure(&VERSION, &Fake::new(put_right))
        .unwrap();
    assert!(!staging.exists());
}

#[test]
fn a_failed_install_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let failing = Fake::new(|_: &Version, into: &Path| {
        put("1.2.3", into)?;
        bail!("the network is down")
    });
    let error = cache(&directory).ensure(&VERSION, &failing).unwrap_err();
    assert_eq!(error.to_string(), "the network is down");
    assert_eq!(cache(&directory).binary(&VERSION), None);
    let left = fs::read_dir(cache(&directory).directory.join(".staging"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
fn a_binary_of_a_different_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = Fake::new(|_: &Version, into: &Path| put("1.2.4", into));
    let error = cache(&directory)
        .ensure(&VERSION, &wrong)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("1.2.3") && error.contains("1.2.4"),
        "{error}"
    );
    assert_eq!(cache(&directory).binary(&VERSION), None);
}

#[test]
fn packages_without_a_binary_are_refused_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let empty = Fake::new(|_: &Version, _: &Path| Ok(()));
    let error = cache(&directory)
        .ensure(&VERSION, &empty)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no native binary") && error.contains("CODEX_BIN"),
        "{error}"
    );
}

#[test]
fn a_broken_runtime_is_reinstalled() {
    let directory = tempfile::tempdir().unwrap();
    let home = cache(&directory).home(&VERSION);
    put("not a version", &home).unwrap();
    fs::write(home.join("left over"), "").unwrap();
    cache(&directory)
        .ensure(&VERSION, &Fake::new(put_right))
        .unwrap();
    assert!(!home.join("left over").exists());
}

#[test]
fn an_empty_cache_has_no_versions() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(cache(&directory).versions().unwrap(), []);
}
