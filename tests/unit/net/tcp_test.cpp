// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/tcp.hpp>

#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/runtime/concurrency/with_deadline.hpp>
#include "tests/support/net/black_hole.hpp"
#include "tests/unit/net/loopback.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// The size of a message that is larger than the socket buffers of the kernel.
constexpr std::size_t oversized_length = 64 << 20;

TEST_CASE("tcp: bytes are transferred in both directions", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  CHECK(time.run(write_bytes(*streams.client, "question")) == 8U);
  CHECK(time.run(read_once(*streams.server)) == std::string{"question"});
  CHECK(time.run(write_bytes(*streams.server, "answer")) == 6U);
  CHECK(time.run(read_once(*streams.client)) == std::string{"answer"});
  CHECK(streams.client->peer_address() == "127.0.0.1");
}

TEST_CASE("tcp: try_write writes without waiting and returns would_block when the buffers are full", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  const std::string block(1 << 16, 'x');
  const net::const_buffers buffers{asio::buffer(block), asio::const_buffer{}};
  auto sent = streams.client->try_write(buffers);
  CHECK(sent.has_value());
  for (std::size_t total = 0; sent && total < oversized_length; total += block.size())
    sent = streams.client->try_write(buffers);
  CHECK(sent.error() == asio::error::would_block);
}

task<std::size_t> count_bytes(net::stream& source, std::size_t size) {
  std::string buffer(1 << 16, '\0');
  std::size_t total = 0;
  while (total < size) {
    auto read_task = source.read_some(asio::buffer(buffer));
    const auto read = co_await std::move(read_task);
    if (!read) break;
    total += *read;
  }
  co_return total;
}

TEST_CASE("tcp: write_all completes when the reader has read all bytes", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  auto write_task = write_bytes(*streams.client, std::string(oversized_length, 'x'));
  const auto transferred = time.run(when_all(std::move(write_task), count_bytes(*streams.server, oversized_length)));
  CHECK(std::get<0>(transferred) == oversized_length);
  CHECK(std::get<1>(transferred) == oversized_length);
}

/// Memory that records whether a read holds it.
class observed_memory final : public net::read_memory {
 public:
  asio::mutable_buffer prepare() override {
    is_held = true;
    return asio::buffer(bytes);
  }
  void release() noexcept override { is_held = false; }

  bool is_held = false;
  std::string bytes = std::string(100, '\0');
};

task<net::io_result> read_into(net::stream& source, observed_memory& memory) {
  auto read_task = source.read_some(memory);
  co_return co_await std::move(read_task);
}

TEST_CASE("tcp: a read allocates its buffer when bytes have arrived", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  observed_memory memory;
  for (const auto* text : {"first", "second"}) {
    detail::child_task<net::io_result> child;
    asio::post(time.event_loop().get_executor(), [&] {
      detail::start_child_task(child, read_into(*streams.server, memory), [&] { time.event_loop().stop(); });
    });
    memory.is_held = false;
    time.run(sleep_task(time.short_deadline()));
    CHECK_FALSE(memory.is_held);
    CHECK(streams.client->try_write({asio::buffer(std::string_view{text}), asio::const_buffer{}}).has_value());
    time.event_loop().context().restart();
    time.event_loop().run();
    REQUIRE(child.outcome.value);
    CHECK(child.outcome.value->value() == std::string_view{text}.size());
    CHECK(memory.is_held);
    CHECK(memory.bytes.starts_with(text));
  }
}

TEST_CASE("tcp: a read times out at the stream's deadline, and succeeds after a new deadline is set", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  streams.client->set_deadline(time.short_deadline());
  CHECK(time.run(read_once(*streams.client)).error() == asio::error::timed_out);
  CHECK(time.run(write_bytes(*streams.server, "late")) == 4U);
  CHECK(time.run(read_once(*streams.client)).error() == asio::error::timed_out);
  CHECK(time.run(write_bytes(*streams.client, "x")).error() == asio::error::timed_out);

  streams.client->set_deadline(time.long_deadline());
  CHECK(time.run(read_once(*streams.client)) == std::string{"late"});
  CHECK(time.run(write_bytes(*streams.client, "x")) == 1U);
}

TEST_CASE("tcp: a write that the peer does not read times out at the deadline", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  streams.client->set_deadline(time.short_deadline());
  CHECK(time.run(write_bytes(*streams.client, std::string(oversized_length, 'x'))).error() == asio::error::timed_out);
}

TEST_CASE("tcp: a cancelled read leaves the stream usable", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  const auto timed_out = time.run(with_deadline(time.short_deadline(), read_once(*streams.client)));
  CHECK(timed_out.error() == asio::error::timed_out);
  CHECK(time.run(write_bytes(*streams.server, "still here")) == 10U);
  CHECK(time.run(read_once(*streams.client)) == std::string{"still here"});
}

