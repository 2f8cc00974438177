// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/connection/proxy.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>

#include "tests/unit/http/client/client_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::origin origin_of(std::string_view url) { return http::origin_of(get_request(url).url).value(); }

result<http::proxy_settings, std::string> proxies_from(std::map<std::string, std::string> variables) {
  return http::proxies_from_environment([&](const char* name) { return variables[name]; });
}

/// Returns the host of the proxy for a URL, or "direct" if there is none.
std::string proxy_host(const http::proxy_settings& settings, std::string_view url) {
  const auto* via = settings.proxy_for(origin_of(url));
  return via ? via->address.host : "direct";
}

/// Returns the settings of a client whose proxy is the fixture's server, at 192.0.2.80:3128.
http::client_settings settings_with_proxy(std::string_view proxy_url = "http://192.0.2.80:3128") {
  http::client_settings settings;
  settings.proxies.http_proxy = settings.proxies.https_proxy = http::parse_proxy(proxy_url);
  return settings;
}

struct forward_proxy_fixture : client_fixture {
  explicit forward_proxy_fixture(http::client_settings settings = settings_with_proxy())
      : client_fixture(net::memory_pipe_settings{}, std::move(settings)) {
    listen("192.0.2.80", 3128);
  }
};

// ---- environment

TEST_CASE("client proxy: the proxies are read from the environment", "[http][client][proxy][case-2.6]") {
  const auto [variables, http_url, https_url] =
      GENERATE(table<std::map<std::string, std::string>, std::string, std::string>({
          {{}, "direct", "direct"},
          {{{"http_proxy", "http://a.test:3128"}}, "a.test", "direct"},
          {{{"https_proxy", "http://b.test:3128/"}}, "direct", "b.test"},
          {{{"http_proxy", "a.test:3128"}, {"https_proxy", "b.test"}}, "a.test", "b.test"},
          {{{"HTTP_PROXY", "http://a.test"}, {"HTTPS_PROXY", "https://b.test"}}, "a.test", "b.test"},
          {{{"all_proxy", "http://c.test:1"}}, "c.test", "c.test"},
          {{{"ALL_PROXY", "http://c.test:1"}, {"https_proxy", "http://b.test"}}, "c.test", "b.test"},
          {{{"http_proxy", "http://a.test"}, {"HTTP_PROXY", "http://x.test"}}, "a.test", "direct"},
          {{{"http_proxy", ""}, {"https_proxy", ""}}, "direct", "direct"},
          {{{"HTTP_PROXY", "http://evil.test"}, {"REQUEST_METHOD", "GET"}}, "direct", "direct"},
          {{{"http_proxy", "http://a.test"}, {"no_proxy", "*"}}, "direct", "direct"},
          {{{"all_proxy", "http://a.test"}, {"NO_PROXY", "example.com"}}, "direct", "direct"},
          {{{"all_proxy", "http://a.test"}, {"no_proxy", "x.test"}, {"NO_PROXY", "*"}}, "a.test", "a.test"},
      }));
  const auto settings = proxies_from(variables);
  REQUIRE(settings.has_value());
  CHECK(proxy_host(*settings, "http://www.example.com/") == http_url);
  CHECK(proxy_host(*settings, "https://www.example.com/") == https_url);
}

TEST_CASE("client proxy: a proxy has a host, a port and optional credentials", "[http][client][proxy][case-2.6]") {
  using expectation = std::tuple<std::string, std::string, int, bool, std::string>;
  const auto [text, host, port, secure, authorization] = GENERATE(values<expectation>({
      {"http://p.test:3128", "p.test", 3128, false, ""},
      {"p.test", "p.test", 80, false, ""},
      {"https://p.test", "p.test", 443, true, ""},
      {"HTTP://[2001:db8::1]:8080/", "2001:db8::1", 8080, false, ""},
      {"http://user:secret@p.test:1", "p.test", 1, false, "Basic dXNlcjpzZWNyZXQ="},
      {"us%40er:p%3Aw@p.test:1", "p.test", 1, false, "Basic dXNAZXI6cDp3"},
      {"http://user@p.test", "p.test", 80, false, "Basic dXNlcjo="},
  }));
  CAPTURE(text);
  const auto parsed = http::parse_proxy(text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->address == http::origin{secure, host, static_cast<std::uint16_t>(port)});
  CHECK(parsed->authorization == authorization);
}

TEST_CASE("client proxy: the error for an invalid proxy contains the variable's name, but not the password",
          "[http][client][proxy][case-2.6]") {
  const auto* const text = GENERATE("socks5://user:secret@p.test:1080", "http://user:secret@", "ftp://p.test",
                                    "http://user:secret@p.test:70000", "http://user:secret@p.test/path",
                                    "http://p.test:0", "user:secret@p test", "http://p.test?x=secret");
  CAPTURE(text);
  const auto settings = proxies_from({{"https_proxy", text}});
  REQUIRE_FALSE(settings.has_value());
  CHECK(settings.error().starts_with("https_proxy is \""));
  CHECK(settings.error().find("but must be") != std::string::npos);
  CHECK(settings.error().find("user:secret") == std::string::npos);
  CHECK(settings.error().find('\n') == std::string::npos);
}

