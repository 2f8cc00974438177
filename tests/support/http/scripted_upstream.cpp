// SPDX-License-Identifier: BSL-1.0
#include "tests/support/http/scripted_upstream.hpp"

#include "tests/support/net/certificate_authority.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace cohort::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t chunk_size = 1024;

std::string to_chunked(std::string_view body) {
  std::string encoded_body;
  while (!body.empty()) {
    const auto chunk = body.substr(0, chunk_size);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    encoded_body.append(size).append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  return encoded_body + "0\r\n\r\n";
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string head_of(int status, header_list headers, const std::pair<std::string, std::string>& framing) {
  const bool has_framing = find_header(headers, "Content-Length") || find_header(headers, "Transfer-Encoding");
  if (!has_framing && may_have_body(status)) {
    headers.push_back(framing);
  }
  std::string head = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  for (const auto& [name, value] : headers) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head + "\r\n";
}

template <class Step>
std::string head_with_length(const Step& step) {
  return head_of(step.status, step.headers, {"Content-Length", std::to_string(step.body.size())});
}

template <class Step>
std::string partial_response(const Step& step) {
  return head_with_length(step) + step.body.substr(0, step.sent.value_or(step.body.size() / 2));
}

enum class connection_state { open, disconnected, closed };

/// Performs the step of one request. The result is `closed` if the connection is closed or must be closed.
class step_runner {
 public:
  step_runner(server_stream& stream, const recorded_request& request)
      : stream_{stream},
        is_head_request_{request.method == "HEAD"},
        is_close_requested_{request.header("Connection") == "close"} {}

  connection_state operator()(const canned_response& step) {
    if (const auto end = delay(step.delay); end != connection_state::open) {
      return end;
    }
    auto headers = step.headers;
    if (step.closes_connection) {
      headers.emplace_back("Connection", "close");
    }
    std::string text = step.chunked ? head_of(step.status, std::move(headers), {"Transfer-Encoding", "chunked"})
                                    : head_with_length(canned_response{step.status, std::move(headers), step.body});
    if (!is_head_request_ && may_have_body(step.status)) {
      text += step.chunked ? to_chunked(step.body) : step.body;
    }
    return finish(text, step.closes_connection);
  }

  connection_state operator()(const reset_before_response& step) {
    if (const auto end = delay(step.delay); end != connection_state::open) {
      return end;
    }
    stream_.reset();
    return connection_state::closed;
  }

  connection_state operator()(const reset_mid_body& step) {
    if (!stream_.write(partial_response(step))) {
      return connection_state::disconnected;
    }
    stream_.reset();
    return connection_state::closed;
  }

  connection_state operator()(const truncated_body& step) { return finish(partial_response(step), true); }

  connection_state operator()(const raw_bytes& step) { return finish(step.bytes, true); }

  connection_state operator()(const no_response&) { return delay(milliseconds::max()); }

  connection_state operator()(const slow_body& step) {
    if (!stream_.write(head_with_length(step))) {
      return connection_state::disconnected;
    }
    for (const char byte : is_head_request_ ? std::string{} : step.body) {
      if (const auto end = delay(step.interval); end != connection_state::open) {
        return end;
      }
      if (!stream_.write({&byte, 1})) {
        return connection_state::disconnected;
      }
    }
    return finish({}, false);
  }

 private:
  // Without a delay, the client is not checked, so a client that half-closes after its request receives the response.
  connection_state delay(milliseconds duration) {
    if (duration == milliseconds::zero()) {
      return connection_state::open;
    }
    switch (stream_.wait_for_disconnect(duration)) {
      case server_stream::wait_result::disconnected: return connection_state::disconnected;
      case server_stream::wait_result::stopped: return connection_state::closed;
      case server_stream::wait_result::elapsed: break;
    }
    return connection_state::open;
  }

  connection_state finish(std::string_view text, bool should_close) {
    if (!stream_.write(text)) {
      return connection_state::disconnected;
    }
    if (should_close || is_close_requested_) {
      stream_.close();
      return connection_state::closed;
    }
    return connection_state::open;
  }

  server_stream& stream_;
  bool is_head_request_;
  bool is_close_requested_;
};

std::pair<std::string, std::string> method_and_target(const std::string& line) {
  const auto first = line.find(' ');
  const auto second = line.find(' ', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    throw std::runtime_error("malformed request line: \"" + line + "\"");
  }
  return {line.substr(0, first), line.substr(first + 1, second - first - 1)};
}

}  // namespace

scripted_upstream::scripted_upstream() : scripted_upstream{std::unique_ptr<SSL_CTX, free_ssl>{}} {}

scripted_upstream::scripted_upstream(const certificate_and_key& leaf) : scripted_upstream{tls_server_context(leaf)} {}

scripted_upstream::scripted_upstream(std::unique_ptr<SSL_CTX, free_ssl> tls)
    : tls_{std::move(tls)},
      listener_{listen_loopback(SOMAXCONN)},
      port_{local_port(listener_)},
      default_behavior_{canned_response{
          .status = 500, .body = "scripted_upstream: no step left, and set_default_behavior() was not called"}},
      acceptor_{[this] { accept_all(); }} {}

scripted_upstream::~scripted_upstream() {
  stop_.raise();
  acceptor_.join();
  for (auto& served : connections_) {
    served.thread.join();
  }
}

void scripted_upstream::enqueue(behavior step) {
  const std::lock_guard lock{mutex_};
  steps_.push_back(std::move(step));
}

void scripted_upstream::set_default_behavior(behavior step) {
  const std::lock_guard lock{mutex_};
  default_behavior_ = std::move(step);
}

std::size_t scripted_upstream::remaining_steps() const {
  const std::lock_guard lock{mutex_};
  return steps_.size();
}

std::vector<recorded_request> scripted_upstream::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

std::size_t scripted_upstream::disconnect_count() const {
  const std::lock_guard lock{mutex_};
  return disconnect_count_;
}

std::size_t scripted_upstream::accepted_connection_count() const {
  const std::lock_guard lock{mutex_};
  return accepted_connection_count_;
}

std::string scripted_upstream::url() const {
  return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_);
}

