// SPDX-License-Identifier: BSL-1.0
// Fuzzes `Location` and other URLs that a client receives from servers or callers.
#include <array>
#include <string>

#include <boost/url/parse.hpp>

#include <cohort/http/client/protocol/redirect.hpp>
#include <cohort/http/client/protocol/url_encoding.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::redirect_target {
namespace {

void check_redirect(std::string_view location, std::string_view base) {
  http::client_request request;
  request.url = boost::urls::parse_uri(base).value();
  request.fields = {{"Authorization", "secret"}, {"Accept", "*/*"}, {"User-Agent", "fuzz"}};
  request.max_redirects = hash(location) / 8 % 3;
  constexpr std::array methods{http::method::get, http::method::head, http::method::post};
  request.method = methods[hash(location) / 32 % methods.size()];
  http::client_response response;
  using enum http::status;
  constexpr std::array codes{moved_permanently, found, see_other, temporary_redirect, permanent_redirect, ok};
  response.status = codes[hash(location) % codes.size()];
  const bool has_location = hash(location) / 1024 % 16 != 0;
  if (has_location) response.fields.emplace_back("location", location);
  const auto next = http::resolve_redirect(request, response, hash(location) / 128 % 2);
  require(!next.request || !next.error, "a redirect is either followed or rejected with an error");
  require(!next.request || (request.max_redirects > 0 && request.method != http::method::post),
          "only safe requests are redirected");
  require(!next.request || has_location, "a redirect has a location");
  const auto failed = http::resolve_redirect(request, http::client_error::response_truncated, 0);
  require(!failed.request && !failed.error, "a failed call is not redirected");
  if (!next.request) return;
  const auto origin = http::origin_of(next.request->url);
  require(origin.has_value(), "a redirect leads to an http or https URL");
  require(origin->secure || base.starts_with("http://"), "a redirect does not lead from https to http");
  const bool is_same_origin = origin == http::origin_of(request.url);
  require(next.request->fields.size() == (is_same_origin ? 3U : 2U), "credentials are sent only to their origin");
  // `serialize` must write exactly one request line.
  const auto text = http::serialize(*next.request);
  const auto line = std::string_view{text}.substr(0, text.find("\r\n"));
  require(line.starts_with(request.method == http::method::get ? "GET /" : "HEAD /") && line.ends_with(" HTTP/1.1") &&
              line.find(' ', 5) == line.size() - 9,
          "a serialized URL contains no space");
}

void check_encoding(std::string_view text) {
  const auto encoded = http::encode_invalid_characters(text);
  require(http::encode_invalid_characters(encoded) == encoded, "encoded text is not changed");
  for (const char c : encoded) require(c > ' ' && c < '\x7F' && c != '#', "encoded text is visible ASCII");
}

void run(std::string_view input) {
  check_redirect(input, "http://user.example:8080/a/b?c");
  check_redirect(input, "https://user.example/a/b");
  check_encoding(input);
}

const registration fuzz_registration{{"redirect", run}};

}  // namespace
}  // namespace cohort::fuzz::redirect_target
