#include "loadgen/preflight.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/unit/loadgen/load_site.hpp"

namespace cohort {
namespace {

using namespace test;
using lines = std::vector<std::string>;

task<> close_idle_of(http::client& which) {
  which.close_idle();
  co_return;
}

class checked_site {
 public:
  ~checked_site() { site.time.run(close_idle_of(client)); }

  /// Serves this path with this status, and counts.
  void answer(const std::string& path, unsigned code, std::string body = "hello") {
    site.routes.get(path, [this, code, body](http::request_context&) {
      ++site.served;
      return http::response{static_cast<http::status>(code)}.body(body, "text/plain");
    });
  }
  lines check(duration timeout = 5s) {
    return site.time.run(loadgen::preflight(client, site.network, targets, timeout));
  }
  loadgen::target& add(const std::string& name, const std::string& url) {
    return targets.emplace_back(target_at(name, url));
  }

  load_site site;
  http::client client{site.network, 1};
  std::vector<loadgen::target> targets;
};

TEST_CASE("Targets that answer have nothing said about them, and are asked once each") {
  checked_site all;
  all.answer("/a", 200);
  all.answer("/b", 200);
  all.site.serve();
  all.add("a", "http://192.0.2.80/a");
  all.add("b", "http://192.0.2.80/b?x=1");
  CHECK(all.check().empty());
  CHECK(all.site.served == 2);
}

TEST_CASE("An answer that says the request is not the right one is told, with a hint") {
  struct row {
    unsigned code;
    std::string why;
  };
  const auto of = GENERATE(from_range(std::vector<row>{
      {401, "401 Unauthorized; is the key right (API_KEY)?"},
      {403, "403 Forbidden; is the key right (API_KEY)?"},
      {404, "404 Not Found; is the path right?"},
      {405, "405 Method Not Allowed; is the method right?"},
      {501, "501 Not Implemented; is the method right?"},
  }));
  checked_site all;
  all.answer("/a", of.code);
  all.site.serve();
  all.add("time", "http://192.0.2.80/a");
  CHECK(all.check() == lines{"time (http://192.0.2.80/a): answered " + of.why});
}

TEST_CASE("Any other answer is what a load test may want to see") {
  const unsigned code = GENERATE(200U, 204U, 301U, 304U, 400U, 408U, 409U, 410U, 429U, 500U, 502U, 503U, 504U);
  CAPTURE(code);
  checked_site all;
  all.answer("/a", code);
  all.site.serve();
  all.add("a", "http://192.0.2.80/a");
  CHECK(all.check().empty());
  CHECK(all.site.served == 1);
}

TEST_CASE("An answer with a body as big as anyone likes is one") {
  checked_site all;
  all.answer("/a", 200, std::string(3 * 1024 * 1024, 'x'));
  all.site.serve();
  all.add("a", "http://192.0.2.80/a");
  CHECK(all.check().empty());
}

TEST_CASE("Where nobody answers, each target has its line, in order") {
  checked_site all;
  all.answer("/a", 200);
  all.site.serve();
  all.add("nobody", "http://192.0.2.81/a");
  all.add("good", "http://192.0.2.80/a");
  all.add("unknown", "http://nowhere.test/");
  all.add("wrong", "http://192.0.2.80/b");
  CHECK(all.check() == lines{"nobody (http://192.0.2.81/a): the connection was refused",
                             "unknown (http://nowhere.test/): the host's name could not be resolved",
                             "wrong (http://192.0.2.80/b): answered 404 Not Found; is the path right?"});
}

TEST_CASE("All are asked at the same time, and waited for no longer than it is said") {
  checked_site all;
  all.site.network.black_hole({asio::ip::make_address("192.0.2.90"), 80});
  all.site.network.black_hole({asio::ip::make_address("192.0.2.91"), 80});
  all.site.routes.get("/slow", [](http::request_context&) -> task<http::response> {
    auto sleeping = sleep_for(1h);
    co_await std::move(sleeping);
    co_return http::response{};
  });
  all.site.serve();
  all.add("a", "http://192.0.2.90/");
  all.add("b", "http://192.0.2.91/").request.verb = http::method::post;
  all.add("c", "http://192.0.2.80/slow");
  const auto start = all.site.time.now();
  CHECK(all.check(3s) == lines{"a (http://192.0.2.90/): the connection was not made in time",
                               "b (http://192.0.2.91/): the connection was not made in time",
                               "c (http://192.0.2.80/slow): no answer came in time"});
  CHECK(all.site.time.now() - start >= 3s);
  CHECK(all.site.time.now() - start < 3s + 4 * tick);
}

TEST_CASE("What is not safe to send twice is not sent: only the connection is tried") {
  using enum http::method;
  const auto verb = GENERATE(post, put, patch, delete_);
  checked_site all;
  all.site.script(
      [&](net::stream& to, std::size_t) { return say(to, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); });
  all.add("a", "http://192.0.2.80/a").request.verb = verb;
  CHECK(all.check().empty());
  all.site.time.run_for(1s);
  CHECK(all.site.served == 0);
  all.targets[0].request.url.set_port_number(81);
  CHECK(all.check() == lines{"a (http://192.0.2.80:81/a): the connection was refused"});
}

TEST_CASE("What is safe is sent as it is, with its method and its header") {
  using enum http::method;
  const auto verb = GENERATE(get, head, options);
  checked_site all;
  http::method seen{};
  std::string key;
  const auto note = [&](http::request_context& of) {
    seen = of.head().method;
    key = of.head().find("X-API-Key").value_or("");
    return http::response{};
  };
  all.site.routes.add(get, "/a", note);
  all.site.routes.add(options, "/a", note);
  all.site.serve();
  auto& only = all.add("a", "http://192.0.2.80/a");
  only.request.verb = verb;
  only.request.fields.emplace_back("X-API-Key", "k");
  CHECK(all.check().empty());
  CHECK(seen == verb);
  CHECK(key == "k");
}

TEST_CASE("What is no HTTP at all is told") {
  struct row {
    std::string bytes;
    std::string why;
  };
  const auto of = GENERATE(from_range(std::vector<row>{
      {"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "the answer is not HTTP"},
  }));
  checked_site all;
  all.site.script([&](net::stream& to, std::size_t) { return say(to, of.bytes); });
  all.add("a", "http://192.0.2.80/a");
  CHECK(all.check() == lines{"a (http://192.0.2.80/a): " + of.why});
}

TEST_CASE("With no target there is nothing to say") {
  checked_site all;
  CHECK(all.check().empty());
}

}  // namespace
}  // namespace cohort
