// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/config/reloader.hpp>
#include <cohort/net/tls/server_context.hpp>
#include <cohort/net/tls_settings.hpp>

namespace cohort::service {

/// TLS of a service program: names of PEM files, and client names. Empty: not set.
struct tls_options {
  /// The certificate chain of the listeners; without one, they accept plain HTTP.
  std::string certificate_file;
  /// Default: the file of the certificate.
  std::string private_key_file;
  /// The authorities of client certificates.
  std::string client_authorities_file;
  /// The URIs of the clients that may use `/api/*`, in lists; empty: any client with a valid certificate.
  std::vector<std::vector<std::string>> allowed_clients;
  /// The client certificate of requests to upstreams.
  std::string upstream_certificate_file;
  /// Default: the file of the certificate.
  std::string upstream_private_key_file;
  /// The authorities of upstreams, instead of the system's.
  std::string upstream_authorities_file;

  bool is_enabled() const noexcept { return !certificate_file.empty(); }
};

/// Adds the flags and environment variables of `tls`, which must outlive `options`.
void add_tls_options(config::options& options, tls_options& tls);

/// Returns what is wrong with the combination of the options, or nothing.
std::optional<std::string> find_conflict(const tls_options& tls);

/// Reads the files of the listeners and checks them. Returns an error message with the flag, the file and the reason,
/// or nothing. Precondition: `tls.is_enabled()`.
std::optional<std::string> read_server_tls(const tls_options& tls, net::tls_server_settings& settings);
/// The same for requests to upstreams. Without options, `settings` remain as they are.
std::optional<std::string> read_upstream_tls(const tls_options& tls, net::tls_client_settings& settings);

/// The files that `read_server_tls` reads.
std::vector<std::string> server_tls_files(const tls_options& tls);
/// Reads the files of the listeners again, and replaces the settings of `context` if they have changed and are valid.
/// `current` are the settings of `context`.
config::reloader::action reload_server_tls(tls_options tls, std::shared_ptr<net::tls_server_context> context,
                                           net::tls_server_settings current);

}  // namespace cohort::service
