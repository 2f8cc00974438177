// SPDX-License-Identifier: BSL-1.0
// Measures three replicas of the time service behind one name. One replica is killed and restarted.
#include <boost/url/parse.hpp>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <thread>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/net/system/system_network.hpp>
#include "loadgen/results/format.hpp"
#include "tests/bench/resilience/parts.hpp"
#include "tests/bench/resilience/testbed.hpp"
#include "tests/integration/running_program.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::array hosts{"127.0.0.1", "127.0.0.2", "127.0.0.3"};
constexpr std::size_t killed_replica = 1;
constexpr std::size_t client_count = 32;
constexpr auto kill_time = 1500ms;
constexpr auto restart_time = 3000ms;
constexpr auto end_time = 4000ms;
constexpr auto request_count_series =
    R"(time_service_http_requests_total{endpoint="/api/time",method="GET",status="200"})";

http::client_request make_request(std::string_view host, std::uint16_t port, std::string_view path) {
  http::client_request request;
  request.url = boost::urls::parse_uri("http://replicas").value();
  request.url.set_host(host);
  request.url.set_port_number(port);
  request.url.set_path(path);
  return request;
}

/// Runs `work` on a loop in the calling thread.
void run_in_this_thread(loop& event_loop, task<> work) {
  std::exception_ptr failure;
  asio::co_spawn(event_loop.get_executor(), std::move(work), [&](std::exception_ptr exception) {
    failure = std::move(exception);
    event_loop.stop();
  });
  event_loop.run();
  if (failure) std::rethrow_exception(failure);
}

task<> fetch_body(http::client& client, http::client_request request, std::string& body) {
  auto fetch_task = http::fetch(client, std::move(request), deadline::after(loop::current().now(), 1s));
  const auto response = co_await std::move(fetch_task);
  if (response) body = response->body;
  client.close_idle();
}

/// Returns the body of a response; the result is empty if there is none.
std::string get_body(std::string_view host, std::uint16_t port, std::string_view path) {
  loop event_loop;
  net::system_network network;
  http::client client{network, 1};
  std::string body;
  run_in_this_thread(event_loop, fetch_body(client, make_request(host, port, path), body));
  return body;
}

class replica {
 public:
  replica(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) { start(); }

  void start() {
    process_.emplace(test::program_path("time-service"),
                     std::vector<std::string>{"--host", host_, "--port", std::to_string(port_), "--threads", "1",
                                              "--log-level", "warn"});
    while (get_body(host_, port_, "/health").empty()) std::this_thread::sleep_for(5ms);
  }
  void kill() {
    process_->signal(SIGKILL);
    process_->wait_for_exit();
  }
  std::uint64_t request_count() const {
    return static_cast<std::uint64_t>(series_value(get_body(host_, port_, "/metrics"), request_count_series));
  }

 private:
  std::string host_;
  std::uint16_t port_;
  std::optional<test::child_process> process_;
};

struct measurement {
  http::upstream& upstream;
  http::client& client;
  http::client_request request;
  time_point end;
  std::uint64_t call_count = 0;
  std::uint64_t failed_call_count = 0;
  std::vector<duration> latencies{};
};

task<> make_calls(measurement& measurement) {
  for (auto now = loop::current().now(); now < measurement.end; now = loop::current().now()) {
    const call_context context{.deadline = deadline::after(now, 2s)};
    auto call_task = measurement.upstream.call(measurement.request, context);
    const auto result = co_await std::move(call_task);
    ++measurement.call_count;
    measurement.latencies.push_back(result.elapsed);
    if (!result.response || result.response->status != http::status::ok) ++measurement.failed_call_count;
  }
}

task<> run_measurement(measurement& measurement) {
  auto call_task = run_concurrently(client_count, [&measurement] { return make_calls(measurement); });
  co_await std::move(call_task);
  measurement.client.close_idle();
}

net::resolver::addresses resolve_replicas(const std::string&) {
  std::vector<asio::ip::address> addresses;
  for (const auto* host : hosts) addresses.push_back(asio::ip::make_address(host));
  return addresses;
}

void measure(std::string_view scenario, const http::upstream_settings& settings) {
  // The port is free on 127.0.0.1, and therefore most likely also on the other addresses.
  const auto port = test::local_port(test::listen_loopback(1));
  std::vector<std::unique_ptr<replica>> replicas;
  for (const auto* host : hosts) replicas.push_back(std::make_unique<replica>(host, port));

  loop event_loop;
  net::system_network network{resolve_replicas};
  http::client client{network, 1};
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  const telemetry::logger log{sink, "resilience", telemetry::log_level::off, telemetry::log_format::text};
  http::upstream upstream{client, metrics, log, "time", settings};
  const auto start = event_loop.now();
  measurement measurement{upstream, client, make_request("replicas", port, "/api/time"), start + end_time};
  std::jthread client_thread{[&] { run_in_this_thread(event_loop, run_measurement(measurement)); }};

  std::this_thread::sleep_until(start + kill_time);
  const auto count_before = replicas[killed_replica]->request_count();
  replicas[killed_replica]->kill();
  std::this_thread::sleep_until(start + restart_time);
  replicas[killed_replica]->start();
  client_thread.join();

  const auto text = metrics.prometheus_text();
  const auto count = [&](const char* series) { return loadgen::format_fixed(series_value(text, series), 0); };
  print_row("replicas", scenario,
            loadgen::format_count(measurement.call_count) + " calls, " +
                loadgen::format_count(measurement.failed_call_count) + " failed, maximum " +
                format_quantile(measurement.latencies, 1) + " · served: " +
                loadgen::format_count(replicas[0]->request_count()) + ", " + loadgen::format_count(count_before) +
                " (killed) + " + loadgen::format_count(replicas[killed_replica]->request_count()) + " (restarted), " +
                loadgen::format_count(replicas[2]->request_count()) + " · retries " +
                count(R"(cohort_client_retries_total{upstream="time",verdict="again"})") + " · ejections " +
                count(R"(cohort_client_ejections_total{upstream="time"})") + ", ejected at the end " +
                count(R"(cohort_client_addresses{upstream="time",state="ejected"})") + " of " +
                count(R"(cohort_client_addresses{upstream="time",state="known"})"));
}

}  // namespace

void measure_replicas() {
  http::upstream_settings settings;
  measure("one of three killed and restarted, default policy", settings);
  settings.retry.max_attempts = 1;
  settings.hedging.is_enabled = false;
  measure("the same, attempts=1, no hedges", settings);
}

}  // namespace cohort::bench
