//! The runtime of the blocking API, and functions that wait on it.
//!
//! A thread that waits drives the runtime itself: a round trip to the server wakes no other thread.
//! If several threads wait, one of them drives and the others are woken by their results. A background
//! thread drives while no thread waits, so that the connection is served between two calls. It takes
//! over [`IDLE_TIME`] after the last call, because handing the runtime over for each call would cost
//! more than the call.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    io, mem,
    pin::pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::Notify,
    task::JoinHandle,
};

use crate::error::{Error, Result};

/// The time without a call after which the background thread drives the runtime.
const IDLE_TIME: Duration = Duration::from_millis(5);

/// The worker, once it has started.
static WORKER: OnceLock<Worker> = OnceLock::new();

/// Held while the worker is started. A failure is not stored: the next call tries again.
static STARTING: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether the current thread polls a future for [`wait`].
    static IS_POLLING: Cell<bool> = const { Cell::new(false) };

    /// Tasks to wait for when the current thread has left the runtime.
    static LEFT_TO_JOIN: RefCell<Vec<JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
}

/// A runtime, and the state that determines which thread drives it.
struct Worker {
    runtime: Runtime,
    state: Mutex<State>,
    /// Notified when the last caller leaves while the background thread is asleep.
    is_free: Condvar,
    /// Asks the background thread to stop driving.
    leave: Notify,
}

struct State {
    /// Number of threads that wait.
    callers: usize,
    /// Number of calls so far.
    calls: u64,
    background: Background,
}

/// The occupation of the background thread.
#[derive(PartialEq)]
enum Background {
    /// Drives the runtime.
    Driving,
    /// Has been asked to stop driving.
    Leaving,
    /// Checks at intervals whether calls are still made.
    Watching,
    /// Waits for a caller that has been waiting for a whole interval.
    Asleep,
}

impl Worker {
    /// Starts the background thread, which ends with the program.
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new()
            .name("codex-client".into())
            .spawn(|| WORKER.wait().drive_when_idle())?;
        let state = State {
            callers: 0,
            calls: 0,
            background: Background::Driving,
        };
        Ok(Self {
            runtime,
            state: Mutex::new(state),
            is_free: Condvar::new(),
            leave: Notify::new(),
        })
    }

    /// No code panics while it holds the lock, so the lock is never poisoned.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drive_when_idle(&self) -> ! {
        loop {
            self.runtime.block_on(self.leave.notified());
            let mut state = self.lock();
            state.background = Background::Watching;
            loop {
                let calls = state.calls;
                let waited = self.is_free.wait_timeout(state, IDLE_TIME);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                if state.calls != calls {
                    continue;
                }
                if state.callers == 0 {
                    break;
                }
                state.background = Background::Asleep;
                while state.callers > 0 {
                    let woken = self.is_free.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                }
                state.background = Background::Watching;
            }
            state.background = Background::Driving;
        }
    }

    /// Drives the runtime on the current thread until the future has completed.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _call = Call::begin(self);
        self.runtime.block_on(future)
    }
}

/// Keeps the background thread from driving while it exists.
struct Call<'a>(&'a Worker);

impl<'a> Call<'a> {
    fn begin(worker: &'a Worker) -> Self {
        let mut state = worker.lock();
        state.callers += 1;
        state.calls = state.calls.wrapping_add(1);
        if state.background == Background::Driving {
            state.background = Background::Leaving;
            worker.leave.notify_one();
        }
        drop(state);
        Self(worker)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.callers -= 1;
        if state.callers == 0 && state.background == Background::Asleep {
            self.0.is_free.notify_one();
        }
    }
}

/// Waits for a future on the current thread.
pub(crate) fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    if Handle::try_current().is_ok() {
        return Err(Error::InsideRuntime);
    }
    let worker = worker()?;
    let _joining = Joining(worker);
    let mut future = pin!(future);
    worker.block_on(poll_fn(|context| {
        let _polling = Polling::begin();
        future.as_mut().poll(context)
    }))
}

/// Waits for a task, unless the current thread belongs to a runtime. While a future is polled for
/// [`wait`], which then waits for the task in the end, this returns at once.
pub(crate) fn join(task: JoinHandle<()>) {
    if IS_POLLING.try_with(Cell::get).unwrap_or(false) {
        // Fails only while the thread ends, and then no future is polled.
        let _ = LEFT_TO_JOIN.try_with(|left| left.borrow_mut().push(task));
    } else if Handle::try_current().is_err()
        && let Some(worker) = WORKER.get()
    {
        let _ = worker.block_on(task);
    }
}

