// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cohort/config/reloader.hpp>
#include <cohort/net/tls/server_context.hpp>
#include <cohort/net/tls_settings.hpp>
#include <cohort/service/tls/tls_options.hpp>

namespace cohort::telemetry {
class registry;
}

namespace cohort::service {

/// TLS of a running program: the certificates in use, their reload, and their metrics.
class program_tls {
 public:
  /// Called after a reload with the new settings of requests to upstreams.
  using upstream_change_callback = std::function<void(const net::tls_client_settings&)>;

  /// Reads the files. Returns an error message with the flag, the file and the reason; empty on success. Called once,
  /// before all other functions. Precondition: `find_conflict(options)` is empty.
  std::optional<std::string> load(const tls_options& options);

  /// Null if the listeners accept plain HTTP.
  const std::shared_ptr<net::tls_server_context>& server() const noexcept { return server_; }
  const net::tls_client_settings& upstream() const noexcept { return upstream_settings_; }

  /// Adds the settings `TLS_CERT` and `UPSTREAM_TLS_CERT`, if they have files, and exports
  /// `cohort_tls_certificate_not_after_timestamp_seconds{file}` for each file with a certificate of this program. All
  /// arguments and this object must outlive the reloads.
  void add_reloads(config::reloader& settings, std::vector<telemetry::registry*> registries,
                   upstream_change_callback on_upstream_change);

 private:
  config::reload_result reload_server();
  config::reload_result reload_upstream();
  void publish_expiry(const std::string& file, const std::string& certificates) const;
  void publish_server_expiries() const;

  tls_options options_;
  std::shared_ptr<net::tls_server_context> server_;
  net::tls_server_settings server_settings_;
  net::tls_client_settings upstream_settings_;
  upstream_change_callback on_upstream_change_;
  std::vector<telemetry::registry*> registries_;
};

}  // namespace cohort::service
