// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/content_negotiation.hpp>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

namespace cohort::http {
namespace {

constexpr std::array<std::string_view, 2> offers{"text/plain; version=0.0.4; charset=utf-8",
                                                 "application/openmetrics-text; version=1.0.0; charset=utf-8"};
constexpr std::size_t text = 0;
constexpr std::size_t open_metrics = 1;

TEST_CASE("content negotiation: the offer that Accept prefers is selected, otherwise the first offer",
          "[http][message]") {
  const auto [accept, preferred] = GENERATE(table<std::string, std::size_t>({
      // The defaults of Prometheus 2.42, 2.53 and 3.0, and the value of 2.42 without OpenMetrics.
      {"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open_metrics},
      {"application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,"
       "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
       open_metrics},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open_metrics},
      {"application/openmetrics-text;version=1.0.0;q=0.5;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.6", text},
      {"text/plain;version=0.0.4;q=1,*/*;q=0.1", text},
      // Fields without a preference select the first offer.
      {"", text},
      {"*/*", text},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", text},
      {"application/json", text},
      {"application/openmetrics-text", open_metrics},
      {"application/openmetrics-text; version=1.0.0", open_metrics},
      {"APPLICATION/OpenMetrics-Text;Version=1.0.0", open_metrics},
      {"application/openmetrics-text ; version=1.0.0 ; q=0.5 , text/plain ; q=0.4", open_metrics},
      {"application/openmetrics-text;version=\"1.0.0\"", open_metrics},
      {"application/openmetrics-text;version=1.0.0;note=\"a,b;q=0\\\",\"", open_metrics},
      {"application/*", open_metrics},
      {"application/*;q=0.5,text/*;q=0.4", open_metrics},
      {"application/*;q=0.4,text/*;q=0.5", text},
      // A version that is not offered.
      {"application/openmetrics-text;version=0.0.1", text},
      {"application/openmetrics-text;version=2.0.0,*/*;q=0.1", text},
      {"text/plain;version=1.0.0;q=0.9,application/openmetrics-text;q=0.1", open_metrics},
      // The most specific range decides, regardless of the order.
      {"*/*,text/plain;q=0.5", open_metrics},
      {"text/plain;q=0.5,*/*", open_metrics},
      {"application/*;q=0.9,application/openmetrics-text;q=0.2,text/plain;q=0.3", text},
      {"application/openmetrics-text;version=1.0.0;q=0.2,application/openmetrics-text;q=0.9,text/plain;q=0.3", text},
      {"application/*;q=0.1,*/*;q=0.9", text},
      {"text/*;q=0.1,*/*;q=0.9", open_metrics},
      {"*/*;q=0.5,application/openmetrics-text;q=0", text},
      {"text/plain;q=0,*/*;q=0.001", open_metrics},
      {"text/plain;q=0,application/openmetrics-text;q=0", text},
      {"*/*;q=0.1,application/*;q=0.9", open_metrics},
      {"application/openmetrics-text;q=0.9,application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.3", text},
      {"application/openmetrics-text;q=0.1,application/openmetrics-text;q=0.9,text/plain;q=0.5", text},
      // Weights have up to three decimals.
      {"text/plain;q=0.19,application/openmetrics-text;q=0.2", open_metrics},
      {"text/plain;q=0.1,application/openmetrics-text;q=0.101", open_metrics},
      {"text/plain;q=0.11,application/openmetrics-text;q=0.101", text},
      {"text/plain;q=1.000,application/openmetrics-text;q=0.999", text},
      {"text/plain;q=0.,application/openmetrics-text;q=0.001", open_metrics},
      {"text/plain;Q=0.5,application/openmetrics-text", open_metrics},
      {"text/plain;VERSION=1.0.0;q=0.9,application/openmetrics-text;q=0.1", open_metrics},
      // Separators inside quotes have no effect.
      {"application/openmetrics-text;q=0.5;note=\",text/plain,\"", open_metrics},
      {"application/openmetrics-text;q=0.5;note=\"\\\",text/plain,\"", open_metrics},
      // Malformed ranges are ignored.
      {"application/openmetrics-text;q=2,*/*;q=0.5,text/plain;q=0.1", open_metrics},
      {"application/openmetrics-text;q=05,*/*;q=0.5,text/plain;q=0.1", open_metrics},
      {"application/openmetrics-text;q=0.:", text},
      {"application/openmetrics-text;q=0.9/", text},
      {"*/openmetrics-text,text/plain;q=0.5", text},
      {"application/openmetrics-text;q=2,text/plain;q=0.1", text},
      {"application/openmetrics-text;q=1.001", text},
      {"application/openmetrics-text;q=0.1234,text/plain;q=0.01", text},
      {"application/openmetrics-text;q=-1", text},
      {"application/openmetrics-text;q=", text},
      {"application/openmetrics-text;q=0.x", text},
      {"application/openmetrics-text;q=05", text},
      {"application/openmetrics-text;version", text},
      {"application/openmetrics-text;=1", text},
      {"application", text},
      {"/openmetrics-text", text},
      {"application/", text},
      {"*/openmetrics-text", text},
      {",,;,/,application/openmetrics-text;;q=0.5;,", open_metrics},
      {"application/openmetrics-text;note=\"never closed\\", open_metrics},
  }));
  CAPTURE(accept);
  request_head head;
  head.fields = {{field::host, "Host", "test"}, {field::accept, "Accept", accept}};
  CHECK(negotiate_media_type(head, offers) == preferred);
}

TEST_CASE(
    "content negotiation: without Accept the first offer is selected; several field lines are combined into one list",
    "[http][message]") {
  request_head head;
  head.fields = {{field::host, "Host", "test"}};
  CHECK(negotiate_media_type(head, offers) == text);
  head.fields.push_back({field::accept, "Accept", "text/plain;q=0.5"});
  CHECK(negotiate_media_type(head, offers) == text);
  head.fields.push_back({field::accept, "ACCEPT", "application/openmetrics-text"});
  CHECK(negotiate_media_type(head, offers) == open_metrics);
}

TEST_CASE("content negotiation: no offer is selected if Accept excludes every offer", "[http][message]") {
  const auto [accept, is_acceptable] = GENERATE(table<std::string, bool>({
      {"image/png", false},
      {"*/*;q=0", false},
      {"text/*;q=0, application/openmetrics-text;q=0, */*", false},
      {"text/plain", true},
      {"*/*;q=0.001", true},
      {"text/plain;q=0, */*", true},
      {"malformed", true},
      {"", true},
  }));
  CAPTURE(accept);
  request_head head;
  head.fields = {{field::accept, "Accept", accept}};
  CHECK(acceptable_media_type(head, offers).has_value() == is_acceptable);
}

TEST_CASE("content negotiation: Accept-Encoding decides whether gzip is accepted", "[http][message]") {
  const auto [value, accepted] = GENERATE(table<std::string_view, bool>({
      {"gzip", true},
      {"GZip", true},
      {"br, gzip", true},
      {"br,gzip;q=0.5", true},
      {" gzip ; q=0.001", true},
      {"*", true},
      {"br, *", true},
      {"*;q=0, gzip", true},
      {"gzip;q=1.000", true},
      {"x-gzip", true},
      {"X-GZip;q=0.5, br", true},
      {"", false},
      {"br", false},
      {"identity", false},
      {"gzip;q=0", false},
      {"gzip;Q=0", false},
      {"gzip; q=0.000", false},
      {"gzip;q=0, *", false},
      {"*, gzip;q=0", false},
      {"*;q=0", false},
      {"gzipped", false},
      {"xgzip", false},
      {"x-gzip;q=0", false},
      {"x-compress", false},
      {", ,", false},
  }));
  CAPTURE(value);
  request_head head;
  head.fields.push_back({field::accept_encoding, "Accept-Encoding", value});
  constexpr std::array<std::string_view, 1> gzip{"gzip"};
  CHECK(negotiate_content_coding(head, gzip).has_value() == accepted);
}

TEST_CASE("content negotiation: the content coding with the greatest weight is chosen", "[http][message]") {
  struct row {
    std::string_view value;
    std::optional<std::size_t> chosen;
  };
  const auto test_case = GENERATE(values<row>({{"gzip, br", 0},
                                               {"gzip, br;q=0.9", 1},
                                               {"*", 0},
                                               {"br;q=0, *", 1},
                                               {"gzip;q=0.5, identity", std::nullopt},
                                               {"gzip, identity;q=0.5", 1},
                                               {"br;q=2", std::nullopt},
                                               {"deflate", std::nullopt}}));
  CAPTURE(test_case.value);
  request_head head;
  head.fields.push_back({field::accept_encoding, "Accept-Encoding", test_case.value});
  constexpr std::array<std::string_view, 2> codings{"br", "gzip"};
  CHECK(negotiate_content_coding(head, codings) == test_case.chosen);
}

}  // namespace
}  // namespace cohort::http
