// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/url_encoding.hpp>

#include <boost/url/encode.hpp>
#include <boost/url/grammar/hexdig_chars.hpp>
#include <boost/url/rfc/pchars.hpp>

namespace cohort::http {
namespace {

namespace urls = boost::urls;

constexpr auto url_characters = urls::pchars + '/' + '?';
/// Only an IPv6 address may contain brackets (RFC 3986 section 3.2.2).
constexpr auto authority_characters = url_characters + '[' + ']';

bool is_percent_encoding(std::string_view text) noexcept {
  return text.size() >= 3 && text[0] == '%' && urls::grammar::hexdig_chars(text[1]) &&
         urls::grammar::hexdig_chars(text[2]);
}

template <class String>
void append_encoded(String& output, std::string_view text, const urls::grammar::lut_chars& permitted_characters) {
  std::size_t run_start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (permitted_characters(text[i]) || is_percent_encoding(text.substr(i))) continue;
    output.append(text, run_start, i - run_start).append(urls::encode(text.substr(i, 1), permitted_characters));
    run_start = i + 1;
  }
  output.append(text, run_start);
}

/// The length of `scheme://authority` or `//authority`; zero for a reference without an authority.
std::size_t authority_end(std::string_view reference) noexcept {
  const auto slashes = reference.find("//");
  const bool has_authority =
      slashes == 0 ||
      (slashes != std::string_view::npos && reference.find_first_of("/?") == slashes && reference[slashes - 1] == ':');
  if (!has_authority) return 0;
  return std::min(reference.find_first_of("/?", slashes + 2), reference.size());
}

}  // namespace

std::string encode_invalid_characters(std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  const auto authority_size = authority_end(reference);
  std::string output;
  output.reserve(reference.size());
  append_encoded(output, reference.substr(0, authority_size), authority_characters);
  append_encoded(output, reference.substr(authority_size), url_characters);
  return output;
}

void append_encoded_target(recycled_string& output, std::string_view target) {
  append_encoded(output, target, url_characters);
}

}  // namespace cohort::http
