// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/audit/audit_analysis.hpp>

#include <algorithm>
#include <cmath>

#include <cohort/sim/audit/audit_text.hpp>

namespace cohort::sim {
namespace {

time_quantiles quantiles_of(std::vector<duration> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  // Quantile by the nearest-rank method.
  const auto at = [&](double quantile) {
    const auto rank = std::ceil(quantile * static_cast<double>(samples.size()));
    return samples[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  };
  return {samples.size(), at(0.5), at(0.99), samples.back()};
}

}  // namespace

void audit_analysis::add(audit_finding_kind kind, key finding_key, duration worst, std::string description) {
  auto& found = findings_[{kind, std::move(finding_key)}];
  if (found.count++ > 0 && worst <= found.worst) return;
  found.worst = worst;
  found.description = std::move(description);
}

duration audit_analysis::timeout_of(const request& caller, const call& upstream_call) const {
  const auto found = audit_.timeouts_.find({caller.service->name(), upstream_call.upstream});
  return found == audit_.timeouts_.end() ? duration{0} : found->second;
}

void audit_analysis::add_budgets() {
  for (const auto& each : audit_.requests_) {
    if (each.is_streamed) continue;
    auto& row = budgets_[{each.service->name(), each.route, ""}];
    if (!each.deadline.is_never()) row.given.push_back(each.deadline.remaining(each.started));
    row.used.push_back(each.ended - each.started);
    if (each.has_succeeded) row.needed.push_back(each.ended - each.started);
    if (each.is_cancelled_by_deadline) ++row.timeouts;
    for (const auto& upstream_call : each.calls) {
      auto& calls = budgets_[{each.service->name(), each.route, upstream_call.upstream}];
      if (!upstream_call.deadline.is_never())
        calls.given.push_back(upstream_call.deadline.remaining(upstream_call.started));
      calls.used.push_back(upstream_call.ended - upstream_call.started);
      if (upstream_call.outcome == "ok") calls.needed.push_back(upstream_call.ended - upstream_call.started);
      if (upstream_call.outcome == "timeout") ++calls.timeouts;
    }
  }
}

void audit_analysis::find_late_deadlines(const request& request) {
  if (request.deadline.is_never()) return;
  for (const auto& upstream_call : request.calls) {
    const bool is_late = upstream_call.deadline.is_never() ||
                         upstream_call.deadline.time() > request.deadline.time() + audit_.limits_.deadline_tolerance;
    if (!is_late) continue;
    const auto excess =
        upstream_call.deadline.is_never() ? duration::max() : upstream_call.deadline.time() - request.deadline.time();
    add(audit_finding_kind::late_deadline, {request.service->name(), request.route, upstream_call.upstream}, excess,
        upstream_call.deadline.is_never()
            ? "the call has no deadline, although its request has one"
            : "the deadline of the call is " + audit_time(excess) + " later than the deadline of its request");
  }
}

/// Whether the caller, not the route, determines the deadline of the request.
bool audit_analysis::is_limited_by_caller(const request& request) {
  if (caller_deadlines_.empty()) {
    for (const auto& each : audit_.fleet_.recorder().exchanges()) {
      const auto remaining = each.remaining_time.value_or(duration::max());
      caller_deadlines_[{each.server->name, each.received_at}] = remaining;
    }
  }
  const auto sent = caller_deadlines_.find({request.service->name(), request.started});
  if (sent == caller_deadlines_.end()) return false;
  return sent->second <= request.deadline.remaining(request.started) + audit_.limits_.deadline_tolerance;
}

/// The chain of sequential calls with the largest sum of timeouts. A single call is not a chain: the deadline caps its
/// timeout.
void audit_analysis::find_excessive_timeouts(const request& request) {
  if (request.deadline.is_never() || request.is_streamed || request.calls.size() < 2 || is_limited_by_caller(request))
    return;
  struct chain {
    duration sum{};
    std::size_t length = 0;
    std::string text;
  };
  // For each call, the chain that ends with this call, in the order in which the calls started.
  std::vector<chain> chains;
  for (const auto& upstream_call : request.calls) {
    chain longest;
    for (std::size_t j = 0; j < chains.size(); ++j) {
      const auto& earlier_call = request.calls[j];
      // Calls that started at the same time are concurrent, even if one of them failed immediately.
      const bool is_before =
          earlier_call.started < upstream_call.started && earlier_call.ended <= upstream_call.started;
      if (is_before && chains[j].sum > longest.sum) longest = chains[j];
    }
    const auto timeout = timeout_of(request, upstream_call);
    longest.sum += timeout;
    longest.text += (longest.length++ > 0 ? ", then " : "") + upstream_call.upstream + " " + audit_time(timeout);
    chains.push_back(std::move(longest));
  }
  const auto longest = std::ranges::max_element(chains, {}, &chain::sum);
  const auto budget = request.deadline.remaining(request.started);
  if (longest->length < 2 || longest->sum <= budget) return;
  add(audit_finding_kind::excessive_timeouts, {request.service->name(), request.route, ""}, longest->sum,
      "sequential timeouts add up to " + audit_time(longest->sum) + " (" + longest->text +
          "), more than the route deadline of " + audit_time(budget));
}

void audit_analysis::find_small_reserves() {
  struct times {
    std::vector<duration> needed;
    duration time_left = duration::max();
  };
  std::map<key, times> routes;
  for (const auto& each : audit_.requests_) {
    const bool has_end = !each.is_cancelled || each.is_cancelled_by_deadline;
    if (each.deadline.is_never() || each.is_streamed || each.calls.empty() || !has_end) continue;
    const auto last = std::ranges::max(each.calls, {}, &call::ended);
    auto& route = routes[{each.service->name(), each.route, ""}];
    route.needed.push_back(each.ended - last.ended);
    // The time that remains if the last call runs until its deadline.
    if (last.deadline <= each.deadline)
      route.time_left = std::min(route.time_left, each.deadline.time() - last.deadline.time());
  }
  for (auto& [finding_key, route] : routes) {
    const auto needed_time = quantiles_of(route.needed);
    if (needed_time.p99 <= route.time_left) continue;
    const auto time_left = route.time_left;
    const auto count = std::ranges::count_if(route.needed, [&](duration span) { return span > time_left; });
    auto& found = findings_[{audit_finding_kind::small_reserve, finding_key}];
    found.count = static_cast<std::uint64_t>(count);
    found.description = "the handler takes " + audit_time(needed_time.p99) +
                        " after its last call (p99); a call that ends at "
                        "its deadline leaves " +
                        audit_time(time_left);
  }
}

void audit_analysis::find_missing_contexts() {
  struct calls {
    std::uint64_t count = 0;
    /// Whether a call was made while no request was in progress.
    bool is_background = false;
    std::set<std::string> routes;
  };
  std::map<std::string, std::vector<const request*>> requests_by_service;
  std::set<std::pair<std::string, std::string>> request_ids;
  for (const auto& each : audit_.requests_) {
    requests_by_service[each.service->name()].push_back(&each);
    request_ids.emplace(each.service->name(), each.id);
  }
  std::map<std::pair<std::string, std::string>, calls> calls_without_context;
  for (const auto& each : audit_.fleet_.recorder().exchanges()) {
    const auto service = requests_by_service.find(each.client->name);
    const bool is_expected = audit_.background_calls_.contains({each.client->name, each.server->name});
    if (service == requests_by_service.end() || is_expected ||
        request_ids.contains({each.client->name, each.request_id}))
      continue;
    auto& group = calls_without_context[{each.client->name, each.server->name}];
    ++group.count;
    std::string route;
    for (const auto* candidate : service->second) {
      if (candidate->started <= each.received_at && candidate->ended >= each.received_at) route = candidate->route;
    }
    group.is_background = group.is_background || route.empty();
    group.routes.insert(std::move(route));
  }
  for (const auto& [finding_key, group] : calls_without_context) {
    // Periodic jobs also make calls while no request is in progress.
    if (group.is_background) continue;
    auto& found =
        findings_[{audit_finding_kind::missing_context,
                   {finding_key.first, group.routes.size() == 1 ? *group.routes.begin() : "", finding_key.second}}];
    found.count = group.count;
    found.description =
        "all calls were made during a request, but without its call_context: they have neither its "
        "deadline nor its request ID";
  }
}

void audit_analysis::find_work_after_disconnect() {
  std::multimap<std::pair<std::string, time_point>, const request*> requests_by_start;
  for (const auto& each : audit_.requests_)
    requests_by_start.emplace(std::pair{each.service->name(), each.started}, &each);
  for (const auto& each : audit_.fleet_.recorder().exchanges()) {
    if (!each.client_closed_at || each.response_started_at) continue;
    const auto [first, last] = requests_by_start.equal_range({each.server->name, each.received_at});
    for (auto candidate = first; candidate != last; ++candidate) {
      const auto& server_request = *candidate->second;
      const auto excess = server_request.ended - *each.client_closed_at;
      if (server_request.is_streamed || excess <= audit_.limits_.disconnect_tolerance) continue;
      add(audit_finding_kind::work_after_disconnect, {server_request.service->name(), server_request.route, ""}, excess,
          "the handler continued for " + audit_time(excess) + " after its client had disconnected");
      break;
    }
  }
}

audit_report audit_analysis::run() {
  add_budgets();
  for (const auto& each : audit_.requests_) {
    find_late_deadlines(each);
    find_excessive_timeouts(each);
  }
  find_small_reserves();
  find_missing_contexts();
  find_work_after_disconnect();
  audit_report report;
  for (auto& [finding_key, row] : budgets_) {
    const auto& [service, route, upstream] = finding_key;
    report.budgets.push_back({service, route, upstream, row.timeouts, quantiles_of(std::move(row.given)),
                              quantiles_of(std::move(row.used)), quantiles_of(std::move(row.needed))});
  }
  for (auto& [what, found] : findings_) {
    const auto& [service, route, upstream] = what.second;
    report.findings.push_back({what.first, service, route, upstream, found.count, std::move(found.description)});
  }
  return report;
}

}  // namespace cohort::sim
