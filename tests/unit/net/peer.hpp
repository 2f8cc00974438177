// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/net/memory/memory_network.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/support/http/http_message.hpp"

// Fixture of peers that use in-memory streams on virtual time, without sockets.
namespace cohort::test {

inline task<result<std::string>> read_once(net::stream& source, std::size_t max_size = 1 << 16) {
  std::string bytes(max_size, '\0');
  auto read_task = source.read_some(asio::buffer(bytes));
  const auto size = co_await std::move(read_task);
  if (!size) co_return size.error();
  bytes.resize(*size);
  co_return bytes;
}

inline task<net::io_result> write_once(net::stream& destination, std::string bytes) {
  const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
  auto write_task = destination.write_some(buffers);
  co_return co_await std::move(write_task);
}

inline task<net::io_result> write_bytes(net::stream& destination, std::string bytes) {
  const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
  co_return co_await net::write_all(destination, buffers);
}

/// An HTTP response without its framing.
struct received_response {
  int status = 0;
  std::string start_line;
  header_list headers;
  std::string body;

  /// Returns the value of the field; the result is empty if there is none.
  std::optional<std::string> header(std::string_view name) const { return find_header(headers, name); }
};

/// One end of a connection, controlled by the test. Each call advances virtual time until the call completes.
class peer {
 public:
  peer(virtual_time& time, net::stream_ptr stream) : time_(&time), stream_(std::move(stream)) {}

  net::stream& stream() noexcept { return *stream_; }

  /// Writes all bytes.
  net::io_result send(std::string_view bytes) { return time_->run(write_bytes(*stream_, std::string{bytes})); }

  /// Returns the result of one read.
  result<std::string> read() { return time_->run(read_once(*stream_)); }

  /// Reads until the connection is closed; `last_error` is then the reason.
  std::string read_to_end() {
    auto received_bytes = std::exchange(input_, {});
    for (auto bytes = read();; bytes = read()) {
      if (!bytes) {
        last_error_ = bytes.error();
        return received_bytes;
      }
      received_bytes += *bytes;
    }
  }
  error_code last_error() const noexcept { return last_error_; }

  /// Reads a complete response; the result is empty if the connection was closed before the end of its header section.
  /// `is_head_request` is true for the response to a HEAD request, which has no body.
  std::optional<received_response> receive(bool is_head_request = false) {
    auto head = extract_head(input_);
    while (!head) {
      if (!fill_buffer()) return std::nullopt;
      head = extract_head(input_);
    }
    received_response response;
    response.start_line = head->start_line;
    response.status = std::stoi(head->start_line.substr(9, 3));
    response.headers = head->headers;
    const bool has_no_body =
        is_head_request || response.status < 200 || response.status == 204 || response.status == 304;
    auto body = has_no_body ? body_decoder{} : body_decoder{head->headers, body_decoder::unframed_body::until_close};
    for (body.consume(input_, response.body); !body.finished(); body.consume(input_, response.body)) {
      if (fill_buffer()) continue;
      body.end_of_input();  // throws if the body is incomplete
      break;
    }
    return response;
  }
  /// Returns the bytes received after the last response.
  const std::string& unread_input() const noexcept { return input_; }

  /// Returns true if the other end closed the connection without a reset and all bytes were read.
  bool is_closed_cleanly() { return input_.empty() && !fill_buffer() && last_error_ == asio::error::eof; }

 private:
  bool fill_buffer() {
    auto bytes = read();
    if (!bytes) {
      last_error_ = bytes.error();
      return false;
    }
    input_ += *bytes;
    return true;
  }

  virtual_time* time_;
  net::stream_ptr stream_;
  std::string input_;
  error_code last_error_;
};

using stream_pair = std::pair<net::stream_ptr, net::stream_ptr>;

inline task<stream_pair> make_pipe_on_loop(net::memory_pipe_settings settings) {
  co_return net::make_memory_pipe(settings);
}

/// Both ends of a memory pipe.
struct connected_peers {
  explicit connected_peers(virtual_time& time, net::memory_pipe_settings settings = {})
      : connected_peers(time, time.run(make_pipe_on_loop(settings))) {}

  peer client;
  peer server;

 private:
  connected_peers(virtual_time& time, stream_pair streams)
      : client(time, std::move(streams.first)), server(time, std::move(streams.second)) {}
};

/// Counts the hangups of the peer in `hangup_count`.
inline task<> watch_on_loop(net::stream& stream, int* hangup_count) {
  stream.watch_hangup([hangup_count] { ++*hangup_count; });
  co_return;
}

}  // namespace cohort::test
