// SPDX-License-Identifier: BSL-1.0
// Tests the reverse proxy example in front of the file service example and the chat example.
#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "tests/integration/examples/chat_member.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

TEST_CASE("reverse proxy example: uploads and downloads are forwarded unchanged", "[integration][threads][examples]") {
  temporary_directory directory;
  running_program files{"files-service", {"--directory", directory.path().string()}};
  running_program proxy{"reverse-proxy", {"--api-url", "http://127.0.0.1:" + std::to_string(files.port())}};
  const std::string content(5'000'000, 'x');
  CHECK(request(proxy.port(), "PUT", "/api/files/large.bin", {}, content).status == 201);
  const auto download_response = get(proxy.port(), "/api/files/large.bin");
  CHECK(download_response.status == 200);
  CHECK(download_response.header("Via") == "1.1 cohort");
  CHECK(download_response.body == content);
  const auto part = get(proxy.port(), "/api/files/large.bin", {{"Range", "bytes=0-9"}});
  CHECK(part.status == 206);
  CHECK(part.body == std::string(10, 'x'));
  CHECK(get(proxy.port(), "/other").status == 404);
  CHECK(files.stop() == 0);
  CHECK(get(proxy.port(), "/api/files/large.bin").status == 502);
  CHECK(proxy.stop() == 0);
}

TEST_CASE("reverse proxy example: WebSocket connections are forwarded until they are closed",
          "[integration][threads][examples]") {
  running_program chat_program{"chat-service", {}};
  running_program proxy{"reverse-proxy", {"--site-url", "http://127.0.0.1:" + std::to_string(chat_program.port())}};
  const auto port = proxy.port();
  CHECK(get(port, "/").body.find("<title>Chat</title>") != std::string::npos);
  CHECK(chat_member{port, "/chat/a?name=eve", "Origin: http://other.example\r\n"}.status == 403);
  chat_member ann{port, "/chat/a?name=ann"};
  CHECK(ann.status == 101);
  CHECK(ann.receive() == "ann joined");
  chat_member direct{chat_program.port(), "/chat/a?name=bob"};
  CHECK(ann.receive() == "bob joined");
  ann.send_text("hello");
  CHECK(direct.receive() == "bob joined");
  CHECK(direct.receive() == "ann: hello");
  CHECK(ann.receive() == "ann: hello");
  CHECK(get(port, "/metrics").body.find("cohort_proxy_tunnels{upstream=\"site\"} 1\n") != std::string::npos);
  chat_program.process().signal(SIGTERM);
  const auto going_away = ann.receive();
  CHECK(going_away.substr(0, 2) == "\x03\xE9");  // 1001
  CHECK(ann.respond_to_close(going_away));
  CHECK(proxy.stop() == 0);
}

TEST_CASE("reverse proxy example: an upstream can listen on a Unix domain socket", "[integration][threads][examples]") {
  temporary_directory directory;
  const auto path = (directory.path() / "files.sock").string();
  running_program files{"files-service", {"--directory", directory.path().string(), "--unix-socket", path}};
  files.process().wait_for_line("listening");
  CHECK(run_program("files-service", {"--unix-socket", path, "--healthcheck"}).status == 0);
  const auto second = run_program("files-service", {"--unix-socket", path});
  CHECK(second.status == 2);
  CHECK(second.error == "files-service: cannot listen on unix:" + path + ": Address already in use\n");
  running_program proxy{"reverse-proxy", {"--api-url", "unix:" + path}};
  CHECK(request(proxy.port(), "PUT", "/api/files/a.txt", {}, "content").status == 201);
  CHECK(get(proxy.port(), "/api/files/a.txt").body == "content");
  CHECK(files.stop() == 0);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(get(proxy.port(), "/api/files/a.txt").status == 502);
  CHECK(proxy.stop() == 0);
}

}  // namespace
}  // namespace cohort::test
