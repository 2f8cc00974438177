// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/protocol/frame.hpp>

#include <cohort/messaging/rabbitmq/protocol/wire.hpp>

namespace cohort::messaging::rabbitmq {
namespace {

constexpr std::size_t frame_header_size = 7;
constexpr char frame_end = '\xCE';
constexpr std::string_view protocol_header_prefix = "AMQP";

bool is_known(std::uint8_t type) noexcept {
  return type == static_cast<std::uint8_t>(frame_type::heartbeat) ||
         (type >= static_cast<std::uint8_t>(frame_type::method) && type <= static_cast<std::uint8_t>(frame_type::body));
}

}  // namespace

void frame_parser::append(std::string_view bytes) {
  buffer_.erase(0, position_);
  position_ = 0;
  buffer_ += bytes;
}

std::optional<frame> frame_parser::next() {
  const auto input = std::string_view{buffer_}.substr(position_);
  if (!error_.empty() || input.empty()) return std::nullopt;
  const auto type = static_cast<std::uint8_t>(input.front());
  // The reply of a server that does not support this protocol version (AMQP 0-9-1 section 4.2.2) may arrive in several
  // reads.
  if (input.size() < protocol_header_prefix.size() && protocol_header_prefix.starts_with(input)) return std::nullopt;
  if (!is_known(type)) {
    error_ = input.starts_with(protocol_header_prefix)
                 ? "unsupported protocol version: the server does not accept AMQP 0-9-1"
                 : "a frame has the unknown type " + std::to_string(type);
    return std::nullopt;
  }
  if (input.size() < frame_header_size) return std::nullopt;
  wire_reader header{input.substr(1, frame_header_size - 1)};
  const auto channel = header.short_uint();
  const std::size_t size = header.long_uint();
  if (size + frame_overhead > max_frame_size_) {
    error_ = "a frame has " + std::to_string(size) + " bytes, more than negotiated";
    return std::nullopt;
  }
  if (input.size() < size + frame_overhead) return std::nullopt;
  if (input[frame_header_size + size] != frame_end) {
    error_ = "a frame has no end octet";
    return std::nullopt;
  }
  position_ += size + frame_overhead;
  return frame{static_cast<frame_type>(type), channel, input.substr(frame_header_size, size)};
}

frame_scope::frame_scope(std::string& output, frame_type type, std::uint16_t channel) : output_(output) {
  wire_writer writer{output_};
  writer.octet(static_cast<std::uint8_t>(type));
  writer.short_uint(channel);
  block_ = writer.begin_block();
}

frame_scope::~frame_scope() {
  wire_writer{output_}.end_block(block_);
  output_.push_back(frame_end);
}

}  // namespace cohort::messaging::rabbitmq
