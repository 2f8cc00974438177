// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/otlp/export_queue.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::telemetry {
namespace {

void push(export_queue& queue, std::string_view item) {
  queue.push([item](std::string& items) { items.append(item); });
}

TEST_CASE("export_queue: items are taken in batches, oldest first", "[telemetry][otlp]") {
  export_queue queue{{.max_items = 10, .max_batch_items = 2}};
  for (const auto* item : {"a", "b", "c"}) push(queue, item);
  CHECK(queue.has_full_batch());
  CHECK(queue.take().items == "ab");
  CHECK_FALSE(queue.has_full_batch());
  CHECK(queue.take().items == "c");
  CHECK(queue.take().count == 0);
  CHECK(queue.empty());
}

TEST_CASE("export_queue: a full batch wakes up the exporter", "[telemetry][otlp]") {
  export_queue queue{{.max_items = 10, .max_batch_items = 2}};
  push(queue, "a");
  CHECK_FALSE(queue.wakeup().is_set());
  push(queue, "b");
  CHECK(queue.wakeup().is_set());
}

TEST_CASE("export_queue: items of a full queue are dropped and counted", "[telemetry][otlp]") {
  export_queue queue{{.max_items = 3, .max_batch_items = 2}};
  for (int i = 0; i < 5; ++i) push(queue, "x");
  CHECK(queue.size() == 3);
  CHECK(queue.dropped_count() == 2);
  SECTION("a batch that is being exported counts toward the limit") {
    const auto batch = queue.take();
    push(queue, "y");
    CHECK(queue.dropped_count() == 3);
    queue.release(batch);
    push(queue, "z");
    CHECK(queue.dropped_count() == 3);
    CHECK(queue.take().items == "xz");
  }
}

TEST_CASE("export_queue: the total size of the items is bounded", "[telemetry][otlp]") {
  export_queue queue{{.max_items = 100, .max_batch_items = 2, .max_bytes = 1000}};
  for (int i = 0; i < 20; ++i) push(queue, std::string(300, 'x'));
  CHECK(queue.size() == 4);
  CHECK(queue.dropped_count() == 16);
}

}  // namespace
}  // namespace cohort::telemetry
