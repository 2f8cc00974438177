// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cohort/messaging/message.hpp>
#include <cohort/messaging/rabbitmq/protocol/frame.hpp>
#include <cohort/messaging/rabbitmq/protocol/wire.hpp>

namespace cohort::messaging::rabbitmq {

/// The methods in use: class and method number (AMQP 0-9-1, part 2; `confirm` and `blocked` are extensions of
/// RabbitMQ).
enum class method_id : std::uint32_t {
  connection_start = 10U << 16U | 10U,
  connection_start_ok = 10U << 16U | 11U,
  connection_tune = 10U << 16U | 30U,
  connection_tune_ok = 10U << 16U | 31U,
  connection_open = 10U << 16U | 40U,
  connection_open_ok = 10U << 16U | 41U,
  connection_close = 10U << 16U | 50U,
  connection_close_ok = 10U << 16U | 51U,
  connection_blocked = 10U << 16U | 60U,
  connection_unblocked = 10U << 16U | 61U,
  channel_open = 20U << 16U | 10U,
  channel_open_ok = 20U << 16U | 11U,
  channel_close = 20U << 16U | 40U,
  channel_close_ok = 20U << 16U | 41U,
  exchange_declare = 40U << 16U | 10U,
  exchange_declare_ok = 40U << 16U | 11U,
  queue_declare = 50U << 16U | 10U,
  queue_declare_ok = 50U << 16U | 11U,
  queue_bind = 50U << 16U | 20U,
  queue_bind_ok = 50U << 16U | 21U,
  basic_qos = 60U << 16U | 10U,
  basic_qos_ok = 60U << 16U | 11U,
  basic_consume = 60U << 16U | 20U,
  basic_consume_ok = 60U << 16U | 21U,
  basic_cancel = 60U << 16U | 30U,
  basic_publish = 60U << 16U | 40U,
  basic_return = 60U << 16U | 50U,
  basic_deliver = 60U << 16U | 60U,
  basic_ack = 60U << 16U | 80U,
  basic_reject = 60U << 16U | 90U,
  basic_nack = 60U << 16U | 120U,
  confirm_select = 85U << 16U | 10U,
  confirm_select_ok = 85U << 16U | 11U,
};

inline constexpr std::uint16_t basic_class = 60;

/// Appends a method frame to `output`. The arguments of the method are written during the lifetime of this object.
class method_scope {
 public:
  method_scope(std::string& output, std::uint16_t channel, method_id method)
      : frame_(output, frame_type::method, channel), writer_(output) {
    writer_.long_uint(static_cast<std::uint32_t>(method));
  }
  wire_writer* operator->() noexcept { return &writer_; }

 private:
  frame_scope frame_;
  wire_writer writer_;
};

/// The message properties in use (class `basic`, section 1.8 of the AMQP 0-9-1 generated reference).
struct content_header {
  std::uint64_t body_size = 0;
  std::string content_type{};
  field_table headers{};
  std::string id{};
};

/// Appends the header frame and the body frames of a persistent message.
void append_content(std::string& output, std::uint16_t channel, const message& content, std::size_t max_frame_size);

/// Returns false if the payload is not a header of the class `basic`.
bool parse_content_header(std::string_view payload, content_header& header);

/// The initial response of the SASL mechanism PLAIN (RFC 4616, section 2).
std::string plain_response(std::string_view user, std::string_view password);

}  // namespace cohort::messaging::rabbitmq
