// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/session.hpp"

#include <sys/resource.h>

#include <algorithm>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include "loadgen/client/preflight.hpp"
#include "loadgen/options/read_file.hpp"
#include "loadgen/report/json/run_series_reader.hpp"
#include "loadgen/report/report_formats.hpp"
#include "loadgen/results/format.hpp"
#include "loadgen/terminal/unicode_text.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

/// The maximum size of a response to a scrape. The metrics of large servers take several MiB.
constexpr std::size_t max_metrics_bytes = std::size_t{64} << 20;
/// Pause between the trials of a search, during which the queues of the server drain.
constexpr duration pause_between_trials = 500ms;
constexpr duration min_trial_length = 2s;
/// The duration of the confirmation divided by the duration of a trial.
constexpr int trial_length_divisor = 6;

void add_process_usage(generator_report& generator) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto to_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  generator.cpu_seconds = to_seconds(usage.ru_utime) + to_seconds(usage.ru_stime);
  generator.peak_resident_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

/// The reason why a trial is invalid, or the objective that it missed.
std::string failure_reason(const run_verdict& verdict) {
  if (verdict.kind == verdict_kind::invalid) return verdict.reasons.front();
  for (const auto& result : verdict.objectives) {
    if (!result.is_met) return result.definition.text + ": was " + format_value(result.definition, result.value);
  }
  return {};
}

knee_report::trial make_trial(const run_report& report, request_rate rate) {
  return {.rate = rate,
          .is_met = report.verdict.kind == verdict_kind::passed,
          .is_valid = report.verdict.kind != verdict_kind::invalid,
          .p99 = report.totals.response_time.percentile(99),
          .error_rate = report.totals.error_rate(),
          .answered_per_second = per_second(response_count(report.totals.outcomes), report.run_duration),
          .reason = failure_reason(report.verdict)};
}

knee_search::trial_result result_of(const run_verdict& verdict) {
  if (verdict.kind == verdict_kind::passed) return knee_search::trial_result::passed;
  return verdict.kind == verdict_kind::invalid ? knee_search::trial_result::invalid : knee_search::trial_result::failed;
}

task<> pause_for(duration length) {
  auto sleep_task = sleep_for(length);
  co_await std::move(sleep_task);
}

http::client_settings metrics_client_settings(const net::tls_client_settings& target_tls) {
  http::client_settings settings{.max_body_bytes = max_metrics_bytes, .tls = target_tls};
  settings.tls.server_name.clear();
  return settings;
}

std::string trial_label(const knee_search::trial& trial) {
  return (trial.is_confirmation ? "confirming " : "trying ") + format_number(trial.rate.per_second()) + " requests/s";
}

}  // namespace

session::session(const run_configuration& configuration, const run_environment& environment, console& console)
    : configuration_(configuration),
      network_(environment.network, configuration.overrides),
      environment_{environment.control_loop, environment.worker_loops, network_, environment.thread_cpu_time},
      console_(console),
      metrics_client_(network_, environment.control_loop.index() + 1, metrics_client_settings(configuration.load.tls)),
      view_(console.view) {}

session::~session() = default;

std::optional<std::string> session::prepare() {
  if (auto error = read_baseline()) return "--baseline: " + *error;
  if (auto error = files_.open(configuration_)) return error;
  if (configuration_.metrics_port) {
    auto endpoint =
        metrics_endpoint::listen(environment_.control_loop, configuration_.metrics_host, *configuration_.metrics_port);
    if (!endpoint) return "--metrics-port: " + endpoint.error();
    endpoint_ = std::move(*endpoint);
  }
  return std::nullopt;
}

std::optional<std::string> session::read_baseline() {
  const auto& path = configuration_.baseline_file;
  if (path.empty()) return std::nullopt;
  const auto content = read_file(path);
  if (!content) return content.error();
  auto series = parse_run_series(*content);
  if (!series) return "\"" + path + "\" " + series.error();
  // Compares the settings before the run starts, to report differences early.
  auto expected = *series;
  expected.fingerprint = configuration_.fingerprint;
  const auto comparison = compare_runs(*series, expected, path);
  if (!comparison) return comparison.error();
  baseline_ = std::move(*series);
  return std::nullopt;
}

