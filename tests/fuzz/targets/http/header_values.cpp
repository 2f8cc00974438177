// SPDX-License-Identifier: BSL-1.0
// Fuzzes the values of header fields: deadlines, traces, request IDs, Accept and Retry-After.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include <cohort/http/client/protocol/retry_after.hpp>
#include <cohort/http/message/body/content_negotiation.hpp>
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/http/server/connection/request_identity.hpp>
#include <cohort/runtime/random.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::header_values_target {
namespace {

constexpr duration day = std::chrono::hours{24};

bool are_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void check_envoy_timeout(std::string_view text) {
  const auto timeout = http::parse_envoy_timeout(text);
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_valid = are_digits(text) && parsed.ec == std::errc{} && number > 0 && number <= 86'400'000;
  require(timeout.has_value() == is_valid, "a timeout is a number of milliseconds, at most a day");
  if (!timeout) return;
  const time_point now{};
  const auto formatted_text = http::format_envoy_timeout(deadline::after(now, *timeout), now);
  require(http::parse_envoy_timeout(formatted_text) == timeout, "parsing a formatted timeout returns the same timeout");
}

void check_grpc_timeout(std::string_view text) {
  const auto timeout = http::parse_grpc_timeout(text);
  if (!timeout) return;
  require(*timeout > duration::zero() && *timeout <= day, "a gRPC timeout is at most a day");
  require(text.size() <= 9 && are_digits(text.substr(0, text.size() - 1)), "a gRPC timeout has one to eight digits");
  require(std::string_view{"HMSmun"}.find(text.back()) != std::string_view::npos, "a gRPC timeout has a unit");
}

void check_traceparent(std::string_view text) {
  const auto trace = telemetry::parse_traceparent(text);
  if (!trace) return;
  require(text.size() >= 55 && static_cast<bool>(trace->id), "a trace has an ID");
  const auto hex = trace->id.hex();
  require((std::string_view{hex.data(), hex.size()}) == text.substr(3, 32), "a formatted ID equals the received ID");
  random_generator random{1};
  require(telemetry::parse_trace_id(text.substr(3, 32)) == trace->id, "parsing the trace ID alone returns the same ID");
  require(telemetry::parse_span_id(text.substr(36, 16)) == trace->span_id,
          "parsing the span ID alone returns the same ID");
  const auto formatted_text = telemetry::format_traceparent(*trace, random);
  const auto again = telemetry::parse_traceparent({formatted_text.data(), formatted_text.size()});
  require(again && again->id == trace->id && again->is_sampled == trace->is_sampled,
          "parsing a formatted trace returns the same trace");
}

void check_retry_after(const std::vector<std::string_view>& values) {
  http::client_response response;
  response.fields.emplace_back("retry-after", values[0]);
  if (values.size() > 1) response.fields.emplace_back("date", values[1]);
  const auto delay = http::retry_after_of(response, wall_time{});
  require(!delay || (*delay >= duration::zero() && *delay <= day), "a delay is at most a day");
}

void check_list(std::string_view list) {
  std::string joined;
  for (auto rest = list; !rest.empty();) {
    const auto element = http::next_list_element(rest);
    require(element.find(',') == std::string_view::npos && http::trimmed(element) == element, "an element is trimmed");
    joined.append(element).append(",");
  }
  for (std::string_view rest = joined; !rest.empty();) http::next_list_element(rest);
}

void check_ids(std::string_view text) {
  if (const auto id = telemetry::parse_span_id(text)) {
    const auto hex = telemetry::span_id_hex(*id);
    require((std::string_view{hex.data(), hex.size()}) == text, "a formatted span ID equals the received ID");
  }
  if (const auto id = telemetry::parse_trace_id(text)) {
    const auto hex = id->hex();
    require((std::string_view{hex.data(), hex.size()}) == text, "a formatted trace ID equals the received ID");
  }
}

void check_content_coding(const std::vector<std::string_view>& values) {
  http::request_head head;
  constexpr std::array<std::string_view, 2> offers{"br", "gzip"};
  require(!http::negotiate_content_coding(head, offers) && http::accepts_identity(head),
          "no coding is negotiated only if identity is acceptable");
  for (const auto value : values) head.fields.push_back({http::field::accept_encoding, "Accept-Encoding", value});
  const auto chosen = http::negotiate_content_coding(head, offers);
  require(!chosen || *chosen < offers.size(), "a content coding is one of the offers");
  require(!http::negotiate_content_coding(head, {}), "without offers there is no coding");
  http::accepts_identity(head);
}

/// Each line is the value of a field: the deadlines, then the trace, then Accept.
http::request_head make_head(const std::vector<std::string_view>& values) {
  constexpr std::array<std::string_view, 4> names{http::envoy_timeout_field, http::grpc_timeout_field, "traceparent",
                                                  "tracestate"};
  http::request_head head;
  for (std::size_t i = 0; i < values.size(); ++i) {
    head.fields.push_back({http::field::unknown, i < names.size() ? names[i] : "accept", values[i]});
    if (i == 0) head.fields.push_back({http::field::accept, "Accept", values[i]});
  }
  return head;
}

void check_head(const std::vector<std::string_view>& values) {
  const auto head = make_head(values);
  const auto deadlines = http::parse_deadline_headers(head);
  require(!deadlines.remaining || (*deadlines.remaining > duration::zero() && *deadlines.remaining <= day),
          "the remaining time is at most a day");
  random_generator random{1};
  require(static_cast<bool>(http::request_trace(head, random).id), "a request has a trace");
  constexpr std::array<std::string_view, 3> offers{"text/plain;version=0.0.4", "application/openmetrics-text",
                                                   "application/json"};
  require(http::negotiate_media_type(head, offers) < offers.size(), "a media type is one of the offers");
  require(http::negotiate_media_type(head, std::span{offers}.first(1)) == 0, "a single offer is selected");
}

void run(std::string_view input) {
  const auto values = lines(input);
  if (values.empty()) return;
  for (const auto value : values) {
    check_envoy_timeout(value);
    check_grpc_timeout(value);
    check_traceparent(value);
    check_ids(value);
    check_list(value);
    require(!telemetry::is_valid_tracestate(value) || http::is_field_value(value), "a trace state can be forwarded");
    require(!http::is_valid_request_id(value) || http::is_token(value), "a request ID can be logged");
  }
  check_retry_after(values);
  check_content_coding(values);
  check_head(values);
}

const registration fuzz_registration{{"header_values", run}};

}  // namespace
}  // namespace cohort::fuzz::header_values_target