TEST_CASE("tcp: after shutdown_write the other direction stays open", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  streams.client->shutdown_write();
  CHECK(time.run(read_once(*streams.server)).error() == asio::error::eof);
  CHECK(time.run(write_bytes(*streams.server, "understood")) == 10U);
  CHECK(time.run(read_once(*streams.client)) == std::string{"understood"});
}

TEST_CASE("tcp: a reset by the peer is returned as connection_reset", "[net][tcp]") {
  real_time_fixture time;
  auto listener = *net::listen_tcp(time.event_loop(), loopback_endpoint());
  auto raw = connect_loopback(listener->local_endpoint().port());
  auto accept_result = time.run(listener->accept(time.event_loop()));
  REQUIRE(accept_result.has_value());
  reset_on_close(raw);
  raw.close();
  CHECK(time.run(read_once(**accept_result)).error() == asio::error::connection_reset);
}

TEST_CASE("tcp: the end of the stream is returned immediately if it arrived with the last bytes", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  streams.server->set_deadline(time.long_deadline());
  CHECK(time.run(write_bytes(*streams.client, "request")) == 7U);
  streams.client->shutdown_write();
  CHECK(time.run(read_once(*streams.server)) == std::string{"request"});
  // The end of the stream is reported with and without an earlier write.
  SECTION("after a write") { CHECK(time.run(write_bytes(*streams.server, "response")) == 8U); }
  SECTION("without a write") {}
  CHECK(time.run(read_once(*streams.server)).error() == asio::error::eof);
}

TEST_CASE("tcp: a reset that arrived with the last bytes is returned by the next read", "[net][tcp]") {
  real_time_fixture time;
  auto listener = *net::listen_tcp(time.event_loop(), loopback_endpoint());
  auto raw = connect_loopback(listener->local_endpoint().port());
  auto accept_result = time.run(listener->accept(time.event_loop()));
  REQUIRE(accept_result.has_value());
  (*accept_result)->set_deadline(time.long_deadline());
  REQUIRE(::send(raw.get(), "part", 4, 0) == 4);
  reset_on_close(raw);
  raw.close();
  CHECK(time.run(read_once(**accept_result)) == std::string{"part"});
  CHECK(time.run(read_once(**accept_result)).error() == asio::error::connection_reset);
}

TEST_CASE("tcp: bytes that arrive between two reads are read", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  streams.server->set_deadline(time.long_deadline());
  CHECK(time.run(write_bytes(*streams.client, "first")) == 5U);
  CHECK(time.run(read_once(*streams.server)) == std::string{"first"});
  CHECK(time.run(write_bytes(*streams.server, "response")) == 8U);
  CHECK(time.run(write_bytes(*streams.client, "second")) == 6U);
  // The loop waits while no read is pending, and so receives the socket's event before the read.
  time.run(sleep_task(time.short_deadline()));
  CHECK(time.run(read_once(*streams.server)) == std::string{"second"});
}

TEST_CASE("tcp: readable is true if a read would not wait", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  CHECK_FALSE(streams.client->is_readable());
  SECTION("bytes were received") { CHECK(time.run(write_bytes(*streams.server, "x")) == 1U); }
  SECTION("the peer has closed") { streams.server.reset(); }
  // On the loopback interface, data has arrived when the call returns.
  CHECK(streams.client->is_readable());
}

task<> wait_for_hangup(net::stream& stream, event& hangup) {
  stream.watch_hangup([&hangup] { hangup.set(); });
  co_await hangup.wait();
}

TEST_CASE("tcp: the hangup watch is notified when the peer closes", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  event hangup;
  streams.server.reset();
  time.run(wait_for_hangup(*streams.client, hangup));
  streams.client->unwatch_hangup();
  CHECK(time.run(read_once(*streams.client)).error() == asio::error::eof);
}

task<> watch_until(net::stream& stream, deadline watch_deadline, int* hangup_count) {
  stream.watch_hangup([hangup_count] { ++*hangup_count; });
  co_await sleep_until(watch_deadline);
}

TEST_CASE("tcp: received bytes neither trigger the hangup watch nor are consumed by it", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  int hangup_count = 0;
  CHECK(time.run(write_bytes(*streams.server, "next request")) == 12U);
  time.run(watch_until(*streams.client, time.short_deadline(), &hangup_count));
  streams.client->unwatch_hangup();
  CHECK(hangup_count == 0);
  CHECK(time.run(read_once(*streams.client)) == std::string{"next request"});
}

