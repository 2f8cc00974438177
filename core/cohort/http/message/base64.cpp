// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/base64.hpp>

#include <openssl/evp.h>

#include <algorithm>

namespace cohort::http {
namespace {

/// Maximum size of the input, because OpenSSL uses `int` for sizes.
constexpr std::size_t max_size = std::size_t{1} << 30U;

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock writes a terminating zero
  const auto size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > max_size) return std::nullopt;
  const auto padding = std::min<std::size_t>(2, text.size() - text.find_last_not_of('=') - 1);
  if (text.substr(0, text.size() - padding).find('=') != std::string_view::npos) return std::nullopt;
  std::string decoded(text.size() / 4 * 3, '\0');
  const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size != static_cast<int>(decoded.size())) return std::nullopt;
  decoded.resize(decoded.size() - padding);
  return decoded;
}

}  // namespace cohort::http
