// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/websocket/websocket_connection.hpp>

#include <algorithm>

#include <cohort/http/websocket/permessage_deflate.hpp>

namespace cohort::http {
namespace {

/// Buffer size of an idle connection; the buffer grows while longer messages arrive.
constexpr std::size_t small_read_size = 128;
constexpr std::size_t large_read_size = 16 * 1024;
constexpr std::size_t max_close_reason = 123;
/// Maximum number of frames in one write.
constexpr std::size_t max_frames_per_write = std::tuple_size_v<net::const_buffers>;

time_point time_after(time_point start, duration span) noexcept { return deadline::after(start, span).time(); }

}  // namespace

websocket_connection::websocket_connection(net::stream& stream, net::stream_ptr stream_owner, parameters values)
    : stream_owner_(std::move(stream_owner)),
      stream_(stream),
      loop_(loop::current()),
      settings_(values.settings),
      role_(values.role),
      is_compressed_(values.is_compressed),
      metrics_(values.metrics),
      shared_bytes_(values.shared_bytes),
      max_shared_bytes_(values.max_shared_bytes),
      decoder_({values.role == websocket_role::server ? websocket_role::client : websocket_role::server,
                values.settings.max_message_bytes, values.is_compressed}),
      input_(std::move(values.received)),
      input_size_(input_.size()),
      read_size_(small_read_size),
      last_receive_time_(loop_.now()),
      last_message_time_(last_receive_time_),
      timer_(loop_.timers(), this) {
  if (metrics_) metrics_->open_connections.add(1);
}

websocket_connection::~websocket_connection() {
  if (metrics_ && !has_ended_) metrics_->open_connections.add(-1);
  if (counted_bytes_ > 0) shared_bytes_->fetch_sub(counted_bytes_, std::memory_order_relaxed);
}

void websocket_connection::start() {
  has_started_ = true;
  stream_.set_deadline(deadline::never());
  schedule_timer();
  decode();
}

// Reading

bool websocket_connection::is_inbox_full() const noexcept {
  return inbox_.size() >= settings_.max_unread_messages || inbox_bytes_ >= settings_.max_unread_bytes;
}

std::optional<websocket_message> websocket_connection::take_message() {
  if (inbox_.empty()) return std::nullopt;
  const bool was_full = is_inbox_full();
  auto message = std::move(inbox_.front());
  inbox_.pop_front();
  inbox_bytes_ -= message.data.size();
  update_shared_bytes();
  if (was_full && !is_inbox_full() && !has_ended_) {
    // The idle timeout does not apply while reading is paused, because messages of the peer are then not received.
    last_receive_time_ = loop_.now();
    decode();
  }
  return message;
}

void websocket_connection::read_more() {
  if (is_reading_ || has_ended_) return;
  input_.resize(input_size_ + read_size_);
  auto read_task = stream_.read_some(asio::buffer(input_.data() + input_size_, read_size_));
  is_reading_ = true;
  std::move(read_task)([self = shared_from_this()](const net::io_result& size) {
    self->is_reading_ = false;
    self->on_read(size);
    if (self->is_finished()) self->finish_waiters_.notify_all();
  });
}

void websocket_connection::on_read(const net::io_result& size) {
  if (has_ended_) return;
  if (!size) return end();
  last_receive_time_ = loop_.now();
  is_ping_pending_ = false;
  input_size_ += *size;
  read_size_ = *size == read_size_ ? large_read_size : small_read_size;
  decode();
}

/// Decodes the received bytes, until a message must wait for the handler, and reads more.
void websocket_connection::decode() {
  const auto self = shared_from_this();
  input_.resize(input_size_);
  std::string_view remaining = input_;
  while (!has_ended_ && !is_discarding_) {
    if (is_inbox_full()) break;
    const auto event = decoder_.next(remaining);
    if (event == message_decoder::event::none) break;
    handle(event);
  }
  update_shared_bytes();
  if (is_discarding_) remaining = {};
  const bool is_paused = !is_discarding_ && is_inbox_full();
  input_.erase(0, input_.size() - remaining.size());
  input_size_ = input_.size();
  if (read_size_ == small_read_size && input_.capacity() > 8 * small_read_size && input_size_ < small_read_size) {
    // Releases the capacity that a long message needed.
    std::string shrunk_input{input_};
    input_.swap(shrunk_input);
  }
  if (!is_paused) read_more();
}

/// Adds the change of the received bytes in memory to the total of all connections.
void websocket_connection::update_shared_bytes() {
  if (!shared_bytes_) return;
  const auto current_bytes = inbox_bytes_ + (is_discarding_ ? 0 : decoder_.buffered_bytes());
  const auto before = std::exchange(counted_bytes_, current_bytes);
  const auto change = current_bytes - before;  // modulo 2^64
  const auto total = shared_bytes_->fetch_add(change, std::memory_order_relaxed) + change;
  if (current_bytes <= before || total <= max_shared_bytes_ || is_discarding_) return;
  is_discarding_ = true;
  decoder_ = message_decoder{{}};
  close(close_code::try_again_later, "the server is overloaded");
  update_shared_bytes();
}

void websocket_connection::handle(message_decoder::event event) {
  using event_kind = message_decoder::event;
  switch (event) {
    case event_kind::message:
      last_message_time_ = last_receive_time_;
      if (metrics_) metrics_->messages_received.increment();
      inbox_bytes_ += decoder_.message().data.size();
      inbox_.push_back(std::move(decoder_.message()));
      readers_.notify_one();
      break;
    case event_kind::ping:
      if (!is_close_queued_) send_pong(decoder_.payload());
      break;
    case event_kind::close: on_close_frame(); break;
    case event_kind::failure:
      is_discarding_ = true;
      close(decoder_.close_code(), decoder_.payload());
      break;
    case event_kind::pong:
    case event_kind::none: break;
  }
}

/// Responds to a close frame with the same code (RFC 6455 section 5.5.1). The connection is then closed.
void websocket_connection::on_close_frame() {
  is_close_received_ = true;
  is_discarding_ = true;
  const auto code = decoder_.close_code();
  const std::string reason = decoder_.payload();
  close(code, reason);
  if (outbox_.empty()) end();
}

// Writing

bool websocket_connection::is_queue_full() const noexcept {
  return queued_message_count_ >= settings_.max_queued_messages || queued_bytes_ >= settings_.max_queued_bytes;
}

encoded_frame websocket_connection::encode(std::string message, websocket_message::kind type) {
  frame_header header;
  header.opcode = type == websocket_message::kind::text ? websocket_opcode::text : websocket_opcode::binary;
  if (is_compressed_ && message.size() >= settings_.min_compressed_bytes) {
    auto compressed = deflate_message(message);
    header.is_compressed = compressed.size() < message.size();
    if (header.is_compressed) message = std::move(compressed);
  }
  if (role_ == websocket_role::client) {
    const auto random = loop_.random().next();
    header.mask = {static_cast<char>(random), static_cast<char>(random >> 8U), static_cast<char>(random >> 16U),
                   static_cast<char>(random >> 24U)};
    apply_mask(message.data(), message.size(), *header.mask, 0);
  }
  header.payload_length = message.size();
  std::string bytes;
  bytes.reserve(message.size() + 14);
  append_frame_header(bytes, header);
  bytes += message;
  return std::make_shared<const std::string>(std::move(bytes));
}

void websocket_connection::send(encoded_frame frame) {
  last_message_time_ = loop_.now();
  if (metrics_) metrics_->messages_sent.increment();
  enqueue(std::move(frame), frame_kind::message);
}

std::list<websocket_connection::queued_frame>::iterator websocket_connection::first_unsent() {
  const std::size_t unremovable_frames = is_writing_ ? max_frames_per_write : written_bytes_ > 0 ? 1 : 0;
  return std::next(outbox_.begin(), static_cast<std::ptrdiff_t>(std::min(unremovable_frames, outbox_.size())));
}

void websocket_connection::drop_oldest() {
  for (auto it = first_unsent(); it != outbox_.end() && is_queue_full();) {
    if (it->kind != frame_kind::message) {
      ++it;
      continue;
    }
    queued_bytes_ -= it->bytes->size();
    --queued_message_count_;
    if (metrics_) metrics_->messages_dropped.increment();
    it = outbox_.erase(it);
  }
}

void websocket_connection::send_pong(std::string_view payload) {
  const auto pong = std::find_if(first_unsent(), outbox_.end(),
                                 [](const queued_frame& frame) { return frame.kind == frame_kind::pong; });
  if (pong != outbox_.end()) {
    queued_bytes_ -= pong->bytes->size();
    outbox_.erase(pong);
  }
  send_control(websocket_opcode::pong, payload);
}

void websocket_connection::send_control(websocket_opcode opcode, std::string_view payload) {
  frame_header header;
  header.opcode = opcode;
  header.payload_length = payload.size();
  std::string masked_payload{payload};
  if (role_ == websocket_role::client) {
    const auto random = loop_.random().next();
    header.mask = {static_cast<char>(random), static_cast<char>(random >> 8U), static_cast<char>(random >> 16U),
                   static_cast<char>(random >> 24U)};
    apply_mask(masked_payload.data(), masked_payload.size(), *header.mask, 0);
  }
  std::string bytes;
  append_frame_header(bytes, header);
  bytes += masked_payload;
  enqueue(std::make_shared<const std::string>(std::move(bytes)),
          opcode == websocket_opcode::pong ? frame_kind::pong : frame_kind::control);
}

void websocket_connection::enqueue(encoded_frame frame, frame_kind kind) {
  queued_bytes_ += frame->size();
  if (kind == frame_kind::message) ++queued_message_count_;
  outbox_.push_back({std::move(frame), kind});
  write_more();
}

void websocket_connection::write_more() {
  while (!is_writing_ && !has_ended_ && !outbox_.empty()) {
    const auto& first = *outbox_.front().bytes;
    net::const_buffers buffers{asio::buffer(first) + written_bytes_, asio::const_buffer{}};
    if (outbox_.size() > 1) buffers[1] = asio::buffer(*std::next(outbox_.begin())->bytes);
    const auto written = stream_.try_write(buffers);
    if (written) {
      on_written(*written);
      continue;
    }
    write_progress_ = loop_.now();
    is_writing_ = true;
    auto write_task = stream_.write_some(buffers);
    std::move(write_task)([self = shared_from_this()](const net::io_result& size) {
      self->is_writing_ = false;
      if (!size && !self->has_ended_) self->end();
      if (size && !self->has_ended_) {
        self->on_written(*size);
        self->write_more();
      }
      if (self->is_finished()) self->finish_waiters_.notify_all();
    });
    schedule_timer();
  }
}

void websocket_connection::on_written(std::size_t size) {
  const bool was_full = is_queue_full();
  bytes_sent_ += size;
  written_bytes_ += size;
  while (!outbox_.empty() && written_bytes_ >= outbox_.front().bytes->size()) {
    const auto& frame = outbox_.front();
    written_bytes_ -= frame.bytes->size();
    queued_bytes_ -= frame.bytes->size();
    if (frame.kind == frame_kind::message) --queued_message_count_;
    outbox_.pop_front();
  }
  if (was_full && !is_queue_full()) senders_.notify_all();
  if (!outbox_.empty() || !is_close_queued_) return;
  if (is_close_received_) return end();
  // After a violation, the stream is shut down, because no frames follow.
  if (is_discarding_) stream_.shutdown_write();
}

// Closing

void websocket_connection::close(std::uint16_t code, std::string_view reason) {
  if (is_close_queued_ || has_ended_) return;
  is_close_queued_ = true;
  is_closing_ = true;
  close_start_ = loop_.now();
  close_code_ = code;
  while (reason.size() > max_close_reason || !is_valid_utf8(reason)) reason.remove_suffix(1);
  close_reason_ = reason;
  std::string payload;
  if (code != close_code::no_status) {
    payload += static_cast<char>(code >> 8U);
    payload += static_cast<char>(code & 0xFFU);
    payload += reason;
  }
  readers_.notify_all();
  senders_.notify_all();
  send_control(websocket_opcode::close, payload);
  schedule_timer();
}

void websocket_connection::end() {
  if (has_ended_) return;
  const auto self = shared_from_this();
  has_ended_ = true;
  is_closing_ = true;
  timer_.disarm();
  stream_.close();
  outbox_.clear();
  queued_message_count_ = queued_bytes_ = 0;
  if (metrics_) {
    metrics_->open_connections.add(-1);
    metrics_->on_close(close_code_);
  }
  readers_.notify_all();
  senders_.notify_all();
  if (is_finished()) finish_waiters_.notify_all();
  if (on_ended_) std::exchange(on_ended_, nullptr)();
}

void websocket_connection::schedule_timer() {
  if (has_ended_) return;
  auto next = time_after(last_message_time_, settings_.idle_timeout);
  next = std::min(next, time_after(last_receive_time_, settings_.ping_interval));
  if (is_ping_pending_) {
    next = std::min(time_after(last_message_time_, settings_.idle_timeout),
                    time_after(time_after(last_receive_time_, settings_.ping_interval), settings_.pong_timeout));
  }
  if (is_close_queued_) next = time_after(close_start_, settings_.close_timeout);
  if (is_writing_) next = std::min(next, time_after(write_progress_, settings_.write_timeout));
  timer_.arm(next);
}

void websocket_connection::on_timer() {
  if (has_ended_) return;
  const auto now = loop_.now();
  const auto self = shared_from_this();
  if (is_writing_ && now >= time_after(write_progress_, settings_.write_timeout)) return end();
  if (is_close_queued_) {
    if (now >= time_after(close_start_, settings_.close_timeout)) return end();
  } else if (now >= time_after(last_message_time_, settings_.idle_timeout)) {
    close(close_code::going_away, "no message within the idle timeout");
  } else if (is_inbox_full()) {
    last_receive_time_ = now;  // reading is paused, so the peer's messages are not received
  } else if (is_ping_pending_ &&
             now >= time_after(time_after(last_receive_time_, settings_.ping_interval), settings_.pong_timeout)) {
    return end();
  } else if (!is_ping_pending_ && now >= time_after(last_receive_time_, settings_.ping_interval)) {
    is_ping_pending_ = true;
    send_control(websocket_opcode::ping, {});
  }
  schedule_timer();
}

}  // namespace cohort::http
