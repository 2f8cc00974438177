// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/proxy_protocol/proxy_header.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/unit/net/proxy_protocol/proxy_headers.hpp"

namespace cohort::net {
namespace {

using namespace cohort::test;
using state = proxy_header::state;

std::string client_of(const proxy_header& header) {
  return header.client_address ? header.client_address->to_string() : "";
}

TEST_CASE("proxy header: a header of version 1 contains the client's address", "[net][proxies]") {
  const auto [line, client] = GENERATE(table<std::string, std::string>({
      {"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", "203.0.113.9"},
      {"PROXY TCP6 2001:db8::9 2001:db8::1 1 65535\r\n", "2001:db8::9"},
      {"PROXY TCP6 ::ffff:203.0.113.9 ::ffff:192.0.2.1 0 0\r\n", "203.0.113.9"},
      {"PROXY UNKNOWN\r\n", ""},
      {"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", ""},
      {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  }));
  CAPTURE(line);
  const auto header = parse_proxy_header(line + "GET / HTTP/1.1\r\n");
  CHECK(header.parsed == state::complete);
  CHECK(header.size == line.size());
  CHECK(client_of(header) == client);
}

TEST_CASE("proxy header: malformed headers of version 1 are invalid", "[net][proxies]") {
  const std::string line =
      GENERATE("PROXY TCP4 203.0.113.9 192.0.2.1 56324\r\n", "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443 \r\n",
               "PROXY TCP4 203.0.113.9  192.0.2.1 56324 443\r\n", "PROXY TCP4 203.0.113.999 192.0.2.1 1 1\r\n",
               "PROXY TCP4 2001:db8::9 2001:db8::1 1 1\r\n", "PROXY TCP6 203.0.113.9 192.0.2.1 1 1\r\n",
               "PROXY TCP4 203.0.113.9 192.0.2.1 65536 1\r\n", "PROXY TCP4 203.0.113.9 192.0.2.1 01 1\r\n",
               "PROXY TCP4 203.0.113.9 192.0.2.1 -1 1\r\n", "PROXY TCP4 203.0.113.9 192.0.2.1 1 \r\n",
               "PROXY UDP4 203.0.113.9 192.0.2.1 1 1\r\n", "PROXY tcp4 203.0.113.9 192.0.2.1 1 1\r\n", "PROXY \r\n",
               "PROXY TCP4\r\n", "PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", "PROXY TCP4 a b 1 1\r\n", "PROXY\tTCP4\r\n");
  CAPTURE(line);
  // An address ends at a space only.
  const auto header_with_nul = std::string{"PROXY TCP4 203.0.113.9"} + '\0' + "x 192.0.2.1 1 1\r\n";
  CHECK(parse_proxy_header(header_with_nul).parsed == state::invalid);
  const auto parsed = parse_proxy_header(line).parsed;
  // A line without "PROXY " is not a PROXY protocol header.
  CHECK(parsed == (line.starts_with("PROXY ") ? state::invalid : state::absent));
}

TEST_CASE("proxy header: version 1 is limited to 107 bytes", "[net][proxies]") {
  const std::string long_line = "PROXY UNKNOWN " + std::string(93, 'x');
  CHECK(parse_proxy_header(long_line.substr(0, 106)).parsed == state::incomplete);
  CHECK(parse_proxy_header(long_line.substr(0, 105) + "\r\n").parsed == state::complete);
  CHECK(parse_proxy_header(long_line.substr(0, 106) + "\r\n").parsed == state::invalid);
  CHECK(parse_proxy_header(long_line).parsed == state::invalid);
}

TEST_CASE("proxy header: a header of version 2 contains the client's address", "[net][proxies]") {
  const auto [header_bytes, client] = GENERATE(table<std::string, std::string>({
      {proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09")), "203.0.113.9"},
      {proxy_v2(0x21, 0x21, v6_addresses()), "2001:db8::9"},
      {proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09") + std::string("\x04\x00\x02xx", 5)), "203.0.113.9"},
      {proxy_v2(0x20, 0x00, ""), ""},                                // the command LOCAL
      {proxy_v2(0x20, 0x11, v4_addresses("\xCB\x00\x71\x09")), ""},  // LOCAL ignores addresses
      {proxy_v2(0x20, 0x00, "anything"), ""},                        // a LOCAL header ignores any data
      {proxy_v2(0x21, 0x00, ""), ""},                                // the address family UNSPEC
      {proxy_v2(0x21, 0x31, std::string(216, 'u')), ""},             // the address family AF_UNIX
      {proxy_v2(0x21, 0x12, v4_addresses("\xCB\x00\x71\x09")), ""},  // the transport DGRAM
      {set_checksum(proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09") + checksum_tlv())), "203.0.113.9"},
  }));
  const auto header = parse_proxy_header(header_bytes + "GET / HTTP/1.1\r\n");
  CAPTURE(header.error);
  CHECK(header.parsed == state::complete);
  CHECK(header.size == header_bytes.size());
  CHECK(client_of(header) == client);
}

TEST_CASE("proxy header: malformed headers of version 2 are invalid", "[net][proxies]") {
  const auto v4 = v4_addresses("\xCB\x00\x71\x09");
  const std::string bytes = GENERATE_COPY(
      proxy_v2(0x11, 0x11, v4), proxy_v2(0x22, 0x11, v4), proxy_v2(0x2F, 0x11, v4), proxy_v2(0x21, 0x41, v4),
      proxy_v2(0x21, 0x13, v4), proxy_v2(0x21, 0x11, v4.substr(1)), proxy_v2(0x21, 0x21, v4), proxy_v2(0x21, 0x31, v4),
      proxy_v2(0x21, 0x11, ""), proxy_v2(0x21, 0x11, v4 + "\x04"),
      proxy_v2(0x21, 0x11, v4 + std::string("\x04\x00\x03xx", 5)), proxy_v2(0x21, 0x11, v4 + checksum_tlv()),
      proxy_v2(0x21, 0x11, v4 + std::string("\x03\x00\x02xx", 5)), proxy_v2(0x21, 0x11, std::string(521, 0)));
  CHECK(parse_proxy_header(bytes).parsed == state::invalid);
}

TEST_CASE("proxy header: a header of up to 536 bytes is accepted", "[net][proxies]") {
  const auto tlv = std::string("\x04\x01\xF9", 3) + std::string(505, 'n');
  const auto bytes = proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09") + tlv);
  CHECK(bytes.size() == max_proxy_header_v2_size);
  CHECK(parse_proxy_header(bytes).parsed == state::complete);
}

TEST_CASE("proxy header: every prefix of a header is incomplete", "[net][proxies]") {
  const std::string bytes = GENERATE(std::string{"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n"},
                                     proxy_v2(0x21, 0x11, v4_addresses("\xCB\x00\x71\x09")));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto header = parse_proxy_header(bytes.substr(0, size));
    CAPTURE(size);
    CHECK(header.parsed == state::incomplete);
    CHECK(header.size > size);
    CHECK(header.size <= bytes.size());
  }
}

TEST_CASE("proxy header: bytes that begin with neither signature are not a header", "[net][proxies]") {
  const std::string bytes = GENERATE("GET / HTTP/1.1\r\n", "POST", "PROX Y", "\x16\x03\x01", "\r\nGET / HTTP/1.1",
                                     "\r\n\r\nGET", "proxy TCP4", " PROXY");
  CHECK(parse_proxy_header(bytes).parsed == state::absent);
}

}  // namespace
}  // namespace cohort::net
