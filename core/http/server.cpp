#include "core/http/server.hpp"

#include <boost/asio/error.hpp>
#include <cstdio>

#include "core/http/connection.hpp"
#include "core/runtime/race.hpp"
#include "core/runtime/run_on.hpp"
#include "core/runtime/when_all.hpp"
#include "core/runtime/with_deadline.hpp"

namespace cohort::http {
namespace {

using namespace std::chrono_literals;

/// After a failed accept, such as for want of descriptors: 1, 2, 4 … 64 ms.
constexpr duration shortest_pause = 1ms;
constexpr duration longest_pause = 64ms;
/// A listener is closed once nobody new has come for so long, so that none in the backlog is turned away.
constexpr duration quiet_before_close = 20ms;
constexpr duration longest_wait_for_quiet = 500ms;

std::string imf_fixdate(std::chrono::sys_seconds now) {
  static constexpr const char* weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{now - day};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                weekdays[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

}  // namespace

// ---- one loop's part

server_shard::server_shard(server_shared& shared, loop& home)
    : shared_(shared),
      home_(home),
      door_(shared.settings.admission, shared.routes, shared.metrics, home),
      connections_([this](const std::exception_ptr& failure) { on_failure(failure); }) {}

void server_shard::serve(net::stream_ptr client) {
  connections_.spawn_with(
      [this, &client](asio::cancellation_signal& cancel) { return run(*this, std::move(client), cancel); });
}

task<> server_shard::run(server_shard& self, net::stream_ptr client, asio::cancellation_signal& cancel) {
  struct counted {
    server_shard& shard;
    ~counted() {
      shard.load.fetch_sub(1, std::memory_order_relaxed);
      shard.shared_.connections.fetch_sub(1, std::memory_order_relaxed);
    }
  };
  const counted leaves{self};
  connection served{self, std::move(client), cancel};
  co_await served.run();
}

void server_shard::on_failure(const std::exception_ptr& failure) {
  const auto what = what_of(failure);
  shared_.log.write(telemetry::log_level::error, "a connection ended by an exception",
                    {{"what", std::string_view{what}}});
}

task<> server_shard::drain(duration at_most) {
  draining_.set();
  const auto open = open_;
  for (auto* each : open) each->drain();
  co_await with_deadline(deadline::after(home_.now(), at_most), connections_.join());
}

std::string_view server_shard::date_line() {
  const auto now = std::chrono::floor<std::chrono::seconds>(home_.wall_now());
  if (now != date_second_ || date_line_.empty()) {
    date_second_ = now;
    date_line_ = "Date: " + imf_fixdate(now) + "\r\n";
  }
  return date_line_;
}

std::array<char, 16> server_shard::make_request_id() {
  auto mixed = home_.random().next();
  std::array<char, 16> id;
  for (auto& digit : id) {
    digit = "0123456789abcdef"[mixed & 0xFU];
    mixed >>= 4U;
  }
  return id;
}

// ---- all of it

server::server(std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener, const router& routes,
               server_metrics& metrics, telemetry::logger log, server_settings settings)
    : shared_{routes, std::move(settings), metrics, std::move(log)},
      listener_(std::move(listener)),
      local_(listener_->local_endpoint()),
      accepting_([this](const std::exception_ptr&) {
        shared_.log.write(telemetry::log_level::error, "the listener ended by an exception");
      }) {
  for (auto* each : loops) shards_.push_back(std::make_unique<server_shard>(shared_, *each));
}

server::~server() = default;

void server::start() { accepting_.spawn(accept_all()); }

server_shard& server::least_loaded() noexcept {
  auto* best = shards_.front().get();
  for (auto& each : shards_) {
    if (each->load.load(std::memory_order_relaxed) < best->load.load(std::memory_order_relaxed)) best = each.get();
  }
  return *best;
}

task<> server::accept_all() {
  duration pause = shortest_pause;
  bool reported = false;
  for (;;) {
    auto failed = error_code{};
    if (shared_.connections.load(std::memory_order_relaxed) < shared_.settings.limits.connections) {
      auto& shard = least_loaded();
      auto client = co_await listener_->accept(shard.home());
      if (client) {
        ++accepted_;
        pause = shortest_pause;
        reported = false;
        shard.load.fetch_add(1, std::memory_order_relaxed);
        shared_.connections.fetch_add(1, std::memory_order_relaxed);
        if (&shard.home() == &loop::current()) {
          shard.serve(std::move(*client));
        } else {
          asio::post(shard.home().get_executor(),
                     [&shard, held = std::move(*client)]() mutable { shard.serve(std::move(held)); });
        }
        continue;
      }
      failed = client.error();
      if (failed == asio::error::operation_aborted) co_return;
      // A client that was gone before it was accepted says nothing about us.
      if (failed == asio::error::connection_aborted) continue;
    }
    if (pause == longest_pause && !std::exchange(reported, true)) {
      const auto reason = failed ? failed.message() : std::string{"as many connections as are allowed"};
      shared_.log.write(telemetry::log_level::warn, "not accepting", {{"why", std::string_view{reason}}});
    }
    auto resting = sleep_for(pause);
    if (co_await std::move(resting) == wait_status::cancelled) co_return;
    pause = std::min(pause * 2, longest_pause);
  }
}

task<> server::close_listener() {
  const auto latest = deadline::after(loop::current().now(), longest_wait_for_quiet);
  for (auto before = accepted_;; before = accepted_) {
    auto quiet = sleep_for(quiet_before_close);
    co_await std::move(quiet);
    if (accepted_ == before || latest.expired(loop::current().now())) break;
  }
  listener_->close();
  // At the limit it does not accept, and would not hear of that before a connection leaves.
  accepting_.cancel();
  co_await accepting_.join();
}

task<> server::drain(duration at_most) {
  co_await close_listener();
  std::vector<task<std::monostate>> draining;
  draining.reserve(shards_.size());
  for (auto& each : shards_) draining.push_back(run_on(each->home(), each->drain(at_most)));
  co_await when_all(std::move(draining));
}

}  // namespace cohort::http
