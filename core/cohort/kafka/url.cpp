// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/url.hpp>

#include <unistd.h>

#include <algorithm>
#include <boost/url/decode_view.hpp>
#include <boost/url/pct_string_view.hpp>
#include <charconv>

#include <cohort/kafka/client.hpp>

namespace cohort::messaging::kafka {
namespace {

constexpr std::string_view default_port = "9092";

error invalid_url_error(std::string message) { return {errc::invalid, std::move(message)}; }

/// Splits the text at the first separator. Without a separator, `second` is empty.
struct split_text {
  split_text(std::string_view text, char separator)
      : first(text.substr(0, text.find(separator))),
        second(first.size() < text.size() ? text.substr(first.size() + 1) : std::string_view{}) {}
  std::string_view first;
  std::string_view second;
};

std::optional<std::string> decode(std::string_view text) {
  const auto encoded_text = boost::urls::make_pct_string_view({text.data(), text.size()});
  if (!encoded_text) return std::nullopt;
  const auto decoded = **encoded_text;
  return std::string{decoded.begin(), decoded.end()};
}

bool is_host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_port(std::string_view text) noexcept {
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= 65'535;
}

/// Adds a port to each host. Returns the error.
std::optional<error> parse_brokers(std::string_view text, settings& settings) {
  settings.brokers.clear();
  if (text.ends_with(',')) return invalid_url_error("the host after a comma is missing");
  do {
    const split_text hosts{text, ','};
    text = hosts.second;
    // An IPv6 address is enclosed in brackets.
    const auto bracket = hosts.first.starts_with('[') ? hosts.first.find(']') : hosts.first.npos;
    const auto colon = hosts.first.find(':', bracket == hosts.first.npos ? 0 : bracket);
    const auto host = hosts.first.substr(0, colon);
    if (host.empty()) return invalid_url_error("the host is missing");
    const bool is_address = bracket != hosts.first.npos && bracket + 1 == host.size() && bracket > 1;
    if (!is_address && !std::all_of(host.begin(), host.end(), is_host_character)) {
      return invalid_url_error("a host has characters that are not accepted");
    }
    const auto port = colon == hosts.first.npos ? default_port : hosts.first.substr(colon + 1);
    if (!is_port(port)) return invalid_url_error("a port is invalid; accepted: a number from 1 to 65535");
    settings.brokers += (settings.brokers.empty() ? "" : ",") + std::string{host} + ":" + std::string{port};
  } while (!text.empty());
  return std::nullopt;
}

std::optional<error> parse_credentials(std::string_view text, settings& settings) {
  const split_text parts{text, ':'};
  auto user = decode(parts.first);
  auto password = decode(parts.second);
  if (!user || !password) return invalid_url_error("the user or the password is not percent-encoded");
  if (user->empty() || password->empty())
    return invalid_url_error("user and password must be given together, as USER:PASSWORD@");
  settings.credentials = login{std::move(*user), std::move(*password)};
  return std::nullopt;
}

std::optional<error> set_mechanism(const std::string& name, settings& settings) {
  if (!settings.credentials) return invalid_url_error("the parameter sasl requires a user and a password");
  auto& mechanism = settings.credentials->mechanism;
  if (name == "PLAIN") {
    mechanism = sasl_mechanism::plain;
  } else if (name == "SCRAM-SHA-256") {
    mechanism = sasl_mechanism::scram_sha_256;
  } else if (name == "SCRAM-SHA-512") {
    mechanism = sasl_mechanism::scram_sha_512;
  } else {
    return invalid_url_error("the parameter sasl accepts PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512");
  }
  return std::nullopt;
}

std::optional<error> set_parameter(std::string_view name, std::string value, settings& settings) {
  if (name == "sasl") return set_mechanism(value, settings);
  if (name != "ca" && name != "certificate" && name != "key") {
    return invalid_url_error("a parameter is unknown; accepted: sasl, and with kafkas:// also ca, certificate and key");
  }
  if (!settings.tls) return invalid_url_error("the parameter " + std::string{name} + " needs TLS, kafkas://");
  if (::access(value.c_str(), R_OK) != 0) {
    return invalid_url_error("the file of the parameter " + std::string{name} + " cannot be read: " + value);
  }
  auto& files = *settings.tls;
  (name == "ca" ? files.ca : name == "certificate" ? files.certificate : files.key) = std::move(value);
  return std::nullopt;
}

std::optional<error> parse_parameters(std::string_view text, settings& settings) {
  while (!text.empty()) {
    const split_text parameters{text, '&'};
    text = parameters.second;
    const split_text parameter{parameters.first, '='};
    auto value = decode(parameter.second);
    if (!value) return invalid_url_error("a parameter is not percent-encoded");
    if (auto failure = set_parameter(parameter.first, std::move(*value), settings)) return failure;
  }
  if (settings.tls && settings.tls->certificate.empty() != settings.tls->key.empty()) {
    return invalid_url_error("the parameters certificate and key must be given together");
  }
  return std::nullopt;
}

result<broker_endpoint> parse_endpoint(std::string_view url) {
  auto parsed = parse_url(url);
  if (!parsed) return parsed.error();
  auto description = (parsed->tls ? "kafkas://" : "kafka://") + parsed->brokers;
  return broker_endpoint{std::move(description), [configured = *parsed](const broker_dependencies& dependencies) {
                           auto client_settings = configured;
                           client_settings.client_id = dependencies.name;
                           return std::make_shared<client>(std::move(client_settings), dependencies.metrics,
                                                           dependencies.log, dependencies.name);
                         }};
}

}  // namespace

result<settings> parse_url(std::string_view url) {
  settings settings;
  constexpr std::string_view plain = "kafka://";
  constexpr std::string_view tls_prefix = "kafkas://";
  if (url.starts_with(tls_prefix)) {
    settings.tls.emplace();
  } else if (!url.starts_with(plain)) {
    return invalid_url_error("accepted: kafka://USER:PASSWORD@HOST:PORT,HOST:PORT and kafkas://");
  }
  url.remove_prefix(settings.tls ? tls_prefix.size() : plain.size());
  if (url.find('#') != url.npos) return invalid_url_error("a fragment is not supported");
  const split_text query{url, '?'};
  auto authority = query.first;
  if (const auto slash = authority.find('/'); slash != authority.npos) {
    if (slash + 1 != authority.size()) return invalid_url_error("a path is not supported");
    authority.remove_suffix(1);
  }
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    if (auto failure = parse_credentials(authority.substr(0, at), settings)) return std::move(*failure);
    authority.remove_prefix(at + 1);
  }
  if (auto failure = parse_brokers(authority, settings)) return std::move(*failure);
  if (auto failure = parse_parameters(query.second, settings)) return std::move(*failure);
  return settings;
}

std::vector<broker_scheme> schemes() { return {{"kafka", parse_endpoint}, {"kafkas", parse_endpoint}}; }

}  // namespace cohort::messaging::kafka
