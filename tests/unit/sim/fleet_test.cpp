// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/fleet.hpp>

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "tests/unit/sim/greeter.hpp"

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;

std::string body_of(const http::client_result& response) {
  return response ? response->body : "(" + std::string{http::error_class(response.error())} + ")";
}

TEST_CASE("fleet: a service has the given settings and its own health route and metrics", "[sim][fleet]") {
  fleet services{1};
  const auto& one = services.add_service(greeter, "one");
  const auto& two = services.add_service(greeter, "two", {{"GREETING_REPEAT", "2"}});
  const auto& three = services.add_service(greeter, "three", {}, {"--repeat", "3"});
  const auto& port_80_node = services.add_service(greeter, "port-80", {}, {"--port", "80"});
  CHECK(one.url() == "http://one:5050");
  CHECK(port_80_node.url() == "http://port-80:80");
  CHECK(body_of(services.call(one.url() + "/greeting")) == "hello");
  CHECK(body_of(services.call(two.url() + "/greeting")) == "hellohello");
  CHECK(body_of(services.call(three.url() + "/greeting")) == "hellohellohello");
  CHECK(body_of(services.call("http://port-80/greeting")) == "hello");
  CHECK(body_of(services.call(one.url() + "/health")) == R"({"status":"healthy"})");
  CHECK(one.metrics().prometheus_text().find(
            "greeter_http_requests_total{endpoint=\"/greeting\",method=\"GET\",status=\"200\"} 1") !=
        std::string::npos);
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
}

TEST_CASE("fleet: add_service throws if a setting is invalid", "[sim][fleet]") {
  fleet services{1};
  CHECK_THROWS_AS(services.add_service(greeter, "one", {{"GREETING_REPEAT", "many"}}), std::invalid_argument);
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
}

TEST_CASE("fleet: services call each other by name", "[sim][fleet]") {
  fleet services{1, event_log::mode::timeline};
  auto& stub = services.add_stub_server("outside", 80, [] {
    http::router routes;
    routes.get("/", [](http::request_context&) { return http::response{}.body("hi", "text/plain"); });
    return routes;
  });
  auto& caller = services.add_service(greeter, "caller", {{"UPSTREAM_URL", "http://outside/"}});
  CHECK(body_of(services.call(caller.url() + "/via")) == "hi there");
  CHECK(services.recorder().count(caller.host(), "/via").responses == 1);
  CHECK(services.recorder().count(stub.host(), "/").responses == 1);
  CHECK(services.recorder().exchanges().back().client == &caller.host());
  CHECK(services.event_log().text().find("client → caller #1  GET /via HTTP/1.1") != std::string::npos);

  services.kill(stub);
  CHECK(services.call(caller.url() + "/via")->status == http::status::bad_gateway);
}

TEST_CASE("fleet: replicas share a name and have separate hosts", "[sim][fleet]") {
  fleet services{1};
  auto& first = services.add_service(greeter, "greeter");
  auto& second = services.add_service(greeter, "greeter");
  CHECK(first.name() == "greeter");
  CHECK(second.name() == "greeter-2");
  CHECK(second.url() == first.url());
  CHECK(services.find("greeter-2") == &second);
  CHECK(services.find("greeter-3") == nullptr);
  services.kill(first);
  CHECK(body_of(services.call(first.url() + "/greeting")) == "hello");
  CHECK(services.recorder().count(second.host(), "/greeting").responses == 1);
}

std::uint64_t hash_of_calls(std::uint64_t seed) {
  fleet services{seed};
  auto& node = services.add_service(greeter, "greeter");
  for (int i = 0; i < 3; ++i) CHECK(services.call(node.url() + "/greeting").has_value());
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
  return services.event_log().hash();
}

TEST_CASE("fleet: the event hash depends on the seed only", "[sim][fleet]") {
  CHECK(hash_of_calls(7) == hash_of_calls(7));
  CHECK(hash_of_calls(7) != hash_of_calls(8));
}

task<> kill_after(duration delay, fleet& services, node& target) {
  co_await sleep_for(delay);
  services.kill(target);
}

task<> stop_after(duration delay, fleet& services, node& target) {
  co_await sleep_for(delay);
  co_await services.stop(target, 5s);
}

