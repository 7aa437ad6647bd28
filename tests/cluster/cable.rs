//! The cable to the API server, which a story may cut for its own exporter alone.

use std::{
    io,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, Result};

/// What goes in at a port of the loopback address comes out at another, until it is cut.
pub struct Cable {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_cut: AtomicBool,
    ends: Mutex<Vec<TcpStream>>,
}

impl Cable {
    /// Lays a cable to `https://127.0.0.1:PORT`.
    pub fn lay(url: &str) -> Result<Self> {
        let to: u16 = url.rsplit(':').next().and_then(|port| port.parse().ok()).context("a URL without a port")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (port, state) = (listener.local_addr()?.port(), Arc::<State>::default());
        let kept = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(io::Result::ok) {
                // Whoever connects once it is cut gets nothing but an end.
                if !kept.is_cut.load(Ordering::SeqCst) {
                    let _ = join(stream, to, &kept);
                } else if Arc::strong_count(&kept) == 1 {
                    break;
                }
            }
        });
        Ok(Self { port, state })
    }

    /// Where it goes in.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Cuts it, for what is connected and for what comes.
    pub fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
        for end in self.state.ends.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Carries what comes from either side to the other.
fn join(near: TcpStream, port: u16, state: &State) -> io::Result<()> {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let mut ends = state.ends.lock().unwrap_or_else(PoisonError::into_inner);
    ends.extend([near.try_clone()?, far.try_clone()?]);
    for (mut from, mut to) in [(near.try_clone()?, far.try_clone()?), (far, near)] {
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}
