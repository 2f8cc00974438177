// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/discovery_url.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/url/params_view.hpp>
#include <boost/url/parse.hpp>
#include <initializer_list>

#include <cohort/config/http_url.hpp>
#include <cohort/discovery/dns/resolver_configuration.hpp>
#include <cohort/discovery/endpoint_text.hpp>

namespace cohort::discovery {
namespace {

using option_map = std::map<std::string, std::string, std::less<>>;

struct kind_description {
  source_kind kind;
  std::string_view scheme;
  std::uint16_t default_port;
  std::array<std::string_view, 3> options;
};

/// The options of the scheme, in addition to `tls`.
constexpr std::array<kind_description, 6> kind_descriptions{
    {{source_kind::dns, "dns", 0, {"server"}},
     {source_kind::srv, "srv", 0, {"server"}},
     {source_kind::etcd, "etcd", 2379, {"server-tls"}},
     {source_kind::kubernetes, "kubernetes", 0, {"api"}},
     {source_kind::consul, "consul", 8500, {"server-tls", "tag", "dc"}},
     {source_kind::eureka, "eureka", 8761, {"server-tls"}}}};

const kind_description* find_kind(std::string_view scheme) noexcept {
  const auto found = std::ranges::find(kind_descriptions, scheme, &kind_description::scheme);
  return found == kind_descriptions.end() ? nullptr : &*found;
}

/// Letters, digits, `-`, `_` and `.`: the characters that are safe in a key, in a URL and in `Host`.
bool is_name(std::string_view text) noexcept {
  constexpr std::size_t max_length = 253;  // the limit of a domain name (RFC 1035 section 2.3.4)
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= max_length && std::ranges::all_of(text, is_allowed) &&
         !text.starts_with('.') && text.find("..") == std::string_view::npos;
}

bool is_boolean(std::string_view text) noexcept { return text == "true" || text == "false"; }

bool is_valid_option(std::string_view name, std::string_view value) {
  if (name == "tls" || name == "server-tls") return is_boolean(value);
  if (name == "server") return parse_endpoint(value, dns_port).has_value();
  if (name == "api") return config::http_url().parse(value).has_value();
  return is_name(value);
}

/// Empty if an option is unknown, repeated or invalid.
std::optional<option_map> read_options(const boost::urls::url_view& url, std::initializer_list<std::string_view> common,
                                       const std::array<std::string_view, 3>& reserved_parameters) {
  option_map options;
  if (!url.has_query()) return options;
  for (const auto parameter : url.params()) {
    const bool is_known =
        std::ranges::find(common, parameter.key) != common.end() ||
        (!parameter.key.empty() && std::ranges::find(reserved_parameters, parameter.key) != reserved_parameters.end());
    if (!is_known || !options.emplace(parameter.key, parameter.value).second) return std::nullopt;
  }
  return options;
}

/// The segments of the path; empty if one of them is not a name. A trailing slash is ignored.
std::optional<std::vector<std::string>> path_segments(const boost::urls::url_view& url) {
  std::vector<std::string> names;
  if (!url.encoded_path().empty() && !url.encoded_path().starts_with('/')) return std::nullopt;
  for (const auto segment : url.segments()) names.emplace_back(segment);
  if (!names.empty() && names.back().empty()) names.pop_back();
  return names;
}

bool are_names(const std::vector<std::string>& segments) { return std::ranges::all_of(segments, is_name); }

std::string join(const std::vector<std::string>& segments, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) path.append(path.empty() ? "" : "/").append(segments[i]);
  return path;
}

/// The port of the URL or the default; empty if it is invalid.
std::optional<std::uint16_t> port_of(const boost::urls::url_view& url, std::uint16_t default_port) {
  return url.port().empty() ? default_port : config::parse_port(url.port());
}

/// `http://HOST:PORT` of a discovery system; empty if the port is invalid.
std::optional<boost::urls::url> server_of(const boost::urls::url_view& url, std::uint16_t default_port, bool secure) {
  const auto port = port_of(url, default_port);
  if (!port || url.host().empty()) return std::nullopt;
  boost::urls::url server;
  server.set_scheme(secure ? "https" : "http");
  server.set_encoded_host(url.encoded_host());
  server.set_port_number(*port);
  return server;
}

bool is_enabled(const option_map& options, std::string_view name) {
  const auto found = options.find(name);
  return found != options.end() && found->second == "true";
}

/// Removes the leading service labels: returns `api.mesh.test` for `_http._tcp.api.mesh.test`.
std::string strip_service_labels(std::string_view name) {
  while (name.starts_with('_') && name.find('.') != std::string_view::npos) name.remove_prefix(name.find('.') + 1);
  return std::string{name};
}

bool set_dns_name(service_target& target, const boost::urls::url_view& url) {
  const auto default_port = target.requests.port;
  const auto port = port_of(url, default_port);
  target.name = url.host();
  while (target.name.ends_with('.')) target.name.pop_back();
  const bool is_srv = target.kind == source_kind::srv;
  if (!port || !is_name(target.name) || (is_srv && url.has_port())) return false;
  target.requests.port = *port;
  target.requests.host = is_srv ? strip_service_labels(target.name) : target.name;
  return url.encoded_path().empty() || url.encoded_path() == "/";
}

/// kubernetes://NAMESPACE/SERVICE[:PORT]
bool set_kubernetes_service(service_target& target, const boost::urls::url_view& url,
                            const std::vector<std::string>& segments) {
  target.scope = url.host();
  if (segments.size() != 1 || url.has_port() || !is_name(target.scope)) return false;
  target.name = segments.front();
  const auto colon = target.name.find(':');
  const auto service = target.name.substr(0, colon);
  if (!is_name(service) || (colon != std::string::npos && !is_name(target.name.substr(colon + 1)))) return false;
  target.requests.host = service + "." + target.scope + ".svc";
  return true;
}

/// Sets the server and the path of a service in etcd, Consul or Eureka. False if the URL is invalid.
bool set_registered_service(service_target& target, const boost::urls::url_view& url,
                            const std::vector<std::string>& segments, std::uint16_t default_port) {
  const auto server = server_of(url, default_port, is_enabled(target.options, "server-tls"));
  if (!server || segments.empty() || !are_names(segments)) return false;
  target.server = *server;
  const auto& last = segments.back();
  target.requests.host = last;
  const auto parent = join(segments, segments.size() - 1);
  if (target.kind == source_kind::etcd) {
    target.name = parent.empty() ? last : parent + "/" + last;
  } else if (target.kind == source_kind::eureka) {
    target.scope = parent.empty() ? "eureka" : parent;
    target.name = last;
  } else {
    target.name = last;
    return segments.size() == 1;
  }
  return true;
}

}  // namespace

