#include "loadgen/session.hpp"

#include <sys/resource.h>

#include "core/runtime/task_group.hpp"
#include "loadgen/outputs.hpp"
#include "loadgen/preflight.hpp"
#include "loadgen/terminal.hpp"
#include "loadgen/wishes.hpp"

namespace cohort::loadgen {
namespace {

using problem = std::optional<std::string>;
using namespace std::chrono_literals;

/// Between a search's probes, for what the last one left in the server's queues.
constexpr duration rest_between_probes = 500ms;

problem open_output(const std::string& path, const char* flag, std::unique_ptr<output_file>& into) {
  if (path.empty()) return std::nullopt;
  auto opened = output_file::open(path);
  if (!opened) return std::string{flag} + ": " + opened.error();
  into = std::move(*opened);
  return std::nullopt;
}

void add_process_usage(generator_side& to) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& of) {
    return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6;
  };
  to.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  to.peak_resident_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

/// Why a probe says nothing, or what broke.
std::string why_not(const verdict& of) {
  if (of.kind == verdict_kind::invalid) return of.reasons.front();
  for (const auto& each : of.objectives)
    if (!each.held) return each.wanted.text + ": it was " + describe(each.wanted, each.was);
  return {};
}

std::string rate_label(request_rate rate) { return rate_text(rate.per_second()) + " requests/s"; }

}  // namespace

session::session(const command& wanted, const stage& where, console& to)
    : command_(wanted), stage_(where), console_(to), client_(where.reach, where.control.index() + 1), view_(to.live) {}

session::~session() = default;

problem session::prepare() {
  if (!command_.baseline_file.empty()) {
    const auto content = read_file(command_.baseline_file);
    if (!content) return "--baseline: " + content.error();
    auto series = read_run_series(*content);
    if (!series) return "--baseline: \"" + command_.baseline_file + "\" " + series.error();
    // Refused before an hour is spent on a run that cannot be compared.
    run_series like_ours = *series;
    like_ours.fingerprint = command_.fingerprint;
    const auto comparable = compare(*series, like_ours, command_.baseline_file);
    if (!comparable) return "--baseline: " + comparable.error();
    baseline_ = std::move(*series);
  }
  if (auto wrong = open_output(command_.json_file, "--json", json_)) return wrong;
  if (auto wrong = open_output(command_.csv_file, "--csv", csv_)) return wrong;
  if (auto wrong = open_output(command_.html_file, "--html", html_)) return wrong;
  if (command_.metrics_port) {
    auto listening = exposition::listen(stage_.control, command_.metrics_host, *command_.metrics_port);
    if (!listening) return "--metrics-port: " + listening.error();
    exposition_ = std::move(*listening);
  }
  return std::nullopt;
}

task<int> session::run() {
  if (exposition_) {
    exposition_->start();
    const auto port = std::to_string(exposition_->port());
    console_.watch("Metrics of this run at http://" + command_.metrics_host + ":" + port + "/metrics\n");
  }
  int status = exit_preflight_failed;
  std::vector<std::string> refusals;
  if (!command_.skip_preflight) {
    refusals = co_await preflight(client_, stage_.reach, command_.load.targets, command_.load.timeout);
  }
  for (const auto& each : refusals) console_.watch("loadgen: " + terminal::printable(each) + "\n");
  if (refusals.empty()) {
    loading_ = true;
    report found;
    if (command_.is_search()) {
      found = co_await search_knee();
    } else {
      found = co_await single_run();
    }
    console_.watch(view_.finish());
    status = finish(std::move(found));
  }
  if (exposition_) co_await exposition_->stop();
  client_.close_idle();
  co_return status;
}

void session::interrupt(std::string why) {
  ending_.interrupted = true;
  ending_.stopped_because = why;
  if (current_) current_->stop(std::move(why));
}

task<report> session::single_run() {
  const auto& settings = command_.load;
  server_watch servers{client_, command_.server_metrics, settings.targets};
  co_await servers.scrape();
  load_run running{stage_, settings};
  if (csv_) csv_->write(csv_header());
  running.on_interval([&](const report& so_far, const interval& ended) {
    if (csv_) csv_->write(csv_lines(ended, so_far.targets, settings.schedule.phases()));
    show(so_far, settings, {});
  });
  current_ = &running;
  if (exposition_) exposition_->show(&running.findings());
  task_group scraping{[](const std::exception_ptr& why) { std::rethrow_exception(why); }};
  scraping.spawn(scrape_at_phase_ends(running, servers));
  co_await running.run();
  // Of phases that did not come to their end there is no figure at their end.
  scraping.cancel();
  co_await scraping.join();
  co_await servers.scrape();
  current_ = nullptr;
  if (exposition_) exposition_->show(nullptr);
  if (!ending_.stopped_because) ending_.stopped_because = running.stopped_because();
  auto found = running.take_findings();
  servers.describe(found);
  co_return found;
}

task<> session::scrape_at_phase_ends(const load_run& of, server_watch& servers) {
  const auto& phases = command_.load.schedule.phases();
  if (command_.server_metrics.empty()) co_return;
  for (std::size_t i = 0; i + 1 < phases.size(); ++i) {
    auto sleeping = sleep_until(deadline{of.start() + phases[i].start + phases[i].length});
    if (co_await std::move(sleeping) == wait_status::cancelled) co_return;
    co_await servers.scrape();
  }
}

