// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/content_security_policy.hpp>

#include <array>

#include <openssl/sha.h>

#include <cohort/http/message/base64.hpp>

namespace cohort::http {

std::string hash_source(std::string_view content) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), hash.data());
  return "'sha256-" + encode_base64({reinterpret_cast<const char*>(hash.data()), hash.size()}) + "'";
}

}  // namespace cohort::http
