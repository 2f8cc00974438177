// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/middleware/security_headers.hpp>
#include <cohort/http/server/proxy/forwarded_message.hpp>
#include "tests/unit/http/server/proxy/proxy_fixture.hpp"

// Tests of the requests that the reverse proxy forwards, and of their header fields.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("proxy: a request is forwarded with its method, its path without the prefix, and its query",
          "[http][proxy]") {
  const auto [base, target, start_line] = GENERATE(table<std::string, std::string, std::string>({
      {"http://up.test", "/api/a%2Fb/c?d=e&f", "GET /a%2Fb/c?d=e&f HTTP/1.1"},
      {"http://up.test/", "/api/", "GET / HTTP/1.1"},
      {"http://up.test/v1/", "/api/a", "GET /v1/a HTTP/1.1"},
      {"http://up.test", "/api/a|b", "GET /a%7Cb HTTP/1.1"},
      {"http://up.test", "/api//a//b", "GET //a//b HTTP/1.1"},
      {"http://up.test", "/%61pi/a%2Fb/%61", "GET /a%2Fb/%61 HTTP/1.1"},
      {"http://up.test/v1", "/a%70%69/%41?b=%61", "GET /v1/%41?b=%61 HTTP/1.1"},
      {"http://up.test", "/ap%69/", "GET / HTTP/1.1"},
      {"http://up.test/v1", "/api/%252e%252e/..a/b..?c=/../d", "GET /v1/%252e%252e/..a/b..?c=/../d HTTP/1.1"},
  }));
  proxy_fixture fixture{api_prefix_options(), base};
  auto client = fixture.server.connect();
  const auto request = fixture.forwarded(client, get(target, "Accept: text/plain\r\nCookie: a=b\r\n"));
  CHECK(request.start_line == start_line);
  CHECK(request.header("Host") == "up.test");
  CHECK(request.header("Accept") == "text/plain");
  CHECK(request.header("Cookie") == "a=b");
  CHECK_FALSE(request.header("User-Agent").has_value());
  CHECK_FALSE(request.header("Accept-Encoding").has_value());
}

TEST_CASE("proxy: the prefix is removed from percent-decoded paths that start with its segments", "[http][proxy]") {
  const auto [prefix, merges_slashes, path, expected] = GENERATE(table<std::string, bool, std::string, std::string>({
      {"/a/b", false, "/a/b", "/"},
      {"/a/b", false, "/%61/%62/c%62", "/c%62"},
      {"/a/b", false, "/a%2Fb/c", "/a%2Fb/c"},
      {"/a/b", false, "/a%2fb", "/a%2fb"},
      {"/a/b", false, "/a/%62c", "/a/%62c"},
      {"/a/b", false, "/a/b%2Fc", "/a/b%2Fc"},
      {"/a/b", false, "/a", "/a"},
      {"/a/b", false, "//a/b/c", "//a/b/c"},
      {"/a/b", true, "//a///b//c", "//c"},
      {"/a/b", true, "//%61//b", "/"},
      {"/a/b", true, "/a//bc", "/a//bc"},
      {"/a%2Fb", false, "/a%2fb/c", "/c"},
      {"/a%2Fb", false, "/a/b/c", "/a/b/c"},
      {"/a!", false, "/a%21/c", "/c"},
      {"/caf\xC3\xA9", false, "/caf%c3%A9/c", "/c"},
      {"/caf%C3%A9", false, "/caf%c3%a9/c", "/c"},
      {"/100%", false, "/100%25/c", "/c"},
  }));
  CAPTURE(prefix, path);
  server_fixture server;
  http::client client{server.network(), 1};
  server.network().add_name("up.test", {asio::ip::make_address("198.51.100.1")});
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  auto target = std::make_shared<http::upstream>(client, metrics, log, "up", http::upstream_settings{});
  std::string sent;
  http::proxy_options options{.strip_prefix = prefix, .merges_slashes = merges_slashes};
  options.on_request = [&](const http::request_context&, http::client_request& request) {
    sent = request.url.encoded_path();
  };
  server.routes.get("/{rest...}", http::proxy_to(std::move(target), "http://up.test", std::move(options)));
  CHECK(server.response_to(get(path)).status == 502);
  CHECK(sent == expected);
}