task<> call_and_store(std::optional<http::client_result>& stored, fleet& services, std::string url) {
  http::client_request request;
  request.url = *boost::urls::parse_uri(url);
  auto call_task = http::fetch(services.client("caller"), std::move(request), deadline::never());
  stored.emplace(co_await std::move(call_task));
}

TEST_CASE("fleet: kill resets the connections of a service; start creates a new process", "[sim][fleet]") {
  fleet services{1};
  auto& slow_node = services.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  services.spawn(kill_after(100ms, services, slow_node));
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "(reset)");
  CHECK(services.elapsed() < 200ms);
  CHECK_FALSE(slow_node.is_running());
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "(connect)");
  services.start(slow_node);
  CHECK(slow_node.is_running());
  CHECK_THROWS_AS(services.start(slow_node), std::logic_error);
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "hello");
  CHECK(slow_node.metrics().prometheus_text().find("status=\"200\"} 1") != std::string::npos);
  const auto counted = services.recorder().count(slow_node.host(), "/greeting");
  CHECK(counted.requests == 2);
  CHECK(counted.responses == 1);
  CHECK(counted.closed_without_response == 1);
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
}

TEST_CASE("fleet: a powered-off service does not respond until it is restarted", "[sim][fleet]") {
  fleet services{1};
  auto& target = services.add_service(greeter, "greeter");
  CHECK(services.call(target.url() + "/greeting").has_value());
  services.power_off(target);
  CHECK(body_of(services.call(target.url() + "/greeting", 5s)) == "(timeout)");
  services.start(target);
  CHECK(body_of(services.call(target.url() + "/greeting", 1min)) == "hello");
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
}

TEST_CASE("fleet: stop completes pending requests and removes the name; start adds the name again", "[sim][fleet]") {
  std::optional<http::client_result> response;  // outlives the fleet, in which a script stores the response
  fleet services{1};
  auto& slow_node = services.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  services.spawn(call_and_store(response, services, slow_node.url() + "/greeting"));
  services.run_for(100ms);
  services.run(services.stop(slow_node, 5s));
  services.run_for(10ms);
  REQUIRE(response);
  CHECK(body_of(*response) == "hello");
  CHECK(services.elapsed() < 2s);
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "(dns)");
  services.start(slow_node);
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "hello");

  services.run(services.stop(slow_node, 5s, false));
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "(connect)");
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
}

TEST_CASE("fleet: a service can be killed while it drains", "[sim][fleet]") {
  fleet services{1};
  auto& slow_node = services.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  services.spawn(stop_after(100ms, services, slow_node));
  services.spawn(kill_after(300ms, services, slow_node));
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "(reset)");
  services.run_for(2s);
  services.start(slow_node);
  CHECK(body_of(services.call(slow_node.url() + "/greeting")) == "hello");
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
}

TEST_CASE("fleet: shutdown completes a stop that a script has started", "[sim][fleet]") {
  std::optional<http::client_result> response;  // outlives the fleet, in which a script stores the response
  fleet services{1};
  auto& backend = services.add_service(greeter, "backend", {}, {"--pause-ms", "1000"});
  auto& front = services.add_service(greeter, "front", {{"UPSTREAM_URL", "http://backend:5050/greeting"}});
  services.spawn(call_and_store(response, services, front.url() + "/via"));
  services.spawn(stop_after(100ms, services, front));
  services.run_for(200ms);
  services.shutdown();
  CHECK(services.leaks() == sim::no_leaks);
  CHECK(services.recorder().count(backend.host(), "/greeting").requests == 1);
}

TEST_CASE("fleet: a stopping service is not ready and cannot be started", "[sim][fleet]") {
  std::optional<http::client_result> response;  // outlives the fleet, in which a script stores the response
  fleet services{1};
  auto& slow_node = services.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  CHECK(services.call(slow_node.url() + "/readyz")->status == http::status::ok);
  services.spawn(call_and_store(response, services, slow_node.url() + "/greeting"));
  services.spawn(stop_after(100ms, services, slow_node));
  services.run_for(105ms);
  CHECK(services.call(slow_node.url() + "/readyz")->status == http::status::service_unavailable);
  CHECK_THROWS_AS(services.start(slow_node), std::logic_error);
}

