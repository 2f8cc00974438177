// SPDX-License-Identifier: BSL-1.0
//! `GET /api/time` with axum. Usage: axum_time PORT

use std::net::Ipv4Addr;

use axum::extract::State;
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use chrono_tz::Tz;
use peers::{metrics::with_metrics, port, zone, TimeBody};

async fn api_time(State(zone): State<Tz>) -> Json<TimeBody> {
    Json(TimeBody::now(zone))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let app = with_metrics(Router::new().route("/api/time", get(api_time)).with_state(zone()));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port())).await.unwrap();
    axum::serve(listener.tap_io(|tcp| drop(tcp.set_nodelay(true))), app).await.unwrap();
}
