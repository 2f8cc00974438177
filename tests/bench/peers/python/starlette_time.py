# SPDX-License-Identifier: BSL-1.0
"""`GET /api/time` with Starlette, served by uvicorn."""

import time
from datetime import datetime

from prometheus_client import Counter, Histogram, make_asgi_app
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REQUESTS = Counter("http_requests_total", "Requests.", ["method", "route", "status"])
DURATIONS = Histogram("http_request_duration_seconds", "Durations.", ["method", "route"], buckets=BUCKETS)


class Metrics:
    """A plain ASGI middleware: BaseHTTPMiddleware is slower."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def observe(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, observe)
        finally:
            route = scope["path"] if "endpoint" in scope else "unmatched"
            REQUESTS.labels(scope["method"], route, status).inc()
            DURATIONS.labels(scope["method"], route).observe(time.perf_counter() - start)


async def api_time(_):
    now = datetime.now().astimezone()
    return JSONResponse({
        "service": "time-service",
        "timestamp": now.strftime("%Y-%m-%d %H:%M:%S"),
        "iso8601": now.isoformat(timespec="seconds"),
        "unix_ms": int(now.timestamp() * 1000),
        "timezone": now.tzname(),
    })


app = Metrics(Starlette(routes=[Route("/api/time", api_time), Mount("/metrics", make_asgi_app())]))
