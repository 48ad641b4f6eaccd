//! Telling commands that only read from all others.
//!
//! It errs on one side: what is not known to be harmless is not. The server's own parse of a command
//! is for display; it calls `find . -delete` a listing.

/// Programs that only read, whatever their options.
const READERS: [&str; 21] = [
    "basename", "cat", "cd", "cut", "dirname", "echo", "false", "grep", "head", "id", "ls", "nl",
    "pwd", "readlink", "stat", "tail", "true", "uname", "wc", "which", "whoami",
];

/// Programs that only read unless one of these options is there. Options that take a program or a
/// file to write are what matters.
const READERS_WITHOUT: [(&str, &[&str]); 2] = [
    (
        "find",
        &[
            "-delete", "-exec", "-execdir", "-fls", "-fprint", "-fprint0", "-fprintf", "-ok",
            "-okdir",
        ],
    ),
    ("rg", &["--pre", "--hostname-bin", "--search-zip", "-z"]),
];

/// Whether a command line only reads. It may be wrapped in a call of a shell, as servers do.
pub(super) fn line(line: &str) -> bool {
    split(line).is_some_and(|commands| all(&commands))
}

/// Whether a command only reads.
pub(super) fn words(words: &[String]) -> bool {
    all(&[words.to_vec()])
}

fn all(commands: &[Vec<String>]) -> bool {
    !commands.is_empty() && commands.iter().all(|words| command(words))
}

fn command(words: &[String]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    if let [option, script] = arguments
        && is_shell(program)
        && matches!(option.as_str(), "-c" | "-lc")
    {
        // One wrapper, not more.
        return split(script).is_some_and(|commands| {
            let plain = |words: &Vec<String>| !words.first().is_some_and(|word| is_shell(word));
            commands.iter().all(plain) && all(&commands)
        });
    }
    // A path would name a program that may be anybody's.
    if READERS.contains(&program.as_str()) {
        return true;
    }
    READERS_WITHOUT.iter().any(|(reader, without)| {
        program == reader
            && !arguments.iter().any(|argument| {
                let name = argument.split('=').next().unwrap_or_default();
                without.contains(&name) || is_cluster_with(argument, without)
            })
    })
}

/// Whether letters written together, as in `-iz`, have one of these options among them.
fn is_cluster_with(argument: &str, options: &[&str]) -> bool {
    let letters = match argument.strip_prefix('-') {
        Some(letters) if !letters.starts_with('-') => letters,
        _ => return false,
    };
    let single = options.iter().filter_map(|option| {
        let letter = option.strip_prefix('-')?;
        (letter.len() == 1).then_some(letter)
    });
    single.into_iter().any(|letter| letters.contains(letter))
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    matches!(name, "bash" | "sh" | "zsh")
}

/// The commands of a line, each as its words. They may be joined by `&&`, `||`, `;` and `|`; `None`
/// for a line with anything else that a shell acts on.
fn split(line: &str) -> Option<Vec<Vec<String>>> {
    let mut commands = vec![Vec::new()];
    let mut word = None::<String>;
    let mut rest = line.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\'' => loop {
                match rest.next()? {
                    '\'' => {
                        word.get_or_insert_default();
                        break;
                    }
                    inside => word.get_or_insert_default().push(inside),
                }
            },
            '"' => loop {
                match rest.next()? {
                    '"' => {
                        word.get_or_insert_default();
                        break;
                    }
                    '$' | '`' | '\\' | '!' => return None,
                    inside => word.get_or_insert_default().push(inside),
                }
            },
            ' ' | '\t' => commands.last_mut()?.extend(word.take()),
            '|' | '&' | ';' => {
                let doubled = rest.next_if_eq(&next).is_some();
                // In the background; or with the errors in the pipe, which is `|&`.
                if (next == '&' && !doubled)
                    || (next == ';' && doubled)
                    || rest.peek() == Some(&'&')
                {
                    return None;
                }
                commands.last_mut()?.extend(word.take());
                commands.push(Vec::new());
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
            | '%' => {
                word.get_or_insert_default().push(next);
            }
            // In the first word it sets a variable, which may be `PATH`.
            '=' if !commands.last()?.is_empty() => word.get_or_insert_default().push(next),
            _ => return None,
        }
    }
    commands.last_mut()?.extend(word.take());
    commands
        .iter()
        .all(|words| !words.is_empty())
        .then_some(commands)
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
            "/bin/zsh -c 'rg -n needle | head -20; wc -l a.rs'",
            "find . -name x.rs",
            "echo a=b",
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
        ] {
            assert!(!line(other), "{other}");
        }
        assert!(!words(&[]));
        assert!(!words(&["rm".into()]));
    }
}
