// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/http/server/tls_termination.hpp>
#include "tests/unit/net/tls/server_fixture.hpp"
#include "tests/unit/service/service_fixture.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;

/// A server that responds with the URI of the client's certificate, and a client whose certificate can be replaced.
class rotation_fixture {
 public:
  rotation_fixture() {
    auto server_settings = make_server_settings(issue_server_certificate(root));
    server_settings.client_ca_certificates = root.certificate_pem();
    http::router routes;
    routes.get("/", [](http::request_context& request) { return describe(request); });
    routes.get("/slow", [](http::request_context& request) -> task<http::response> {
      co_await sleep_for(1s);
      co_return describe(request);
    });
    http::server_settings settings;
    settings.tls =
        std::make_shared<http::tls_termination>(std::make_shared<net::tls_server_context>(server_settings), metrics);
    server.emplace(time, network, address, std::move(routes), std::move(settings));
    client.emplace(network, 1, http::client_settings{.tls = client_settings("spiffe://test/old")});
  }
  ~rotation_fixture() { time.run(close_idle_connections(*client)); }

  net::tls_client_settings client_settings(const std::string& uri) {
    auto settings = make_client_settings(issue_client_certificate(root, {uri}));
    settings.trusted_certificates = root.certificate_pem();
    settings.server_name = "service.example";
    return settings;
  }
  task<http::client_result> fetch(std::string path) {
    http::client_request request;
    request.url = parse_url("https://192.0.2.1" + path);
    return http::fetch(*client, std::move(request), deadline::after(time.now(), 5s));
  }
  /// Returns the URI that the server received, or the error.
  std::string client_uri() { return body_of(time.run(fetch("/"))); }
  static std::string body_of(const http::client_result& response) {
    return response ? response->body : make_error_code(response.error()).message();
  }
  double handshake_count() {
    return metrics.make_counter("cohort_server_tls_handshakes_total", "", {{"result", "success"}}).value();
  }

  virtual_time time;
  net::memory_network network;
  net::endpoint address{asio::ip::make_address("192.0.2.1"), 443};
  certificate_authority root{"Test Root"};
  telemetry::registry metrics{1};
  std::optional<in_memory_server> server;
  std::optional<http::client> client;

 private:
  static http::response describe(const http::request_context& request) {
    return http::response{}.body(request.tls()->certificate_uris.at(0), "text/plain");
  }
};

TEST_CASE("client: after a replacement of the certificate, an idle connection with the old certificate is not reused",
          "[http][client][tls]") {
  rotation_fixture fixture;
  CHECK(fixture.client_uri() == "spiffe://test/old");
  CHECK(fixture.client_uri() == "spiffe://test/old");
  CHECK(fixture.handshake_count() == 1);
  fixture.client->replace_tls(fixture.client_settings("spiffe://test/new"));
  CHECK(fixture.client_uri() == "spiffe://test/new");
  CHECK(fixture.client_uri() == "spiffe://test/new");
  CHECK(fixture.handshake_count() == 2);
}

TEST_CASE("client: a request in flight completes with the old certificate, and its connection is not reused",
          "[http][client][tls]") {
  rotation_fixture fixture;
  spawned_task<http::client_result> slow_fetch{fixture.time, fixture.fetch("/slow")};
  fixture.time.run_for(500ms);
  fixture.client->replace_tls(fixture.client_settings("spiffe://test/new"));
  fixture.time.run_for(1s);
  REQUIRE(slow_fetch.ended());
  CHECK(rotation_fixture::body_of(*slow_fetch.outcome().value) == "spiffe://test/old");
  CHECK(fixture.client_uri() == "spiffe://test/new");
}

TEST_CASE("upstream: a certificate for another name is logged once a minute", "[http][upstream][tls]") {
  rotation_fixture fixture;
  auto settings = fixture.client_settings("spiffe://test/old");
  settings.server_name = "other.example";
  fixture.client->replace_tls(settings);
  captured_log captured_output;
  telemetry::logger log{captured_output.sink(), "test", telemetry::log_level::info, telemetry::log_format::text};
  http::upstream upstream{*fixture.client, fixture.metrics, log, "there"};
  const auto call = [&] {
    http::client_request request;
    request.url = parse_url("https://192.0.2.1/");
    auto call_task =
        upstream.call(std::move(request), call_context{.deadline = deadline::after(fixture.time.now(), 5s)});
    return fixture.time.run(std::move(call_task)).response;
  };
  for (int i = 0; i < 2; ++i) CHECK(call().error() == http::client_error::tls_certificate_invalid);
  fixture.time.run_for(1min);
  CHECK(call().error() == http::client_error::tls_certificate_invalid);
  const auto lines = captured_output.close();
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines) {
    CHECK(line.find("warn  test TLS handshake with an upstream failed upstream=there server=192.0.2.1 "
                    "error=\"the server's certificate is invalid: untrusted, expired, or not for the name of the "
                    "server\"") != std::string::npos);
  }
}

}  // namespace
}  // namespace cohort
