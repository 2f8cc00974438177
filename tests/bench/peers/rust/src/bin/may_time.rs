// SPDX-License-Identifier: BSL-1.0
//! `GET /api/time` with may_minihttp, stackful coroutines on one worker: no router, no metrics. Usage: may_time PORT

use may_minihttp::{HttpServer, HttpService, Request, Response};
use peers::{port, zone, TimeBody};

#[derive(Clone)]
struct Time;

impl HttpService for Time {
    fn call(&mut self, request: Request, response: &mut Response) -> std::io::Result<()> {
        if request.path() == "/api/time" {
            response.header("Content-Type: application/json");
            response.body_vec(serde_json::to_vec(&TimeBody::now(zone()))?);
        } else {
            response.status_code(404, "Not Found");
        }
        Ok(())
    }
}

fn main() {
    may::config().set_workers(1);
    HttpServer(Time).start(("127.0.0.1", port())).unwrap().join().unwrap();
}