TEST_CASE("client proxy: no_proxy lists names, subdomains, addresses, networks and ports",
          "[http][client][proxy][case-2.6]") {
  const auto list =
      "example.com, .corp.test  192.0.2.1,198.51.100.0/24 2001:db8::1,2001:db8:1::/48,"
      "[2001:db8::2]:8080,ports.test:8443,,UPPER.test.,bad:port,10.0.0.0/99";
  http::proxy_settings settings;
  settings.http_proxy = settings.https_proxy = http::parse_proxy("http://p.test");
  settings.exceptions = http::proxy_exceptions::parse(list);
  const auto [url, direct] = GENERATE(table<std::string, bool>({
      {"http://example.com/", true},      {"https://example.com:8443/", true},
      {"http://WWW.Example.Com/", true},  {"http://example.com./", true},
      {"http://notexample.com/", false},  {"http://example.com.evil.test/", false},
      {"http://corp.test/", true},        {"http://a.b.corp.test/", true},
      {"http://192.0.2.1/", true},        {"http://192.0.2.2/", false},
      {"http://198.51.100.77:81/", true}, {"http://198.51.101.1/", false},
      {"http://[2001:db8::1]/", true},    {"http://[2001:db8:1:2::3]/", true},
      {"http://[2001:db8:2::3]/", false}, {"http://[2001:db8::2]:8080/", true},
      {"http://[2001:db8::2]/", false},   {"https://ports.test:8443/", true},
      {"https://ports.test/", false},     {"http://upper.test/", true},
      {"http://10.0.0.1/", false},        {"http://bad.test/", false},
  }));
  CAPTURE(url);
  CHECK(proxy_host(settings, url) == (direct ? "direct" : "p.test"));
}

TEST_CASE("client proxy: local hosts are called directly", "[http][client][proxy][case-2.6]") {
  const auto settings = *proxies_from({{"all_proxy", "http://p.test"}});
  const auto* const url =
      GENERATE("http://localhost:5001/", "http://127.0.0.1:5001/", "http://127.1.2.3/", "http://[::1]:80/",
               "http://time-service:5001/", "https://LOCALHOST/", "http://app.localhost/", "http://localhost./");
  CAPTURE(url);
  CHECK(proxy_host(settings, url) == "direct");
}

// ---- requests

TEST_CASE("client proxy: a request to an http URL is sent to the proxy in absolute-form",
          "[http][client][proxy][case-2.6]") {
  forward_proxy_fixture fixture;
  auto call = fixture.get("http://example.com:8080/a?b=c");
  auto& proxy = fixture.newest_connection();
  const auto request = proxy.read_request();
  CHECK(request.start_line == "GET http://example.com:8080/a?b=c HTTP/1.1");
  CHECK(request.header("Host") == "example.com:8080");
  CHECK_FALSE(request.header("Proxy-Authorization").has_value());
  proxy.send(ok_response("through the proxy"));
  CHECK(call.response().body == "through the proxy");

  auto second_call = fixture.get("http://example.com:8080");
  CHECK(proxy.read_request().start_line == "GET http://example.com:8080/ HTTP/1.1");
  proxy.send(ok_response("again"));
  CHECK(second_call.response().body == "again");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("client proxy: the credentials of the proxy are sent to the proxy only", "[http][client][proxy][case-2.6]") {
  auto settings = settings_with_proxy("http://user:secret@192.0.2.80:3128");
  settings.proxies.exceptions = http::proxy_exceptions::parse("site.test");
  forward_proxy_fixture fixture{settings};
  const auto proxied = fixture.get("http://example.com/");
  CHECK(fixture.newest_connection().read_request().header("Proxy-Authorization") == "Basic dXNlcjpzZWNyZXQ=");
  const auto direct = fixture.get("http://site.test/x");
  const auto request = fixture.newest_connection().read_request();
  CHECK(request.start_line == "GET /x HTTP/1.1");
  CHECK_FALSE(request.header("Proxy-Authorization").has_value());
}

TEST_CASE("client proxy: a request to an https URL opens a tunnel through the proxy",
          "[http][client][proxy][case-2.6]") {
  forward_proxy_fixture fixture{settings_with_proxy("http://user:secret@192.0.2.80:3128")};
  const auto [url, authority] = GENERATE(table<std::string, std::string>({
      {"https://example.com/a", "example.com:443"},
      {"https://example.com:8443/", "example.com:8443"},
      {"https://[2001:db8::1]/", "[2001:db8::1]:443"},
  }));
  const auto call = fixture.get(url);
  auto& proxy = fixture.newest_connection();
  const auto request = proxy.read_request();
  CHECK(request.start_line == "CONNECT " + authority + " HTTP/1.1");
  CHECK(request.header("Host") == authority);
  CHECK(request.header("Proxy-Authorization") == "Basic dXNlcjpzZWNyZXQ=");
  CHECK(request.headers.size() == 3);
  proxy.send(GENERATE("HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n",
                      "HTTP/1.1 299\r\nContent-Length: 5\r\n\r\n"));
  // A TLS record with a handshake message starts with this byte.
  CHECK(proxy.read_bytes().starts_with('\x16'));
}

TEST_CASE("client proxy: a failed CONNECT request is a connection failure", "[http][client][proxy][case-2.6]") {
  forward_proxy_fixture fixture;
  const auto* const response = GENERATE(
      "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno", "HTTP/1.1 403 Forbidden\r\n\r\n",
      "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://x.test/\r\n\r\n",
      "not HTTP\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nexcess bytes", "");
  CAPTURE(response);
  auto call = fixture.get("https://example.com/");
  auto& proxy = fixture.newest_connection();
  proxy.read_request();
  if (*response) proxy.send(response);
  proxy.close();
  CHECK(call.error() == client_error::proxy_failed);
  CHECK(http::error_class(client_error::proxy_failed) == "connect");
}

TEST_CASE("client proxy: if a proxy does not respond, the call fails with a connection timeout at its deadline",
          "[http][client][proxy][case-2.6]") {
  forward_proxy_fixture fixture;
  auto call = fixture.get("https://example.com/", 2s);
  fixture.newest_connection().read_request();
  const auto start = fixture.time.now();
  CHECK(call.error() == client_error::connect_timeout);
  CHECK(fixture.time.now() - start <= 3s);
  CHECK(fixture.time.event_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort
