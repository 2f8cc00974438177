# SPDX-License-Identifier: BSL-1.0
"""`GET /api/aggregate` with Flask and requests, served by gunicorn: three calls in parallel, to TIME_URL, SYSINFO_URL
and WEATHER_URL."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from flask import Flask, Response, g, jsonify, request
from prometheus_client import (CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest,
                               multiprocess)

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REQUESTS = Counter("http_requests_total", "Requests.", ["method", "route", "status"])
DURATIONS = Histogram("http_request_duration_seconds", "Durations.", ["method", "route"], buckets=BUCKETS)
CALLS = Counter("upstream_requests_total", "Calls to upstreams.", ["service", "outcome"])
CALL_DURATIONS = Histogram("upstream_request_duration_seconds", "Durations.", ["service"], buckets=BUCKETS)

UPSTREAMS = (
    ("time", os.environ["TIME_URL"], 3),
    ("sysinfo", os.environ["SYSINFO_URL"], 3),
    ("weather", os.environ["WEATHER_URL"], 5),
)

app = Flask(__name__)
app.json.sort_keys = False
pool = ThreadPoolExecutor(max_workers=3)
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=3, pool_maxsize=16))


def fetch(upstream):
    service, url, timeout = upstream
    start = time.perf_counter()
    body, state = {"error": "Service temporarily unavailable"}, "fresh"
    try:
        response = session.get(url, headers={"Accept": "application/json"}, timeout=timeout)
        response.raise_for_status()
        body = response.json()
    except requests.Timeout:
        state = "timeout"
    except (requests.RequestException, ValueError):
        state = "error"
    elapsed = time.perf_counter() - start
    CALLS.labels(service, state).inc()
    CALL_DURATIONS.labels(service).observe(elapsed)
    return body, {"state": state, "elapsed_ms": round(elapsed * 1000, 1), "deadline_ms": timeout * 1000}


@app.before_request
def start_timer():
    g.start = time.perf_counter()


@app.after_request
def count(response):
    route = request.url_rule.rule if request.url_rule else "unmatched"
    REQUESTS.labels(request.method, route, response.status_code).inc()
    DURATIONS.labels(request.method, route).observe(time.perf_counter() - g.start)
    return response


@app.get("/api/aggregate")
def aggregate():
    (time_body, time_meta), (sysinfo_body, sysinfo_meta), (weather_body, weather_meta) = pool.map(fetch, UPSTREAMS)
    return jsonify({
        "dashboard": "aggregator-service",
        "time_service": time_body,
        "sysinfo_service": sysinfo_body,
        "weather_service": weather_body,
        "meta": {"time_service": time_meta, "sysinfo_service": sysinfo_meta, "weather_service": weather_meta},
    })


@app.get("/metrics")
def metrics():
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
