// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::net {

/// Keys of the session tickets of a server (RFC 5077, RFC 8446 section 4.6.1), which are stored only in its memory. A
/// key encrypts tickets for one `rotation_interval` and decrypts them for another `rotation_interval`. A stolen key
/// therefore reveals at most the TLS 1.2 sessions of these two intervals. Thread-safe.
class ticket_keys {
 public:
  static constexpr duration rotation_interval = std::chrono::hours{1};

  /// Installs the callbacks through which `context` uses these keys.
  static void install(std::shared_ptr<ticket_keys> keys, SSL_CTX* context);

 private:
  struct key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher_key;
    std::array<unsigned char, 32> mac_key;
  };
  static int on_ticket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int is_encryption);
  /// Selects the key of a ticket. Returns the result for OpenSSL: 1 if the key is current, 2 if the client must receive
  /// a new ticket, 0 if the key is unknown, -1 if no key could be generated.
  int select(unsigned char* name, bool is_encryption, key& selected_key);
  void rotate(time_point now);

  std::mutex mutex_;
  std::optional<key> current_key_;
  std::optional<key> previous_key_;
  time_point rotation_time_{};
};

}  // namespace cohort::net
