// SPDX-License-Identifier: BSL-1.0
//! Common code of the servers in Rust.

pub mod metrics;

use std::env;

use chrono::{SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::Serialize;

/// The body of `GET /api/time`.
#[derive(Serialize)]
pub struct TimeBody {
    pub service: &'static str,
    pub timestamp: String,
    pub iso8601: String,
    pub unix_ms: i64,
    pub timezone: String,
}

impl TimeBody {
    pub fn now(zone: Tz) -> Self {
        let now = Utc::now().with_timezone(&zone);
        Self {
            service: "time-service",
            timestamp: now.format("%Y-%m-%d %H:%M:%S").to_string(),
            iso8601: now.to_rfc3339_opts(SecondsFormat::Secs, false),
            unix_ms: now.timestamp_millis(),
            timezone: now.format("%Z").to_string(),
        }
    }
}

/// The time zone of the variable TZ, or UTC.
pub fn zone() -> Tz {
    env::var("TZ").ok().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

/// The port in the first argument.
pub fn port() -> u16 {
    env::args().nth(1).and_then(|p| p.parse().ok()).expect("usage: PROGRAM PORT")
}

/// Bounds of the histograms of durations, in seconds.
pub const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
