//! Work spread over threads whose results come back in order, with bounded memory.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::Scope;

use pack_format::chunked::SEALED_CHUNK_BYTES;

/// A pool of scoped threads that turn jobs into results. The caller decides how many jobs are
/// under way; nothing queues without its doing.
pub(crate) struct Pool<J, R> {
    jobs: Sender<(u64, J)>,
    results: Receiver<(u64, R)>,
    done: BTreeMap<u64, R>,
    next_in: u64,
    next_out: u64,
}

impl<J: Send, R: Send> Pool<J, R> {
    /// Starts one thread for each worker; each worker keeps its own state between jobs.
    pub(crate) fn start<'scope, W>(
        scope: &'scope Scope<'scope, '_>,
        workers: Vec<W>,
        job_queue: &'scope Mutex<Option<Receiver<(u64, J)>>>,
    ) -> Self
    where
        W: FnMut(J) -> R + Send + 'scope,
        J: 'scope,
        R: 'scope,
    {
        let (jobs, queue) = channel();
        *job_queue.lock().unwrap_or_else(PoisonError::into_inner) = Some(queue);
        let (results_in, results) = channel();
        for mut worker in workers {
            let results_in = results_in.clone();
            scope.spawn(move || {
                while let Some((number, job)) = next_job(job_queue) {
                    if results_in.send((number, worker(job))).is_err() {
                        break;
                    }
                }
            });
        }
        Self {
            jobs,
            results,
            done: BTreeMap::new(),
            next_in: 0,
            next_out: 0,
        }
    }

    /// Hands in the next job.
    pub(crate) fn submit(&mut self, job: J) {
        // A closed queue means that a worker panicked; the next result then reports it.
        if self.jobs.send((self.next_in, job)).is_ok() {
            self.next_in += 1;
        }
    }

    /// Jobs handed in whose results have not been taken.
    pub(crate) fn under_way(&self) -> u64 {
        self.next_in - self.next_out
    }

    /// The next result in order; `None` when nothing is under way or a worker died.
    pub(crate) fn next_result(&mut self) -> Option<R> {
        if self.under_way() == 0 {
            return None;
        }
        loop {
            if let Some(result) = self.done.remove(&self.next_out) {
                self.next_out += 1;
                return Some(result);
            }
            let (number, result) = self.results.recv().ok()?;
            self.done.insert(number, result);
        }
    }
}

fn next_job<J>(queue: &Mutex<Option<Receiver<(u64, J)>>>) -> Option<(u64, J)> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.as_ref()?.recv().ok()
}

/// How many threads a bundle is worked on with: the cores there are, at most [`THREADS_MAX`].
/// Asked of the system once, because the answer is looked up in files.
pub(crate) fn thread_count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        std::thread::available_parallelism()
            .map_or(1, std::num::NonZero::get)
            .min(THREADS_MAX)
    })
}

/// Buffers of about one frame that go round between the threads: a new one for every frame would
/// cost more in page faults than the work on it.
#[derive(Default)]
pub(crate) struct Buffers {
    free: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    /// An empty buffer with room for one sealed run of chunks.
    pub(crate) fn take(&self) -> Vec<u8> {
        let recycled = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        recycled.unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES))
    }

    /// Gives a buffer back; its content is forgotten.
    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < BUFFERS_MAX && buffer.capacity() >= BUFFER_BYTES {
            free.push(buffer);
        }
    }
}

/// 64 sealed chunks, and a frame.
const BUFFER_BYTES: usize = 64 * SEALED_CHUNK_BYTES;
/// More than are ever under way at once.
const BUFFERS_MAX: usize = 32;
/// More threads would only hold more memory: the medium is the limit by then.
const THREADS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_in_the_order_of_the_jobs() {
        let queue = Mutex::new(None);
        let results = std::thread::scope(|scope| {
            let worker = |job: u64| {
                std::thread::sleep(std::time::Duration::from_micros((job * 37) % 300));
                job * 2
            };
            let mut pool = Pool::start(scope, vec![worker; 3], &queue);
            let mut results = Vec::new();
            for job in 0..100 {
                pool.submit(job);
                if pool.under_way() > 6 {
                    results.extend(pool.next_result());
                }
            }
            while let Some(result) = pool.next_result() {
                results.push(result);
            }
            results
        });
        assert_eq!(results, (0..100).map(|job| job * 2).collect::<Vec<_>>());
    }
}
