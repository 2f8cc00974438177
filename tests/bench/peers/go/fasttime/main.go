// SPDX-License-Identifier: BSL-1.0

// Serves GET /api/time with fasthttp. Usage: fasttime PORT
package main

import (
	"encoding/json"
	"log"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"peers/common"
	"peers/httpmetrics"
)

func apiTime(ctx *fasthttp.RequestCtx) {
	body, err := json.Marshal(common.Now())
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

func instrument(route string, next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		start := time.Now()
		next(ctx)
		method, code := string(ctx.Method()), strconv.Itoa(ctx.Response.StatusCode())
		httpmetrics.Requests.WithLabelValues(route, method, code).Inc()
		httpmetrics.Durations.WithLabelValues(route, method, code).Observe(time.Since(start).Seconds())
	}
}

func main() {
	getTime := instrument("/api/time", apiTime)
	metrics := fasthttpadaptor.NewFastHTTPHandler(promhttp.Handler())
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		switch {
		case !ctx.IsGet():
			ctx.Error("Method Not Allowed", fasthttp.StatusMethodNotAllowed)
		case string(ctx.Path()) == "/api/time":
			getTime(ctx)
		case string(ctx.Path()) == "/metrics":
			metrics(ctx)
		default:
			ctx.NotFound()
		}
	}}
	log.Fatal(server.ListenAndServe(common.Address()))
}
