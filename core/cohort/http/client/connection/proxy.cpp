// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/connection/proxy.hpp>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>

#include <cohort/config/http_url.hpp>
#include <cohort/config/redaction.hpp>
#include <cohort/http/message/base64.hpp>
#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

std::string_view strip_trailing_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

bool is_domain_or_subdomain(std::string_view host, std::string_view domain) {
  if (host.size() < domain.size() || !iequals(host.substr(host.size() - domain.size()), domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

std::optional<asio::ip::address> parse_address(std::string_view text) {
  error_code error;
  const auto address = asio::ip::make_address(text, error);
  return error ? std::nullopt : std::optional{address};
}

bool is_local(const origin& target) {
  if (target.is_unix_socket()) return true;
  const auto host = strip_trailing_dot(target.host);
  if (const auto address = parse_address(host)) return address->is_loopback();
  return host.find('.') == std::string_view::npos || is_domain_or_subdomain(host, "localhost");
}

}  // namespace

std::optional<proxy_server> parse_proxy(std::string_view text) {
  const bool has_scheme = text.find("://") != std::string_view::npos;
  const auto url_text = (has_scheme ? "" : "http://") + std::string{text};
  const auto url = boost::urls::parse_uri(url_text);
  if (!url || url->has_query() || url->has_fragment()) return std::nullopt;
  if (!url->encoded_path().empty() && url->encoded_path() != "/") return std::nullopt;
  auto address = origin_of(boost::urls::url{*url});
  if (!address) return std::nullopt;
  proxy_server result{std::move(*address), {}};
  if (url->has_userinfo()) result.authorization = "Basic " + encode_base64(url->user() + ":" + url->password());
  return result;
}

// ---- exceptions

proxy_exceptions proxy_exceptions::parse(std::string_view list) {
  proxy_exceptions result;
  constexpr std::string_view separators = ", \t";
  for (auto begin = list.find_first_not_of(separators); begin != std::string_view::npos;
       begin = list.find_first_not_of(separators, begin)) {
    const auto end = std::min(list.find_first_of(separators, begin), list.size());
    const auto element = list.substr(begin, end - begin);
    if (element == "*") result.matches_all_hosts_ = true;
    result.entries_.push_back(parse_entry(element));
    begin = end;
  }
  return result;
}

proxy_exceptions::entry proxy_exceptions::parse_entry(std::string_view text) {
  entry result;
  error_code parse_error;
  if (const auto network = asio::ip::make_network_v4(text, parse_error); !parse_error) {
    result.network_v4 = network;
    return result;
  }
  if (const auto network = asio::ip::make_network_v6(text, parse_error); !parse_error) {
    result.network_v6 = network;
    return result;
  }
  // An IPv6 address without brackets has several colons, and no port.
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && (text.find(':') == colon || text[colon - 1] == ']');
  if (has_port) {
    const auto port = config::parse_port(text.substr(colon + 1));
    if (!port) return result;
    result.port = *port;
    text = text.substr(0, colon);
  }
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  if (const auto address = parse_address(text)) {
    if (address->is_v4()) result.network_v4 = asio::ip::network_v4{address->to_v4(), 32};
    if (address->is_v6()) result.network_v6 = asio::ip::network_v6{address->to_v6(), 128};
    return result;
  }
  result.domain = strip_trailing_dot(text.starts_with('.') ? text.substr(1) : text);
  return result;
}

bool proxy_exceptions::contains(const origin& target) const {
  if (matches_all_hosts_) return true;
  const auto host = strip_trailing_dot(target.host);
  const auto address = parse_address(host);
  return std::any_of(entries_.begin(), entries_.end(), [&](const entry& candidate) {
    if (candidate.port != 0 && candidate.port != target.port) return false;
    if (!address) return !candidate.domain.empty() && is_domain_or_subdomain(host, candidate.domain);
    if (address->is_v4() && candidate.network_v4) {
      const asio::ip::network_v4 host_network{address->to_v4(), 32};
      return host_network == *candidate.network_v4 || host_network.is_subnet_of(*candidate.network_v4);
    }
    if (address->is_v6() && candidate.network_v6) {
      const asio::ip::network_v6 host_network{address->to_v6(), 128};
      return host_network == *candidate.network_v6 || host_network.is_subnet_of(*candidate.network_v6);
    }
    return false;
  });
}

// ---- settings

const proxy_server* proxy_settings::proxy_for(const origin& target) const {
  const auto& candidate = target.secure ? https_proxy : http_proxy;
  if (!candidate || is_local(target) || exceptions.contains(target)) return nullptr;
  if (is_direct && is_direct(target)) return nullptr;
  return &*candidate;
}

result<proxy_settings, std::string> proxies_from_environment(
    const std::function<std::string(const char* name)>& variable) {
  proxy_settings settings;
  const bool is_cgi = !variable("REQUEST_METHOD").empty();
  std::string error;
  /// Returns the proxy from the first of the variables that is set.
  const auto read = [&](std::initializer_list<const char*> names) -> std::optional<proxy_server> {
    for (const auto* name : names) {
      const auto text = variable(name);
      if (text.empty() || (is_cgi && std::string_view{name} == "HTTP_PROXY")) continue;
      auto parsed = parse_proxy(text);
      if (!parsed && error.empty()) {
        error = std::string{name} + " is \"" + config::redact_userinfo(text) +
                "\", but must be the URL of an HTTP proxy such as http://proxy.example:3128";
      }
      return parsed;
    }
    return std::nullopt;
  };
  settings.http_proxy = read({"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"});
  settings.https_proxy = read({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  if (!error.empty()) return error;
  auto exceptions = variable("no_proxy");
  if (exceptions.empty()) exceptions = variable("NO_PROXY");
  settings.exceptions = proxy_exceptions::parse(exceptions);
  return settings;
}

}  // namespace cohort::http
