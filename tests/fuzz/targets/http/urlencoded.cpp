// SPDX-License-Identifier: BSL-1.0
// Fuzzes forms and queries in application/x-www-form-urlencoded.
#include <simdjson.h>

#include <string>

#include <cohort/http/message/form/urlencoded.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::urlencoded_target {
namespace {

/// Percent-encodes every byte.
std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    encoded += '%';
    encoded += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4U];
    encoded += "0123456789ABCDEF"[static_cast<unsigned char>(c) & 0xFU];
  }
  return encoded;
}

void run(std::string_view input) {
  constexpr std::size_t max_fields = 8;
  const auto fields = http::parse_urlencoded(input, max_fields);
  if (!fields) {
    require(!fields.error().empty(), "an error has a message");
    return;
  }
  require(fields->size() <= max_fields, "the number of fields is limited");
  std::string printed_text;
  for (const auto& [name, value] : *fields) {
    for (const auto* text : {&name, &value}) {
      require(simdjson::validate_utf8(*text) && text->find('\0') == std::string::npos, "a value is UTF-8 without NUL");
    }
    printed_text.append(printed_text.empty() ? "" : "&").append(encode(name)).append("=").append(encode(value));
  }
  const auto again = http::parse_urlencoded(printed_text, max_fields);
  require(again && *again == *fields, "parsing a printed form returns the same form");
}

const registration fuzz_registration{{"urlencoded", run}};

}  // namespace
}  // namespace cohort::fuzz::urlencoded_target
