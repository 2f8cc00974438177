#include <algorithm>
#include <cmath>

#include "loadgen/figures.hpp"
#include "loadgen/html_sections.hpp"
#include "loadgen/markup.hpp"

namespace cohort::loadgen::html {
namespace {

std::vector<table::column> tally_columns(std::string first) {
  return {{std::move(first), table::align::words},
          {"sent"},
          {"success"},
          {"failed"},
          {"p50"},
          {"p90"},
          {"p99"},
          {"p99.9"},
          {"max"},
          {"lag p99"},
          {"wait p99"}};
}

markup failed_cell(std::uint64_t failed) {
  if (failed == 0) return text("0");
  return {"<b class=\"bad\">" + count_text(failed) + "</b>"};
}

void add_tally(table& to, markup name, const tally& of) {
  const auto all = total(of.outcomes);
  const auto succeeded = successes(of.outcomes);
  to.add({std::move(name), text(count_text(of.sent)), text(all == 0 ? "–" : share_text(succeeded, all)),
          failed_cell(all - succeeded), text(percentile_text(of.response, 50)), text(percentile_text(of.response, 90)),
          text(percentile_text(of.response, 99)), text(percentile_text(of.response, 99.9)),
          text(percentile_text(of.response, 100)), text(percentile_text(of.dispatch_lag, 99)),
          text(percentile_text(of.connection_wait, 99))});
}

std::string statuses_text(const tally& of) {
  std::string out;
  for (const auto& [code, count] : of.statuses) {
    out += (out.empty() ? "Answers by status: " : ", ") + std::to_string(code) + " × " + count_text(count);
  }
  return out.empty() ? out : out + '.';
}

std::string paragraph(std::string_view words) {
  return words.empty() ? std::string{} : "<p>" + escaped(words) + "</p>\n";
}

std::string optional_latency(const std::optional<std::uint64_t>& of) { return of ? duration_text(*of) : "–"; }

markup remark_on(const server_side& of) {
  if (of.served < of.sent) {
    const auto missing = of.sent - of.served;
    return {"<b class=\"bad\">" + count_text(missing) + (missing == 1 ? " is" : " are") + " missing</b>"};
  }
  return text(of.served > of.sent ? "somebody else called it, too" : "");
}

void add_server(table& to, const server_side& of) {
  const markup name{escaped(of.target.empty() ? "several targets" : of.target) + "<small>" + escaped(of.url) +
                    "</small>"};
  if (!of.failure.empty()) {
    const auto none = text("–");
    to.add({name, none, none, none, none, text("nothing was read: " + of.failure)});
    return;
  }
  to.add({name, text(count_text(of.sent)), text(count_text(of.served)), text(optional_latency(of.p99_us)),
          text(duration_text(of.client_p99_us)), remark_on(of)});
}

void add_phases(table& to, const server_side& of) {
  for (std::size_t i = 0; i < std::min(of.phases.size(), most_phases); ++i) {
    const auto& phase = of.phases[i];
    to.add({text(of.target.empty() ? of.url : of.target), text(phase.phase), text(count_text(phase.served)),
            text(optional_latency(phase.p99_us)), text(phase.cpu_cores ? fixed_text(*phase.cpu_cores, 2) : "–"),
            text(phase.resident_bytes ? bytes_text(*phase.resident_bytes) : "–")});
  }
}

}  // namespace

std::string failures_by_kind(const report& of) {
  const auto& counts = of.all.outcomes;
  const auto all = total(counts);
  if (all == 0) return {};
  std::vector<outcome> kinds;
  for (std::size_t i = 0; i < outcome_count; ++i) {
    if (counts[i] != 0 && !is_success(static_cast<outcome>(i))) kinds.push_back(static_cast<outcome>(i));
  }
  const auto count_of = [&](outcome what) { return counts[static_cast<std::size_t>(what)]; };
  std::sort(kinds.begin(), kinds.end(),
            [&](outcome a, outcome b) { return count_of(a) != count_of(b) ? count_of(a) > count_of(b) : a < b; });
  if (kinds.empty()) return section("Failures", "None: every request was a success.", paragraph(statuses_text(of.all)));

  table rows{{{"what", table::align::words}, {"", table::align::words}, {"requests"}, {"of all"}}};
  const auto most = static_cast<double>(count_of(kinds.front()));
  for (const auto what : kinds) {
    const auto width = fixed_text(100 * static_cast<double>(count_of(what)) / most, 1);
    rows.add({text(text_of(what)),
              {"<div class=\"bar\"><div style=\"width:" + width + "%\"></div></div>"},
              text(count_text(count_of(what))),
              text(share_text(count_of(what), all))});
  }
  return section("Failures", "What became of the requests that were no success, the most frequent first.",
                 "<div class=\"bars\">" + rows.html() + "</div>" + paragraph(statuses_text(of.all)));
}

std::string targets_table(const report& of) {
  auto columns = tally_columns("target");
  table rows{columns};
  for (std::size_t i = 0; i < of.targets.size(); ++i) {
    const auto& target = of.targets[i];
    add_tally(rows, {escaped(target.name) + "<small>" + escaped(target.method + ' ' + target.url) + "</small>"},
              of.by_target.at(i));
  }
  if (of.targets.size() > 1) add_tally(rows, text("all"), of.all);
  return section("Targets", "Percentiles are of the response time; lag and wait are dispatch lag and connection wait.",
                 rows.html());
}

std::string phases_table(const report& of) {
  if (of.phases.size() < 2) return {};
  table rows{tally_columns("phase")};
  for (std::size_t i = 0; i < std::min(of.phases.size(), most_phases); ++i) {
    const auto& phase = of.phases[i];
    const auto when = seconds_text(phase.start) + " to " + seconds_text(phase.start + phase.length);
    add_tally(rows, {escaped(phase.name) + "<small>" + escaped(when) + "</small>"}, phase.all);
  }
  std::string note = "A request belongs to the phase in which it was meant to start.";
  if (of.phases.size() > most_phases) {
    note += " These are the first " + count_text(most_phases) + " of " + count_text(of.phases.size()) +
            "; the JSON report has all of them.";
  }
  return section("Phases", note, rows.html());
}

std::string servers_tables(const report& of) {
  if (of.servers.empty()) return {};
  table servers{{{"server", table::align::words},
                 {"sent by us"},
                 {"served"},
                 {"p99, its clock"},
                 {"p99, ours"},
                 {"", table::align::words}}};
  table phases{{{"server", table::align::words},
                {"phase", table::align::words},
                {"served"},
                {"p99, its clock"},
                {"CPU cores"},
                {"memory"}}};
  for (const auto& each : of.servers) {
    add_server(servers, each);
    add_phases(phases, each);
  }
  return section("What the servers say",
                 "From their own metrics. What lies between their p99 and ours is the network and the queues before a "
                 "server's clock starts.",
                 servers.html() + (phases.empty() ? "" : folded("Phase by phase", phases.html())));
}

std::string generator_table(const report& of) {
  const auto& own = of.generator;
  table rows{{{"", table::align::words}, {"", table::align::words}}};
  const auto add = [&](std::string_view name, const std::string& value) { rows.add({text(name), text(value)}); };
  add("busiest worker", fixed_text(own.busiest_worker_cpu * 100, 0) + " % of a processor, of " +
                            count_text(own.threads) + (own.threads == 1 ? " worker" : " workers"));
  add("processor time", fixed_text(own.cpu_seconds, 2) + " s");
  add("memory", bytes_text(static_cast<double>(own.peak_resident_bytes)) + " at most");
  add("connections",
      count_text(of.all.connections_opened) + " opened, " + count_text(own.connections) + " allowed at once");
  add("dispatch lag",
      "p99 " + percentile_text(of.all.dispatch_lag, 99) + ", max " + percentile_text(of.all.dispatch_lag, 100));
  add("connection wait",
      "p99 " + percentile_text(of.all.connection_wait, 99) + ", max " + percentile_text(of.all.connection_wait, 100));
  return section("The generator itself", "Whether the load was what it was meant to be.", rows.html());
}

std::string glossary(const report& of) {
  struct term {
    std::string_view name;
    std::string_view meaning;
  };
  constexpr term all[] = {
      {"Response", "From when a request was meant to start to the end of its answer: what a caller would have waited."},
      {"Service", "From when it was sent to the end of its answer: what the server and the network took."},
      {"Dispatch lag", "From when it was meant to start until the generator came to it: the generator's own lateness."},
      {"Connection wait", "From then until it was sent: the wait for a connection that was free, or for a new one."},
      {"Coordinated omission",
       "What a test leaves out when it stops asking while a server is slow. Counting from the intended start puts it "
       "back."},
      {"≥",
       "At least so long: the figure falls among requests that were never sent or had no answer by the end, of "
       "which only a part of the wait was seen."}};
  std::string out = "<dl class=\"glossary\">\n";
  for (const auto& [name, meaning] : all) {
    // In a closed loop a request is meant to start when it is sent.
    if (of.closed_loop && (name == "Dispatch lag" || name == "Connection wait")) continue;
    out += "<dt>" + escaped(name) + "</dt><dd>" + escaped(meaning) + "</dd>\n";
  }
  return section("What the words mean", "", out + "</dl>\n");
}

}  // namespace cohort::loadgen::html
