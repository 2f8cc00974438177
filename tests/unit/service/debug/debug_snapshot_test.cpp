// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <latch>

#include <cohort/net/system/system_network.hpp>
#include <cohort/net/system/tcp.hpp>
#include <cohort/runtime/runtime.hpp>
#include <cohort/service/debug/debug_snapshot.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

TEST_CASE("debug snapshot: a snapshot has the data of every loop except a blocked loop", "[service][debug][threads]") {
  runtime threads{2};
  const std::vector<loop*> loops{&threads.at(0), &threads.at(1)};
  net::system_network network;
  telemetry::log_sink sink;
  const telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  telemetry::registry metrics{2};
  http::router routes;
  http::server_metrics server_metrics{metrics, "test", routes};
  const net::endpoint any_port{asio::ip::make_address("127.0.0.1"), 0};
  http::server server{loops, *net::listen_tcp(*loops[0], any_port), routes, server_metrics, log, {}};
  http::client client{network, 2};
  const std::vector<http::client*> clients{&client};

  std::latch blocked_latch{1};
  std::latch release_latch{1};
  asio::post(loops[1]->get_executor(), [&] {
    blocked_latch.count_down();
    release_latch.wait();
  });
  std::vector<std::optional<service::loop_snapshot>> during;
  std::vector<std::optional<service::loop_snapshot>> after;
  const auto query = [&]() -> task<> {
    blocked_latch.wait();
    auto first = service::take_snapshots(loops, server, clients, 50ms);
    during = co_await std::move(first);
    release_latch.count_down();
    auto second = service::take_snapshots(loops, server, clients, 30s);
    after = co_await std::move(second);
  };
  std::exception_ptr failure;
  asio::co_spawn(loops[0]->get_executor(), query, [&](std::exception_ptr error) {
    failure = error;
    threads.stop();
  });
  threads.run();
  CHECK_FALSE(failure);
  REQUIRE(during.size() == 2);
  CHECK(during[0].has_value());
  CHECK_FALSE(during[1].has_value());
  REQUIRE(after.size() == 2);
  CHECK(after[0].has_value());
  CHECK(after[1].has_value());
}

}  // namespace
}  // namespace cohort
