//! The terminal or the files that progress is written to.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use console::Style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// Creates the place of the status line, anew each time that the line appears.
type Target = Box<dyn Fn() -> ProgressDrawTarget + Send>;

/// Writes text, lines and a status line, so that they do not tear each other.
pub(super) struct Screen {
    text: Box<dyn Write + Send>,
    lines: Box<dyn Write + Send>,
    /// `None` if there is no status line.
    target: Option<Target>,
    has_colors: bool,
    /// Whether text and lines appear in the same place.
    is_shared: bool,
    /// Whether the text has not ended its line.
    is_within_line: bool,
    bar: Option<ProgressBar>,
    /// The number of pauses that have not ended.
    pauses: usize,
    /// The output that waits for the end of the pauses.
    held: Vec<Piece>,
    /// The first error in writing text.
    pub(super) fault: Option<io::Error>,
}

enum Piece {
    Text(String),
    EndOfText,
    Line(String),
}

impl Screen {
    /// Creates a screen on standard output and standard error.
    pub(super) fn standard() -> Self {
        let has_status = !ProgressDrawTarget::stderr().is_hidden();
        let target: Target = Box::new(ProgressDrawTarget::stderr);
        Self {
            target: has_status.then_some(target),
            has_colors: console::colors_enabled_stderr(),
            is_shared: io::stdout().is_terminal() == io::stderr().is_terminal(),
            ..Self::plain(io::stdout(), io::stderr())
        }
    }

    /// Creates a screen without a status line and colors.
    pub(super) fn plain(
        text: impl Write + Send + 'static,
        lines: impl Write + Send + 'static,
    ) -> Self {
        Self {
            text: Box::new(text),
            lines: Box::new(lines),
            target: None,
            has_colors: false,
            is_shared: true,
            is_within_line: false,
            bar: None,
            pauses: 0,
            held: Vec::new(),
            fault: None,
        }
    }

    /// Creates a screen on a terminal in memory.
    #[cfg(test)]
    pub(super) fn terminal(
        output: impl Write + Clone + Send + 'static,
        target: impl Fn() -> ProgressDrawTarget + Send + 'static,
        has_colors: bool,
    ) -> Self {
        Self {
            target: Some(Box::new(target)),
            has_colors,
            ..Self::plain(output.clone(), output)
        }
    }

    pub(super) fn has_status(&self) -> bool {
        self.target.is_some()
    }

    /// Writes text, which may be part of a line.
    pub(super) fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.write(Piece::Text(text.to_owned()));
    }

    /// Ends the line of the text, if it is not empty.
    pub(super) fn end_text(&mut self) {
        self.write(Piece::EndOfText);
    }

    /// Writes lines that begin with a label.
    pub(super) fn line(&mut self, label: &str, line: &str) {
        let line = match line.strip_prefix(label) {
            Some(rest) if self.has_colors && !label.is_empty() => {
                let style = Style::new().cyan().bold().force_styling(true);
                format!("{}{rest}", style.apply_to(label))
            }
            _ => line.to_owned(),
        };
        self.write(Piece::Line(line));
    }

    /// Shows the status line, unless it would tear text.
    pub(super) fn status(&mut self, started: Instant, tokens: &str, what: &str) {
        let is_free = self.pauses == 0 && !(self.is_shared && self.is_within_line);
        let Some(target) = self.target.as_ref().filter(|_| is_free) else {
            return;
        };
        if let Some(bar) = &self.bar {
            bar.set_prefix(tokens.to_owned());
            bar.set_message(what.to_owned());
            return;
        }
        let bar = ProgressBar::with_draw_target(None, target())
            .with_prefix(tokens.to_owned())
            .with_message(what.to_owned())
            .with_elapsed(started.elapsed())
            .with_finish(ProgressFinish::AndClear);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}{prefix} {wide_msg}") {
            bar.set_style(style);
        }
        bar.tick();
        bar.enable_steady_tick(Duration::from_millis(100));
        self.bar = Some(bar);
    }

    /// Removes the status line.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    pub(super) fn pause(&mut self) {
        self.clear();
        self.pauses += 1;
    }

    pub(super) fn resume(&mut self) {
        self.pauses -= 1;
        if self.pauses == 0 {
            for piece in std::mem::take(&mut self.held) {
                self.write(piece);
            }
        }
    }

    fn write(&mut self, piece: Piece) {
        if self.pauses > 0 {
            self.held.push(piece);
            return;
        }
        let outcome = match &piece {
            Piece::Text(text) => {
                if self.is_shared {
                    self.clear();
                }
                self.is_within_line = !text.ends_with('\n');
                write(&mut self.text, text)
            }
            Piece::EndOfText => match std::mem::take(&mut self.is_within_line) {
                true => write(&mut self.text, "\n"),
                false => Ok(()),
            },
            Piece::Line(line) => {
                self.clear();
                let ended = match self.is_shared && std::mem::take(&mut self.is_within_line) {
                    true => write(&mut self.text, "\n"),
                    false => Ok(()),
                };
                // The line may be lost, but the turn goes on.
                let _ = write(&mut self.lines, &format!("{line}\n"));
                ended
            }
        };
        if let Err(error) = outcome {
            self.fault.get_or_insert(error);
        }
    }
}

fn write(output: &mut impl Write, text: &str) -> io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.flush()
}
