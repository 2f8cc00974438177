// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/client_certificates.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/server/router.hpp>
#include <cohort/http/server/tls_termination.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort {
namespace {

const std::string allowed = "spiffe://example.org/dashboard";

/// A filter that requires a credential.
struct credential_check {
  static constexpr bool requires_credential = true;
  std::optional<http::response> operator()(http::request_context&) const { return std::nullopt; }
};

/// Returns the status of the filter's response, or 0 if the filter accepts the request.
int status_of(const http::filter& filter, const http::tls_connection_info* client, std::string_view path,
              std::string_view endpoint) {
  http::router routes;
  const auto respond = [](http::request_context&) { return http::response{}; };
  routes.get("/api/time", respond);
  routes.get("/page", respond);
  routes.get("/orders", respond).use(credential_check{});
  http::request_head head;
  head.method = http::method::get;
  head.path = path;
  http::request_context context{head, "192.0.2.1", client};
  routes.match(context);
  CHECK(context.endpoint() == endpoint);
  const auto response = filter(context);
  return response ? static_cast<int>(response->code()) : 0;
}

TEST_CASE("client certificates: /api routes and operations with a credential require an allowed URI",
          "[service][tls]") {
  struct row {
    const char* description;
    http::tls_connection_info client;
    int status;
  };
  const auto each = GENERATE(values<row>({
      {"no certificate", {}, 403},
      {"the allowed URI", {true, {allowed}}, 0},
      {"the allowed URI after another URI", {true, {"spiffe://example.org/x", allowed}}, 0},
      {"no URI", {true, {}}, 403},
      {"a longer URI", {true, {allowed + "/x"}}, 403},
      {"a shorter URI", {true, {"spiffe://example.org/dash"}}, 403},
      {"another case", {true, {"spiffe://example.org/Dashboard"}}, 403},
      {"a URI with a NUL byte", {true, {allowed + std::string(1, '\0')}}, 403},
      {"an empty URI", {true, {""}}, 403},
  }));
  CAPTURE(each.description);
  telemetry::registry metrics{1};
  const auto filter = service::client_certificate_filter({"spiffe://example.org/admin", allowed}, metrics);
  CHECK(status_of(filter, &each.client, "/api/time", "/api/time") == each.status);
  CHECK(status_of(filter, &each.client, "/api/unknown", "unmatched") == each.status);
  CHECK(status_of(filter, &each.client, "/%61pi/time", "/api/time") == each.status);
  CHECK(status_of(filter, &each.client, "/orders", "/orders") == each.status);
  CHECK(status_of(filter, &each.client, "/page", "/page") == 0);
}

TEST_CASE("client certificates: without allowed URIs every valid certificate is accepted", "[service][tls]") {
  telemetry::registry metrics{1};
  const auto filter = service::client_certificate_filter({}, metrics);
  const http::tls_connection_info connection_with_certificate{true, {}};
  const http::tls_connection_info connection_without_certificate{};
  CHECK(status_of(filter, &connection_with_certificate, "/api/time", "/api/time") == 0);
  CHECK(status_of(filter, &connection_without_certificate, "/api/time", "/api/time") == 403);
  CHECK(status_of(filter, nullptr, "/api/time", "/api/time") == 403);
}

TEST_CASE("client certificates: rejected requests are counted by reason", "[service][tls]") {
  telemetry::registry metrics{1};
  const auto filter = service::client_certificate_filter({allowed}, metrics);
  const http::tls_connection_info other{true, {"spiffe://example.org/other"}};
  status_of(filter, nullptr, "/api/time", "/api/time");
  status_of(filter, &other, "/api/time", "/api/time");
  status_of(filter, &other, "/api/time", "/api/time");
  const auto text = metrics.prometheus_text();
  const std::string name = "cohort_server_client_certificates_rejected_total";
  CHECK(text.find(name + "{reason=\"missing\"} 1") != std::string::npos);
  CHECK(text.find(name + "{reason=\"not_allowed\"} 2") != std::string::npos);
}

}  // namespace
}  // namespace cohort
