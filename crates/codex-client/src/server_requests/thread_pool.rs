//! The pool of threads on which blocking handlers run.

use std::{
    collections::VecDeque,
    io,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// A function that a thread of the pool calls.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A pool that starts a thread when all others are busy, up to a limit, and queues jobs beyond it.
/// A thread that stays idle ends.
///
/// The threads belong to no async runtime, so a job may wait for the blocking API, and a job that
/// never returns does not keep a runtime from shutting down. Nor does it keep the process from
/// exiting.
pub(crate) struct ThreadPool {
    limit: usize,
    idle_timeout: Duration,
    state: Mutex<PoolState>,
    queued: Condvar,
}

#[derive(Default)]
struct PoolState {
    queue: VecDeque<Job>,
    threads: usize,
    /// Number of threads that wait for a job. Some of them may have been notified already; their
    /// jobs are still in the queue.
    idle: usize,
}

impl ThreadPool {
    pub(crate) const fn new(limit: usize, idle_timeout: Duration) -> Self {
        Self {
            limit,
            idle_timeout,
            state: Mutex::new(PoolState {
                queue: VecDeque::new(),
                threads: 0,
                idle: 0,
            }),
            queued: Condvar::new(),
        }
    }

    /// Calls a function on a thread of the pool, as soon as one is free.
    ///
    /// # Errors
    ///
    /// If the pool has no thread and none can be started.
    pub(crate) fn execute(&'static self, job: Job) -> io::Result<()> {
        let mut state = self.lock();
        state.queue.push_back(job);
        if state.idle >= state.queue.len() {
            self.queued.notify_one();
        } else if state.threads < self.limit {
            let started = thread::Builder::new()
                .name("codex-client handler".into())
                .spawn(|| self.serve());
            match started {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => {
                    state.queue.pop_back();
                    return Err(error);
                }
                // A busy thread takes the job when it is done.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Calls jobs until there have been none for a while.
    fn serve(&self) {
        let _running = Running(self);
        while let Some(job) = self.next_job() {
            job();
        }
    }

    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                return Some(job);
            }
            state.idle += 1;
            let waited = self.queued.wait_timeout(state, self.idle_timeout);
            let (woken, waited) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.queue.is_empty() {
                return None;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread of a pool. Dropped at its end, even if a job panics.
struct Running<'a>(&'a ThreadPool);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().threads -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, sync::mpsc};

    use super::*;

    /// Returns a pool that lives as long as the process.
    fn pool(limit: usize, idle_timeout: Duration) -> &'static ThreadPool {
        Box::leak(Box::new(ThreadPool::new(limit, idle_timeout)))
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn jobs_beyond_the_limit_wait_for_a_thread() {
        let pool = pool(2, LONG);
        let (started, starts) = mpsc::channel();
        let mut releases = Vec::new();
        for job in 0..10 {
            let (release, released) = mpsc::channel::<()>();
            let started = started.clone();
            releases.push(release);
            let job = move || {
                started.send(job).unwrap();
                let _ = released.recv();
            };
            pool.execute(Box::new(job)).unwrap();
        }
        let first: [usize; 2] = [starts.recv().unwrap(), starts.recv().unwrap()];
        {
            let state = pool.lock();
            assert_eq!((state.threads, state.queue.len()), (2, 8));
        }
        drop(releases);
        let later: HashSet<_> = (0..8).map(|_| starts.recv().unwrap()).collect();
        assert!(later.len() == 8 && first.iter().all(|job| !later.contains(job)));
    }

    #[test]
    fn an_idle_thread_is_used_again() {
        let pool = pool(100, LONG);
        for _ in 0..100 {
            let (done, ended) = mpsc::channel();
            pool.execute(Box::new(move || done.send(()).unwrap()))
                .unwrap();
            ended.recv().unwrap();
            while pool.lock().idle == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(pool.lock().threads, 1);
    }

    #[test]
    fn a_job_may_wait_for_another_job() {
        fn nest(pool: &'static ThreadPool, depth: usize) -> usize {
            let (done, ended) = mpsc::channel();
            let job = move || {
                let nested = if depth == 0 { 0 } else { nest(pool, depth - 1) };
                done.send(nested + 1).unwrap();
            };
            pool.execute(Box::new(job)).unwrap();
            ended.recv().unwrap()
        }
        assert_eq!(nest(pool(20, LONG), 19), 20);
    }

    #[test]
    fn idle_threads_and_threads_whose_job_panics_end() {
        let pool = pool(2, Duration::ZERO);
        pool.execute(Box::new(|| {})).unwrap();
        let panics = || std::panic::resume_unwind(Box::new("a panic"));
        pool.execute(Box::new(panics)).unwrap();
        while pool.lock().threads > 0 {
            thread::yield_now();
        }
        let state = pool.lock();
        assert_eq!((state.idle, state.queue.len()), (0, 0));
    }
}
