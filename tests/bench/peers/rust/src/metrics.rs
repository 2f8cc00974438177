// SPDX-License-Identifier: BSL-1.0
//! Metrics of the axum servers, as in axum's example `prometheus-metrics`.

use std::future::ready;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::Router;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::BUCKETS;

/// Adds `GET /metrics`, and counts and times each request.
pub fn with_metrics(app: Router) -> Router {
    let handle = recorder();
    app.route("/metrics", get(move || ready(handle.render()))).route_layer(middleware::from_fn(track))
}

fn recorder() -> PrometheusHandle {
    let buckets = |builder: PrometheusBuilder, name: &str| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), BUCKETS).unwrap()
    };
    let builder = buckets(PrometheusBuilder::new(), "http_requests_duration_seconds");
    let handle = buckets(builder, "upstream_request_duration_seconds").install_recorder().unwrap();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    handle
}

async fn track(request: Request, next: Next) -> impl IntoResponse {
    let start = Instant::now();
    let path = match request.extensions().get::<MatchedPath>() {
        Some(matched) => matched.as_str().to_owned(),
        None => request.uri().path().to_owned(),
    };
    let method = request.method().clone();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("method", method.to_string()), ("path", path), ("status", status)];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_requests_duration_seconds", &labels).record(start.elapsed().as_secs_f64());
    response
}
