//! The tokens of TypeScript declarations, and lists of tokens split outside of brackets.

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// A string, without its quotes.
    Text(&'a str),
    /// A punctuation mark.
    Mark(&'a str),
}

/// Splits a text into tokens. Comments and white space are left out.
pub(super) fn scan(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // Each arm consumes at least the first character.
        let (token, length) = match first {
            _ if rest.starts_with("//") => (None, end_of(rest, 2, "\n")),
            _ if rest.starts_with("/*") => (None, end_of(rest, 2, "*/")),
            '"' | '\'' | '`' => {
                let quote = &rest[..1];
                let end = end_of(rest, 1, quote);
                let contents = rest[1..end].strip_suffix(quote).unwrap_or(&rest[1..end]);
                (Some(Token::Text(contents)), end)
            }
            _ if is_in_word(first) => {
                let end = rest.find(|next| !is_in_word(next)).unwrap_or(rest.len());
                (Some(Token::Word(&rest[..end])), end)
            }
            _ if first.is_whitespace() => (None, first.len_utf8()),
            _ => {
                let end = first.len_utf8();
                (Some(Token::Mark(&rest[..end])), end)
            }
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    tokens
}

fn is_in_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// Returns the position after the first `end` that begins at `start` or later; the length of the text
/// if there is none.
fn end_of(text: &str, start: usize, end: &str) -> usize {
    text[start..]
        .find(end)
        .map_or(text.len(), |found| start + found + end.len())
}

/// Splits a list at each mark that is not in brackets. Empty parts are left out.
pub(super) fn split<'t, 'a>(tokens: &'t [Token<'a>], mark: &str) -> Vec<&'t [Token<'a>]> {
    let mut parts = Vec::new();
    let mut rest = tokens;
    while let Some((part, after)) = split_once(rest, mark) {
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Splits a list at the first mark that is not in brackets.
pub(super) fn split_once<'t, 'a>(
    tokens: &'t [Token<'a>],
    mark: &str,
) -> Option<(&'t [Token<'a>], &'t [Token<'a>])> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark(found) if depth == 0 && *found == mark => {
                return Some((&tokens[..at], &tokens[at + 1..]));
            }
            Token::Mark("{" | "(" | "[" | "<") => depth += 1,
            Token::Mark("}" | ")" | "]" | ">") => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Returns the tokens inside a pair of brackets, if the pair encloses the whole list.
pub(super) fn inside<'t, 'a>(
    tokens: &'t [Token<'a>],
    open: &str,
    close: &str,
) -> Option<&'t [Token<'a>]> {
    let [Token::Mark(first), inner @ .., Token::Mark(last)] = tokens else {
        return None;
    };
    (*first == open && *last == close).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_words_texts_and_marks() {
        let tokens = scan("a_1?: \"b c\" /* d */ | 'e' // f\n;é×");
        use Token::{Mark, Text, Word};
        assert_eq!(
            tokens,
            [
                Word("a_1"),
                Mark("?"),
                Mark(":"),
                Text("b c"),
                Mark("|"),
                Text("e"),
                Mark(";"),
                Word("é"),
                Mark("×"),
            ]
        );
    }

    #[test]
    fn a_list_is_split_outside_of_brackets() {
        let tokens = scan("a | (b | c) | { d: e | f } |");
        let parts = split(&tokens, "|");
        assert_eq!(parts.len(), 3);
        assert_eq!(inside(parts[1], "(", ")").map(<[_]>::len), Some(3));
        assert_eq!(inside(parts[0], "(", ")"), None);
    }
}
