// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/dns/dns_source.hpp>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::discovery {
namespace {

/// Appends the addresses of `target` from the additional section of the response. Returns whether any address was
/// found.
bool add_additional_addresses(const dns_client::answer& answer, const dns_record& target, endpoint_list& list,
                              std::uint32_t& ttl) {
  bool is_found = false;
  for (const auto& record : answer.additional) {
    const bool is_address = record.type == dns_type::a || record.type == dns_type::aaaa;
    if (!is_address || record.name != target.target) continue;
    list.emplace_back(record.address, target.port);
    ttl = std::min(ttl, std::max(record.ttl, dns_client::min_ttl));
    is_found = true;
  }
  return is_found;
}

}  // namespace

task<result<endpoint_list, source_error>> dns_source::next() {
  if (expiry_) {
    auto wait_task = sleep_until(deadline{*expiry_});
    if (co_await std::move(wait_task) == wait_status::cancelled) co_return source_error{"cancelled"};
  }
  auto lookup_task = look_up();
  auto found = co_await std::move(lookup_task);
  if (!found) co_return found.error();
  expiry_ = loop::current().now() + std::chrono::seconds{found->ttl};
  co_return std::move(found->list);
}

task<std::optional<source_error>> dns_source::add_addresses(std::string host, std::uint16_t port,
                                                            found_endpoints& found) {
  const auto previous_size = found.list.size();
  auto negative_ttl = dns_client::max_ttl;
  for (const auto type : {dns_type::a, dns_type::aaaa}) {
    auto lookup_task = client_->look_up(host, type);
    const auto answer = co_await std::move(lookup_task);
    if (!answer) {
      // Some name servers return an error for AAAA queries.
      if (found.list.size() > previous_size) break;
      co_return answer.error();
    }
    for (const auto& record : answer->records) found.list.emplace_back(record.address, port);
    auto& ttl = answer->records.empty() ? negative_ttl : found.ttl;
    ttl = std::min(ttl, answer->ttl);
  }
  if (found.list.size() == previous_size) found.ttl = std::min(found.ttl, negative_ttl);
  co_return std::nullopt;
}

task<result<dns_source::found_endpoints, source_error>> dns_address_source::look_up() {
  found_endpoints found;
  auto add_task = add_addresses(host_, port_, found);
  if (auto error = co_await std::move(add_task)) co_return std::move(*error);
  co_return found;
}

task<result<dns_source::found_endpoints, source_error>> dns_srv_source::look_up() {
  auto lookup_task = client().look_up(name_, dns_type::srv);
  auto answer = co_await std::move(lookup_task);
  if (!answer) co_return answer.error();
  auto& records = answer->records;
  std::ranges::sort(records, {}, &dns_record::priority);
  if (records.size() > max_targets) records.resize(max_targets);
  found_endpoints found;
  found.ttl = answer->ttl;
  for (const auto& record : records) {
    if (record.priority != records.front().priority) break;
    // RFC 2782: the target "." means that the service is unavailable.
    if (record.target.empty() || record.port == 0) continue;
    if (add_additional_addresses(*answer, record, found.list, found.ttl)) continue;
    auto add_task = add_addresses(record.target + ".", record.port, found);
    if (auto error = co_await std::move(add_task)) co_return std::move(*error);
  }
  co_return found;
}

}  // namespace cohort::discovery