template <class Count>
void scripted_upstream::wait_for_count(const char* name, Count count, std::size_t expected,
                                       milliseconds timeout) const {
  std::unique_lock lock{mutex_};
  if (!change_condition_.wait_until(lock, deadline_after(timeout), [&] { return count() >= expected; })) {
    throw std::runtime_error("scripted upstream: " + std::to_string(count()) + " of " + std::to_string(expected) + " " +
                             name + " within " + std::to_string(timeout.count()) + " ms" +
                             (last_error_.empty() ? "" : "; last error: " + last_error_));
  }
}

void scripted_upstream::wait_for_requests(std::size_t count, milliseconds timeout) const {
  wait_for_count("requests", [this] { return requests_.size(); }, count, timeout);
}

void scripted_upstream::wait_for_disconnects(std::size_t count, milliseconds timeout) const {
  wait_for_count("disconnects", [this] { return disconnect_count_; }, count, timeout);
}

void scripted_upstream::record_error(const std::string& error) {
  const std::lock_guard lock{mutex_};
  last_error_ = error;
}

void scripted_upstream::accept_all() {
  // The threads of the connections inherit the signal mask, which server_stream requires.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (wait_for(listener_.get(), POLLIN, time_point::max(), &stop_) == readiness::ready) {
    file_descriptor socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!socket) {
      if (errno == EAGAIN || errno == ECONNABORTED) {
        continue;
      }
      return record_error("accept failed, errno " + std::to_string(errno));
    }
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.remove_if([](connection& old) {
      const bool is_done = old.done;
      if (is_done) {
        old.thread.join();
      }
      return is_done;
    });
    {
      const std::lock_guard lock{mutex_};
      ++accepted_connection_count_;
    }
    auto& added = connections_.emplace_back();
    added.thread = std::thread{[this, &added, accepted = std::move(socket)]() mutable {
      server_stream stream{std::move(accepted), tls_.get(), stop_};
      serve(stream);
      added.done = true;
    }};
  }
}

void scripted_upstream::serve(server_stream& stream) {
  if (!stream.handshake()) {
    return record_error("TLS handshake failed");
  }
  try {
    std::string input;
    while (auto request = read_request(stream, input)) {
      step_runner runner{stream, *request};
      const auto step = record(std::move(*request));
      const auto end = std::visit(runner, step);
      if (end == connection_state::disconnected) {
        const std::lock_guard lock{mutex_};
        ++disconnect_count_;
        change_condition_.notify_all();
      }
      if (end != connection_state::open) {
        return;
      }
    }
  } catch (const std::runtime_error& error) {
    record_error(error.what());
    const std::string message = error.what();
    stream.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: " + std::to_string(message.size()) +
                 "\r\n\r\n" + message);
    stream.close();
  }
}

std::optional<recorded_request> scripted_upstream::read_request(server_stream& stream, std::string& input) const {
  auto head = extract_head(input);
  while (!head) {
    const auto bytes = stream.read_some();
    if (bytes.empty()) {
      return std::nullopt;
    }
    input += bytes;
    head = extract_head(input);
  }
  recorded_request request;
  std::tie(request.method, request.target) = method_and_target(head->start_line);
  request.headers = std::move(head->headers);
  body_decoder decoder{request.headers, body_decoder::unframed_body::empty};
  decoder.consume(input, request.body);
  while (!decoder.finished()) {
    const auto bytes = stream.read_some();
    if (bytes.empty()) {
      return std::nullopt;
    }
    input += bytes;
    decoder.consume(input, request.body);
  }
  return request;
}

behavior scripted_upstream::record(recorded_request request) {
  const std::lock_guard lock{mutex_};
  requests_.push_back(std::move(request));
  change_condition_.notify_all();
  if (steps_.empty()) {
    return default_behavior_;
  }
  auto step = std::move(steps_.front());
  steps_.pop_front();
  return step;
}

}  // namespace cohort::test
