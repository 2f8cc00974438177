// SPDX-License-Identifier: BSL-1.0

// Sends one query to PostgreSQL for each request, with net/http and pgx. Usage: pgx PORT, with PGHOST and others.
package main

import (
	"context"
	"log"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"peers/common"
)

func main() {
	config, err := pgxpool.ParseConfig("")
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /api/users/{id}", func(out http.ResponseWriter, request *http.Request) {
		id, err := strconv.ParseInt(request.PathValue("id"), 10, 64)
		if err != nil {
			http.Error(out, "no user", http.StatusNotFound)
			return
		}
		ctx, cancel := context.WithTimeout(request.Context(), 5*time.Second)
		defer cancel()
		var name string
		if err := pool.QueryRow(ctx, "select name from users where id = $1", id).Scan(&name); err != nil {
			http.Error(out, "no user", http.StatusServiceUnavailable)
			return
		}
		out.Header().Set("Content-Type", "text/plain")
		out.Write([]byte(name))
	})
	log.Fatal(http.ListenAndServe(common.Address(), nil))
}
