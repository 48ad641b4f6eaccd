//! The cases, with their sizes and goals.

/// A case of the benchmark.
#[derive(Debug, PartialEq)]
pub(super) struct Case {
    /// The name on the command line and in the tables.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The work of the client, as `bench_client` names it.
    pub(super) work: &'static str,
    pub(super) server: Server,
    /// The sizes: a name, the size, and the size of a quick run.
    pub(super) sizes: &'static [(&'static str, usize, usize)],
    /// The thing whose cost is shown, and the sizes whose product is its number.
    pub(super) unit: (&'static str, &'static [&'static str]),
    /// The figure that is compared with the limit.
    pub(super) figure: Figure,
    /// The goals of the async and the blocking API.
    pub(super) goals: [Goal; 2],
}

/// The server of a case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Server {
    /// The fake app-server, which only copies bytes.
    Fake,
    /// The pinned runtime, with a scripted model behind it.
    Real,
}

/// A figure of a client process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Figure {
    Cpu,
    Wall,
}

/// The highest ratio to the limit, and the highest peak of the resident memory, in MiB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Goal {
    pub(super) ratio: Option<f64>,
    pub(super) peak_mib: Option<f64>,
}

impl Case {
    /// Returns the sizes as `name=number` words.
    pub(super) fn sizes(&self, is_quick: bool) -> String {
        let words = self.sizes.iter().map(|(name, full, quick)| {
            let size = if is_quick { quick } else { full };
            format!("{name}={size}")
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Returns the number of units.
    pub(super) fn units(&self, is_quick: bool) -> usize {
        let size = |name: &&str| {
            let found = self.sizes.iter().find(|(known, ..)| known == name);
            found.map_or(1, |(_, full, quick)| if is_quick { *quick } else { *full })
        };
        self.unit.1.iter().map(size).product()
    }
}

const fn ratio(ratio: f64) -> Goal {
    Goal {
        ratio: Some(ratio),
        peak_mib: None,
    }
}

const NO_GOAL: Goal = Goal {
    ratio: None,
    peak_mib: None,
};

const fn within(ratio: f64, peak_mib: f64) -> Goal {
    Goal {
        ratio: Some(ratio),
        peak_mib: Some(peak_mib),
    }
}

const DELTA: (&str, &[&str]) = ("delta", &["turns", "deltas"]);
const REQUEST: (&str, &[&str]) = ("request", &["requests"]);

pub(super) const CASES: &[Case] = &[
    Case {
        name: "A",
        title: "one turn, 1,000,000 deltas, in blocks of 64 KiB",
        work: "turns",
        server: Server::Fake,
        sizes: &[("turns", 1, 1), ("deltas", 1_000_000, 20_000)],
        unit: DELTA,
        figure: Figure::Cpu,
        goals: [ratio(1.0), ratio(1.1)],
    },
    Case {
        name: "A-line",
        title: "one turn, 1,000,000 deltas, one write per message",
        work: "turns",
        server: Server::Fake,
        sizes: &[
            ("turns", 1, 1),
            ("deltas", 1_000_000, 20_000),
            ("line", 1, 1),
        ],
        unit: DELTA,
        figure: Figure::Cpu,
        goals: [ratio(1.2), ratio(1.2)],
    },
    Case {
        name: "B",
        title: "1,000 concurrent turns, 1,000 deltas each",
        work: "turns",
        server: Server::Fake,
        sizes: &[("turns", 1_000, 100), ("deltas", 1_000, 100)],
        unit: DELTA,
        figure: Figure::Cpu,
        goals: [ratio(1.2), ratio(2.5)],
    },
    Case {
        name: "B100",
        title: "100 concurrent turns, 10,000 deltas each",
        work: "turns",
        server: Server::Fake,
        sizes: &[("turns", 100, 20), ("deltas", 10_000, 500)],
        unit: DELTA,
        figure: Figure::Cpu,
        goals: [ratio(1.0), ratio(1.5)],
    },
    Case {
        name: "C",
        title: "50,000 round trips on one CPU",
        work: "requests",
        server: Server::Fake,
        sizes: &[
            ("requests", 50_000, 1_000),
            ("in_flight", 1, 1),
            ("one_cpu", 1, 1),
        ],
        unit: REQUEST,
        figure: Figure::Wall,
        goals: [ratio(1.8), ratio(1.3)],
    },
    Case {
        name: "C2",
        title: "50,000 round trips on all CPUs",
        work: "requests",
        server: Server::Fake,
        sizes: &[("requests", 50_000, 1_000), ("in_flight", 1, 1)],
        unit: REQUEST,
        figure: Figure::Wall,
        goals: [ratio(1.0), ratio(1.0)],
    },
    Case {
        name: "D",
        title: "200,000 requests, 64 in flight",
        work: "requests",
        server: Server::Fake,
        sizes: &[("requests", 200_000, 5_000), ("in_flight", 64, 64)],
        unit: REQUEST,
        figure: Figure::Cpu,
        goals: [ratio(2.0), ratio(4.0)],
    },
    Case {
        name: "E",
        title: "2,000 items of 256 KiB, of which only the stream is read",
        work: "turns",
        server: Server::Fake,
        sizes: &[
            ("turns", 1, 1),
            ("items", 2_000, 50),
            ("item", 262_144, 262_144),
        ],
        unit: ("item", &["items"]),
        figure: Figure::Cpu,
        goals: [within(1.1, 32.0), within(1.1, 32.0)],
    },
    Case {
        name: "F",
        title: "2,000,000 unread deltas, beside small turns",
        work: "unread",
        server: Server::Fake,
        sizes: &[
            ("turns", 1, 1),
            ("deltas", 2_000_000, 20_000),
            ("small", 200, 20),
        ],
        unit: DELTA,
        figure: Figure::Cpu,
        goals: [
            Goal {
                ratio: None,
                peak_mib: Some(40.0),
            },
            Goal {
                ratio: None,
                peak_mib: Some(40.0),
            },
        ],
    },
    Case {
        name: "R",
        title: "real server, one turn, 20,000 deltas",
        work: "turns",
        server: Server::Real,
        sizes: &[("turns", 1, 1), ("deltas", 20_000, 500)],
        unit: DELTA,
        figure: Figure::Cpu,
        goals: [ratio(1.4), ratio(1.4)],
    },
    Case {
        name: "R-small",
        title: "real server, small turns",
        work: "small-turns",
        server: Server::Real,
        sizes: &[("small", 200, 5)],
        unit: ("turn", &["small"]),
        figure: Figure::Cpu,
        goals: [ratio(2.0), ratio(2.0)],
    },
    Case {
        name: "resume",
        title: "real server, a thread of 60 turns and 5 MB resumed",
        work: "resume",
        server: Server::Real,
        sizes: &[("history", 60, 3), ("large", 85_000, 85_000)],
        unit: ("request", &[]),
        figure: Figure::Wall,
        goals: [ratio(1.1), ratio(1.1)],
    },
    Case {
        name: "resume-full",
        title: "the same with `include_turns(true)`",
        work: "resume",
        server: Server::Real,
        sizes: &[
            ("history", 60, 3),
            ("large", 85_000, 85_000),
            ("with_history", 1, 1),
        ],
        unit: ("request", &[]),
        figure: Figure::Wall,
        goals: [NO_GOAL, NO_GOAL],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_are_the_product_of_their_sizes() {
        let find = |name| CASES.iter().find(|case| case.name == name).unwrap();
        assert_eq!(find("B").units(false), 1_000_000);
        assert_eq!(find("B").units(true), 10_000);
        assert_eq!(find("resume").units(false), 1);
        assert_eq!(find("A").sizes(true), "turns=1 deltas=20000");
    }
}
