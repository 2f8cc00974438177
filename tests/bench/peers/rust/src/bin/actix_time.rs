// SPDX-License-Identifier: BSL-1.0
//! `GET /api/time` with actix-web and actix-web-prom. Usage: actix_time PORT

use std::net::Ipv4Addr;

use actix_web::{get, web, App, HttpServer, Responder};
use actix_web_prom::PrometheusMetricsBuilder;
use chrono_tz::Tz;
use peers::{port, zone, TimeBody, BUCKETS};

#[get("/api/time")]
async fn api_time(zone: web::Data<Tz>) -> impl Responder {
    web::Json(TimeBody::now(*zone.get_ref()))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let metrics = PrometheusMetricsBuilder::new("api").endpoint("/metrics").buckets(BUCKETS).build().unwrap();
    let zone = web::Data::new(zone());
    HttpServer::new(move || App::new().wrap(metrics.clone()).app_data(zone.clone()).service(api_time))
        .workers(1)
        .bind((Ipv4Addr::LOCALHOST, port()))?
        .run()
        .await
}
