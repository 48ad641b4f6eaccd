//! Recognizes commands that only read.
//!
//! A command is read-only if all of its parts are known to be harmless. The server's own parse of a
//! command is not used: it is for display, and classifies `find . -delete` as a listing. Git is not
//! included: the configuration of a repository names programs that `git status` and `git diff` run.
//!
//! The setup of the machine is trusted: `PATH`, the profile of the shell and the configuration file
//! of `rg`.

/// Programs that only read, whatever their options.
const READ_ONLY_PROGRAMS: [&str; 21] = [
    "basename", "cat", "cd", "cut", "dirname", "echo", "false", "grep", "head", "id", "ls", "nl",
    "pwd", "readlink", "stat", "tail", "true", "uname", "wc", "which", "whoami",
];

/// Options of `rg` that run a program. `-z` is the short form of the last.
const RG_EXEC_OPTIONS: [&str; 3] = ["--pre", "--hostname-bin", "--search-zip"];

/// Options of `find` that only read. The others differ between systems: some delete files
/// (`-delete`, `-rm`), write files (`-fprint`, `-cpio`) or run programs (`-exec`, `-ok`).
const FIND_OPTIONS: [&str; 45] = [
    "-H",
    "-L",
    "-P",
    "-a",
    "-amin",
    "-and",
    "-atime",
    "-cmin",
    "-ctime",
    "-depth",
    "-empty",
    "-false",
    "-group",
    "-iname",
    "-ipath",
    "-iregex",
    "-links",
    "-lname",
    "-ls",
    "-maxdepth",
    "-mindepth",
    "-mmin",
    "-mount",
    "-mtime",
    "-name",
    "-newer",
    "-not",
    "-o",
    "-or",
    "-path",
    "-perm",
    "-print",
    "-print0",
    "-printf",
    "-prune",
    "-quit",
    "-regex",
    "-samefile",
    "-size",
    "-true",
    "-type",
    "-user",
    "-wholename",
    "-xdev",
    "-xtype",
];

/// The directories that contain a system's shells. A shell in another directory may be any program.
const SHELL_DIRS: [&str; 4] = [
    "/bin/",
    "/usr/bin/",
    "/usr/local/bin/",
    "/opt/homebrew/bin/",
];

/// A word of a command.
struct Word {
    text: String,
    /// Whether the shell replaces the word with matching file names.
    is_pattern: bool,
}

/// Whether a command line only reads. The line may also call a shell with a script that only reads,
/// such as `bash -lc 'ls'`.
pub(crate) fn is_read_only_line(line: &str) -> bool {
    parse(line).is_some_and(|commands| are_read_only(&commands))
}

/// Whether a command, given as its words, only reads.
pub(crate) fn is_read_only_command(words: &[String]) -> bool {
    let words = words.iter().map(|word| Word {
        text: word.clone(),
        is_pattern: false,
    });
    are_read_only(&[words.collect()])
}

fn are_read_only(commands: &[Vec<Word>]) -> bool {
    !commands.is_empty() && commands.iter().all(|words| is_read_only(words))
}

fn is_read_only(words: &[Word]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    if let [option, script] = arguments
        && is_shell(&program.text)
        && matches!(option.text.as_str(), "-c" | "-lc")
    {
        // The script must not call a shell in turn.
        return !script.is_pattern
            && parse(script.text.as_str()).is_some_and(|commands| {
                let is_nested = |words: &Vec<Word>| is_shell(&words[0].text);
                !commands.iter().any(is_nested) && are_read_only(&commands)
            });
    }
    // A name only: a program named by its path may be any program.
    let program = program.text.as_str();
    if READ_ONLY_PROGRAMS.contains(&program) {
        return true;
    }
    // A matching file name may look like an option.
    let may_be_option = |word: &Word| word.is_pattern && word.text.starts_with(['*', '?', '-']);
    if arguments.iter().any(may_be_option) {
        return false;
    }
    let mut arguments = arguments.iter().map(|word| word.text.as_str());
    match program {
        "find" => arguments.all(|argument| {
            let option = argument.strip_prefix('-');
            // A number, as in `-mtime -7`, is not an option.
            option.is_none_or(|option| option.starts_with(|first: char| first.is_ascii_digit()))
                || FIND_OPTIONS.contains(&argument)
        }),
        "rg" => !arguments.any(is_rg_exec_option),
        // Scripts of `sed` can write files and run programs. Only those that print lines are
        // accepted.
        "sed" => {
            arguments.next() == Some("-n")
                && arguments.next().is_some_and(prints_lines)
                && arguments.all(|file| !file.starts_with('-'))
        }
        _ => false,
    }
}

