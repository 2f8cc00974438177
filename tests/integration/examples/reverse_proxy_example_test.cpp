// SPDX-License-Identifier: BSL-1.0
// The example of a reverse proxy, in front of the example of a file service.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

TEST_CASE("reverse proxy example: uploads and downloads pass through unchanged", "[integration][threads][examples]") {
  temporary_directory directory;
  running_program files{"files-service", {"--directory", directory.path().string()}};
  running_program proxy{"reverse-proxy", {"--api-url", "http://127.0.0.1:" + std::to_string(files.port())}};
  const std::string content(5'000'000, 'x');
  CHECK(request(proxy.port(), "PUT", "/api/files/large.bin", {}, content).status == 201);
  const auto downloaded = get(proxy.port(), "/api/files/large.bin");
  CHECK(downloaded.status == 200);
  CHECK(downloaded.header("Via") == "1.1 cohort");
  CHECK(downloaded.body == content);
  const auto part = get(proxy.port(), "/api/files/large.bin", {{"Range", "bytes=0-9"}});
  CHECK(part.status == 206);
  CHECK(part.body == std::string(10, 'x'));
  CHECK(get(proxy.port(), "/other").status == 404);
  CHECK(files.stop() == 0);
  CHECK(get(proxy.port(), "/api/files/large.bin").status == 502);
  CHECK(proxy.stop() == 0);
}

}  // namespace
}  // namespace cohort::test
