// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/forwarded.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <utility>

namespace cohort::http {
namespace {

using field_list = std::vector<std::pair<std::string, std::string>>;

forwarded_client find_client(const field_list& fields, std::string_view trusted = "10.0.0.0/8") {
  request_head head;
  for (const auto& [name, value] : fields) head.fields.push_back({field::unknown, name, value});
  return find_forwarded_client(head, *net::network_list::parse(trusted));
}

TEST_CASE("forwarded: X-Forwarded-For is read from the right up to the first untrusted address", "[http][proxies]") {
  const auto [value, address] = GENERATE(table<std::string, std::string>({
      {"203.0.113.9", "203.0.113.9"},
      {"198.51.100.1, 203.0.113.9", "203.0.113.9"},
      {"198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"},
      {"198.51.100.1,203.0.113.9 ,10.1.1.1,10.0.0.2", "203.0.113.9"},
      {"10.0.0.3, 10.0.0.2", "10.0.0.3"},
      {"10.0.0.3", "10.0.0.3"},
      {"203.0.113.9:4711", "203.0.113.9"},
      {"2001:db8::9", "2001:db8::9"},
      {"[2001:db8::9]", "2001:db8::9"},
      {"[2001:db8::9]:4711", "2001:db8::9"},
      {"::ffff:203.0.113.9", "203.0.113.9"},
      {"203.0.113.9,", "203.0.113.9"},
      {",,203.0.113.9", "203.0.113.9"},
      {"unknown", ""},
      {"203.0.113.9, unknown, 10.0.0.2", ""},
      {"<script>, 203.0.113.9", "203.0.113.9"},  // elements to the left of the client are ignored
      {"for=\", 203.0.113.9", "203.0.113.9"},
  }));
  CAPTURE(value);
  const auto client = find_client({{"X-Forwarded-For", value}});
  CHECK_FALSE(client.is_malformed);
  CHECK(client.address == address);
}

TEST_CASE("forwarded: several X-Forwarded-For field lines are combined into one list", "[http][proxies]") {
  CHECK(find_client({{"x-forwarded-for", "198.51.100.1"}, {"X-FORWARDED-FOR", "203.0.113.9, 10.0.0.2"}}).address ==
        "203.0.113.9");
}

TEST_CASE("forwarded: a malformed X-Forwarded-For results in no client address", "[http][proxies]") {
  const std::string value =
      GENERATE("", ",", "example.org", "203.0.113", "203.0.113.256", "203.0.113.9:x", "203.0.113.9:123456",
               "[2001:db8::9", "[203.0.113.9]", "2001:db8::g", "fe80::1%eth0", "203.0.113.9 10.0.0.1",
               "203.0.113.9, bad, 10.0.0.2", "0x7f000001", "203.0.113.9\x01", "[]", ":", "-1.2.3.4");
  CAPTURE(value);
  const auto client = find_client({{"X-Forwarded-For", value}});
  CHECK(client.is_malformed);
  CHECK(client.address.empty());
}

TEST_CASE("forwarded: Forwarded is parsed according to RFC 7239", "[http][proxies]") {
  const auto [value, address, proto, host] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"for=203.0.113.9", "203.0.113.9", "", ""},
      {"For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", "", ""},
      {"for=203.0.113.9;proto=https;by=10.0.0.1;host=example.org", "203.0.113.9", "https", "example.org"},
      {"for=203.0.113.9; proto=HTTP", "203.0.113.9", "http", ""},
      {"for=198.51.100.1;proto=https, for=203.0.113.9;proto=http", "203.0.113.9", "http", ""},
      {"for=203.0.113.9;host=a, for=10.0.0.2;host=b", "203.0.113.9", "", "a"},
      {"for=\"203.0.113.9:80\"", "203.0.113.9", "", ""},
      {"for=203.0.113.9:80", "203.0.113.9", "", ""},
      {"for=\"_gazonk\"", "", "", ""},
      {"for=unknown;proto=https", "", "https", ""},
      {"for=\"203.0.113.9:_port\"", "203.0.113.9", "", ""},
      {"for=\"20\\3.0.113.9\"", "203.0.113.9", "", ""},
      {"secret=\"a,b;for=1\";for=203.0.113.9", "203.0.113.9", "", ""},
      {"proto=https", "", "https", ""},
      {"for=203.0.113.9,", "203.0.113.9", "", ""},
      {", for=203.0.113.9", "203.0.113.9", "", ""},
  }));
  CAPTURE(value);
  const auto client = find_client({{"Forwarded", value}});
  CHECK_FALSE(client.is_malformed);
  CHECK(client.address == address);
  CHECK(client.proto == proto);
  CHECK(client.host == host);
}

