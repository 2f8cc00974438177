// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/dns/resolver_configuration.hpp>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

namespace cohort::discovery {
namespace {

constexpr std::size_t max_servers = 3;  // MAXNS in glibc
constexpr std::size_t max_search_domains = 6;

/// The value of `name:NUMBER`, at most `max`.
std::optional<unsigned> option_value(std::string_view option, std::string_view name, unsigned max) {
  if (!option.starts_with(name)) return std::nullopt;
  const auto digits = option.substr(name.size());
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return std::min(value, max);
}

void apply_option(resolver_configuration& configuration, std::string_view option) {
  if (const auto dots = option_value(option, "ndots:", 15)) configuration.ndots = *dots;
  if (const auto seconds = option_value(option, "timeout:", 30); seconds && *seconds > 0) {
    configuration.timeout = std::chrono::seconds{*seconds};
  }
  if (const auto attempts = option_value(option, "attempts:", 5); attempts && *attempts > 0) {
    configuration.attempts = *attempts;
  }
}

void apply_line(resolver_configuration& configuration, std::istringstream line) {
  std::string keyword;
  line >> keyword;
  if (keyword == "search" || keyword == "domain") configuration.search.clear();
  for (std::string word; line >> word;) {
    error_code error;
    if (keyword == "nameserver") {
      const auto address = asio::ip::make_address(word, error);
      if (!error && configuration.servers.size() < max_servers) configuration.servers.emplace_back(address, dns_port);
    } else if (keyword == "search" || keyword == "domain") {
      while (word.ends_with('.')) word.pop_back();
      if (!word.empty() && configuration.search.size() < max_search_domains) configuration.search.push_back(word);
    } else if (keyword == "options") {
      apply_option(configuration, word);
    }
  }
}

}  // namespace

resolver_configuration parse_resolver_configuration(std::string_view text) {
  resolver_configuration configuration;
  std::istringstream lines{std::string{text}};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#') || line.starts_with(';')) continue;
    apply_line(configuration, std::istringstream{line});
  }
  if (configuration.servers.empty()) configuration.servers.emplace_back(asio::ip::address_v4::loopback(), dns_port);
  return configuration;
}

resolver_configuration read_resolver_configuration(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return parse_resolver_configuration(text.str());
}

}  // namespace cohort::discovery
