// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/debug/debug_snapshot.hpp>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <memory>

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::service {
namespace {

/// The responses of the loops. Used on the querying loop only.
struct pending_query {
  explicit pending_query(std::size_t count) : snapshots(count), pending_count(count) {}

  std::vector<std::optional<loop_snapshot>> snapshots;
  std::size_t pending_count;
  event all_received;
};

void add_activities(loop_snapshot& result, loop& current) {
  current.activities().visit([&](const activity& running) {
    if (result.activities.size() == max_activities) {
      ++result.activities_omitted;
      return;
    }
    auto& added = result.activities.emplace_back(activity_snapshot{running.kind(),
                                                                   running.name(),
                                                                   {running.trace_high(), running.trace_low()},
                                                                   running.start_time(),
                                                                   std::nullopt});
    if (const auto* record = dynamic_cast<const telemetry::request_record*>(running.recorder())) added.record = *record;
  });
}

loop_snapshot take_snapshot(http::server_shard& shard, const std::vector<http::client*>& clients,
                            time_point query_time) {
  auto& current = shard.event_loop();
  loop_snapshot result;
  result.snapshot_time = current.now();
  result.lag = result.snapshot_time - query_time;
  result.tasks = current.task_counter().value();
  result.timers = current.timers().armed_count();
  result.connections = shard.open_connections();
  shard.requests().visit_open([&](const auto& record, const auto*) { result.in_flight.push_back(record); });
  shard.requests().visit_completed(
      [&](const auto& record, const auto* keep_reason) { result.finished.emplace_back(*keep_reason, record); });
  add_activities(result, current);
  for (auto* client : clients) {
    std::ranges::move(client->upstreams().statuses(), std::back_inserter(result.upstreams));
    std::ranges::move(client->origins(), std::back_inserter(result.origins));
  }
  return result;
}

}  // namespace

task<std::vector<std::optional<loop_snapshot>>> take_snapshots(const std::vector<loop*>& loops, http::server& server,
                                                               std::vector<http::client*> clients, duration max_wait) {
  auto& caller = loop::current();
  const auto query_time = caller.now();
  // Shared, because a loop may respond after the wait has ended.
  const auto query = std::make_shared<pending_query>(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    auto* const shard = server.shards()[i].get();
    asio::post(loops[i]->get_executor(), [query, i, shard, query_time, clients, &caller] {
      auto snapshot = std::make_shared<loop_snapshot>(take_snapshot(*shard, clients, query_time));
      asio::post(caller.get_executor(), [query, i, snapshot] {
        query->snapshots[i] = std::move(*snapshot);
        if (--query->pending_count == 0) query->all_received.set();
      });
    });
  }
  auto wait_task = query->all_received.wait(deadline::after(query_time, max_wait));
  co_await std::move(wait_task);
  // A copy, because a loop that responds after the wait still writes to the original.
  co_return query->snapshots;
}

}  // namespace cohort::service
