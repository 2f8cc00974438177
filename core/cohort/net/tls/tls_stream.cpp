// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/tls_stream.hpp>

#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <memory>
#include <string_view>

#include <cohort/runtime/thread_object.hpp>

namespace cohort::net {
namespace {

struct io_handler {
  completion_handler<io_result> handler;
  void operator()(error_code error, std::size_t count) {
    // The peer closed without close_notify. HTTP framing indicates whether the message is complete.
    if (error == asio::ssl::error::stream_truncated) error = asio::error::eof;
    if (error) {
      handler(error);
    } else {
      handler(count);
    }
  }
};

/// Maximum plaintext size of a record in bytes (RFC 8446 section 5.1).
constexpr std::size_t max_record_size = 16 * 1024;

struct memory_bio {
  struct bio_deleter {
    void operator()(BIO* owned) const noexcept { BIO_free(owned); }
  };
  std::unique_ptr<BIO, bio_deleter> bio{BIO_new(BIO_s_mem())};
};

struct captured_records {
  /// The result of the OpenSSL function.
  int result = -1;
  /// Valid until the next call of `capture_records` on the thread.
  std::string_view bytes{};
};

/// Calls `write`, in which OpenSSL writes records, and returns the bytes of the records. Asio's TLS stream sends
/// records only in asynchronous operations.
template <class Write>
captured_records capture_records(SSL* ssl, Write write) {
  auto* const object = try_thread_object<memory_bio>();
  BIO* const memory = object ? object->bio.get() : nullptr;
  BIO* const original = SSL_get_wbio(ssl);
  if (!memory || BIO_up_ref(original) != 1) return {};
  if (BIO_up_ref(memory) != 1) {
    BIO_free(original);
    return {};
  }
  BIO_reset(memory);
  SSL_set0_wbio(ssl, memory);
  ERR_clear_error();
  const int result = write();
  SSL_set0_wbio(ssl, original);
  ERR_clear_error();
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(memory, &bytes);
  return {result, {bytes, static_cast<std::size_t>(size)}};
}

}  // namespace

tls_stream::tls_stream(stream_ptr plain, asio::ssl::context& context, executor loop_executor)
    : connection_(std::make_shared<connection>(std::move(plain), context, loop_executor)) {}

tls_stream::~tls_stream() {
  if (watch_) {
    watch_->owner = nullptr;
    watch_->cancellation.emit(asio::cancellation_type::terminal);
  }
  // OpenSSL does not resume the session of a connection that was closed without a TLS shutdown.
  SSL_set_shutdown(native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

task<io_result> tls_stream::handshake(asio::ssl::stream_base::handshake_type type) {
  auto handshake_task = async_operation<io_result>([this, type](completion_handler<io_result> handler) {
    const auto slot = handler.get_cancellation_slot();
    auto complete = [handler = std::move(handler)](error_code error) mutable { handler(error ? io_result{error} : 0); };
    ssl_stream().async_handshake(type, asio::bind_cancellation_slot(slot, std::move(complete)));
  });
  co_return co_await std::move(handshake_task);
}

void tls_stream::set_deadline(deadline stream_deadline) {
  connection_->plain->set_deadline(stream_deadline);
  if (on_hangup_ && !watch_) start_watch_read();  // the watch may have ended at an earlier deadline
}

void tls_stream::close() noexcept {
  on_hangup_ = nullptr;
  // Sends close_notify only in response to the peer's. If this side closes first, a message may be incomplete; after
  // close_notify, the peer would treat it as complete.
  if (SSL_get_shutdown(native_handle()) == SSL_RECEIVED_SHUTDOWN) send_close_notify();
  connection_->plain->close();
}

void tls_stream::reset() noexcept {
  on_hangup_ = nullptr;
  connection_->plain->reset();
}

void tls_stream::watch_hangup(std::function<void()> on_hangup) {
  if (read_ahead_byte_) return;  // received bytes are unread
  on_hangup_ = std::move(on_hangup);
  connection_->plain->set_deadline(deadline::never());
  if (!watch_) start_watch_read();
}

void tls_stream::unwatch_hangup() noexcept {
  on_hangup_ = nullptr;
  if (watch_) watch_->cancellation.emit(asio::cancellation_type::terminal);
}

io_result tls_stream::try_write(const_buffers buffers) {
  auto& plain = *connection_->plain;
  if (!unsent_record_.empty()) {
    const auto sent = plain.try_write({asio::buffer(unsent_record_), asio::const_buffer{}});
    if (!sent) return sent.error();
    unsent_record_.erase(0, *sent);
    return unsent_record_.empty() ? io_result{1} : io_result{error_code{asio::error::would_block}};
  }
  auto* const ssl = native_handle();
  const auto& first = buffers[0].size() > 0 ? buffers[0] : buffers[1];
  const auto size = std::min(first.size(), max_record_size);
  // The records of Asio's TLS stream were encrypted earlier, so they must be sent first.
  const bool is_blocked = connection_->tls.next_layer().is_writing() || BIO_ctrl_wpending(SSL_get_wbio(ssl)) > 0;
  if (is_blocked || size == 0) return error_code{asio::error::would_block};
  const auto records = capture_records(ssl, [&] { return SSL_write(ssl, first.data(), static_cast<int>(size)); });
  // An error recurs in `start_write`, which reports it.
  if (records.result <= 0) return error_code{asio::error::would_block};
  const auto sent = plain.try_write({asio::buffer(records.bytes), asio::const_buffer{}});
  // The unsent bytes are also kept after an error, because the peer needs every record. The error may be an expired
  // deadline, which can be replaced before the next write.
  unsent_record_ = records.bytes.substr(sent ? *sent : 0);
  const auto written_size = static_cast<std::size_t>(records.result) - (unsent_record_.empty() ? 0 : 1);
  return written_size > 0 ? io_result{written_size} : io_result{error_code{asio::error::would_block}};
}

/// Sends the remaining bytes of a record, whose last byte counts as not written.
void tls_stream::start_send_unsent(completion_handler<io_result> handler) {
  const auto slot = handler.get_cancellation_slot();
  auto on_written = [this, handler = std::move(handler)](error_code error, std::size_t count) mutable {
    unsent_record_.erase(0, count);
    if (error) {
      handler(error);
    } else if (unsent_record_.empty()) {
      handler(1);
    } else {
      start_send_unsent(std::move(handler));
    }
  };
  connection_->tls.next_layer().async_write_some(asio::buffer(unsent_record_),
                                                 asio::bind_cancellation_slot(slot, std::move(on_written)));
}

bool tls_stream::is_readable() noexcept {
  return read_ahead_byte_ || SSL_pending(native_handle()) > 0 || connection_->plain->is_readable();
}

void tls_stream::send_close_notify() noexcept {
  // The alert must not interrupt a record.
  auto* const ssl = native_handle();
  if (!unsent_record_.empty() || connection_->tls.next_layer().is_writing() || BIO_ctrl_wpending(SSL_get_wbio(ssl)) > 0)
    return;
  const auto record = capture_records(ssl, [&] { return SSL_shutdown(ssl); });
  if (!record.bytes.empty()) connection_->plain->try_write({asio::buffer(record.bytes), asio::const_buffer{}});
}

void tls_stream::shutdown_write() noexcept {
  // Without close_notify, the peer cannot verify that a body without a length is complete. No data is lost.
  send_close_notify();
  connection_->plain->shutdown_write();
}

void tls_stream::start_watch_read() {
  watch_ = std::make_shared<pending_watch>();
  watch_->keep_alive = connection_;
  watch_->owner = this;
  auto complete = [watch = watch_](error_code error, std::size_t count) {
    if (watch->owner) watch->owner->on_watch_read(error, count);
  };
  connection_->tls.async_read_some(asio::buffer(&watch_->byte, 1),
                                   asio::bind_cancellation_slot(watch_->cancellation.slot(), std::move(complete)));
}

void tls_stream::on_watch_read(error_code error, std::size_t count) {
  const auto watch = std::exchange(watch_, nullptr);
  if (count > 0) read_ahead_byte_ = watch->byte;
  if (deferred_read_) {
    auto read = std::exchange(deferred_read_, std::nullopt);
    start_read(read->buffer, std::move(read->handler));
    return;
  }
  if (!on_hangup_ || count > 0) return;
  // `operation_aborted`: the watch was cancelled. `timed_out`: the deadline of a write has passed. Any other error
  // means that the connection was closed or reset.
  if (error == asio::error::operation_aborted) {
    start_watch_read();
  } else if (error != asio::error::timed_out) {
    std::exchange(on_hangup_, nullptr)();
  }
}

void tls_stream::start_read(asio::mutable_buffer buffer, completion_handler<io_result> handler) {
  if (watch_) {
    if (auto slot = handler.get_cancellation_slot(); slot.is_connected()) {
      slot.assign([this](asio::cancellation_type_t) {
        auto read = std::exchange(deferred_read_, std::nullopt);
        if (read) read->handler.post(error_code{asio::error::operation_aborted});
      });
    }
    deferred_read_.emplace(deferred_read{buffer, std::move(handler)});
    return;
  }
  if (read_ahead_byte_ && buffer.size() > 0) {
    *static_cast<char*>(buffer.data()) = *std::exchange(read_ahead_byte_, std::nullopt);
    handler.post(1);
    return;
  }
  const auto slot = handler.get_cancellation_slot();
  connection_->tls.async_read_some(buffer, asio::bind_cancellation_slot(slot, io_handler{std::move(handler)}));
}

void tls_stream::start_write(const_buffers buffers, completion_handler<io_result> handler) {
  if (!unsent_record_.empty()) return start_send_unsent(std::move(handler));
  const auto slot = handler.get_cancellation_slot();
  const auto first = buffers[0].size() > 0 ? buffers[0] : buffers[1];
  connection_->tls.async_write_some(first, asio::bind_cancellation_slot(slot, io_handler{std::move(handler)}));
}

}  // namespace cohort::net
