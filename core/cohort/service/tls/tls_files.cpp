// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/tls_files.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace cohort::service {
namespace {

constexpr std::uintmax_t max_pem_size = 1024 * 1024;

std::string name_file(std::string_view flag, const std::string& path) {
  return std::string{flag} + " \"" + path + "\"";
}

/// An error message; empty on success.
using file_error = std::optional<std::string>;

/// Reads a regular file. Rejects other kinds of files, because reading a pipe could block.
file_error read_pem_file(std::string_view flag, const std::string& path, std::string& content) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return name_file(flag, path) + ": not a regular file";
  }
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) return name_file(flag, path) + ": the file cannot be read: " + std::strerror(errno);
  content.clear();
  const auto size = std::min<std::uintmax_t>(std::filesystem::file_size(path, error), max_pem_size);
  content.resize(error ? 0 : size);
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  // An empty file is rejected, because empty CA certificates would disable the verification.
  if (content.empty()) return name_file(flag, path) + ": the file is empty";
  return std::nullopt;
}

std::string describe(const net::tls_server_settings_error& error, const std::string& certificate,
                     const std::string& key, const std::string& client_ca) {
  using enum net::tls_server_settings_error::setting;
  switch (error.invalid) {
    case certificate_chain: return name_file("--tls-cert", certificate) + ": " + error.reason;
    case private_key: return name_file("--tls-key", key) + ": " + error.reason;
    case key_pair:
      return name_file("--tls-key", key) + ": " + error.reason + " of " + name_file("--tls-cert", certificate);
    case client_ca_certificates: return name_file("--tls-client-ca", client_ca) + ": " + error.reason;
  }
  return error.reason;
}

const std::string& upstream_key_file(const tls_options& tls) {
  return tls.upstream_private_key_file.empty() ? tls.upstream_certificate_file : tls.upstream_private_key_file;
}

}  // namespace

file_error read_server_tls(const tls_options& tls, net::tls_server_settings& settings) {
  const auto certificates = tls.certificates();
  const auto keys = tls.private_keys();
  settings.certificates.assign(certificates.size(), {});
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    auto& [certificate_chain, private_key] = settings.certificates[i];
    if (auto error = read_pem_file("--tls-cert", certificates[i], certificate_chain)) return error;
    if (auto error = read_pem_file("--tls-key", keys[i], private_key)) return error;
  }
  if (!tls.client_ca_file.empty()) {
    auto error = read_pem_file("--tls-client-ca", tls.client_ca_file, settings.client_ca_certificates);
    if (error) return error;
  }
  const auto error = net::find_error(settings);
  if (!error) return std::nullopt;
  const auto i = error->certificate_index;
  return describe(*error, certificates[i], keys[i], tls.client_ca_file);
}

file_error read_upstream_tls(const tls_options& tls, net::tls_client_settings& settings) {
  const auto read = [&settings](std::string_view flag, const std::string& path, std::string& content) -> file_error {
    if (path.empty()) return std::nullopt;
    if (auto error = read_pem_file(flag, path, content)) return error;
    if (const auto error = net::find_error(settings)) return name_file(flag, path) + ": " + *error;
    return std::nullopt;
  };
  auto error = read("--upstream-tls-ca", tls.upstream_ca_file, settings.trusted_certificates);
  if (!error) error = read("--upstream-tls-cert", tls.upstream_certificate_file, settings.certificate_chain);
  if (!error) error = read("--upstream-tls-key", upstream_key_file(tls), settings.private_key);
  return error;
}

std::vector<std::string> server_tls_files(const tls_options& tls) {
  auto files = tls.certificates();
  for (auto& key : tls.private_keys()) files.push_back(std::move(key));
  if (!tls.client_ca_file.empty()) files.push_back(tls.client_ca_file);
  return files;
}

std::vector<std::string> upstream_tls_files(const tls_options& tls) {
  std::vector<std::string> files;
  for (const auto* file : {&tls.upstream_ca_file, &tls.upstream_certificate_file, &upstream_key_file(tls)}) {
    if (!file->empty()) files.push_back(*file);
  }
  return files;
}

}  // namespace cohort::service
