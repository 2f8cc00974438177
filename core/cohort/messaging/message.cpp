// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/message.hpp>

#include <algorithm>

#include <cohort/runtime/random.hpp>

namespace cohort::messaging {
namespace {

constexpr std::string_view traceparent_header = "traceparent";
constexpr std::string_view tracestate_header = "tracestate";

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_visible_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

const std::string* message::header(std::string_view name) const noexcept {
  for (const auto& each : headers)
    if (each.first == name) return &each.second;
  return nullptr;
}

void message::set_header(std::string_view name, std::string value) {
  for (auto& each : headers) {
    if (each.first != name) continue;
    each.second = std::move(value);
    return;
  }
  headers.emplace_back(name, std::move(value));
}

bool is_valid_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= message_limits::max_name_size &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

std::string find_error(const message& message) {
  if (!is_valid_name(message.topic)) {
    return "the topic \"" + message.topic.substr(0, message_limits::max_name_size) +
           "\" is invalid: 1 to 100 letters, digits, \".\", \"-\" and \"_\"";
  }
  if (message.id.size() > message_limits::max_short_text_size || !is_visible_ascii(message.id)) {
    return "the ID is invalid: at most 200 visible ASCII characters";
  }
  if (message.content_type.size() > message_limits::max_short_text_size ||
      !std::all_of(message.content_type.begin(), message.content_type.end(), [](char c) { return c >= ' '; })) {
    return "the content type is invalid: at most 200 bytes without control characters";
  }
  if (message.body.size() > message_limits::max_body_size) {
    return "the body has " + std::to_string(message.body.size()) + " bytes, at most " +
           std::to_string(message_limits::max_body_size) + " are accepted";
  }
  std::size_t headers_size = 0;
  for (const auto& [name, value] : message.headers) {
    if (name.empty() || name.size() > message_limits::max_short_text_size) {
      return "a header's name has " + std::to_string(name.size()) + " bytes, 1 to 200 are accepted";
    }
    headers_size += name.size() + value.size();
  }
  if (headers_size > message_limits::max_headers_size) {
    return "the headers have " + std::to_string(headers_size) + " bytes, at most " +
           std::to_string(message_limits::max_headers_size) + " are accepted";
  }
  return {};
}

std::string make_message_id(random_generator& random) {
  const telemetry::trace_id random_bits{random.next(), random.next()};
  const auto digits = random_bits.hex();
  return {digits.begin(), digits.end()};
}

void set_trace_context(message& message, const telemetry::trace_context& trace, random_generator& random) {
  if (!trace.id) return;
  const auto parent = telemetry::format_traceparent(trace, random);
  message.set_header(traceparent_header, std::string{parent.begin(), parent.end()});
  if (telemetry::is_valid_tracestate(trace.state)) message.set_header(tracestate_header, std::string{trace.state});
}

std::optional<telemetry::trace_context> find_trace_context(const message& message) noexcept {
  const auto* const parent = message.header(traceparent_header);
  if (!parent) return std::nullopt;
  auto trace = telemetry::parse_traceparent(*parent);
  const auto* const state = message.header(tracestate_header);
  if (trace && state && telemetry::is_valid_tracestate(*state)) trace->state = *state;
  return trace;
}

}  // namespace cohort::messaging
