//! The commands that ask a server: against one that answers as Clair does, and a registry whose
//! layers lie elsewhere.

mod administration;
mod clair;
mod distribution;
mod report;

use std::future::Future;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A server of this process, on a port of its own.
struct Serving {
    /// `127.0.0.1:port`.
    host: String,
    _runtime: Runtime,
}

impl Serving {
    fn start(router: Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = block_on(&runtime, TcpListener::bind("127.0.0.1:0")).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            host,
            _runtime: runtime,
        }
    }
}

fn block_on<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    runtime.block_on(work)
}
