#include "loadgen/histogram.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

constexpr std::array percentages{0.001, 1.0, 10.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0};

/// Of every size that the range has, some of them equal.
std::vector<std::uint64_t> random_values(std::mt19937_64& random, std::size_t many) {
  std::vector<std::uint64_t> values(many);
  const auto bits = 1 + random() % 31;
  for (auto& value : values) value = random() >> (64 - 1 - random() % bits);
  return values;
}

histogram histogram_of(const std::vector<std::uint64_t>& values) {
  histogram made;
  for (const auto value : values) made.record(value);
  return made;
}

using counters = std::vector<std::array<std::uint64_t, 3>>;

counters counters_of(const histogram& of) {
  counters all;
  of.for_each_bucket([&](const histogram::bucket& each) { all.push_back({each.least, each.greatest, each.count}); });
  return all;
}

/// As HdrHistogram numbers them: from zero until the last that is not empty.
std::vector<std::int64_t> expanded(const histogram& of) {
  std::vector<std::int64_t> all;
  of.for_each_bucket([&](const histogram::bucket& each) {
    const auto shift = static_cast<unsigned>(std::bit_width(each.least | 2047)) - 11;
    all.resize(1024u * shift + (each.least >> shift) + 1);
    all.back() = static_cast<std::int64_t>(each.count);
  });
  return all;
}

struct decoded {
  std::string header;   // the 40 bytes but for the payload's length
  std::string payload;  // what the counts are made of
  std::vector<std::int64_t> counts;
};

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string unpacked(std::string_view base64) {
  std::string packed(base64.size() / 4 * 3, '\0');
  REQUIRE(EVP_DecodeBlock(reinterpret_cast<unsigned char*>(packed.data()),
                          reinterpret_cast<const unsigned char*>(base64.data()),
                          static_cast<int>(base64.size())) == static_cast<int>(packed.size()));
  while (base64.ends_with('=')) {
    base64.remove_suffix(1);
    packed.pop_back();
  }
  REQUIRE(big_endian(packed.substr(0, 4)) == 0x1c849314);
  REQUIRE(big_endian(packed.substr(4, 4)) == packed.size() - 8);
  std::string plain(1 << 20, '\0');
  auto size = static_cast<uLongf>(plain.size());
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(plain.data()), &size, reinterpret_cast<const Bytef*>(&packed[8]),
                     static_cast<uLong>(packed.size() - 8)) == Z_OK);
  plain.resize(size);
  return plain;
}

decoded decode(std::string_view base64) {
  const auto plain = unpacked(base64);
  REQUIRE(big_endian(plain.substr(4, 4)) == plain.size() - 40);
  decoded all{.header = plain.substr(0, 4) + plain.substr(8, 32), .payload = plain.substr(40)};
  for (std::size_t at = 40; at < plain.size();) {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(plain.at(at++));
      const bool last_of_nine = shift == 56;
      number |= std::uint64_t{last_of_nine ? byte : byte & 0x7fU} << shift;
      if (last_of_nine || byte < 0x80) break;
    }
    const auto count = static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
    if (count < 0)
      all.counts.resize(all.counts.size() + static_cast<std::size_t>(-count));
    else
      all.counts.push_back(count);
  }
  return all;
}

TEST_CASE("Every percentile is within a thousandth above the exact one, and never below it") {
  std::mt19937_64 random{GENERATE(range(1u, 40u))};
  auto values = random_values(random, 1 + random() % 3000);
  const auto all = histogram_of(values);
  std::sort(values.begin(), values.end());
  for (const double percent : percentages) {
    CAPTURE(percent, values.size());
    const auto exact = values[static_cast<std::size_t>(
        std::max(std::ceil(percent / 100 * static_cast<double>(values.size()) - 1e-9), 1.0) - 1)];
    const auto got = all.percentile(percent);
    CHECK(got >= exact);
    CHECK(static_cast<double>(got) <= static_cast<double>(exact) * 1.001);
  }
  CHECK(all.percentile(100) == values.back());
  CHECK(all.min() == values.front());
  CHECK(all.max() == values.back());
  double sum = 0;
  for (const auto value : values) sum += static_cast<double>(value);
  CHECK(all.mean() == Catch::Approx(sum / static_cast<double>(values.size())).epsilon(1e-14));
}

