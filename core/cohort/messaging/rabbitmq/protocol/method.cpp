// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/protocol/method.hpp>

#include <algorithm>

namespace cohort::messaging::rabbitmq {
namespace {

// Bits of the property flags, in the order of the properties.
constexpr std::uint16_t content_type_flag = 1U << 15U;
constexpr std::uint16_t content_encoding_flag = 1U << 14U;
constexpr std::uint16_t headers_flag = 1U << 13U;
constexpr std::uint16_t delivery_mode_flag = 1U << 12U;
constexpr std::uint16_t priority_flag = 1U << 11U;
constexpr std::uint16_t correlation_id_flag = 1U << 10U;
constexpr std::uint16_t reply_to_flag = 1U << 9U;
constexpr std::uint16_t expiration_flag = 1U << 8U;
constexpr std::uint16_t message_id_flag = 1U << 7U;
constexpr std::uint8_t persistent = 2;

}  // namespace

void append_content(std::string& output, std::uint16_t channel, const message& content, std::size_t max_frame_size) {
  {
    const frame_scope header{output, frame_type::header, channel};
    wire_writer writer{output};
    writer.short_uint(basic_class);
    writer.short_uint(0);  // weight
    writer.long_long_uint(content.body.size());
    writer.short_uint(static_cast<std::uint16_t>(
        delivery_mode_flag | (content.content_type.empty() ? 0U : content_type_flag) |
        (content.headers.empty() ? 0U : headers_flag) | (content.id.empty() ? 0U : message_id_flag)));
    if (!content.content_type.empty()) writer.short_string(content.content_type);
    if (!content.headers.empty()) writer.table(content.headers);
    writer.octet(persistent);
    if (!content.id.empty()) writer.short_string(content.id);
  }
  const std::string_view body{content.body};
  const auto max_payload = max_frame_size - frame_overhead;
  for (std::size_t sent = 0; sent < body.size(); sent += max_payload) {
    const frame_scope part{output, frame_type::body, channel};
    output += body.substr(sent, max_payload);
  }
}

bool parse_content_header(std::string_view payload, content_header& header) {
  wire_reader reader{payload};
  if (reader.short_uint() != basic_class) return false;
  reader.short_uint();
  header.body_size = reader.long_long_uint();
  const auto flags = reader.short_uint();
  if (flags & content_type_flag) header.content_type = reader.short_string();
  if (flags & content_encoding_flag) reader.short_string();
  if (flags & headers_flag) header.headers = reader.table();
  if (flags & delivery_mode_flag) reader.octet();
  if (flags & priority_flag) reader.octet();
  if (flags & correlation_id_flag) reader.short_string();
  if (flags & reply_to_flag) reader.short_string();
  if (flags & expiration_flag) reader.short_string();
  if (flags & message_id_flag) header.id = reader.short_string();
  // The properties after the ID are ignored.
  return !reader.failed();
}

std::string plain_response(std::string_view user, std::string_view password) {
  std::string response;
  response.push_back('\0');
  response += user;
  response.push_back('\0');
  response += password;
  return response;
}

}  // namespace cohort::messaging::rabbitmq
