// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/address_overrides.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <sstream>

#include <cohort/net/memory/memory_network.hpp>
#include "loadgen/options/connection_parsers.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

struct override_flags {
  std::vector<std::string> connect_to;
  std::vector<std::string> resolve;
};

/// Returns the endpoints that a host and port resolve to with these flags, or the error message. The network resolves
/// the names `h.test` and `other.test`.
std::string resolve_with(const override_flags& flags, std::string host, std::uint16_t port) {
  virtual_time time;
  net::memory_network network;
  network.add_name("h.test", {asio::ip::make_address("192.0.2.1")});
  network.add_name("other.test", {asio::ip::make_address("192.0.2.2")});
  loadgen::address_overrides overrides;
  for (const auto& text : flags.connect_to) {
    overrides.connect_to.push_back(loadgen::connect_to_parser().parse(text).value());
  }
  for (const auto& text : flags.resolve) overrides.resolve.push_back(loadgen::resolve_parser().parse(text).value());
  loadgen::overridden_network overridden{network, overrides};
  const auto endpoints = time.run(overridden.resolve(std::move(host), port, deadline::after(time.now(), 1s)));
  if (!endpoints) return endpoints.error().message();
  std::ostringstream text;
  for (const auto& endpoint : *endpoints) text << endpoint << " ";
  return text.str();
}

struct override_case {
  override_flags flags;
  std::string host;
  std::uint16_t port;
  std::string endpoints;
};

TEST_CASE("address overrides: with --connect-to, connections are opened to another server",
          "[loadgen][client][case-4.4]") {
  const auto example = GENERATE(from_range(std::vector<override_case>{
      {{{"h.test:80:other.test:8080"}, {}}, "h.test", 80, "192.0.2.2:8080 "},
      {{{"h.test:80:other.test:8080"}, {}}, "h.test", 81, "192.0.2.1:81 "},
      {{{"h.test:80:other.test:8080"}, {}}, "other.test", 80, "192.0.2.2:80 "},
      {{{"H.Test:80:other.test:"}, {}}, "h.test", 80, "192.0.2.2:80 "},
      {{{"::192.0.2.9:9"}, {}}, "nowhere.test", 443, "192.0.2.9:9 "},
      {{{":80::8080"}, {}}, "h.test", 80, "192.0.2.1:8080 "},
      {{{"h.test::[2001:db8::9]:"}, {}}, "h.test", 7, "[2001:db8::9]:7 "},
      {{{"[2001:db8::9]:80:h.test:81"}, {}}, "2001:db8::9", 80, "192.0.2.1:81 "},
      {{{"h.test:80:other.test:1", "h.test::other.test:2"}, {}}, "h.test", 80, "192.0.2.2:1 "},
      {{{"h.test:80:other.test:1", "h.test::other.test:2"}, {}}, "h.test", 90, "192.0.2.2:2 "},
  }));
  CAPTURE(example.flags.connect_to.front(), example.host, example.port);
  CHECK(resolve_with(example.flags, example.host, example.port) == example.endpoints);
}

TEST_CASE("address overrides: connections to a host use its addresses in --resolve", "[loadgen][client][case-4.4]") {
  const auto example = GENERATE(from_range(std::vector<override_case>{
      {{{}, {"h.test:80:192.0.2.7"}}, "h.test", 80, "192.0.2.7:80 "},
      {{{}, {"h.test:80:192.0.2.7"}}, "h.test", 81, "192.0.2.1:81 "},
      {{{}, {"nowhere.test:80:192.0.2.7,192.0.2.8"}}, "nowhere.test", 80, "192.0.2.7:80 192.0.2.8:80 "},
      {{{}, {"h.test:80:[2001:db8::7],2001:db8::8"}}, "h.test", 80, "[2001:db8::7]:80 [2001:db8::8]:80 "},
      {{{}, {"*:80:192.0.2.7"}}, "anything.test", 80, "192.0.2.7:80 "},
      {{{"h.test:80:shop.test:443"}, {"shop.test:443:192.0.2.7"}}, "h.test", 80, "192.0.2.7:443 "},
  }));
  CAPTURE(example.flags.resolve.front(), example.host, example.port);
  CHECK(resolve_with(example.flags, example.host, example.port) == example.endpoints);
}

TEST_CASE("address overrides: an invalid --connect-to value is rejected", "[loadgen][options][case-4.4]") {
  const auto* const text =
      GENERATE("", "h", "h:80", "h:80:", "h:x:g:81", "h:80:g:x", "h:0:g:81", "h:80:g:65536", "h:80:g:81:1",
               "h i:80:g:81", "h:80:g/:81", "[::1:80:g:81", "*:80:g:81", "u@h:80:g:81");
  CAPTURE(text);
  CHECK_FALSE(loadgen::connect_to_parser().parse(text));
}

TEST_CASE("address overrides: an invalid --resolve value is rejected", "[loadgen][options][case-4.4]") {
  const auto* const text =
      GENERATE("", "h", "h:80", "h:80:", ":80:192.0.2.1", "h::192.0.2.1", "h:0:192.0.2.1", "h:80:name",
               "h:80:192.0.2.1,", "h:80:,192.0.2.1", "h:80:192.0.2.1:90", "h:80:192.0.2", "h:80:[", "h:80:[]");
  CAPTURE(text);
  CHECK_FALSE(loadgen::resolve_parser().parse(text));
}

TEST_CASE("address overrides: a server name is accepted without a port only", "[loadgen][options][case-4.5]") {
  CHECK(loadgen::server_name_parser().parse("shop.example") == "shop.example");
  CHECK(loadgen::server_name_parser().parse("[::1]") == "::1");
  CHECK(loadgen::server_name_parser().parse("192.0.2.1") == "192.0.2.1");
  const auto text =
      GENERATE(as<std::string>{}, "", "h:443", "[::1]:443", "http://h", "a b", "h/", "u@h", std::string(254, 'h'));
  CAPTURE(text);
  CHECK_FALSE(loadgen::server_name_parser().parse(text));
}

}  // namespace
}  // namespace cohort
