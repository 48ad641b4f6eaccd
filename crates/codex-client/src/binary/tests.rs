//! The search for the program, in directories of the tests.

use std::{fs, os::unix::fs::symlink};

use super::*;

/// Lists these directories.
fn installed(dir: PathBuf) -> Box<dyn Fn() -> Vec<PathBuf>> {
    Box::new(move || vec![dir.clone()])
}

/// Creates a search in the directories of a `PATH`.
fn search(path: &[&Path]) -> Search {
    Search {
        system: System::Linux,
        explicit: None,
        variable: None,
        path: Some(env::join_paths(path).unwrap()),
        install_dirs: Box::new(Vec::new),
    }
}

fn program(path: &Path) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    executable::create(path, b"\x7fELF");
    path.to_owned()
}

#[test]
fn the_order_is_explicit_then_variable_then_path_then_install_dirs() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| program(&dir.path().join(name).join("codex"));
    let mut search = Search {
        explicit: Some(at("explicit")),
        variable: Some(at("variable").into()),
        install_dirs: installed(dir.path().join("install")),
        ..search(&[&dir.path().join("none"), &dir.path().join("path")])
    };
    let (path, install) = (at("path"), at("install"));
    assert_eq!(search.find().unwrap(), dir.path().join("explicit/codex"));
    search.explicit = None;
    assert_eq!(search.find().unwrap(), dir.path().join("variable/codex"));
    search.variable = None;
    assert_eq!(search.find().unwrap(), path);
    search.path = None;
    assert_eq!(search.find().unwrap(), install);
}

#[test]
fn the_directories_of_package_managers_are_not_read_if_the_program_is_found_before() {
    let dir = tempfile::tempdir().unwrap();
    let codex = program(&dir.path().join("codex"));
    let search = Search {
        install_dirs: Box::new(|| panic!("the directories are listed")),
        ..search(&[dir.path()])
    };
    assert_eq!(search.find().unwrap(), codex);
}

#[test]
fn on_windows_an_exe_is_preferred_to_a_cmd_and_the_shell_script_of_npm_is_never_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| program(&dir.path().join("npm").join(name));
    at("codex");
    let mut search = Search {
        system: System::Windows,
        ..search(&[&dir.path().join("npm")])
    };
    for explicit in [
        None,
        Some("codex".into()),
        Some(dir.path().join("npm/codex")),
    ] {
        search.explicit = explicit;
        let error = search.find().unwrap_err();
        assert!(!error.tried.is_empty(), "{error}");
    }
    let cmd = at("codex.cmd");
    for explicit in [
        None,
        Some("codex".into()),
        Some(dir.path().join("npm/codex")),
    ] {
        search.explicit = explicit;
        assert_eq!(search.find().unwrap(), cmd);
    }
    let exe = at("codex.exe");
    for explicit in [
        None,
        Some("codex".into()),
        Some(dir.path().join("npm/codex")),
    ] {
        search.explicit = explicit;
        assert_eq!(search.find().unwrap(), exe);
    }
    search.explicit = Some("codex.cmd".into());
    assert_eq!(search.find().unwrap(), cmd);
}

#[test]
fn on_windows_a_program_that_winget_has_named_after_its_target_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let name = format!("codex-{}-pc-windows-msvc.exe", env::consts::ARCH);
    let asset = program(&dir.path().join(name));
    let search = Search {
        system: System::Windows,
        install_dirs: installed(dir.path().to_owned()),
        ..search(&[])
    };
    assert_eq!(search.find().unwrap(), asset);
}

#[test]
fn a_configured_program_that_does_not_exist_is_not_searched_for_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    program(&dir.path().join("codex"));
    let search = Search {
        variable: Some(dir.path().join("missing").into()),
        ..search(&[dir.path()])
    };
    let error = search.find().unwrap_err();
    assert_eq!(error.tried, [dir.path().join("missing")]);
    let text = error.to_string();
    assert!(text.contains("from CODEX_BIN cannot be run"), "{text}");
    assert!(text.contains("/missing does not exist"), "{text}");
}

#[test]
fn a_bare_name_is_searched_for_in_path() {
    let dir = tempfile::tempdir().unwrap();
    let nightly = program(&dir.path().join("codex-nightly"));
    let mut search = Search {
        explicit: Some("codex-nightly".into()),
        ..search(&[dir.path()])
    };
    assert_eq!(search.find().unwrap(), nightly);
    search.explicit = Some("codex-none".into());
    let text = search.find().unwrap_err().to_string();
    let expected = format!(
        "in none of these directories:\n  {}\n",
        dir.path().display()
    );
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn a_relative_path_is_resolved_against_the_working_directory_of_this_program() {
    // Cargo runs the tests in the directory of the manifest.
    let mut search = search(&[]);
    search.explicit = Some("./src/none".into());
    let error = search.find().unwrap_err();
    assert_eq!(error.tried, [env::current_dir().unwrap().join("src/none")]);
}

#[test]
fn an_empty_entry_of_path_does_not_mean_the_working_directory() {
    let search = search(&[Path::new(""), Path::new("/bin")]);
    assert_eq!(search.path_dirs(), [Path::new("/bin")]);
}

#[test]
fn the_error_lists_the_directories_and_how_to_install_codex() {
    let dir = tempfile::tempdir().unwrap();
    let search = Search {
        install_dirs: installed(dir.path().join("install")),
        ..search(&[&dir.path().join("path")])
    };
    let error = search.find().unwrap_err();
    assert_eq!(error.tried.len(), 2);
    let text = error.to_string();
    for part in ["/path\n", "/install\n", "npm install -g", "CODEX_BIN"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_error_says_why_files_that_exist_were_not_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, broken, folder) = (
        dir.path().join("plain"),
        dir.path().join("broken"),
        dir.path().join("folder"),
    );
    fs::create_dir_all(folder.join("codex")).unwrap();
    fs::create_dir_all(&plain).unwrap();
    fs::write(plain.join("codex"), "text").unwrap();
    fs::create_dir_all(&broken).unwrap();
    symlink("../gone", broken.join("codex")).unwrap();
    let error = search(&[&plain, &broken, &folder]).find().unwrap_err();
    let text = error.to_string();
    for part in [
        "plain/codex is not executable",
        "broken/codex is a link to `../gone`, which does not exist",
        "folder/codex is a directory",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_tilde_is_not_the_home_directory() {
    let mut search = search(&[]);
    search.explicit = Some("~/bin/codex".into());
    let text = search.find().unwrap_err().to_string();
    assert!(text.contains("only shells replace `~`"), "{text}");
}
