// SPDX-License-Identifier: BSL-1.0
// The frames that a session receives.
#include <cohort/messaging/rabbitmq/session.hpp>

namespace cohort::messaging::rabbitmq {
namespace {

/// Maximum size of a message body; larger bodies, from other publishers, are discarded.
constexpr std::uint64_t max_received_body = std::uint64_t{16} << 20U;

}  // namespace

std::optional<error> session::on_frame(const frame& frame) {
  switch (frame.type) {
    case frame_type::heartbeat: return std::nullopt;
    case frame_type::method: return on_method(frame.channel, frame.payload);
    case frame_type::header:
    case frame_type::body: break;
  }
  return is_closing(frame.channel) ? std::nullopt : on_content(frame);
}

std::optional<error> session::on_method(std::uint16_t channel, std::string_view payload) {
  wire_reader arguments{payload};
  const auto method = static_cast<method_id>(arguments.long_uint());
  if (arguments.failed()) return protocol_error("a method frame is too short");
  if (channel == 0) return on_connection_method(method, arguments);
  if (method == method_id::channel_close) return on_channel_close(channel, arguments);
  if (is_closing(channel)) {
    if (method == method_id::channel_close_ok) closing_channels_.erase(channel);
    return std::nullopt;
  }
  if (const auto found = calls_.find(channel); found != calls_.end() && found->second->expected == method) {
    found->second->done.set();
    return std::nullopt;
  }
  return on_basic_method(channel, method, arguments);
}

std::optional<error> session::on_connection_method(method_id method, wire_reader& arguments) {
  switch (method) {
    case method_id::connection_close: {
      const auto code = arguments.short_uint();
      const std::string text{arguments.short_string()};
      is_closed_by_broker_ = true;
      output_.clear();
      respond(0, method_id::connection_close_ok);
      // 320, CONNECTION_FORCED: the broker or its operator closes the connection.
      return error{code == 320 ? errc::connection_lost : errc::refused, std::to_string(code) + " " + text};
    }
    case method_id::connection_blocked: observer_.on_blocked(true); return std::nullopt;
    case method_id::connection_unblocked: observer_.on_blocked(false); return std::nullopt;
    default: return protocol_error("an unexpected method of the connection");
  }
}

std::optional<error> session::on_channel_close(std::uint16_t channel, wire_reader& arguments) {
  const auto code = arguments.short_uint();
  const error reason{errc::refused, std::to_string(code) + " " + std::string{arguments.short_string()}};
  respond(channel, method_id::channel_close_ok);
  contents_.erase(channel);
  if (is_closing(channel))
    return std::nullopt;  // both sides close the channel concurrently: `channel.close-ok` follows
  if (const auto found = calls_.find(channel); found != calls_.end()) {
    found->second->failure = reason;
    found->second->done.set();
  }
  observer_.on_channel_closed(channel, reason);
  return std::nullopt;
}

std::optional<error> session::on_basic_method(std::uint16_t channel, method_id method, wire_reader& arguments) {
  switch (method) {
    case method_id::basic_ack:
    case method_id::basic_nack: {
      const auto tag = arguments.long_long_uint();
      const bool is_multiple = (arguments.octet() & 1U) != 0;
      const bool is_accepted = method == method_id::basic_ack;
      if (arguments.failed() || !observer_.on_confirm(tag, is_multiple, is_accepted))
        return protocol_error("an invalid confirm");
      return std::nullopt;
    }
    case method_id::basic_deliver: {
      content started;
      arguments.short_string();  // the consumer tag is not needed: there is one consumer for each channel
      started.received_message.tag = arguments.long_long_uint();
      started.received_message.is_redelivered = arguments.octet() != 0;
      arguments.short_string();  // the exchange
      started.received_message.topic = arguments.short_string();
      if (arguments.failed()) return protocol_error("basic.deliver");
      contents_[channel] = std::move(started);
      return std::nullopt;
    }
    case method_id::basic_return: contents_[channel] = content{.is_returned = true}; return std::nullopt;
    case method_id::basic_cancel:
      close_channel(channel);
      observer_.on_channel_closed(channel, {errc::refused, "the queue was deleted"});
      return std::nullopt;
    // Ignores the replies to calls that have been cancelled.
    case method_id::channel_open_ok:
    case method_id::queue_declare_ok:
    case method_id::queue_bind_ok:
    case method_id::exchange_declare_ok:
    case method_id::basic_qos_ok:
    case method_id::basic_consume_ok:
    case method_id::confirm_select_ok: return std::nullopt;
    default:
      return protocol_error("an unexpected method " + std::to_string(static_cast<std::uint32_t>(method) >> 16U) + "." +
                            std::to_string(static_cast<std::uint32_t>(method) & 0xFFFFU));
  }
}

std::optional<error> session::on_content(const frame& frame) {
  const auto found = contents_.find(frame.channel);
  if (found == contents_.end()) return protocol_error("a content frame without a method frame");
  auto& current = found->second;
  if (frame.type == frame_type::header) {
    if (current.has_header || !parse_content_header(frame.payload, current.received_message.header)) {
      return protocol_error("an invalid content header frame");
    }
    current.has_header = true;
    current.received_message.is_too_large = current.received_message.header.body_size > max_received_body;
  } else {
    auto& body_size = current.received_message.header.body_size;
    if (!current.has_header || frame.payload.size() > body_size) return protocol_error("an invalid content body frame");
    // From here on, `body_size` is the number of bytes not yet received.
    body_size -= frame.payload.size();
    if (!current.received_message.is_too_large) current.received_message.body += frame.payload;
  }
  if (current.received_message.header.body_size == 0) {
    auto complete = std::move(current);
    contents_.erase(found);
    end_content(frame.channel, complete);
  }
  return std::nullopt;
}

void session::end_content(std::uint16_t channel, content& complete) {
  if (complete.is_returned) {
    observer_.on_returned(complete.received_message.header.id);
  } else {
    observer_.on_message(channel, std::move(complete.received_message));
  }
}

void session::respond(std::uint16_t channel, method_id method) {
  {
    const method_scope empty{output_, channel, method};
  }
  flush();
}

}  // namespace cohort::messaging::rabbitmq
