// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/https_redirect.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/net/peer.hpp"
#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;

/// A server that redirects to port 5001 of the same host.
class redirect_fixture {
 public:
  redirect_fixture() {
    redirect.emplace(std::vector<loop*>{&time.event_loop()}, network.listen(address), 5001, metrics,
                     telemetry::logger{sink, "test", telemetry::log_level::off, telemetry::log_format::json});
    time.run(start(*redirect));
  }
  ~redirect_fixture() { time.run(redirect->drain(0s)); }

  std::string send(const std::string& request) {
    peer client{time, time.run(connect(network, address)).value()};
    client.send(request);
    return client.read().value();
  }

  virtual_time time;
  net::memory_network network;
  net::endpoint address{asio::ip::make_address("192.0.2.1"), 80};
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  std::optional<service::https_redirect> redirect;

 private:
  static task<> start(service::https_redirect& target) {
    target.start();
    co_return;
  }
  static task<result<net::stream_ptr>> connect(net::memory_network& network, net::endpoint address) {
    auto connect_task = network.connect(address, deadline::after(loop::current().now(), 5s));
    co_return co_await std::move(connect_task);
  }
};

TEST_CASE("https redirect: every request is redirected with 308 to its host, path and query on the TLS port",
          "[service][tls][redirect]") {
  const auto [request, location] = GENERATE(table<std::string, std::string>({
      {"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "https://example.org:5001/"},
      {"GET /a%20b?x=1&y=%26 HTTP/1.1\r\nHost: example.org:8080\r\n\r\n", "https://example.org:5001/a%20b?x=1&y=%26"},
      {"POST /api/alerts HTTP/1.1\r\nHost: [2001:db8::1]:80\r\nContent-Length: 0\r\n\r\n",
       "https://[2001:db8::1]:5001/api/alerts"},
      {"HEAD /health HTTP/1.1\r\nHost: example.org\r\n\r\n", "https://example.org:5001/health"},
      {"BREW /pot HTTP/1.1\r\nHost: example.org\r\n\r\n", "https://example.org:5001/pot"},
      {"GET http://other.example:81/c?d HTTP/1.1\r\nHost: example.org\r\n\r\n", "https://other.example:5001/c?d"},
      {"OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n", "https://example.org:5001/"},
      {"GET //evil.example/ HTTP/1.1\r\nHost: example.org\r\n\r\n", "https://example.org:5001//evil.example/"},
  }));
  CAPTURE(request);
  redirect_fixture fixture;
  const auto response = fixture.send(request);
  CHECK(response.starts_with("HTTP/1.1 308 Permanent Redirect\r\n"));
  CHECK(response.find("\r\nLocation: " + location + "\r\n") != std::string::npos);
  CHECK(fixture.metrics.prometheus_text().find("cohort_server_https_redirects_total 1") != std::string::npos);
}

TEST_CASE("https redirect: a request without a valid host is rejected", "[service][tls][redirect]") {
  const auto* request = GENERATE("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: \r\n\r\n",
                                 "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n");
  CAPTURE(request);
  redirect_fixture fixture;
  const auto response = fixture.send(request);
  CHECK(response.find(" 400 ") != std::string::npos);
  CHECK(response.find("Location") == std::string::npos);
}

TEST_CASE("https redirect: the default port of https is omitted", "[service][tls][redirect]") {
  http::request_head head;
  head.target = head.path = "/";
  head.fields.push_back({http::field::host, "host", "example.org:80"});
  CHECK(service::https_location(head, 443) == "https://example.org/");
  CHECK(service::https_location(head, 5001) == "https://example.org:5001/");
}

}  // namespace
}  // namespace cohort
