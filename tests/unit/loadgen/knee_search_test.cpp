#include "loadgen/knee_search.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <functional>

namespace cohort {
namespace {

using loadgen::knee_search;
using loadgen::request_rate;
using finding = knee_search::finding;
using server = std::function<finding(knee_search::trial)>;

constexpr auto per_second = [](std::int64_t requests) { return request_rate::per_second(requests); };

/// All that was tried. More than `most` would be a search without an end.
std::vector<knee_search::trial> run(knee_search& search, const server& tried, std::size_t most = 60) {
  std::vector<knee_search::trial> trials;
  while (const auto next = search.next()) {
    trials.push_back(*next);
    if (trials.size() > most) {
      FAIL_CHECK("too many trials");
      break;
    }
    search.on_result(tried(*next));
  }
  return trials;
}

server holds_up_to(request_rate capacity) {
  return [capacity](knee_search::trial each) { return each.rate <= capacity ? finding::held : finding::broke; };
}

std::vector<std::int64_t> rates_of(const std::vector<knee_search::trial>& trials) {
  std::vector<std::int64_t> rates;
  for (const auto& each : trials) rates.push_back(each.rate.millionths / 1'000'000);
  return rates;
}

TEST_CASE("The rate is doubled until it breaks, bisected until within 5 %, and confirmed") {
  knee_search search{per_second(100)};
  const auto trials = run(search, holds_up_to(per_second(1'000)));
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 200, 400, 800, 1600, 1200, 1000, 1100, 1050, 1000});
  for (std::size_t i = 0; i < trials.size(); ++i) CHECK(trials[i].is_confirmation == (i + 1 == trials.size()));
  CHECK(search.capacity() == per_second(1'000));
  CHECK(search.is_bounded());
  CHECK_FALSE(search.generator_gave_out());
}

TEST_CASE("Whatever a server's capacity and wherever the search begins, it ends within 5 % below it") {
  const auto first = GENERATE(
      from_range(std::vector<std::int64_t>{1'000'000, 5'000'000, 333'333, 77'700'000, 1'000'000'000, 64'000'000'000}));
  const auto capacity =
      GENERATE(from_range(std::vector<std::int64_t>{70'000'000, 99'999'999, 100'000'000, 100'000'001, 1'234'567'890,
                                                    4'999'000'000, 65'536'000'000, 499'999'000'000}));
  CAPTURE(first, capacity);
  knee_search search{request_rate{first}};
  const auto trials = run(search, holds_up_to(request_rate{capacity}), 40);
  REQUIRE(search.capacity());
  CHECK(search.capacity()->millionths <= capacity);
  CHECK(search.capacity()->millionths + search.capacity()->millionths / 20 >= capacity);
  CHECK(search.is_bounded());
  CHECK(trials.back().is_confirmation);
}

TEST_CASE("A first rate that breaks is halved, a thousandfold at most") {
  SECTION("until one holds") {
    knee_search search{per_second(1'000)};
    const auto trials = run(search, holds_up_to(per_second(130)));
    const auto rates = rates_of(trials);
    CHECK(std::vector<std::int64_t>(rates.begin(), rates.begin() + 5) ==
          std::vector<std::int64_t>{1000, 500, 250, 125, 187});
    REQUIRE(search.capacity());
    CHECK(search.capacity()->per_second() <= 130);
    CHECK(search.capacity()->per_second() >= 130 / 1.05);
  }
  SECTION("and then that is it") {
    knee_search search{per_second(1'024)};
    const auto trials = run(search, holds_up_to({}));
    CHECK(trials.size() == 11);
    CHECK(trials.back().rate == per_second(1));
    CHECK_FALSE(search.capacity());
    CHECK(search.is_bounded());
    CHECK_FALSE(search.generator_gave_out());
  }
}

TEST_CASE("No rate is tried that is no rate") {
  const auto first = GENERATE(std::int64_t{1'000}, std::int64_t{3}, std::int64_t{1});
  knee_search search{request_rate{first}};
  for (const auto& each : run(search, holds_up_to({}))) CHECK(each.rate.millionths > 0);
  CHECK_FALSE(search.capacity());
}

TEST_CASE("The smallest rates there are come to an end, too") {
  // Where 5 % is less than the smallest difference.
  const auto capacity = GENERATE(range(1, 25));
  CAPTURE(capacity);
  knee_search search{request_rate{1'000}};
  run(search, holds_up_to(request_rate{capacity}), 40);
  REQUIRE(search.capacity());
  CHECK(search.capacity()->millionths == capacity);
}

TEST_CASE("A server that nothing breaks is known to be good for at least the highest rate tried") {
  const auto first = GENERATE(std::int64_t{1}, std::int64_t{5}, std::int64_t{600'000}, std::int64_t{1'000'000});
  knee_search search{per_second(first)};
  const auto trials = run(search, [](auto) { return finding::held; }, 25);
  REQUIRE(search.capacity());
  CHECK(*search.capacity() > per_second(500'000));
  CHECK(*search.capacity() <= per_second(1'000'000));
  CHECK_FALSE(search.is_bounded());
  CHECK(trials.back().is_confirmation);
  CHECK(trials.back().rate == trials[trials.size() - 2].rate);
}

TEST_CASE("Where the generator gives out twice at once, nothing is known and nothing more tried") {
  knee_search search{per_second(100)};
  CHECK(run(search, [](auto) { return finding::generator_gave_out; }).size() == 2);
  CHECK_FALSE(search.capacity());
  CHECK_FALSE(search.is_bounded());
  CHECK(search.generator_gave_out());
}

TEST_CASE("Where the generator gives out while the rate is doubled, what held is confirmed") {
  knee_search search{per_second(100)};
  const auto trials = run(search, [](knee_search::trial each) {
    return each.rate > per_second(500) ? finding::generator_gave_out : finding::held;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 200, 400, 800, 800, 400});
  CHECK(search.capacity() == per_second(400));
  CHECK_FALSE(search.is_bounded());
  CHECK(search.generator_gave_out());
}

TEST_CASE("Once may be the machine's mood: the same rate is tried again") {
  knee_search search{per_second(100)};
  int hiccups = 0;
  const auto trials = run(search, [&](knee_search::trial each) {
    if (each.rate == per_second(200) && hiccups++ == 0) return finding::generator_gave_out;
    return each.rate <= per_second(200) ? finding::held : finding::broke;
  });
  CHECK(trials.at(2).rate == per_second(200));
  CHECK_FALSE(search.generator_gave_out());
  CHECK(search.is_bounded());
  CHECK(search.capacity() == per_second(200));
}

TEST_CASE("Where the generator gives out while the rate is halved, nothing is known") {
  knee_search search{per_second(100)};
  const auto trials = run(search, [](knee_search::trial each) {
    return each.rate < per_second(50) ? finding::generator_gave_out : finding::broke;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 50, 25, 25});
  CHECK_FALSE(search.capacity());
  CHECK(search.generator_gave_out());
}

TEST_CASE("Where the generator gives out while the rate is bisected, what held is confirmed") {
  knee_search search{per_second(100)};
  const auto trials = run(search, [](knee_search::trial each) {
    if (each.rate == per_second(150)) return finding::generator_gave_out;
    return each.rate <= per_second(100) ? finding::held : finding::broke;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 200, 150, 150, 100});
  CHECK(trials.back().is_confirmation);
  CHECK(search.capacity() == per_second(100));
  CHECK(search.is_bounded());
  CHECK(search.generator_gave_out());
}

TEST_CASE("Where the generator gives out while a rate is confirmed, a lower one is") {
  knee_search search{per_second(1'000'000)};
  const auto trials = run(search, [](knee_search::trial each) {
    return each.is_confirmation && each.rate > per_second(960'000) ? finding::generator_gave_out : finding::held;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{1'000'000, 1'000'000, 1'000'000, 950'000});
  CHECK(search.capacity() == per_second(950'000));
  CHECK_FALSE(search.is_bounded());
  CHECK(search.generator_gave_out());
}

TEST_CASE("A rate that is not confirmed is lowered by 5 %, until one is") {
  const auto failures = GENERATE(range(0, 6));
  int left = failures;
  knee_search search{per_second(100)};
  const auto trials = run(search, [&](knee_search::trial each) {
    if (each.is_confirmation) return left-- > 0 ? finding::broke : finding::held;
    return each.rate <= per_second(100) ? finding::held : finding::broke;
  });
  auto expected = per_second(100).millionths;
  for (int i = 0; i < failures; ++i) expected -= expected / 20;
  CHECK(search.capacity() == request_rate{expected});
  CHECK(search.is_bounded());
  CHECK(trials.back().rate == search.capacity());
}

TEST_CASE("What is not confirmed after six attempts is not claimed") {
  knee_search search{per_second(100)};
  const auto trials = run(search, [](knee_search::trial each) {
    return !each.is_confirmation && each.rate <= per_second(100) ? finding::held : finding::broke;
  });
  CHECK(std::count_if(trials.begin(), trials.end(), [](const auto& each) { return each.is_confirmation; }) == 6);
  CHECK_FALSE(search.capacity());
  CHECK(search.is_bounded());
}

TEST_CASE("A server that nothing broke but the confirmation has a bound, too") {
  knee_search search{per_second(1'000'000)};
  run(search, [](knee_search::trial each) {
    return each.is_confirmation && each.rate > per_second(960'000) ? finding::broke : finding::held;
  });
  CHECK(search.capacity() == per_second(950'000));
  CHECK(search.is_bounded());
}

TEST_CASE("A server that holds by chance makes the search neither endless nor claim what was not confirmed") {
  const auto seed = GENERATE(range(1U, 200U));
  std::uint64_t state = seed;
  const auto chance = [&] { return (state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 33; };
  knee_search search{per_second(10)};
  std::vector<request_rate> confirmed;
  const auto trials = run(
      search,
      [&](knee_search::trial each) {
        const auto what = static_cast<finding>(chance() % 20 == 0 ? 2 : chance() % 2);
        if (what == finding::held && each.is_confirmation) confirmed.push_back(each.rate);
        return what;
      },
      45);
  CAPTURE(seed, trials.size());
  CHECK(search.capacity().has_value() == !confirmed.empty());
  if (search.capacity()) CHECK(*search.capacity() == confirmed.back());
  CHECK_FALSE(search.next());
}

}  // namespace
}  // namespace cohort
