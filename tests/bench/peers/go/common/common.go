// SPDX-License-Identifier: BSL-1.0

// Package common contains the common code of the servers in Go.
package common

import (
	"fmt"
	"net"
	"os"
	"time"
)

type Time struct {
	Service   string `json:"service"`
	Timestamp string `json:"timestamp"`
	ISO8601   string `json:"iso8601"`
	UnixMS    int64  `json:"unix_ms"`
	Timezone  string `json:"timezone"`
}

func Now() Time {
	now := time.Now()
	zone, _ := now.Zone()
	return Time{
		Service:   "time-service",
		Timestamp: now.Format(time.DateTime),
		ISO8601:   now.Format("2006-01-02T15:04:05-07:00"),
		UnixMS:    now.UnixMilli(),
		Timezone:  zone,
	}
}

func Address() string {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: PROGRAM PORT")
		os.Exit(2)
	}
	return net.JoinHostPort("127.0.0.1", os.Args[1])
}

var Buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
