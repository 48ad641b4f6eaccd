//! Code that the programs of `cargo xtask bench` share: the sizes of a case, the streamed text, and
//! the measurement of a process.
//!
//! The clients of other libraries compile a copy of this file, so it depends on nothing else here.

use std::{
    collections::HashMap,
    env, fs, io,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The environment variable with the sizes, which the server inherits from the client.
pub const SIZES: &str = "BENCH_SIZES";

/// The sizes of a case, as `name=number` words. A name that is absent is zero.
pub struct Sizes(HashMap<String, usize>);

impl Sizes {
    /// Reads the sizes from the environment.
    ///
    /// # Errors
    ///
    /// Fails if the variable is not set, or contains something else.
    pub fn from_env() -> io::Result<Self> {
        let words = env::var(SIZES).map_err(|error| invalid(format!("{SIZES}: {error}")))?;
        let sizes = words.split_whitespace().map(|word| {
            let size = word.split_once('=').and_then(|(name, number)| {
                let number = number.parse().ok()?;
                Some((name.to_owned(), number))
            });
            size.ok_or_else(|| invalid(format!("{SIZES}: `{word}` is not `name=number`")))
        });
        sizes.collect::<io::Result<_>>().map(Self)
    }

    /// Returns a size.
    #[must_use]
    pub fn get(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or_default()
    }
}

/// Length of the text of one delta, in bytes.
pub const PIECE: usize = 5;

/// Number of deltas after which the text repeats.
pub const PIECES: usize = 4096;

/// Returns the text that the deltas of a turn repeat: the numbers of the deltas.
#[must_use]
pub fn period() -> String {
    (0..PIECES).map(|number| format!("{number:04} ")).collect()
}

/// Length of a line in the text of a large item, with its line break, in bytes.
pub const TEXT_LINE: usize = 64;

/// Returns the text of a large item.
#[must_use]
pub fn large_text(length: usize) -> String {
    let lines = (0..length / TEXT_LINE).map(|number| {
        let words = "of prose, or of code, that a model has written for a user.";
        format!("{:05}{words}\n", number % 100_000)
    });
    lines.collect()
}

static PERIOD: LazyLock<String> = LazyLock::new(period);

/// Checks that the text of one turn arrives complete and in order.
#[derive(Default)]
pub struct Text {
    position: usize,
    is_faulty: bool,
}

impl Text {
    /// Checks a piece. A client may merge adjacent deltas.
    pub fn add(&mut self, mut text: &str) {
        let period = PERIOD.as_bytes();
        while !text.is_empty() {
            let start = self.position % period.len();
            let length = text.len().min(period.len() - start);
            let (piece, rest) = text.as_bytes().split_at(length);
            self.is_faulty |= piece != &period[start..start + length];
            self.position += length;
            // The expected text is ASCII. Anything else is a fault already.
            text = str::from_utf8(rest).unwrap_or_default();
        }
    }

    /// Whether the text of this number of deltas was received, and nothing else.
    #[must_use]
    pub fn is_complete(&self, deltas: usize) -> bool {
        !self.is_faulty && self.position == deltas * PIECE
    }
}

/// A measurement of this process.
pub struct Measure {
    began: Instant,
    cpu: Option<Duration>,
}

/// The figures of a measurement.
#[derive(Default)]
pub struct Figures {
    wall: Duration,
    cpu: Option<Duration>,
    peak_kib: Option<u64>,
    /// Whether everything was delivered, in order.
    pub delivered: bool,
    /// Latency of a small turn beside unread deltas, over that without them.
    pub latency: Option<f64>,
}

impl Measure {
    /// Begins to measure.
    #[must_use]
    pub fn begin() -> Self {
        // The peak of the memory is that of the measured part. Only Linux can reset it.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self {
            began: Instant::now(),
            cpu: cpu(),
        }
    }

    /// Ends the measurement.
    #[must_use]
    pub fn end(&self) -> Figures {
        let wall = self.began.elapsed();
        Figures {
            wall,
            cpu: cpu().zip(self.cpu).map(|(now, before)| now - before),
            peak_kib: peak_kib(),
            ..Figures::default()
        }
    }
}

impl Figures {
    /// Returns these figures for whether everything was delivered.
    #[must_use]
    pub fn delivered(self, delivered: bool) -> Self {
        Self { delivered, ..self }
    }

    /// Prints the figures as one line of JSON.
    pub fn print(&self) {
        let micros = |time: Duration| time.as_micros().to_string();
        let or_null = |figure: Option<String>| figure.unwrap_or_else(|| "null".to_owned());
        println!(
            r#"{{"wall_us":{},"cpu_us":{},"peak_kib":{},"delivered":{},"latency":{}}}"#,
            micros(self.wall),
            or_null(self.cpu.map(micros)),
            or_null(self.peak_kib.map(|it| it.to_string())),
            self.delivered,
            or_null(self.latency.map(|it| format!("{it:.3}"))),
        );
    }
}

/// Returns the CPU time of all threads of this process.
#[cfg(unix)]
fn cpu() -> Option<Duration> {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    };

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let time = usage.user_time() + usage.system_time();
    Some(Duration::from_micros(
        u64::try_from(time.num_microseconds()).ok()?,
    ))
}

#[cfg(not(unix))]
fn cpu() -> Option<Duration> {
    None
}

/// Returns the peak of the resident memory.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Restricts this process and its children to one CPU, where the system supports it.
pub fn pin_to_one_cpu() {
    #[cfg(target_os = "linux")]
    {
        use nix::{
            sched::{CpuSet, sched_getaffinity, sched_setaffinity},
            unistd::Pid,
        };

        let this = Pid::from_raw(0);
        let Ok(allowed) = sched_getaffinity(this) else {
            return;
        };
        let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
        let mut one = CpuSet::new();
        if let Some(cpu) = first
            && one.set(cpu).is_ok()
        {
            let _ = sched_setaffinity(this, &one);
        }
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: impl IntoIterator<Item = usize>) -> Text {
        let mut text = Text::default();
        for number in pieces {
            text.add(&format!("{:04} ", number % PIECES));
        }
        text
    }

    #[test]
    fn a_complete_text_is_recognized_however_it_is_merged() {
        let count = 2 * PIECES + 3;
        assert!(check(0..count).is_complete(count));
        let mut text = Text::default();
        text.add(&(period() + &period() + "0000 00"));
        text.add("01 0002 ");
        assert!(text.is_complete(count));
    }

    #[test]
    fn lost_repeated_and_reordered_deltas_are_noticed() {
        assert!(!check((0..10).filter(|it| *it != 4)).is_complete(10));
        assert!(!check(0..9).is_complete(10));
        assert!(!check((0..10).chain([9])).is_complete(10));
        assert!(!check([0, 2, 1, 3]).is_complete(4));
        let mut other = Text::default();
        other.add("0000é");
        assert!(!other.is_complete(1));
    }

    #[test]
    fn the_text_of_an_item_has_whole_lines() {
        let text = large_text(10 * TEXT_LINE);
        assert_eq!(text.len(), 10 * TEXT_LINE);
        assert!(text.lines().all(|line| line.len() + 1 == TEXT_LINE));
    }
}
