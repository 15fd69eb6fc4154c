//! Listening on loopback, serving a router, and ending cleanly.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower::Layer as _;

/// How long a connection may still finish its answer when the server ends.
const GRACE: Duration = Duration::from_millis(300);
/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest request head, URI and headers together; more is answered with 431.
const LARGEST_HEAD: usize = 32 * 1024;

/// From where connections are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// 127.0.0.1 and `[::1]`.
    #[default]
    Loopback,
    /// Every interface of the machine.
    AllInterfaces,
}

/// A port could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program has it.
    #[error(
        "port {0} is taken by another program: end that one, or choose another port (0 takes any free one)"
    )]
    Taken(u16),
    /// The system refused for another reason.
    #[error("can't listen on port {port}: {source}")]
    Other {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

/// Sockets that listen on one port, over IPv4 and IPv6 where there is one.
#[derive(Debug)]
pub(crate) struct Bound {
    listeners: Vec<TcpListener>,
    pub(crate) port: u16,
}

impl Bound {
    /// Listens on `port`; 0 takes a free one.
    pub(crate) fn bind(port: u16, reach: Reach) -> Result<Self, ListenError> {
        // A free port of one family may be taken in the other: then another one is tried.
        let attempts = if port == 0 { 16 } else { 1 };
        let mut result = Self::bind_once(port, reach);
        for _ in 1..attempts {
            if result.is_ok() {
                break;
            }
            result = Self::bind_once(port, reach);
        }
        result
    }

    fn bind_once(wanted: u16, reach: Reach) -> Result<Self, ListenError> {
        let (v4, v6) = match reach {
            Reach::Loopback => (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST),
            Reach::AllInterfaces => (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED),
        };
        let fail = |port, source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken(port),
            _ => ListenError::Other { port, source },
        };
        let first = listen(SocketAddr::new(v4.into(), wanted)).map_err(|e| fail(wanted, e))?;
        let port = first.local_addr().map_err(|e| fail(wanted, e))?.port();
        let mut listeners = vec![first];
        match listen(SocketAddr::new(v6.into(), port)) {
            Ok(second) => listeners.push(second),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(ListenError::Taken(port));
            }
            // A machine without IPv6.
            Err(_) => {}
        }
        Ok(Self { listeners, port })
    }

    /// Serves `router` until the returned server is told to stop.
    pub(crate) fn serve(self, router: Router) -> Server {
        let (stop, stopped) = watch::channel(false);
        let tasks = self
            .listeners
            .into_iter()
            .map(|listener| tokio::spawn(accept(listener, router.clone(), stopped.clone())))
            .collect();
        Server { tasks, stop }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // The IPv4 socket stands beside it.
        socket.set_only_v6(true)?;
    }
    // A server that was just stopped leaves connections in TIME_WAIT; they don't hold its port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

/// The connection a request came over.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) peer: IpAddr,
    dropped: Arc<Notify>,
}

impl Connection {
    /// Closes the connection with no answer, as a network that broke does.
    pub(crate) async fn drop_without_answer(&self) -> std::convert::Infallible {
        self.dropped.notify_one();
        std::future::pending().await
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Takes no more connections, lets open ones finish for a moment, and returns when the port is
    /// free again.
    pub(crate) async fn shutdown(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            // A task that panicked is over too.
            let _ = task.await;
        }
    }
}

/// Returns when the server ends, or its handle is gone.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn accept(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let for_connections = stopped.clone();
    loop {
        tokio::select! {
            () = told_to_stop(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let router = router.clone();
                    let stopped = for_connections.clone();
                    connections.spawn(serve_one(stream, peer.ip(), router, stopped));
                }
                // Out of file descriptors, for example: others must end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, finish).await;
    connections.shutdown().await;
}

async fn serve_one(
    stream: TcpStream,
    peer: IpAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let dropped = Arc::new(Notify::new());
    let connection = Connection {
        peer,
        dropped: Arc::clone(&dropped),
    };
    let service = axum::Extension(connection).layer(router);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD);
    let serving = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(serving);
    let mut stopping = false;
    loop {
        tokio::select! {
            // How a connection ended is the client's affair.
            _ = serving.as_mut() => return,
            () = dropped.notified() => return,
            () = told_to_stop(&mut stopped), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}
