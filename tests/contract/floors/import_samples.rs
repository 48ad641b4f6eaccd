//! Tests the check with small crates in memory.

use super::check::{Report, Table};

const TABLE: Table = Table {
    sources: "",
    floors: &[
        ("ground", &["ground"]),
        ("middle", &["middle"]),
        ("top", &["top"]),
    ],
    generated: None,
};

/// The modules of the samples; a file that a sample omits is a facade without re-exports.
const ROOT: &str = "mod ground; mod middle; mod top;";

/// Checks a crate with these files next to `lib.rs`.
fn check(files: &[(&str, &str)]) -> Report {
    let mut sources = vec![("lib.rs".to_owned(), ROOT.to_owned())];
    for name in ["ground", "middle", "top"] {
        let is_given = |(path, _): &(&str, &str)| path.split(['/', '.']).next() == Some(name);
        if !files.iter().any(is_given) {
            sources.push((format!("{name}.rs"), String::new()));
        }
    }
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    sources.extend(files);
    TABLE.check_sources(&sources)
}

/// Asserts that the only fault is this import from the ground to the top.
fn assert_arrow(files: &[(&str, &str)], arrow: &str) {
    // A file without items of its own would be a facade.
    let ground = format!("{} struct Id;", files[0].1);
    let files = [&[(files[0].0, ground.as_str())], &files[1..]].concat();
    let expected = format!("{arrow}: the floor `ground` is below `top`");
    assert_eq!(check(&files).faults, [expected], "{ground}");
}

#[test]
fn a_crate_whose_imports_run_down_passes() {
    let report = check(&[
        (
            "ground.rs",
            "pub(crate) struct Id; pub(crate) fn new() -> Id { Id }",
        ),
        (
            "middle.rs",
            "use crate::ground::{self, Id}; pub(crate) fn f() -> Id { ground::new() }",
        ),
        (
            "top.rs",
            "pub use crate::middle::f; fn g() { super::middle::f(); }",
        ),
    ]);
    assert_eq!(report.faults, [""; 0]);
    assert_eq!(
        report.to_string(),
        "3 files, 2 imports between files, largest import cycle: none"
    );
}

#[test]
fn a_use_that_runs_up_is_found() {
    for import in [
        "use crate::top::Toolbox;",
        "use super::top::Toolbox;",
        "use crate::{middle, top::{self, Toolbox}};",
        "fn f() { use crate::top::Toolbox; }",
        "mod inner { use super::super::top::Toolbox; }",
    ] {
        assert_arrow(
            &[
                ("ground.rs", import),
                ("top.rs", "pub(crate) struct Toolbox;"),
            ],
            "ground.rs -> top.rs (Toolbox)",
        );
    }
}

#[test]
fn an_inline_path_that_runs_up_is_found() {
    for code in [
        "fn f(_: &crate::top::Toolbox) {}",
        "struct S { field: Vec<super::top::Toolbox> }",
        "fn f() { let _ = crate::top::Toolbox::new(); }",
        "impl From<crate::top::Toolbox> for u8 { fn from(_: T) -> u8 { 0 } }",
        "#[serde(default = \"crate::top::Toolbox::new\")] struct S;",
    ] {
        assert_arrow(
            &[
                ("ground.rs", code),
                ("top.rs", "pub(crate) struct Toolbox;"),
            ],
            "ground.rs -> top.rs (Toolbox)",
        );
    }
}

#[test]
fn a_re_export_is_followed_to_the_file_that_defines_the_item() {
    let set = ("top/set.rs", "pub(crate) struct Toolbox;");
    for facade in [
        "mod set; pub(crate) use set::*;",
        "mod set; pub use self::set::Toolbox;",
    ] {
        assert_arrow(
            &[
                ("ground.rs", "use crate::top::Toolbox;"),
                ("top/mod.rs", facade),
                set,
            ],
            "ground.rs -> top/set.rs (Toolbox)",
        );
    }
    // The floor of the definition counts, not that of the facade.
    let report = check(&[
        ("ground.rs", "pub(crate) struct Id;"),
        ("middle.rs", "use crate::top::Id;"),
        ("top.rs", "pub(crate) use crate::ground::Id;"),
    ]);
    assert_eq!(report.faults, [""; 0]);
}

#[test]
fn a_renamed_import_is_found_by_the_name_of_the_item() {
    for (ground, top) in [
        (
            "use crate::top::Toolbox as Tools;",
            "mod set; pub use set::Toolbox;",
        ),
        (
            "use crate::top::Tools;",
            "mod set; pub use set::Toolbox as Tools;",
        ),
        (
            "use crate::top as tools; fn f(_: tools::Toolbox) {}",
            "mod set; pub use set::Toolbox;",
        ),
    ] {
        assert_arrow(
            &[
                ("ground.rs", ground),
                ("top/mod.rs", top),
                ("top/set.rs", "pub struct Toolbox;"),
            ],
            "ground.rs -> top/set.rs (Toolbox)",
        );
    }
}

