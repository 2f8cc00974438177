// SPDX-License-Identifier: BSL-1.0
#include "tests/support/http/http_exchange.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace cohort::test {
namespace {

response parse_status_line(message_head head) {
  const std::string& line = head.start_line;
  const auto digit = [&line](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
  // RFC 9112 section 4: the space after the code is required even if the reason is empty.
  if (line.size() < 13 || !(line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) || !digit(9) ||
      !digit(10) || !digit(11) || line[12] != ' ') {
    throw std::runtime_error("malformed status line: \"" + line + "\"");
  }
  response result;
  result.status = std::stoi(line.substr(9, 3));
  result.reason = line.substr(13);
  result.headers = std::move(head.headers);
  result.raw_head = std::move(head.raw);
  return result;
}

bool is_interim(int status) { return status >= 100 && status < 200 && status != 101; }

bool has_body(int status, bool is_head_request) {
  return !is_head_request && status != 101 && status != 204 && status != 304;
}

std::string take_event_line(std::string& input, std::size_t end) {
  std::string line = input.substr(0, end);
  input.erase(0, end + 1);
  if (line.ends_with('\r')) {
    line.pop_back();
  }
  return line;
}

void add_field(sse_event& event, const std::string& line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string::npos ? std::string{} : line.substr(colon + 1);
  if (value.starts_with(' ')) {
    value.erase(0, 1);
  }
  if (name == "event") {
    event.event = value;
  } else if (name == "data") {
    event.data += value + "\n";
  }
}

}  // namespace

raw_connection::raw_connection(std::uint16_t port) : socket_{connect_loopback(port)} {}

std::size_t raw_connection::send(std::string_view bytes) {
  const auto deadline = deadline_after(default_timeout);
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto size = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size >= 0) {
      sent += static_cast<std::size_t>(size);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      break;
    } else if (errno != EAGAIN) {
      throw_errno("send", errno);
    } else if (wait_for(socket_.get(), POLLOUT, deadline) == readiness::timed_out) {
      throw std::runtime_error("send: the peer received only " + std::to_string(sent) + " of " +
                               std::to_string(bytes.size()) + " bytes in time");
    }
  }
  return sent;
}

// Appends received bytes to input_; returns false after the peer has closed.
bool raw_connection::fill(time_point deadline) {
  std::array<char, 16384> buffer{};
  for (;;) {
    if (was_reset_) {
      throw_errno("recv", ECONNRESET);
    }
    if (wait_for(socket_.get(), POLLIN, deadline) == readiness::timed_out) {
      throw std::runtime_error("timeout; received so far: \"" + input_ + "\"");
    }
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size >= 0) {
      input_.append(buffer.data(), static_cast<std::size_t>(size));
      return size > 0;
    }
    if (errno != EAGAIN) {
      throw_errno("recv", errno);
    }
  }
}

response raw_connection::read_head(std::chrono::milliseconds timeout, bool is_head_request) {
  const auto deadline = deadline_after(timeout);
  std::vector<response> interim;
  for (;;) {
    auto head = extract_head(input_);
    if (!head) {
      if (!fill(deadline)) {
        throw std::runtime_error("connection closed within a response head; received so far: \"" + input_ + "\"");
      }
      continue;
    }
    auto result = parse_status_line(std::move(*head));
    if (is_interim(result.status)) {
      interim.push_back(std::move(result));
      continue;
    }
    result.interim = std::move(interim);
    body_ = has_body(result.status, is_head_request)
                ? body_decoder{result.headers, body_decoder::unframed_body::until_close}
                : body_decoder{};
    decoded_.clear();
    pending_ = {};
    return result;
  }
}

response raw_connection::read_response(std::chrono::milliseconds timeout, bool is_head_request) {
  const auto deadline = deadline_after(timeout);
  auto result = read_head(timeout, is_head_request);
  body_.consume(input_, decoded_);
  while (!body_.finished()) {
    fill_body(deadline);
  }
  result.body = std::exchange(decoded_, {});
  return result;
}

void raw_connection::fill_body(time_point deadline) {
  if (fill(deadline)) {
    body_.consume(input_, decoded_);
  } else {
    body_.end_of_input();
  }
}

sse_event raw_connection::read_sse_event(std::chrono::milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  body_.consume(input_, decoded_);
  for (;;) {
    const auto end = decoded_.find('\n');
    if (end == std::string::npos) {
      if (body_.finished()) {
        throw std::runtime_error("the event stream has ended");
      }
      fill_body(deadline);
      continue;
    }
    const auto line = take_event_line(decoded_, end);
    if (!line.empty()) {
      add_field(pending_, line);
      continue;
    }
    auto event = std::exchange(pending_, {});
    // An event without data is not dispatched (HTML standard, section 9.2.6).
    if (event.data.empty()) {
      continue;
    }
    event.data.pop_back();
    if (event.event.empty()) {
      event.event = "message";
    }
    return event;
  }
}

std::string raw_connection::read_some(std::chrono::milliseconds timeout) {
  if (input_.empty()) {
    fill(deadline_after(timeout));
  }
  return std::exchange(input_, {});
}

bool raw_connection::wait_for_close(std::chrono::milliseconds timeout) {
  if (!input_.empty() || wait_for(socket_.get(), POLLIN, deadline_after(timeout)) == readiness::timed_out) {
    return false;
  }
  char byte = 0;
  const auto size = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
  // The reset is stored, because the kernel reports it only once. Later reads report an orderly close.
  was_reset_ = was_reset_ || (size < 0 && errno == ECONNRESET);
  return size == 0 || was_reset_;
}

void raw_connection::half_close() {
  if (::shutdown(socket_.get(), SHUT_WR) != 0) {
    throw_errno("shutdown", errno);
  }
}

void raw_connection::reset() {
  reset_on_close(socket_);
  socket_.close();
}

response request(std::uint16_t port, std::string_view method, std::string_view target, const header_list& headers,
                 std::string_view body) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  const auto add_default = [&](std::string_view name, const std::string& value) {
    if (!find_header(headers, name)) {
      add(name, value);
    }
  };
  add_default("Host", "127.0.0.1:" + std::to_string(port));
  add_default("Connection", "close");
  if (!body.empty() && !find_header(headers, "Transfer-Encoding")) {
    add_default("Content-Length", std::to_string(body.size()));
  }
  for (const auto& [name, value] : headers) {
    add(name, value);
  }
  text.append("\r\n").append(body);
  raw_connection connection{port};
  connection.send(text);
  return connection.read_response(default_timeout, method == "HEAD");
}

response get(std::uint16_t port, std::string_view target, const header_list& headers) {
  return request(port, "GET", target, headers);
}

}  // namespace cohort::test
