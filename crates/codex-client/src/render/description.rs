//! The common form of all texts: what happened, with its details.

use std::{borrow::Cow, fmt};

use crate::render::clean::{Part, clean, clip, one_line, output, without_data};

/// The number of characters of the subject in a single line.
const SHORT: usize = 160;

/// Describes an item, an event or a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Description<'a> {
    /// The verb, such as `ran`.
    pub(super) label: Cow<'a, str>,
    /// The subject, such as the command. May have several lines.
    pub(super) text: Cow<'a, str>,
    /// Further facts, such as the exit code.
    pub(super) notes: Vec<String>,
    /// The details of the full form.
    pub(super) blocks: Vec<Block<'a>>,
}

/// A detail of the full form.
#[derive(Debug, Clone)]
pub(super) enum Block<'a> {
    /// The output of a command or tool. Its end is shown.
    Output(Cow<'a, str>),
    /// A unified diff.
    Diff(String),
    /// Entries of one line each.
    List(Vec<String>),
}

impl<'a> Description<'a> {
    pub(super) fn new(label: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            label: label.into(),
            text: text.into(),
            ..Self::default()
        }
    }

    /// Adds a fact, unless it is empty.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        let note = note.into();
        if !note.is_empty() {
            self.notes.push(note);
        }
        self
    }

    pub(super) fn notes(self, notes: impl IntoIterator<Item = String>) -> Self {
        notes.into_iter().fold(self, Self::note)
    }

    pub(super) fn block(mut self, block: impl Into<Option<Block<'a>>>) -> Self {
        self.blocks.extend(block.into());
        self
    }

    /// Adds the output of a command or tool, unless it is blank.
    pub(super) fn output(self, text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        let is_blank = text.trim().is_empty();
        self.block((!is_blank).then_some(Block::Output(text)))
    }

    /// Returns the label in a clean line.
    pub(super) fn label(&self) -> String {
        one_line(&self.label, SHORT)
    }

    /// Returns the facts in a clean line, in parentheses and after a space, if there are any.
    pub(super) fn facts(&self) -> String {
        match self.notes.is_empty() {
            true => String::new(),
            false => format!(" ({})", one_line(&self.notes.join(", "), SHORT)),
        }
    }
}

impl Block<'_> {
    /// Returns the clean lines of the block, of which at most `limit` are shown.
    pub(super) fn lines(&self, limit: usize) -> Vec<String> {
        let (text, part) = match self {
            Self::Output(text) => (output(&without_data(text)), Part::End),
            // Without a limit, nothing is left out.
            Self::Diff(diff) if limit == usize::MAX => (clean(diff).into_owned(), Part::Beginning),
            Self::Diff(diff) => (clean(&without_data(diff)).into_owned(), Part::Beginning),
            Self::List(entries) => {
                let width = if limit == usize::MAX { limit } else { SHORT };
                let entries: Vec<_> = entries.iter().map(|it| one_line(it, width)).collect();
                (entries.join("\n"), Part::Beginning)
            }
        };
        let lines = clip(&text, limit, part).into_iter();
        lines.map(Cow::into_owned).collect()
    }
}

/// An item, an event or a request as text. `{}` is a single line, and `{:#}` has several lines with
/// the details: the output of a command, a diff, the steps of a plan.
///
/// Returned by the functions of [`render`](crate::render). The text is [clean](crate::render::clean)
/// and has no line break at its end.
#[derive(Debug, Clone)]
#[must_use]
pub struct Text<'a> {
    pub(super) description: Description<'a>,
    short: usize,
    lines: usize,
}

impl<'a> Text<'a> {
    pub(super) fn new(description: Description<'a>) -> Self {
        Self {
            description,
            short: SHORT,
            lines: 20,
        }
    }

    /// Creates a text that leaves nothing out, because the user decides on it.
    pub(super) fn complete(description: Description<'a>) -> Self {
        Self {
            description,
            short: usize::MAX,
            lines: usize::MAX,
        }
    }

    /// Sets the number of lines that the full form shows of each output, diff and message: 20 by
    /// default, and all of an approval request. The number of the other lines is stated.
    pub fn lines(mut self, limit: usize) -> Self {
        self.lines = limit;
        self
    }

    /// Returns the subject, without the data of its data URLs unless the text is complete.
    fn subject(&self) -> Cow<'_, str> {
        match self.short {
            usize::MAX => Cow::Borrowed(&self.description.text),
            _ => without_data(&self.description.text),
        }
    }

    fn single_line(&self) -> String {
        let it = &self.description;
        let text = one_line(&self.subject(), self.short);
        let separator = if text.is_empty() { "" } else { ": " };
        format!("{}{separator}{text}{}", it.label(), it.facts())
    }

    fn full(&self) -> String {
        let it = &self.description;
        let text = self.subject();
        let text = clean(text.trim());
        let mut text = clip(&text, self.lines, Part::Beginning).into_iter();
        let mut lines = Vec::new();
        let separator = if text.len() == 0 { "" } else { ": " };
        let first = text.next().unwrap_or_default();
        // The facts follow the last line of the subject.
        let mut last = format!("{}{separator}{first}", it.label());
        for line in text {
            lines.push(std::mem::replace(&mut last, indented(&line)));
        }
        lines.push(last + &it.facts());
        for block in &it.blocks {
            lines.extend(block.lines(self.lines).iter().map(|line| indented(line)));
        }
        lines.join("\n")
    }
}

fn indented(line: &str) -> String {
    match line.is_empty() {
        true => String::new(),
        false => format!("  {line}"),
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match f.alternate() {
            true => self.full(),
            false => self.single_line(),
        };
        let shown = match self.short {
            usize::MAX => Cow::Borrowed(&*text),
            _ => without_data(&text),
        };
        match f.alternate() {
            true => f.write_str(&shown),
            false => f.pad(&shown),
        }
    }
}
