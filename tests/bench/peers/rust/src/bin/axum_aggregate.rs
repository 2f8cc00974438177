// SPDX-License-Identifier: BSL-1.0
//! `GET /api/aggregate` with axum and reqwest: three calls in parallel, to TIME_URL, SYSINFO_URL and WEATHER_URL.
//! Usage: axum_aggregate PORT

use std::env;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use peers::{metrics::with_metrics, port};
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Clone)]
struct App {
    client: reqwest::Client,
    time: String,
    sysinfo: String,
    weather: String,
}

#[derive(Serialize)]
struct Aggregate {
    dashboard: &'static str,
    time_service: Box<RawValue>,
    sysinfo_service: Box<RawValue>,
    weather_service: Box<RawValue>,
    meta: Meta,
}

#[derive(Serialize)]
struct Meta {
    time_service: PartMeta,
    sysinfo_service: PartMeta,
    weather_service: PartMeta,
}

#[derive(Serialize)]
struct PartMeta {
    state: &'static str,
    elapsed_ms: f64,
    deadline_ms: u64,
}

async fn fetch(client: &reqwest::Client, url: &str, limit: Duration) -> Result<Box<RawValue>, &'static str> {
    let state = |error: reqwest::Error| if error.is_timeout() { "timeout" } else { "error" };
    let response = client
        .get(url)
        .header("Accept", "application/json")
        .timeout(limit)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(state)?;
    let body = response.bytes().await.map_err(state)?;
    serde_json::from_slice(&body).map_err(|_| "error")
}

async fn part(app: &App, service: &'static str, url: &str, limit: Duration) -> (Box<RawValue>, PartMeta) {
    let start = Instant::now();
    let outcome = fetch(&app.client, url, limit).await;
    let elapsed = start.elapsed().as_secs_f64();
    let (body, state) = match outcome {
        Ok(body) => (body, "fresh"),
        Err(state) => {
            let body = RawValue::from_string(r#"{"error":"Service temporarily unavailable"}"#.to_owned());
            (body.unwrap(), state)
        }
    };
    metrics::counter!("upstream_requests_total", "service" => service, "outcome" => state).increment(1);
    metrics::histogram!("upstream_request_duration_seconds", "service" => service).record(elapsed);
    let elapsed_ms = (elapsed * 1e4).round() / 10.0;
    (body, PartMeta { state, elapsed_ms, deadline_ms: limit.as_millis() as u64 })
}

async fn aggregate(State(app): State<App>) -> Json<Aggregate> {
    let (time, sysinfo, weather) = tokio::join!(
        part(&app, "time", &app.time, Duration::from_secs(3)),
        part(&app, "sysinfo", &app.sysinfo, Duration::from_secs(3)),
        part(&app, "weather", &app.weather, Duration::from_secs(5)),
    );
    Json(Aggregate {
        dashboard: "aggregator-service",
        time_service: time.0,
        sysinfo_service: sysinfo.0,
        weather_service: weather.0,
        meta: Meta { time_service: time.1, sysinfo_service: sysinfo.1, weather_service: weather.1 },
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = |name| env::var(name).expect(name);
    let app = App {
        client: reqwest::Client::builder().pool_max_idle_per_host(256).build().unwrap(),
        time: url("TIME_URL"),
        sysinfo: url("SYSINFO_URL"),
        weather: url("WEATHER_URL"),
    };
    let app = with_metrics(Router::new().route("/api/aggregate", get(aggregate)).with_state(app));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port())).await.unwrap();
    axum::serve(listener.tap_io(|tcp| drop(tcp.set_nodelay(true))), app).await.unwrap();
}
