// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "tests/unit/http/server/server_fixture.hpp"

// Fixture of a server with a maximum number of connections.
namespace cohort::test {

inline const std::string limit_rejections = R"(cohort_server_connections_rejected_total{reason="limit"})";
inline const std::string reserve_rejections = R"(cohort_server_connections_rejected_total{reason="reserve"})";

inline std::string shed_series(const std::string& state) {
  return R"(cohort_server_connections_shed_total{state=")" + state + R"("})";
}

struct limited_server : server_fixture {
  explicit limited_server(std::size_t max_connections, net::memory_pipe_settings pipe = {}) : server_fixture(pipe) {
    settings.limits.max_connections = max_connections;
    settings.limits.reserved_connections = 2;
    routes.get("/", text_handler("hello"));
    routes.get("/slow", delayed_handler(5s));
    routes.get("/health", text_handler("healthy")).probe();
  }

  /// Returns a connection that is idle after its first response.
  peer connect_idle() {
    auto client = connect();
    client.send(get("/"));
    CHECK(client.receive()->status == 200);
    time.run_for(10ms);
    return client;
  }
  /// Returns a connection with a request in flight.
  peer connect_busy() {
    auto client = connect();
    client.send(get("/slow"));
    time.run_for(10ms);
    return client;
  }
  int status_of(peer& client, std::string_view path) {
    client.send(get(path));
    const auto response = client.receive();
    return response ? response->status : 0;
  }
};

}  // namespace cohort::test