TEST_CASE("forwarded: a malformed Forwarded field results in no client address", "[http][proxies]") {
  const std::string value =
      GENERATE("", ",", "for", "for=", "=203.0.113.9", "for=203.0.113.9;", "for=203.0.113.9;for=203.0.113.8",
               "for=\"203.0.113.9", "for=\"203.0.113.9\\", "for=\"203.0.113.9\"x", "for=203.0.113.9 proto=https",
               "for=[203.0.113.9]", "for=2001:db8::9", "for=example.org", "for=203.0.113.9;proto=ftp",
               "for=203.0.113.9;proto=http;proto=http", "for=203.0.113.9;host=\"a/b\"", "f or=203.0.113.9",
               "for =203.0.113.9", "for=_", "for=203.0.113.9:", "for=\"\"", "203.0.113.9", "for=203.0.113.9:65536",
               "for=\"[2001:db8::9]:99999\"", "for=203.0.113.9:000080", "for=203.0.113.9;host=\"a:65536\"",
               "for=203.0.113.9;host=\"[::1\"", "for=203.0.113.9;host=\"a:b\"", "for=203.0.113.9;host=\"a;b\"");
  CAPTURE(value);
  const auto client = find_client({{"Forwarded", value}});
  CHECK(client.is_malformed);
  CHECK(client.address.empty());
}

TEST_CASE("forwarded: Forwarded and X-Forwarded-For must name the same client", "[http][proxies]") {
  CHECK(find_client({{"Forwarded", "for=203.0.113.9"}, {"X-Forwarded-For", "1.1.1.1, 203.0.113.9"}}).address ==
        "203.0.113.9");
  CHECK(find_client({{"Forwarded", "for=198.51.100.1"}, {"X-Forwarded-For", "203.0.113.9"}}).is_malformed);
  CHECK(find_client({{"Forwarded", "for=unknown"}, {"X-Forwarded-For", "203.0.113.9"}}).is_malformed);
}

TEST_CASE("forwarded: the elements of X-Forwarded-Proto and -Host at the client's position are used",
          "[http][proxies]") {
  const auto [addresses, protos, proto] = GENERATE(table<std::string, std::string, std::string>({
      {"203.0.113.9", "https", "https"},
      {"203.0.113.9", "HTTP", "http"},
      {"198.51.100.1, 203.0.113.9", "http, https", "https"},
      {"203.0.113.9, 10.0.0.2", "https, http", "https"},
      {"198.51.100.1, 203.0.113.9", "https", "https"},
  }));
  CHECK(find_client({{"X-Forwarded-For", addresses}, {"X-Forwarded-Proto", protos}}).proto == proto);
  CHECK(find_client({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "example.org:8443"}}).host ==
        "example.org:8443");
  CHECK(find_client({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "gopher"}}).is_malformed);
  for (const std::string host : {"a b", "a:65536", "a:b", "a]", "%zz", "a=b"}) {
    CAPTURE(host);
    CHECK(find_client({{"X-Forwarded-Host", host}}).is_malformed);
  }
}

TEST_CASE("forwarded: without forwarding headers the result is empty", "[http][proxies]") {
  const auto client = find_client({{"Host", "example.org"}});
  CHECK_FALSE(client.is_malformed);
  CHECK(client.address.empty());
  CHECK(client.proto.empty());
  CHECK(client.host.empty());
}

TEST_CASE("forwarded: thousands of elements are read in linear time", "[http][proxies]") {
  std::string value;
  for (int i = 0; i < 5000; ++i) value += "10.0.0.2,";
  CHECK(find_client({{"X-Forwarded-For", "203.0.113.9," + value}}).address == "203.0.113.9");
  std::string elements = "for=203.0.113.9";
  for (int i = 0; i < 64; ++i) elements += ",for=10.0.0.2";
  CHECK(find_client({{"Forwarded", elements}}).is_malformed);
}

}  // namespace
}  // namespace cohort::http
