#include "tests/bench/resilience_bed.hpp"

#include <boost/url/parse.hpp>
#include <ctime>
#include <stdexcept>

#include "core/net/tcp.hpp"
#include "core/runtime/run_on.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<net::acceptor> listener_on(loop& home) {
  auto made = net::listen_tcp(home, {asio::ip::make_address("127.0.0.1"), 0});
  if (!made) throw std::runtime_error("cannot listen: " + made.error().message());
  return std::move(*made);
}

http::client_limits keeping(std::size_t connections) {
  http::client_limits limits;
  limits.idle_connections_per_origin = connections;
  return limits;
}

http::server_settings settings_with(const http::admission_settings& how) {
  http::server_settings settings;
  settings.admission = how;
  return settings;
}

task<> start(http::server& server) {
  server.start();
  co_return;
}

task<duration> cpu_time_of_this_thread() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  co_return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace

bed::bed(const http::router& routes, const http::admission_settings& how, std::size_t connections)
    : server_metrics_(metrics_, "bench", routes),
      client_(network_, threads_.size(), keeping(connections)),
      server_({&server_home()}, listener_on(server_home()), routes, server_metrics_, log_, settings_with(how)) {}

http::client_request bed::request(std::string_view path) const {
  http::client_request made;
  made.url = boost::urls::parse_uri("http://127.0.0.1").value();
  made.url.set_port_number(server_.local_endpoint().port());
  made.url.set_path(path);
  return made;
}

task<duration> bed::server_cpu_time() { return run_on(server_home(), cpu_time_of_this_thread()); }

void bed::run(task<> work) {
  std::exception_ptr failure;
  asio::co_spawn(threads_.at(0).get_executor(), serve_during(std::move(work)), [&](std::exception_ptr why) {
    failure = std::move(why);
    threads_.stop();
  });
  threads_.run();
  if (failure) std::rethrow_exception(failure);
}

task<> bed::serve_during(task<> work) {
  co_await run_on(server_home(), start(server_));
  co_await std::move(work);
  client_.close_idle();
  co_await run_on(server_home(), server_.drain(1s));
}

}  // namespace cohort::bench
