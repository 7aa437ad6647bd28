//! Generations of named tasks: all that runs for one configuration, as one thing that lives and ends together.
//!
//! A task that ends, fails or panics while its generation lives ends the generation, and with it the process: half an
//! exporter would serve old evidence as new. Not for what the tasks do, and not for trying again: a task that can recover
//! does so itself.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

/// How long tasks may take to stop before they are dropped where they stand. Kubernetes kills after 30 s; half of that
/// leaves the log time to tell which did not stop.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(15);

/// The tasks of one configuration.
#[derive(Debug)]
pub struct Generation {
    tasks: JoinSet<Result<(), String>>,
    names: HashMap<Id, Arc<str>>,
    stop: watch::Sender<bool>,
}

/// Tells a task that its generation is being shut down.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A task that ended while its generation lived.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("task {task} {ending}, and nothing can be believed without it")]
pub struct Ended {
    /// Its name.
    pub task: Arc<str>,
    /// How it ended.
    pub ending: Ending,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned.
    Returned,
    /// It returned this error.
    Failed(String),
    /// It panicked with this message.
    Panicked(String),
}

/// How a generation was shut down.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// Names of the tasks that did not stop in time and were dropped, sorted.
    pub dropped: Vec<Arc<str>>,
}

impl Default for Generation {
    fn default() -> Self {
        Self { tasks: JoinSet::new(), names: HashMap::new(), stop: watch::Sender::new(false) }
    }
}

// === impl Generation ===

impl Generation {
    /// A generation without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What tasks wait for if they have something to finish when the generation is shut down; all others are dropped
    /// after the grace.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop(self.stop.subscribe())
    }

    /// Starts a task that is meant to live as long as the generation.
    pub fn spawn<E: fmt::Display>(
        &mut self,
        name: impl Into<Arc<str>>,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let handle = self.tasks.spawn(async move { task.await.map_err(|error| format!("{error:#}")) });
        self.names.insert(handle.id(), name.into());
    }

    /// Starts a task that is meant to live as long as the generation and is dropped as soon as that is shut down.
    pub fn spawn_until_stopped<E: fmt::Display>(
        &mut self,
        name: impl Into<Arc<str>>,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let mut stop = self.stop();
        self.spawn(name, async move {
            tokio::select! {
                ended = task => ended,
                () = stop.asked() => Ok(()),
            }
        });
    }

    /// Waits until one of the tasks ends, which none should. Waits for ever where there are none.
    pub async fn first_end(&mut self) -> Ended {
        match self.tasks.join_next_with_id().await {
            Some(Ok((id, ended))) => {
                let ending = ended.map_or_else(Ending::Failed, |()| Ending::Returned);
                Ended { task: self.forget(id), ending }
            }
            Some(Err(error)) => Ended { task: self.forget(error.id()), ending: Ending::Panicked(panic_message(error)) },
            None => std::future::pending().await,
        }
    }

    /// Asks all tasks to stop, waits for at most `grace`, and drops those that are still there.
    pub async fn shut_down(mut self, grace: Duration) -> Shutdown {
        self.stop.send_replace(true);
        let all = async {
            while let Some(joined) = self.tasks.join_next_with_id().await {
                let (id, panicked) = match joined {
                    Ok((id, _)) => (id, None),
                    Err(error) => (error.id(), Some(panic_message(error))),
                };
                let task = self.names.remove(&id).unwrap_or_else(|| "unnamed".into());
                if let Some(message) = panicked {
                    tracing::error!(%task, %message, "task panicked while it was being stopped");
                }
            }
        };
        // An error means that the time is over; what is left in `names` then did not stop.
        let _ = tokio::time::timeout(grace, all).await;
        self.tasks.abort_all();
        let mut dropped: Vec<_> = self.names.into_values().collect();
        dropped.sort();
        Shutdown { dropped }
    }

    /// Runs the generation until `told` is ready, which is well, or one of its tasks ends, which is not. When it is ready once
    /// more while tasks are stopping, they are dropped at once.
    pub async fn run(mut self, mut told: impl AsyncFnMut() -> &'static str, grace: Duration) -> Result<(), Ended> {
        let result = tokio::select! {
            reason = told() => {
                tracing::info!(reason, "shutting down");
                Ok(())
            }
            ended = self.first_end() => {
                tracing::error!(task = %ended.task, reason = %ended.ending, "a task ended; ending the process");
                Err(ended)
            }
        };
        tokio::select! {
            shutdown = self.shut_down(grace) => {
                for task in shutdown.dropped {
                    tracing::warn!(%task, grace_seconds = grace.as_secs(), "task did not stop in time");
                }
            }
            reason = told() => tracing::warn!(reason, "told again; ending at once"),
        }
        result
    }

    fn forget(&mut self, id: Id) -> Arc<str> {
        self.names.remove(&id).unwrap_or_else(|| "unnamed".into())
    }
}

