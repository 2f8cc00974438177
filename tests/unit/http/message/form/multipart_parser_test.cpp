// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/form/multipart_parser.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

using event = multipart_parser::event;

/// Returns the events of a body whose bytes arrive in segments, as one string; consecutive data events are joined.
std::string events_of(std::string_view body, std::size_t slice = std::string_view::npos,
                      const multipart_limits& limits = {}) {
  multipart_parser parser{"XX", limits};
  std::string text;
  bool is_in_data = false;
  const auto append = [&](event next) {
    if (next == event::data) {
      if (!is_in_data) text += "=";
      text += parser.data();
      is_in_data = true;
      return;
    }
    is_in_data = false;
    switch (next) {
      case event::part:
        text +=
            "[" + parser.part().name + "|" + parser.part().filename.value_or("-") + "|" + parser.part().content_type;
        break;
      case event::part_end: text += "]"; break;
      case event::end: text += "."; break;
      case event::error:
        text += "!" + std::to_string(static_cast<unsigned>(parser.error().code)) + " " + parser.error().field + ": " +
                parser.error().reason;
        break;
      default: break;
    }
  };
  while (!body.empty()) {
    auto input = body.substr(0, slice);
    body.remove_prefix(input.size());
    for (;;) {
      const auto next = parser.next(input);
      if (next == event::need_input) {
        REQUIRE(input.empty());
        break;
      }
      append(next);
      if (next == event::error || next == event::end) return text;
    }
  }
  append(parser.finish());
  return text;
}

std::string part(std::string_view disposition, std::string_view content, std::string_view more_fields = {}) {
  return "--XX\r\nContent-Disposition: " + std::string{disposition} + "\r\n" + std::string{more_fields} + "\r\n" +
         std::string{content} + "\r\n";
}

TEST_CASE("multipart: each field and each file is reported as events, for any segmentation of the bytes",
          "[http][multipart]") {
  const auto body =
      "preamble\r\n" + part("form-data; name=\"a\"", "1\r\n--X\r\n--XY\r\r\n-") +
      part("form-data; name=file; filename=\"C:\\x \\\"y\\\".txt\"", "", "Content-Type: text/html\r\n") +
      "--XX  \r\nCONTENT-DISPOSITION:form-data;name=\"\xC3\xA4%22\";filename=\"\"\r\n\r\n\r\r\n\r\n--XX--\r\nrest";
  constexpr auto expected = "[a|-|=1\r\n--X\r\n--XY\r\r\n-][file|C:\\x \"y\".txt|text/html][\xC3\xA4\"||=\r\r\n].";
  for (std::size_t slice = 1; slice <= body.size(); ++slice) {
    CAPTURE(slice);
    REQUIRE(events_of(body, slice) == expected);
  }
}

TEST_CASE("multipart: a part without content may end with its header section", "[http][multipart]") {
  const std::string body = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n--XX--";
  for (std::size_t slice = 1; slice <= body.size(); ++slice) CHECK(events_of(body, slice) == "[a|-|].");
  // The line break of the header section is not content, even if a hyphen follows it.
  CHECK(events_of("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n-x\r\n--XX--", 1) == "[a|-|=-x].");
}

