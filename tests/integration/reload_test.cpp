// SPDX-License-Identifier: BSL-1.0
// Tests settings that are reloaded when their files change.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "tests/integration/resilience/client_load.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("reload: a replaced key file takes effect without a signal, and no request is lost",
          "[integration][reload][threads]") {
  const temporary_directory directory;
  // Creates the links of a mounted Kubernetes secret.
  auto publish = [&, version = 0](const std::string& key) mutable {
    const auto name = ".." + std::to_string(++version);
    directory.write(name + "/key", key);
    fs::create_directory_symlink(name, directory.path() / "..data_tmp");
    fs::rename(directory.path() / "..data_tmp", directory.path() / "..data");
  };
  publish("key-1\n");
  fs::create_symlink("..data/key", directory.path() / "key");
  running_program service{"time-service", {}, {{"API_KEY_FILE", (directory.path() / "key").string()}}};
  const auto port = service.port();

  client_load load{port, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
                   [](const response& response) { return response.status == 200; }};
  const auto status = [&](const std::string& key) { return get(port, "/api/time", {{"X-API-Key", key}}).status; };
  const std::string replaced = "cohort_setting_reloads_total{setting=\"API_KEY_FILE\",result=\"replaced\"}";
  const auto wait_for_reloads = [&](int count) { CHECK(eventually([&] { return metric(port, replaced) == count; })); };
  CHECK(status("key-1") == 200);
  for (int version = 2; version <= 4; ++version) {
    publish("key-" + std::to_string(version) + "\n");
    wait_for_reloads(version - 1);
    CHECK(status("key-" + std::to_string(version)) == 200);
    CHECK(status("key-" + std::to_string(version - 1)) == 401);
  }
  publish("two words\n");
  const auto line = service.process().wait_for_line("\"msg\":\"reload failed; the old value remains in use\"");
  CHECK(json_at(line, "/setting") == "\"API_KEY_FILE\"");
  CHECK(status("key-4") == 200);
  CHECK(metric(port, "cohort_setting_reloads_total{setting=\"API_KEY_FILE\",result=\"failed\"}") == 1);
  CHECK(metric(port, "cohort_setting_last_reload_successful{setting=\"API_KEY_FILE\"}") == 0);
  publish("key-5\n");
  wait_for_reloads(4);
  CHECK(metric(port, "cohort_setting_last_reload_successful{setting=\"API_KEY_FILE\"}") == 1);
  CHECK(status("key-5") == 200);
  load.stop();
  CHECK(load.failures() == 0);
  CHECK(service.stop() == 0);
}

}  // namespace
}  // namespace cohort::test