task<int> session::run() {
  if (endpoint_) {
    endpoint_->start();
    console_.write_status("Metrics of this run: http://" + configuration_.metrics_host + ":" +
                          std::to_string(endpoint_->port()) + "/metrics\n");
  }
  std::vector<std::string> preflight_errors;
  if (!configuration_.skip_preflight) co_await run_until_interrupted(check_targets(preflight_errors));
  int status = exit_preflight_failed;
  if (preflight_errors.empty() || early_end_.is_interrupted) {
    run_report report;
    if (configuration_.is_knee_search()) {
      report = co_await run_knee_search();
    } else {
      report = co_await run_load();
    }
    console_.write_status(view_.finish());
    status = finish(std::move(report));
  } else {
    for (const auto& error : preflight_errors) console_.write_status("loadgen: " + terminal::sanitize(error) + "\n");
  }
  if (endpoint_) co_await endpoint_->stop();
  metrics_client_.close_idle();
  co_return status;
}

void session::interrupt(std::string reason) {
  if (early_end_.is_interrupted) return;
  early_end_.is_interrupted = true;
  early_end_.stop_reason = reason;
  interrupted_.notify_all();
  if (current_run_) current_run_->stop(std::move(reason));
}

task<> session::wait_for_interrupt() {
  if (early_end_.is_interrupted) co_return;
  auto wait_task = interrupted_.wait();
  co_await std::move(wait_task);
}

task<> session::run_until_interrupted(task<> work) {
  auto race_task = race(std::move(work), wait_for_interrupt());
  co_await std::move(race_task);
}

task<> session::check_targets(std::vector<std::string>& errors) {
  errors = co_await run_preflight(network_, configuration_.load);
}

void session::set_current_run(load_run* run) {
  current_run_ = run;
  if (endpoint_) endpoint_->set_report(run ? &run->current_report() : nullptr);
}

task<run_report> session::run_load() {
  const auto& settings = configuration_.load;
  server_monitor monitor{metrics_client_, configuration_.server_metrics, settings.targets};
  co_await run_until_interrupted(monitor.scrape());
  load_run run{environment_, settings};
  if (early_end_.is_interrupted) co_return run.take_report();
  run.on_interval([&](const run_report& report, const interval_report& interval) {
    files_.write_interval(report, interval, settings.profile.phases());
    show_progress(report, settings, {});
  });
  set_current_run(&run);
  task_group scrapes{[](const std::exception_ptr& error) { std::rethrow_exception(error); }};
  scrapes.spawn(scrape_at_phase_ends(run, monitor));
  co_await run.run();
  // Cancels the scrapes for phases that did not complete.
  scrapes.cancel();
  co_await scrapes.join();
  co_await monitor.scrape();
  set_current_run(nullptr);
  if (!early_end_.stop_reason) early_end_.stop_reason = run.stop_reason();
  auto report = run.take_report();
  monitor.add_to(report);
  co_return report;
}

task<> session::scrape_at_phase_ends(const load_run& run, server_monitor& monitor) {
  const auto& phases = configuration_.load.profile.phases();
  if (configuration_.server_metrics.empty()) co_return;
  for (std::size_t i = 0; i + 1 < phases.size(); ++i) {
    auto sleep_task = sleep_until(deadline{run.start_time() + phases[i].start + phases[i].length});
    if (co_await std::move(sleep_task) == wait_status::cancelled) co_return;
    co_await monitor.scrape();
  }
}

task<run_report> session::run_trial(const load_settings& settings, const std::string& label) {
  load_run run{environment_, settings};
  run.on_interval([&](const run_report& report, const interval_report&) { show_progress(report, settings, label); });
  set_current_run(&run);
  co_await run.run();
  set_current_run(nullptr);
  auto report = run.take_report();
  report.verdict = evaluate_run(report, configuration_.objectives, {run.stop_reason(), false});
  co_return report;
}

