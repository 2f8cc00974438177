#include "core/service/settings.hpp"

#include <catch2/catch_test_macros.hpp>

namespace cohort::service {
namespace {

struct parsed {
  explicit parsed(std::vector<const char*> flags, const config::environment& variables = {}) {
    config::options options{"some-service", "", "1"};
    add_common_options(options, settings, "Port");
    flags.insert(flags.begin(), "some-service");
    refused = options.parse(static_cast<int>(flags.size()), flags.data(), variables).has_value();
  }
  common_settings settings;
  bool refused = false;
};

TEST_CASE("Faults are off unless a flag or a variable says otherwise") {
  CHECK_FALSE(parsed{{}}.settings.enable_faults);
  CHECK(parsed{{"--enable-faults"}}.settings.enable_faults);
  CHECK(parsed({}, {{"ENABLE_FAULTS", "1"}}).settings.enable_faults);
  CHECK(parsed({}, {{"ENABLE_FAULTS", "true"}}).settings.enable_faults);
  CHECK_FALSE(parsed({}, {{"ENABLE_FAULTS", "0"}}).settings.enable_faults);
  CHECK(parsed({}, {{"ENABLE_FAULTS", "maybe"}}).refused);
}

TEST_CASE("Faults need a key wherever more than this machine can ask for them") {
  for (const std::string host : {"127.0.0.1", "127.9.9.9", "::1"}) {
    CAPTURE(host);
    common_settings settings;
    settings.host = host;
    settings.enable_faults = true;
    CHECK_FALSE(conflict_in(settings).has_value());
  }
  for (const std::string host : {"0.0.0.0", "::", "192.0.2.1", "2001:db8::1"}) {
    CAPTURE(host);
    common_settings settings;
    settings.host = host;
    CHECK_FALSE(conflict_in(settings).has_value());
    settings.enable_faults = true;
    CHECK(conflict_in(settings) == "--host is \"" + host +
                                       "\", but must be a loopback address such as 127.0.0.1 with --enable-faults "
                                       "(ENABLE_FAULTS), unless API_KEY is set");
    settings.api_key = "key";
    CHECK_FALSE(conflict_in(settings).has_value());
  }
}

}  // namespace
}  // namespace cohort::service
