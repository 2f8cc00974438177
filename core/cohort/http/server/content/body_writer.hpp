// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/http/message/body/content_encoder.hpp>
#include <cohort/http/message/server_limits.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::http {

/// Streams a response body, for `response::stream`. A client disconnect cancels the producer. While the server is
/// draining, the producer should return: see `draining`. One `write`, `send_file`, `flush` or `pause` may run at a
/// time; a concurrent call throws `std::logic_error`.
///
/// The client always detects a truncated body: the end of the body is sent only if the producer returns normally, all
/// writes have succeeded, and `abort` was not called. If `draining` or `pause` has reported a drain to the producer,
/// the producer must also have called `mark_complete`. Otherwise, the connection is closed without the last chunk or
/// the rest of the content length; with HTTP/1.0, whose body is close-delimited, it is reset.
class body_writer {
 public:
  enum class framing { chunked, until_close, fixed_length };

  /// `stream` and `draining` must outlive the writer. `content_length`, in bytes, is set for `fixed_length` only.
  body_writer(net::stream& stream, framing framing, const server_limits& limits, event& draining,
              std::optional<std::uint64_t> content_length = std::nullopt)
      : stream_(stream), framing_(framing), limits_(limits), draining_(draining), remaining_(content_length) {}

  /// Sends `bytes` and waits until they are written. Yields to the loop after every 64 operations or 1 MiB on the
  /// loop's connections, even if no operation waited. Returns false if the client does not accept the bytes within the
  /// write timeout or has disconnected, and for bytes beyond the content length, which are not sent.
  task<bool> write(std::string bytes);
  /// Sends the bytes of the open file `file` from `offset`, without a copy where the connection allows it. Returns
  /// false for the reasons of `write`, and if the file ends before `count` bytes; the body is then incomplete. Blocks
  /// the loop while the system reads bytes that are not in the page cache, for at most 256 KiB at a time.
  task<bool> send_file(int file, std::uint64_t offset, std::uint64_t count);
  /// Sends the output that a content coding has buffered. Returns false for the reasons of `write`.
  task<bool> flush();
  /// Sleeps for `span` after a `flush`; returns `notified` early, or immediately, if the server is draining.
  task<wait_status> pause(duration span);
  /// Whether the server is draining; the producer should then return. A producer that returns after this function has
  /// returned true counts as stopped early, unless it calls `mark_complete`.
  bool draining() noexcept {
    has_reported_drain_ = has_reported_drain_ || draining_.is_set();
    return draining_.is_set();
  }
  /// Declares that the body is complete although the server is draining. An example is an event stream, which may end
  /// at any time.
  void mark_complete() noexcept { is_marked_complete_ = true; }
  /// Whether all writes have succeeded.
  bool ok() const noexcept { return is_ok_; }

  /// Marks the body as incomplete: no more bytes are sent, and the connection is closed without the end of the body, so
  /// that the client detects the truncation.
  void abort() noexcept { is_ok_ = false; }

  /// Applies a content coding to the body. The framing must not have a content length. `content_length` is the length
  /// of the unencoded body; with fewer bytes, the body is incomplete. If `flush_each_write`, the client can decode each
  /// write immediately, at the cost of a lower compression ratio. Must be called before the first write. Used by
  /// middleware.
  void encode_with(std::shared_ptr<content_encoder> encoder, std::optional<std::uint64_t> content_length,
                   bool flush_each_write) noexcept {
    encoder_ = std::move(encoder);
    remaining_ = content_length;
    flushes_each_write_ = flush_each_write;
  }

  /// Ends the body, if it is not truncated. Returns whether the body is complete and correctly framed, so that the
  /// connection can be kept. Called by the connection.
  task<bool> finish();
  /// Whether the producer, which has returned, stopped early because the server is draining. Called by the connection.
  bool was_stopped_by_drain() const noexcept {
    return is_ok_ && has_reported_drain_ && !is_marked_complete_ && remaining_.value_or(1) > 0;
  }
  /// Whether the producer has written more bytes than the content length, or has returned after fewer bytes. Called by
  /// the connection.
  bool has_wrong_length() const noexcept { return exceeds_length_ || (is_ok_ && remaining_.value_or(0) > 0); }
  /// Number of bytes sent, for the connection.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  task<> send(std::string bytes);
  /// Clears `is_ok_` if a part of `size` bytes exceeds the content length.
  void count_part(std::uint64_t size) noexcept;
  /// The framing before a part of `size` bytes.
  std::string part_prefix(std::uint64_t size) const;
  /// Returns a part with its framing.
  std::string add_framing(std::string bytes) const;
  task<> encode(std::string_view bytes, content_encoder::operation step);
  task<> write_encoded(std::string_view bytes);
  task<> encode_file(int file, std::uint64_t offset, std::uint64_t count);

  net::stream& stream_;
  framing framing_;
  server_limits limits_;
  event& draining_;
  /// The remaining bytes of the content length.
  std::optional<std::uint64_t> remaining_;
  std::uint64_t bytes_sent_ = 0;
  std::shared_ptr<content_encoder> encoder_;
  /// Encoded bytes that are not sent yet.
  std::string encoded_bytes_;
  std::size_t input_bytes_since_yield_ = 0;
  bool flushes_each_write_ = false;
  bool exceeds_length_ = false;
  bool has_reported_drain_ = false;
  bool is_marked_complete_ = false;
  bool is_in_use_ = false;
  bool is_ok_ = true;
};

/// A server-sent event (WHATWG HTML, "Server-sent events"); each line of `data` becomes a `data:` line. Precondition:
/// `name` has no line break.
std::string sse_event(std::string_view name, std::string_view data);

}  // namespace cohort::http
