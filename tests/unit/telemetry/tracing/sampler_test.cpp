// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/tracing/sampler.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/runtime/random.hpp>
#include <cohort/telemetry/tracing/tracer.hpp>

namespace cohort::telemetry {
namespace {

trace_context trace_with_low_bits(std::uint64_t low, bool is_sampled = false) {
  return {.id = {1, low}, .is_sampled = is_sampled};
}

TEST_CASE("sampler: only parent-based samplers continue the caller's decision", "[telemetry][tracing]") {
  const auto [name, ratio, expected_for_sampled_parent, expected_for_unsampled_parent, expected_for_root] =
      GENERATE(table<std::string, double, bool, bool, bool>({
          {"always_on", 1.0, true, true, true},
          {"always_off", 1.0, false, false, false},
          {"traceidratio", 0.0, false, false, false},
          {"traceidratio", 1.0, true, true, true},
          {"parentbased_always_on", 0.0, true, false, true},
          {"parentbased_always_off", 1.0, true, false, false},
          {"parentbased_traceidratio", 0.0, true, false, false},
          {"parentbased_traceidratio", 1.0, true, false, true},
      }));
  const auto trace_sampler = make_sampler(name, ratio);
  REQUIRE(trace_sampler);
  const auto low = GENERATE(std::uint64_t{1}, std::uint64_t{1} << 63U, ~std::uint64_t{0});
  CHECK(trace_sampler->should_sample(trace_with_low_bits(low, true), false) == expected_for_sampled_parent);
  CHECK(trace_sampler->should_sample(trace_with_low_bits(low, false), false) == expected_for_unsampled_parent);
  CHECK(trace_sampler->should_sample(trace_with_low_bits(low, true), true) == expected_for_root);
}

TEST_CASE("sampler: a ratio sampler samples the given fraction of the traces", "[telemetry][tracing]") {
  const auto trace_sampler = make_sampler("parentbased_traceidratio", 0.25);
  random_generator random{1};
  int recorded_count = 0;
  for (int i = 0; i < 10'000; ++i) recorded_count += trace_sampler->should_sample(start_trace(random), true) ? 1 : 0;
  CHECK(recorded_count > 2300);
  CHECK(recorded_count < 2700);
  // The SDKs of OpenTelemetry use the same threshold of the trace ID.
  CHECK(trace_sampler->should_sample(trace_with_low_bits((std::uint64_t{1} << 62U) - 1), true));
  CHECK_FALSE(trace_sampler->should_sample(trace_with_low_bits(std::uint64_t{1} << 62U), true));
}

TEST_CASE("sampler: an unknown name is rejected", "[telemetry][tracing]") {
  CHECK_FALSE(make_sampler("jaeger_remote", 1));
  CHECK_FALSE(make_sampler("parentbased_", 1));
}

TEST_CASE("tracer: the span of a request is a child of the caller's span", "[telemetry][tracing]") {
  const tracer spans{1, *make_sampler("parentbased_always_off", 1), otlp_encoding::json};
  random_generator random{1};
  auto continued_trace = *parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(spans.begin(continued_trace, random) == 0xb7ad6b7169203331);
  CHECK(continued_trace.span_id != 0);
  CHECK(continued_trace.span_id != 0xb7ad6b7169203331);
  CHECK(continued_trace.is_sampled);
  auto root = start_trace(random);
  CHECK(spans.begin(root, random) == 0);
  CHECK(root.span_id != 0);
  CHECK_FALSE(root.is_sampled);
}

TEST_CASE("tracer: a request that missed its deadline is exported although it is not sampled", "[telemetry][tracing]") {
  CHECK(tracer::is_exported({.id = {1, 1}, .is_sampled = true}, false));
  CHECK(tracer::is_exported({.id = {1, 1}, .is_sampled = false}, true));
  CHECK_FALSE(tracer::is_exported({.id = {1, 1}, .is_sampled = false}, false));
}

}  // namespace
}  // namespace cohort::telemetry
