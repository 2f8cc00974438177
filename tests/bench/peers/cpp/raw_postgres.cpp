// SPDX-License-Identifier: BSL-1.0
// Lower bound of the cost of a request with one query to PostgreSQL. For each request, an epoll loop executes a
// prepared statement with libpq on one of ten connections, and sends the name. The server does not parse requests, and
// has no deadlines, no metrics and no recovery from errors.

#include <libpq-fe.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/support/net/loopback_sockets.hpp"

using namespace cohort::test;

namespace {

constexpr std::size_t connection_count = 10;

// The response is as long as that of database-service.
constexpr char response_head[] =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 22 Nov 2026 13:05:09 GMT\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: %d\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
    "Server-Timing: postgres;dur=1.234;desc=\"ok\"\r\n"
    "\r\n%s";

[[noreturn]] void exit_with_connection_error(const PGconn* connection) {
  std::fprintf(stderr, "raw_postgres: %s", PQerrorMessage(connection));
  std::exit(1);
}

class query_server {
 public:
  explicit query_server(std::uint16_t port) : listener_{listen_on(port)} {
    watch(poller_, listener_);
    for (std::size_t i = 0; i < connection_count; ++i) {
      auto* const connection = PQconnectdb("");
      if (PQstatus(connection) != CONNECTION_OK) exit_with_connection_error(connection);
      PQclear(PQprepare(connection, "find", "select name from users where id = $1", 0, nullptr));
      PQsetnonblocking(connection, 1);
      watch(poller_, PQsocket(connection));
      connections_.emplace(PQsocket(connection), connection);
      idle_.push_back(connection);
    }
  }

  [[noreturn]] void run() {
    run_epoll(poller_, [this](int descriptor) { handle(descriptor); });
  }

 private:
  void handle(int descriptor) {
    if (descriptor == listener_) {
      while (accept_next(poller_, listener_) >= 0) {
      }
    } else if (const auto found = connections_.find(descriptor); found != connections_.end()) {
      finish_query(found->second);
    } else {
      // Assumes that one read is one complete request.
      std::array<char, 4096> request;
      if (::recv(descriptor, request.data(), request.size(), 0) <= 0) {
        ::close(descriptor);
      } else {
        waiting_clients_.push_back(descriptor);
        start_queries();
      }
    }
  }

  void start_queries() {
    while (!idle_.empty() && !waiting_clients_.empty()) {
      auto* const connection = idle_.back();
      idle_.pop_back();
      const char* const value = "7";
      if (!PQsendQueryPrepared(connection, "find", 1, &value, nullptr, nullptr, 0))
        exit_with_connection_error(connection);
      if (PQflush(connection) != 0) exit_with_connection_error(connection);
      clients_[connection] = waiting_clients_.front();
      waiting_clients_.pop_front();
    }
  }

  void finish_query(PGconn* connection) {
    if (!PQconsumeInput(connection)) exit_with_connection_error(connection);
    while (!PQisBusy(connection)) {
      auto* const result = PQgetResult(connection);
      if (!result) {
        idle_.push_back(connection);
        start_queries();
        return;
      }
      if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) exit_with_connection_error(connection);
      std::array<char, 1024> response;
      const int size = std::snprintf(response.data(), response.size(), response_head, PQgetlength(result, 0, 0),
                                     PQgetvalue(result, 0, 0));
      // The client may have closed the connection.
      static_cast<void>(::send(clients_.at(connection), response.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL));
      PQclear(result);
    }
  }

  int poller_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_;
  std::unordered_map<int, PGconn*> connections_;
  std::unordered_map<PGconn*, int> clients_;
  std::vector<PGconn*> idle_;
  std::deque<int> waiting_clients_;
};

}  // namespace

/// `raw_postgres PORT`, with PGHOST and others; serves on loopback.
int main(int argc, char** argv) {
  std::uint16_t port = 0;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port);
  query_server{port}.run();
}
