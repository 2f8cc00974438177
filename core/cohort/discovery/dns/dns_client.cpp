// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/dns/dns_client.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {

dns_client::dns_client(net::network& network, std::unique_ptr<dns_transport> datagrams,
                       resolver_configuration configuration)
    : datagrams_(std::move(datagrams)), tcp_(network), configuration_(std::move(configuration)) {}

std::vector<std::string> dns_client::candidates(const std::string& name) const {
  if (name.ends_with('.')) return {name};
  std::vector<std::string> names;
  for (const auto& domain : configuration_.search) names.push_back(name + "." + domain);
  const auto dots = static_cast<std::size_t>(std::ranges::count(name, '.'));
  names.insert(dots >= configuration_.ndots ? names.begin() : names.end(), name);
  return names;
}

task<result<dns_client::answer, source_error>> dns_client::look_up(std::string name, dns_type type) {
  answer negative_answer;
  for (auto& candidate : candidates(name)) {
    auto query_task = look_up_absolute(std::move(candidate), type);
    auto found = co_await std::move(query_task);
    if (!found || !found->records.empty()) co_return found;
    negative_answer.ttl = std::min(negative_answer.ttl, found->ttl);
  }
  co_return negative_answer;
}

task<result<dns_client::answer, source_error>> dns_client::look_up_absolute(std::string name, dns_type type) {
  source_error error = "DNS: " + name + ": ";
  std::string reason;
  for (unsigned attempt = 0; attempt < configuration_.attempts; ++attempt) {
    for (const auto& server : configuration_.servers) {
      auto query_task = send_query(server, name, type);
      auto response = co_await std::move(query_task);
      if (!response) {
        reason = response.error().message();
        continue;
      }
      if (response->code != dns_code::no_error && response->code != dns_code::name_error) {
        reason = "response code " + std::to_string(static_cast<unsigned>(response->code));
        continue;
      }
      auto selected = select_dns_records(*response, name, type, max_ttl);
      answer found;
      found.records = std::move(selected.records);
      found.ttl = std::clamp(selected.ttl, min_ttl, max_ttl);
      found.additional = std::move(response->additional);
      co_return found;
    }
  }
  co_return error.append(reason);
}

task<result<dns_response>> dns_client::send_query(net::endpoint server, std::string name, dns_type type) {
  auto& event_loop = loop::current();
  const auto query = make_dns_query(static_cast<std::uint16_t>(event_loop.random().next()), name, type);
  if (!query) co_return error_code{asio::error::invalid_argument};
  const auto query_deadline = deadline::after(event_loop.now(), configuration_.timeout);
  for (dns_transport* transport : {datagrams_.get(), static_cast<dns_transport*>(&tcp_)}) {
    if (!transport) continue;
    auto exchange_task = transport->exchange(server, *query, query_deadline);
    const auto message = co_await std::move(exchange_task);
    if (!message) co_return message.error();
    auto response = parse_dns_response(*message);
    if (!response) co_return error_code{asio::error::no_recovery};
    if (!response->is_truncated) co_return std::move(*response);
  }
  co_return error_code{asio::error::message_size};
}

}  // namespace cohort::discovery
