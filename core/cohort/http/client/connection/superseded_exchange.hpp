// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/http/client/protocol/response_reader.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::http {

/// Receives and discards the response to a request that no caller waits for, so that its connection can be reused.
/// Closing the connection after each superseded hedge would require a new one.
class superseded_exchange : public std::enable_shared_from_this<superseded_exchange> {
 public:
  /// Called once with the stream; null if it cannot be reused.
  using end_handler = std::function<void(superseded_exchange&, net::stream_ptr reusable_stream)>;

  /// `stream` has sent the entire request and received nothing.
  superseded_exchange(net::stream_ptr stream, response_parser::limits limits, bool is_head_request, end_handler on_end);

  /// Receives until `receive_deadline`.
  void start(deadline receive_deadline);
  /// Closes the stream, without calling the handler.
  void close() noexcept;

 private:
  void read();
  void on_read(const net::io_result& count);
  /// The stream, if the response is complete and the connection stays open.
  net::stream_ptr take_reusable_stream();

  net::stream_ptr stream_;
  response_reader reader_;
  end_handler on_end_;
};

}  // namespace cohort::http
