// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>
#include <cohort/runtime/runtime.hpp>

using namespace cohort;
using namespace std::chrono_literals;

/// A client with Asio's interface for a line-based protocol.
class line_client {
 public:
  using socket = asio::local::stream_protocol::socket::rebind_executor<executor>::other;

  explicit line_client(loop& event_loop) : socket_(event_loop.get_executor()) {}

  /// Sends a line, and returns the response or, at the deadline, an error.
  task<result<std::string>> query(deadline query_deadline, std::string request) {
    auto query_task = exchange(std::move(request));
    auto response = co_await with_deadline(query_deadline, std::move(query_task));
    // The exchange was cancelled at the deadline and has ended. The connection has an unread response.
    if (!response) socket_.close();
    if (!response) co_return response.error();
    co_return std::move(*response);
  }
  socket& connection() { return socket_; }

 private:
  task<result<std::string>> exchange(std::string request) {
    auto write_operation = asio::async_write(socket_, asio::buffer(request), asio::as_tuple(asio::deferred));
    const auto written = co_await std::move(write_operation);
    if (const auto failure = std::get<0>(written)) co_return failure;
    std::string response;
    auto read_operation = asio::async_read_until(socket_, asio::dynamic_buffer(response, 64 * 1024), '\n',
                                                 asio::as_tuple(asio::deferred));
    const auto read = co_await std::move(read_operation);
    if (const auto failure = std::get<0>(read)) co_return failure;
    response.resize(std::get<1>(read));
    co_return std::move(response);
  }

  socket socket_;
};

static task<> query_twice(loop& event_loop, bool& done) {
  line_client client{event_loop};
  line_client::socket server{event_loop.get_executor()};
  asio::local::connect_pair(client.connection(), server);
  asio::write(server, asio::buffer(std::string_view{"yes\n"}));
  auto query_task = client.query(deadline::after(event_loop.now(), 10s), "ready?\n");
  const auto response = co_await std::move(query_task);
  CHECK(response.value() == "yes\n");

  const auto start = event_loop.now();
  auto second_query_task = client.query(deadline::after(start, 50ms), "ready?\n");
  const auto late = co_await std::move(second_query_task);
  CHECK(late.error() == asio::error::timed_out);
  CHECK(event_loop.now() - start >= 50ms);
  CHECK_FALSE(client.connection().is_open());
  done = true;
}

TEST_CASE("Asio libraries: an operation times out at its deadline", "[example][asio][threads]") {
  runtime loops{1};
  bool done = false;
  asio::co_spawn(loops.at(0).get_executor(), query_twice(loops.at(0), done),
                 [&](const std::exception_ptr&) { loops.stop(); });
  loops.run();
  CHECK(done);
}
