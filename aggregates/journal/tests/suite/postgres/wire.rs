//! A cable to the real server that can be cut: at once, or so that just one answer is lost.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// What the server says gets stuck.
    Mute,
    Cut,
}

/// One end is the address, the other the server. Everything is cut when it is dropped.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    state: watch::Sender<State>,
    lost_answer: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Wire {
    pub(crate) async fn new() -> (Self, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            address: listener.local_addr().unwrap(),
            state: watch::Sender::new(State::Good),
            lost_answer: Arc::default(),
        };
        (wire, listener)
    }

    /// Lays the cable from its address to `server`.
    pub(crate) fn lay(&self, listener: TcpListener, server: String) {
        let mut state = self.state.subscribe();
        let (address, lost_answer) = (self.address, Arc::clone(&self.lost_answer));
        tokio::spawn(async move {
            let mut listener = Some(listener);
            loop {
                if *state.borrow_and_update() == State::Cut {
                    listener = None;
                } else if listener.is_none() {
                    listener = Some(TcpListener::bind(address).await.unwrap());
                }
                let accepted = async {
                    match &listener {
                        Some(listener) => listener.accept().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    changed = state.changed() => if changed.is_err() { return },
                    accepted = accepted => {
                        let (client, server) = (accepted.unwrap().0, server.clone());
                        tokio::spawn(carry(client, server, state.clone(), Arc::clone(&lost_answer)));
                    }
                }
            }
        });
    }

    /// Every connection ends, and new ones are refused, as by a server that is stopped.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Connections stand, and nothing comes back any more.
    pub(crate) fn mute(&self) {
        self.state.send_replace(State::Mute);
    }

    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Good);
    }

    /// The connection that next asks for something with these bytes is cut when the server has
    /// answered: what was asked for has happened then.
    pub(crate) fn lose_the_answer_to(&self, needle: &str) {
        *self.lost_answer.lock().unwrap() = Some(needle.as_bytes().to_vec());
    }

    pub(crate) fn has_lost_the_answer(&self) -> bool {
        self.lost_answer.lock().unwrap().is_none()
    }
}

/// Whether it is this request whose answer is to be lost; it is only once.
fn is_hit(lost_answer: &Mutex<Option<Vec<u8>>>, bytes: &[u8]) -> bool {
    let mut needle = lost_answer.lock().unwrap();
    let is_asked = |it: &Vec<u8>| bytes.windows(it.len()).any(|window| window == it);
    let is_hit = needle.as_ref().is_some_and(is_asked);
    if is_hit {
        *needle = None;
    }
    is_hit
}

async fn carry(
    mut client: TcpStream,
    server: String,
    mut state: watch::Receiver<State>,
    lost_answer: Arc<Mutex<Option<Vec<u8>>>>,
) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_doomed = false;
    loop {
        let is_mute = *state.borrow_and_update() == State::Mute;
        tokio::select! {
            changed = state.changed() => {
                if changed.is_err() || *state.borrow() == State::Cut {
                    return;
                }
            }
            read = client.read(&mut asked) => {
                let Ok(1..) = read else { return };
                let bytes = &asked[..read.unwrap()];
                is_doomed |= is_hit(&lost_answer, bytes);
                if server.write_all(bytes).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered), if !is_mute => {
                let Ok(1..) = read else { return };
                if is_doomed || client.write_all(&answered[..read.unwrap()]).await.is_err() {
                    return;
                }
            }
        }
    }
}