TEST_CASE("proxy: a request whose path has a dot segment is rejected with 400 and not forwarded",
          "[http][proxy][security]") {
  const auto* const target =
      GENERATE("/api/../secret", "/api/..", "/api/a/../../secret", "/api/./secret", "/api/%2e%2e/secret",
               "/api/.%2E/secret", "/api/..%2fsecret", "/api/a%2F..%2F..%2Fsecret", "/api/..%5csecret",
               "/api/..\\secret", "/api/..;a/secret", "/api/%2e", "http://public.test/api/../secret");
  CAPTURE(target);
  proxy_fixture fixture{api_prefix_options(), "http://up.test/public"};
  const auto response = fixture.server.response_to(get(target));
  CHECK(response.status == 400);
  CHECK(response.body ==
        R"({"error":"Bad Request","message":"The path has a dot segment (\".\" or \"..\", also percent-encoded), )"
        R"(which is not forwarded"})");
  CHECK(fixture.connection_count() == 0);
}

TEST_CASE("proxy: for a target in absolute-form, the host of the target is forwarded as the host of the client",
          "[http][proxy]") {
  auto options = api_prefix_options();
  options.preserve_host = GENERATE(true, false);
  proxy_fixture fixture{options};
  auto client = fixture.server.connect();
  const auto [method, target] = GENERATE(table<std::string, std::string>({
      {"GET", "http://public.test/api/a?b=c"},
      {"OPTIONS", "https://public.test/api/a?b=c"},
  }));
  const auto request = fixture.forwarded(client, method + " " + target + " HTTP/1.1\r\nHost: other.test\r\n\r\n");
  CHECK(request.start_line == method + " /a?b=c HTTP/1.1");
  CHECK(request.header("Host") == (options.preserve_host ? "public.test" : "up.test"));
  CHECK(request.header("X-Forwarded-Host") == "public.test");
  CHECK(request.header("Forwarded") == "for=192.0.2.1;host=\"public.test\";proto=http");
}

TEST_CASE("proxy: the server itself responds to targets in asterisk-form and authority-form", "[http][proxy]") {
  const auto [line, status] = GENERATE(table<std::string, int>({
      {"OPTIONS *", 204},
      {"OPTIONS http://test", 204},
      {"CONNECT up.test:80", 501},
      {"CONNECT /api/a", 405},
  }));
  CAPTURE(line);
  proxy_fixture fixture;
  fixture.server.routes.any("/{rest...}", [](http::request_context&) { return http::response{http::status::ok}; });
  CHECK(fixture.server.response_to(line + " HTTP/1.1\r\nHost: test\r\n\r\n").status == status);
  CHECK(fixture.connection_count() == 0);
}

TEST_CASE("proxy: the asterisk of a target never becomes part of the upstream's host", "[http][proxy]") {
  server_fixture server;
  http::client client{server.network(), 1};
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  const auto upstream = std::make_shared<http::upstream>(
      client, metrics, telemetry::logger{sink, "test", telemetry::log_level::off, telemetry::log_format::json}, "up");
  const http::proxy_target to{upstream, boost::urls::url{"http://up.test"}, "http://up.test", "", {}, nullptr};
  http::request_head head;
  head.method = http::method::options;
  head.path = "*";
  const http::request_context context{head, "192.0.2.1"};
  http::client_request request;
  CHECK_FALSE(http::make_forwarded_request(request, to, context, {}));
}

TEST_CASE("proxy: hop-by-hop fields are not forwarded", "[http][proxy]") {
  const auto [lines, name] = GENERATE(table<std::string, std::string>({
      {"Connection: keep-alive\r\n", "Connection"},
      {"Connection: close, X-Own\r\nX-Own: 1\r\n", "X-Own"},
      {"Connection: x-own\r\nConnection: ,x-other , \r\nX-Other: 1\r\n", "X-Other"},
      {"Connection: x_own\r\nx_own: 1\r\n", "x_own"},
      {"Keep-Alive: timeout=5\r\n", "Keep-Alive"},
      {"Proxy-Connection: keep-alive\r\n", "Proxy-Connection"},
      {"Proxy-Authorization: Basic YTpi\r\n", "Proxy-Authorization"},
      {"TE: trailers\r\n", "TE"},
      {"Trailer: X-Sum\r\n", "Trailer"},
      {"HTTP2-Settings: AA\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n", "HTTP2-Settings"},
      {"Upgrade: h2c\r\nConnection: Upgrade\r\n", "Upgrade"},
      {"Connection: X-Forwarded-For\r\nX-Real-IP: 10.0.0.1\r\n", "X-Real-IP"},
  }));
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  const auto request = fixture.forwarded(client, get("/api/", lines + "X-Kept: 1\r\n"));
  CHECK_FALSE(request.header(name).has_value());
  CHECK(request.header("X-Kept") == "1");
  CHECK(request.header("X-Forwarded-For") == "192.0.2.1");
}

