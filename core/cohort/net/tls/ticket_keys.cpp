// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/ticket_keys.hpp>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>

#include <cohort/runtime/loop.hpp>

namespace cohort::net {
namespace {

constexpr int ticket_rejected = 0;
constexpr int ticket_accepted = 1;
constexpr int ticket_accepted_and_renewed = 2;
constexpr int ticket_error = -1;

/// Returns the index for the keys in the extra data of a context. Index 0, the application data, is used by Asio.
int context_data_index() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, [](void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::shared_ptr<ticket_keys>*>(keys);
      });
  return index;
}

}  // namespace

void ticket_keys::install(std::shared_ptr<ticket_keys> keys, SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, context_data_index(), new std::shared_ptr<ticket_keys>(std::move(keys)));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &ticket_keys::on_ticket);
  SSL_CTX_set_timeout(context, std::chrono::duration_cast<std::chrono::seconds>(rotation_interval).count());
}

void ticket_keys::rotate(time_point now) {
  const auto age = now - rotation_time_;
  if (current_key_ && age < rotation_interval) return;
  previous_key_ = current_key_ && age < 2 * rotation_interval ? current_key_ : std::nullopt;
  current_key_.reset();
  key new_key;
  const auto fill = [](auto& bytes) { return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1; };
  if (!fill(new_key.name) || !fill(new_key.cipher_key) || !fill(new_key.mac_key)) return;
  current_key_ = new_key;
  rotation_time_ = now;
}

int ticket_keys::select(unsigned char* name, bool is_encryption, key& selected_key) {
  const std::lock_guard lock{mutex_};
  rotate(loop::current().now());
  if (is_encryption) {
    if (!current_key_) return ticket_error;
    selected_key = *current_key_;
    std::copy(selected_key.name.begin(), selected_key.name.end(), name);
    return ticket_accepted;
  }
  const auto matches = [name](const std::optional<key>& candidate) {
    return candidate && std::equal(candidate->name.begin(), candidate->name.end(), name);
  };
  if (matches(current_key_)) {
    selected_key = *current_key_;
    return ticket_accepted;
  }
  if (!matches(previous_key_)) return ticket_rejected;
  selected_key = *previous_key_;
  return ticket_accepted_and_renewed;
}

int ticket_keys::on_ticket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac, int is_encryption) {
  const auto* keys = static_cast<std::shared_ptr<ticket_keys>*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_data_index()));
  key key;
  int ticket_result = (*keys)->select(name, is_encryption != 0, key);
  // RFC 8446 appendix C.4: a client uses a TLS 1.3 ticket once.
  const bool is_single_use = is_encryption == 0 && SSL_version(connection) >= TLS1_3_VERSION;
  if (ticket_result == ticket_accepted && is_single_use) ticket_result = ticket_accepted_and_renewed;
  if (ticket_result <= ticket_rejected) return ticket_result;
  if (is_encryption != 0 && RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return ticket_error;
  char digest[] = "SHA256";
  std::array parameters{OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac_key.data(), key.mac_key.size()),
                        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  const bool is_initialized = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher_key.data(), iv,
                                                is_encryption != 0 ? 1 : 0) == 1 &&
                              EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(&key, sizeof key);
  return is_initialized ? ticket_result : ticket_error;
}

}  // namespace cohort::net
