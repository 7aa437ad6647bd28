//! Wanted: keeps one task for each thing that the board wants read, for as long as it does.
//!
//! Not for what a task does, nor for what it leaves behind: it is told when its thing is wanted no more, and ends by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;

use super::Ended;
use super::report::Closed;

/// Comes when a thing is wanted no more.
pub struct Gone(oneshot::Receiver<()>);

impl Gone {
    /// Waits for it.
    pub async fn come(self) {
        // Nothing is ever sent: the other end is dropped.
        let _ = self.0.await;
    }
}

/// Keeps tasks until one of them finds that nobody takes changes any more. Dropping the future ends them all.
pub async fn keep<W, F>(mut wants: Receiver<Arc<Vec<W>>>, start: impl Fn(W, Gone) -> F) -> Ended
where
    W: Clone + Eq + Hash,
    F: Future<Output = Result<(), Closed>> + Send + 'static,
{
    let mut running: HashMap<W, oneshot::Sender<()>> = HashMap::new();
    let mut tasks: JoinSet<Result<(), Closed>> = JoinSet::new();
    wants.mark_changed();
    loop {
        tokio::select! {
            changed = wants.changed() => {
                if changed.is_err() {
                    return Closed.into();
                }
                let list = Arc::clone(&wants.borrow_and_update());
                let mut kept = HashMap::with_capacity(list.len());
                for want in list.iter() {
                    let started = running.remove(want);
                    let begin = || {
                        let (end, gone) = oneshot::channel();
                        tasks.spawn(start(want.clone(), Gone(gone)));
                        end
                    };
                    kept.insert(want.clone(), started.unwrap_or_else(begin));
                }
                running = kept;
            }
            Some(ended) = tasks.join_next() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(closed)) => return closed.into(),
                Err(error) => return error.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::{mpsc, watch};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_task_is_there_for_as_long_as_its_thing_is_wanted() {
        let (wants, wanted) = watch::channel(Arc::new(vec!["a", "b"]));
        let (tell, mut told) = mpsc::unbounded_channel();
        let keeping = tokio::spawn(keep(wanted, move |want, gone| {
            let tell = tell.clone();
            async move {
                tell.send((want, "begins")).map_err(|_| Closed)?;
                gone.come().await;
                tell.send((want, "ends")).map_err(|_| Closed)
            }
        }));
        let mut hear = async |count: usize| {
            let mut all = Vec::new();
            while all.len() < count {
                all.push(timeout(Duration::from_secs(30), told.recv()).await.unwrap().unwrap());
            }
            all.sort_unstable();
            all
        };
        assert_eq!(hear(2).await, [("a", "begins"), ("b", "begins")]);
        wants.send_replace(Arc::new(vec!["b", "c"]));
        assert_eq!(hear(2).await, [("a", "ends"), ("c", "begins")], "and b stays");
        drop(wants);
        assert!(matches!(timeout(Duration::from_secs(30), keeping).await, Ok(Ok(Ended::Closed(Closed)))));
    }
}
