// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/libpq/connection_parameters.hpp>

#include <libpq-fe.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include <cohort/postgres/values/value_reader.hpp>

namespace cohort::postgres {
namespace {

struct options_deleter {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using options_pointer = std::unique_ptr<PQconninfoOption, options_deleter>;

/// Truncates an error text of libpq before a quoted part of the connection string, which can contain the password.
std::string truncate_at_quote(std::string_view message) {
  for (auto quote = message.find('"'); quote != std::string_view::npos; quote = message.find('"', quote + 3)) {
    // A single quoted character, as in `missing "="`, is syntax and is kept.
    if (message.size() > quote + 2 && message[quote + 2] == '"') continue;
    return std::string{message.substr(0, quote)} + "…";
  }
  return std::string{message.substr(0, message.find_last_not_of('\n') + 1)};
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char character : list) {
    if (character == ',') {
      parts.emplace_back();
    } else {
      parts.back() += character;
    }
  }
  return parts;
}

void append(std::string& list, const std::string& entry, bool is_first) {
  if (!is_first) list += ',';
  list += entry;
}

std::string value_of(const connection_parameters& parameters, const char* keyword) {
  const auto found = parameters.find(keyword);
  return found == parameters.end() ? std::string{} : found->second;
}

error resolve_error(const error_code& failure, const std::string& host) {
  if (failure == asio::error::operation_aborted) return error{errc::cancelled};
  const auto code = failure == asio::error::timed_out ? errc::connect_timeout : errc::resolve_failed;
  return {code, {}, "the name \"" + host + "\" could not be resolved: " + failure.message(), {}, true};
}

}  // namespace

result<connection_parameters> parse_connection_string(const std::string& text) {
  char* message = nullptr;
  const options_pointer options{PQconninfoParse(text.c_str(), &message)};
  const std::unique_ptr<char, decltype(&PQfreemem)> message_guard{message, &PQfreemem};
  if (!options) {
    const auto reason = message ? truncate_at_quote(message) : std::string{"insufficient memory"};
    return error{
        errc::invalid_connection_string,
        {},
        reason + "; a connection string is postgresql://user:password@host:port/database or a list of keyword=value"};
  }
  connection_parameters parameters;
  const options_pointer defaults{PQconndefaults()};
  for (auto* option = defaults.get(); option && option->keyword; ++option) {
    if (option->val) parameters[option->keyword] = option->val;
  }
  for (auto* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    parameters[option->keyword] = option->val;
    // The given host replaces an address from the environment.
    if (std::string_view{option->keyword} == "host") parameters.erase("hostaddr");
  }
  for (auto* option = options.get(); option->keyword; ++option) {
    if (option->val && std::string_view{option->keyword} == "hostaddr") parameters["hostaddr"] = option->val;
  }
  for (const auto& port : split(value_of(parameters, "port"))) {
    if (port.empty()) continue;
    const auto number = detail::parse_number<std::uint16_t>(port);
    if (!number || *number == 0) {
      return error{errc::invalid_connection_string, {}, "the port is invalid; accepted: a number from 1 to 65535"};
    }
  }
  parameters["client_encoding"] = "UTF8";
  // GSSAPI blocks while it requests a ticket.
  if (value_of(parameters, "gssencmode") != "require") parameters["gssencmode"] = "disable";
  return parameters;
}

task<result<connection_parameters>> resolve_hosts(connection_parameters parameters, net::network& network,
                                                  deadline resolve_deadline) {
  if (!value_of(parameters, "hostaddr").empty()) co_return std::move(parameters);
  const auto hosts = split(value_of(parameters, "host"));
  const auto ports = split(value_of(parameters, "port"));
  std::string host_list, address_list, port_list;
  bool is_first = true;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto& port = ports.size() == 1 ? ports[0] : i < ports.size() ? ports[i] : ports.back();
    std::vector<std::string> addresses(1);
    // Without a host, or with a path, libpq connects to a Unix socket.
    if (!hosts[i].empty() && hosts[i][0] != '/' && hosts[i][0] != '@') {
      auto resolve_task =
          network.resolve(hosts[i], detail::parse_number<std::uint16_t>(port).value_or(5432), resolve_deadline);
      const auto resolved = co_await std::move(resolve_task);
      if (!resolved) co_return resolve_error(resolved.error(), hosts[i]);
      addresses.clear();
      for (const auto& endpoint : *resolved) addresses.push_back(endpoint.address().to_string());
    }
    for (const auto& address : addresses) {
      append(host_list, hosts[i], is_first);
      append(address_list, address, is_first);
      append(port_list, port, is_first);
      is_first = false;
    }
  }
  parameters["host"] = host_list;
  parameters["hostaddr"] = address_list;
  parameters["port"] = port_list;
  co_return std::move(parameters);
}

}  // namespace cohort::postgres