task<run_report> session::run_knee_search() {
  knee_search search{configuration_.rate};
  knee_report knee;
  load_run initial_run{environment_, configuration_.load};
  auto last_report = initial_run.take_report();
  for (auto trial = search.next(); trial && !early_end_.is_interrupted; trial = search.next()) {
    auto settings = configuration_.load;
    const auto length = trial->is_confirmation
                            ? configuration_.length
                            : std::max<duration>(configuration_.length / trial_length_divisor, min_trial_length);
    settings.profile = profile_for_mode("constant", trial->rate, length);
    settings.abort_objectives = configuration_.objectives;
    last_report = co_await run_trial(settings, trial_label(*trial));
    if (early_end_.is_interrupted) break;
    knee.trials.push_back(make_trial(last_report, trial->rate));
    search.on_result(result_of(last_report.verdict));
    co_await run_until_interrupted(pause_for(pause_between_trials));
  }
  // Without a confirmed rate, the highest rate that has passed is a lower bound of the capacity.
  knee.capacity = search.capacity() ? search.capacity() : search.highest_passed_rate();
  knee.is_bounded = search.capacity() && search.is_bounded();
  is_generator_limited_ = search.is_generator_limited();
  last_report.knee = std::move(knee);
  co_return last_report;
}

run_verdict session::evaluate_search(const run_report& report) const {
  auto verdict = report.verdict;
  verdict.reasons.clear();
  verdict.limited_by.clear();
  verdict.hints.clear();
  const auto& knee = *report.knee;
  if (early_end_.is_interrupted) {
    verdict.kind = verdict_kind::interrupted;
    verdict.reasons.push_back(*early_end_.stop_reason);
  } else if (is_generator_limited_) {
    verdict.kind = verdict_kind::invalid;
    verdict.reasons.push_back(
        knee.is_bounded
            ? "The generator was the bottleneck at a rate between the highest rate that met the objectives and "
              "the lowest rate that missed an objective."
            : "The generator was the bottleneck: the capacity is at least the highest rate that met the "
              "objectives.");
    const auto& reason = knee.trials.back().reason;
    verdict.reasons.push_back(reason.empty() ? "A trial at a higher rate was invalid." : reason);
  } else if (knee.capacity) {
    verdict.kind = verdict_kind::passed;
    const auto rate = format_number(knee.capacity->per_second());
    verdict.reasons.push_back(knee.is_bounded
                                  ? "The objectives are met up to " + rate + " requests/s."
                                  : "The objectives are met at " + rate + " requests/s, the highest rate tried.");
  } else {
    verdict.kind = verdict_kind::objective_failed;
    verdict.reasons.push_back("No rate met the objectives.");
  }
  return verdict;
}

void session::show_progress(const run_report& report, const load_settings& settings, const std::string& label) {
  const auto& last = report.intervals.back();
  // Skips a partial interval, because it is the last interval and the report follows immediately.
  if (configuration_.quiet || last.length * 2 < interval_length) return;
  const auto& profile = settings.profile;
  run_progress progress;
  progress.elapsed = last.start + last.length;
  progress.planned_duration = profile.length();
  const auto offset = std::min(progress.elapsed, profile.length() - 1ns);
  progress.phase = label.empty() ? profile.phases()[profile.phase_at(offset)].name : label;
  progress.planned_rate = profile.rate_at(offset).per_second();
  progress.report = &report;
  const auto size = console_.current_size();
  view_.resize(size.columns, size.rows);
  console_.write_status(view_.update(progress));
}

void session::compare_with_baseline(run_report& report) const {
  if (!baseline_ || early_end_.stop_reason) return;
  auto comparison = compare_runs(*baseline_, make_run_series(report), configuration_.baseline_file);
  if (comparison) {
    report.baseline = std::move(*comparison);
  } else {
    console_.write_status("loadgen: --baseline: " + comparison.error() + "\n");
  }
}

int session::finish(run_report report) {
  report.mode = configuration_.mode;
  report.fingerprint = configuration_.fingerprint;
  add_process_usage(report.generator);
  compare_with_baseline(report);
  report.verdict = report.knee ? evaluate_search(report) : evaluate_run(report, configuration_.objectives, early_end_);
  // Writes the files before the text report, because a stopped terminal can block the text output.
  const auto errors = files_.commit(report);
  const auto& write = configuration_.uses_standard_output() ? console_.write_status : console_.write_report;
  write(render_text_report(report, console_.report_options));
  for (const auto& error : errors) console_.write_status("loadgen: " + error + "\n");
  const auto status = report.verdict.exit_status();
  return !errors.empty() && status == 0 ? 1 : status;
}

}  // namespace cohort::loadgen
