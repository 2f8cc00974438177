// SPDX-License-Identifier: BSL-1.0
// A peer for comparison: a coroutine server as in the examples of Boost.Beast (awaitable and `tcp_stream` with the
// type-erased executor, `flat_buffer`, `string_body`, `use_awaitable`). Its response has the same bytes as that of
// time-service. Like the examples, the server has a timeout per operation, but no limits, metrics, routes or deadlines.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <string_view>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

std::string format_time(const char* format, const std::tm& time) {
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &time)};
}

std::string format_time_json(std::chrono::system_clock::time_point now) {
  const auto second = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::tm local{};
  localtime_r(&second, &local);
  auto iso8601 = format_time("%Y-%m-%dT%H:%M:%S%z", local);
  iso8601.insert(iso8601.size() - 2, ":");
  return R"({"service":"time-service","timestamp":")" + format_time("%Y-%m-%d %H:%M:%S", local) + R"(","iso8601":")" +
         iso8601 + R"(","unix_ms":)" + std::to_string(milliseconds) + R"(,"timezone":")" + local.tm_zone + R"("})";
}

response respond(const request& request, bool should_send_all_fields) {
  if (request.target() != "/api/time" || request.method() != http::verb::get) {
    response not_found{http::status::not_found, request.version()};
    not_found.keep_alive(request.keep_alive());
    not_found.prepare_payload();
    return not_found;
  }
  const auto now = std::chrono::system_clock::now();
  response result{http::status::ok, request.version()};
  if (should_send_all_fields) {
    const auto second = std::chrono::system_clock::to_time_t(now);
    std::tm utc{};
    gmtime_r(&second, &utc);
    result.set(http::field::date, format_time("%a, %d %b %Y %H:%M:%S GMT", utc));
    result.set("X-Content-Type-Options", "nosniff");
    result.set("X-Frame-Options", "DENY");
    result.set("Referrer-Policy", "strict-origin-when-cross-origin");
    result.set("Content-Security-Policy",
               "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    result.set("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
  }
  result.set(http::field::content_type, "application/json");
  result.keep_alive(request.keep_alive());
  result.body() = format_time_json(now);
  result.prepare_payload();
  return result;
}

asio::awaitable<void> session(beast::tcp_stream stream, bool should_send_all_fields) {
  beast::flat_buffer buffer;
  try {
    for (;;) {
      stream.expires_after(std::chrono::seconds{30});
      request request;
      co_await http::async_read(stream, buffer, request, asio::use_awaitable);
      auto result = respond(request, should_send_all_fields);
      co_await http::async_write(stream, result, asio::use_awaitable);
      if (!result.keep_alive()) break;
    }
  } catch (const boost::system::system_error&) {
    // The client has closed the connection.
  }
  beast::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> listen(tcp::acceptor acceptor, bool should_send_all_fields) {
  for (;;) {
    auto client = co_await acceptor.async_accept(asio::use_awaitable);
    auto session_task = session(beast::tcp_stream{std::move(client)}, should_send_all_fields);
    asio::co_spawn(acceptor.get_executor(), std::move(session_task), asio::detached);
  }
}

}  // namespace

/// `textbook_beast [PORT] [bare]`: serves on loopback and prints the port; with 0 the system chooses a port. `bare`
/// omits all header fields except those of the body.
int main(int argc, char** argv) {
  const auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 0);
  const bool should_send_all_fields = argc < 3 || std::string_view{argv[2]} != "bare";
  asio::io_context context{1};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
  std::cout << acceptor.local_endpoint().port() << std::endl;
  auto listen_task = listen(std::move(acceptor), should_send_all_fields);
  asio::co_spawn(context, std::move(listen_task), asio::detached);
  context.run();
}
