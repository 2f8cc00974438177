// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/histogram.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>

#include "tests/unit/loadgen/measurement/random_values.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

/// Returns the counts by index, up to the last that is not zero, as in HdrHistogram.
std::vector<std::int64_t> counts_of(const histogram& recorded) {
  std::vector<std::int64_t> counts;
  recorded.for_each_bucket([&](const histogram::bucket& bucket) {
    const auto shift = static_cast<unsigned>(std::bit_width(bucket.lowest_value | 2047)) - 11;
    counts.resize(1024u * shift + (bucket.lowest_value >> shift) + 1);
    counts.back() = static_cast<std::int64_t>(bucket.count);
  });
  return counts;
}

struct decoded_histogram {
  std::string header;   // the first 40 bytes, without the length of the payload
  std::string payload;  // the encoded counts
  std::vector<std::int64_t> counts;
};

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string decompress(std::string_view base64) {
  std::string compressed(base64.size() / 4 * 3, '\0');
  REQUIRE(EVP_DecodeBlock(reinterpret_cast<unsigned char*>(compressed.data()),
                          reinterpret_cast<const unsigned char*>(base64.data()),
                          static_cast<int>(base64.size())) == static_cast<int>(compressed.size()));
  while (base64.ends_with('=')) {
    base64.remove_suffix(1);
    compressed.pop_back();
  }
  REQUIRE(read_big_endian(compressed.substr(0, 4)) == 0x1c849314);
  REQUIRE(read_big_endian(compressed.substr(4, 4)) == compressed.size() - 8);
  std::string bytes(1 << 20, '\0');
  auto size = static_cast<uLongf>(bytes.size());
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size, reinterpret_cast<const Bytef*>(&compressed[8]),
                     static_cast<uLong>(compressed.size() - 8)) == Z_OK);
  bytes.resize(size);
  return bytes;
}

decoded_histogram decode(std::string_view base64) {
  const auto bytes = decompress(base64);
  REQUIRE(read_big_endian(bytes.substr(4, 4)) == bytes.size() - 40);
  decoded_histogram result{.header = bytes.substr(0, 4) + bytes.substr(8, 32), .payload = bytes.substr(40)};
  for (std::size_t position = 40; position < bytes.size();) {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes.at(position++));
      const bool is_ninth_byte = shift == 56;
      number |= std::uint64_t{is_ninth_byte ? byte : byte & 0x7fU} << shift;
      if (is_ninth_byte || byte < 0x80) break;
    }
    const auto count = static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
    if (count < 0) {
      result.counts.resize(result.counts.size() + static_cast<std::size_t>(-count));
    } else {
      result.counts.push_back(count);
    }
  }
  return result;
}

