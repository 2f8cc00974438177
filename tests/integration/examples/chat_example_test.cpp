// SPDX-License-Identifier: BSL-1.0
// Tests the chat example with members on several event loops.
#include <catch2/catch_test_macros.hpp>
#include <csignal>

#include "tests/integration/examples/chat_member.hpp"

namespace cohort::test {
namespace {

TEST_CASE("chat example: the members of a room receive each other's messages, and are notified of a shutdown",
          "[integration][threads]") {
  running_program program{"chat-service", {"--threads", "2"}};
  const auto port = program.port();
  CHECK(get(port, "/").body.find("<title>Chat</title>") != std::string::npos);
  CHECK(chat_member{port, "/chat/a?name=eve", "Origin: http://other.example\r\n"}.status == 403);

  chat_member ann{port, "/chat/a?name=ann"};
  CHECK(ann.receive() == "ann joined");
  chat_member bob{port, "/chat/a?name=bob"};
  CHECK(bob.receive() == "bob joined");
  CHECK(ann.receive() == "bob joined");
  chat_member other{port, "/chat/b?name=carl"};
  CHECK(other.receive() == "carl joined");
  bob.send_text("hello");
  CHECK(ann.receive() == "bob: hello");
  CHECK(bob.receive() == "bob: hello");
  chat_member member_without_name{port, "/chat/a"};
  CHECK(member_without_name.receive().substr(0, 2) == "\x03\xF0");  // 1008

  program.process().signal(SIGTERM);
  CHECK(ann.receive().substr(0, 2) == "\x03\xE9");  // 1001
  CHECK(other.receive().substr(0, 2) == "\x03\xE9");
}

}  // namespace
}  // namespace cohort::test
