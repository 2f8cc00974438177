// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/tls/server_certificates.hpp>

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>

#include <cohort/net/tls/certificate.hpp>

namespace cohort::net {
namespace {

using setting = tls_server_settings_error::setting;

/// Describes the error for a PEM text that OpenSSL rejects. `expected` is the missing content, such as "certificate in
/// PEM format".
std::string describe_load_error(const error_code& error, const std::string& expected) {
  const auto code = static_cast<unsigned long>(error.value());
  const auto library = ERR_GET_LIB(code);
  const auto* reason = ERR_reason_error_string(code);
  // An example of a policy error is a key that is too short for the security level.
  const bool is_policy_error = library == ERR_LIB_SSL && reason;
  return is_policy_error ? std::string{"OpenSSL rejects it: "} + reason : "no " + expected + " was found";
}

/// Assigns the intermediate certificates to the certificate. Asio would add them to the context, for all of its
/// certificates. Returns the error if OpenSSL rejects an intermediate certificate.
error_code assign_chain(SSL_CTX* context) {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get_extra_chain_certs_only(context, &chain);
  if (!chain) return {};
  ERR_clear_error();
  if (SSL_CTX_set1_chain(context, chain) != 1) {
    return {static_cast<int>(ERR_get_error()), asio::error::get_ssl_category()};
  }
  SSL_CTX_clear_extra_chain_certs(context);
  return {};
}

std::optional<tls_server_settings_error> load_certificate(asio::ssl::context& context,
                                                          const tls_server_certificate& certificate,
                                                          std::size_t index) {
  error_code error;
  context.use_certificate_chain(asio::buffer(certificate.certificate_chain), error);
  if (!error) error = assign_chain(context.native_handle());
  if (error) {
    return tls_server_settings_error{setting::certificate_chain,
                                     describe_load_error(error, "certificate in PEM format"), index};
  }
  if (auto reason = find_validity_error(SSL_CTX_get0_certificate(context.native_handle()))) {
    return tls_server_settings_error{setting::certificate_chain, std::move(*reason), index};
  }
  // Without a callback, OpenSSL prompts for the passphrase on the terminal.
  context.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string{}; }, error);
  context.use_private_key(asio::buffer(certificate.private_key), asio::ssl::context::pem, error);
  if (!error && has_matching_key(context.native_handle())) return std::nullopt;
  if (!error || is_key_mismatch(error)) {
    return tls_server_settings_error{setting::key_pair, "the private key does not match the certificate", index};
  }
  return tls_server_settings_error{setting::private_key,
                                   describe_load_error(error, "unencrypted private key in PEM format"), index};
}

/// Converts a DNS name for comparison: to lower case (RFC 4343), without the trailing dot of a fully qualified name.
std::string normalize(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string normalized{name};
  for (char& c : normalized) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return normalized;
}

/// Returns the DNS names and addresses of the certificate, sorted.
std::vector<std::string> sorted_names(asio::ssl::context& context) {
  const X509* const certificate = SSL_CTX_get0_certificate(context.native_handle());
  auto names = alternative_names(certificate, GEN_DNS);
  std::transform(names.begin(), names.end(), names.begin(), normalize);
  for (const auto& address : alternative_names(certificate, GEN_IPADD)) names.push_back("address " + address);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::optional<tls_server_settings_error> server_certificates::load(
    const tls_server_settings& settings,
    const std::function<std::optional<tls_server_settings_error>(asio::ssl::context&)>& configure) {
  if (settings.certificates.empty()) {
    return tls_server_settings_error{setting::certificate_chain, "no certificate is set"};
  }
  for (std::size_t i = 0; i < settings.certificates.size(); ++i) {
    auto& context = contexts_.emplace_back(asio::ssl::context::tls_server);
    if (auto error = load_certificate(context, settings.certificates[i], i)) return error;
    if (add_to_context_with_same_names(context)) {
      contexts_.pop_back();
      continue;
    }
    if (auto error = configure(context)) return error;
    add_names(context);
  }
  if (contexts_.size() > 1) {
    SSL_CTX_set_tlsext_servername_callback(default_context().native_handle(), &on_server_name);
    SSL_CTX_set_tlsext_servername_arg(default_context().native_handle(), this);
  }
  return std::nullopt;
}

/// Adds the certificate to an earlier context whose certificates have the same names and different types of keys.
/// Returns false if there is no such context.
bool server_certificates::add_to_context_with_same_names(asio::ssl::context& added_context) {
  const auto names = sorted_names(added_context);
  if (names.empty()) return false;
  SSL_CTX* const native_context = added_context.native_handle();
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(native_context, &chain);
  for (auto& context : contexts_) {
    if (&context == &added_context || sorted_names(context) != names) continue;
    constexpr int replaces_key_of_same_type = 0;
    if (SSL_CTX_use_cert_and_key(context.native_handle(), SSL_CTX_get0_certificate(native_context),
                                 SSL_CTX_get0_privatekey(native_context), chain, replaces_key_of_same_type) == 1) {
      return true;
    }
    ERR_clear_error();
  }
  return false;
}

void server_certificates::add_names(asio::ssl::context& context) {
  SSL_CTX* const native_context = context.native_handle();
  for (const auto& name : alternative_names(SSL_CTX_get0_certificate(native_context), GEN_DNS)) {
    const auto normalized = normalize(name);
    if (normalized.starts_with("*.")) {
      contexts_by_wildcard_.emplace(normalized.substr(2), native_context);
    } else {
      contexts_by_name_.emplace(normalized, native_context);
    }
  }
}

SSL_CTX* server_certificates::find(std::string_view server_name) const {
  const auto name = normalize(server_name);
  if (const auto found = contexts_by_name_.find(name); found != contexts_by_name_.end()) return found->second;
  const auto first_dot = name.find('.');
  if (first_dot == std::string::npos || first_dot == 0) return nullptr;
  const auto found = contexts_by_wildcard_.find(std::string_view{name}.substr(first_dot + 1));
  return found == contexts_by_wildcard_.end() ? nullptr : found->second;
}

int server_certificates::on_server_name(SSL* connection, int*, void* self) {
  const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* const selected = name ? static_cast<server_certificates*>(self)->find(name) : nullptr;
  // RFC 6066 section 3: a server without a certificate for the name may continue with a certificate of its choice.
  if (!selected) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(connection, selected);
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace cohort::net
