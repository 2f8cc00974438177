// SPDX-License-Identifier: BSL-1.0
// The example of a chat, with members on several event loops.
#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

/// A member of a room, who sends frames with a mask of zeros.
class member {
 public:
  member(std::uint16_t port, const std::string& path, const std::string& header_lines = {}) : connection_(port) {
    connection_.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + header_lines +
                     "\r\n");
    while (input_.find("\r\n\r\n") == std::string::npos) read_more();
    status = std::stoi(input_.substr(9, 3));
    input_.erase(0, input_.find("\r\n\r\n") + 4);
  }

  int status = 0;

  void say(const std::string& text) {
    std::string frame{'\x81', static_cast<char>(0x80U | text.size()), 0, 0, 0, 0};
    connection_.send(frame + text);
  }
  /// Returns the payload of the next frame; supports at most 125 bytes.
  std::string hear() {
    while (input_.size() < 2 || input_.size() < 2U + static_cast<unsigned char>(input_[1])) read_more();
    const auto payload = input_.substr(2, static_cast<unsigned char>(input_[1]));
    input_.erase(0, 2 + payload.size());
    return payload;
  }

 private:
  void read_more() {
    const auto bytes = connection_.read_some();
    if (bytes.empty()) throw std::runtime_error("closed: " + input_);
    input_ += bytes;
  }

  raw_connection connection_;
  std::string input_;
};

TEST_CASE("chat example: the members of a room hear each other, and learn of a shutdown", "[integration][threads]") {
  running_program program{"chat-service", {"--threads", "2"}};
  const auto port = program.port();
  CHECK(get(port, "/").body.find("<title>Chat</title>") != std::string::npos);
  CHECK(member{port, "/chat/a?name=eve", "Origin: http://other.example\r\n"}.status == 403);

  member ann{port, "/chat/a?name=ann"};
  CHECK(ann.hear() == "ann joined");
  member bob{port, "/chat/a?name=bob"};
  CHECK(bob.hear() == "bob joined");
  CHECK(ann.hear() == "bob joined");
  member other{port, "/chat/b?name=carl"};
  CHECK(other.hear() == "carl joined");
  bob.say("hello");
  CHECK(ann.hear() == "bob: hello");
  CHECK(bob.hear() == "bob: hello");
  member nameless{port, "/chat/a"};
  CHECK(nameless.hear().substr(0, 2) == "\x03\xF0");  // 1008

  program.process().signal(SIGTERM);
  CHECK(ann.hear().substr(0, 2) == "\x03\xE9");  // 1001
  CHECK(other.hear().substr(0, 2) == "\x03\xE9");
}

}  // namespace
}  // namespace cohort::test
