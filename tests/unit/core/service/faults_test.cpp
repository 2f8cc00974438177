#include "core/service/faults.hpp"

#include <catch2/catch_test_macros.hpp>

namespace cohort::service {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Faults are read from a JSON object, and what it leaves out is off") {
  const auto all = read_faults(R"({"latency_ms":60000,"error_percent":100,"hang_percent":7,"memory_mb":4096,)"
                               R"("cpu_percent":95,"seconds":3600})");
  REQUIRE(all.has_value());
  CHECK(all->latency_ms == 60'000);
  CHECK(all->error_percent == 100);
  CHECK(all->hang_percent == 7);
  CHECK(all->memory_mb == 4096);
  CHECK(all->cpu_percent == 95);
  CHECK(all->seconds == 3600);
  CHECK(all->any());

  const auto one = read_faults(R"({"cpu_percent":1})");
  REQUIRE(one.has_value());
  CHECK(one->any());
  CHECK(one->latency_ms == 0);
  CHECK(one->seconds == 600);
  CHECK_FALSE(read_faults(R"({"seconds":1,"latency_ms":0})")->any());
  CHECK_FALSE(read_faults("{}")->any());
}

TEST_CASE("Who asks for faults that cannot be learns which field it is, what it was and what it may be") {
  struct wrong {
    std::string body;
    std::string says;
  };
  for (const auto& each : {
           wrong{R"({"latency_ms":60001})", "latency_ms is 60001, but must be a whole number from 0 to 60000"},
           wrong{R"({"latency_ms":-1})", "latency_ms is -1, but must be a whole number from 0 to 60000"},
           wrong{R"({"error_percent":101})", "error_percent is 101, but must be a whole number from 0 to 100"},
           wrong{R"({"hang_percent":101})", "hang_percent is 101, but must be a whole number from 0 to 100"},
           wrong{R"({"memory_mb":4097})", "memory_mb is 4097, but must be a whole number from 0 to 4096"},
           wrong{R"({"cpu_percent":96})", "cpu_percent is 96, but must be a whole number from 0 to 95"},
           wrong{R"({"seconds":0})", "seconds is 0, but must be a whole number from 1 to 3600"},
           wrong{R"({"seconds":3601})", "seconds is 3601, but must be a whole number from 1 to 3600"},
           wrong{R"({"error_percent":"50"})", "error_percent is \"50\", but must be a whole number from 0 to 100"},
           wrong{R"({"error_percent":2.5})", "error_percent is 2.5, but must be a whole number from 0 to 100"},
           wrong{R"({"error_percent":null})", "error_percent is null, but must be a whole number from 0 to 100"},
           wrong{R"({"latency_ms":18446744073709551615})",
                 "latency_ms is 18446744073709551615, but must be a whole number from 0 to 60000"},
           wrong{R"({"latency_ms":1,"delay":2})",
                 "there is no field \"delay\", but latency_ms, error_percent, hang_percent, memory_mb, cpu_percent, "
                 "seconds"},
           wrong{"[1]", "the body is JSON, but must be an object"},
           wrong{"", R"(the body is no JSON, but must be an object such as {"latency_ms":500,"seconds":60})"},
           wrong{"{", R"(the body is no JSON, but must be an object such as {"latency_ms":500,"seconds":60})"},
       }) {
    CAPTURE(each.body);
    const auto read = read_faults(each.body);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error() == each.says);
  }
}

TEST_CASE("What somebody sent is shown back shortened") {
  const auto read = read_faults(R"({"seconds":")" + std::string(1000, 'x') + R"("})");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error() == "seconds is \"" + std::string(59, 'x') + "…, but must be a whole number from 1 to 3600");
}

TEST_CASE("Faults are described with the time that is left, in seconds begun") {
  const faults which{.latency_ms = 1, .error_percent = 2, .hang_percent = 3, .memory_mb = 4, .cpu_percent = 5};
  CHECK(describe(which, 1500ms) == R"({"active":true,"latency_ms":1,"error_percent":2,"hang_percent":3,)"
                                   R"("memory_mb":4,"cpu_percent":5,"remaining_seconds":2})");
  CHECK(describe({}, duration::max()) == R"({"active":false,"latency_ms":0,"error_percent":0,"hang_percent":0,)"
                                         R"("memory_mb":0,"cpu_percent":0,"remaining_seconds":0})");
}

}  // namespace
}  // namespace cohort::service
