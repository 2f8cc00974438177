// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/settings.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::service {
namespace {

TEST_CASE("settings: a flag has precedence over its environment variable", "[service][settings]") {
  common_settings settings;
  config::options options{"some-service", "", "1"};
  add_common_options(options, settings, "Port");
  const std::vector<const char*> arguments{"some-service", "--log-level", "error", "--drain-seconds", "3"};
  const auto exit = options.parse(static_cast<int>(arguments.size()), arguments.data(),
                                  {{"LOG_LEVEL", "debug"}, {"LOG_FORMAT", "json"}, {"API_KEY", "secret"}});
  CHECK_FALSE(exit.has_value());
  CHECK(settings.log_level == "error");
  CHECK(settings.log_format == "json");
  CHECK(settings.api_key == "secret");
  CHECK(settings.drain_timeout == std::chrono::seconds{3});
  CHECK(settings.threads >= 1);
}

}  // namespace
}  // namespace cohort::service
