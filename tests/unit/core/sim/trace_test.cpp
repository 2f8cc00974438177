#include "core/sim/trace.hpp"

#include <catch2/catch_test_macros.hpp>

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;

const time_point start{1h};

event sample() {
  return {start + 12345us, event_kind::bytes, "dashboard", "time-service", 12, "GET /api/time HTTP/1.1\r\nHost: x\r\n"};
}

std::uint64_t hash_of(const event& only) {
  trace kept{start};
  kept.add(only);
  return kept.hash();
}

TEST_CASE("The same events have the same hash, and whatever differs shows in it") {
  CHECK(hash_of(sample()) == hash_of(sample()));
  auto other = sample();
  SECTION("the time") { other.when += 1ns; }
  SECTION("the kind") { other.what = event_kind::note; }
  SECTION("who") { other.from = "dashboarb"; }
  SECTION("to whom") { other.to = "time-service-2"; }
  SECTION("the connection") { other.number = 13; }
  SECTION("the first byte") { other.content = "get /api/time HTTP/1.1\r\nHost: x\r\n"; }
  SECTION("the last byte") { other.content = "GET /api/time HTTP/1.1\r\nHost: x\r\t"; }
  SECTION("the length") { other.content = "GET /api/time HTTP/1.1\r\nHost: x\r"; }
  SECTION("where a name ends") {
    other.from = "dashboardt";
    other.to = "ime-service";
  }
  CHECK(hash_of(sample()) != hash_of(other));
}

TEST_CASE("Bytes of value zero count as well") {
  auto one = sample();
  one.content = std::string_view{"\0a", 2};
  auto other = sample();
  other.content = "a";
  CHECK(hash_of(one) != hash_of(other));
}

TEST_CASE("The order of events shows in the hash") {
  auto second = sample();
  second.number = 13;
  trace one{start};
  one.add(sample());
  one.add(second);
  trace other{start};
  other.add(second);
  other.add(sample());
  CHECK(one.hash() != other.hash());
  CHECK(one.events() == 2);
}

TEST_CASE("Keeping a timeline does not change the hash, and not keeping one keeps no lines") {
  trace kept{start, trace::keeping::timeline};
  kept.add(sample());
  CHECK(kept.hash() == hash_of(sample()));
  CHECK(kept.timeline().size() == 1);
  trace bare{start};
  bare.add(sample());
  CHECK(bare.timeline().empty());
}

std::string line_of(const event& only) {
  trace kept{start, trace::keeping::timeline};
  kept.add(only);
  return kept.text();
}

TEST_CASE("A line of the timeline says when, who, to whom, on which connection and what") {
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

TEST_CASE("Bytes that are no text cannot break the timeline's lines") {
  auto binary = sample();
  binary.content = std::string_view{"\x16\x03\x1b[31m\\\0z\n", 11};
  CHECK(line_of(binary) == "    12.345 ms  dashboard → time-service #12  \\x16\\x03\\x1b[31m\\x5c\\x00z (11 B)\n");
  const std::string noted{"a\nb"};
  CHECK(line_of({start, event_kind::note, "fleet", {}, 0, noted}) == "     0.000 ms  fleet  note a\\x0ab\n");
}

TEST_CASE("Of a long first line the timeline shows the beginning") {
  auto endless = sample();
  const std::string bytes(500, 'a');
  endless.content = bytes;
  CHECK(line_of(endless) == "    12.345 ms  dashboard → time-service #12  " + std::string(100, 'a') + "… (500 B)\n");
}

}  // namespace
}  // namespace cohort::sim
