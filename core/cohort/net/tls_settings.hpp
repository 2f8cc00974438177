// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace cohort::net {

/// Settings of the client side of TLS. Certificates and keys are in PEM format.
struct tls_client_settings {
  /// The trusted certificates. If empty, the certificates of the system are trusted.
  std::string trusted_certificates;
  /// Whether the server's certificate must be trusted and valid for the host.
  bool verifies_server = true;
  /// The client's certificate, followed by the intermediate certificates. If empty, no certificate is sent.
  std::string certificate_chain;
  /// The private key of the client's certificate, without a passphrase.
  std::string private_key;
  /// The host name that is sent (SNI) and for which the certificate must be valid. If empty, the host of the URL is
  /// used.
  std::string server_name;

  bool operator==(const tls_client_settings&) const = default;
};

/// TLS settings of a client that can be replaced while other threads use them. Thread-safe.
class replaceable_tls_client_settings {
 public:
  explicit replaceable_tls_client_settings(tls_client_settings settings = {})
      : current_(std::make_shared<const tls_client_settings>(std::move(settings))) {}

  std::shared_ptr<const tls_client_settings> get() const {
    const std::lock_guard lock{mutex_};
    return current_;
  }
  /// Precondition: `find_error(settings)` is empty.
  void replace(tls_client_settings settings) {
    auto replacement = std::make_shared<const tls_client_settings>(std::move(settings));
    const std::lock_guard lock{mutex_};
    current_ = std::move(replacement);
    version_.fetch_add(1, std::memory_order_relaxed);
  }
  /// The number of replacements. Takes no lock.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const tls_client_settings> current_;
  std::atomic<std::uint64_t> version_{0};
};

/// Returns the reason why OpenSSL rejects the settings, such as "no certificate in PEM format was found"; empty if
/// OpenSSL accepts them.
std::optional<std::string> find_error(const tls_client_settings& settings);

}  // namespace cohort::net