/// Whether an argument of `rg` is an option that runs a program. The option may have a value, be
/// abbreviated, or be one of several letters, as in `-iz`.
fn is_rg_exec_option(argument: &str) -> bool {
    let name = argument.split('=').next().unwrap_or_default();
    if name.starts_with("--") {
        return name.len() > 2
            && RG_EXEC_OPTIONS
                .iter()
                .any(|option| option.starts_with(name));
    }
    name.strip_prefix('-')
        .is_some_and(|letters| letters.contains('z'))
}

/// Whether a script of `sed` has the form `5p`, `1,20p` or `5,$p`.
fn prints_lines(script: &str) -> bool {
    let is_line = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    let Some(lines) = script.strip_suffix('p') else {
        return false;
    };
    match lines.split_once(',') {
        Some((from, to)) => is_line(from) && (is_line(to) || to == "$"),
        None => is_line(lines),
    }
}

fn is_shell(program: &str) -> bool {
    let mut dirs = SHELL_DIRS.iter();
    let name = dirs.find_map(|dir| program.strip_prefix(dir));
    matches!(name.unwrap_or(program), "bash" | "sh" | "zsh")
}

/// Splits a line into commands, each with at least one word. The commands may be joined by `&&`,
/// `||`, `;` and `|`. Returns `None` for a line with any other syntax that a shell interprets.
fn parse(line: &str) -> Option<Vec<Vec<Word>>> {
    let mut commands = vec![Vec::new()];
    let mut word = None::<Word>;
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        match next {
            '\'' => loop {
                match rest.next()? {
                    '\'' => {
                        text(&mut word);
                        break;
                    }
                    inside => text(&mut word).push(inside),
                }
            },
            '"' => loop {
                match rest.next()? {
                    '"' => {
                        text(&mut word);
                        break;
                    }
                    '$' | '`' | '\\' | '!' => return None,
                    inside => text(&mut word).push(inside),
                }
            },
            ' ' | '\t' => commands.last_mut()?.extend(word.take()),
            '|' | '&' | ';' => {
                let doubled = rest.as_str().starts_with(next);
                if doubled {
                    rest.next();
                }
                // `&` runs a command in the background, `|&` redirects errors.
                if (next == '&' && !doubled)
                    || (next == ';' && doubled)
                    || rest.as_str().starts_with('&')
                {
                    return None;
                }
                commands.last_mut()?.extend(word.take());
                commands.push(Vec::new());
            }
            // The number of an output, as in `2>`, is taken for an argument, which does no harm.
            '>' => {
                commands.last_mut()?.extend(word.take());
                rest = skip_harmless_target(rest.as_str())?.chars();
            }
            'a'..='z'
            | 'A'..='Z'
            | '0'..='9'
            | '_'
            | '-'
            | '.'
            | '/'
            | ':'
            | ','
            | '+'
            | '@'
            | '%' => text(&mut word).push(next),
            // Not in the first word, where they set a variable such as `PATH`, or match any
            // program.
            '=' | '*' | '?' if !commands.last()?.is_empty() => {
                text(&mut word).push(next);
                word.as_mut()?.is_pattern |= next != '=';
            }
            _ => return None,
        }
    }
    commands.last_mut()?.extend(word.take());
    commands
        .iter()
        .all(|words| !words.is_empty())
        .then_some(commands)
}

/// Returns the text of the current word, after starting a word if there is none.
fn text(word: &mut Option<Word>) -> &mut String {
    let word = word.get_or_insert_with(|| Word {
        text: String::new(),
        is_pattern: false,
    });
    &mut word.text
}

