// SPDX-License-Identifier: BSL-1.0
// Tests how the gateway program reads its routes file at startup and reloads it at run time.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/resilience/client_load.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

std::string routes_json(const std::string& url) {
  return R"({"upstreams": {"up": {"url": ")" + url + R"("}},
    "routes": [{"name": "all", "match": {"path": {"prefix": "/svc"}}, "strip_prefix": "/svc",
                "backends": [{"upstream": "up"}]}]})";
}

TEST_CASE("gateway: a change to the routes file takes effect without a signal, and no request is lost",
          "[integration][gateway][threads]") {
  running_program first{"time-service"};
  running_program second{"system-info-service"};
  const temporary_directory directory;
  const auto path = directory.write("routes.json", routes_json(first.url())).string();
  running_program gateway{"gateway-service", {"--routes", path, "--threads", "2"}};
  const auto port = gateway.port();
  client_load load{port, "GET /svc/livez HTTP/1.1\r\nHost: x\r\n\r\n",
                   [](const response& response) { return response.status == 200; }};
  CHECK(get(port, "/svc/api/time").status == 200);
  CHECK(get(port, "/svc/api/sysinfo").status == 404);

  directory.write("routes.json", routes_json(second.url()));
  const auto reloads = [&](const std::string& result) {
    return metric(port, "cohort_setting_reloads_total{setting=\"GATEWAY_ROUTES\",result=\"" + result + "\"}");
  };
  CHECK(eventually([&] { return reloads("replaced") == 1; }));
  CHECK(get(port, "/svc/api/sysinfo").status == 200);

  directory.write("routes.json", "{");
  CHECK(eventually([&] { return reloads("failed") == 1; }));
  const auto line = gateway.process().wait_for_line("\"msg\":\"reload failed; the old value remains in use\"");
  CHECK(contains(line, "routes.json:1:2: the file must be JSON"));
  CHECK(get(port, "/svc/api/sysinfo").status == 200);
  load.stop();
  CHECK(load.failures() == 0);
  CHECK(gateway.stop() == 0);
}

TEST_CASE("gateway: with an invalid routes file, the program prints one line and exits with status 2",
          "[integration][gateway][threads]") {
  const temporary_directory directory;
  const auto path = directory.write("routes.json", "{\n\"upstreams\": {}, \"routes\": [], \"rotues\": []\n}").string();
  const auto invalid = run_program("gateway-service", {"--routes", path, "--port", "0"});
  CHECK(invalid.status == 2);
  CHECK(contains(invalid.error, path + ":2: rotues is unknown"));
  CHECK(std::count(invalid.error.begin(), invalid.error.end(), '\n') == 1);
  const auto missing = run_program("gateway-service", {"--routes", "/nonexistent/routes.json", "--port", "0"});
  CHECK(missing.status == 2);
  CHECK(contains(missing.error, "/nonexistent/routes.json: cannot be read: No such file or directory"));
}

}  // namespace
}  // namespace cohort::test
