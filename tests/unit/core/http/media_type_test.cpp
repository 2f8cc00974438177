#include "core/http/media_type.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

namespace cohort::http {
namespace {

constexpr std::array<std::string_view, 2> offered{"text/plain; version=0.0.4; charset=utf-8",
                                                  "application/openmetrics-text; version=1.0.0; charset=utf-8"};
constexpr std::size_t text = 0;
constexpr std::size_t open = 1;

TEST_CASE("Of the media types offered the one is taken that the caller prefers, the first where it does not say") {
  const auto [accept, preferred] = GENERATE(table<std::string, std::size_t>({
      // Prometheus 2.42, 2.53 and 3.0 by default, and 2.42 without OpenMetrics.
      {"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open},
      {"application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,"
       "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
       open},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
       "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       open},
      {"application/openmetrics-text;version=1.0.0;q=0.5;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.6", text},
      {"text/plain;version=0.0.4;q=1,*/*;q=0.1", text},
      // Nobody in particular.
      {"", text},
      {"*/*", text},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", text},
      {"application/json", text},
      {"application/openmetrics-text", open},
      {"application/openmetrics-text; version=1.0.0", open},
      {"APPLICATION/OpenMetrics-Text;Version=1.0.0", open},
      {"application/openmetrics-text ; version=1.0.0 ; q=0.5 , text/plain ; q=0.4", open},
      {"application/openmetrics-text;version=\"1.0.0\"", open},
      {"application/openmetrics-text;version=1.0.0;note=\"a,b;q=0\\\",\"", open},
      {"application/*", open},
      {"application/*;q=0.5,text/*;q=0.4", open},
      {"application/*;q=0.4,text/*;q=0.5", text},
      // A version that there is not.
      {"application/openmetrics-text;version=0.0.1", text},
      {"application/openmetrics-text;version=2.0.0,*/*;q=0.1", text},
      {"text/plain;version=1.0.0;q=0.9,application/openmetrics-text;q=0.1", open},
      // What is said most closely counts, wherever it stands.
      {"*/*,text/plain;q=0.5", open},
      {"text/plain;q=0.5,*/*", open},
      {"application/*;q=0.9,application/openmetrics-text;q=0.2,text/plain;q=0.3", text},
      {"application/openmetrics-text;version=1.0.0;q=0.2,application/openmetrics-text;q=0.9,text/plain;q=0.3", text},
      {"application/*;q=0.1,*/*;q=0.9", text},
      {"text/*;q=0.1,*/*;q=0.9", open},
      {"*/*;q=0.5,application/openmetrics-text;q=0", text},
      {"text/plain;q=0,*/*;q=0.001", open},
      {"text/plain;q=0,application/openmetrics-text;q=0", text},
      {"*/*;q=0.1,application/*;q=0.9", open},
      {"application/openmetrics-text;q=0.9,application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.3", text},
      {"application/openmetrics-text;q=0.1,application/openmetrics-text;q=0.9,text/plain;q=0.5", text},
      // Qualities, to the third decimal.
      {"text/plain;q=0.19,application/openmetrics-text;q=0.2", open},
      {"text/plain;q=0.1,application/openmetrics-text;q=0.101", open},
      {"text/plain;q=0.11,application/openmetrics-text;q=0.101", text},
      {"text/plain;q=1.000,application/openmetrics-text;q=0.999", text},
      {"text/plain;q=0.,application/openmetrics-text;q=0.001", open},
      {"text/plain;Q=0.5,application/openmetrics-text", open},
      {"text/plain;VERSION=1.0.0;q=0.9,application/openmetrics-text;q=0.1", open},
      // What stands in quotes is no list.
      {"application/openmetrics-text;q=0.5;note=\",text/plain,\"", open},
      {"application/openmetrics-text;q=0.5;note=\"\\\",text/plain,\"", open},
      // What is not understood is passed over.
      {"application/openmetrics-text;q=2,*/*;q=0.5,text/plain;q=0.1", open},
      {"application/openmetrics-text;q=05,*/*;q=0.5,text/plain;q=0.1", open},
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
      {",,;,/,application/openmetrics-text;;q=0.5;,", open},
      {"application/openmetrics-text;note=\"never closed\\", open},
  }));
  CAPTURE(accept);
  request_head head;
  head.fields = {{field::host, "Host", "test"}, {field::accept, "Accept", accept}};
  CHECK(preferred_media_type(head, offered) == preferred);
}

TEST_CASE("Without an Accept the first is taken; one that is sent in several parts is one list") {
  request_head head;
  head.fields = {{field::host, "Host", "test"}};
  CHECK(preferred_media_type(head, offered) == text);
  head.fields.push_back({field::accept, "Accept", "text/plain;q=0.5"});
  CHECK(preferred_media_type(head, offered) == text);
  head.fields.push_back({field::accept, "ACCEPT", "application/openmetrics-text"});
  CHECK(preferred_media_type(head, offered) == open);
}

}  // namespace
}  // namespace cohort::http
