// SPDX-License-Identifier: BSL-1.0
// Tests the file service example: streamed uploads, and the cleanup of failed uploads.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>
#include <iterator>

#include "tests/integration/running_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

struct files_program {
  temporary_directory directory;
  running_program program{"files-service", {"--directory", directory.path().string(), "--max-bytes", "50000000"}};
  std::uint16_t port = program.port();

  std::size_t file_count() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{directory.path()}, std::filesystem::directory_iterator{}));
  }
};

std::string sample(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

TEST_CASE("files example: an uploaded file is served with ranges until it is deleted", "[integration][threads]") {
  files_program files;
  const auto content = sample(5'000'000);
  const auto upload_response = request(files.port, "PUT", "/files/large.bin", {}, content);
  CHECK(upload_response.status == 201);
  CHECK(json_at(upload_response.body, "/bytes") == "5000000");
  CHECK(get(files.port, "/files/large.bin").body == content);
  const auto part = get(files.port, "/files/large.bin", {{"Range", "bytes=1000000-2999999"}});
  CHECK(part.status == 206);
  CHECK(part.body == content.substr(1'000'000, 2'000'000));
  CHECK(request(files.port, "PUT", "/files/large.bin", {}, "short").status == 201);
  CHECK(get(files.port, "/files/large.bin").body == "short");
  CHECK(request(files.port, "DELETE", "/files/large.bin").status == 204);
  CHECK(get(files.port, "/files/large.bin").status == 404);
  CHECK(files.file_count() == 0);
  CHECK(files.program.stop() == 0);
}

TEST_CASE("files example: a partial upload does not replace the file", "[integration][threads]") {
  files_program files;
  CHECK(request(files.port, "PUT", "/files/a", {}, "the whole file").status == 201);
  CHECK(request(files.port, "PUT", "/files/a", {{"Content-Range", "bytes 0-3/14"}}, "part").status == 400);
  CHECK(get(files.port, "/files/a").body == "the whole file");
}

TEST_CASE("files example: a failed upload leaves nothing on disk", "[integration][threads]") {
  files_program files;
  SECTION("too large") {
    CHECK(request(files.port, "PUT", "/files/a", {{"Content-Length", "50000001"}}).status == 413);
  }
  SECTION("the chunked body is too large or malformed, or its extensions are too long") {
    const auto bytes = GENERATE(std::string{"4\r\nabcd\r\n2FAF080\r\n"}, std::string{"4\r\nabcd\r\nZ"},
                                "4\r\nabcd\r\n4;" + std::string(20'000, 'e'));
    raw_connection client{files.port};
    client.send("PUT /files/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + bytes);
    const auto status = client.read_response().status;
    CHECK((status == 413 || status == 400));
  }
  SECTION("a client that disconnects") {
    raw_connection client{files.port};
    client.send("PUT /files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + sample(500'000));
    client.reset();
  }
  SECTION("an invalid name") {
    for (const auto* path : {"/files/.hidden", "/files/a%2Fb", "/files/..", "/files/"})
      CHECK(request(files.port, "PUT", path, {}, "x").status == 400);
  }
  CHECK(get(files.port, "/files/a").status == 404);
  CHECK(files.program.stop() == 0);
  CHECK(files.file_count() == 0);
}

}  // namespace
}  // namespace cohort::test
