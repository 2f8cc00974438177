// SPDX-License-Identifier: BSL-1.0
#include "tests/bench/resilience/testbed.hpp"

#include <boost/url/parse.hpp>
#include <ctime>
#include <stdexcept>

#include <cohort/net/system/tcp.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<net::acceptor> listen_on_loopback(loop& event_loop) {
  auto acceptor = net::listen_tcp(event_loop, {asio::ip::make_address("127.0.0.1"), 0});
  if (!acceptor) throw std::runtime_error("cannot listen on 127.0.0.1: " + acceptor.error().message());
  return std::move(*acceptor);
}

http::client_settings client_settings(std::size_t max_idle_connections) {
  http::client_settings settings;
  settings.max_idle_per_origin = max_idle_connections;
  return settings;
}

http::server_settings server_settings(const http::admission_settings& admission) {
  http::server_settings settings;
  settings.admission = admission;
  return settings;
}

task<> start(http::server& server) {
  server.start();
  co_return;
}

task<duration> current_thread_cpu_time() { co_return thread_cpu_time(); }

}  // namespace

duration thread_cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

testbed::testbed(const http::router& routes, const http::admission_settings& admission,
                 std::size_t max_idle_connections)
    : server_metrics_(metrics_, "bench", routes),
      client_(network_, threads_.size(), client_settings(max_idle_connections)),
      server_({&server_loop()}, listen_on_loopback(server_loop()), routes, server_metrics_, log_,
              server_settings(admission)) {}

http::client_request testbed::request(std::string_view path) const {
  http::client_request request;
  request.url = boost::urls::parse_uri("http://127.0.0.1").value();
  request.url.set_port_number(server_.local_endpoint().port());
  request.url.set_path(path);
  return request;
}

task<duration> testbed::server_cpu_time() { return run_on(server_loop(), current_thread_cpu_time()); }

void testbed::run(task<> work) {
  std::exception_ptr failure;
  asio::co_spawn(client_loop().get_executor(), serve_during(std::move(work)), [&](std::exception_ptr exception) {
    failure = std::move(exception);
    threads_.stop();
  });
  threads_.run();
  if (failure) std::rethrow_exception(failure);
}

task<> testbed::serve_during(task<> work) {
  co_await run_on(server_loop(), start(server_));
  co_await std::move(work);
  client_.close_idle();
  co_await run_on(server_loop(), server_.drain(1s));
}

}  // namespace cohort::bench
