// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/websocket/message_decoder.hpp>

#include <algorithm>
#include <utility>

#include <cohort/http/websocket/permessage_deflate.hpp>

namespace cohort::http {

message_decoder::event message_decoder::fail(std::uint16_t code, std::string_view description) {
  close_code_ = code;
  control_payload_ = description;
  return event::failure;
}

message_decoder::event message_decoder::next(std::string_view& input) {
  if (std::exchange(has_returned_message_, false)) message_ = {};
  for (;;) {
    if (!is_in_frame_) {
      const auto parsed = parse_frame_header(input, settings_.sender);
      if (parsed.error) return fail(close_code::protocol_error, parsed.error);
      if (parsed.size == 0) return event::none;
      input.remove_prefix(parsed.size);
      const auto started = start_frame(parsed.header);
      if (started != event::none) return started;
    }
    auto& payload = is_control(frame_.opcode) ? control_payload_ : message_.data;
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(frame_.payload_length - received_size_, input.size()));
    const auto start = payload.size();
    payload.append(input.substr(0, size));
    if (frame_.mask) apply_mask(payload.data() + start, size, *frame_.mask, received_size_);
    input.remove_prefix(size);
    received_size_ += size;
    if (received_size_ < frame_.payload_length) return event::none;
    is_in_frame_ = false;
    const auto ended = end_frame();
    if (ended != event::none) return ended;
  }
}

message_decoder::event message_decoder::start_frame(const frame_header& header) {
  const bool is_first = header.opcode == websocket_opcode::text || header.opcode == websocket_opcode::binary;
  const bool may_be_compressed = is_first && settings_.allows_compression;
  if (header.is_compressed && !may_be_compressed) return fail(close_code::protocol_error, "RSV1 is set");
  if (is_control(header.opcode)) {
    control_payload_.clear();
  } else {
    if (is_first && is_in_message_) return fail(close_code::protocol_error, "the previous message is not complete");
    if (!is_first && !is_in_message_) return fail(close_code::protocol_error, "continuation without a message");
    frame_count_ = is_first ? 1 : frame_count_ + 1;
    if (frame_count_ > max_frames(settings_.max_message_bytes)) {
      return fail(close_code::policy_violation,
                  "message of more than " + std::to_string(max_frames(settings_.max_message_bytes)) + " frames");
    }
    if (header.payload_length > settings_.max_message_bytes - message_.data.size()) {
      return fail(close_code::message_too_big,
                  "message longer than " + std::to_string(settings_.max_message_bytes) + " bytes");
    }
    if (is_first) {
      is_in_message_ = true;
      is_compressed_ = header.is_compressed;
      const bool is_text = header.opcode == websocket_opcode::text;
      message_.type = is_text ? websocket_message::kind::text : websocket_message::kind::binary;
    }
  }
  frame_ = header;
  received_size_ = 0;
  is_in_frame_ = true;
  return event::none;
}

message_decoder::event message_decoder::end_frame() {
  if (is_control(frame_.opcode)) return end_control_frame();
  return frame_.is_final ? end_message() : event::none;
}

message_decoder::event message_decoder::end_message() {
  is_in_message_ = false;
  if (is_compressed_) {
    bool is_too_large = false;
    auto decompressed_message = inflate_message(message_.data, settings_.max_message_bytes, is_too_large);
    if (is_too_large) {
      return fail(close_code::message_too_big,
                  "message longer than " + std::to_string(settings_.max_message_bytes) + " bytes");
    }
    if (!decompressed_message) return fail(close_code::invalid_data, "message is not valid deflate data");
    message_.data = std::move(*decompressed_message);
  }
  if (message_.type == websocket_message::kind::text && !is_valid_utf8(message_.data)) {
    return fail(close_code::invalid_data, "text message is not valid UTF-8");
  }
  has_returned_message_ = true;
  return event::message;
}

message_decoder::event message_decoder::end_control_frame() {
  if (frame_.opcode == websocket_opcode::ping) return event::ping;
  if (frame_.opcode == websocket_opcode::pong) return event::pong;
  if (control_payload_.empty()) {
    close_code_ = close_code::no_status;
    return event::close;
  }
  if (control_payload_.size() < 2) return fail(close_code::protocol_error, "close frame with one byte");
  const auto high_byte = static_cast<unsigned char>(control_payload_[0]);
  const auto low_byte = static_cast<unsigned char>(control_payload_[1]);
  close_code_ = static_cast<std::uint16_t>(high_byte << 8U | low_byte);
  control_payload_.erase(0, 2);
  if (!is_sendable_close_code(close_code_)) return fail(close_code::protocol_error, "invalid close code");
  if (!is_valid_utf8(control_payload_)) return fail(close_code::invalid_data, "close reason is not valid UTF-8");
  return event::close;
}

}  // namespace cohort::http