/// Returns the rest of a line after the target of a redirection to `/dev/null` or to another output
/// stream. `None` for any other target, which is a file.
fn skip_harmless_target(line: &str) -> Option<&str> {
    let after = line.strip_prefix("&1").or_else(|| line.strip_prefix("&2"));
    let after = after.or_else(|| {
        let target = line.trim_start_matches([' ', '\t']);
        target.strip_prefix("/dev/null")
    })?;
    // The beginning of a longer word would be the name of a file.
    (after.is_empty() || after.starts_with([' ', '\t', '|', '&', ';'])).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_only_read_are_recognized() {
        for read in [
            "ls -la src",
            "/bin/bash -lc 'cat Cargo.toml'",
            "bash -lc 'cd src && grep -rn \"fn main\" .'",
            "/bin/zsh -c 'rg -n needle | head -20; wc -l a.rs'",
            "find . -name x.rs",
            "echo a=b",
            "cat src/*.rs *.toml",
            "rg needle src/?.rs",
            "find . -type f '(' -name '*.rs' -o -name '*.md' ')' -mtime -7",
            "sed -n 1,20p a.rs b.rs",
            "sed -n '5,$p' a.rs",
            "ls a 2>/dev/null | head",
            "ls a > /dev/null && grep -c x b 2>&1",
        ] {
            assert!(is_read_only_line(read), "{read}");
        }
        assert!(is_read_only_command(&["cat".into(), "a b".into()]));
        assert!(is_read_only_command(&[
            "bash".into(),
            "-lc".into(),
            "ls && pwd".into()
        ]));
    }

    #[test]
    fn all_other_commands_are_not_read_only() {
        for other in [
            "",
            "rm x",
            "touch x",
            "cat a > b",
            "cat a >> b",
            "cat `rm x`",
            "cat $(rm x)",
            "cat \"$(rm x)\"",
            "ls & rm x",
            "ls &",
            "ls |& rm",
            "ls\nrm x",
            "ls && rm x",
            "ls; rm x",
            "ls |",
            "find . -delete",
            "find . -exec rm",
            "find . -fprint x",
            "rg --pre evil x",
            "rg --pre=evil x",
            "rg -nz x",
            "PATH=. ls",
            "./ls",
            "/tmp/cat x",
            "bash -lc 'bash -c ls'",
            "bash -lc 'rm x'",
            "bash x",
            "bash -lc ls extra",
            "sed -i s/a/b/ x",
            "git status",
            "cat 'unclosed",
            "cat ~/x\\",
            "ls (a)",
            // A shell that does not belong to the system.
            "./bash -lc ls",
            "/tmp/bash -lc ls",
            "/bin/../tmp/bash -lc ls",
            // A program or an option that is the name of a file.
            "l* x",
            "* x",
            "bash -lc 'l* x'",
            "bash -lc 'ls '*",
            "rg needle *",
            "rg needle -*",
            "rg needle ''*",
            "find * -name x",
            // Options of other systems, and abbreviated options.
            "find . -rm",
            "find . -cpio x",
            "find . -files0-from x",
            "rg --search-z x",
            "sed -n 1,20p a -i",
            "sed -n '1w x' a",
            "sed -n 1e a",
            "sed 1,20p a",
            "sed -n p a",
            "sed -n 1,20p *",
            // Redirections to files.
            "ls > /dev/nullx",
            "ls > /dev/null/../x",
            "ls >/dev/null'x'",
            "ls 2>&1x",
            "ls >& x",
            "ls &>/dev/null",
            "ls >>/dev/null",
            "ls > &1",
            "2>/dev/null rm x",
            "ls <(rm x)",
            "ls # ",
            "ls {a,b}",
            "ls ~/x",
            "cat <<x",
            "alias ls=rm",
            "cd x && PATH=. ls",
            "=ls",
            "ls !$",
            "ls ^a^b",
        ] {
            assert!(!is_read_only_line(other), "{other}");
        }
        assert!(!is_read_only_command(&[]));
        assert!(!is_read_only_command(&["rm".into()]));
    }
}
