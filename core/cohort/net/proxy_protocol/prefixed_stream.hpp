// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/net/stream.hpp>

namespace cohort::net {

/// A stream from which bytes have been read already: reads return these first.
class prefixed_stream final : public stream {
 public:
  prefixed_stream(stream_ptr rest, std::string prefix) : rest_(std::move(rest)), prefix_(std::move(prefix)) {}

  io_result try_write(const_buffers buffers) override { return rest_->try_write(buffers); }
  void set_deadline(deadline stream_deadline) override { rest_->set_deadline(stream_deadline); }
  void watch_hangup(std::function<void()> on_hangup) override {
    if (prefix_.empty()) rest_->watch_hangup(std::move(on_hangup));
  }
  void unwatch_hangup() noexcept override { rest_->unwatch_hangup(); }
  bool readable() noexcept override { return !prefix_.empty() || rest_->readable(); }
  void shutdown_write() noexcept override { rest_->shutdown_write(); }
  void close() noexcept override { rest_->close(); }
  std::string peer_address() const override { return rest_->peer_address(); }

 private:
  void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) override;
  void start_write(const_buffers buffers, completion_handler<io_result> handler) override;

  stream_ptr rest_;
  std::string prefix_;
};

}  // namespace cohort::net