std::string_view to_string(source_kind kind) noexcept {
  return std::ranges::find(kind_descriptions, kind, &kind_description::kind)->scheme;
}

std::string service_target::option(std::string_view option_name) const {
  const auto found = options.find(option_name);
  return found == options.end() ? std::string{} : found->second;
}

std::optional<service_target> parse_service_target(const boost::urls::url& url) {
  const auto* description = find_kind(url.scheme());
  if (!description || !url.has_authority() || url.has_userinfo() || url.has_fragment()) return std::nullopt;
  auto options = read_options(url, {"tls"}, description->options);
  const auto segments = path_segments(url);
  if (!options || !segments) return std::nullopt;
  for (const auto& [name, value] : *options) {
    if (!is_valid_option(name, value)) return std::nullopt;
  }
  service_target target;
  target.kind = description->kind;
  target.options = std::move(*options);
  target.requests.secure = is_enabled(target.options, "tls");
  target.requests.port = target.requests.secure ? 443 : 80;
  const bool is_valid = target.kind == source_kind::dns || target.kind == source_kind::srv ? set_dns_name(target, url)
                        : target.kind == source_kind::kubernetes
                            ? set_kubernetes_service(target, url, *segments)
                            : set_registered_service(target, url, *segments, description->default_port);
  if (!is_valid) return std::nullopt;
  return target;
}

std::optional<registry_target> parse_registry_target(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || !url->has_authority() || url->has_userinfo() || url->has_fragment()) return std::nullopt;
  const auto* description = find_kind(url->scheme());
  if (!description || description->default_port == 0) return std::nullopt;
  auto options = read_options(*url, {"ttl", "server-tls"}, {});
  const auto segments = path_segments(*url);
  if (!options || !segments || !are_names(*segments)) return std::nullopt;
  registry_target target;
  target.kind = description->kind;
  if (const auto ttl = options->find("ttl"); ttl != options->end()) {
    const auto seconds = config::seconds(2, 3600).parse(ttl->second);
    if (!seconds) return std::nullopt;
    target.ttl = *seconds;
  }
  if (const auto secure = options->find("server-tls"); secure != options->end() && !is_boolean(secure->second)) {
    return std::nullopt;
  }
  const auto server = server_of(*url, description->default_port, is_enabled(*options, "server-tls"));
  if (!server) return std::nullopt;
  target.server = *server;
  target.scope = join(*segments, segments->size());
  if (target.kind == source_kind::eureka && target.scope.empty()) target.scope = "eureka";
  const bool has_valid_path =
      target.kind == source_kind::etcd ? !segments->empty() : target.kind == source_kind::eureka || segments->empty();
  if (!has_valid_path) return std::nullopt;
  return target;
}

config::value_parser<boost::urls::url> service_url() {
  return {[](std::string_view text) -> std::optional<boost::urls::url> {
            if (auto plain = config::http_url().parse(text)) return plain;
            const auto url = boost::urls::parse_uri(text);
            if (!url || !parse_service_target(boost::urls::url{*url})) return std::nullopt;
            return boost::urls::url{*url};
          },
          "a URL such as http://127.0.0.1:5001, or a service of a discovery system: dns://HOST[:PORT], "
          "srv://_http._tcp.DOMAIN, etcd://HOST[:2379]/PREFIX/SERVICE, kubernetes://NAMESPACE/SERVICE[:PORT], "
          "consul://HOST[:8500]/SERVICE or eureka://HOST[:8761]/APPLICATION"};
}

config::value_parser<registry_target> registry_url() {
  return {parse_registry_target,
          "the URL of a discovery system: etcd://HOST[:2379]/PREFIX, consul://HOST[:8500] or "
          "eureka://HOST[:8761][/PATH], with the options ?ttl=SECONDS (2 to 3600) and ?server-tls=true"};
}

config::value_parser<net::endpoint> instance_address() {
  return {[](std::string_view text) -> std::optional<net::endpoint> {
            if (const auto with_port = parse_endpoint(text)) return with_port;
            const auto address = parse_endpoint(text, dns_port);
            if (!address) return std::nullopt;
            return net::endpoint{address->address(), 0};
          },
          "an IP address that other machines can reach, such as 10.0.0.5, or with a port, 10.0.0.5:5001"};
}

}  // namespace cohort::discovery
