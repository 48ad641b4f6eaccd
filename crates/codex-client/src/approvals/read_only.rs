//! Telling commands that only read from all others.
//!
//! It errs on one side: what is not known to be harmless is not. The server's own parse of a command
//! is for display; it calls `find . -delete` a listing. Git is not among the readers: a repository's own
//! configuration names programs that `git status` and `git diff` run.
//!
//! What the machine's owner has set up is trusted: `PATH`, the profile of the shell, the configuration
//! file that `rg` is pointed to.

/// Programs that only read, whatever their options.
const READERS: [&str; 21] = [
    "basename", "cat", "cd", "cut", "dirname", "echo", "false", "grep", "envelope", "id", "ls",
    "nl", "pwd", "readlink", "stat", "tail", "true", "uname", "wc", "which", "whoami",
];

/// Options of `rg` that run a program; `-z` is short for the last.
const RUNNING: [&str; 3] = ["--pre", "--hostname-bin", "--search-zip"];

/// What `find` may be told. The systems differ in what else it can do: it deletes by `-delete` or
/// `-rm`, writes by `-fprint` or `-cpio`, runs programs by `-exec` or `-ok`.
const FINDING: [&str; 45] = [
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

/// Where the shells of a system are. At another place may be anybody's program.
const PLACES: [&str; 4] = [
    "/bin/",
    "/usr/bin/",
    "/usr/local/bin/",
    "/opt/homebrew/bin/",
];

/// A word of a command.
struct Word {
    text: String,
    /// Whether the shell puts the names of files in its place.
    pattern: bool,
}

/// Whether a command line only reads. It may be wrapped in a call of a shell, as servers do.
pub(crate) fn line(line: &str) -> bool {
    split(line).is_some_and(|commands| all(&commands))
}

/// Whether a command only reads.
pub(crate) fn words(words: &[String]) -> bool {
    let words = words.iter().map(|word| Word {
        text: word.clone(),
        pattern: false,
    });
    all(&[words.collect()])
}

fn all(commands: &[Vec<Word>]) -> bool {
    !commands.is_empty() && commands.iter().all(|words| command(words))
}

fn command(words: &[Word]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    if let [option, script] = arguments
        && is_shell(&program.text)
        && matches!(option.text.as_str(), "-c" | "-lc")
    {
        // One wrapper, not more.
        return !script.pattern
            && split(script.text.as_str()).is_some_and(|commands| {
                let is_wrapped = |words: &Vec<Word>| is_shell(&words[0].text);
                !commands.iter().any(is_wrapped) && all(&commands)
            });
    }
    // A path would name a program that may be anybody's.
    let program = program.text.as_str();
    if READERS.contains(&program) {
        return true;
    }
    // The name of a file may look like an option.
    let is_open = |word: &Word| word.pattern && word.text.starts_with(['*', '?', '-']);
    if arguments.iter().any(is_open) {
        return false;
    }
    let mut arguments = arguments.iter().map(|word| word.text.as_str());
    match program {
        "find" => arguments.all(|argument| {
            let option = argument.strip_prefix('-');
            // A number, as in `-mtime -7`, is none.
            option.is_none_or(|option| option.starts_with(|first: char| first.is_ascii_digit()))
                || FINDING.contains(&argument)
        }),
        "rg" => !arguments.any(runs),
        // Its scripts can write and run; this one prints some lines.
        "sed" => {
            arguments.next() == Some("-n")
                && arguments.next().is_some_and(prints_lines)
                && arguments.all(|file| !file.starts_with('-'))
        }
        _ => false,
    }
}

/// Whether it is one of the options that run a program: with a value, abbreviated, or among letters
/// written together, as in `-iz`.
fn runs(argument: &str) -> bool {
    let name = argument.split('=').next().unwrap_or_default();
    if name.starts_with("--") {
        return name.len() > 2 && RUNNING.iter().any(|option| option.starts_with(name));
    }
    name.strip_prefix('-')
        .is_some_and(|letters| letters.contains('z'))
}

/// Whether a script of `sed` is `5p`, `1,20p` or `5,$p`.
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
    let mut places = PLACES.iter();
    let name = places.find_map(|place| program.strip_prefix(place));
    matches!(name.unwrap_or(program), "bash" | "sh" | "zsh")
}

/// The commands of a line, each as its words, of which there is at least one. They may be joined by
/// `&&`, `||`, `;` and `|`; `None` for a line with anything else that a shell acts on.
fn split(line: &str) -> Option<Vec<Vec<Word>>> {
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
                // In the background; or with the errors in the pipe, which is `|&`.
                if (next == '&' && !doubled)
                    || (next == ';' && doubled)
                    || rest.as_str().starts_with('&')
                {
                    return None;
                }
                commands.last_mut()?.extend(word.take());
                commands.push(Vec::new());
            }
            // Which of the outputs it is, `2` say, may well be taken for an argument.
            '>' => {
                commands.last_mut()?.extend(word.take());
                rest = after_harmless_target(rest.as_str())?.chars();
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
            // In the first word they set a variable, which may be `PATH`, or name any program.
            '=' | '*' | '?' if !commands.last()?.is_empty() => {
                text(&mut word).push(next);
                word.as_mut()?.pattern |= next != '=';
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

/// The text of the word that is being read, which begins here if there is none.
fn text(word: &mut Option<Word>) -> &mut String {
    let begun = word.get_or_insert_with(|| Word {
        text: String::new(),
        pattern: false,
    });
    &mut begun.text
}

/// What follows the target of a redirection that writes no file: `/dev/null`, or another output.
fn after_harmless_target(line: &str) -> Option<&str> {
    let after = line.strip_prefix("&1").or_else(|| line.strip_prefix("&2"));
    let after = after.or_else(|| {
        let target = line.trim_start_matches([' ', '\t']);
        target.strip_prefix("/dev/null")
    })?;
    // As a part of a longer word it would be a file.
    (after.is_empty() || after.starts_with([' ', '\t', '|', '&', ';'])).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_only_read_are_known() {
        for read in [
            "ls -la src",
            "/bin/bash -lc 'cat Cargo.toml'",
            "bash -lc 'cd src && grep -rn \"fn main\" .'",
            "/bin/zsh -c 'rg -n needle | envelope -20; wc -l a.rs'",
            "find . -name x.rs",
            "echo a=b",
            "cat src/*.rs *.toml",
            "rg needle src/?.rs",
            "find . -type f '(' -name '*.rs' -o -name '*.md' ')' -mtime -7",
            "sed -n 1,20p a.rs b.rs",
            "sed -n '5,$p' a.rs",
            "ls a 2>/dev/null | envelope",
            "ls a > /dev/null && grep -c x b 2>&1",
        ] {
            assert!(line(read), "{read}");
        }
        assert!(words(&["cat".into(), "a b".into()]));
        assert!(words(&["bash".into(), "-lc".into(), "ls && pwd".into()]));
    }

    #[test]
    fn whatever_else_is_not() {
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
            // A shell that is not the system's.
            "./bash -lc ls",
            "/tmp/bash -lc ls",
            "/bin/../tmp/bash -lc ls",
            // A program, or an option, by the name of a file.
            "l* x",
            "* x",
            "bash -lc 'l* x'",
            "bash -lc 'ls '*",
            "rg needle *",
            "rg needle -*",
            "rg needle ''*",
            "find * -name x",
            // What other systems have, and abbreviations.
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
            // Files that are written.
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
            assert!(!line(other), "{other}");
        }
        assert!(!words(&[]));
        assert!(!words(&["rm".into()]));
    }
}
