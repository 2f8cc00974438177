// One name, three time services; one of them dies and comes back.
#include <boost/url/parse.hpp>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <thread>

#include "core/http/upstream.hpp"
#include "core/net/system_network.hpp"
#include "loadgen/figures.hpp"
#include "tests/bench/resilience_bed.hpp"
#include "tests/bench/resilience_parts.hpp"
#include "tests/integration/running_program.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::array hosts{"127.0.0.1", "127.0.0.2", "127.0.0.3"};
constexpr std::size_t victim = 1;
constexpr std::size_t callers = 32;
constexpr auto dies_after = 1500ms;
constexpr auto returns_after = 3000ms;
constexpr auto ends_after = 4000ms;
constexpr auto served_series = R"(time_service_http_requests_total{endpoint="/api/time",method="GET",status="200"})";

http::client_request request_to(std::string_view host, std::uint16_t port, std::string_view path) {
  http::client_request made;
  made.url = boost::urls::parse_uri("http://replicas").value();
  made.url.set_host(host);
  made.url.set_port_number(port);
  made.url.set_path(path);
  return made;
}

/// Does the work on a loop of its own, in this thread.
void run_here(loop& home, task<> work) {
  std::exception_ptr failure;
  asio::co_spawn(home.get_executor(), std::move(work), [&](std::exception_ptr why) {
    failure = std::move(why);
    home.stop();
  });
  home.run();
  if (failure) std::rethrow_exception(failure);
}

task<> fetch_into(http::client& client, http::client_request what, std::string& body) {
  const auto answer = co_await client.call(std::move(what), deadline::after(loop::current().now(), 1s));
  if (answer) body = answer->body;
  client.close_idle();
}

/// Empty if there is no answer.
std::string fetch(std::string_view host, std::uint16_t port, std::string_view path) {
  loop home;
  net::system_network network;
  http::client client{network, 1};
  std::string body;
  run_here(home, fetch_into(client, request_to(host, port, path), body));
  return body;
}

class replica {
 public:
  replica(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) { start(); }

  void start() {
    process_.emplace(test::program_path("time-service"),
                     std::vector<std::string>{"--host", host_, "--port", std::to_string(port_), "--threads", "1",
                                              "--log-level", "warn"});
    while (fetch(host_, port_, "/health").empty()) std::this_thread::sleep_for(5ms);
  }
  void kill() {
    process_->signal(SIGKILL);
    process_->wait_exit();
  }
  std::uint64_t served() const {
    return static_cast<std::uint64_t>(sample_of(fetch(host_, port_, "/metrics"), served_series));
  }

 private:
  std::string host_;
  std::uint16_t port_;
  std::optional<test::child_process> process_;
};

struct calling {
  http::upstream& to;
  http::client& through;
  http::client_request request;
  time_point until;
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  std::vector<duration> took{};
};

task<> call_again_and_again(calling& of) {
  for (auto now = loop::current().now(); now < of.until; now = loop::current().now()) {
    auto request = of.request;
    const http::caller who{deadline::after(now, 2s), {}};
    const auto made = co_await of.to.call(std::move(request), who);
    ++of.calls;
    of.took.push_back(made.elapsed);
    if (!made.outcome || made.outcome->code != http::status::ok) ++of.failed;
  }
}

task<> call_all(calling& of) {
  auto all = all_at_once(callers, [&of] { return call_again_and_again(of); });
  co_await std::move(all);
  of.through.close_idle();
}

net::resolver::addresses all_replicas(const std::string&) {
  std::vector<asio::ip::address> found;
  for (const auto* each : hosts) found.push_back(asio::ip::make_address(each));
  return found;
}

void measure(std::string_view name, const http::upstream_settings& how) {
  // Free on 127.0.0.1 and so, most likely, on the others.
  const auto port = test::local_port(test::listen_loopback(1));
  std::vector<std::unique_ptr<replica>> replicas;
  for (const auto* each : hosts) replicas.push_back(std::make_unique<replica>(each, port));

  loop home;
  net::system_network network{all_replicas};
  http::client client{network, 1};
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  const telemetry::logger log{sink, "resilience", telemetry::log_level::off, telemetry::log_format::text};
  http::upstream upstream{client, metrics, log, "time", how};
  const auto start = home.now();
  calling of{upstream, client, request_to("replicas", port, "/api/time"), start + ends_after};
  std::jthread callers_thread{[&] { run_here(home, call_all(of)); }};

  std::this_thread::sleep_until(start + dies_after);
  const auto before = replicas[victim]->served();
  replicas[victim]->kill();
  std::this_thread::sleep_until(start + returns_after);
  replicas[victim]->start();
  callers_thread.join();

  const auto told = metrics.text();
  const auto count = [&](const char* series) { return loadgen::fixed_text(sample_of(told, series), 0); };
  print_row("replicas", name,
            loadgen::count_text(of.calls) + " calls, " + loadgen::count_text(of.failed) + " failed, the longest " +
                quantile_text(of.took, 1) + " · served: " + loadgen::count_text(replicas[0]->served()) + ", " +
                loadgen::count_text(before) + " (killed) + " + loadgen::count_text(replicas[victim]->served()) +
                " (back), " + loadgen::count_text(replicas[2]->served()) + " · retries " +
                count(R"(cohort_client_retries_total{upstream="time",verdict="again"})") + " · ejections " +
                count(R"(cohort_client_ejections_total{upstream="time"})") + ", at the end " +
                count(R"(cohort_client_addresses{upstream="time",state="ejected"})") + " out of " +
                count(R"(cohort_client_addresses{upstream="time",state="known"})") + " is ejected");
}

}  // namespace

void measure_replicas() {
  http::upstream_settings how;
  measure("one of three killed and restarted, the usual policy", how);
  how.retry.most_attempts = 1;
  how.hedge.enabled = false;
  measure("the same, attempts=1, no hedges", how);
}

}  // namespace cohort::bench
