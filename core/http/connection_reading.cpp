// What a connection does to get a request: its header, its body, and what comes after the last one.
#include <algorithm>
#include <boost/asio/error.hpp>

#include "core/http/connection.hpp"

namespace cohort::http {
namespace {

/// Of a body that was only announced; and what an idle connection may hold.
constexpr std::size_t most_reserved = 64 * 1024;
/// A client that was told to keep its connection may be sending its next request just as we begin to drain. It is
/// answered, with `Connection: close`; who sends nothing for so long is idle.
constexpr duration drain_grace = std::chrono::milliseconds{250};
/// How long and how much of a client that still sends is read after the last answer, so that the answer is not lost in
/// a reset (RFC 9112 section 9.6).
constexpr duration linger_time = std::chrono::seconds{1};
constexpr std::size_t linger_bytes = 256 * 1024;

}  // namespace

void connection::drain() {
  if (idle_) stream_->set_deadline(deadline::after(shard_.home().now(), drain_grace));
}

task<bool> connection::read_head() {
  scanner_.reset();
  matched_ = nullptr;
  head_.clear();  // its views are of the last request, whose bytes may go now
  request_began_ = in_.empty() ? time_point{} : shard_.home().now();
  bool may_skip = true;
  for (;;) {
    // RFC 9112 section 2.2: an empty line before the request line is skipped, however it was cut on the way.
    if (may_skip && in_.unread().starts_with("\r\n")) {
      in_.consume(2);
      scanner_.reset();
      may_skip = false;
    }
    const auto state = scanner_.scan(in_.unread());
    if (state == head_scanner::state::complete) co_return true;
    if (state == head_scanner::state::bare_line_feed) {
      co_await refuse(status::bad_request);
      co_return false;
    }
    const auto size = in_.unread().size();
    if (!scanner_.has_start_line() && size > limits_.target_bytes + 64) {
      co_await refuse(status::uri_too_long);
      co_return false;
    }
    if (size >= limits_.header_bytes) {
      co_await refuse(status::request_header_fields_too_large);
      co_return false;
    }
    const auto now = shard_.home().now();
    if (size == 0) {
      const auto patience = shard_.draining().is_set() ? drain_grace : limits_.idle_time;
      if (!co_await fill(deadline::after(now, patience), true)) co_return false;
      request_began_ = shard_.home().now();
    } else if (!co_await fill(deadline::after(request_began_, limits_.header_time), false)) {
      co_return false;
    }
  }
}

/// Reads more; false if the connection is over, a 408 or nothing having been said.
task<bool> connection::fill(deadline until, bool waits_for_request) {
  if (!flush_at_once()) {
    const bool flushed = co_await flush();
    if (!flushed) co_return false;
  }
  if (!in_.make_room()) {  // a chunk's header that fills it all
    co_await refuse(status::bad_request);
    co_return false;
  }
  stream_->set_deadline(until);
  idle_ = waits_for_request;
  auto reading = stream_->read_some(in_.room());
  const auto got = co_await std::move(reading);
  idle_ = false;
  if (got) {
    in_.commit(*got);
    co_return true;
  }
  if (got.error() == asio::error::timed_out && !waits_for_request) co_await refuse(status::request_timeout);
  co_return false;
}

/// All of the body into `body_`.
task<bool> connection::read_body(deadline answer_by) {
  const auto announced = parser_->announced_length();
  const auto time = limits_.time_for(limits_.body_time, announced.value_or(limits_.body_bytes));
  const auto until = std::min(deadline::after(shard_.home().now(), time), answer_by);
  const bool expects_continue =
      !head_.http_1_0 && same_name(head_.find(field::expect).value_or(std::string_view{}), "100-continue");
  if (expects_continue && in_.empty()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  // No more at once than a client pays for: what it announces costs it nothing.
  if (announced) body_.reserve(std::min<std::uint64_t>(*announced, most_reserved));
  in_.set_consumed_aside();
  for (;;) {
    request_parser::verdict wrong;
    if (!in_.empty()) in_.consume(parser_->parse_body(in_.unread(), wrong));
    if (wrong) {
      co_await refuse(*wrong);
      co_return false;
    }
    if (!account_for_body()) {
      co_await refuse(status::service_unavailable);
      co_return false;
    }
    if (!parser_->has_body()) co_return true;
    if (!co_await fill(until, false)) co_return false;
  }
}

/// All connections together hold so many bytes of bodies and no more.
bool connection::account_for_body() {
  auto& held = shard_.shared().body_bytes;
  const auto more = body_.size() - std::exchange(body_accounted_, body_.size());
  return held.fetch_add(more, std::memory_order_relaxed) + more <= limits_.body_bytes_in_all;
}

void connection::release_body() noexcept {
  if (body_accounted_ > 0) {
    shard_.shared().body_bytes.fetch_sub(std::exchange(body_accounted_, 0), std::memory_order_relaxed);
  }
  // A connection that once sent a large body does not hold its memory while it idles.
  if (body_.capacity() > most_reserved) std::string{}.swap(body_);
  body_.clear();
}

task<> connection::linger() {
  stream_->shutdown_write();
  stream_->set_deadline(deadline::after(shard_.home().now(), linger_time));
  std::size_t discarded = 0;
  while (discarded < linger_bytes) {
    in_.clear();
    if (!in_.make_room()) co_return;
    auto reading = stream_->read_some(in_.room());
    const auto got = co_await std::move(reading);
    if (!got) co_return;
    discarded += *got;
  }
}

}  // namespace cohort::http
