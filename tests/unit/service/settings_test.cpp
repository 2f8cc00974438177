// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/settings.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/temporary_directory.hpp"

namespace cohort::service {
namespace {

/// Parses the environment without flags. Returns the settings, or no settings and the error message.
std::pair<std::optional<common_settings>, std::string> parse(const config::environment& variables) {
  common_settings settings;
  config::options options{"some-service", "", "1"};
  add_common_options(options, settings, "Port");
  const char* const program = "some-service";
  if (const auto exit = options.parse(1, &program, variables)) return {std::nullopt, exit->text};
  return {settings, ""};
}

TEST_CASE("settings: a flag takes precedence over its environment variable", "[service][settings]") {
  common_settings settings;
  config::options options{"some-service", "", "1"};
  add_common_options(options, settings, "Port");
  const std::vector<const char*> arguments{"some-service", "--log-level", "error", "--drain-seconds", "3"};
  const auto exit = options.parse(static_cast<int>(arguments.size()), arguments.data(),
                                  {{"LOG_LEVEL", "debug"}, {"LOG_FORMAT", "json"}, {"API_KEY", "secret"}});
  CHECK_FALSE(exit.has_value());
  CHECK(settings.log_level == "error");
  CHECK(settings.log_format == "json");
  CHECK(settings.api_keys == config::single_api_key("secret"));
  CHECK(settings.drain_timeout == std::chrono::seconds{3});
  CHECK(settings.threads >= 1);
}

TEST_CASE("settings: LOG_LEVEL is accepted in any case, with warning as an alias", "[service][settings][case-5.2]") {
  const auto [text, level] = GENERATE(table<std::string, std::string>({{"INFO", "info"},
                                                                       {"warning", "warn"},
                                                                       {"WARNING", "warn"},
                                                                       {"Warn", "warn"},
                                                                       {"Error", "error"},
                                                                       {"OFF", "off"}}));
  CHECK(parse({{"LOG_LEVEL", text}}).first->log_level == level);
}

TEST_CASE("settings: LOG_FORMAT, CONCURRENCY_LIMIT and DEADLINE_ADMISSION are accepted in any case",
          "[service][settings][case-5.2]") {
  CHECK(parse({{"LOG_FORMAT", "JSON"}}).first->log_format == "json");
  CHECK(parse({{"LOG_FORMAT", "Text"}}).first->log_format == "text");
  CHECK(parse({{"CONCURRENCY_LIMIT", "Off"}}).first->concurrency_limit == "off");
  CHECK(parse({{"DEADLINE_ADMISSION", "REFUSE"}}).first->deadline_admission == "refuse");
}

TEST_CASE("settings: an unknown LOG_LEVEL is an error that lists the levels", "[service][settings][case-5.2]") {
  const auto text = GENERATE("verbose", "warnings", "info,debug", "2");
  CHECK(parse({{"LOG_LEVEL", text}}).second == "some-service: LOG_LEVEL is \"" + std::string{text} +
                                                   "\", but must be one of trace, debug, info, warn, error, off\n");
}

TEST_CASE("settings: the default idle timeout is longer than the 60 s of common load balancers",
          "[service][settings][case-5.8]") {
  CHECK(parse({}).first->idle_timeout == std::chrono::seconds{75});
  CHECK(http::server_limits{}.idle_timeout == std::chrono::seconds{75});
  CHECK(parse({{"IDLE_TIMEOUT", "120"}}).first->idle_timeout == std::chrono::seconds{120});
  const auto invalid_value = GENERATE("0", "-1", "75s", "3601", "1.5", "never");
  CHECK_FALSE(parse({{"IDLE_TIMEOUT", invalid_value}}).first.has_value());
}

TEST_CASE("settings: the default drain delay is zero", "[service][settings]") {
  CHECK(parse({}).first->drain_delay == std::chrono::seconds{0});
  CHECK(parse({{"DRAIN_DELAY", "3"}}).first->drain_delay == std::chrono::seconds{3});
  const auto invalid_value = GENERATE("-1", "3s", "3601", "0.5");
  CHECK_FALSE(parse({{"DRAIN_DELAY", invalid_value}}).first.has_value());
}

TEST_CASE("settings: the path of a key file is kept, so that the file can be reloaded", "[service][settings]") {
  const test::temporary_directory directory;
  const auto path = directory.write("key", "secret\n").string();
  const auto settings = parse({{"API_KEY_FILE", path}}).first;
  CHECK(settings->api_keys == config::single_api_key("secret"));
  CHECK(settings->api_key_file == path);
  CHECK(parse({{"API_KEY", "secret"}}).first->api_key_file.empty());
}

TEST_CASE("settings: invalid API keys are limited to 10 per minute by default", "[service][settings]") {
  CHECK(parse({}).first->auth_failure_limit.count == 10);
  CHECK(parse({}).first->auth_failure_limit.period == std::chrono::minutes{1});
  CHECK(parse({{"AUTH_FAILURE_LIMIT", "3/s"}}).first->auth_failure_limit.count == 3);
  CHECK(parse({{"AUTH_FAILURE_LIMIT", "Off"}}).first->auth_failure_limit.count == 0);
  const auto invalid_value = GENERATE("0/min", "10", "none", "-1/min");
  CHECK(parse({{"AUTH_FAILURE_LIMIT", invalid_value}}).second ==
        "some-service: AUTH_FAILURE_LIMIT is \"" + std::string{invalid_value} +
            "\", but must be a rate such as 100/min, 5/s or 1000/hour, or off\n");
}

}  // namespace
}  // namespace cohort::service
