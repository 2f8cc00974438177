// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cohort/config/options.hpp>

namespace cohort::service {

/// The TLS options of a service program: names of PEM files, and URIs of clients. Empty options are not set.
struct tls_options {
  /// The certificate chains of the listeners, as lists of file names; without any, the listeners accept plain HTTP.
  std::vector<std::vector<std::string>> certificate_files;
  /// The private keys in the same order, as lists of file names. Default: the files of the certificates.
  std::vector<std::vector<std::string>> private_key_files;
  /// The trusted CA certificates of client certificates.
  std::string client_ca_file;
  /// The URIs of the clients that may use `/api/*`, as lists; any client with a valid certificate if empty.
  std::vector<std::vector<std::string>> allowed_clients;
  /// Port of a listener that redirects plain HTTP requests; the system chooses one if 0.
  std::optional<std::uint16_t> redirect_port;
  /// The client certificate of requests to upstreams.
  std::string upstream_certificate_file;
  /// Default: the file of the certificate.
  std::string upstream_private_key_file;
  /// The trusted CA certificates of upstreams, instead of the system's.
  std::string upstream_ca_file;

  bool is_enabled() const noexcept { return !certificate_files.empty(); }
  /// `certificate_files` as one list.
  std::vector<std::string> certificates() const;
  /// The files of the private keys as one list: as many as certificates, unless `find_conflict` returns an error.
  std::vector<std::string> private_keys() const;
  /// `allowed_clients` as one list.
  std::vector<std::string> allowed_client_uris() const;
};

/// Adds the flags and environment variables of `tls`, which must outlive `options`.
void add_tls_options(config::options& options, tls_options& tls);

/// Returns an error message if the options conflict; otherwise empty.
std::optional<std::string> find_conflict(const tls_options& tls);

}  // namespace cohort::service
