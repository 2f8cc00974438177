#include "core/net/tcp.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>

#include "core/runtime/with_deadline.hpp"
#include "tests/support/black_hole.hpp"
#include "tests/unit/core/net/loopback.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// More than the kernel's buffers hold.
constexpr std::size_t too_much = 64 << 20;

TEST_CASE("What one end of a TCP connection writes, the other reads, both ways") {
  real_time time;
  auto both = time.run(connect_both());
  CHECK(time.run(write_bytes(*both.near, "question")) == 8U);
  CHECK(time.run(read_once(*both.far)) == std::string{"question"});
  CHECK(time.run(write_bytes(*both.far, "answer")) == 6U);
  CHECK(time.run(read_once(*both.near)) == std::string{"answer"});
  CHECK(both.near->peer_address() == "127.0.0.1");
}

TEST_CASE("try_write sends at once what can go, and says would_block once nothing does") {
  real_time time;
  auto both = time.run(connect_both());
  const std::string block(1 << 16, 'x');
  const net::const_buffers pieces{asio::buffer(block), asio::const_buffer{}};
  auto sent = both.near->try_write(pieces);
  CHECK(sent.has_value());
  for (std::size_t total = 0; sent && total < too_much; total += block.size()) sent = both.near->try_write(pieces);
  CHECK(sent.error() == asio::error::would_block);
}

task<std::size_t> read_this_much(net::stream& from, std::size_t wanted) {
  std::string into(1 << 16, '\0');
  std::size_t total = 0;
  while (total < wanted) {
    auto reading = from.read_some(asio::buffer(into));
    const auto got = co_await std::move(reading);
    if (!got) break;
    total += *got;
  }
  co_return total;
}

TEST_CASE("write_all goes on until the reader has taken everything") {
  real_time time;
  auto both = time.run(connect_both());
  auto writing = write_bytes(*both.near, std::string(too_much, 'x'));
  const auto done = time.run(when_all(std::move(writing), read_this_much(*both.far, too_much)));
  CHECK(std::get<0>(done) == too_much);
  CHECK(std::get<1>(done) == too_much);
}

TEST_CASE("A TCP read ends at the stream's deadline; one set afterwards counts again") {
  real_time time;
  auto both = time.run(connect_both());
  both.near->set_deadline(time.soon());
  CHECK(time.run(read_once(*both.near)).error() == asio::error::timed_out);
  CHECK(time.run(write_bytes(*both.far, "late")) == 4U);
  CHECK(time.run(read_once(*both.near)).error() == asio::error::timed_out);
  CHECK(time.run(write_bytes(*both.near, "x")).error() == asio::error::timed_out);

  both.near->set_deadline(time.late());
  CHECK(time.run(read_once(*both.near)) == std::string{"late"});
  CHECK(time.run(write_bytes(*both.near, "x")) == 1U);
}

TEST_CASE("A TCP write that the peer does not take ends at the deadline") {
  real_time time;
  auto both = time.run(connect_both());
  both.near->set_deadline(time.soon());
  CHECK(time.run(write_bytes(*both.near, std::string(too_much, 'x'))).error() == asio::error::timed_out);
}

TEST_CASE("A TCP read that is cancelled leaves the stream usable") {
  real_time time;
  auto both = time.run(connect_both());
  const auto late = time.run(with_deadline(time.soon(), read_once(*both.near)));
  CHECK(late.error() == asio::error::timed_out);
  CHECK(time.run(write_bytes(*both.far, "still here")) == 10U);
  CHECK(time.run(read_once(*both.near)) == std::string{"still here"});
}

TEST_CASE("Half a TCP connection may close: the other direction goes on") {
  real_time time;
  auto both = time.run(connect_both());
  both.near->shutdown_write();
  CHECK(time.run(read_once(*both.far)).error() == asio::error::eof);
  CHECK(time.run(write_bytes(*both.far, "understood")) == 10U);
  CHECK(time.run(read_once(*both.near)) == std::string{"understood"});
}

TEST_CASE("A reset by the peer is told as one") {
  real_time time;
  auto listener = *net::listen_tcp(time.main_loop(), loopback());
  auto raw = connect_loopback(listener->local_endpoint().port());
  auto accepted = time.run(listener->accept(time.main_loop()));
  REQUIRE(accepted.has_value());
  reset_on_close(raw);
  raw.close();
  CHECK(time.run(read_once(**accepted)).error() == asio::error::connection_reset);
}

TEST_CASE("readable says whether a TCP read would wait") {
  real_time time;
  auto both = time.run(connect_both());
  CHECK_FALSE(both.near->readable());
  SECTION("bytes") { CHECK(time.run(write_bytes(*both.far, "x")) == 1U); }
  SECTION("the end") { both.far.reset(); }
  // On loopback what one end did is at the other when the call returns.
  CHECK(both.near->readable());
}