TEST_CASE("fleet: shutdown stops the newest service first", "[sim][fleet]") {
  fleet services{1, event_log::mode::timeline};
  services.add_service(greeter, "first");
  services.add_service(greeter, "second");
  services.shutdown();
  std::vector<std::string> notes;
  for (const auto& line : services.event_log().timeline()) {
    if (const auto note = line.find("note "); note != std::string::npos) notes.push_back(line.substr(note + 5));
  }
  CHECK(notes == std::vector<std::string>{"stopping second", "stopping first"});
}

TEST_CASE("fleet: leaks reports the gauges of services and of terminated processes", "[sim][fleet]") {
  fleet services{1};
  const auto leaking_service = [] {
    auto definition = greeter();
    definition.app = [](service::service_context& context, service::api_key_authenticator&) {
      context.metrics.make_gauge("cohort_server_requests_in_flight", "").add(1);
      return http::router{};
    };
    return definition;
  };
  auto& leaking_node = services.add_service(leaking_service, "leaking");
  services.kill(leaking_node);
  services.start(leaking_node);
  services.shutdown();
  CHECK(services.leaks() == std::vector<std::string>{"leaking: cohort_server_requests_in_flight 1.000000",
                                                     "terminated process: cohort_server_requests_in_flight 1.000000"});
}

TEST_CASE("fleet: leaks reports timers, coroutines, handlers and connections", "[sim][fleet]") {
  fleet services{1};
  auto& node = services.add_service(greeter, "greeter");
  timer armed_timer{services.event_loop().timers(), nullptr, [](void*) {}};
  wait_queue queue;
  net::stream_ptr open;
  SECTION("a timer") {
    services.shutdown();
    armed_timer.arm(services.time().now() + 1h);
    CHECK(services.leaks() == std::vector<std::string>{"armed timers: 1"});
    armed_timer.disarm();
  }
  SECTION("a coroutine") {
    services.shutdown();
    asio::post(services.event_loop().get_executor(), [&] {
      asio::co_spawn(
          services.event_loop().get_executor(), [](wait_queue& waiters) -> task<> { co_await waiters.wait(); }(queue),
          [](const std::exception_ptr&) {});
    });
    services.run_for(0s);
    CHECK(services.leaks() == std::vector<std::string>{"suspended coroutines"});
    queue.notify_all();
    services.run_for(0s);
  }
  SECTION("a handler") {
    services.shutdown();
    asio::post(services.event_loop().get_executor(), [] {});
    CHECK(services.leaks() == std::vector<std::string>{"ready handlers: 1"});
  }
  SECTION("a connection") {
    auto& server = services.network().add_host("server");
    auto listener = services.network().listen(server, 80);
    auto stream =
        services.run(services.network().network_for(node.host()).connect({server.address, 80}, deadline::never()));
    open = std::move(*stream);
    services.shutdown();
    CHECK(services.leaks() == std::vector<std::string>{"open connections: 1"});
  }
  CHECK(services.leaks().empty() == (open == nullptr));
}

task<> throw_after(duration delay) {
  co_await sleep_for(delay);
  throw std::runtime_error("script error");
}

TEST_CASE("fleet: shutdown cancels a script; leaks reports the exception of a script", "[sim][fleet]") {
  fleet services{1};
  bool is_cancelled = false;
  SECTION("a running script") {
    auto endless = [](bool& flag) -> task<> { flag = co_await sleep_for(1h) == wait_status::cancelled; };
    services.spawn(endless(is_cancelled));
    services.run_for(1s);
    services.shutdown();
    CHECK(is_cancelled);
    CHECK(services.elapsed() < 2s);
    CHECK(services.leaks() == sim::no_leaks);
  }
  SECTION("a failed script") {
    services.spawn(throw_after(1s));
    services.run_for(2s);
    services.shutdown();
    CHECK(services.leaks() == std::vector<std::string>{"unhandled exception in a script: script error"});
  }
}

TEST_CASE("fleet: a note is logged", "[sim][fleet]") {
  fleet services{1, event_log::mode::timeline};
  services.note("half way");
  CHECK(services.event_log().timeline().back() == "     0.000 ms  fleet  note half way");
}

}  // namespace
}  // namespace cohort::sim