impl Stop {
    /// Waits until the generation is shut down, or gone.
    pub async fn asked(&mut self) {
        // An error means that the generation is gone, which is a shutdown too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => f.write_str("ended"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
        }
    }
}

/// The signals that ask the process to end.
#[derive(Debug)]
pub struct ShutdownSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl ShutdownSignal {
    /// Begins to listen: from now on neither signal ends the process by itself.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one of them and names it.
    pub async fn comes(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn panic_message(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "cancelled".to_owned() };
    let panic: &(dyn Any + Send) = &*panic;
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Longer than any of these tests waits.
    const LONG: Duration = Duration::from_mins(10);

    async fn for_ever() -> Result<(), Infallible> {
        pending().await
    }

    #[tokio::test]
    async fn a_task_that_ends_ends_the_generation_with_its_reason() {
        let cases = [
            ("returns", Ending::Returned, "task returns ended, and nothing can be believed without it"),
            (
                "fails",
                Ending::Failed("no more".to_owned()),
                "task fails failed: no more, and nothing can be believed without it",
            ),
            (
                "panics",
                Ending::Panicked("at last".to_owned()),
                "task panics panicked: at last, and nothing can be believed without it",
            ),
            (
                "formats",
                Ending::Panicked("7 times".to_owned()),
                "task formats panicked: 7 times, and nothing can be believed without it",
            ),
        ];
        for (name, ending, text) in cases {
            let mut generation = Generation::new();
            generation.spawn("lives", for_ever());
            generation.spawn(name, async move {
                match name {
                    "returns" => Ok(()),
                    "fails" => Err("no more"),
                    "panics" => panic!("at last"),
                    _ => panic!("{} times", name.len()),
                }
            });
            let ended = generation.run(pending, Duration::ZERO).await.unwrap_err();
            assert_eq!(ended, Ended { task: name.into(), ending });
            assert_eq!(ended.to_string(), text);
        }
    }

    #[tokio::test]
    async fn shutdown_lets_tasks_finish() {
        let finished = Arc::new(AtomicBool::new(false));
        let mut generation = Generation::new();
        let (mut stop, flag) = (generation.stop(), Arc::clone(&finished));
        generation.spawn("careful", async move {
            stop.asked().await;
            tokio::task::yield_now().await;
            flag.store(true, Ordering::SeqCst);
            Ok::<_, Infallible>(())
        });
        generation.spawn_until_stopped("careless", for_ever());
        let mut told = ["test"].into_iter();
        let once = async || match told.next() {
            Some(reason) => reason,
            None => pending().await,
        };
        generation.run(once, LONG).await.unwrap();
        assert!(finished.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn told_twice_it_waits_for_nobody() {
        let mut generation = Generation::new();
        generation.spawn("deaf", for_ever());
        let ends = generation.run(async || "test", LONG * 2);
        tokio::time::timeout(LONG, ends).await.expect("it ends at once").unwrap();
    }

    #[tokio::test]
    async fn shutdown_does_not_wait_for_the_deaf() {
        let mut generation = Generation::new();
        generation.spawn("deaf", for_ever());
        generation.spawn("also deaf", for_ever());
        let shutdown = generation.shut_down(Duration::from_millis(1)).await;
        assert_eq!(shutdown.dropped, ["also deaf".into(), "deaf".into()]);
    }

    #[tokio::test]
    async fn a_dropped_generation_drops_its_tasks() {
        struct Flag(Arc<AtomicBool>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicBool::new(false));
        let flag = Flag(Arc::clone(&dropped));
        let mut generation = Generation::new();
        generation.spawn("holds", async move {
            let _flag = flag;
            for_ever().await
        });
        tokio::task::yield_now().await;
        drop(generation);
        tokio::task::yield_now().await;
        assert!(dropped.load(Ordering::SeqCst));
    }
}