task<> closed_by_watch(net::stream& watched, event& told) {
  watched.watch_hangup([&told] { told.set(); });
  co_await told.wait();
}

TEST_CASE("A watch hears of a TCP peer that closes") {
  real_time time;
  auto both = time.run(connect_both());
  event told;
  both.far.reset();
  time.run(closed_by_watch(*both.near, told));
  both.near->unwatch_hangup();
  CHECK(time.run(read_once(*both.near)).error() == asio::error::eof);
}

task<> watch_until(net::stream& watched, deadline until, int* hangups) {
  watched.watch_hangup([hangups] { ++*hangups; });
  co_await sleep_until(until);
}

TEST_CASE("A watch does not take a TCP peer's bytes for its end, nor does it swallow them") {
  real_time time;
  auto both = time.run(connect_both());
  int hangups = 0;
  CHECK(time.run(write_bytes(*both.far, "next request")) == 12U);
  time.run(watch_until(*both.near, time.soon(), &hangups));
  both.near->unwatch_hangup();
  CHECK(hangups == 0);
  CHECK(time.run(read_once(*both.near)) == std::string{"next request"});
}

TEST_CASE("The deadline of an earlier read is no hang-up, and the watch goes on after it") {
  real_time time;
  auto both = time.run(connect_both());
  const auto passes = time.soon();
  both.near->set_deadline(passes);
  int hangups = 0;
  time.run(watch_until(*both.near, deadline{passes.at() + std::chrono::milliseconds{5}}, &hangups));
  CHECK(hangups == 0);

  both.near->unwatch_hangup();
  event told;
  both.near->set_deadline(deadline::after(time.main_loop().now(), std::chrono::milliseconds{1}));
  both.near->watch_hangup([&told] { told.set(); });
  time.run(rest(time.soon()));
  CHECK_FALSE(told.is_set());
  both.far.reset();
  CHECK(time.run(told.wait(time.late())) == wait_status::notified);
}

TEST_CASE("After the watch is over the peer may close unheard") {
  real_time time;
  auto both = time.run(connect_both());
  int hangups = 0;
  both.near->watch_hangup([&hangups] { ++hangups; });
  both.near->unwatch_hangup();
  both.far.reset();
  time.run(rest(time.soon()));
  CHECK(hangups == 0);
}

TEST_CASE("A listener chooses a port, gives out connections, and ends its wait once closed") {
  real_time time;
  auto listener = *net::listen_tcp(time.main_loop(), loopback());
  const auto where = listener->local_endpoint();
  CHECK(where.port() != 0);
  CHECK(time.run(net::connect_tcp(where, time.late())).has_value());
  CHECK(time.run(listener->accept(time.main_loop())).has_value());
  const auto none = time.run(with_deadline(time.soon(), listener->accept(time.main_loop())));
  CHECK(none.error() == asio::error::timed_out);
  listener->close();
  CHECK(time.run(listener->accept(time.main_loop())).has_error());
  CHECK(time.run(net::connect_tcp(where, time.late())).error() == asio::error::connection_refused);
}

task<error_code> accept_then_close(net::acceptor& listener) {
  asio::post(loop::current().get_executor(), [&listener] { listener.close(); });
  auto accepting = listener.accept(loop::current());
  const auto got = co_await std::move(accepting);
  co_return got ? error_code{} : got.error();
}

task<std::string> text_of_end(net::acceptor& listener) {
  const auto failed = co_await accept_then_close(listener);
  co_return failed == asio::error::operation_aborted ? std::string{"operation_aborted"} : failed.message();
}

TEST_CASE("A listener that closes tells the one who waits operation_aborted") {
  real_time time;
  auto listener = *net::listen_tcp(time.main_loop(), loopback());
  CHECK(time.run(text_of_end(*listener)) == "operation_aborted");
}

TEST_CASE("A port that is taken is an error and no exception") {
  real_time time;
  auto listener = *net::listen_tcp(time.main_loop(), loopback());
  CHECK(net::listen_tcp(time.main_loop(), listener->local_endpoint()).error() == asio::error::address_in_use);
}

TEST_CASE("Connecting where nothing answers ends at the deadline, by cancellation, and at once if it has passed") {
  real_time time;
  const black_hole hole;
  const auto where = loopback(hole.port());
  CHECK(time.run(net::connect_tcp(where, time.soon())).error() == asio::error::timed_out);
  CHECK(time.run(net::connect_tcp(where, deadline{time.main_loop().now()})).error() == asio::error::timed_out);
  const auto cancelled = time.run(with_deadline(time.soon(), net::connect_tcp(where, deadline::never())));
  CHECK(cancelled.error() == asio::error::timed_out);
}

}  // namespace
}  // namespace cohort
