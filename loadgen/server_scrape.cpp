#include "loadgen/server_scrape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/runtime/when_all.hpp"

namespace cohort::loadgen {
namespace {

/// Up to here a double tells one number from the next.
constexpr double greatest_count = 9'007'199'254'740'992;
/// A bound that is beyond all time, so as good as infinite.
constexpr double longest_seconds = 1e9;

constexpr duration scrape_time = std::chrono::seconds{2};

std::optional<double> number_of(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

/// Reads `name="value",…}` and leaves `text` behind it.
bool read_labels(std::string_view& text, std::map<std::string, std::string, std::less<>>& into) {
  while (!text.empty() && text.front() != '}') {
    const auto equals = text.find("=\"");
    if (equals == std::string_view::npos) return false;
    const std::string name{http::trimmed(text.substr(0, equals))};
    text.remove_prefix(equals + 2);
    std::string value;
    while (!text.empty() && text.front() != '"') {
      const bool escaped = text.front() == '\\' && text.size() > 1;
      if (escaped) text.remove_prefix(1);
      value += escaped && text.front() == 'n' ? '\n' : text.front();
      text.remove_prefix(1);
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
    into[name] = std::move(value);
    text = http::trimmed(text);
    if (!text.empty() && text.front() == ',') text = http::trimmed(text.substr(1));
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<metric_sample> sample_of(std::string_view line) {
  metric_sample made;
  const auto name_end = line.find_first_of("{ \t");
  if (line.starts_with('#') || name_end == 0 || name_end == std::string_view::npos) return std::nullopt;
  made.name = line.substr(0, name_end);
  const bool has_labels = line[name_end] == '{';
  line.remove_prefix(name_end + 1);
  if (has_labels && !read_labels(line, made.labels)) return std::nullopt;
  line = http::trimmed(line);
  const auto value = number_of(line.substr(0, line.find_first_of(" \t\r")));
  // A sum would be lost to what is no number, infinite or beyond counting.
  if (!value || !(std::abs(*value) <= greatest_count)) return std::nullopt;
  made.value = *value;
  return made;
}

bool is_for(const metric_sample& each, std::string_view path) {
  static constexpr std::array<std::string_view, 4> route_labels{"endpoint", "path", "route", "handler"};
  for (const auto name : route_labels) {
    const auto found = each.labels.find(name);
    if (found != each.labels.end() && found->second == path) return true;
  }
  return false;
}

std::string path_of(const target& of) {
  const std::string path{of.request.url.encoded_path()};
  return path.empty() ? "/" : path;
}

/// Of a counter. A server that was started anew counts from zero, as Prometheus takes it.
std::uint64_t difference(std::uint64_t before, std::uint64_t after) { return after >= before ? after - before : after; }

}  // namespace

std::vector<metric_sample> parse_metrics(std::string_view text) {
  std::vector<metric_sample> all;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (auto sample = sample_of(http::trimmed(text.substr(0, end)))) all.push_back(std::move(*sample));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

server_snapshot snapshot_of(const std::vector<metric_sample>& samples, std::string_view path) {
  bool knows_route = false;
  for (const auto& each : samples) {
    knows_route = knows_route || (!path.empty() && each.name.ends_with("http_requests_total") && is_for(each, path));
  }
  server_snapshot made;
  double served = 0;
  for (const auto& each : samples) {
    if (each.name == "process_cpu_seconds_total") made.cpu_seconds = each.value;
    if (each.name == "process_resident_memory_bytes") made.resident_bytes = each.value;
    if (knows_route && !is_for(each, path)) continue;
    made.counts_requests = made.counts_requests || each.name.ends_with("http_requests_total");
    if (each.name.ends_with("http_requests_total")) served += each.value;
    const auto bound = each.labels.find("le");
    if (!each.name.ends_with("http_request_duration_seconds_bucket") || bound == each.labels.end()) continue;
    if (const auto upper = number_of(bound->second); upper && *upper > 0) made.buckets[*upper] += each.value;
  }
  made.served = static_cast<std::uint64_t>(std::llround(std::clamp(served, 0.0, greatest_count)));
  return made;
}

std::optional<std::uint64_t> percentile_between(const server_snapshot& before, const server_snapshot& after,
                                                double percent) {
  if (after.buckets.empty()) return std::nullopt;
  const auto came = [&](double bound, double count) {
    const auto found = before.buckets.find(bound);
    return count - (found == before.buckets.end() ? 0 : found->second);
  };
  const auto all = came(after.buckets.rbegin()->first, after.buckets.rbegin()->second);
  if (all <= 0) return std::nullopt;
  const auto rank = percent / 100 * all;
  double lower = 0;
  double below = 0;
  for (const auto& [bound, count] : after.buckets) {
    const auto up_to = came(bound, count);
    if (up_to >= rank) {
      if (bound > longest_seconds) return std::nullopt;
      const auto part = up_to > below ? (rank - below) / (up_to - below) : 1;
      return static_cast<std::uint64_t>(std::llround((lower + (bound - lower) * part) * 1e6));
    }
    lower = bound;
    below = up_to;
  }
  return std::nullopt;
}

server_watch::server_watch(http::client& through, const std::vector<boost::urls::url>& urls,
                           const std::vector<target>& targets)
    : client_(through) {
  for (const auto& url : urls) {
    watched each;
    each.url = url;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (http::origin_of(url) == http::origin_of(targets[i].request.url)) each.targets.push_back(i);
    }
    if (each.targets.empty()) {
      for (std::size_t i = 0; i < targets.size(); ++i) each.targets.push_back(i);
    }
    if (each.targets.size() == 1) each.path = path_of(targets[each.targets.front()]);
    all_.push_back(std::move(each));
  }
}

task<> server_watch::scrape() {
  std::vector<task<>> asking;
  asking.reserve(all_.size());
  for (auto& each : all_) asking.push_back(scrape_one(client_, each));
  auto all = when_all(std::move(asking));
  co_await std::move(all);
}

task<> server_watch::scrape_one(http::client& through, watched& which) {
  http::client_request request;
  request.url = which.url;
  request.redirects = 1;
  const auto answer = co_await through.call(std::move(request), deadline::after(loop::current().now(), scrape_time));
  if (!answer) {
    if (answer.error() != http::client_error::cancelled) which.failure = make_error_code(answer.error()).message();
  } else if (answer->code_number != 200) {
    which.failure = "it answered " + std::to_string(answer->code_number);
  } else {
    which.snapshots.push_back(snapshot_of(parse_metrics(answer->body), which.path));
    which.snapshots.back().taken = loop::current().now();
    if (!which.snapshots.back().counts_requests) which.failure = "it has no counter …http_requests_total";
  }
}

void server_watch::describe(report& into) const {
  for (const auto& each : all_) into.servers.push_back(described(each, into));
}

server_side server_watch::described(const watched& which, const report& of) const {
  server_side made;
  made.url = std::string{which.url.buffer()};
  made.failure = which.failure;
  histogram ours;
  for (const auto i : which.targets) {
    made.sent += of.by_target[i].sent;
    ours.add(of.by_target[i].service);
  }
  if (which.targets.size() == 1) made.target = of.targets[which.targets.front()].name;
  made.client_p99_us = ours.percentile(99);
  if (!which.failure.empty() || which.snapshots.size() < 2) return made;
  made.served = difference(which.snapshots.front().served, which.snapshots.back().served);
  made.p99_us = percentile_between(which.snapshots.front(), which.snapshots.back(), 99);
  for (std::size_t i = 1; i < which.snapshots.size() && i <= of.phases.size(); ++i) {
    const auto& before = which.snapshots[i - 1];
    const auto& after = which.snapshots[i];
    server_side::during_phase during;
    during.phase = of.phases[i - 1].name;
    during.served = difference(before.served, after.served);
    during.p99_us = percentile_between(before, after, 99);
    during.resident_bytes = after.resident_bytes;
    // Less than before: it is another process.
    const bool is_same_process = before.cpu_seconds && after.cpu_seconds && *after.cpu_seconds >= *before.cpu_seconds;
    const auto seconds = std::chrono::duration<double>(after.taken - before.taken).count();
    if (is_same_process && seconds > 0) during.cpu_cores = (*after.cpu_seconds - *before.cpu_seconds) / seconds;
    made.phases.push_back(std::move(during));
  }
  return made;
}

}  // namespace cohort::loadgen