task<report> session::probe(const load_settings& settings, const std::string& label) {
  load_run running{stage_, settings};
  running.on_interval([&](const report& so_far, const interval&) { show(so_far, settings, label); });
  current_ = &running;
  if (exposition_) exposition_->show(&running.findings());
  co_await running.run();
  current_ = nullptr;
  if (exposition_) exposition_->show(nullptr);
  auto found = running.take_findings();
  found.outcome = judge(found, command_.objectives, {running.stopped_because(), false});
  co_return found;
}

task<report> session::search_knee() {
  knee_search search{command_.rate};
  knee_result result;
  report last;
  for (auto next = search.next(); next && !ending_.interrupted; next = search.next()) {
    auto settings = command_.load;
    const auto length = next->is_confirmation ? command_.length : std::max<duration>(command_.length / 6, 2s);
    settings.schedule = plan_of_mode("constant", next->rate, length);
    settings.abort_on = command_.objectives;
    const auto label = (next->is_confirmation ? "confirming " : "trying ") + rate_label(next->rate);
    last = co_await probe(settings, label);
    if (ending_.interrupted) break;
    knee_result::probe tried;
    tried.rate = next->rate;
    tried.held = last.outcome.kind == verdict_kind::passed;
    tried.is_valid = last.outcome.kind != verdict_kind::invalid;
    tried.p99 = last.all.response.percentile(99);
    tried.error_rate = last.all.error_rate();
    const auto seconds = std::chrono::duration<double>(last.took).count();
    tried.answered_per_second = seconds > 0 ? static_cast<double>(answers(last.all.outcomes)) / seconds : 0;
    tried.why = why_not(last.outcome);
    result.probes.push_back(std::move(tried));
    search.on_result(last.outcome.kind == verdict_kind::passed    ? knee_search::finding::held
                     : last.outcome.kind == verdict_kind::invalid ? knee_search::finding::generator_gave_out
                                                                  : knee_search::finding::broke);
    auto rest = sleep_for(rest_between_probes);
    co_await std::move(rest);
  }
  // Of a search that was cut short: what is known is that it is no less.
  result.capacity = search.capacity() ? search.capacity() : search.held();
  result.bounded = search.capacity() && search.is_bounded();
  generator_gave_out_ = search.generator_gave_out();
  last.knee = std::move(result);
  co_return last;
}

verdict session::judge_search(const report& found) const {
  verdict made = found.outcome;
  made.reasons.clear();
  const auto& knee = *found.knee;
  if (ending_.interrupted) {
    made.kind = verdict_kind::interrupted;
    made.reasons.push_back(*ending_.stopped_because);
  } else if (generator_gave_out_) {
    made.kind = verdict_kind::invalid;
    made.reasons.push_back(knee.bounded
                               ? "The generator gave out while it searched between a rate that held and one that broke."
                               : "The generator gave out before the server did: the capacity is at least what held.");
    made.reasons.push_back(knee.probes.back().why.empty() ? "A faster probe was invalid." : knee.probes.back().why);
  } else if (knee.capacity) {
    made.kind = verdict_kind::passed;
    made.reasons.push_back("The objectives hold up to " + rate_label(*knee.capacity) + ".");
  } else {
    made.kind = verdict_kind::objective_failed;
    made.reasons.push_back("No rate was found at which the objectives hold.");
  }
  return made;
}

void session::show(const report& so_far, const load_settings& settings, const std::string& label) {
  // Of what is left after the last second there is nothing to show: the report comes.
  if (command_.quiet || so_far.intervals.back().length * 2 < interval_length) return;
  progress now;
  now.elapsed = so_far.intervals.back().start + so_far.intervals.back().length;
  now.length = settings.schedule.length();
  const auto at = std::min(now.elapsed, now.length - 1ns);
  now.phase = label.empty() ? settings.schedule.phases()[settings.schedule.phase_at(at)].name : label;
  now.planned_per_second = settings.closed_loop ? 0 : settings.schedule.rate_at(at).per_second();
  now.so_far = &so_far;
  const auto size = console_.screen();
  view_.resize(size.columns, size.rows);
  console_.watch(view_.update(now));
}

void session::compare_with_baseline(report& found) const {
  if (!baseline_ || ending_.stopped_because) return;
  auto compared = compare(*baseline_, series_of(found), command_.baseline_file);
  if (compared) {
    found.baseline = std::move(*compared);
  } else {
    console_.watch("loadgen: --baseline: " + compared.error() + "\n");
  }
}

int session::finish(report found) {
  found.mode = command_.mode;
  found.fingerprint = command_.fingerprint;
  add_process_usage(found.generator);
  compare_with_baseline(found);
  found.outcome = found.knee ? judge_search(found) : judge(found, command_.objectives, ending_);
  // Before the text, which a stopped terminal may keep waiting.
  std::vector<std::string> problems;
  write_files(found, problems);
  const auto& say = command_.uses_standard_output() ? console_.watch : console_.report;
  say(text_report(found, console_.report_style));
  for (const auto& each : problems) console_.watch("loadgen: " + each + "\n");
  if (!problems.empty() && found.outcome.exit_status() == 0) return 1;
  return found.outcome.exit_status();
}

void session::write_files(const report& found, std::vector<std::string>& problems) {
  const auto commit = [&](const std::unique_ptr<output_file>& file) {
    if (const auto wrong = file->commit()) problems.push_back(*wrong);
  };
  if (json_) {
    json_->write(json_report(found));
    commit(json_);
  }
  if (html_) {
    html_->write(html_report(found));
    commit(html_);
  }
  if (csv_) commit(csv_);
}

}  // namespace cohort::loadgen
