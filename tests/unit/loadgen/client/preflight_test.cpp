// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/preflight.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/unit/loadgen/load_fixture.hpp"

namespace cohort {
namespace {

using namespace test;
using error_list = std::vector<std::string>;

class preflight_fixture {
 public:
  /// Responds to a path with a status, and counts the requests.
  void add_route(const std::string& path, unsigned code, std::string body = "hello") {
    load.routes.get(path, [this, code, body](http::request_context&) {
      ++load.request_count;
      return http::response{static_cast<http::status>(code)}.body(body, "text/plain");
    });
  }
  error_list check(duration timeout = 5s) {
    settings.timeout = timeout;
    return load.time.run(loadgen::run_preflight(load.network, settings));
  }
  loadgen::target& add_target(const std::string& name, const std::string& url) {
    return settings.targets.emplace_back(make_target(name, url));
  }

  load_fixture load;
  load_settings settings;
};

TEST_CASE("preflight: a target that responds receives one request and has no error", "[loadgen][client]") {
  preflight_fixture fixture;
  fixture.add_route("/a", 200);
  fixture.add_route("/b", 200);
  fixture.load.serve();
  fixture.add_target("a", "http://192.0.2.80/a");
  fixture.add_target("b", "http://192.0.2.80/b?x=1");
  CHECK(fixture.check().empty());
  CHECK(fixture.load.request_count == 2);
}

TEST_CASE("preflight: a status that indicates an invalid request is an error with a hint", "[loadgen][client]") {
  struct error_case {
    unsigned code;
    std::string error;
  };
  const auto example = GENERATE(from_range(std::vector<error_case>{
      {401, "401 Unauthorized; check the API key (API_KEY)"},
      {403, "403 Forbidden; check the API key (API_KEY)"},
      {404, "404 Not Found; check the path"},
      {405, "405 Method Not Allowed; check the method"},
      {501, "501 Not Implemented; check the method"},
  }));
  preflight_fixture fixture;
  fixture.add_route("/a", example.code);
  fixture.load.serve();
  fixture.add_target("time", "http://192.0.2.80/a");
  CHECK(fixture.check() == error_list{"time (http://192.0.2.80/a): responded " + example.error});
}

TEST_CASE("preflight: a status that does not indicate an invalid request is accepted", "[loadgen][client]") {
  const unsigned code = GENERATE(200U, 204U, 301U, 304U, 400U, 408U, 409U, 410U, 429U, 500U, 502U, 503U, 504U);
  CAPTURE(code);
  preflight_fixture fixture;
  fixture.add_route("/a", code);
  fixture.load.serve();
  fixture.add_target("a", "http://192.0.2.80/a");
  CHECK(fixture.check().empty());
  CHECK(fixture.load.request_count == 1);
}

TEST_CASE("preflight: a response with a large body is accepted", "[loadgen][client]") {
  preflight_fixture fixture;
  fixture.add_route("/a", 200, std::string(3 * 1024 * 1024, 'x'));
  fixture.load.serve();
  fixture.add_target("a", "http://192.0.2.80/a");
  CHECK(fixture.check().empty());
}

TEST_CASE("preflight: each target without a response has an error, in the order of the targets", "[loadgen][client]") {
  preflight_fixture fixture;
  fixture.add_route("/a", 200);
  fixture.load.serve();
  fixture.add_target("nobody", "http://192.0.2.81/a");
  fixture.add_target("good", "http://192.0.2.80/a");
  fixture.add_target("unknown", "http://nowhere.test/");
  fixture.add_target("wrong", "http://192.0.2.80/b");
  CHECK(fixture.check() == error_list{"nobody (http://192.0.2.81/a): the connection was refused",
                                      "unknown (http://nowhere.test/): the host name could not be resolved",
                                      "wrong (http://192.0.2.80/b): responded 404 Not Found; check the path"});
}

TEST_CASE("preflight: all targets are checked concurrently, within the timeout", "[loadgen][client]") {
  preflight_fixture fixture;
  fixture.load.network.add_black_hole({asio::ip::make_address("192.0.2.90"), 80});
  fixture.load.network.add_black_hole({asio::ip::make_address("192.0.2.91"), 80});
  fixture.load.routes.get("/slow", [](http::request_context&) -> task<http::response> {
    auto sleep_task = sleep_for(1h);
    co_await std::move(sleep_task);
    co_return http::response{};
  });
  fixture.load.serve();
  fixture.add_target("a", "http://192.0.2.90/");
  fixture.add_target("b", "http://192.0.2.91/").request.method = http::method::post;
  fixture.add_target("c", "http://192.0.2.80/slow");
  const auto start = fixture.load.time.now();
  CHECK(fixture.check(3s) == error_list{"a (http://192.0.2.90/): the connection attempt timed out",
                                        "b (http://192.0.2.91/): the connection attempt timed out",
                                        "c (http://192.0.2.80/slow): the response timed out"});
  CHECK(fixture.load.time.now() - start >= 3s);
  CHECK(fixture.load.time.now() - start < 3s + 4 * tick);
}

TEST_CASE("preflight: for an unsafe method, the connection is opened, but no request is sent", "[loadgen][client]") {
  using enum http::method;
  const auto method = GENERATE(post, put, patch, delete_);
  preflight_fixture fixture;
  fixture.load.serve_script(
      [&](net::stream& to, std::size_t) { return send(to, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); });
  fixture.add_target("a", "http://192.0.2.80/a").request.method = method;
  CHECK(fixture.check().empty());
  fixture.load.time.run_for(1s);
  CHECK(fixture.load.request_count == 0);
  fixture.settings.targets[0].request.url.set_port_number(81);
  CHECK(fixture.check() == error_list{"a (http://192.0.2.80:81/a): the connection was refused"});
}

TEST_CASE("preflight: safe methods are sent with their header fields", "[loadgen][client]") {
  using enum http::method;
  const auto method = GENERATE(get, head, options);
  preflight_fixture fixture;
  http::method received_method{};
  std::string received_key;
  const auto record = [&](http::request_context& context) {
    received_method = context.head().method;
    received_key = context.head().find("X-API-Key").value_or("");
    return http::response{};
  };
  fixture.load.routes.add(get, "/a", record);
  fixture.load.routes.add(options, "/a", record);
  fixture.load.serve();
  auto& target = fixture.add_target("a", "http://192.0.2.80/a");
  target.request.method = method;
  target.request.fields.emplace_back("X-API-Key", "k");
  CHECK(fixture.check().empty());
  CHECK(received_method == method);
  CHECK(received_key == "k");
}

TEST_CASE("preflight: a response that is not HTTP is an error", "[loadgen][client]") {
  struct error_case {
    std::string bytes;
    std::string error;
  };
  const auto example = GENERATE(from_range(std::vector<error_case>{
      {"SSH-2.0-OpenSSH_9.2\r\n", "the response is invalid HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "the response is invalid HTTP"},
  }));
  preflight_fixture fixture;
  fixture.load.serve_script([&](net::stream& to, std::size_t) { return send(to, example.bytes); });
  fixture.add_target("a", "http://192.0.2.80/a");
  CHECK(fixture.check() == error_list{"a (http://192.0.2.80/a): " + example.error});
}

TEST_CASE("preflight: without targets there are no errors", "[loadgen][client]") {
  preflight_fixture fixture;
  CHECK(fixture.check().empty());
}

}  // namespace
}  // namespace cohort
