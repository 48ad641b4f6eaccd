//! The calls that wait for an answer: ids, the in-flight limit and deadlines, without any I/O.

use std::collections::{HashMap, VecDeque};

use tokio::time::Instant;

/// The table of pending calls, over whatever is to be done with an answer.
pub(crate) struct Pending<T> {
    last_id: i64,
    limit: usize,
    /// How many of those sent count towards the limit.
    in_flight: usize,
    sent: HashMap<i64, Entry<T>>,
    queue: VecDeque<Queued<T>>,
}

/// A call whose request was sent.
struct Entry<T> {
    waiter: T,
    deadline: Option<Instant>,
    /// Whether it is answered at the end of what it begins, so that it does not count.
    lasts: bool,
}

/// A call that waits until fewer are in flight.
struct Queued<T> {
    call: Entry<T>,
    method: &'static str,
    params: Option<Vec<u8>>,
}

/// A call that may be sent now.
pub(crate) struct Ready {
    pub(crate) id: i64,
    pub(crate) method: &'static str,
    pub(crate) params: Option<Vec<u8>>,
}

impl<T> Pending<T> {
    /// A table that lets at most `limit` calls be in flight.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            last_id: 0,
            limit: limit.max(1),
            in_flight: 0,
            sent: HashMap::new(),
            queue: VecDeque::new(),
        }
    }

    /// Takes a call; [`next_ready`](Self::next_ready) says when it may be sent. Calls that last do
    /// not keep others from being sent: the one that is to end them may be among those.
    pub(crate) fn push(
        &mut self,
        method: &'static str,
        params: Option<Vec<u8>>,
        deadline: Option<Instant>,
        lasts: bool,
        waiter: T,
    ) {
        self.queue.push_back(Queued {
            call: Entry {
                waiter,
                deadline,
                lasts,
            },
            method,
            params,
        });
    }

    /// The next call that is to be sent now, in the order they came. Those for which `given_up`
    /// holds are handed to `dropped` and never sent.
    pub(crate) fn next_ready(
        &mut self,
        given_up: impl Fn(&T) -> bool,
        mut dropped: impl FnMut(T),
    ) -> Option<Ready> {
        while self.in_flight < self.limit {
            let Queued {
                call,
                method,
                params,
            } = self.queue.pop_front()?;
            if given_up(&call.waiter) {
                dropped(call.waiter);
                continue;
            }
            self.last_id += 1;
            self.in_flight += usize::from(!call.lasts);
            self.sent.insert(self.last_id, call);
            return Some(Ready {
                id: self.last_id,
                method,
                params,
            });
        }
        None
    }

    /// The waiter for the answer with this id; `None` if nobody waits for it (any more).
    pub(crate) fn complete(&mut self, id: i64) -> Option<T> {
        let call = self.sent.remove(&id)?;
        self.in_flight -= usize::from(!call.lasts);
        Some(call.waiter)
    }

    /// The earliest deadline of all.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let queued = self.queue.iter().map(|queued| &queued.call);
        self.sent
            .values()
            .chain(queued)
            .filter_map(|call| call.deadline)
            .min()
    }

    /// Takes out all calls whose deadline has come.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<T> {
        let due = |call: &Entry<T>| call.deadline.is_some_and(|deadline| deadline <= now);
        let mut expired: Vec<T> = self
            .sent
            .extract_if(|_, call| due(call))
            .map(|(_, call)| {
                self.in_flight -= usize::from(!call.lasts);
                call.waiter
            })
            .collect();
        for _ in 0..self.queue.len() {
            match self.queue.pop_front() {
                Some(queued) if due(&queued.call) => expired.push(queued.call.waiter),
                Some(queued) => self.queue.push_back(queued),
                None => break,
            }
        }
        expired
    }

    /// Takes out all calls: the connection has ended.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        self.in_flight = 0;
        self.sent
            .drain()
            .map(|(_, call)| call.waiter)
            .chain(self.queue.drain(..).map(|queued| queued.call.waiter))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ready(pending: &mut Pending<&'static str>) -> Option<(i64, &'static str)> {
        pending
            .next_ready(|waiter| *waiter == "gone", drop)
            .map(|ready| (ready.id, ready.method))
    }

    #[test]
    fn each_answer_finds_its_waiter_in_any_order_and_once() {
        let mut pending = Pending::new(10);
        pending.push("a", None, None, false, "first");
        pending.push("b", None, None, false, "second");
        assert_eq!(ready(&mut pending), Some((1, "a")));
        assert_eq!(ready(&mut pending), Some((2, "b")));
        assert_eq!(pending.complete(2), Some("second"));
        assert_eq!(pending.complete(1), Some("first"));
        assert_eq!(pending.complete(1), None);
        assert_eq!(pending.complete(99), None);
    }

    #[test]
    fn calls_over_the_limit_wait_for_an_answer_and_keep_their_order() {
        let mut pending = Pending::new(1);
        for method in ["a", "b", "c"] {
            pending.push(method, None, None, false, "waiter");
        }
        assert_eq!(ready(&mut pending), Some((1, "a")));
        assert_eq!(ready(&mut pending), None);
        pending.complete(1);
        assert_eq!(ready(&mut pending), Some((2, "b")));
        assert_eq!(ready(&mut pending), None);
    }

    #[test]
    fn calls_that_last_do_not_keep_others_from_being_sent() {
        let now = Instant::now();
        let mut pending = Pending::new(1);
        for method in ["a", "b"] {
            pending.push(method, None, Some(now), true, "process");
        }
        pending.push("c", None, None, false, "short");
        pending.push("d", None, None, false, "queued");
        for expected in [(1, "a"), (2, "b"), (3, "c")] {
            assert_eq!(ready(&mut pending), Some(expected));
        }
        assert_eq!(ready(&mut pending), None);
        assert_eq!(pending.complete(1), Some("process"));
        assert_eq!(pending.expire(now), ["process"]);
        assert_eq!(ready(&mut pending), None);
        pending.complete(3);
        assert_eq!(ready(&mut pending), Some((4, "d")));
    }

    #[test]
    fn a_call_that_was_given_up_in_the_queue_is_never_sent() {
        let mut pending = Pending::new(1);
        pending.push("a", None, None, false, "gone");
        pending.push("b", None, None, false, "here");
        assert_eq!(ready(&mut pending), Some((1, "b")));
    }

    #[test]
    fn deadlines_count_for_calls_in_flight_and_in_the_queue() {
        let now = Instant::now();
        let at = |seconds| Some(now + Duration::from_secs(seconds));
        let mut pending = Pending::new(1);
        pending.push("a", None, at(5), false, "sent");
        pending.push("b", None, at(2), false, "queued");
        pending.push("c", None, None, false, "patient");
        assert_eq!(ready(&mut pending), Some((1, "a")));
        assert_eq!(pending.next_deadline(), at(2));
        assert_eq!(pending.expire(now + Duration::from_secs(2)), ["queued"]);
        assert_eq!(pending.next_deadline(), at(5));
        assert_eq!(pending.expire(now + Duration::from_secs(9)), ["sent"]);
        assert_eq!(pending.next_deadline(), None);
        // The late answer finds nobody, and the slot is free again.
        assert_eq!(pending.complete(1), None);
        assert_eq!(ready(&mut pending), Some((2, "c")));
        assert_eq!(pending.drain(), ["patient"]);
    }
}
