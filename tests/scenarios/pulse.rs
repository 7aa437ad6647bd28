//! A pulse: whether the machine lets a real clock be followed. A run that was held up proves nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often it is looked whether timers are late.
const BEAT: Duration = Duration::from_millis(10);

/// How late timers are; it looks until it is dropped.
pub struct Pulse {
    latest_micros: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Pulse {
    pub fn start() -> Self {
        let latest_micros = Arc::<AtomicU64>::default();
        let noted = Arc::clone(&latest_micros);
        let task = tokio::spawn(async move {
            loop {
                let asked = Instant::now();
                tokio::time::sleep(BEAT).await;
                let late = asked.elapsed().saturating_sub(BEAT);
                noted.fetch_max(u64::try_from(late.as_micros()).unwrap(), Ordering::Relaxed);
            }
        });
        Self { latest_micros, task }
    }

    pub fn latest(&self) -> Duration {
        Duration::from_micros(self.latest_micros.load(Ordering::Relaxed))
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.task.abort();
    }
}
