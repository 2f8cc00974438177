#include "services/dashboard/alert_store.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/json/writer.hpp"
#include "services/dashboard/rfc3339.hpp"

namespace cohort::dashboard {
namespace {

std::size_t severity_rank(const alert& of) {
  static constexpr std::array<std::string_view, 3> known{"critical", "warning", "info"};
  if (!of.severity) return known.size();
  return static_cast<std::size_t>(std::find(known.begin(), known.end(), *of.severity) - known.begin());
}

void write_optional(json::writer& out, std::string_view name, const std::optional<std::string>& text) {
  out.key(name);
  if (text) {
    out.value(*text);
  } else {
    out.null();
  }
}

void write_alert(json::writer& out, const alert& of, wall_time until, bool stale) {
  // In seconds before the difference is taken: in nanoseconds that of two far years has no room.
  const auto lasted =
      (std::chrono::floor<std::chrono::seconds>(until) - std::chrono::floor<std::chrono::seconds>(of.starts_at))
          .count();
  out.open_object().field("name", of.name);
  write_optional(out, "severity", of.severity);
  write_optional(out, "service", of.service);
  write_optional(out, "summary", of.summary);
  write_optional(out, "description", of.description);
  write_optional(out, "runbook_url", of.runbook_url);
  out.field("starts_at", format_rfc3339(of.starts_at));
  if (!of.firing) out.field("ends_at", format_rfc3339(of.ends_at));
  // Another machine's clock may be ahead of this one's.
  out.field("for_seconds", std::max<std::int64_t>(lasted, 0)).field("stale", stale);
  out.key("labels").open_object();
  for (const auto& [name, value] : of.labels) out.field(name, value);
  out.close_object().field("fingerprint", of.fingerprint).close_object();
}

}  // namespace

alert_store::taken alert_store::take(alert_webhook told, time_point now) {
  const std::lock_guard lock{mutex_};
  let_time_pass(now);
  taken count{.truncated = told.truncated, .shortened = told.shortened};
  for (auto& each : told.alerts) take_one(std::move(each), now, count);
  make_room(count);
  miss(count.dropped + count.truncated, now);
  // Also when nothing but a time of confirmation is new: a reader shows how old it is.
  ++revision_;
  return count;
}

void alert_store::take_one(alert told, time_point now, taken& count) {
  ++(told.firing ? count.firing : count.resolved);
  if (told.name == "Watchdog") {
    // It ends only when Prometheus does not confirm it any more, which may be known sooner than its silence.
    if (monitoring_at(now) != monitoring::ok) watched_since_ = now;
    watchdog_ended_ = !told.firing;
    if (told.firing) watchdog_heard_ = now;
    return;
  }
  const auto known = alerts_.find(told.fingerprint);
  if (known == alerts_.end()) {
    auto key = told.fingerprint;
    alerts_.emplace(std::move(key), kept{std::move(told), now});
    return;
  }
  const bool said_before = !told.firing && !known->second.what.firing;
  if (!said_before) known->second.heard = now;
  known->second.what = std::move(told);
}

void alert_store::make_room(taken& count) {
  auto resolved = sorted(false);
  auto firing = sorted(true);
  std::size_t bytes = 0;
  for (const auto& [fingerprint, one] : alerts_) bytes += one.what.text_bytes();
  const auto drop_last = [&](std::vector<const kept*>& from) {
    bytes -= from.back()->what.text_bytes();
    alerts_.erase(alerts_.find(from.back()->what.fingerprint));
    from.pop_back();
  };
  while (resolved.size() > most_resolved || alerts_.size() > most_alerts || bytes > most_bytes) {
    ++(resolved.empty() ? count.dropped : count.forgotten);
    drop_last(resolved.empty() ? firing : resolved);
  }
}

void alert_store::miss(std::uint64_t count, time_point now) {
  if (count == 0 || count < missing_) return;
  missing_ = count;
  missing_heard_ = now;
}

void alert_store::let_time_pass(time_point now) {
  const auto state = monitoring_at(now);
  const auto forgotten = std::erase_if(alerts_, [&](const auto& each) { return is_over(each.second, now); });
  const auto stale = static_cast<std::size_t>(
      std::count_if(alerts_.begin(), alerts_.end(), [&](const auto& each) { return is_stale(each.second, now); }));
  const bool found_all = missing_ > 0 && now - missing_heard_ >= stale_after;
  if (found_all) missing_ = 0;
  if (state != was_ || stale != stale_ || forgotten > 0 || found_all) ++revision_;
  was_ = state;
  stale_ = stale;
}

alert_store::monitoring alert_store::monitoring_at(time_point now) const {
  if (!watchdog_heard_) return monitoring::unknown;
  return watchdog_ended_ || now - *watchdog_heard_ >= silent_after ? monitoring::silent : monitoring::ok;
}

bool alert_store::is_stale(const kept& one, time_point now) const {
  return one.what.firing && now - one.heard >= stale_after;
}

bool alert_store::is_over(const kept& one, time_point now) const {
  if (!one.what.firing) return now - one.heard >= resolved_kept;
  return monitoring_at(now) == monitoring::ok && now - std::max(one.heard, watched_since_) >= stale_after + stale_kept;
}

std::vector<const alert_store::kept*> alert_store::sorted(bool firing) const {
  std::vector<const kept*> some;
  for (const auto& [fingerprint, one] : alerts_)
    if (one.what.firing == firing) some.push_back(&one);
  std::sort(some.begin(), some.end(), [firing](const kept* one, const kept* other) {
    const auto& a = one->what;
    const auto& b = other->what;
    if (!firing) return std::tie(b.ends_at, a.fingerprint) < std::tie(a.ends_at, b.fingerprint);
    return std::tuple{severity_rank(a), a.starts_at, a.fingerprint} <
           std::tuple{severity_rank(b), b.starts_at, b.fingerprint};
  });
  return some;
}

std::string alert_store::body(time_point now, wall_time today) {
  static constexpr std::array<std::string_view, 3> state_names{"unknown", "ok", "silent"};
  const std::lock_guard lock{mutex_};
  let_time_pass(now);
  std::string text;
  json::writer out{text};
  out.open_object().key("monitoring").open_object().field("state", state_names.at(static_cast<std::size_t>(was_)));
  out.key("last_heard_seconds");
  if (watchdog_heard_) {
    // Another loop may have looked at the clock a moment later.
    out.value(std::chrono::floor<std::chrono::seconds>(std::max(now - *watchdog_heard_, duration{})).count());
  } else {
    out.null();
  }
  out.close_object().key("firing").open_array();
  for (const auto* each : sorted(true)) write_alert(out, each->what, today, is_stale(*each, now));
  out.close_array().key("resolved").open_array();
  for (const auto* each : sorted(false)) write_alert(out, each->what, each->what.ends_at, false);
  out.close_array().field("not_shown", missing_).close_object();
  return text;
}

std::uint64_t alert_store::revision(time_point now) {
  const std::lock_guard lock{mutex_};
  let_time_pass(now);
  return revision_;
}

}  // namespace cohort::dashboard
