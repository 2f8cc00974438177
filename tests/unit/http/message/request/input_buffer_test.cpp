// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>
#include <string_view>

#include <cohort/http/message/request/input_buffer.hpp>

namespace cohort::http {
namespace {

void receive(input_buffer& buffer, std::string_view bytes) {
  const auto space = buffer.prepare();
  REQUIRE(space.size() >= bytes.size());
  std::memcpy(space.data(), bytes.data(), bytes.size());
  buffer.commit(bytes.size());
}

TEST_CASE("input_buffer: release frees the memory only if all bytes are consumed", "[http][server]") {
  input_buffer buffer{16 * 1024};
  receive(buffer, "GET /first");
  buffer.consume(4);
  buffer.release();
  CHECK(buffer.unread() == "/first");
  buffer.consume(6);
  buffer.release();
  CHECK(buffer.empty());
  CHECK(buffer.free_space().size() == 0);
  receive(buffer, "GET /second");
  CHECK(buffer.unread() == "GET /second");
}

TEST_CASE("input_buffer: the buffer grows up to its limit and keeps the unread bytes", "[http][server]") {
  input_buffer buffer{10'000};
  std::string sent;
  while (buffer.reserve()) {
    const std::string part(buffer.free_space().size(), static_cast<char>('a' + sent.size() / 1000));
    receive(buffer, part);
    sent += part;
  }
  CHECK(sent.size() == 10'000);
  CHECK((buffer.unread() == sent));
}

TEST_CASE("input_buffer: preserved bytes stay valid while other bytes are received", "[http][server]") {
  input_buffer buffer{16 * 1024};
  receive(buffer, "head body");
  const auto head = buffer.unread().substr(0, 4);
  buffer.consume(5);
  buffer.preserve_consumed();
  CHECK(buffer.unread() == "body");
  buffer.consume(4);
  for (std::size_t missing = 4000; missing > 0;) {
    const auto size = std::min(missing, buffer.prepare().size());
    receive(buffer, std::string(size, 'x'));
    missing -= size;
  }
  CHECK(head == "head");
}

}  // namespace
}  // namespace cohort::http