TEST_CASE("proxy: hop-by-hop fields of a response are not forwarded", "[http][proxy]") {
  proxy_fixture fixture;
  const auto response = fixture.response_to_get(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Own, keep-alive\r\nX-Own: 1\r\nKeep-Alive: timeout=9\r\n"
      "Proxy-Authenticate: Basic\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nETag: \"7\"\r\n"
      "Content-Type: text/x-own\r\nVia: 1.0 first\r\n\r\nok");
  CHECK(response.body == "ok");
  CHECK_FALSE(response.header("X-Own").has_value());
  CHECK_FALSE(response.header("Proxy-Authenticate").has_value());
  CHECK(response.header("Keep-Alive") != "timeout=9");
  CHECK(response.header("ETag") == "\"7\"");
  CHECK(response.header("Content-Type") == "text/x-own");
  CHECK(response.header("Content-Length") == "2");
  CHECK(response.header("Via") == "1.0 first, 1.1 cohort");
  CHECK(std::count_if(response.headers.begin(), response.headers.end(),
                      [](const auto& field) { return field.first == "Set-Cookie"; }) == 2);
}

TEST_CASE("proxy: security headers of the upstream replace the server's security headers", "[http][proxy]") {
  proxy_fixture fixture;
  fixture.server.settings.common_header_lines = http::security_header_lines("default-src 'none'");
  const auto response = fixture.response_to_get(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Security-Policy: script-src 'self'\r\n"
      "x-frame-options: SAMEORIGIN\r\n\r\nok");
  const auto values = [&](std::string_view name) {
    std::vector<std::string> found;
    for (const auto& [other, value] : response.headers) {
      if (http::iequals(other, name)) found.push_back(value);
    }
    return found;
  };
  CHECK(values("Content-Security-Policy") == std::vector<std::string>{"script-src 'self'"});
  CHECK(values("X-Frame-Options") == std::vector<std::string>{"SAMEORIGIN"});
  CHECK(values("X-Content-Type-Options") == std::vector<std::string>{"nosniff"});
}

TEST_CASE("proxy: Forwarded and X-Forwarded-* describe the client, and the client's own values are dropped",
          "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  const auto request = fixture.forwarded(
      client, get("/api/",
                  "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\n"
                  "Forwarded: for=10.0.0.1\r\nVia: 1.0 first\r\n"));
  CHECK(request.header("X-Forwarded-For") == "192.0.2.1");
  CHECK(request.header("X-Forwarded-Proto") == "http");
  CHECK(request.header("X-Forwarded-Host") == "test");
  CHECK(request.header("Forwarded") == "for=192.0.2.1;host=\"test\";proto=http");
  CHECK(request.header("Via") == "1.0 first, 1.1 cohort");
}

TEST_CASE("proxy: a field with underscores cannot replace a field that the proxy sets", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  const auto request = fixture.forwarded(
      client, get("/api/",
                  "X_Forwarded_For: 10.0.0.1\r\nx_forwarded-proto: https\r\nX_Real_IP: 10.0.0.1\r\n"
                  "X_Request_ID: forged\r\nTransfer_Encoding: chunked\r\nContent_Length: 5\r\nX_Other: kept\r\n"));
  for (const auto* name :
       {"X_Forwarded_For", "x_forwarded-proto", "X_Real_IP", "X_Request_ID", "Transfer_Encoding", "Content_Length"}) {
    CAPTURE(name);
    CHECK_FALSE(request.header(name).has_value());
  }
  CHECK(request.header("X-Forwarded-For") == "192.0.2.1");
  CHECK(request.header("X_Other") == "kept");
}

TEST_CASE("proxy: the forwarding fields of a trusted proxy are kept, and the proxy adds its own hop", "[http][proxy]") {
  proxy_fixture fixture;
  fixture.server.settings.trusted_proxies = *net::network_list::parse("192.0.2.1");
  auto client = fixture.server.connect();
  const auto request =
      fixture.forwarded(client, get("/api/",
                                    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
                                    "X-Forwarded-Host: public.test\r\nForwarded: for=203.0.113.9;proto=https\r\n"));
  CHECK(request.header("X-Forwarded-For") == "203.0.113.9, 192.0.2.1");
  CHECK(request.header("X-Forwarded-Proto") == "https");
  CHECK(request.header("X-Forwarded-Host") == "public.test");
  CHECK(request.header("Forwarded") == "for=203.0.113.9;proto=https, for=192.0.2.1;host=\"test\";proto=http");
}

