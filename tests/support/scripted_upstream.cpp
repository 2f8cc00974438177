#include "tests/support/scripted_upstream.hpp"

#include "tests/support/certificate_authority.hpp"

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

std::string chunked(std::string_view body) {
  std::string coded;
  while (!body.empty()) {
    const auto chunk = body.substr(0, chunk_size);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    coded.append(size).append(chunk).append("\r\n");
    body.remove_prefix(chunk.size());
  }
  return coded + "0\r\n\r\n";
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string head_of(int status, header_list headers, const std::pair<std::string, std::string>& framing) {
  const bool framed = find_header(headers, "Content-Length") || find_header(headers, "Transfer-Encoding");
  if (!framed && may_have_body(status)) {
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
std::string first_part(const Step& step) {
  return head_with_length(step) + step.body.substr(0, step.sent.value_or(step.body.size() / 2));
}

enum class ending { keep, hung_up, over };

/// Does to one request what its step says; `over` when the connection is closed or to be dropped.
class performer {
 public:
  performer(server_stream& stream, const recorded_request& request)
      : stream_{stream}, head_only_{request.method == "HEAD"}, close_asked_{request.header("Connection") == "close"} {}

  ending operator()(const answer& step) {
    if (const auto end = delay(step.delay); end != ending::keep) {
      return end;
    }
    auto headers = step.headers;
    if (step.close_after) {
      headers.emplace_back("Connection", "close");
    }
    std::string text = step.chunked ? head_of(step.status, std::move(headers), {"Transfer-Encoding", "chunked"})
                                    : head_with_length(answer{step.status, std::move(headers), step.body});
    if (!head_only_ && may_have_body(step.status)) {
      text += step.chunked ? chunked(step.body) : step.body;
    }
    return finish(text, step.close_after);
  }

  ending operator()(const reset_before_answer& step) {
    if (const auto end = delay(step.delay); end != ending::keep) {
      return end;
    }
    stream_.reset();
    return ending::over;
  }

  ending operator()(const reset_mid_body& step) {
    if (!stream_.write(first_part(step))) {
      return ending::hung_up;
    }
    stream_.reset();
    return ending::over;
  }

  ending operator()(const half_body& step) { return finish(first_part(step), true); }

  ending operator()(const garbage& step) { return finish(step.bytes, true); }

  ending operator()(const silence&) { return delay(milliseconds::max()); }

  ending operator()(const drip& step) {
    if (!stream_.write(head_with_length(step))) {
      return ending::hung_up;
    }
    for (const char byte : head_only_ ? std::string{} : step.body) {
      if (const auto end = delay(step.interval); end != ending::keep) {
        return end;
      }
      if (!stream_.write({&byte, 1})) {
        return ending::hung_up;
      }
    }
    return finish({}, false);
  }

 private:
  // No wait, no look: a client that half-closes after its request is in its right to an answer given at once.
  ending delay(milliseconds duration) {
    if (duration == milliseconds::zero()) {
      return ending::keep;
    }
    switch (stream_.hold(duration)) {
      case server_stream::hold_end::hung_up: return ending::hung_up;
      case server_stream::hold_end::stopped: return ending::over;
      case server_stream::hold_end::elapsed: break;
    }
    return ending::keep;
  }

  ending finish(std::string_view text, bool close) {
    if (!stream_.write(text)) {
      return ending::hung_up;
    }
    if (close || close_asked_) {
      stream_.close();
      return ending::over;
    }
    return ending::keep;
  }

  server_stream& stream_;
  bool head_only_;
  bool close_asked_;
};

std::pair<std::string, std::string> method_and_target(const std::string& line) {
  const auto first = line.find(' ');
  const auto second = line.find(' ', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    throw std::runtime_error("no request line: \"" + line + "\"");
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
      rest_{answer{.status = 500, .body = "scripted_upstream: no step left, and always() was not called"}},
      acceptor_{[this] { accept_all(); }} {}

scripted_upstream::~scripted_upstream() {
  stop_.raise();
  acceptor_.join();
  for (auto& served : connections_) {
    served.thread.join();
  }
}

void scripted_upstream::next(behaviour step) {
  const std::lock_guard lock{mutex_};
  steps_.push_back(std::move(step));
}

void scripted_upstream::always(behaviour rest) {
  const std::lock_guard lock{mutex_};
  rest_ = std::move(rest);
}

std::size_t scripted_upstream::steps_left() const {
  const std::lock_guard lock{mutex_};
  return steps_.size();
}

std::vector<recorded_request> scripted_upstream::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

std::size_t scripted_upstream::hangups() const {
  const std::lock_guard lock{mutex_};
  return hangups_;
}

std::size_t scripted_upstream::connections_accepted() const {
  const std::lock_guard lock{mutex_};
  return accepted_;
}

std::string scripted_upstream::url() const {
  return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_);
}

template <class Count>
void scripted_upstream::wait_until_counted(const char* what, Count counted, std::size_t wanted,
                                           milliseconds timeout) const {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_until(lock, after(timeout), [&] { return counted() >= wanted; })) {
    throw std::runtime_error("scripted upstream: " + std::to_string(counted()) + " of " + std::to_string(wanted) + " " +
                             what + " within " + std::to_string(timeout.count()) + " ms" +
                             (fault_.empty() ? "" : "; last fault: " + fault_));
  }
}

void scripted_upstream::wait_for_requests(std::size_t count, milliseconds timeout) const {
  wait_until_counted("requests", [this] { return requests_.size(); }, count, timeout);
}

void scripted_upstream::wait_for_hangups(std::size_t count, milliseconds timeout) const {
  wait_until_counted("hang-ups", [this] { return hangups_; }, count, timeout);
}

void scripted_upstream::note_fault(const std::string& what) {
  const std::lock_guard lock{mutex_};
  fault_ = what;
}

void scripted_upstream::accept_all() {
  // Inherited by every connection's thread; see server_stream.
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
      return note_fault("no more connections accepted, errno " + std::to_string(errno));
    }
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.remove_if([](connection& old) {
      const bool done = old.done;
      if (done) {
        old.thread.join();
      }
      return done;
    });
    {
      const std::lock_guard lock{mutex_};
      ++accepted_;
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
    return note_fault("TLS handshake failed");
  }
  try {
    std::string input;
    while (auto request = read_request(stream, input)) {
      performer perform{stream, *request};
      const auto step = record(std::move(*request));
      const auto end = std::visit(perform, step);
      if (end == ending::hung_up) {
        const std::lock_guard lock{mutex_};
        ++hangups_;
        changed_.notify_all();
      }
      if (end != ending::keep) {
        return;
      }
    }
  } catch (const std::runtime_error& error) {
    note_fault(error.what());
    const std::string why = error.what();
    stream.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: " + std::to_string(why.size()) +
                 "\r\n\r\n" + why);
    stream.close();
  }
}

std::optional<recorded_request> scripted_upstream::read_request(server_stream& stream, std::string& input) const {
  auto head = take_head(input);
  while (!head) {
    const auto bytes = stream.read_some();
    if (bytes.empty()) {
      return std::nullopt;
    }
    input += bytes;
    head = take_head(input);
  }
  recorded_request request;
  std::tie(request.method, request.target) = method_and_target(head->start_line);
  request.headers = std::move(head->headers);
  body_decoder decoder{request.headers, body_decoder::when_unframed::empty};
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

behaviour scripted_upstream::record(recorded_request request) {
  const std::lock_guard lock{mutex_};
  requests_.push_back(std::move(request));
  changed_.notify_all();
  if (steps_.empty()) {
    return rest_;
  }
  auto step = std::move(steps_.front());
  steps_.pop_front();
  return step;
}

}  // namespace cohort::test
