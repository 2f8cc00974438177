// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/event_log.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;

const time_point start{1h};

event sample() {
  return {start + 12345us, event_kind::bytes, "dashboard", "time-service", 12, "GET /api/time HTTP/1.1\r\nHost: x\r\n"};
}

std::uint64_t hash_of(const event& logged) {
  event_log log{start};
  log.add(logged);
  return log.hash();
}

TEST_CASE("event log: equal events have equal hashes, and each field changes the hash", "[sim][event_log]") {
  CHECK(hash_of(sample()) == hash_of(sample()));
  auto other = sample();
  SECTION("the time") { other.time += 1ns; }
  SECTION("the kind") { other.kind = event_kind::note; }
  SECTION("the source") { other.source = "dashboarb"; }
  SECTION("the destination") { other.destination = "time-service-2"; }
  SECTION("the connection") { other.connection_id = 13; }
  SECTION("the first byte") { other.detail = "get /api/time HTTP/1.1\r\nHost: x\r\n"; }
  SECTION("the last byte") { other.detail = "GET /api/time HTTP/1.1\r\nHost: x\r\t"; }
  SECTION("the length") { other.detail = "GET /api/time HTTP/1.1\r\nHost: x\r"; }
  SECTION("the boundary between two names") {
    other.source = "dashboardt";
    other.destination = "ime-service";
  }
  CHECK(hash_of(sample()) != hash_of(other));
}

TEST_CASE("event log: zero bytes change the hash", "[sim][event_log]") {
  auto first_log = sample();
  first_log.detail = std::string_view{"\0a", 2};
  auto other = sample();
  other.detail = "a";
  CHECK(hash_of(first_log) != hash_of(other));
}

TEST_CASE("event log: the order of events changes the hash", "[sim][event_log]") {
  auto second = sample();
  second.connection_id = 13;
  event_log first_log{start};
  first_log.add(sample());
  first_log.add(second);
  event_log other{start};
  other.add(second);
  other.add(sample());
  CHECK(first_log.hash() != other.hash());
  CHECK(first_log.event_count() == 2);
}

TEST_CASE("event log: the mode does not change the hash, and the mode `hash` stores no lines", "[sim][event_log]") {
  event_log log{start, event_log::mode::timeline};
  log.add(sample());
  CHECK(log.hash() == hash_of(sample()));
  CHECK(log.timeline().size() == 1);
  event_log hash_log{start};
  hash_log.add(sample());
  CHECK(hash_log.timeline().empty());
}

std::string line_of(const event& logged) {
  event_log log{start, event_log::mode::timeline};
  log.add(logged);
  return log.text();
}

TEST_CASE("event log: a line shows time, source, destination, connection and detail", "[sim][event_log]") {
  CHECK(line_of(sample()) == "    12.345 ms  dashboard → time-service #12  GET /api/time HTTP/1.1 (33 B)\n");
  CHECK(line_of({start + 2s, event_kind::closed, "a", "b", 3, {}}) == "  2000.000 ms  a → b #3  closed\n");
  CHECK(line_of({start, event_kind::accepted, "a", "b", 3, {}}) == "     0.000 ms  a → b #3  accepted\n");
  CHECK(line_of({start, event_kind::reset, "a", "b", 3, {}}) == "     0.000 ms  a → b #3  reset\n");
  CHECK(line_of({start, event_kind::refused, "a", "b", 3, {}}) == "     0.000 ms  a → b #3  refused\n");
  CHECK(line_of({start, event_kind::connect, "a", "b:80", 3, {}}) == "     0.000 ms  a → b:80 #3  connect\n");
  CHECK(line_of({start, event_kind::dns, "a", {}, 0, "b: 10.0.0.1"}) == "     0.000 ms  a  dns b: 10.0.0.1\n");
  CHECK(line_of({start, event_kind::fault, "a", "b", 0, "partitioned"}) == "     0.000 ms  a → b  fault partitioned\n");
  CHECK(line_of({start, event_kind::note, "fleet", {}, 0, "now"}) == "     0.000 ms  fleet  note now\n");
}

TEST_CASE("event log: non-printable bytes are escaped", "[sim][event_log]") {
  auto binary = sample();
  binary.detail = std::string_view{"\x16\x03\x1b[31m\\\0z\n", 11};
  CHECK(line_of(binary) == "    12.345 ms  dashboard → time-service #12  \\x16\\x03\\x1b[31m\\x5c\\x00z (11 B)\n");
  const std::string note{"a\nb"};
  CHECK(line_of({start, event_kind::note, "fleet", {}, 0, note}) == "     0.000 ms  fleet  note a\\x0ab\n");
}

TEST_CASE("event log: a long first line is truncated", "[sim][event_log]") {
  auto long_line = sample();
  const std::string bytes(500, 'a');
  long_line.detail = bytes;
  CHECK(line_of(long_line) == "    12.345 ms  dashboard → time-service #12  " + std::string(100, 'a') + "… (500 B)\n");
}

}  // namespace
}  // namespace cohort::sim