TEST_CASE("multipart: malformed bodies are rejected with the field and the reason", "[http][multipart]") {
  struct malformed {
    std::string body;
    std::string events;
  };
  const auto field = part("form-data; name=a", "1");
  for (const auto& [body, events] : {
           malformed{"", "!400 : must end with the last boundary"},
           malformed{"--XX", "!400 : must end with the last boundary"},
           malformed{"no boundary", "!400 : must end with the last boundary"},
           malformed{field, "[a|-|=1!400 a: must end with the last boundary"},
           malformed{field + "--XX-", "[a|-|=1]!400 : must end with the last boundary"},
           malformed{"--XX--", "!400 : must have at least one part"},
           malformed{"--XXy\r\n", "!400 : must have only whitespace after a boundary"},
           malformed{"--XX\n", "!400 : must have only whitespace after a boundary"},
           malformed{"--XX" + std::string(100, ' ') + "\r\n", "!400 : must have only whitespace after a boundary"},
           malformed{"--XX\r\n\r\n1\r\n--XX--", "!400 : must have a Content-Disposition field in each part"},
           malformed{"--XX\r\nContent-Type: a/b\r\n\r\n", "!400 : must have a Content-Disposition field in each part"},
           malformed{part("attachment; name=a", "1"), "!400 : has a malformed header section"},
           malformed{part("form-data", "1"), "!400 : has a malformed header section"},
           malformed{part("form-data; name=\"\"", "1"), "!400 : has a malformed header section"},
           malformed{part("form-data; name=\"a", "1"), "!400 : has a malformed header section"},
           malformed{part("form-data; name=a; name=b", "1"), "!400 : has a malformed header section"},
           malformed{part("form-data; name=\"\xFF\"", "1"), "!400 : has a malformed header section"},
           malformed{part("form-data; name=a", "1", "Content-Disposition: form-data; name=b\r\n"),
                     "!400 a: has a malformed header section"},
           malformed{part("form-data; name=a", "1", "Content-Transfer-Encoding: base64\r\n"),
                     "!400 a: has a malformed header section"},
           malformed{part("form-data; name=a", "1", " folded\r\n"), "!400 a: has a malformed header section"},
           malformed{part("form-data; name=a\nX: y", "1"), "!400 : has a malformed header section"},
       }) {
    CAPTURE(body);
    CHECK(events_of(body) == events);
    CHECK(events_of(body, 1) == events);
  }
}

TEST_CASE("multipart: parts, header sections, fields, files and the body have limits", "[http][multipart]") {
  const auto field = part("form-data; name=a", "12345");
  const auto file = part("form-data; name=f; filename=x", "12345");
  const std::string end = "--XX--";
  CHECK(events_of(field + end, 1, {.max_field_bytes = 5}) == "[a|-|=12345].");
  CHECK(events_of(field + end, 99, {.max_field_bytes = 4}) == "[a|-|!413 a: must have at most 4 bytes");
  CHECK(events_of(field + end, 1, {.max_field_bytes = 4}) == "[a|-|=1234!413 a: must have at most 4 bytes");
  CHECK(events_of(file + end, 99, {.max_field_bytes = 1, .max_file_bytes = 5}) == "[f|x|=12345].");
  CHECK(events_of(file + end, 99, {.max_file_bytes = 4}) == "[f|x|!413 f: must have at most 4 bytes");
  CHECK(events_of(field + field + end, 99, {.max_parts = 1}) == "[a|-|=12345]!413 : must have at most 1 parts");
  CHECK(events_of(field + end, 7, {.max_header_bytes = 16}) ==
        "!413 : must have at most 16 bytes in the header section of a part");
  CHECK(events_of(std::string(100, 'x') + field + end, 10, {.max_total_bytes = 99}) ==
        "!413 : must have at most 99 bytes");
}

TEST_CASE("multipart: the limit of the body does not depend on the segmentation of the bytes", "[http][multipart]") {
  const auto slice = GENERATE(std::size_t{1}, std::size_t{999});
  const auto malformed = std::string(100, 'x') + "\r\n--XX?\n";
  CHECK(events_of(malformed, slice, {.max_total_bytes = 107}) == "!413 : must have at most 107 bytes");
  CHECK(events_of(malformed, slice, {.max_total_bytes = 108}) == "!400 : must have only whitespace after a boundary");
  CHECK(events_of(part("form-data; name=a", "1") + "--XX--" + std::string(100, 'x'), slice, {.max_total_bytes = 60}) ==
        "[a|-|=1].");
}

TEST_CASE("multipart: after an error or the end, the input is ignored", "[http][multipart]") {
  multipart_parser parser{"XX"};
  std::string_view input = "--XX--";
  CHECK(parser.next(input) == event::error);
  input = "more";
  CHECK(parser.next(input) == event::error);
  CHECK(input.empty());
  CHECK(parser.finish() == event::error);
}

TEST_CASE("multipart: the boundary is read from Content-Type", "[http][multipart]") {
  CHECK(multipart_boundary("multipart/form-data; boundary=XX") == "XX");
  CHECK(multipart_boundary("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"") == "a b");
  CHECK(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'x')) == std::string(70, 'x'));
  for (const std::string type : {"multipart/form-data", "multipart/mixed; boundary=XX",
                                 "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
                                 "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a@b",
                                 "multipart/form-data; boundary=\"XX", "multipart/form-data; boundary=a; boundary=b"})
    CHECK_FALSE(multipart_boundary(type).has_value());
  CHECK_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x')).has_value());
}

}  // namespace
}  // namespace cohort::http