/// Marks the current thread as polling a future for [`wait`] while it exists.
struct Polling;

impl Polling {
    fn begin() -> Self {
        IS_POLLING.set(true);
        Self
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        IS_POLLING.set(false);
    }
}

/// Waits on drop for the tasks that were left to join.
struct Joining<'a>(&'a Worker);

impl Drop for Joining<'_> {
    fn drop(&mut self) {
        loop {
            let left = LEFT_TO_JOIN.with_borrow_mut(mem::take);
            if left.is_empty() {
                return;
            }
            for task in left {
                let _ = self.0.block_on(task);
            }
        }
    }
}

/// Waits for the next item of a stream that only receives: polling it needs no runtime.
pub(crate) fn receive<T>(
    has_failed: &mut bool,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<T>>>,
) -> Option<Result<T>> {
    if Handle::try_current().is_err()
        && let Poll::Ready(received) = poll(&mut Context::from_waker(Waker::noop()))
    {
        return received;
    }
    next(has_failed, poll)
}

/// Waits for the next item of a stream.
///
/// If the current thread cannot block, the error is returned once, which `has_failed` records; then
/// `None` is returned, so that a loop that skips errors terminates.
pub(crate) fn next<T>(
    has_failed: &mut bool,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<T>>>,
) -> Option<Result<T>> {
    let next = wait(poll_fn(|context| poll(context).map(Option::transpose))).transpose();
    let cannot_wait = matches!(next, Some(Err(Error::InsideRuntime | Error::Worker(_))));
    let had_failed = mem::replace(has_failed, cannot_wait);
    if cannot_wait && had_failed {
        None
    } else {
        next
    }
}

/// Returns the worker, and starts it if it is not running.
fn worker() -> Result<&'static Worker> {
    if let Some(worker) = WORKER.get() {
        return Ok(worker);
    }
    let _guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    match WORKER.get() {
        Some(worker) => Ok(worker),
        None => {
            let worker = Worker::start().map_err(|error| Error::Worker(Arc::new(error)))?;
            Ok(WORKER.get_or_init(|| worker))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::yield_now;

    use super::*;

    /// Spawns a task that needs the runtime to be driven several times.
    fn spawn(done: mpsc::Sender<()>) -> Result<JoinHandle<()>> {
        wait(async {
            Ok(tokio::spawn(async move {
                for _ in 0..3 {
                    yield_now().await;
                }
                let _ = done.send(());
            }))
        })
    }

    #[test]
    fn tasks_run_while_no_thread_waits() {
        let (done, receiver) = mpsc::channel();
        let _task = spawn(done).unwrap();
        receiver.recv().unwrap();
    }

    #[test]
    fn a_result_that_another_thread_waits_for_is_delivered() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let waiting = thread::spawn(|| wait(async { Ok(receiver.await.unwrap()) }));
        let send = async {
            sender.send(1).unwrap();
            Ok(())
        };
        wait(send).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), 1);
    }

    #[test]
    fn threads_take_turns_in_driving_the_runtime() {
        let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let play = |own: Arc<Notify>, other: Arc<Notify>| {
            thread::spawn(move || {
                for _ in 0..1000 {
                    wait(async {
                        other.notify_one();
                        own.notified().await;
                        Ok(())
                    })
                    .unwrap();
                }
                other.notify_one();
            })
        };
        let players = [
            play(Arc::clone(&first), Arc::clone(&second)),
            play(second, first),
        ];
        for player in players {
            player.join().unwrap();
        }
    }

    #[test]
    fn a_task_is_joined_outside_the_runtime_at_once_and_inside_it_in_the_end() {
        let (done, receiver) = mpsc::channel();
        join(spawn(done).unwrap());
        receiver.try_recv().unwrap();
        let (done, receiver) = mpsc::channel();
        let task = spawn(done).unwrap();
        wait(async {
            join(task);
            Ok(())
        })
        .unwrap();
        receiver.try_recv().unwrap();
    }

    #[tokio::test]
    async fn waiting_inside_a_runtime_is_an_error() {
        let polled = wait(async { Ok(()) });
        assert!(matches!(polled, Err(Error::InsideRuntime)), "{polled:?}");
    }
}
