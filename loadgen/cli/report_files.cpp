// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/report_files.hpp"

#include "loadgen/report/report_formats.hpp"

namespace cohort::loadgen {
namespace {

std::optional<std::string> open_file(const std::string& path, const char* flag, std::unique_ptr<output_file>& file) {
  if (path.empty()) return std::nullopt;
  auto opened = output_file::open(path);
  if (!opened) return std::string{flag} + ": " + opened.error();
  file = std::move(*opened);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> report_files::open(const run_configuration& configuration) {
  if (auto error = open_file(configuration.json_file, "--json", json_)) return error;
  if (auto error = open_file(configuration.csv_file, "--csv", csv_)) return error;
  if (auto error = open_file(configuration.html_file, "--html", html_)) return error;
  if (csv_) csv_->write(csv_header());
  return std::nullopt;
}

void report_files::write_interval(const run_report& report, const interval_report& interval,
                                  const std::vector<load_profile::phase>& phases) {
  if (csv_) csv_->write(csv_rows(interval, report.targets, phases));
}

std::vector<std::string> report_files::commit(const run_report& report) {
  if (json_) json_->write(render_json_report(report));
  if (html_) html_->write(render_html_report(report));
  std::vector<std::string> errors;
  for (const auto* file : {&json_, &html_, &csv_}) {
    if (!*file) continue;
    if (auto error = (*file)->commit()) errors.push_back(std::move(*error));
  }
  return errors;
}

}  // namespace cohort::loadgen
