// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/net/stream.hpp>

namespace cohort::net {

/// A stream from which bytes have already been read. Reads return these bytes first.
class prefixed_stream final : public stream {
 public:
  prefixed_stream(stream_ptr source, std::string prefix) : stream_(std::move(source)), prefix_(std::move(prefix)) {}

  io_result try_write(const_buffers buffers) override { return stream_->try_write(buffers); }
  void set_deadline(deadline stream_deadline) override { stream_->set_deadline(stream_deadline); }
  void watch_hangup(std::function<void()> on_hangup) override {
    if (prefix_.empty()) stream_->watch_hangup(std::move(on_hangup));
  }
  void unwatch_hangup() noexcept override { stream_->unwatch_hangup(); }
  bool is_readable() noexcept override { return !prefix_.empty() || stream_->is_readable(); }
  void shutdown_write() noexcept override { stream_->shutdown_write(); }
  void close() noexcept override { stream_->close(); }
  std::string peer_address() const override { return stream_->peer_address(); }

 private:
  void start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) override;
  void start_write(const_buffers buffers, completion_handler<io_result> handler) override;

  stream_ptr stream_;
  std::string prefix_;
};

}  // namespace cohort::net
