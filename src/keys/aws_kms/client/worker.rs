//! The one thread on which the AWS SDK runs, and the way to it.
//!
//! The SDK is asynchronous, and callers wait. Each of them could drive one shared current-thread runtime by `block_on`.
//! A thread that owns the runtime was chosen instead:
//!
//! - `block_on`, and the drop of a runtime, panic on a thread that runs another runtime, which a program that embeds
//!   the library may well have. A channel only blocks.
//! - Between calls somebody has to look after pooled connections, or the next request goes out on one that the server
//!   closed long ago.
//! - No caller does the network's work for the others, so none is held up by one whose own answer has come.
//!
//! Nobody joins the thread. A process that ends, by itself or by a signal, does not wait for the network, also not for a
//! name that is being resolved.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;

use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::keys::aws_kms::api::KmsCause;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The thread, which starts with the first job and ends with the worker.
pub(super) struct Worker {
    concurrency: NonZeroUsize,
    jobs: OnceLock<Result<UnboundedSender<Job>, KmsCause>>,
}

impl Worker {
    pub(super) fn new(concurrency: NonZeroUsize) -> Self {
        Self { concurrency, jobs: OnceLock::new() }
    }

    /// Does `work` when its turn comes, and waits for what it returns.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, KmsCause>> + Send + 'static,
    ) -> Result<T, KmsCause> {
        let jobs =
            self.jobs.get_or_init(|| start(self.concurrency)).as_ref().map_err(Clone::clone)?;
        let (answer, answered) = mpsc::sync_channel(1);
        let job = Box::pin(async move { drop(answer.send(work.await)) });
        // Where the job is not taken or does not come to its end, its sender of the answer is dropped.
        drop(jobs.send(job));
        let ended =
            |_| KmsCause::Setup("the thread that talks to the network has failed".to_owned());
        answered.recv().map_err(ended)?
    }
}

fn start(concurrency: NonZeroUsize) -> Result<UnboundedSender<Job>, KmsCause> {
    let setup = |error: std::io::Error| KmsCause::Setup(error.to_string());
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(setup)?;
    let (jobs, received) = unbounded_channel();
    let work = move || {
        runtime.block_on(serve(received, concurrency));
        // Dropped in the ordinary way it waits for names that are being resolved.
        runtime.shutdown_background();
    };
    thread::Builder::new().name("aws-kms".to_owned()).spawn(work).map_err(setup)?;
    Ok(jobs)
}

/// Does jobs until nobody can send more. One is taken only when there is room for it.
async fn serve(mut jobs: UnboundedReceiver<Job>, concurrency: NonZeroUsize) {
    let room = Arc::new(Semaphore::new(concurrency.get().min(Semaphore::MAX_PERMITS)));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Some(job) = jobs.recv().await else { return };
        tokio::spawn(async move {
            job.await;
            drop(permit);
        });
    }
}
