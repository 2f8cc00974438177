// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/discovery_url.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::discovery {
namespace {

std::optional<service_target> parse(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  return url ? parse_service_target(boost::urls::url{*url}) : std::nullopt;
}

std::string request_url(const http::origin& origin) {
  return (origin.secure ? "https://" : "http://") + origin.host + ":" + std::to_string(origin.port);
}

TEST_CASE("service URL: a discovery URL is parsed into its parts", "[discovery][config]") {
  struct row {
    std::string url, server, scope, name, requests;
  };
  const auto expected = GENERATE(values<row>({
      {"etcd://127.0.0.1/services/time", "http://127.0.0.1:2379", "", "services/time", "http://time:80"},
      {"etcd://[::1]:23/a/b/c/?tls=true", "http://[::1]:23", "", "a/b/c", "https://c:443"},
      {"etcd://e/t?server-tls=true", "https://e:2379", "", "t", "http://t:80"},
      {"dns://time.mesh.test:5001", "", "", "time.mesh.test", "http://time.mesh.test:5001"},
      {"dns://time.mesh.test.", "", "", "time.mesh.test", "http://time.mesh.test:80"},
      {"dns://time?server=127.0.0.1:39053", "", "", "time", "http://time:80"},
      {"srv://_http._tcp.api.mesh.test", "", "", "_http._tcp.api.mesh.test", "http://api.mesh.test:80"},
      {"srv://api.mesh.test?tls=true", "", "", "api.mesh.test", "https://api.mesh.test:443"},
      {"kubernetes://shop/time-service:http", "", "shop", "time-service:http", "http://time-service.shop.svc:80"},
      {"kubernetes://shop/time-service?api=http://127.0.0.1:8001", "", "shop", "time-service",
       "http://time-service.shop.svc:80"},
      {"consul://consul/time?tag=blue&dc=eu", "http://consul:8500", "", "time", "http://time:80"},
      {"eureka://eureka/TIME", "http://eureka:8761", "eureka", "TIME", "http://TIME:80"},
      {"eureka://eureka/eureka/v2/TIME", "http://eureka:8761", "eureka/v2", "TIME", "http://TIME:80"},
  }));
  INFO(expected.url);
  const auto target = parse(expected.url);
  REQUIRE(target);
  CHECK(std::string{target->server.buffer()} == expected.server);
  CHECK(target->scope == expected.scope);
  CHECK(target->name == expected.name);
  CHECK(request_url(target->requests) == expected.requests);
  CHECK(service_url().parse(expected.url));
}

TEST_CASE("service URL: an invalid discovery URL is rejected", "[discovery][config]") {
  const std::string url = GENERATE(
      "zookeeper://h/time", "etcd://h", "etcd://h/", "etcd:///time", "etcd:h/time", "etcd://u:p@h/time",
      "etcd://h:0/time", "etcd://h:65536/time", "etcd://h//time", "etcd://h/a%20b", "etcd://h/..", "etcd://h/time#x",
      "etcd://h/time?ttl=3", "etcd://h/time?tls=yes", "etcd://h/time?tls=true&tls=true", "dns://", "dns://a/b",
      "dns://a?server=x", "dns://a:0", "srv://a.test:80", "srv://a?server=1.2.3.4:0", "kubernetes://ns",
      "kubernetes://ns/a/b", "kubernetes://ns:80/a", "kubernetes://ns/a:", "kubernetes:///a", "kubernetes://ns/a?api=x",
      "consul://h/a/b", "consul://h", "consul://h/a?tag=", "eureka://h", "eureka://h/a?tag=x");
  INFO(url);
  CHECK_FALSE(parse(url));
  CHECK_FALSE(service_url().parse(url));
}

TEST_CASE("registry URL: parts are parsed and checked against their limits", "[discovery][config]") {
  const auto etcd = parse_registry_target("etcd://etcd:23/skydns/test/?ttl=30");
  REQUIRE(etcd);
  CHECK(etcd->server.buffer() == "http://etcd:23");
  CHECK(etcd->scope == "skydns/test");
  CHECK(etcd->ttl == std::chrono::seconds{30});
  CHECK(parse_registry_target("etcd://etcd/a")->ttl == std::chrono::seconds{10});
  CHECK(parse_registry_target("consul://c?server-tls=true")->server.buffer() == "https://c:8500");
  CHECK(parse_registry_target("eureka://e")->scope == "eureka");
  CHECK(parse_registry_target("eureka://e/api/v2")->scope == "api/v2");

  const std::string url = GENERATE("", "x", "http://h/a", "dns://h", "kubernetes://ns/a", "etcd://h", "consul://h/a",
                                   "etcd://h/a?ttl=1", "etcd://h/a?ttl=3601", "etcd://h/a?ttl=x", "etcd://h/a?tls=true",
                                   "etcd://h/a?server-tls=1", "etcd://u@h/a", "etcd://h/a#b");
  INFO(url);
  CHECK_FALSE(parse_registry_target(url));
}

TEST_CASE("instance address: an address with or without a port is accepted", "[discovery][config]") {
  const auto parse_address = instance_address().parse;
  CHECK(parse_address("10.0.0.5") == net::endpoint{asio::ip::make_address("10.0.0.5"), 0});
  CHECK(parse_address("10.0.0.5:80") == net::endpoint{asio::ip::make_address("10.0.0.5"), 80});
  CHECK(parse_address("[::1]:80") == net::endpoint{asio::ip::make_address("::1"), 80});
  CHECK(parse_address("2001:db8::1") == net::endpoint{asio::ip::make_address("2001:db8::1"), 0});
  const std::string text = GENERATE("", "host", "0.0.0.0", "::", "10.0.0.5:0", "10.0.0.5:65536", "10.0.0.5:x", "[::1]");
  INFO(text);
  CHECK_FALSE(parse_address(text));
  CHECK_FALSE(parse_address(std::string{"10.0.0.5\0.6:80", 14}));
}

}  // namespace
}  // namespace cohort::discovery
