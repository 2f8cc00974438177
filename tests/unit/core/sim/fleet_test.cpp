#include "core/sim/fleet.hpp"

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>

#include "core/runtime/wait_queue.hpp"

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;

/// Says hello, as often as `GREETING_REPEAT` says, after `--pause-ms`; below `/via` whatever its upstream says.
service::definition greeter() {
  struct settings {
    std::int64_t repeat = 1;
    std::int64_t pause = 0;
    std::optional<boost::urls::url> upstream;
  };
  struct routes {
    static task<http::response> greet(std::shared_ptr<settings> chosen) {
      const auto pause = std::chrono::milliseconds{chosen->pause};
      if (pause > 0ms) co_await sleep_for(pause);
      std::string text;
      for (std::int64_t i = 0; i < chosen->repeat; ++i) text += "hello";
      co_return http::response{}.body(std::move(text), "text/plain");
    }
    static task<http::response> ask(http::client& client, std::shared_ptr<settings> chosen, deadline until) {
      http::client_request request;
      request.url = *chosen->upstream;
      const auto got = co_await client.call(std::move(request), until);
      if (!got) co_return http::error_response(http::status::bad_gateway, http::error_class(got.error()));
      co_return http::response{}.body(got->body + " there", "text/plain");
    }
  };
  auto chosen = std::make_shared<settings>();
  service::definition made;
  made.name = "greeter";
  made.metric_prefix = "greeter";
  made.port = 5050;
  made.add_options = [chosen](config::options& options) {
    options.add(chosen->repeat, {"--repeat", "GREETING_REPEAT", "How often"}, config::integer(1, 10), "1");
    options.add(chosen->pause, {"--pause-ms", "", "How late"}, config::integer(0, 60'000), "0");
    options.add(chosen->upstream, {"--upstream", "UPSTREAM_URL", "Whom to ask"}, config::http_url(), "none");
  };
  made.app = [chosen](service::kit& with, service::key_guard&) {
    http::router table;
    table.get("/greeting", [chosen](http::request_context&) { return routes::greet(chosen); });
    table.get("/via", [chosen, &client = with.client](http::request_context& context) {
      return routes::ask(client, chosen, context.until());
    });
    return table;
  };
  return made;
}

std::string body_of(const http::client::outcome& answer) {
  return answer ? answer->body : "(" + std::string{http::error_class(answer.error())} + ")";
}

TEST_CASE("A fleet runs a service as its program would, with the settings that it is given and no others") {
  fleet f{1};
  const auto& one = f.add_service(greeter, "one");
  const auto& two = f.add_service(greeter, "two", {{"GREETING_REPEAT", "2"}});
  const auto& three = f.add_service(greeter, "three", {}, {"--repeat", "3"});
  const auto& moved = f.add_service(greeter, "moved", {}, {"--port", "80"});
  CHECK(one.url() == "http://one:5050");
  CHECK(moved.url() == "http://moved:80");
  CHECK(body_of(f.call(one.url() + "/greeting")) == "hello");
  CHECK(body_of(f.call(two.url() + "/greeting")) == "hellohello");
  CHECK(body_of(f.call(three.url() + "/greeting")) == "hellohellohello");
  CHECK(body_of(f.call("http://moved/greeting")) == "hello");
  CHECK(body_of(f.call(one.url() + "/health")) == R"({"status":"healthy"})");
  CHECK(one.metrics().text().find(
            "greeter_http_requests_total{endpoint=\"/greeting\",method=\"GET\",status=\"200\"} 1") !=
        std::string::npos);
  f.shutdown();
  CHECK(f.leftovers().empty());
}

TEST_CASE("What is wrong with a service's settings is said as its program would say it") {
  fleet f{1};
  CHECK_THROWS_AS(f.add_service(greeter, "one", {{"GREETING_REPEAT", "many"}}), std::invalid_argument);
  f.shutdown();
  CHECK(f.leftovers().empty());
}

TEST_CASE("Services of a fleet find each other by name, over the network of the fleet") {
  fleet f{1, trace::keeping::timeline};
  auto& site = f.add_site("outside", 80, [] {
    http::router routes;
    routes.get("/", [](http::request_context&) { return http::response{}.body("hi", "text/plain"); });
    return routes;
  });
  auto& asking = f.add_service(greeter, "asking", {{"UPSTREAM_URL", "http://outside/"}});
  CHECK(body_of(f.call(asking.url() + "/via")) == "hi there");
  CHECK(f.exchanges().count(asking.at(), "/via").answers == 1);
  CHECK(f.exchanges().count(site.at(), "/").answers == 1);
  CHECK(f.exchanges().exchanges().back().from == &asking.at());
  CHECK(f.events().text().find("client → asking #1  GET /via HTTP/1.1") != std::string::npos);

  f.kill(site);
  CHECK(f.call(asking.url() + "/via")->code == http::status::bad_gateway);
}

TEST_CASE("Replicas share a name, and each has a host of its own") {
  fleet f{1};
  auto& first = f.add_service(greeter, "greeter");
  auto& second = f.add_service(greeter, "greeter");
  CHECK(first.name() == "greeter");
  CHECK(second.name() == "greeter-2");
  CHECK(second.url() == first.url());
  CHECK(f.find("greeter-2") == &second);
  CHECK(f.find("greeter-3") == nullptr);
  f.kill(first);
  CHECK(body_of(f.call(first.url() + "/greeting")) == "hello");
  CHECK(f.exchanges().count(second.at(), "/greeting").answers == 1);
}

std::uint64_t hash_of_run(std::uint64_t seed) {
  fleet f{seed};
  auto& only = f.add_service(greeter, "greeter");
  for (int i = 0; i < 3; ++i) CHECK(f.call(only.url() + "/greeting").has_value());
  f.shutdown();
  CHECK(f.leftovers().empty());
  return f.events().hash();
}

TEST_CASE("The same seed gives the same fleet, another seed another") {
  CHECK(hash_of_run(7) == hash_of_run(7));
  CHECK(hash_of_run(7) != hash_of_run(8));
}

task<> kill_after(duration span, fleet& all, member& which) {
  co_await sleep_for(span);
  all.kill(which);
}

task<> stop_after(duration span, fleet& all, member& which) {
  co_await sleep_for(span);
  co_await all.stop(which, 5s);
}

task<> call_into(std::optional<http::client::outcome>& answer, fleet& all, std::string url) {
  http::client_request request;
  request.url = *boost::urls::parse_uri(url);
  auto calling = all.client("caller").call(std::move(request), deadline::never());
  answer.emplace(co_await std::move(calling));
}

TEST_CASE("A killed service takes its requests with it; started again it is a new process on the same host") {
  fleet f{1};
  auto& slow = f.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  f.spawn(kill_after(100ms, f, slow));
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "(reset)");
  CHECK(f.elapsed() < 200ms);
  CHECK_FALSE(slow.is_running());
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "(connect)");
  f.start(slow);
  CHECK(slow.is_running());
  CHECK_THROWS_AS(f.start(slow), std::logic_error);
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "hello");
  CHECK(slow.metrics().text().find("status=\"200\"} 1") != std::string::npos);
  const auto counted = f.exchanges().count(slow.at(), "/greeting");
  CHECK(counted.requests == 2);
  CHECK(counted.answers == 1);
  CHECK(counted.closed_unanswered == 1);
  f.shutdown();
  CHECK(f.leftovers().empty());
}

TEST_CASE("A service whose machine loses power says nothing, and can come back") {
  fleet f{1};
  auto& lost = f.add_service(greeter, "greeter");
  CHECK(f.call(lost.url() + "/greeting").has_value());
  f.vanish(lost);
  CHECK(body_of(f.call(lost.url() + "/greeting", 5s)) == "(timeout)");
  f.start(lost);
  CHECK(body_of(f.call(lost.url() + "/greeting", 1min)) == "hello");
  f.shutdown();
  CHECK(f.leftovers().empty());
}

TEST_CASE("A stopped service answers what it has, is not found by new callers, and may be started again") {
  std::optional<http::client::outcome> answer;  // which the fleet may still fill as it goes
  fleet f{1};
  auto& slow = f.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  f.spawn(call_into(answer, f, slow.url() + "/greeting"));
  f.run_for(100ms);
  f.run(f.stop(slow, 5s));
  f.run_for(10ms);
  REQUIRE(answer);
  CHECK(body_of(*answer) == "hello");
  CHECK(f.elapsed() < 2s);
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "(dns)");
  f.start(slow);
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "hello");

  f.run(f.stop(slow, 5s, false));
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "(connect)");
  f.shutdown();
  CHECK(f.leftovers().empty());
}

TEST_CASE("A service that is killed while it drains is just gone") {
  fleet f{1};
  auto& slow = f.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  f.spawn(stop_after(100ms, f, slow));
  f.spawn(kill_after(300ms, f, slow));
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "(reset)");
  f.run_for(2s);
  f.start(slow);
  CHECK(body_of(f.call(slow.url() + "/greeting")) == "hello");
  f.shutdown();
  CHECK(f.leftovers().empty());
}

TEST_CASE("The shutdown ends what a script has begun to stop") {
  std::optional<http::client::outcome> answer;  // which the fleet may still fill as it goes
  fleet f{1};
  auto& behind = f.add_service(greeter, "behind", {}, {"--pause-ms", "1000"});
  auto& front = f.add_service(greeter, "front", {{"UPSTREAM_URL", "http://behind:5050/greeting"}});
  f.spawn(call_into(answer, f, front.url() + "/via"));
  f.spawn(stop_after(100ms, f, front));
  f.run_for(200ms);
  f.shutdown();
  CHECK(f.leftovers().empty());
  CHECK(f.exchanges().count(behind.at(), "/greeting").requests == 1);
}

