// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/thread_object.hpp>

#include <catch2/catch_test_macros.hpp>
#include <new>
#include <string>
#include <thread>

namespace cohort {
namespace {

/// The constructors and destructors that ran.
std::string events;

struct first_object {
  first_object() { events += "+first "; }
  ~first_object() { events += "-first "; }
  int value = 1;
};
struct second_object {
  second_object() { events += "+second "; }
  ~second_object() { events += "-second "; }
};
struct object_without_memory {
  object_without_memory() { throw std::bad_alloc{}; }
};

TEST_CASE("thread_object: each thread has its own object until it ends", "[runtime][threads]") {
  events.clear();
  int value = 0;
  std::thread{[&] {
    prepare_thread_objects();
    thread_object<first_object>().value = 2;
    thread_object<second_object>();
    value = thread_object<first_object>().value;
  }}.join();
  CHECK(value == 2);
  CHECK(events == "+first +second -second -first ");
  std::thread{[&] { value = thread_object<first_object>().value; }}.join();
  CHECK(value == 1);
}

TEST_CASE("thread_object: if the allocation of the object fails, the thread continues without an object", "[runtime]") {
  CHECK(try_thread_object<object_without_memory>() == nullptr);
  CHECK_THROWS_AS(thread_object<object_without_memory>(), std::bad_alloc);
}

}  // namespace
}  // namespace cohort
