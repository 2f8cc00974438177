// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/file_response.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <filesystem>

#include <cohort/http/server/content/directory.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of file responses: ranges, conditional requests, variants and directories.
namespace cohort {
namespace {

using namespace cohort::test;

constexpr auto modification_date = "Sun, 09 Sep 2001 01:46:40 GMT";
constexpr time_t modification_time = 1'000'000'000;

std::string repeated_alphabet(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

class files_fixture : public server_fixture {
 public:
  files_fixture() {
    write("digits.txt", "0123456789");
    routes.get("/digits", [this](request_context& context) {
      return http::file_response(context, directory.path() / "digits.txt", options);
    });
  }
  void write(const std::string& name, std::string_view text, time_t seconds = modification_time) {
    const auto path = directory.write(name, text);
    const timespec times[2]{{seconds, 0}, {seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  received_response fetch(const std::string& path, const std::string& header_lines = {}) {
    return response_to(get(path, header_lines));
  }

  temporary_directory directory;
  http::file_options options;
};

TEST_CASE("file response: a response has the type, the validators and the length of its file, including for HEAD",
          "[http][server]") {
  files_fixture server;
  const auto full_response = server.fetch("/digits");
  CHECK(full_response.status == 200);
  CHECK(full_response.body == "0123456789");
  CHECK(full_response.header("Content-Type") == "text/plain; charset=utf-8");
  CHECK(full_response.header("Last-Modified") == modification_date);
  CHECK(full_response.header("Accept-Ranges") == "bytes");
  CHECK(full_response.header("Cache-Control") == "no-cache");
  CHECK(full_response.header("ETag")->starts_with('"'));
  const auto head = server.response_to("HEAD /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n", true);
  CHECK(head.status == 200);
  CHECK(head.header("Content-Length") == "10");
  CHECK(head.header("ETag") == full_response.header("ETag"));

  const auto original_etag = server.fetch("/digits").header("ETag");
  server.write("digits.txt", "9876543210", modification_time + 1);
  CHECK(server.fetch("/digits").header("ETag") != original_etag);
}

TEST_CASE("file response: large files are sent unchanged", "[http][server]") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{16 * 1024}, std::size_t{16 * 1024 + 1}, std::size_t{700'000});
  files_fixture server;
  server.write("digits.txt", repeated_alphabet(size));
  const auto full_response = server.fetch("/digits");
  CHECK(full_response.header("Content-Length") == std::to_string(size));
  CHECK(full_response.body == repeated_alphabet(size));
}

TEST_CASE("file response: a range selects a part of the file", "[http][server]") {
  struct row {
    std::string range;
    int status;
    std::string content_range;
    std::string body;
  };
  const auto test_case = GENERATE(values<row>({
      {"bytes=0-0", 206, "bytes 0-0/10", "0"},
      {"bytes=3-5", 206, "bytes 3-5/10", "345"},
      {"bytes=7-", 206, "bytes 7-9/10", "789"},
      {"bytes=-3", 206, "bytes 7-9/10", "789"},
      {"bytes=-100", 206, "bytes 0-9/10", "0123456789"},
      {"bytes=5-18446744073709551616", 206, "bytes 5-9/10", "56789"},
      {"BYTES=1-2", 206, "bytes 1-2/10", "12"},
      {"bytes=20-30,1-2", 206, "bytes 1-2/10", "12"},
      {"bytes=10-", 416, "bytes */10", ""},
      {"bytes=-0", 416, "bytes */10", ""},
      {"bytes=18446744073709551616-", 416, "bytes */10", ""},
      {"bytes=5-3", 200, "", "0123456789"},
      {"bytes=", 200, "", "0123456789"},
      {"bytes=-", 200, "", "0123456789"},
      {"bytes=a-b", 200, "", "0123456789"},
      {"bytes=1-2-3", 200, "", "0123456789"},
      {"bytes=+1-2", 200, "", "0123456789"},
      {"lines=1-2", 200, "", "0123456789"},
      {"bytes=0-5,3-8", 200, "", "0123456789"},
      {"bytes=0-,0-,0-,0-", 200, "", "0123456789"},
  }));
  CAPTURE(test_case.range);
  files_fixture server;
  const auto response = server.fetch("/digits", "Range: " + test_case.range + "\r\n");
  CHECK(response.status == test_case.status);
  CHECK(response.header("Content-Range").value_or("") == test_case.content_range);
  if (test_case.status != 416) CHECK(response.body == test_case.body);
}

TEST_CASE("file response: several ranges are sent as a multipart body", "[http][server]") {
  files_fixture server;
  auto client = server.connect();
  client.send(get("/digits", "Range: bytes=0-1, 4-5,-1\r\n") + get("/digits"));
  const auto response = client.receive();
  CHECK(response->status == 206);
  CHECK_FALSE(response->header("Content-Range").has_value());
  const auto type = *response->header("Content-Type");
  REQUIRE(type.starts_with("multipart/byteranges; boundary="));
  const auto boundary = "--" + type.substr(type.find('=') + 1);
  const auto part = [](std::string_view range, std::string_view text) {
    return "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes " + std::string{range} + "/10\r\n\r\n" +
           std::string{text} + "\r\n";
  };
  CHECK(response->body == boundary + part("0-1", "01") + boundary + part("4-5", "45") + boundary + part("9-9", "9") +
                              boundary + "--\r\n");
  CHECK(client.receive()->body == "0123456789");
}

TEST_CASE("file response: a Range field with more ranges than the limit is ignored", "[http][server]") {
  files_fixture server;
  server.write("digits.txt", repeated_alphabet(1000));
  std::string ranges = "Range: bytes=0-0";
  for (int i = 1; i < 16; ++i) ranges += "," + std::to_string(i * 10) + "-" + std::to_string(i * 10);
  CHECK(server.fetch("/digits", ranges + "\r\n").status == 206);
  CHECK(server.fetch("/digits", ranges + ",500-501\r\n").status == 200);
}

TEST_CASE("file response: preconditions are evaluated in the order of RFC 9110", "[http][server][case-1.10]") {
  struct row {
    std::string lines;
    int status;
  };
  const std::string date_before = "Sun, 09 Sep 2001 01:46:39 GMT";
  const auto test_case = GENERATE_COPY(values<row>({
      {"If-Match: ETAG\r\n", 200},
      {"If-Match: *\r\n", 200},
      {"If-Match: \"x\"\r\n", 412},
      {"If-Match: W/ETAG\r\n", 412},
      {"If-Match: \"x\"\r\nIf-Match: ETAG\r\n", 200},
      {"If-Match: ETAG\r\nIf-Unmodified-Since: " + date_before + "\r\n", 200},
      {"If-Match: \"x\"\r\nIf-None-Match: ETAG\r\n", 412},
      {"If-Unmodified-Since: " + date_before + "\r\n", 412},
      {std::string{"If-Unmodified-Since: "} + modification_date + "\r\n", 200},
      {"If-Unmodified-Since: yesterday\r\n", 200},
      {"If-None-Match: ETAG\r\n", 304},
      {"If-None-Match: W/ETAG\r\n", 304},
      {"If-None-Match: *\r\n", 304},
      {"If-None-Match: \"x\", \"a,b\", ETAG\r\n", 304},
      {"If-None-Match: \"x\"\r\nIf-None-Match: ETAG\r\n", 304},
      {"If-None-Match: \"x\"\r\n", 200},
      {std::string{"If-None-Match: \"x\"\r\nIf-Modified-Since: "} + modification_date + "\r\n", 200},
      {std::string{"If-Modified-Since: "} + modification_date + "\r\n", 304},
      {"If-Modified-Since: Sunday, 09-Sep-01 01:46:40 GMT\r\n", 304},
      {"If-Modified-Since: Sun Sep  9 01:46:40 2001\r\n", 304},
      {"If-Modified-Since: " + date_before + "\r\n", 200},
      {"If-Modified-Since: 5\r\n", 200},
  }));
  files_fixture server;
  auto lines = test_case.lines;
  const auto etag = *server.fetch("/digits").header("ETag");
  if (const auto place = lines.find("ETAG"); place != std::string::npos) lines.replace(place, 4, etag);
  CAPTURE(lines);
  const auto response = server.fetch("/digits", lines);
  CHECK(response.status == test_case.status);
  CHECK(response.header("ETag") == etag);
}

TEST_CASE("file response: If-Range permits the range only for the current file", "[http][server]") {
  files_fixture server;
  const auto etag = *server.fetch("/digits").header("ETag");
  const auto status_for = [&](const std::string& value) {
    return server.fetch("/digits", "Range: bytes=1-2\r\nIf-Range: " + value + "\r\n").status;
  };
  CHECK(status_for(etag) == 206);
  CHECK(status_for("W/" + etag) == 200);
  CHECK(status_for("\"x\"") == 200);
  CHECK(status_for(modification_date) == 206);
  CHECK(status_for("Sun, 09 Sep 2001 01:46:41 GMT") == 200);
  CHECK(status_for("garbage") == 200);
  CHECK(status_for(etag + "\r\nIf-Range: " + etag) == 200);
}

TEST_CASE("file response: a precompressed variant is sent if the client accepts it", "[http][server]") {
  files_fixture server;
  server.write("digits.txt.gz", "GZ");
  server.write("digits.txt.br", "BR");
  const auto plain_response = server.fetch("/digits");
  CHECK(plain_response.header("Vary") == "Accept-Encoding");
  CHECK(plain_response.body == "0123456789");
  const auto brotli = server.fetch("/digits", "Accept-Encoding: gzip, br\r\n");
  CHECK(brotli.body == "BR");
  CHECK(brotli.header("Content-Encoding") == "br");
  CHECK(brotli.header("Content-Type") == "text/plain; charset=utf-8");
  CHECK(brotli.header("ETag") != plain_response.header("ETag"));
  CHECK(server.fetch("/digits", "Accept-Encoding: gzip, br;q=0.5\r\n").body == "GZ");
  CHECK(server.fetch("/digits", "Accept-Encoding: gzip;q=0, br;q=0\r\n").body == "0123456789");
  const auto range = server.fetch("/digits", "Accept-Encoding: gzip\r\nRange: bytes=1-1\r\n");
  CHECK(range.body == "Z");
  CHECK(range.header("Content-Range") == "bytes 1-1/2");

  SECTION("a variant older than the file is not sent") {
    server.write("digits.txt", "new", modification_time + 5);
    CHECK(server.fetch("/digits", "Accept-Encoding: gzip, br\r\n").body == "new");
  }
  SECTION("no variant is sent if variants are disabled") {
    server.options.precompressed = false;
    CHECK_FALSE(server.fetch("/digits", "Accept-Encoding: gzip, br\r\n").header("Vary").has_value());
  }
}

TEST_CASE("file response: a file that is truncated during the transfer aborts the transfer", "[http][server]") {
  net::memory_pipe_settings settings;
  settings.capacity = 4096;
  files_fixture server;
  server.write("digits.txt", repeated_alphabet(700'000));
  auto client = server.connect();
  client.send(get("/digits"));
  auto received = *client.read();
  REQUIRE(::truncate((server.directory.path() / "digits.txt").c_str(), 200'000) == 0);
  received += client.read_to_end();
  CHECK(received.size() < 700'000);
  CHECK(received.find("Content-Length: 700000\r\n") != std::string::npos);
}

TEST_CASE("file response: the response for a path that is not a readable regular file is 404", "[http][server]") {
  files_fixture server;
  std::filesystem::remove(server.directory.path() / "digits.txt");
  SECTION("nonexistent file") {}
  SECTION("a directory") { std::filesystem::create_directory(server.directory.path() / "digits.txt"); }
  SECTION("a FIFO") { REQUIRE(::mkfifo((server.directory.path() / "digits.txt").c_str(), 0600) == 0); }
  CHECK(server.fetch("/digits").status == 404);
}

// ---- directories

class directory_fixture : public files_fixture {
 public:
  explicit directory_fixture(http::directory_options options = {}) {
    write("root/index.html", "<home>");
    write("root/a b.css", "css");
    write("root/sub/index.html", "<sub>");
    write("root/sub/deep.json", "{}");
    write("root/.env", "secret");
    write("outside.txt", "outside");
    std::filesystem::create_symlink("sub/deep.json", directory.path() / "root/inner");
    std::filesystem::create_symlink("../outside.txt", directory.path() / "root/outer");
    std::filesystem::create_symlink(directory.path() / "outside.txt", directory.path() / "root/absolute");
    std::filesystem::create_directory_symlink("..", directory.path() / "root/up");
    http::directory(routes, "/files", directory.path() / "root", std::move(options));
  }
};

TEST_CASE("directory: files below the root are served by their path", "[http][server]") {
  directory_fixture server;
  CHECK(server.fetch("/files/").body == "<home>");
  CHECK(server.fetch("/files/a%20b.css").body == "css");
  CHECK(server.fetch("/files/a%20b.css").header("Content-Type") == "text/css; charset=utf-8");
  CHECK(server.fetch("/files/sub/deep.json").body == "{}");
  CHECK(server.fetch("/files/sub%2Fdeep.json").body == "{}");
  CHECK(server.fetch("/files/sub/").body == "<sub>");
  CHECK(server.fetch("/files/inner").body == "{}");
  const auto redirect = server.fetch("/files/sub?a=b");
  CHECK(redirect.status == 308);
  CHECK(redirect.header("Location") == "/files/sub/?a=b");
}

TEST_CASE("directory: no path provides access to a hidden file or to a file outside the root", "[http][server]") {
  const auto path =
      GENERATE(as<std::string>{}, "/files/../outside.txt", "/files/%2e%2e/outside.txt", "/files/..%2foutside.txt",
               "/files/sub/../../outside.txt", "/files/sub/../index.html", "/files/./index.html", "/files//index.html",
               "/files//etc/passwd", "/files/%2fetc/passwd", "/files/.env", "/files/outer", "/files/absolute",
               "/files/up/outside.txt", "/files/..\\outside.txt", "/files/sub/nothing", "/files/index.html/");
  CAPTURE(path);
  directory_fixture server;
  CHECK(server.fetch(path).status == 404);
  CHECK(server.fetch("/files/a%00b").status == 400);
}

TEST_CASE("directory: options permit hidden files, and symbolic links to targets outside the root", "[http][server]") {
  http::directory_options options;
  options.hidden_files = true;
  options.links_out_of_root = true;
  options.index_file.clear();
  directory_fixture server{options};
  CHECK(server.fetch("/files/.env").body == "secret");
  CHECK(server.fetch("/files/outer").body == "outside");
  CHECK(server.fetch("/files/up/outside.txt").body == "outside");
  CHECK(server.fetch("/files/").status == 404);
  CHECK(server.fetch("/files/sub/").status == 404);
}

TEST_CASE("directory: a root that cannot be opened is rejected at startup", "[http][server]") {
  http::router routes;
  CHECK_THROWS_AS(http::directory(routes, "/files", "/nonexistent"), std::system_error);
}

}  // namespace
}  // namespace cohort