TEST_CASE("A service that is being stopped says so to those who still reach it") {
  std::optional<http::client::outcome> answer;  // which the fleet may still fill as it goes
  fleet f{1};
  auto& slow = f.add_service(greeter, "greeter", {}, {"--pause-ms", "1000"});
  CHECK(f.call(slow.url() + "/readyz")->code == http::status::ok);
  f.spawn(call_into(answer, f, slow.url() + "/greeting"));
  f.spawn(stop_after(100ms, f, slow));
  f.run_for(105ms);
  CHECK(f.call(slow.url() + "/readyz")->code == http::status::service_unavailable);
  CHECK_THROWS_AS(f.start(slow), std::logic_error);
}

TEST_CASE("The shutdown ends the newest first") {
  fleet f{1, trace::keeping::timeline};
  f.add_service(greeter, "first");
  f.add_service(greeter, "second");
  f.shutdown();
  std::vector<std::string> told;
  for (const auto& line : f.events().timeline()) {
    if (const auto note = line.find("note "); note != std::string::npos) told.push_back(line.substr(note + 5));
  }
  CHECK(told == std::vector<std::string>{"second is stopped", "first is stopped"});
}

TEST_CASE("What a service's own gauges say in the end is among the leftovers, of former processes, too") {
  fleet f{1};
  const auto forgetful = [] {
    auto made = greeter();
    made.app = [](service::kit& with, service::key_guard&) {
      with.metrics.make_gauge("cohort_server_requests_in_flight", "").add(1);
      return http::router{};
    };
    return made;
  };
  auto& one = f.add_service(forgetful, "forgetful");
  f.kill(one);
  f.start(one);
  f.shutdown();
  CHECK(f.leftovers() == std::vector<std::string>{"forgetful: cohort_server_requests_in_flight 1.000000",
                                                  "a former process: cohort_server_requests_in_flight 1.000000"});
}

TEST_CASE("Leftovers name what is still there after the end") {
  fleet f{1};
  auto& only = f.add_service(greeter, "greeter");
  timer forgotten{f.home().timers(), nullptr, [](void*) {}};
  wait_queue never_told;
  net::stream_ptr open;
  SECTION("a timer") {
    f.shutdown();
    forgotten.arm(f.time().now() + 1h);
    CHECK(f.leftovers() == std::vector<std::string>{"1 armed timers"});
    forgotten.disarm();
  }
  SECTION("a coroutine") {
    f.shutdown();
    asio::post(f.home().get_executor(), [&] {
      asio::co_spawn(
          f.home().get_executor(), [](wait_queue& queue) -> task<> { co_await queue.wait(); }(never_told),
          [](const std::exception_ptr&) {});
    });
    f.run_for(0s);
    CHECK(f.leftovers() == std::vector<std::string>{"coroutines that wait"});
    never_told.notify_all();
    f.run_for(0s);
  }
  SECTION("steps that were ready") {
    f.shutdown();
    asio::post(f.home().get_executor(), [] {});
    CHECK(f.leftovers() == std::vector<std::string>{"1 steps that were ready"});
  }
  SECTION("a connection") {
    auto& elsewhere = f.network().add_host("elsewhere");
    auto listener = f.network().listen(elsewhere, 80);
    auto made = f.run(f.network().reach(only.at()).connect({elsewhere.address, 80}, deadline::never()));
    open = std::move(*made);
    f.shutdown();
    CHECK(f.leftovers() == std::vector<std::string>{"1 open connections"});
  }
  CHECK(f.leftovers().empty() == (open == nullptr));
}

task<> fail_after(duration span) {
  co_await sleep_for(span);
  throw std::runtime_error("out of ideas");
}

TEST_CASE("A script runs beside everything else; the shutdown ends it, and its failure is told") {
  fleet f{1};
  bool reached = false;
  SECTION("one that goes on") {
    auto endless = [](bool& flag) -> task<> { flag = co_await sleep_for(1h) == wait_status::cancelled; };
    f.spawn(endless(reached));
    f.run_for(1s);
    f.shutdown();
    CHECK(reached);
    CHECK(f.elapsed() < 2s);
    CHECK(f.leftovers().empty());
  }
  SECTION("one that fails") {
    f.spawn(fail_after(1s));
    f.run_for(2s);
    f.shutdown();
    CHECK(f.leftovers() == std::vector<std::string>{"a script ended by an exception: out of ideas"});
  }
}

TEST_CASE("A note stands in the timeline") {
  fleet f{1, trace::keeping::timeline};
  f.note("half way");
  CHECK(f.events().timeline().back() == "     0.000 ms  fleet  note half way");
}

}  // namespace
}  // namespace cohort::sim
