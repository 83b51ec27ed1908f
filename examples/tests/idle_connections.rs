//! Connections that are open and idle, through real HTTP: a bulkhead counts requests, not connections.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use seaworthy_bulkhead::Bulkhead;
use seaworthy_core::component::Registry;
use seaworthy_core::http::respond;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a request over this connection, which stays open.
async fn send(connection: &mut TcpStream) {
    connection.write_all(REQUEST).await.expect("it is open");
}

/// The status of the answer. There is no body to read.
async fn status(connection: &mut TcpStream) -> u16 {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, connection.read_u8()).await;
        head.push(byte.expect("in time").expect("it is open"));
    }
    let head = String::from_utf8(head).expect("text");
    head[9..12].parse().expect("a status")
}

#[tokio::test]
async fn a_hundred_idle_connections_hold_no_place() {
    let bulkhead = Bulkhead::builder("pages")
        .max_concurrent(1)
        .registry(&Registry::new())
        .build()
        .expect("allowed");
    // Answers while this says so.
    let (open, gate) = watch::channel(true);
    let page = move || {
        let mut gate = gate.clone();
        async move {
            let _ = gate.wait_for(|open| *open).await;
        }
    };
    let app = Router::new()
        .route("/", get(page))
        .layer(bulkhead.layer().respond(respond::<axum::body::Body>));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let mut connections = Vec::new();
    for _ in 0..100 {
        let mut connection = TcpStream::connect(address).await.expect("it listens");
        send(&mut connection).await;
        assert_eq!(status(&mut connection).await, 200);
        connections.push(connection);
    }
    assert_eq!(bulkhead.view().in_flight, 0, "all are open, and idle");

    open.send(false).expect("somebody listens");
    send(&mut connections[7]).await;
    while bulkhead.view().in_flight == 0 {
        tokio::task::yield_now().await;
    }
    for (number, connection) in connections.iter_mut().enumerate() {
        if number != 7 {
            send(connection).await;
            assert_eq!(status(connection).await, 429, "one request is under way");
        }
    }
    open.send(true).expect("somebody listens");
    assert_eq!(status(&mut connections[7]).await, 200);
    for connection in &mut connections {
        send(connection).await;
        assert_eq!(
            status(connection).await,
            200,
            "whoever was turned away comes again"
        );
    }
    assert_eq!(bulkhead.view().rejected, 99);
    server.abort();
}
