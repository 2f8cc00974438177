// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cohort/config/reloader.hpp>
#include <cohort/http/server/content/body_reader.hpp>
#include <cohort/service/service.hpp>
#include "services/gateway/routing/route_table.hpp"

namespace cohort::gateway {

/// Forwards requests according to a routes file, which can be replaced during requests: each request uses the routes
/// that were valid at its start.
class gateway : public std::enable_shared_from_this<gateway> {
 public:
  /// Reads the routes file. Throws `std::invalid_argument` with the message if the file is invalid. The arguments must
  /// outlive this object.
  gateway(const service::service_context& context, const service::api_key_authenticator& keys, std::string path);

  /// Forwards one request.
  static task<http::response> handle(std::shared_ptr<gateway> self, http::request_context& context,
                                     http::body_reader& body);
  /// Rereads the routes file. An invalid file leaves the old routes in use. Called on the first loop, or before the
  /// loops run.
  config::reload_result reload();
  /// The routes in use on the calling loop.
  std::shared_ptr<const route_table> table() const;
  /// The routes file and the key files that it refers to.
  const std::vector<std::string>& files() const { return latest_->files(); }

 private:
  struct alignas(64) loop_slot {
    std::shared_ptr<const route_table> table;
  };

  const gateway_route* find_route(const route_table& table, const http::request_context& context,
                                  std::optional<http::response>& rejection);
  static task<http::response> forward(std::shared_ptr<const route_table> table, const gateway_route& route,
                                      const route_backend& backend, http::request_context& context,
                                      http::body_reader& body);
  void log_access(const std::shared_ptr<const route_table>& table, const gateway_route& route,
                  const route_backend* backend, http::request_context& context) const;
  static std::shared_ptr<const route_table> copy_for_loop(const std::shared_ptr<const route_table>& table);

  const service::service_context context_;
  const service::api_key_authenticator& keys_;
  std::string path_;
  upstream_catalog upstreams_;
  /// Used on the first loop only.
  std::shared_ptr<const route_table> latest_;
  /// Element `i` is used only on the loop with the index `i`.
  std::vector<loop_slot> slots_;
  telemetry::counter& no_route_;
  telemetry::counter& ambiguous_path_;
};

}  // namespace cohort::gateway
