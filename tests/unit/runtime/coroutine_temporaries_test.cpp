// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

using namespace cohort;

namespace {

/// Counts the objects of this type, so that a test detects an object that is destroyed twice or never.
struct instance_counter {
  instance_counter() { ++instance_count; }
  instance_counter(const instance_counter&) { ++instance_count; }
  ~instance_counter() { --instance_count; }
  static inline int instance_count = 0;
};

struct options {
  std::string name;
  int limit = 10;
  instance_counter object{};
};

task<std::size_t> search(options wanted) { co_return wanted.name.size(); }
task<std::size_t> count(std::vector<std::string> names) { co_return names.size(); }
template <class Function>
task<std::size_t> apply(Function function) {
  co_return function();
}

task<std::size_t> aggregate() {
  options wanted{.name = "a name that is not in the string itself", .limit = 5};
  co_return co_await search(std::move(wanted));
}

task<std::size_t> lambda(std::string text, instance_counter object) {
  auto size = [text, object] { return text.size(); };
  co_return co_await apply(std::move(size));
}

task<std::size_t> list() {
  std::vector<std::string> names{"ann", "bob"};
  co_return co_await count(std::move(names));
}

task<std::size_t> choice(bool is_long) {
  std::string name = "ann";
  if (is_long) name = "a name that is not in the string itself";
  options wanted{.name = std::move(name)};
  auto work = search(std::move(wanted));
  co_return co_await std::move(work);
}

task<std::size_t> several() {
  auto first = choice(false);
  auto second = list();
  const auto results = co_await when_all(std::move(first), std::move(second));
  const auto& [name_size, name_count] = results;
  co_return name_size + name_count;
}

}  // namespace

TEST_CASE("coroutines: named arguments are destroyed once, with every compiler", "[runtime]") {
  instance_counter::instance_count = 0;
  virtual_time time;
  CHECK(time.run(aggregate()) == 39);
  CHECK(time.run(lambda("text", instance_counter{})) == 4);
  CHECK(time.run(list()) == 2);
  CHECK(time.run(choice(true)) == 39);
  CHECK(time.run(several()) == 5);
  CHECK(instance_counter::instance_count == 0);
}
