//! A stream that loses patience: with a client that is slow to send its request's head, and with one that is slow to
//! take the answer. Either ends the connection with an error. Between requests it waits; how long is hyper's to count.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::limits::WRITE_PROGRESS_BYTES;

/// Numbers the moments at which connections began to wait for a request, so that the longest wait is known without a clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments(Arc<AtomicU64>);

impl Moments {
    /// The next, never zero.
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

/// Where a connection stands, as the stream and the service tell each other.
#[derive(Debug, Clone)]
pub(super) struct Phase(Arc<Standing>);

#[derive(Debug)]
struct Standing {
    phase: AtomicU8,
    /// The moment from which the client has let us wait; zero while we owe it something.
    waiting_since: AtomicU64,
    moments: Moments,
}

impl Phase {
    /// The client is due to send a request's head, or has begun to.
    const HEAD: u8 = 0;
    /// We are at work; what the client sends now can wait.
    const SERVING: u8 = 1;
    /// The last answer is made and nothing has come since.
    const IDLE: u8 = 2;

    /// Of a connection that was just opened.
    pub(super) fn new(moments: &Moments) -> Self {
        let waiting_since = AtomicU64::new(moments.next());
        Self(Arc::new(Standing { phase: AtomicU8::new(Self::HEAD), waiting_since, moments: moments.clone() }))
    }

    /// A request's head has come whole. The answer's end is told by dropping the guard.
    pub(super) fn serving(&self) -> ServingGuard {
        self.0.waiting_since.store(0, Ordering::Relaxed);
        self.0.phase.store(Self::SERVING, Ordering::Relaxed);
        ServingGuard(self.clone())
    }

    /// Since which moment the client has let us wait for a request; `None` while it is owed an answer or a part of one.
    pub(super) fn waiting_since(&self) -> Option<u64> {
        Some(self.0.waiting_since.load(Ordering::Relaxed)).filter(|since| *since != 0)
    }

    fn is(&self, phase: u8) -> bool {
        self.0.phase.load(Ordering::Relaxed) == phase
    }

    /// All that was written has left: the client is owed nothing more, if the answer was at its end.
    fn flushed(&self) {
        if self.is(Self::IDLE) && self.waiting_since().is_none() {
            self.0.waiting_since.store(self.0.moments.next(), Ordering::Relaxed);
        }
    }

    /// Something of the next request has come.
    fn head_begun(&self) {
        self.0.waiting_since.store(self.0.moments.next(), Ordering::Relaxed);
        self.0.phase.store(Self::HEAD, Ordering::Relaxed);
    }
}

/// Lives as long as an answer is being given.
#[derive(Debug)]
pub(super) struct ServingGuard(Phase);

impl Drop for ServingGuard {
    fn drop(&mut self) {
        self.0.0.phase.store(Phase::IDLE, Ordering::Relaxed);
    }
}

/// The stream.
#[derive(Debug)]
pub(super) struct Patience<S> {
    stream: S,
    phase: Phase,
    head_limit: Duration,
    write_limit: Duration,
    /// Runs while a head is awaited.
    head_deadline: Option<Pin<Box<Sleep>>>,
    /// Runs while the client lets us wait, with what it has taken since.
    write_deadline: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Patience<S> {
    pub(super) fn new(stream: S, phase: Phase, head_limit: Duration, write_limit: Duration) -> Self {
        Self { stream, phase, head_limit, write_limit, head_deadline: None, write_deadline: None }
    }

    /// Judges one attempt to write `offered` bytes by its outcome.
    fn judge_write(
        &mut self,
        context: &mut Context<'_>,
        offered: usize,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(taken)) => {
                if let Some((_, taken_since)) = &mut self.write_deadline {
                    *taken_since += taken;
                    if taken == offered || *taken_since >= WRITE_PROGRESS_BYTES {
                        self.write_deadline = None;
                    }
                }
                Poll::Ready(Ok(taken))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let limit = self.write_limit;
                let (deadline, _) = self.write_deadline.get_or_insert_with(|| (Box::pin(sleep(limit)), 0));
                ready!(deadline.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not take its answer")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patience<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.phase.is(Phase::HEAD) {
            let limit = self.head_limit;
            let deadline = self.head_deadline.get_or_insert_with(|| Box::pin(sleep(limit)));
            if deadline.as_mut().poll(context).is_ready() {
                let error = io::Error::new(io::ErrorKind::TimedOut, "the client is slow to send its request");
                return Poll::Ready(Err(error));
            }
        } else {
            self.head_deadline = None;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before && self.phase.is(Phase::IDLE) {
            self.phase.head_begun();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patience<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge_write(context, bytes.len(), outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge_write(context, offered, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.phase.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
