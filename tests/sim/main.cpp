// Runs the fleet once for each of many seeds, and says which of them shows that something is wrong.
#include <chrono>
#include <cstdio>
#include <iostream>

#include "core/config/options.hpp"
#include "tests/sim/invariants.hpp"
#include "tests/sim/misfortunes.hpp"

namespace cohort::test {
namespace {

struct wishes {
  std::int64_t first = 1;
  std::int64_t seeds = 1000;
  std::int64_t repeat_every = 10;
  std::int64_t most_failures = 5;
  std::chrono::seconds at_most{std::chrono::hours{24}};
  bool timeline = false;
};

struct seed_outcome {
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t requests = 0;
  std::vector<std::string> wrong;
};

/// What it throws is wrong with it, too: that everything waits and nothing is left that could happen, for one.
std::vector<std::string> wrong_with(stack& all) {
  try {
    const auto found = all.load(befall(all));
    return broken_invariants(all, found);
  } catch (const std::exception& thrown) {
    return {std::string{"threw: "} + thrown.what()};
  }
}

seed_outcome run_seed(std::uint64_t seed, bool shows_timeline) {
  stack all{scenario_of(seed), shows_timeline ? sim::trace::keeping::timeline : sim::trace::keeping::hash};
  auto wrong = wrong_with(all);
  if (shows_timeline) std::cout << all.fleet.events().text();
  return {all.fleet.events().hash(), all.fleet.events().events(), all.fleet.exchanges().exchanges().size(),
          std::move(wrong)};
}

void add_options(config::options& to, wishes& into) {
  to.add(into.first, {"--seed", "", "The first seed"}, config::integer(0, INT64_MAX / 2), "1");
  to.add(into.seeds, {"--seeds", "", "How many, one after the other"}, config::integer(1, INT64_MAX / 2), "1000");
  to.add(into.repeat_every, {"--repeat-every", "", "Each so manieth runs twice, and must be the same"},
         config::integer(1, INT64_MAX / 2), "10");
  to.add(into.most_failures, {"--failures", "", "Stop after so many seeds that fail"}, config::integer(1, 1'000'000),
         "5");
  to.add(into.at_most, {"--seconds", "", "Begin no seed after so long"}, config::seconds(1, 86'400), "86400");
  to.add_switch(into.timeline, "--timeline", "Print all that happens");
}

void report_failure(const char* program, std::uint64_t seed, const std::vector<std::string>& wrong) {
  std::cout << "seed " << seed << " fails:\n";
  for (const auto& each : wrong) std::cout << "  " << each << "\n";
  std::cout << "  again, with all that happens: " << program << " --seed " << seed << " --seeds 1 --timeline\n";
}

int run(const char* program, const wishes& what) {
  const auto began = std::chrono::steady_clock::now();
  seed_outcome sum;
  std::int64_t failures = 0;
  std::int64_t done = 0;
  const auto time_left = [&] { return std::chrono::steady_clock::now() - began < what.at_most; };
  for (; done < what.seeds && failures < what.most_failures && time_left(); ++done) {
    const auto seed = static_cast<std::uint64_t>(what.first + done);
    auto ended = run_seed(seed, what.timeline);
    if (done % what.repeat_every == 0 && run_seed(seed, false).hash != ended.hash) {
      ended.wrong.emplace_back("the same seed gave another run");
    }
    if (!ended.wrong.empty()) {
      ++failures;
      report_failure(program, seed, ended.wrong);
    }
    sum.hash = sum.hash * 31 + ended.hash;
    sum.events += ended.events;
    sum.requests += ended.requests;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%lld seeds, %lld failed: %llu requests, %llu events, hash %016llx; %.1f s, %.0f seeds a minute\n",
              static_cast<long long>(done), static_cast<long long>(failures),
              static_cast<unsigned long long>(sum.requests), static_cast<unsigned long long>(sum.events),
              static_cast<unsigned long long>(sum.hash), took.count(), static_cast<double>(done) / took.count() * 60);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cohort::test

int main(int argc, char** argv) {
  using namespace cohort;
  test::wishes what;
  config::options options{"fleet-simulation",
                          "Runs the four services as a fleet on a virtual clock, once for each seed", COHORT_VERSION};
  test::add_options(options, what);
  if (const auto exit = options.parse(argc, argv, {})) {
    (exit->status == 0 ? std::cout : std::cerr) << exit->text;
    return exit->status;
  }
  return test::run(argv[0], what);
}
