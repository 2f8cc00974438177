// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
namespace errc = boost::system::errc;

struct accept_failures {
  error_code error;
  int remaining = 0;
  int attempts = 0;
};

/// Fails as often as `accept_failures` specifies, and then accepts connections.
class failing_acceptor final : public net::acceptor {
 public:
  failing_acceptor(std::unique_ptr<net::acceptor> inner_acceptor, accept_failures& failures)
      : inner_(std::move(inner_acceptor)), failures_(failures) {}
  task<result<net::stream_ptr>> accept(loop& target) override {
    ++failures_.attempts;
    if (failures_.remaining > 0) {
      --failures_.remaining;
      co_return failures_.error;
    }
    auto accept_task = inner_->accept(target);
    co_return co_await std::move(accept_task);
  }
  net::endpoint local_endpoint() const override { return inner_->local_endpoint(); }
  void close() noexcept override { inner_->close(); }

 private:
  std::unique_ptr<net::acceptor> inner_;
  accept_failures& failures_;
};

struct failing_server : server_fixture {
  failing_server(errc::errc_t code, int count) {
    failures.error = error_code{code, boost::system::system_category()};
    failures.remaining = count;
    routes.get("/", text_handler("hello"));
    wrap_listener([this](std::unique_ptr<net::acceptor> inner_acceptor) -> std::unique_ptr<net::acceptor> {
      return std::make_unique<failing_acceptor>(std::move(inner_acceptor), failures);
    });
  }
  accept_failures failures;
};

TEST_CASE("server: accepting is retried with backoff while descriptors or memory are exhausted",
          "[http][server][bounds]") {
  const auto [code, reason] =
      GENERATE(table<errc::errc_t, std::string>({{errc::too_many_files_open, "descriptors"},
                                                 {errc::too_many_files_open_in_system, "descriptors"},
                                                 {errc::no_buffer_space, "memory"},
                                                 {errc::not_enough_memory, "memory"},
                                                 {errc::permission_denied, "other"}}));
  captured_log log;
  {
    failing_server server{code, 20};
    server.log_to(log.sink());
    server.start();
    server.time.run_for(1ms);
    CHECK(server.failures.attempts <= 2);
    server.time.run_for(126ms);  // 1 + 2 + 4 + 8 + 16 + 32 + 64 ms
    CHECK(server.failures.attempts <= 8);
    server.time.run_for(1s);
    CHECK(server.failures.remaining == 0);
    CHECK(server.response_to(get("/")).status == 200);
    CHECK(server.metric_value(R"(cohort_server_accept_errors_total{reason=")" + reason + R"("})") == 20);
  }
  CHECK(log.close_and_count("connections are not accepted") == 1);
}

TEST_CASE("server: an idle connection is shed when file descriptors are exhausted", "[http][server][bounds]") {
  failing_server server{errc::too_many_files_open, 0};
  auto idle_client = server.connect();
  server.time.run_for(10ms);
  server.failures.remaining = 1;
  auto next = server.connect();  // ends the pending accept; the next accept fails
  CHECK(idle_client.is_closed_cleanly());
  next.send(get("/"));
  CHECK(next.receive()->status == 200);
}

TEST_CASE("server: connections aborted before their accept cause no backoff", "[http][server][bounds]") {
  failing_server server{errc::connection_aborted, 50};
  server.start();
  server.time.run_for(1ms);
  CHECK(server.failures.remaining == 0);
}

}  // namespace
}  // namespace cohort
