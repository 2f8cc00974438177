// SPDX-License-Identifier: BSL-1.0

// Package httpmetrics instruments net/http handlers with promhttp, as its documentation shows.
package httpmetrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"peers/common"
)

var (
	Requests = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total", Help: "Requests.",
	}, []string{"handler", "method", "code"})
	Durations = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "Durations.", Buckets: common.Buckets,
	}, []string{"handler", "method", "code"})
)

func Instrument(route string, next http.HandlerFunc) http.Handler {
	label := prometheus.Labels{"handler": route}
	return promhttp.InstrumentHandlerDuration(Durations.MustCurryWith(label),
		promhttp.InstrumentHandlerCounter(Requests.MustCurryWith(label), next))
}
