// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <new>
#include <string>

#include <cohort/http/server/connection/handler_run.hpp>
#include <cohort/http/server/request_context.hpp>
#include <cohort/http/server/server_shard.hpp>

namespace cohort::http {

/// A client's connection after the response 101, for `response::upgrade`.
class upgraded_connection {
 public:
  /// All references must outlive this object.
  upgraded_connection(net::stream& stream, std::string received, request_context& context, server_shard& shard,
                      handler_run& run)
      : stream_(stream), received_bytes_(std::move(received)), context_(context), shard_(shard), run_(run) {}

  net::stream& stream() noexcept { return stream_; }
  /// The bytes that were received after the request.
  std::string take_received_bytes() { return std::move(received_bytes_); }
  /// The context of the request; valid for the lifetime of this object.
  request_context& context() noexcept { return context_; }
  server_shard& shard() noexcept { return shard_; }
  /// Cancels the upgrade handler at the given time.
  void cancel_at(deadline cancel_deadline) noexcept { run_.set_deadline(cancel_deadline); }

  /// Sets the function that is called when the server starts to drain. If the server is already draining, calls it
  /// immediately.
  void on_drain(std::function<void()> callback) {
    if (shard_.draining().is_set()) return callback();
    on_drain_ = std::move(callback);
  }
  /// Reports to the access log the bytes that were sent after the response, and whether the protocol ended normally.
  void set_result(std::uint64_t bytes_sent, bool is_complete) noexcept {
    bytes_sent_ = bytes_sent;
    is_complete_ = is_complete;
  }

  // The following functions are for the connection only.
  void drain() noexcept {
    try {
      if (on_drain_) std::exchange(on_drain_, nullptr)();
    } catch (const std::bad_alloc&) {
      stream_.close();
    }
  }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  bool is_complete() const noexcept { return is_complete_; }

 private:
  net::stream& stream_;
  std::string received_bytes_;
  request_context& context_;
  server_shard& shard_;
  handler_run& run_;
  std::function<void()> on_drain_;
  std::uint64_t bytes_sent_ = 0;
  bool is_complete_ = false;
};

}  // namespace cohort::http