#[test]
fn a_path_inside_a_macro_is_found() {
    for code in [
        "macro_rules! m { ($x:ident) => { $crate::top::Toolbox::$x() }; }",
        "macro_rules! m { () => { use $crate::{middle, top::Toolbox}; }; }",
        "fn f() { assert!(matches!(x, crate::top::Toolbox { .. })); }",
        "use crate::top; fn f() { println!(\"{}\", top::Toolbox); }",
        "thread_local! { static T: crate::top::Toolbox = 0; }",
    ] {
        assert_arrow(
            &[
                ("ground.rs", code),
                ("top.rs", "pub(crate) struct Toolbox;"),
            ],
            "ground.rs -> top.rs (Toolbox)",
        );
    }
}

#[test]
fn a_call_to_a_macro_from_above_is_found() {
    for (call, definition) in [
        (
            "crate::top::tools! {}",
            "macro_rules! tools { () => {}; } pub(crate) use tools;",
        ),
        (
            "use crate::top::tools; tools! {}",
            "macro_rules! tools { () => {}; } pub(crate) use tools;",
        ),
        (
            "crate::tools! {}",
            "#[macro_export] macro_rules! tools { () => {}; }",
        ),
        ("tools! {}", "macro_rules! tools { () => {}; }"),
    ] {
        assert_arrow(
            &[("ground.rs", call), ("top.rs", definition)],
            "ground.rs -> top.rs (tools)",
        );
    }
}

#[test]
fn an_item_that_a_macro_defines_is_found_in_the_file_of_the_call() {
    assert_arrow(
        &[
            ("ground.rs", "use crate::top::Toolbox;"),
            ("top.rs", "handles! { Toolbox }"),
        ],
        "ground.rs -> top.rs (Toolbox)",
    );
}

#[test]
fn test_code_may_import_from_above() {
    let report = check(&[
        (
            "ground.rs",
            "fn f() {} #[cfg(test)] use crate::top::g; #[cfg(all(test, unix))] mod fakes; \
             #[cfg(test)] mod tests { use crate::top::g; }",
        ),
        ("ground/fakes.rs", "use crate::top::g;"),
        ("ground/tests.rs", "use crate::top::g;"),
        ("top.rs", "pub(crate) fn g() {}"),
    ]);
    assert_eq!(report.faults, [""; 0]);
}

#[test]
fn a_file_without_a_floor_and_a_prefix_without_a_file_are_faults() {
    let sources = [
        ("lib.rs", "mod ground; mod middle; mod other;"),
        ("ground.rs", ""),
        ("middle.rs", ""),
        ("other.rs", "fn f() {}"),
    ];
    let sources = sources.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(
        TABLE.check_sources(&sources).faults,
        [
            "`other.rs` has no floor; add it to the table",
            "no file begins with `top`; remove it from the table",
        ]
    );
}

#[test]
fn a_large_group_of_files_that_import_each_other_is_a_fault() {
    let facade = ("middle/mod.rs", "mod a; mod b; mod c; mod d;");
    let mut files = [
        facade,
        ("middle/a.rs", "use super::b::B; struct A;"),
        ("middle/b.rs", "use super::c::C; pub struct B;"),
        ("middle/c.rs", "use super::a::A; pub struct C;"),
        ("middle/d.rs", "struct D;"),
    ];
    let report = check(&files);
    assert_eq!(report.faults, [""; 0]);
    let largest = "largest import cycle: 3 files (middle/a.rs, middle/b.rs, middle/c.rs)";
    assert!(report.to_string().ends_with(largest), "{report}");

    files[3].1 = "use super::d::D; pub struct C;";
    files[4].1 = "use super::a::A; pub struct D;";
    let report = check(&files);
    let [fault] = report.faults.as_slice() else {
        panic!("one fault: {:?}", report.faults)
    };
    let reason = "4 files import each other, more than 3:\n  middle/a.rs -> middle/b.rs (B)\n";
    assert!(fault.starts_with(reason), "{fault}");
}

#[test]
fn a_group_of_files_that_crosses_a_floor_is_a_fault() {
    let report = check(&[
        ("ground.rs", "use crate::top::Toolbox; pub struct Id;"),
        ("top.rs", "use crate::ground::Id; pub struct Toolbox;"),
    ]);
    assert_eq!(
        report.faults,
        [
            "ground.rs -> top.rs (Toolbox): the floor `ground` is below `top`",
            "files of several floors import each other:\n  \
             ground.rs -> top.rs (Toolbox)\n  top.rs -> ground.rs (Id)",
        ]
    );
}

#[test]
fn a_re_export_counts_as_an_import_where_its_name_is_used() {
    let unused = check(&[
        ("middle/mod.rs", "mod a; pub use a::A; pub struct Parent;"),
        ("middle/a.rs", "use super::Parent; pub struct A;"),
    ]);
    assert!(
        unused.to_string().ends_with("largest import cycle: none"),
        "{unused}"
    );
    let shadowed = check(&[
        (
            "middle/mod.rs",
            "mod a; pub use a::f; pub struct Parent; fn g(f: u8) -> u8 { f }",
        ),
        ("middle/a.rs", "use super::Parent; pub fn f() {}"),
    ]);
    assert!(
        shadowed.to_string().ends_with("largest import cycle: none"),
        "{shadowed}"
    );
    let used = check(&[
        (
            "middle/mod.rs",
            "mod a; pub use a::A; pub struct Parent(A);",
        ),
        ("middle/a.rs", "use super::Parent; pub struct A;"),
    ]);
    let largest = "largest import cycle: 2 files (middle/mod.rs, middle/a.rs)";
    assert!(used.to_string().ends_with(largest), "{used}");
}
