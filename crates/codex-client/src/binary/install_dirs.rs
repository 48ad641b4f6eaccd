//! The directories where package managers install programs.
//!
//! A desktop application is often started without the `PATH` of a shell.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// Returns the directories, the most likely first. `variable` returns an environment variable.
pub(crate) fn install_dirs(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let dir = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = dir("HOME").or_else(|| dir("USERPROFILE"));
    let mut dirs = Vec::new();
    // npm: a configured prefix, then the default locations of global packages.
    for prefix in [
        dir("npm_config_prefix"),
        dir("NPM_CONFIG_PREFIX"),
        dir("PREFIX"),
    ] {
        dirs.extend(prefix.map(|prefix| prefix.join("bin")));
    }
    dirs.extend(dir("APPDATA").map(|dir| dir.join("npm")));
    if let Some(home) = &home {
        dirs.extend([".npm-global/bin", ".local/bin", ".cargo/bin"].map(|dir| home.join(dir)));
    }
    dirs.extend(
        [
            "/opt/homebrew/bin",
            "/usr/local/bin",
            "/home/linuxbrew/.linuxbrew/bin",
        ]
        .map(PathBuf::from),
    );
    if let Some(home) = &home {
        dirs.extend(
            [".volta/bin", ".bun/bin", ".local/share/pnpm", ".yarn/bin"].map(|dir| home.join(dir)),
        );
        for version in newest_first(&home.join(".nvm/versions/node")) {
            dirs.push(version.join("bin"));
        }
    }
    // pip: the package that contains the program, in a virtual environment or for the user.
    for root in [dir("VIRTUAL_ENV"), home.map(|home| home.join(".local"))]
        .into_iter()
        .flatten()
    {
        for python in newest_first(&root.join("lib")) {
            dirs.push(python.join("site-packages/codex_cli_bin/bin"));
        }
        dirs.push(root.join("Lib/site-packages/codex_cli_bin/bin"));
    }
    dirs
}

/// Returns the entries of a directory, the highest version first.
fn newest_first(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    dirs.sort_by_key(|dir| std::cmp::Reverse(version(dir)));
    dirs
}

/// Returns the numbers in a name, so that `v20.11.0` sorts after `v9.2.0`.
fn version(dir: &Path) -> Vec<u64> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["v9.2.0", "v20.11.0", "v20.9.1"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let names = newest_first(dir.path())
            .into_iter()
            .map(|dir| dir.file_name().unwrap().to_owned());
        assert_eq!(names.collect::<Vec<_>>(), ["v20.11.0", "v20.9.1", "v9.2.0"]);
    }

    #[test]
    fn the_npm_prefix_comes_first_and_directories_under_home_are_included() {
        let dirs = install_dirs(|name| match name {
            "HOME" => Some("home".into()),
            "npm_config_prefix" => Some("prefix".into()),
            _ => None,
        });
        assert_eq!(dirs[0], Path::new("prefix/bin"));
        for dir in ["home/.local/bin", "home/.cargo/bin", "/opt/homebrew/bin"] {
            assert!(dirs.contains(&dir.into()), "{dir}");
        }
    }
}
