//! Pending requests: ids, the limit of requests in flight, and deadlines. Performs no I/O.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hasher},
};

use tokio::time::Instant;

/// The pending requests. `T` is the waiter for a response.
pub(crate) struct Pending<T> {
    last_id: i64,
    limit: usize,
    /// Number of sent requests that count towards the limit.
    in_flight: usize,
    sent: HashMap<i64, PendingEntry<T>, BuildHasherDefault<IdHasher>>,
    queue: VecDeque<Queued<T>>,
    /// Requests that are sent before those in `queue`.
    urgent: VecDeque<Queued<T>>,
    /// Whether the requests in `queue` are held back.
    is_held: bool,
}

/// Hashes the ids of this client, which are consecutive numbers. No server chooses them.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i64((*byte).into());
        }
    }

    fn write_i64(&mut self, id: i64) {
        // Spreads the ids over all bits: the table uses the lowest and the highest ones. The factor
        // is odd, and near the golden ratio.
        self.0 = (self.0 ^ id.cast_unsigned()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A pending request.
struct PendingEntry<T> {
    waiter: T,
    deadline: Option<Instant>,
    /// Whether the response comes at the end of an operation. If so, the request does not count
    /// towards the limit.
    is_long_running: bool,
}

/// A request in the queue.
struct Queued<T> {
    entry: PendingEntry<T>,
    method: &'static str,
    params: Option<Vec<u8>>,
}

/// A request to send now.
pub(crate) struct Ready {
    pub(crate) id: i64,
    pub(crate) method: &'static str,
    pub(crate) params: Option<Vec<u8>>,
}

impl<T> Pending<T> {
    /// Creates a table that allows at most `limit` requests in flight.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            last_id: 0,
            limit: limit.max(1),
            in_flight: 0,
            sent: HashMap::default(),
            queue: VecDeque::new(),
            urgent: VecDeque::new(),
            is_held: false,
        }
    }

    /// Queues a request. [`next_ready`](Self::next_ready) returns it when it may be sent.
    ///
    /// Long-running requests do not count towards the limit: the request that ends such an
    /// operation must not have to wait for it.
    pub(crate) fn push(
        &mut self,
        method: &'static str,
        params: Option<Vec<u8>>,
        deadline: Option<Instant>,
        is_long_running: bool,
        waiter: T,
    ) {
        self.queue.push_back(Queued {
            entry: PendingEntry {
                waiter,
                deadline,
                is_long_running,
            },
            method,
            params,
        });
    }

    /// Queues a request before all others, even if those are [held back](Self::hold).
    pub(crate) fn push_urgent(
        &mut self,
        method: &'static str,
        params: Option<Vec<u8>>,
        deadline: Option<Instant>,
        waiter: T,
    ) {
        self.urgent.push_back(Queued {
            entry: PendingEntry {
                waiter,
                deadline,
                is_long_running: false,
            },
            method,
            params,
        });
    }

    /// Sets whether the requests in the queue are held back.
    pub(crate) fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Whether no request is in the queue, and none in flight but long-running ones.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.queue.is_empty() && self.urgent.is_empty()
    }

    /// Whether a request waits to be sent, and is not held back.
    pub(crate) fn has_queued(&self) -> bool {
        !self.urgent.is_empty() || !(self.is_held || self.queue.is_empty())
    }

    /// Returns the number of bytes that the params in the queue occupy.
    #[cfg(test)]
    pub(crate) fn queued_bytes(&self) -> usize {
        let params = self.queue.iter().filter_map(|it| it.params.as_ref());
        params.map(Vec::capacity).sum()
    }

    /// Returns the next request to send, in the order of the queue. Abandoned requests are passed
    /// to `on_abandoned` and never sent.
    pub(crate) fn next_ready(
        &mut self,
        is_abandoned: impl Fn(&T) -> bool,
        mut on_abandoned: impl FnMut(T),
    ) -> Option<Ready> {
        while self.in_flight < self.limit {
            let Queued {
                entry,
                method,
                params,
            } = match self.urgent.pop_front() {
                Some(urgent) => urgent,
                None if self.is_held => return None,
                None => self.queue.pop_front()?,
            };
            if is_abandoned(&entry.waiter) {
                on_abandoned(entry.waiter);
                continue;
            }
            self.last_id += 1;
            self.in_flight += usize::from(!entry.is_long_running);
            self.sent.insert(self.last_id, entry);
            return Some(Ready {
                id: self.last_id,
                method,
                params,
            });
        }
        None
    }

    /// Removes the waiter for the response with this id; `None` if the request is not pending.
    pub(crate) fn complete(&mut self, id: i64) -> Option<T> {
        let entry = self.sent.remove(&id)?;
        self.in_flight -= usize::from(!entry.is_long_running);
        Some(entry.waiter)
    }

    /// Sets the deadline of a request that was taken from the queue.
    pub(crate) fn set_deadline(&mut self, id: i64, deadline: Option<Instant>) {
        if let Some(entry) = self.sent.get_mut(&id) {
            entry.deadline = deadline;
        }
    }

    /// Returns the earliest deadline.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let queued = self.queue.iter().chain(&self.urgent);
        let queued = queued.map(|queued| &queued.entry);
        self.sent
            .values()
            .chain(queued)
            .filter_map(|entry| entry.deadline)
            .min()
    }

    /// Removes all requests whose deadline has passed. Returns their waiters, with the ids of those
    /// that were not in the queue.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<(Option<i64>, T)> {
        let is_due =
            |entry: &PendingEntry<T>| entry.deadline.is_some_and(|deadline| deadline <= now);
        let mut expired: Vec<_> = self
            .sent
            .extract_if(|_, entry| is_due(entry))
            .map(|(id, entry)| {
                self.in_flight -= usize::from(!entry.is_long_running);
                (Some(id), entry.waiter)
            })
            .collect();
        let queued = self.take_queued(is_due);
        expired.extend(queued.into_iter().map(|waiter| (None, waiter)));
        expired
    }

    /// Removes the abandoned requests from the queue.
    pub(crate) fn remove_abandoned(&mut self, is_abandoned: impl Fn(&T) -> bool) -> Vec<T> {
        self.take_queued(|entry| is_abandoned(&entry.waiter))
    }

    fn take_queued(&mut self, which: impl Fn(&PendingEntry<T>) -> bool) -> Vec<T> {
        let mut taken = Vec::new();
        for queue in [&mut self.urgent, &mut self.queue] {
            for _ in 0..queue.len() {
                match queue.pop_front() {
                    Some(queued) if which(&queued.entry) => taken.push(queued.entry.waiter),
                    Some(queued) => queue.push_back(queued),
                    None => break,
                }
            }
        }
        taken
    }

    /// Returns the waiter of a request that was taken from the queue.
    pub(crate) fn sent(&self, id: i64) -> Option<&T> {
        self.sent.get(&id).map(|entry| &entry.waiter)
    }

    /// Removes the requests that were taken from the queue, and the urgent ones, because the session
    /// that they belong to has ended. Returns their waiters, with the ids of those that were not in
    /// the queue.
    pub(crate) fn drain_sent(&mut self) -> Vec<(Option<i64>, T)> {
        self.in_flight = 0;
        let sent = self.sent.drain();
        let sent = sent.map(|(id, entry)| (Some(id), entry.waiter));
        let urgent = self.urgent.drain(..);
        sent.chain(urgent.map(|queued| (None, queued.entry.waiter)))
            .collect()
    }

    /// Removes the requests from the queue.
    pub(crate) fn drain_queued(&mut self) -> Vec<T> {
        let queued = self.queue.drain(..);
        queued.map(|queued| queued.entry.waiter).collect()
    }

    /// Removes all requests, because the connection has ended.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        let sent = self.drain_sent().into_iter().map(|(_, waiter)| waiter);
        let mut waiters: Vec<_> = sent.collect();
        waiters.extend(self.drain_queued());
        waiters
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ready(pending: &mut Pending<&'static str>) -> Option<(i64, &'static str)> {
        pending
            .next_ready(|waiter| *waiter == "abandoned", drop)
            .map(|ready| (ready.id, ready.method))
    }

    #[test]
    fn responses_complete_their_requests_once_and_in_any_order() {
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
    fn urgent_requests_are_sent_while_the_queue_is_held_back_and_before_it() {
        let mut pending = Pending::new(10);
        pending.hold(true);
        pending.push("a", None, None, false, "queued");
        assert!(!pending.has_queued());
        assert_eq!(ready(&mut pending), None);
        pending.push_urgent("b", None, None, "urgent");
        pending.push_urgent("c", None, None, "also urgent");
        assert!(pending.has_queued());
        assert_eq!(ready(&mut pending), Some((1, "b")));
        let drained: Vec<_> = pending.drain_sent();
        assert_eq!(drained, [(Some(1), "urgent"), (None, "also urgent")]);
        pending.hold(false);
        pending.push_urgent("d", None, None, "urgent");
        // Ids are not used again: a late response would be taken for that to another request.
        assert_eq!(ready(&mut pending), Some((2, "d")));
        assert_eq!(ready(&mut pending), Some((3, "a")));
        assert!(!pending.is_idle());
        assert_eq!(pending.drain_queued(), Vec::<&str>::new());
    }

    #[test]
    fn requests_over_the_limit_are_sent_in_order_after_a_response() {
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
    fn long_running_requests_do_not_count_towards_the_limit() {
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
        assert_eq!(pending.expire(now), [(Some(2), "process")]);
        assert_eq!(ready(&mut pending), None);
        pending.complete(3);
        assert_eq!(ready(&mut pending), Some((4, "d")));
    }

    #[test]
    fn a_request_abandoned_in_the_queue_is_never_sent() {
        let mut pending = Pending::new(1);
        pending.push("a", None, None, false, "abandoned");
        pending.push("b", None, None, false, "waiting");
        assert_eq!(ready(&mut pending), Some((1, "b")));
        pending.push("c", None, None, false, "abandoned");
        pending.push("d", None, None, false, "queued");
        let abandoned = pending.remove_abandoned(|waiter| *waiter == "abandoned");
        assert_eq!(abandoned, ["abandoned"]);
        assert_eq!(pending.sent(1), Some(&"waiting"));
        assert_eq!(pending.sent(2), None);
        assert_eq!(pending.drain(), ["waiting", "queued"]);
    }

    #[test]
    fn deadlines_apply_to_requests_in_flight_and_in_the_queue() {
        let now = Instant::now();
        let at = |seconds| Some(now + Duration::from_secs(seconds));
        let mut pending = Pending::new(1);
        pending.push("a", None, at(5), false, "sent");
        pending.push("b", None, at(2), false, "queued");
        pending.push("c", None, None, false, "no deadline");
        assert_eq!(ready(&mut pending), Some((1, "a")));
        assert_eq!(pending.next_deadline(), at(2));
        assert_eq!(
            pending.expire(now + Duration::from_secs(2)),
            [(None, "queued")]
        );
        assert_eq!(pending.next_deadline(), at(5));
        assert_eq!(
            pending.expire(now + Duration::from_secs(9)),
            [(Some(1), "sent")]
        );
        assert_eq!(pending.next_deadline(), None);
        // A late response is ignored, and the next request can be sent.
        assert_eq!(pending.complete(1), None);
        assert_eq!(ready(&mut pending), Some((2, "c")));
        assert_eq!(pending.drain(), ["no deadline"]);
    }
}