TEST_CASE("histogram: the V2 encoding equals that of the reference implementation", "[loadgen][measurement]") {
  // 3·i² for i from 1 to 1000, 0 twice, 1 five thousand times, 3599999999 once. Both libraries decode both strings to
  // 6003 values with the percentiles below.
  constexpr std::string_view python_encoding =  // hdrhistogram 0.10.8
      "HISTFAAAAbV4nJWVzStEURjG532GbpqmaZqkaUiTJkmSJEmaJEkTkiRJkiQrKysrpSyk1CxkZTHKwsLCwsLCwsLCQlI2/gBbJRsbzj3nfpyve2"
      "fc33k+3vfU7e5u+0E1l0g4PwnxJL0k196qF4nyp1g0ncwSMiigG4Moo4IlbGAHezgkVAnnhCvCLeGB8Ex4J3wQvgi/hCPgFKgB1+wQaoRLcssN"
      "4Y5wT3gkPBFeCS/E3riDXcYeY5/cc8jPMT9Vfs4Ia5jBHOYZC1hkn7KEZaxglbGGdfZhG9jEFrYZmxjCMNeIxyjGuMoe45jgmvSYwjRXhTGMkk"
      "e3RI9HL5egT6LfY4BLMCjRjzynEHhBo4PLd5dORYJi4EWNLi7fXUqesga5wEP5rtIqpZDvNtoCF2qTUiYfeCjhOaQU0kYP3ZTqaaP7ZIyWCVyV"
      "3MKMJytlVmmhfBfpNESLpaupu9pCRTdbyu0/pIymZiqmhdKb6maqvZmRjFHUVM/rp971KX5rw6m7c6zdsaYTsdNv1fY/6c2czVtbyk3t4ZQEBS"
      "Jlilcj2+hmnxtz+xSdto3tVu/6ZN/4u2/2t/4DWvRlsg==";
  constexpr std::string_view javascript_encoding =  // hdr-histogram-js 3.0.1
      "HISTFAAAAbx4nJWJPWsUURSG73nWMMgSlmWRENYQgoQgIkGCBBEJIiGERSWILCIhyBIk1VapthKEFCIIW4iVxQoWFiksLFKkSGFhISLY+AP8AW"
      "KTJjJ3vu7XzG7muc973nPm8sthS6noVCklSqmaSr64q1/DDyrbL7x5oGjQZokV1ujQpUefAQfCUHgvfBK+CCfCd+G38Ef4K5wJr+AtjOAQDoWR"
      "8FHi8lk4Eo6Fr8I34afwQ+jTZ599Bgx4IfE70O+1fkP93gk73OchW2zxiMd06fKEp2yzzQ7P6NFjl+fssccuN1nV3kq5zR3tWspd7mnXUzbY1H"
      "bosMpiypLB1ZRr2oTrBsspN7QJKwbLzGraebYd5rRZxsxbJizkueBwRZtlzGJq06OVZ2GWNpeMmZhliJk8E2eMaTKbZ2GSLeoW014v0tfOaa9n"
      "NLzWyNPWbMWspmnMptUKs0xmNBEXA92ebtqtsLyFptnOQ91r9qxXtEK32elPu08xRa3Csm1cjp9ud7fqa4ho7C0K9ig4o5Kb+9du59Nt/u7/DU"
      "2z2b3YaqhcZW3VTnItb+F9sgxv5TN0Cf11u7uFL9nt30j4D79bZFE=";
  histogram recorded;
  for (std::uint64_t i = 1; i <= 1000; ++i) recorded.record(3 * i * i);
  recorded.record(0, 2);
  recorded.record(1, 5000);
  recorded.record(3'599'999'999);
  CHECK(recorded.count() == 6003);
  CHECK(recorded.percentile(50) == 1);
  CHECK(recorded.percentile(90) == 482'559);
  CHECK(recorded.percentile(99) == 2'658'303);
  CHECK(recorded.percentile(99.9) == 2'971'647);
  CHECK(recorded.percentile(100) == 3'599'999'999);  // in HdrHistogram the end of the bucket, 3600809983

  const auto decode_result = decode(recorded.encode_v2());
  // The Python library encodes a single zero as a run; the JavaScript library has a different offset and ratio, which
  // are not used.
  CHECK(decode_result.header == decode(python_encoding).header);
  CHECK(decode_result.counts == decode(python_encoding).counts);
  CHECK(decode_result.payload == decode(javascript_encoding).payload);
  CHECK(decode_result.counts == counts_of(recorded));
}

TEST_CASE("histogram: the V2 encoding can be decoded for any counts", "[loadgen][measurement]") {
  histogram recorded;
  SECTION("empty") {}
  SECTION("zeros only") { recorded.record(0, 3); }
  SECTION("a gap of one counter") {
    recorded.record(5);
    recorded.record(7);
  }
  SECTION("counts of every encoded length") {
    for (std::uint64_t bits = 0; bits < 63; ++bits) recorded.record(10 * bits, (std::uint64_t{1} << bits) + bits % 2);
  }
  SECTION("the full range") {
    std::mt19937_64 random{1};
    for (const auto value : random_values(random, 10'000)) recorded.record(value);
    recorded.record(histogram::highest_trackable_value);
  }
  const auto decode_result = decode(recorded.encode_v2());
  CHECK(read_big_endian(decode_result.header.substr(0, 4)) == 0x1c849313);
  CHECK(decode_result.counts == (recorded.count() == 0 ? std::vector<std::int64_t>{0} : counts_of(recorded)));
}

}  // namespace
}  // namespace cohort::loadgen