TEST_CASE("tcp: the hangup watch stays active after an expired deadline, which causes no notification", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  const auto read_deadline = time.short_deadline();
  streams.client->set_deadline(read_deadline);
  int hangup_count = 0;
  time.run(watch_until(*streams.client, deadline{read_deadline.time() + std::chrono::milliseconds{5}}, &hangup_count));
  CHECK(hangup_count == 0);

  streams.client->unwatch_hangup();
  event hangup;
  streams.client->set_deadline(deadline::after(time.event_loop().now(), std::chrono::milliseconds{1}));
  streams.client->watch_hangup([&hangup] { hangup.set(); });
  time.run(sleep_task(time.short_deadline()));
  CHECK_FALSE(hangup.is_set());
  streams.server.reset();
  CHECK(time.run(hangup.wait(time.long_deadline())) == wait_status::notified);
}

TEST_CASE("tcp: unwatch_hangup prevents the notification", "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  int hangup_count = 0;
  streams.client->watch_hangup([&hangup_count] { ++hangup_count; });
  streams.client->unwatch_hangup();
  streams.server.reset();
  time.run(sleep_task(time.short_deadline()));
  CHECK(hangup_count == 0);
}

TEST_CASE("tcp: an acceptor chooses a port, accepts connections, and fails after close", "[net][tcp]") {
  real_time_fixture time;
  auto listener = *net::listen_tcp(time.event_loop(), loopback_endpoint());
  const auto endpoint = listener->local_endpoint();
  CHECK(endpoint.port() != 0);
  CHECK(time.run(net::connect_tcp(endpoint, time.long_deadline())).has_value());
  CHECK(time.run(listener->accept(time.event_loop())).has_value());
  const auto accept_result = time.run(with_deadline(time.short_deadline(), listener->accept(time.event_loop())));
  CHECK(accept_result.error() == asio::error::timed_out);
  listener->close();
  CHECK(time.run(listener->accept(time.event_loop())).has_error());
  CHECK(time.run(net::connect_tcp(endpoint, time.long_deadline())).error() == asio::error::connection_refused);
}

task<error_code> accept_then_close(net::acceptor& listener) {
  asio::post(loop::current().get_executor(), [&listener] { listener.close(); });
  auto accept_task = listener.accept(loop::current());
  const auto accept_result = co_await std::move(accept_task);
  co_return accept_result ? error_code{} : accept_result.error();
}

task<std::string> accept_error(net::acceptor& listener) {
  const auto error = co_await accept_then_close(listener);
  co_return error == asio::error::operation_aborted ? std::string{"operation_aborted"} : error.message();
}

TEST_CASE("tcp: closing an acceptor aborts a pending accept with operation_aborted", "[net][tcp]") {
  real_time_fixture time;
  auto listener = *net::listen_tcp(time.event_loop(), loopback_endpoint());
  CHECK(time.run(accept_error(*listener)) == "operation_aborted");
}

/// Returns the number of connections that are accepted before a handler that was posted after the first accept runs.
task<std::size_t> count_accepted_at_once(net::acceptor& listener, std::size_t max_count) {
  const auto has_run = std::make_shared<bool>(false);
  std::vector<net::stream_ptr> accepted_streams;
  while (!*has_run && accepted_streams.size() < max_count) {
    auto accept_task = listener.accept(loop::current());
    accepted_streams.push_back(*co_await std::move(accept_task));
    if (accepted_streams.size() == 1) asio::post(loop::current().get_executor(), [has_run] { *has_run = true; });
  }
  co_return accepted_streams.size();
}

TEST_CASE("tcp: up to 256 further connections in the backlog are accepted before other handlers of the loop run",
          "[net][tcp]") {
  constexpr std::size_t count = 300;
  real_time_fixture time;
  auto listener = *net::listen_tcp(time.event_loop(), loopback_endpoint());
  std::vector<net::stream_ptr> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(*time.run(net::connect_tcp(listener->local_endpoint(), time.long_deadline())));
  }
  // The next accept waits for the posted handler.
  CHECK(time.run(count_accepted_at_once(*listener, count)) == 256 + 2);
}

TEST_CASE("tcp: listening on a port in use returns address_in_use", "[net][tcp]") {
  real_time_fixture time;
  auto listener = *net::listen_tcp(time.event_loop(), loopback_endpoint());
  CHECK(net::listen_tcp(time.event_loop(), listener->local_endpoint()).error() == asio::error::address_in_use);
}

TEST_CASE("tcp: connecting to a host that does not respond times out at the deadline, and can be cancelled",
          "[net][tcp]") {
  real_time_fixture time;
  const black_hole unresponsive_server;
  const auto endpoint = loopback_endpoint(unresponsive_server.port());
  CHECK(time.run(net::connect_tcp(endpoint, time.short_deadline())).error() == asio::error::timed_out);
  CHECK(time.run(net::connect_tcp(endpoint, deadline{time.event_loop().now()})).error() == asio::error::timed_out);
  const auto cancelled = time.run(with_deadline(time.short_deadline(), net::connect_tcp(endpoint, deadline::never())));
  CHECK(cancelled.error() == asio::error::timed_out);
}

}  // namespace
}  // namespace cohort
