// The other end of the scale: a coroutine server the way Boost.Beast's own examples teach it (awaitable and
// `tcp_stream` with the type-erased executor, `flat_buffer`, `string_body`, `use_awaitable`). It answers with the very
// bytes of time-service. It has a timeout per operation, as the examples do, and no limits, metrics, routes or
// deadlines beyond.

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

std::string formatted(const char* format, const std::tm& when) {
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &when)};
}

std::string time_as_json(std::chrono::system_clock::time_point now) {
  const auto second = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::tm local{};
  localtime_r(&second, &local);
  auto iso8601 = formatted("%Y-%m-%dT%H:%M:%S%z", local);
  iso8601.insert(iso8601.size() - 2, ":");
  return R"({"service":"time-service","timestamp":")" + formatted("%Y-%m-%d %H:%M:%S", local) + R"(","iso8601":")" +
         iso8601 + R"(","unix_ms":)" + std::to_string(milliseconds) + R"(,"timezone":")" + local.tm_zone + R"("})";
}

response answer(const request& asked, bool all_fields) {
  if (asked.target() != "/api/time" || asked.method() != http::verb::get) {
    response refusal{http::status::not_found, asked.version()};
    refusal.keep_alive(asked.keep_alive());
    refusal.prepare_payload();
    return refusal;
  }
  const auto now = std::chrono::system_clock::now();
  response made{http::status::ok, asked.version()};
  if (all_fields) {
    const auto second = std::chrono::system_clock::to_time_t(now);
    std::tm utc{};
    gmtime_r(&second, &utc);
    made.set(http::field::date, formatted("%a, %d %b %Y %H:%M:%S GMT", utc));
    made.set("X-Content-Type-Options", "nosniff");
    made.set("X-Frame-Options", "DENY");
    made.set("Referrer-Policy", "strict-origin-when-cross-origin");
    made.set("Content-Security-Policy",
             "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    made.set("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
  }
  made.set(http::field::content_type, "application/json");
  made.keep_alive(asked.keep_alive());
  made.body() = time_as_json(now);
  made.prepare_payload();
  return made;
}

asio::awaitable<void> session(beast::tcp_stream stream, bool all_fields) {
  beast::flat_buffer buffer;
  try {
    for (;;) {
      stream.expires_after(std::chrono::seconds{30});
      request asked;
      co_await http::async_read(stream, buffer, asked, asio::use_awaitable);
      auto made = answer(asked, all_fields);
      co_await http::async_write(stream, made, asio::use_awaitable);
      if (!made.keep_alive()) break;
    }
  } catch (const boost::system::system_error&) {
    // The client has gone.
  }
  beast::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> listen(tcp::acceptor acceptor, bool all_fields) {
  for (;;) {
    auto client = co_await acceptor.async_accept(asio::use_awaitable);
    auto serving = session(beast::tcp_stream{std::move(client)}, all_fields);
    asio::co_spawn(acceptor.get_executor(), std::move(serving), asio::detached);
  }
}

}  // namespace

/// `textbook_beast [PORT] [bare]`: serves on loopback and prints its port; 0 lets the system choose. `bare` leaves out
/// all fields of the answer but those about its body.
int main(int argc, char** argv) {
  const auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 0);
  const bool all_fields = argc < 3 || std::string_view{argv[2]} != "bare";
  asio::io_context context{1};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
  std::cout << acceptor.local_endpoint().port() << std::endl;
  auto listening = listen(std::move(acceptor), all_fields);
  asio::co_spawn(context, std::move(listening), asio::detached);
  context.run();
}
