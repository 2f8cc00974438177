// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/program_tls.hpp>

#include <chrono>
#include <utility>

#include <cohort/net/tls/certificate_expiry.hpp>
#include <cohort/service/tls/tls_files.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {

using config::reload_outcome;

std::optional<std::string> program_tls::load(const tls_options& options) {
  options_ = options;
  if (options_.is_enabled()) {
    if (auto error = read_server_tls(options_, server_settings_)) return error;
    server_ = std::make_shared<net::tls_server_context>(server_settings_);
  }
  return read_upstream_tls(options_, upstream_settings_);
}

void program_tls::add_reloads(config::reloader& settings, std::vector<telemetry::registry*> registries,
                              upstream_change_callback on_upstream_change) {
  registries_ = std::move(registries);
  on_upstream_change_ = std::move(on_upstream_change);
  if (server_) {
    settings.add("TLS_CERT", [this] { return reload_server(); }, server_tls_files(options_));
    publish_server_expiries();
  }
  if (auto files = upstream_tls_files(options_); !files.empty()) {
    settings.add("UPSTREAM_TLS_CERT", [this] { return reload_upstream(); }, std::move(files));
    publish_expiry(options_.upstream_certificate_file, upstream_settings_.certificate_chain);
  }
}

config::reload_result program_tls::reload_server() {
  net::tls_server_settings settings;
  if (auto error = read_server_tls(options_, settings)) return {reload_outcome::failed, std::move(*error)};
  if (settings == server_settings_) return {reload_outcome::unchanged, {}};
  server_->reload(settings);
  server_settings_ = std::move(settings);
  publish_server_expiries();
  return {reload_outcome::replaced, {}};
}

config::reload_result program_tls::reload_upstream() {
  net::tls_client_settings settings;
  if (auto error = read_upstream_tls(options_, settings)) return {reload_outcome::failed, std::move(*error)};
  if (settings == upstream_settings_) return {reload_outcome::unchanged, {}};
  on_upstream_change_(settings);
  upstream_settings_ = std::move(settings);
  publish_expiry(options_.upstream_certificate_file, upstream_settings_.certificate_chain);
  return {reload_outcome::replaced, {}};
}

void program_tls::publish_server_expiries() const {
  const auto files = options_.certificates();
  for (std::size_t i = 0; i < files.size(); ++i) {
    publish_expiry(files[i], server_settings_.certificates[i].certificate_chain);
  }
}

void program_tls::publish_expiry(const std::string& file, const std::string& certificates) const {
  const auto expiry = net::find_expiry(certificates);
  if (!expiry) return;
  const auto seconds =
      static_cast<double>(std::chrono::floor<std::chrono::seconds>(*expiry).time_since_epoch().count());
  for (auto* registry : registries_) {
    auto& gauge = registry->make_gauge("cohort_tls_certificate_not_after_timestamp_seconds",
                                       "Time at which the first certificate of a certificate file in use expires, in "
                                       "seconds since the epoch.",
                                       {{"file", file}});
    gauge.add(seconds - gauge.value());
  }
}

}  // namespace cohort::service