TEST_CASE("A percentile's rank is exact where a product of doubles is not") {
  struct row {
    double percent;
    std::uint64_t count;
    std::uint64_t rank;
  };
  const auto [percent, count, rank] = GENERATE(values<row>({
      {0, 10, 1},
      {1e-9, 1'000'000, 1},
      {50, 1, 1},
      {50, 2, 1},
      {50, 3, 2},
      {55, 100, 55},  // 0.55 · 100 is 55.000000000000007
      {99.9, 1000, 999},
      {99.9, 1001, 1000},
      {99.99, 1'000'000'000'000, 999'900'000'000},
      {99.999999999, 100'000'000'000, 99'999'999'999},
      {100, 7, 7},
      {120, 7, 7},
      {-3, 7, 1},
  }));
  CAPTURE(percent, count);
  CHECK(rank_of(percent, count) == rank);
}

TEST_CASE("Adding one to another is recording all in one") {
  std::mt19937_64 random{GENERATE(range(100u, 110u))};
  auto some = random_values(random, random() % 500);
  const auto others = random_values(random, random() % 500);
  auto sum = histogram_of(some);
  sum.add(histogram_of(others));
  some.insert(some.end(), others.begin(), others.end());
  const auto together = histogram_of(some);
  CHECK(counters_of(sum) == counters_of(together));
  CHECK(sum.count() == together.count());
  CHECK(sum.min() == together.min());
  CHECK(sum.max() == together.max());
  CHECK(sum.mean() == together.mean());
  CHECK(sum.encoded() == together.encoded());
}

TEST_CASE("An empty one has zeros only") {
  histogram none;
  none.record(17, 0);
  none.add(histogram{});
  CHECK(none.count() == 0);
  CHECK(none.min() == 0);
  CHECK(none.max() == 0);
  CHECK(none.mean() == 0);
  CHECK(none.at_rank(1) == 0);
  CHECK(none.percentile(99) == 0);
  CHECK(none.count_up_to(1000) == 0);
  CHECK(counters_of(none).empty());
}

TEST_CASE("A duration counts to the microsecond above") {
  struct row {
    duration span;
    std::uint64_t microseconds;
  };
  const auto [span, microseconds] = GENERATE(values<row>({
      {-5ms, 0},
      {-1ns, 0},
      {0ns, 0},
      {1ns, 1},
      {999ns, 1},
      {1us, 1},
      {1001ns, 2},
      {2047us, 2047},
      {1h - 1ns, 3'600'000'000},
      {1h, 3'600'000'000},
      {1h + 1ns, 3'600'000'000},
      {duration::max(), 3'600'000'000},
  }));
  histogram one;
  one.record(span);
  CHECK(one.max() == microseconds);
  CHECK(one.min() == microseconds);
  CHECK(one.mean() == static_cast<double>(microseconds));
  CHECK(one.percentile(50) == microseconds);
}

TEST_CASE("Times says how often, and ranks go through the values in order") {
  histogram some;
  some.record(100'000, 3);
  some.record(7, 2);
  some.record(0);
  CHECK(some.count() == 6);
  CHECK(some.mean() == 50'002 + 1.0 / 3);
  std::vector<std::uint64_t> ranks;
  for (std::uint64_t rank = 1; rank <= 6; ++rank) ranks.push_back(some.at_rank(rank));
  CHECK(ranks == std::vector<std::uint64_t>{0, 7, 7, 100'000, 100'000, 100'000});
}

TEST_CASE("Buckets come in order, lie side by side, and have what was recorded between their ends") {
  std::mt19937_64 random{GENERATE(range(200u, 205u))};
  const auto values = random_values(random, 5000);
  std::uint64_t after = 0;
  histogram_of(values).for_each_bucket([&](const histogram::bucket& each) {
    CHECK(each.least >= after);
    after = each.greatest + 1;
    CHECK(std::bit_floor(each.greatest - each.least + 1) == each.greatest - each.least + 1);
    CHECK(each.count == static_cast<std::uint64_t>(std::count_if(values.begin(), values.end(), [&](auto value) {
            return value >= each.least && value <= each.greatest;
          })));
  });
  CHECK(after > 0);
}

TEST_CASE("How many were at most so long is how many ranks have at most that value") {
  std::mt19937_64 random{GENERATE(range(300u, 308u))};
  const auto all = histogram_of(random_values(random, 150));
  std::vector<std::uint64_t> limits{0, 1, all.max() - std::min<std::uint64_t>(all.max(), 1), all.max(), all.max() + 1};
  for (int i = 0; i < 50; ++i) limits.push_back(random() % (all.max() + 2));
  all.for_each_bucket([&](const histogram::bucket& each) {
    limits.push_back(each.least);
    limits.push_back(each.greatest);
  });
  std::vector<std::uint64_t> at_ranks;
  for (std::uint64_t rank = 1; rank <= all.count(); ++rank) at_ranks.push_back(all.at_rank(rank));
  for (const auto limit : limits) {
    const auto expected = std::upper_bound(at_ranks.begin(), at_ranks.end(), limit) - at_ranks.begin();
    CHECK(all.count_up_to(limit) == static_cast<std::uint64_t>(expected));
  }
}

TEST_CASE("The encoding is HdrHistogram's: its libraries make the same of the same values") {
  // 3·i² for i from 1 to 1000, 0 twice, 1 five thousand times, 3599999999 once. Both say of either string that these
  // are 6003 values with the percentiles below.
  constexpr std::string_view by_python =  // hdrhistogram 0.10.8
      "HISTFAAAAbV4nJWVzStEURjG532GbpqmaZqkaUiTJkmSJEmaJEkTkiRJkiQrKysrpSyk1CxkZTHKwsLCwsLCwsLCQlI2/gBbJRsbzj3nfpyve2"
      "fc33k+3vfU7e5u+0E1l0g4PwnxJL0k196qF4nyp1g0ncwSMiigG4Moo4IlbGAHezgkVAnnhCvCLeGB8Ex4J3wQvgi/hCPgFKgB1+wQaoRLcssN"
      "4Y5wT3gkPBFeCS/E3riDXcYeY5/cc8jPMT9Vfs4Ia5jBHOYZC1hkn7KEZaxglbGGdfZhG9jEFrYZmxjCMNeIxyjGuMoe45jgmvSYwjRXhTGMkk"
      "e3RI9HL5egT6LfY4BLMCjRjzynEHhBo4PLd5dORYJi4EWNLi7fXUqesga5wEP5rtIqpZDvNtoCF2qTUiYfeCjhOaQU0kYP3ZTqaaP7ZIyWCVyV"
      "3MKMJytlVmmhfBfpNESLpaupu9pCRTdbyu0/pIymZiqmhdKb6maqvZmRjFHUVM/rp971KX5rw6m7c6zdsaYTsdNv1fY/6c2czVtbyk3t4ZQEBS"
      "Jlilcj2+hmnxtz+xSdto3tVu/6ZN/4u2/2t/4DWvRlsg==";
  constexpr std::string_view by_javascript =  // hdr-histogram-js 3.0.1
      "HISTFAAAAbx4nJWJPWsUURSG73nWMMgSlmWRENYQgoQgIkGCBBEJIiGERSWILCIhyBIk1VapthKEFCIIW4iVxQoWFiksLFKkSGFhISLY+AP8AW"
      "KTJjJ3vu7XzG7muc973nPm8sthS6noVCklSqmaSr64q1/DDyrbL7x5oGjQZokV1ujQpUefAQfCUHgvfBK+CCfCd+G38Ef4K5wJr+AtjOAQDoWR"
      "8FHi8lk4Eo6Fr8I34afwQ+jTZ599Bgx4IfE70O+1fkP93gk73OchW2zxiMd06fKEp2yzzQ7P6NFjl+fssccuN1nV3kq5zR3tWspd7mnXUzbY1H"
      "bosMpiypLB1ZRr2oTrBsspN7QJKwbLzGraebYd5rRZxsxbJizkueBwRZtlzGJq06OVZ2GWNpeMmZhliJk8E2eMaTKbZ2GSLeoW014v0tfOaa9n"
      "NLzWyNPWbMWspmnMptUKs0xmNBEXA92ebtqtsLyFptnOQ91r9qxXtEK32elPu08xRa3Csm1cjp9ud7fqa4ho7C0K9ig4o5Kb+9du59Nt/u7/DU"
      "2z2b3YaqhcZW3VTnItb+F9sgxv5TN0Cf11u7uFL9nt30j4D79bZFE=";
  histogram ours;
  for (std::uint64_t i = 1; i <= 1000; ++i) ours.record(3 * i * i);
  ours.record(0, 2);
  ours.record(1, 5000);
  ours.record(3'599'999'999);
  CHECK(ours.count() == 6003);
  CHECK(ours.percentile(50) == 1);
  CHECK(ours.percentile(90) == 482'559);
  CHECK(ours.percentile(99) == 2'658'303);
  CHECK(ours.percentile(99.9) == 2'971'647);
  CHECK(ours.percentile(100) == 3'599'999'999);  // theirs is the bucket's end, 3600809983

  const auto got = decode(ours.encoded());
  // The former writes one zero as a run of zeros, the latter an offset and a ratio of its own, which nothing reads.
  CHECK(got.header == decode(by_python).header);
  CHECK(got.counts == decode(by_python).counts);
  CHECK(got.payload == decode(by_javascript).payload);
  CHECK(got.counts == expanded(ours));
}

TEST_CASE("What is encoded comes back, whatever the counts") {
  histogram some;
  SECTION("none") {}
  SECTION("zeros only") { some.record(0, 3); }
  SECTION("one empty counter between two") {
    some.record(5);
    some.record(7);
  }
  SECTION("counts of every length") {
    for (std::uint64_t bits = 0; bits < 63; ++bits) some.record(10 * bits, (std::uint64_t{1} << bits) + bits % 2);
  }
  SECTION("the whole range") {
    std::mt19937_64 random{1};
    for (const auto value : random_values(random, 10'000)) some.record(value);
    some.record(histogram::greatest_trackable);
  }
  const auto got = decode(some.encoded());
  CHECK(big_endian(got.header.substr(0, 4)) == 0x1c849313);
  CHECK(got.counts == (some.count() == 0 ? std::vector<std::int64_t>{0} : expanded(some)));
}

struct waits {
  std::vector<std::uint64_t> known;
  std::vector<std::uint64_t> at_least;
};

censored_histogram censored_of(const waits& of) {
  censored_histogram made;
  for (const auto value : of.known) made.record(std::chrono::microseconds{value});
  for (const auto value : of.at_least) made.record_at_least(std::chrono::microseconds{value});
  return made;
}

/// What they may all have been in the end.
std::vector<std::uint64_t> completion(const waits& of, std::mt19937_64& random) {
  auto all = of.known;
  const bool most_end_at_once = random() % 3 == 0;
  for (const auto value : of.at_least) {
    const auto more = most_end_at_once && random() % 10 > 0 ? 0 : random() >> (33 + random() % 31);
    all.push_back(std::min<std::uint64_t>(value + more, histogram::greatest_trackable));
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST_CASE("A percentile of censored values is right however those end, or a lower bound that says so") {
  std::mt19937_64 random{GENERATE(range(1u, 60u))};
  waits of{.known = random_values(random, random() % 300), .at_least = random_values(random, random() % 30)};
  if (of.known.empty() && of.at_least.empty()) of.at_least.push_back(5);
  const auto all = censored_of(of);
  for (int i = 0; i < 20; ++i) {
    const auto ended = completion(of, random);
    const auto ended_histogram = histogram_of(ended);
    for (const double percent : percentages) {
      CAPTURE(percent, of.known.size(), of.at_least.size());
      const auto got = all.percentile(percent);
      const auto exact = ended[rank_of(percent, ended.size()) - 1];
      if (got.lower_bound) {
        CHECK(got.microseconds <= ended_histogram.percentile(percent));
      } else {
        CHECK(got.microseconds >= exact);
        CHECK(static_cast<double>(got.microseconds) <= static_cast<double>(exact) * 1.001);
      }
    }
  }
}

TEST_CASE("A percentile is marked as a lower bound only where the censored ones can move it") {
  censored_histogram some;
  for (int i = 1; i <= 98; ++i) some.record(std::chrono::milliseconds{i});
  CHECK(some.percentile(100) == percentile_value{98'000, false});
  SECTION("by ending late") {
    some.record_at_least(10ms);
    some.record_at_least(200ms);
    CHECK(some.count() == 100);
    CHECK(some.censored() == 2);
    // What was seen of one is less than the ninth: without it the ninth is 9 ms, and the tenth 10 ms or 11 ms.
    CHECK(some.percentile(9) == percentile_value{9'007, false});
    CHECK(some.percentile(50).lower_bound);
    CHECK(some.percentile(50).microseconds == 49'023);
    CHECK(some.percentile(98).lower_bound);
    CHECK(some.percentile(99) == percentile_value{98'047, true});
    CHECK(some.percentile(100) == percentile_value{200'000, true});
  }
  SECTION("not if they are beyond its rank already") {
    some.record_at_least(1s);
    some.record_at_least(2s);
    CHECK(some.percentile(50) == percentile_value{50'015, false});
    CHECK(some.percentile(98) == percentile_value{98'000, false});
    CHECK(some.percentile(99) == percentile_value{1'000'447, true});
    CHECK(some.percentile(100) == percentile_value{2'000'000, true});
  }
  SECTION("nor if those after it are as long") {
    for (int i = 0; i < 10; ++i) some.record(98ms);
    some.record_at_least(3ms);
    CHECK(some.percentile(99) == percentile_value{98'000, false});
  }
}

TEST_CASE("All censored, or none at all") {
  censored_histogram some;
  CHECK(some.percentile(50) == percentile_value{0, false});
  some.record_at_least(5s);
  CHECK(some.percentile(50) == percentile_value{5'000'000, true});
  CHECK(some.percentile(100) == percentile_value{5'000'000, true});
  some.record(1ms);
  some.record_at_least(2h);
  CHECK(some.percentile(100) == percentile_value{histogram::greatest_trackable, true});
}

TEST_CASE("A lower bound is rounded down, and what is known up") {
  censored_histogram some;
  some.record_at_least(1999ns);
  some.record_at_least(-1ns);
  some.record(1001ns);
  CHECK(some.at_least().max() == 1);
  CHECK(some.at_least().min() == 0);
  CHECK(some.known().max() == 2);
}

TEST_CASE("Adding censored ones adds both parts") {
  censored_histogram sum;
  sum.record(1ms);
  sum.percentile(50);
  censored_histogram other;
  other.record(3ms);
  other.record_at_least(9ms);
  sum.add(other);
  CHECK(sum.count() == 3);
  CHECK(sum.censored() == 1);
  CHECK(sum.known().count() == 2);
  CHECK(sum.percentile(60).lower_bound == false);
  CHECK(sum.percentile(100) == percentile_value{9'000, true});
}

}  // namespace
}  // namespace cohort::loadgen
