// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cohort::http {

/// Counts the open connections of each client address (IPv6: /64 prefix, see `net::client_network`). Thread-safe; used
/// when a connection opens and closes.
class client_connections {
 public:
  /// `max_connections` is the limit for each client; no limit if 0.
  explicit client_connections(std::size_t max_connections) : max_connections_(max_connections) {}

  /// A counted connection; the destructor decrements the count.
  class permit {
   public:
    permit() = default;
    permit(client_connections& owner, std::string network) : owner_(&owner), network_(std::move(network)) {}
    permit(permit&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), network_(std::move(other.network_)) {}
    permit& operator=(permit&&) = delete;
    ~permit() {
      if (owner_) owner_->release(network_);
    }
    explicit operator bool() const noexcept { return owner_ != nullptr; }

   private:
    client_connections* owner_ = nullptr;
    std::string network_;
  };

  bool is_limited() const noexcept { return max_connections_ > 0; }
  /// Counts a connection of the client with this IP address. The result is false if the client has the maximum number
  /// of connections open.
  permit acquire(std::string_view client_address);
  /// The number of clients with open connections.
  std::size_t client_count() const;

 private:
  void release(const std::string& network) noexcept;

  const std::size_t max_connections_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> connection_counts_;
};

}  // namespace cohort::http
