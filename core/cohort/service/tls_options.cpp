// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls_options.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <cohort/config/value_parsers.hpp>

namespace cohort::service {
namespace {

constexpr std::uintmax_t max_pem_size = 1024 * 1024;

config::value_parser<std::vector<std::string>> uri_list() {
  const auto parse = [](std::string_view text) -> std::optional<std::vector<std::string>> {
    std::vector<std::string> uris;
    for (std::size_t start = 0; start <= text.size();) {
      const auto end = std::min(text.find(',', start), text.size());
      const auto uri = text.substr(start, end - start);
      if (!boost::urls::parse_uri(uri)) return std::nullopt;
      uris.emplace_back(uri);
      start = end + 1;
    }
    return uris;
  };
  return {parse, "one or more URIs such as spiffe://example.org/dashboard, separated by commas"};
}

std::string name_file(std::string_view flag, const std::string& path) {
  return std::string{flag} + " \"" + path + "\": ";
}

/// An error message, or nothing.
using file_error = std::optional<std::string>;

/// Reads a regular file. Never blocks on a pipe.
file_error read_pem_file(std::string_view flag, const std::string& path, std::string& content) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return name_file(flag, path) + "not a regular file";
  }
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) return name_file(flag, path) + "the file cannot be read: " + std::strerror(errno);
  content.clear();
  const auto size = std::min<std::uintmax_t>(std::filesystem::file_size(path, error), max_pem_size);
  content.resize(error ? 0 : size);
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  // Empty authorities would mean that none are set.
  if (content.empty()) return name_file(flag, path) + "the file is empty";
  return std::nullopt;
}

std::string_view flag_of(net::tls_server_settings_error::setting invalid) noexcept {
  using enum net::tls_server_settings_error::setting;
  switch (invalid) {
    case certificate_chain: return "--tls-cert";
    case private_key: return "--tls-key";
    case client_authorities: return "--tls-client-ca";
  }
  return {};
}

}  // namespace

void add_tls_options(config::options& options, tls_options& tls) {
  const auto path = config::text();
  options.add(tls.certificate_file,
              {"--tls-cert", "TLS_CERT", "PEM file of the certificate chain of the listener; without one, plain HTTP"},
              path);
  options.add(tls.private_key_file,
              {"--tls-key", "TLS_KEY", "PEM file of the private key of --tls-cert, without a passphrase"}, path,
              "the file of --tls-cert");
  options.add(tls.client_authorities_file,
              {"--tls-client-ca", "TLS_CLIENT_CA",
               "PEM file of the authorities of client certificates, which /api/* then requires"},
              path);
  options.add_list(tls.allowed_clients,
                   {"--tls-allowed-client", "TLS_ALLOWED_CLIENT",
                    "URIs (subjectAltName) of the client certificates that /api/* accepts, separated by commas; "
                    "repeatable; without any, every valid certificate"},
                   uri_list());
  options.add(tls.upstream_certificate_file,
              {"--upstream-tls-cert", "UPSTREAM_TLS_CERT", "PEM file of the client certificate for upstreams"}, path);
  options.add(tls.upstream_private_key_file,
              {"--upstream-tls-key", "UPSTREAM_TLS_KEY",
               "PEM file of the private key of --upstream-tls-cert, without a passphrase"},
              path, "the file of --upstream-tls-cert");
  options.add(tls.upstream_authorities_file,
              {"--upstream-tls-ca", "UPSTREAM_TLS_CA", "PEM file of the trusted certificates of upstreams"}, path,
              "the system's");
}

std::optional<std::string> find_conflict(const tls_options& tls) {
  if (!tls.is_enabled()) {
    if (!tls.private_key_file.empty()) return "--tls-key requires --tls-cert";
    if (!tls.client_authorities_file.empty()) return "--tls-client-ca requires --tls-cert";
  }
  if (!tls.allowed_clients.empty() && tls.client_authorities_file.empty()) {
    return "--tls-allowed-client requires --tls-client-ca";
  }
  if (!tls.upstream_private_key_file.empty() && tls.upstream_certificate_file.empty()) {
    return "--upstream-tls-key requires --upstream-tls-cert";
  }
  return std::nullopt;
}

std::optional<std::string> read_server_tls(const tls_options& tls, net::tls_server_settings& settings) {
  using enum net::tls_server_settings_error::setting;
  const auto& key_file = tls.private_key_file.empty() ? tls.certificate_file : tls.private_key_file;
  if (auto error = read_pem_file("--tls-cert", tls.certificate_file, settings.certificate_chain)) return error;
  if (auto error = read_pem_file("--tls-key", key_file, settings.private_key)) return error;
  if (!tls.client_authorities_file.empty()) {
    auto error = read_pem_file("--tls-client-ca", tls.client_authorities_file, settings.client_authorities);
    if (error) return error;
  }
  const auto error = net::find_error(settings);
  if (!error) return std::nullopt;
  const auto& path = error->invalid == certificate_chain ? tls.certificate_file
                     : error->invalid == private_key     ? key_file
                                                         : tls.client_authorities_file;
  return name_file(flag_of(error->invalid), path) + error->reason;
}

std::optional<std::string> read_upstream_tls(const tls_options& tls, net::tls_client_settings& settings) {
  const auto read = [&settings](std::string_view flag, const std::string& path, std::string& content) -> file_error {
    if (path.empty()) return std::nullopt;
    if (auto error = read_pem_file(flag, path, content)) return error;
    if (const auto error = net::find_error(settings)) return name_file(flag, path) + *error;
    return std::nullopt;
  };
  const auto& key_file =
      tls.upstream_private_key_file.empty() ? tls.upstream_certificate_file : tls.upstream_private_key_file;
  auto error = read("--upstream-tls-ca", tls.upstream_authorities_file, settings.trusted_certificates);
  if (!error) error = read("--upstream-tls-cert", tls.upstream_certificate_file, settings.certificate_chain);
  if (!error) error = read("--upstream-tls-key", key_file, settings.private_key);
  return error;
}

std::vector<std::string> server_tls_files(const tls_options& tls) {
  std::vector<std::string> files;
  for (const auto* file : {&tls.certificate_file, &tls.private_key_file, &tls.client_authorities_file}) {
    if (!file->empty()) files.push_back(*file);
  }
  return files;
}

config::reloader::action reload_server_tls(tls_options tls, std::shared_ptr<net::tls_server_context> context,
                                           net::tls_server_settings current) {
  return [tls = std::move(tls), context = std::move(context),
          current = std::make_shared<net::tls_server_settings>(std::move(current))]() -> config::reload_result {
    net::tls_server_settings settings;
    if (auto error = read_server_tls(tls, settings)) return {config::reload_outcome::failed, std::move(*error)};
    if (settings == *current) return {config::reload_outcome::unchanged, {}};
    context->reload(settings);
    *current = std::move(settings);
    return {config::reload_outcome::replaced, {}};
  };
}

}  // namespace cohort::service
