// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scrape/server_monitor.hpp"

#include <algorithm>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::loadgen {
namespace {

constexpr duration scrape_timeout = std::chrono::seconds{2};

std::string path_of(const target& target) {
  const std::string path{target.request.url.encoded_path()};
  return path.empty() ? "/" : path;
}

std::vector<std::size_t> targets_of_origin(const boost::urls::url& url, const std::vector<target>& targets) {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (http::origin_of(url) == http::origin_of(targets[i].request.url)) indexes.push_back(i);
  }
  if (!indexes.empty()) return indexes;
  for (std::size_t i = 0; i < targets.size(); ++i) indexes.push_back(i);
  return indexes;
}

/// Returns the increase of a counter. As in Prometheus, a decrease means that the counter was reset by a restart of the
/// server.
std::uint64_t counter_increase(std::uint64_t before, std::uint64_t after) {
  return after >= before ? after - before : after;
}

/// The mean CPU use between two snapshots of the same process. Empty after a restart.
std::optional<double> cpu_cores(const server_snapshot& before, const server_snapshot& after) {
  const auto seconds = to_seconds(after.time - before.time);
  if (!before.cpu_seconds || !after.cpu_seconds || seconds <= 0) return std::nullopt;
  if (*after.cpu_seconds < *before.cpu_seconds) return std::nullopt;
  return (*after.cpu_seconds - *before.cpu_seconds) / seconds;
}

}  // namespace

server_monitor::server_monitor(http::client& client, const std::vector<boost::urls::url>& urls,
                               const std::vector<target>& targets)
    : client_(client) {
  for (const auto& url : urls) {
    monitored_server server;
    server.url = url;
    server.targets = targets_of_origin(url, targets);
    if (server.targets.size() == 1) server.path = path_of(targets[server.targets.front()]);
    servers_.push_back(std::move(server));
  }
}

task<> server_monitor::scrape() {
  std::vector<task<>> scrapes;
  scrapes.reserve(servers_.size());
  for (auto& server : servers_) scrapes.push_back(scrape_server(client_, server));
  auto all_scrapes = when_all(std::move(scrapes));
  co_await std::move(all_scrapes);
}

task<> server_monitor::scrape_server(http::client& client, monitored_server& server) {
  http::client_request request;
  request.url = server.url;
  request.max_redirects = 1;
  const auto scrape_deadline = deadline::after(loop::current().now(), scrape_timeout);
  const auto response = co_await http::fetch(client, std::move(request), scrape_deadline);
  if (!response) {
    if (response.error() != http::client_error::cancelled) server.failure = make_error_code(response.error()).message();
    co_return;
  }
  if (response->status_code() != 200) {
    server.failure = "responded " + std::to_string(response->status_code());
    co_return;
  }
  auto& snapshot = server.snapshots.emplace_back(make_snapshot(parse_metrics(response->body), server.path));
  snapshot.time = loop::current().now();
  if (!snapshot.has_request_counter) server.failure = "no counter …http_requests_total";
}

void server_monitor::add_to(run_report& report) const {
  for (const auto& server : servers_) report.servers.push_back(describe(server, report));
}

server_report server_monitor::describe(const monitored_server& server, const run_report& report) {
  server_report server_report;
  server_report.url = std::string{server.url.buffer()};
  server_report.failure = server.failure;
  histogram service_time;
  for (const auto target : server.targets) {
    server_report.sent += report.target_stats[target].sent;
    service_time.add(report.target_stats[target].service_time);
  }
  if (server.targets.size() == 1) server_report.target = report.targets[server.targets.front()].name;
  server_report.client_p99_us = service_time.percentile(99);
  const auto& snapshots = server.snapshots;
  if (!server.failure.empty() || snapshots.size() < 2) return server_report;
  server_report.served = counter_increase(snapshots.front().request_count, snapshots.back().request_count);
  server_report.p99_us = percentile_between(snapshots.front(), snapshots.back(), 99);
  for (std::size_t i = 1; i < snapshots.size() && i <= report.phases.size(); ++i) {
    const auto& before = snapshots[i - 1];
    const auto& after = snapshots[i];
    server_report.phases.push_back({.phase = report.phases[i - 1].name,
                                    .cpu_cores = cpu_cores(before, after),
                                    .resident_bytes = after.resident_bytes,
                                    .p99_us = percentile_between(before, after, 99),
                                    .served = counter_increase(before.request_count, after.request_count)});
  }
  return server_report;
}

}  // namespace cohort::loadgen
