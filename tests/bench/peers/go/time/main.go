// SPDX-License-Identifier: BSL-1.0

// Serves GET /api/time with net/http. Usage: time PORT
package main

import (
	"encoding/json"
	"log"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"peers/common"
	"peers/httpmetrics"
)

func apiTime(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(common.Now()); err != nil {
		log.Print(err)
	}
}

func main() {
	mux := http.NewServeMux()
	mux.Handle("GET /api/time", httpmetrics.Instrument("/api/time", apiTime))
	mux.Handle("GET /metrics", promhttp.Handler())
	log.Fatal((&http.Server{Addr: common.Address(), Handler: mux}).ListenAndServe())
}
