// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cohort/sim/fleet.hpp>
#include "tests/unit/discovery/dns_bytes.hpp"

namespace cohort::test {

/// A name server on a host of a fleet, queried over TCP. The name server must outlive the fleet's run.
class simulated_dns {
 public:
  explicit simulated_dns(sim::fleet& fleet) : fleet_(fleet), host_(fleet.network().add_host("dns")) {
    fleet_.spawn(serve(this, fleet_.network().listen(host_, 53)));
  }

  sim::host& host() noexcept { return host_; }
  std::string address() const { return host_.address.to_string(); }

  /// The records of a name and type, as data; none if they do not exist.
  void set(const std::string& name, discovery::dns_type type, std::uint32_t ttl, std::vector<std::string> data) {
    auto& records = records_[{name, static_cast<unsigned>(type)}];
    records.clear();
    for (const auto& each : data) records.push_back(dns_record_bytes(dns_name(name), type, ttl, each));
  }
  void set_addresses(const std::string& name, std::uint32_t ttl, const std::vector<std::string>& addresses) {
    std::vector<std::string> data;
    for (const auto& address : addresses) data.push_back(dns_address(address));
    set(name, discovery::dns_type::a, ttl, std::move(data));
  }
  /// Sets the response code of all later responses.
  void set_response_code(unsigned code) noexcept { code_ = code; }
  /// Returns the number of queries for a type.
  int query_count(discovery::dns_type type) { return query_counts_[static_cast<unsigned>(type)]; }

 private:
  static task<std::string> read_exactly(net::stream& source, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t received_size = 0; received_size < size;) {
      auto read_task = source.read_some(asio::buffer(bytes.data() + received_size, size - received_size));
      const auto count = co_await std::move(read_task);
      if (!count) co_return std::string{};
      received_size += *count;
    }
    co_return bytes;
  }

  std::string respond(const std::string& query) {
    std::string name;
    std::size_t at = 12;
    for (; query[at] != '\0'; at += 1U + static_cast<unsigned char>(query[at])) {
      name.append(name.empty() ? "" : ".").append(query, at + 1, static_cast<unsigned char>(query[at]));
    }
    const unsigned type = static_cast<unsigned char>(query[at + 1]) << 8U | static_cast<unsigned char>(query[at + 2]);
    ++query_counts_[type];
    dns_sections sections;
    if (code_ == 0) sections.answers = records_[{name, type}];
    if (code_ == 0 && sections.answers.empty()) {
      sections.authority.push_back(
          dns_record_bytes(dns_name("test"), discovery::dns_type::soa, 3600, dns_soa_data(10)));
    }
    return dns_response_bytes(query, code_, sections);
  }

  static task<> serve(simulated_dns* self, std::unique_ptr<net::acceptor> listener) {
    for (;;) {
      auto accept_task = listener->accept(loop::current());
      auto accept_result = co_await std::move(accept_task);
      if (!accept_result) co_return;
      self->fleet_.spawn(answer_query(self, std::move(*accept_result)));
    }
  }

  static task<> answer_query(simulated_dns* self, net::stream_ptr client) {
    auto size_task = read_exactly(*client, 2);
    const auto prefix = co_await std::move(size_task);
    if (prefix.empty()) co_return;
    const auto size =
        static_cast<std::size_t>(static_cast<unsigned char>(prefix[0])) << 8U | static_cast<unsigned char>(prefix[1]);
    auto read_task = read_exactly(*client, size);
    const auto query = co_await std::move(read_task);
    if (query.empty()) co_return;
    auto response = self->respond(query);
    response.insert(0, dns_u16(static_cast<unsigned>(response.size())));
    auto write_task = net::write_all(*client, {asio::buffer(response), asio::const_buffer{}});
    co_await std::move(write_task);
  }

  sim::fleet& fleet_;
  sim::host& host_;
  std::map<std::pair<std::string, unsigned>, std::vector<std::string>> records_;
  std::map<unsigned, int> query_counts_;
  unsigned code_ = 0;
};

}  // namespace cohort::test
