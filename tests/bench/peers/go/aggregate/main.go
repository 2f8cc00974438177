// SPDX-License-Identifier: BSL-1.0

// Serves GET /api/aggregate with net/http: makes three calls in parallel, to TIME_URL, SYSINFO_URL and WEATHER_URL.
// Usage: aggregate PORT
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"peers/common"
	"peers/httpmetrics"
)

var (
	calls = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "upstream_requests_total", Help: "Calls to upstreams.",
	}, []string{"service", "outcome"})
	callDurations = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "upstream_request_duration_seconds", Help: "Durations.", Buckets: common.Buckets,
	}, []string{"service"})
	unavailable = json.RawMessage(`{"error":"Service temporarily unavailable"}`)
)

type upstream struct {
	name, url string
	limit     time.Duration
}

type partMeta struct {
	State      string  `json:"state"`
	ElapsedMS  float64 `json:"elapsed_ms"`
	DeadlineMS int64   `json:"deadline_ms"`
}

type part struct {
	body json.RawMessage
	meta partMeta
}

type meta struct {
	Time    partMeta `json:"time_service"`
	Sysinfo partMeta `json:"sysinfo_service"`
	Weather partMeta `json:"weather_service"`
}

type response struct {
	Dashboard string          `json:"dashboard"`
	Time      json.RawMessage `json:"time_service"`
	Sysinfo   json.RawMessage `json:"sysinfo_service"`
	Weather   json.RawMessage `json:"weather_service"`
	Meta      meta            `json:"meta"`
}

type app struct {
	client    *http.Client
	upstreams [3]upstream
}

func (a *app) get(ctx context.Context, from upstream) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, from.limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	if !json.Valid(body) {
		return nil, errors.New("invalid JSON")
	}
	return body, nil
}

func (a *app) fetch(ctx context.Context, from upstream) part {
	start := time.Now()
	body, err := a.get(ctx, from)
	elapsed := time.Since(start).Seconds()
	state := "fresh"
	if err != nil {
		body, state = unavailable, "error"
		if errors.Is(err, context.DeadlineExceeded) {
			state = "timeout"
		}
	}
	calls.WithLabelValues(from.name, state).Inc()
	callDurations.WithLabelValues(from.name).Observe(elapsed)
	return part{body, partMeta{state, math.Round(elapsed*1e4) / 10, from.limit.Milliseconds()}}
}

func (a *app) aggregate(w http.ResponseWriter, r *http.Request) {
	var parts [3]part
	group, ctx := errgroup.WithContext(r.Context())
	for i, from := range a.upstreams {
		group.Go(func() error {
			parts[i] = a.fetch(ctx, from)
			return nil
		})
	}
	_ = group.Wait()
	w.Header().Set("Content-Type", "application/json")
	err := json.NewEncoder(w).Encode(response{
		"aggregator-service", parts[0].body, parts[1].body, parts[2].body,
		meta{parts[0].meta, parts[1].meta, parts[2].meta},
	})
	if err != nil {
		log.Print(err)
	}
}

func main() {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = 256
	a := &app{&http.Client{Transport: transport}, [3]upstream{
		{"time", os.Getenv("TIME_URL"), 3 * time.Second},
		{"sysinfo", os.Getenv("SYSINFO_URL"), 3 * time.Second},
		{"weather", os.Getenv("WEATHER_URL"), 5 * time.Second},
	}}
	mux := http.NewServeMux()
	mux.Handle("GET /api/aggregate", httpmetrics.Instrument("/api/aggregate", a.aggregate))
	mux.Handle("GET /metrics", promhttp.Handler())
	log.Fatal((&http.Server{Addr: common.Address(), Handler: mux}).ListenAndServe())
}
