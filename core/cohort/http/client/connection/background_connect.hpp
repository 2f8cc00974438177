// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/net/network.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>

namespace cohort::http {

/// Establishes a connection for later requests.
class background_connect : public std::enable_shared_from_this<background_connect> {
 public:
  /// Called once with the stream; null if the attempt failed.
  using end_handler = std::function<void(background_connect&, net::stream_ptr stream)>;

  explicit background_connect(end_handler on_end) : on_end_(std::move(on_end)) {}

  /// `network` must outlive the attempt, which ends at the deadline or shortly after `cancel`.
  void start(net::network& network, const net::endpoint& address, deadline connect_deadline) {
    detail::start_child_task(child_, network.connect(address, connect_deadline),
                             [self = shared_from_this()] { self->on_ended(); });
  }
  /// Ends the attempt, without calling the handler.
  void cancel() noexcept {
    on_end_ = nullptr;
    detail::cancel(child_.cancel_signal);
  }

 private:
  void on_ended() {
    if (!on_end_) return;
    auto& connected = child_.outcome.value;
    std::exchange(on_end_, nullptr)(*this, connected && *connected ? std::move(**connected) : nullptr);
  }

  detail::child_task<result<net::stream_ptr>> child_;
  end_handler on_end_;
};

}  // namespace cohort::http
