// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/bounds/bounds_metrics.hpp>

#include <boost/asio/error.hpp>
#include <string>
#include <string_view>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {
namespace {

bool is_out_of_descriptors(error_code error) noexcept {
  return error == boost::system::errc::too_many_files_open ||
         error == boost::system::errc::too_many_files_open_in_system;
}

bool is_out_of_memory(error_code error) noexcept {
  return error == boost::system::errc::not_enough_memory || error == boost::system::errc::no_buffer_space;
}

template <std::size_t Count>
void make_counters(telemetry::registry& registry, std::array<telemetry::counter*, Count>& counters, const char* name,
                   const char* help, const char* label, const std::array<std::string_view, Count>& values) {
  for (std::size_t i = 0; i < Count; ++i) {
    counters[i] = &registry.make_counter(name, help, {{label, std::string{values[i]}}});
  }
}

}  // namespace

bounds_metrics::bounds_metrics(telemetry::registry& registry)
    : connection_limit(registry.make_gauge("cohort_server_connection_limit", "Maximum number of open connections.")),
      max_requests_closes_total(
          registry.make_counter("cohort_server_max_requests_closes_total",
                                "Connections closed after the maximum number of requests per connection.")),
      pipeline_pauses_total(registry.make_counter("cohort_server_pipeline_pauses_total",
                                                  "Pauses of connections with more pipelined requests than the "
                                                  "maximum, during which the loop handles other connections.")),
      invalid_forwarded_total(
          registry.make_counter("cohort_server_forwarded_headers_invalid_total",
                                "Requests from trusted proxies with malformed or contradictory forwarding headers.")) {
  make_counters<connection_rejection_count>(registry, rejections_, "cohort_server_connections_rejected_total",
                                            "Connections rejected because of a limit.", "reason",
                                            {"limit", "client_limit", "reserve"});
  make_counters<idle_state_count>(registry, shed_, "cohort_server_connections_shed_total",
                                  "Connections closed near the connection limit, by their state.", "state",
                                  {"idle", "slow_header", "handshake", "closing"});
  make_counters<3>(registry, accept_errors_, "cohort_server_accept_errors_total", "Failed accepts of connections.",
                   "reason", {"descriptors", "memory", "other"});
  make_counters<6>(registry, proxy_headers_, "cohort_server_proxy_headers_total",
                   "Connections from trusted proxies by the result of reading the PROXY protocol header.", "result",
                   {"proxied", "local", "absent", "invalid", "timeout", "closed"});
}

void bounds_metrics::on_rejected(connection_rejection reason) {
  rejections_[static_cast<std::size_t>(reason)]->increment();
}

void bounds_metrics::on_shed(idle_state state) { shed_[static_cast<std::size_t>(state)]->increment(); }

void bounds_metrics::on_accept_error(error_code error) {
  const std::size_t index = is_out_of_descriptors(error) ? 0 : is_out_of_memory(error) ? 1 : 2;
  accept_errors_[index]->increment();
}

void bounds_metrics::on_proxy_header(net::received_proxy_header::outcome result) {
  proxy_headers_[static_cast<std::size_t>(result)]->increment();
}

bool is_resource_exhaustion(error_code error) noexcept {
  return is_out_of_descriptors(error) || is_out_of_memory(error);
}

}  // namespace cohort::http
