// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/dns/dns_message.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/discovery/dns/resolver_configuration.hpp>
#include "tests/unit/discovery/dns_bytes.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace cohort::discovery {
namespace {

using namespace cohort::test;

const std::string query = *make_dns_query(0x1234, "api.mesh.test", dns_type::a);

TEST_CASE("DNS query: a query consists of a header, a question and an EDNS record", "[discovery][dns]") {
  const std::string expected = std::string{"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01", 12} +
                               dns_name("api.mesh.test") + dns_u16(1) + dns_u16(1) +
                               std::string{"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00", 11};
  CHECK(query == expected);
  CHECK(make_dns_query(0x1234, "api.mesh.test.", dns_type::a) == expected);
  CHECK(make_dns_query(1, std::string(63, 'a'), dns_type::a));
  CHECK(make_dns_query(1, "a." + std::string(251, 'a'), dns_type::a) == std::nullopt);
  const std::string name = GENERATE("", ".", "a..b", ".a");
  INFO(name);
  CHECK_FALSE(make_dns_query(1, name, dns_type::a));
  CHECK_FALSE(make_dns_query(1, std::string(64, 'a') + ".test", dns_type::a));
}

TEST_CASE("DNS response: addresses and their TTL are parsed, also after a CNAME record", "[discovery][dns]") {
  const dns_sections sections{{dns_record_bytes(dns_question_name, dns_type::cname, 60, dns_name("Host.MESH.test")),
                               dns_record_bytes(dns_name("host.mesh.test"), dns_type::a, 30, dns_address("10.0.0.1")),
                               dns_record_bytes(dns_name("host.mesh.test"), dns_type::a, 45, dns_address("10.0.0.2")),
                               dns_record_bytes(dns_name("other.test"), dns_type::a, 1, dns_address("10.0.0.3"))},
                              {},
                              {}};
  const auto response = parse_dns_response(dns_response_bytes(query, 0, sections));
  REQUIRE(response);
  CHECK(response->id == 0x1234);
  const auto found = select_dns_records(*response, "API.mesh.test.", dns_type::a, 300);
  REQUIRE(found.records.size() == 2);
  CHECK(found.records[1].address.to_string() == "10.0.0.2");
  CHECK(found.ttl == 30);
}

TEST_CASE("DNS response: SRV and AAAA records are parsed, and records of unknown types are ignored",
          "[discovery][dns]") {
  const auto srv = dns_record_bytes(dns_question_name, dns_type::srv, 5, dns_srv_data(10, 20, 8080, "x.mesh.test"));
  const auto text = dns_record_bytes(dns_question_name, static_cast<dns_type>(16), 5,
                                     "\x03"
                                     "abc");
  const auto aaaa = dns_record_bytes(dns_name("x.mesh.test"), dns_type::aaaa, 7, dns_address("2001:db8::1"));
  const auto response = parse_dns_response(dns_response_bytes(query, 0, {{text, srv}, {}, {aaaa}}));
  REQUIRE(response);
  REQUIRE(response->answers.size() == 1);
  CHECK(response->answers[0].priority == 10);
  CHECK(response->answers[0].weight == 20);
  CHECK(response->answers[0].port == 8080);
  CHECK(response->answers[0].target == "x.mesh.test");
  REQUIRE(response->additional.size() == 1);
  CHECK(response->additional[0].address.to_string() == "2001:db8::1");
}

TEST_CASE("DNS response: a negative response has the TTL of its SOA record", "[discovery][dns]") {
  const auto soa = dns_record_bytes(dns_name("mesh.test"), dns_type::soa, 60, dns_soa_data(20));
  const auto response = parse_dns_response(dns_response_bytes(query, 3, {{}, {soa}, {}}));
  REQUIRE(response);
  CHECK(response->code == dns_code::name_error);
  CHECK(select_dns_records(*response, "api.mesh.test", dns_type::a, 300).ttl == 20);
  const auto response_without_soa = parse_dns_response(dns_response_bytes(query, 3, {}));
  CHECK(select_dns_records(*response_without_soa, "api.mesh.test", dns_type::a, 300).ttl == 300);
}

TEST_CASE("DNS response: a loop of CNAME records is rejected", "[discovery][dns]") {
  const auto first = dns_record_bytes(dns_question_name, dns_type::cname, 60, dns_name("b.test"));
  const auto second = dns_record_bytes(dns_name("b.test"), dns_type::cname, 60, dns_name("api.mesh.test"));
  const auto response = parse_dns_response(dns_response_bytes(query, 0, {{first, second}, {}, {}}));
  REQUIRE(response);
  CHECK(select_dns_records(*response, "api.mesh.test", dns_type::a, 300).records.empty());
}

TEST_CASE("DNS response: malformed messages are rejected", "[discovery][dns]") {
  const auto record_with = [](const std::string& name, const std::string& data, dns_type type = dns_type::a) {
    return dns_response_bytes(query, 0, {{dns_record_bytes(name, type, 1, data)}, {}, {}});
  };
  const auto name_offset = static_cast<unsigned>(record_with("", "").find('\0', 12) + 5);
  CHECK(parse_dns_response(record_with(dns_question_name, dns_address("10.0.0.1"))));
  CHECK_FALSE(parse_dns_response(record_with(dns_question_name, "123")));
  CHECK_FALSE(parse_dns_response(record_with(dns_question_name, "12345")));
  CHECK_FALSE(parse_dns_response(record_with(dns_question_name, dns_u16(1), dns_type::srv)));
  // A pointer to itself, a pointer to a later position, and a pointer whose second byte is missing.
  CHECK_FALSE(parse_dns_response(record_with(dns_u16(0xc000U | name_offset), dns_address("10.0.0.1"))));
  CHECK_FALSE(parse_dns_response(record_with(dns_u16(0xc000U | (name_offset + 2)), dns_address("10.0.0.1"))));
  CHECK_FALSE(parse_dns_response(record_with("\xc0", "")));
  // Labels of a reserved type, and a label with a dot.
  CHECK_FALSE(parse_dns_response(record_with("\x41" + std::string(65, 'a'), dns_address("10.0.0.1"))));
  CHECK_FALSE(parse_dns_response(record_with(std::string{"\x03"
                                                         "a.b\x00",
                                                         5},
                                             dns_address("10.0.0.1"))));
  // A query, a message that ends within its header, and a message that is truncated at any byte.
  CHECK_FALSE(parse_dns_response(query));
  const auto valid_response = record_with(dns_question_name, dns_address("10.0.0.1"));
  for (std::size_t size = 0; size < valid_response.size(); ++size) {
    INFO(size);
    CHECK_FALSE(parse_dns_response(valid_response.substr(0, size)));
  }
  auto truncated_response = valid_response.substr(0, valid_response.size() - 1);
  truncated_response[2] = static_cast<char>(truncated_response[2] | 0x02);
  REQUIRE(parse_dns_response(truncated_response));
  CHECK(parse_dns_response(truncated_response)->is_truncated);
}

TEST_CASE("DNS response: a response must match the ID and the question of the query", "[discovery][dns]") {
  const auto response = dns_response_bytes(query, 0, {});
  CHECK(is_dns_response_to(query, response));
  CHECK_FALSE(is_dns_response_to(*make_dns_query(0x1235, "api.mesh.test", dns_type::a), response));
  CHECK_FALSE(is_dns_response_to(*make_dns_query(0x1234, "api.mesh.tesT", dns_type::aaaa), response));
  CHECK(is_dns_response_to(*make_dns_query(0x1234, "API.mesh.test", dns_type::a), response));
  CHECK_FALSE(is_dns_response_to(*make_dns_query(0x1234, "apj.mesh.test", dns_type::a), response));
  CHECK_FALSE(is_dns_response_to(query, query));
  CHECK_FALSE(is_dns_response_to(query, response.substr(0, 20)));
  // FORMERR without a question.
  CHECK(is_dns_response_to(query, query.substr(0, 2) + "\x80\x01" + std::string(8, '\0')));
}

TEST_CASE("resolv.conf: servers, search domains and options are read up to their limits", "[discovery][dns]") {
  const auto parsed = parse_resolver_configuration(
      "# comment\nnameserver 10.0.0.1\nnameserver ::1\nnameserver x\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n"
      "domain old.test\nsearch a.test b.test.\noptions ndots:5 timeout:1 attempts:9 rotate timeout:0 ndots:x\n");
  REQUIRE(parsed.servers.size() == 3);
  CHECK(parsed.servers[1] == net::endpoint{asio::ip::make_address("::1"), 53});
  CHECK(parsed.search == std::vector<std::string>{"a.test", "b.test"});
  CHECK(parsed.ndots == 5);
  CHECK(parsed.timeout == std::chrono::seconds{1});
  CHECK(parsed.attempts == 5);
  CHECK(parse_resolver_configuration("").servers.front().address().is_loopback());
}

}  // namespace
}  // namespace cohort::discovery
