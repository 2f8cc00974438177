// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/access_log.hpp>

#include <chrono>
#include <memory>

namespace cohort::http {
namespace {

constexpr std::size_t max_logged_bytes = 1024;

void write_record(const telemetry::logger& log, const request_context& context, const sent_response& response) {
  const auto& head = context.head();
  const auto elapsed = std::chrono::round<std::chrono::microseconds>(response.elapsed).count();
  log.write(telemetry::log_level::info, "access",
            {{"id", context.id()},
             {"method", head.method_text},
             {"path", head.path.substr(0, max_logged_bytes)},
             {"route", context.endpoint()},
             {"status", static_cast<std::int64_t>(response.code)},
             {"bytes", static_cast<std::int64_t>(response.body_bytes)},
             {"duration_ms", static_cast<double>(elapsed) / 1000},
             {"complete", response.is_complete},
             {"peer", context.peer_address()},
             {"client", context.client_address()},
             {"user_agent", head.find(field::user_agent).value_or(std::string_view{}).substr(0, max_logged_bytes)}});
}

}  // namespace

filter access_log(telemetry::logger log) {
  auto shared = std::make_shared<const telemetry::logger>(std::move(log));
  return [shared = std::move(shared)](request_context& context) -> std::optional<response> {
    if (shared->is_enabled(telemetry::log_level::info)) {
      context.on_sent([shared, &context](const sent_response& response) { write_record(*shared, context, response); });
    }
    return std::nullopt;
  };
}

}  // namespace cohort::http
