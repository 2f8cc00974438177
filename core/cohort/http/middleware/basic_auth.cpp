// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/basic_auth.hpp>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include <cohort/http/message/base64.hpp>
#include <cohort/http/message/request/unique_field.hpp>

namespace cohort::http {
namespace {

using digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

/// Maximum size of the encoded credentials; longer credentials are invalid.
constexpr std::size_t max_encoded_credentials = 4096;

struct account {
  std::string name;
  /// The SHA-256 hash of `name:password`.
  digest credentials;
};

digest sha256(std::string_view text) {
  digest hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

/// The decoded `user:password` of the request; empty if there is no `Authorization` field, or more than one.
std::optional<std::string> find_credentials(const request_head& head) {
  const auto field_value = find_unique(head, field::authorization);
  if (!field_value) return std::nullopt;
  const auto scheme_length = std::min(field_value->find(' '), field_value->size());
  if (!iequals(field_value->substr(0, scheme_length), "Basic")) return std::nullopt;
  const auto encoded = trimmed(field_value->substr(scheme_length));
  return encoded.size() > max_encoded_credentials ? std::nullopt : decode_base64(encoded);
}

/// The account with these credentials; null if there is none. Compares the credentials with those of every account, so
/// that the duration does not depend on the match.
const account* find_account(const std::vector<account>& accounts, std::string_view credentials) {
  const auto hash = sha256(credentials);
  const account* found = nullptr;
  for (const auto& candidate : accounts) {
    if (CRYPTO_memcmp(hash.data(), candidate.credentials.data(), hash.size()) == 0) found = &candidate;
  }
  return found;
}

void check_realm(std::string_view realm) {
  for (const char c : realm) {
    if (c < ' ' || c > '~' || c == '"' || c == '\\') {
      throw std::invalid_argument{"the realm of basic authentication must consist of ASCII characters without quotes"};
    }
  }
}

}  // namespace

filter basic_auth(std::string realm, std::map<std::string, std::string> passwords) {
  check_realm(realm);
  std::vector<account> accounts;
  for (const auto& [name, password] : passwords) {
    if (name.find(':') != std::string::npos) {
      throw std::invalid_argument{"a user name of basic authentication must not contain ':', but one is \"" + name +
                                  "\""};
    }
    accounts.push_back({name, sha256(name + ":" + password)});
  }
  const auto shared = std::make_shared<const std::vector<account>>(std::move(accounts));
  auto challenge = "Basic realm=\"" + realm + "\", charset=\"UTF-8\"";
  return [shared, challenge = std::move(challenge)](request_context& context) -> std::optional<response> {
    const auto credentials = find_credentials(context.head());
    if (const auto* matching_account = credentials ? find_account(*shared, *credentials) : nullptr) {
      context.set(basic_user{matching_account->name});
      return std::nullopt;
    }
    auto rejection = error_response(status::unauthorized, "A valid user name and password are required");
    rejection.set("WWW-Authenticate", challenge);
    return rejection;
  };
}

}  // namespace cohort::http