TEST_CASE("proxy: the request ID, the trace and the remaining time are set by the proxy", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  const auto request =
      fixture.forwarded(client, get("/api/",
                                    "X-Request-Id: client-7\r\nX-Envoy-Expected-Rq-Timeout-Ms: 800\r\n"
                                    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
  CHECK(request.header("X-Request-Id") == "client-7");
  CHECK(std::stoi(request.header("x-envoy-expected-rq-timeout-ms").value()) <= 790);
  const auto parent = request.header("traceparent").value();
  CHECK(parent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  CHECK_FALSE(has_text(parent, "b7ad6b7169203331"));
  CHECK(std::count_if(request.headers.begin(), request.headers.end(),
                      [](const auto& field) { return http::iequals(field.first, "traceparent"); }) == 1);
}

TEST_CASE("proxy: options can keep the Host field, and modify the request and the response", "[http][proxy]") {
  auto options = api_prefix_options();
  options.preserve_host = true;
  options.via = "edge";
  options.on_request = [](const request_context&, http::client_request& request) {
    request.fields.emplace_back("Authorization", "Bearer own");
  };
  options.on_response = [](const http::client_response& from, http::response& to) {
    to.set("X-Status", std::to_string(from.status_code()));
  };
  proxy_fixture fixture{std::move(options)};
  auto client = fixture.server.connect();
  const auto request = fixture.forwarded(client, get("/api/"));
  CHECK(request.header("Host") == "test");
  CHECK(request.header("Authorization") == "Bearer own");
  CHECK(request.header("Via") == "1.1 edge");
  fixture.upstream().send("HTTP/1.1 299 Own\r\nContent-Length: 0\r\n\r\n");
  const auto response = client.receive();
  CHECK(response->status == 299);
  CHECK(response->header("X-Status") == "299");
}

TEST_CASE("proxy: the prefix is restored in a Location below the base URL", "[http][proxy]") {
  const auto [location, forwarded] = GENERATE(table<std::string, std::string>({
      {"/v1/next", "/api/next"},
      {"http://up.test/v1/next?a", "/api/next?a"},
      {"http://up.test.evil/v1/next", "http://up.test.evil/v1/next"},
      {"http://other.test/v1/next", "http://other.test/v1/next"},
      {"//other.test/v1/next", "//other.test/v1/next"},
      {"/v10/next", "/v10/next"},
      {"next", "next"},
  }));
  proxy_fixture fixture{api_prefix_options(), "http://up.test/v1"};
  const auto response =
      fixture.response_to_get("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n");
  CHECK(response.header("Location") == forwarded);
}

TEST_CASE("proxy: a request body is streamed with its framing", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  const bool is_chunked = GENERATE(true, false);
  client.send(is_chunked ? "POST /api/ HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
                         : "POST /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc");
  auto& upstream = fixture.upstream();
  // The first part arrives before the body is complete.
  const auto first = upstream.read_bytes();
  CHECK(has_text(first, is_chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 6\r\n"));
  CHECK(first.ends_with("abc"));
  client.send(is_chunked ? "3\r\ndef\r\n0\r\nX-Sum: dropped\r\n\r\n" : "def");
  fixture.run_ready();
  auto remaining_bytes = upstream.read_bytes();
  if (is_chunked) remaining_bytes += upstream.read_bytes();
  CHECK(remaining_bytes == (is_chunked ? "\r\n3\r\ndef\r\n0\r\n\r\n" : "def"));
  upstream.send(ok_response("done"));
  CHECK(client.receive()->body == "done");
  // Both connections are reused for another request.
  CHECK(fixture.forwarded(client, get("/api/again")).start_line == "GET /again HTTP/1.1");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("proxy: the proxy handles Expect itself and does not forward it", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  client.send("POST /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read().value().starts_with("HTTP/1.1 100 Continue\r\n"));
  client.send("ab");
  const auto request = fixture.upstream().read_request();
  CHECK(request.body == "ab");
  CHECK_FALSE(request.header("Expect").has_value());
  fixture.upstream().send(ok_response("done"));
  CHECK(client.receive()->status == 200);
}

}  // namespace
}  // namespace cohort
