// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/broker_url.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdlib>

#include <cohort/messaging/rabbitmq/client.hpp>

namespace cohort::messaging {
namespace {

error invalid_url_error(std::string what) { return {errc::invalid, std::move(what)}; }

result<broker_endpoint> parse_amqp_url(const boost::urls::url_view& url) {
  rabbitmq::settings settings;
  const bool is_encrypted = url.scheme() == "amqps";
  if (is_encrypted) settings.tls.emplace();
  settings.host = url.host_address();
  if (settings.host.empty()) return invalid_url_error("the host is missing");
  if (url.has_port()) {
    // port_number() of Boost 1.81 wraps around on overflow.
    const std::string digits{url.port()};
    const auto number = digits.size() <= 5 ? std::strtoul(digits.c_str(), nullptr, 10) : 0;
    if (number == 0 || number > 65'535)
      return invalid_url_error("the port is invalid; accepted: a number from 1 to 65535");
    settings.port = static_cast<std::uint16_t>(number);
  } else if (is_encrypted) {
    settings.port = 5671;
  }
  if (url.has_userinfo()) {
    settings.user = url.user();
    settings.password = url.password();
  }
  // Without a path, the virtual host is the default, `/`; a path of only `/` would name the virtual host with an empty
  // name.
  const auto path = url.encoded_path();
  // Boost.URL accepts a path without a slash after the authority: `amqp://user:pass@word@host`, `amqp://host:5672x`.
  if (!path.empty() && !path.starts_with('/')) {
    return invalid_url_error(
        "after the host and the port, only a path is accepted; @ in a user name or password is written as %40");
  }
  if (path.size() > 1) {
    if (path.find('/', 1) != path.npos) return invalid_url_error("a virtual host with / is written with %2F");
    settings.virtual_host = url.segments().front();
  }
  if (settings.virtual_host.size() > 255) return invalid_url_error("the virtual host has more than 255 bytes");
  if (url.has_query() || url.has_fragment()) return invalid_url_error("a query or fragment is not supported");
  auto description = std::string{url.scheme()} + "://" + settings.host + ":" + std::to_string(settings.port);
  return broker_endpoint{std::move(description), [settings](const broker_dependencies& dependencies) {
                           auto configured = settings;
                           configured.connection_name = dependencies.name;
                           return std::make_shared<rabbitmq::client>(dependencies.network, std::move(configured),
                                                                     dependencies.metrics, dependencies.log,
                                                                     dependencies.name);
                         }};
}

}  // namespace

result<broker_endpoint> parse_broker_url(std::string_view url, const std::vector<broker_scheme>& others) {
  const auto scheme = url.substr(0, url.find("://"));
  for (const auto& each : others)
    if (each.name == scheme) return each.parse(url);
  if (scheme == "kafka" || scheme == "kafkas") {
    return invalid_url_error(
        "kafka:// requires the optional module cohort::kafka, which this program does not contain");
  }
  if (scheme == "amqp" || scheme == "amqps") {
    const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
    if (parsed) return parse_amqp_url(*parsed);
  }
  std::string accepted = "accepted: amqp://USER:PASSWORD@HOST:PORT/VIRTUAL-HOST, amqps://";
  for (const auto& each : others) accepted += ", " + each.name + "://";
  return invalid_url_error(std::move(accepted));
}

}  // namespace cohort::messaging
