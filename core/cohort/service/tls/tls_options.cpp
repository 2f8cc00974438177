// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/tls_options.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>

#include <cohort/config/value_parsers.hpp>

namespace cohort::service {
namespace {

/// Splits a list at its commas; empty if `is_valid` rejects an entry.
template <class Predicate>
std::optional<std::vector<std::string>> split(std::string_view text, Predicate is_valid) {
  std::vector<std::string> entries;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find(',', start), text.size());
    const auto entry = text.substr(start, end - start);
    if (!is_valid(entry)) return std::nullopt;
    entries.emplace_back(entry);
    start = end + 1;
  }
  return entries;
}

config::value_parser<std::vector<std::string>> uri_list() {
  const auto is_uri = [](std::string_view text) { return boost::urls::parse_uri(text).has_value(); };
  return {[is_uri](std::string_view text) { return split(text, is_uri); },
          "one or more URIs such as spiffe://example.org/dashboard, separated by commas"};
}

config::value_parser<std::vector<std::string>> file_list() {
  const auto is_name = [](std::string_view text) { return !text.empty(); };
  return {[is_name](std::string_view text) { return split(text, is_name); },
          "one or more file names, separated by commas"};
}

std::vector<std::string> flatten(const std::vector<std::vector<std::string>>& lists) {
  std::vector<std::string> entries;
  for (const auto& list : lists) entries.insert(entries.end(), list.begin(), list.end());
  return entries;
}

std::string count_files(std::size_t count) { return std::to_string(count) + (count == 1 ? " file" : " files"); }

}  // namespace

std::vector<std::string> tls_options::certificates() const { return flatten(certificate_files); }

std::vector<std::string> tls_options::private_keys() const {
  return private_key_files.empty() ? certificates() : flatten(private_key_files);
}

std::vector<std::string> tls_options::allowed_client_uris() const { return flatten(allowed_clients); }

void add_tls_options(config::options& options, tls_options& tls) {
  const auto path = config::text();
  options.add_list(
      tls.certificate_files,
      {"--tls-cert", "TLS_CERT",
       "PEM files of the certificate chains of the listener, separated by commas; repeatable; the client's "
       "server name (SNI) selects one, otherwise the first is used; default: plain HTTP"},
      file_list());
  options.add_list(tls.private_key_files,
                   {"--tls-key", "TLS_KEY",
                    "PEM files of the private keys of --tls-cert in the same order, without a passphrase; default: the "
                    "files of --tls-cert"},
                   file_list());
  options.add(tls.client_ca_file,
              {"--tls-client-ca", "TLS_CLIENT_CA",
               "PEM file of the CA certificates that verify client certificates, which /api/* then requires"},
              path);
  options.add_list(tls.allowed_clients,
                   {"--tls-allowed-client", "TLS_ALLOWED_CLIENT",
                    "URIs (subjectAltName) of the client certificates that /api/* accepts, separated by commas; "
                    "repeatable; default: every valid certificate"},
                   uri_list());
  options.add(
      tls.redirect_port,
      {"--redirect-port", "TLS_REDIRECT_PORT",
       "Port of a second listener that redirects plain HTTP requests to --port by 308; 0: chosen by the system"},
      config::port(), "none");
  options.add(tls.upstream_certificate_file,
              {"--upstream-tls-cert", "UPSTREAM_TLS_CERT", "PEM file of the client certificate for upstreams"}, path);
  options.add(tls.upstream_private_key_file,
              {"--upstream-tls-key", "UPSTREAM_TLS_KEY",
               "PEM file of the private key of --upstream-tls-cert, without a passphrase"},
              path, "the file of --upstream-tls-cert");
  options.add(tls.upstream_ca_file,
              {"--upstream-tls-ca", "UPSTREAM_TLS_CA", "PEM file of the trusted CA certificates for upstreams"}, path,
              "the system's");
}

std::optional<std::string> find_conflict(const tls_options& tls) {
  if (!tls.is_enabled()) {
    if (!tls.private_key_files.empty()) return "--tls-key requires --tls-cert";
    if (!tls.client_ca_file.empty()) return "--tls-client-ca requires --tls-cert";
    if (tls.redirect_port) return "--redirect-port requires --tls-cert";
  }
  const auto certificates = tls.certificates().size();
  const auto keys = tls.private_keys().size();
  if (certificates != keys) {
    return "--tls-cert has " + count_files(certificates) + ", but --tls-key has " + count_files(keys) +
           "; give one key for each certificate, in the same order";
  }
  if (!tls.allowed_clients.empty() && tls.client_ca_file.empty()) {
    return "--tls-allowed-client requires --tls-client-ca";
  }
  if (!tls.upstream_private_key_file.empty() && tls.upstream_certificate_file.empty()) {
    return "--upstream-tls-key requires --upstream-tls-cert";
  }
  return std::nullopt;
}

}  // namespace cohort::service
