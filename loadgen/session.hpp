#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http/client.hpp"
#include "loadgen/command_line.hpp"
#include "loadgen/exposition.hpp"
#include "loadgen/judge.hpp"
#include "loadgen/knee_search.hpp"
#include "loadgen/live_view.hpp"
#include "loadgen/load_run.hpp"
#include "loadgen/output_file.hpp"
#include "loadgen/server_scrape.hpp"

namespace cohort::loadgen {

inline constexpr int exit_preflight_failed = 122;

struct screen_size {
  unsigned columns = 80;
  unsigned rows = 24;
};

/// What a session prints, and where: text to people who watch it, and the report at the end.
struct console {
  std::function<void(std::string_view)> watch;   // standard error
  std::function<void(std::string_view)> report;  // standard output
  /// Asked before each picture, since people change it meanwhile.
  std::function<screen_size()> screen = [] { return screen_size{}; };
  live_view::settings live;
  text_style report_style;
};

/// One start of the program: preflight, the run or the search, the verdict, the files. On the control loop.
class session {
 public:
  /// Everything must outlive it.
  session(const command& wanted, const stage& where, console& to);
  ~session();

  /// Opens the files, reads the baseline, and listens for `/metrics`: what is wrong is one sentence, before any load.
  std::optional<std::string> prepare();
  /// Gives the exit status.
  task<int> run();
  /// Ends the run early; the report is made of what there is.
  void interrupt(std::string why);
  /// Whether there is anything that a report could be of.
  bool has_load() const noexcept { return loading_; }

 private:
  struct output {
    std::string path;
    std::unique_ptr<output_file> file;
  };

  task<report> single_run();
  task<report> search_knee();
  task<report> probe(const load_settings& settings, const std::string& label);
  task<> scrape_at_phase_ends(const load_run& of, server_watch& servers);
  verdict judge_search(const report& found) const;
  void show(const report& so_far, const load_settings& settings, const std::string& label);
  void compare_with_baseline(report& found) const;
  int finish(report found);
  void write_files(const report& found, std::vector<std::string>& problems);

  const command& command_;
  const stage& stage_;
  console& console_;
  http::client client_;
  live_view view_;
  load_run* current_ = nullptr;
  bool loading_ = false;
  std::unique_ptr<exposition> exposition_;
  std::optional<run_series> baseline_;
  std::unique_ptr<output_file> json_;
  std::unique_ptr<output_file> csv_;
  std::unique_ptr<output_file> html_;
  ending ending_;
  bool generator_gave_out_ = false;
};

}  // namespace cohort::loadgen
