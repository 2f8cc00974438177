// SPDX-License-Identifier: BSL-1.0
//! `GET /api/time` with hyper alone: no routes, no metrics. Usage: hyper_time PORT

use std::convert::Infallible;
use std::net::Ipv4Addr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use peers::{port, zone, TimeBody};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let zone = zone();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port())).await.unwrap();
    loop {
        let Ok((tcp, _)) = listener.accept().await else { continue };
        let _ = tcp.set_nodelay(true);
        let service = service_fn(move |_: Request<Incoming>| async move {
            let body = serde_json::to_vec(&TimeBody::now(zone)).unwrap();
            let mut response = Response::new(Full::new(Bytes::from(body)));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Ok::<_, Infallible>(response)
        });
        tokio::spawn(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await;
        });
    }
}
