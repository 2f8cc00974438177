// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/etag.hpp>

#include <openssl/sha.h>
#include <boost/algorithm/hex.hpp>

#include <array>
#include <iterator>
#include <string>

#include <cohort/http/message/conditional/conditional_request.hpp>

namespace cohort::http {
namespace {

/// Returns 128 bits of the SHA-256 of the body as an entity tag.
std::string make_etag(std::string_view body, etag_strength strength) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), hash.data());
  std::string tag = strength == etag_strength::weak ? "W/\"" : "\"";
  boost::algorithm::hex_lower(hash.begin(), hash.begin() + 16, std::back_inserter(tag));
  return tag + '"';
}

/// Returns a 304 with the header fields of the full response.
response not_modified(const response& full) {
  response result{status::not_modified};
  for (std::string_view lines = full.header_lines(); !lines.empty();) {
    const auto line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    const auto colon = line.find(':');
    result.set(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
  return result;
}

response precondition_failed_response(const std::string& tag) {
  auto result = error_response(status::precondition_failed, "The resource has another entity tag");
  result.set("ETag", tag);
  return result;
}

}  // namespace

middleware etag(etag_strength strength) {
  return [strength](request_context& context, next next_handler) -> task<response> {
    auto result = co_await next_handler(context);
    const auto& head = context.head();
    const bool is_eligible = (head.method == method::get || head.method == method::head) &&
                             result.code() == status::ok && !result.producer() && !result.find("ETag");
    if (!is_eligible) co_return result;
    const auto tag = make_etag(result.content(), strength);
    result.set("ETag", tag);
    switch (evaluate_preconditions(head, {tag})) {
      case precondition::met: break;
      case precondition::not_modified: co_return not_modified(result);
      case precondition::failed: co_return precondition_failed_response(tag);
    }
    co_return result;
  };
}

}  // namespace cohort::http
