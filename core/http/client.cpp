#include "core/http/client.hpp"

#include <boost/asio/error.hpp>
#include <boost/url/parse.hpp>

#include <list>
#include <map>

#include "core/http/connector.hpp"
#include "core/http/gzip.hpp"
#include "core/runtime/loop.hpp"

namespace cohort::http {
namespace {

using outcome = client::outcome;

bool is_redirect(unsigned code) noexcept {
  return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

/// One exchange on a connection.
struct exchange_result {
  outcome answer;
  bool reusable = false;
};

task<exchange_result> exchange(net::stream& stream, const client_request& request, const std::string& text,
                               const client_limits& limits) {
  const net::const_buffers pieces{asio::buffer(text), asio::const_buffer{}};
  const auto sent = co_await net::write_all(stream, pieces);
  // A server that refuses early may answer and close before all was sent; its answer is worth reading.
  const bool send_failed = !sent;
  if (send_failed && (sent.error() == asio::error::timed_out || sent.error() == asio::error::operation_aborted)) {
    co_return exchange_result{at_stage(sent.error(), client_error::send_timeout, client_error::send_failed)};
  }
  const response_parser::limits bounds{limits.header_bytes, limits.body_bytes};
  std::optional<response_parser> parser;
  parser.emplace(bounds, request.verb == method::head);
  std::string buffer(16 * 1024, '\0');
  std::size_t held = 0;
  bool any_byte = false;
  for (;;) {
    std::optional<client_error> wrong;
    std::size_t used = 0;
    while (used < held && !parser->done() && !wrong) {
      const auto taken = parser->parse(std::string_view{buffer}.substr(used, held - used), wrong);
      used += taken;
      if (parser->done() && parser->answer().code_number < 200 && parser->answer().code_number != 101) {
        parser.emplace(bounds, request.verb == method::head);
        continue;
      }
      if (taken == 0) break;
    }
    if (wrong) co_return exchange_result{*wrong};
    buffer.erase(0, used);
    held -= used;
    if (parser->done()) {
      const bool still_http = parser->answer().code_number != 101;
      const bool clean = held == 0 && !send_failed && still_http && parser->keeps_alive();
      co_return exchange_result{std::move(parser->answer()), clean};
    }
    if (held >= limits.header_bytes) co_return exchange_result{client_error::answer_header_too_big};
    buffer.resize(held + 16 * 1024);
    auto reading = stream.read_some(asio::buffer(buffer.data() + held, buffer.size() - held));
    const auto got = co_await std::move(reading);
    if (got) {
      held += *got;
      any_byte = true;
      continue;
    }
    if (parser->head_done()) {
      const auto cut = got.error() == asio::error::eof ? parser->end() : client_error::body_cut_short;
      if (!cut) co_return exchange_result{std::move(parser->answer())};
      co_return exchange_result{at_stage(got.error(), client_error::body_timeout, *cut)};
    }
    // An interim answer is a byte, too: the server has the request.
    const auto broken = any_byte      ? client_error::answer_cut_short
                        : send_failed ? client_error::send_failed
                                      : client_error::no_answer;
    co_return exchange_result{at_stage(got.error(), client_error::answer_timeout, broken)};
  }
}

/// Undoes `Content-Encoding`, if there is one that we asked for.
std::optional<client_error> unpack(client_response& answer, std::size_t most) {
  const auto coding = answer.find("content-encoding");
  if (!coding || answer.body.empty() || same_name(*coding, "identity")) return std::nullopt;
  if (!same_name(*coding, "gzip") && !same_name(*coding, "x-gzip")) return client_error::body_malformed;
  bool too_big = false;
  auto plain = gunzip(answer.body, most, too_big);
  if (!plain) return too_big ? client_error::body_too_big : client_error::body_malformed;
  answer.body = std::move(*plain);
  std::erase_if(answer.fields, [](const auto& each) { return same_name(each.first, "content-encoding"); });
  return std::nullopt;
}

}  // namespace

/// One loop's connections.
class client::pool {
 public:
  pool(net::network& reach, const client_limits& limits, loop& home)
      : connector_(reach), limits_(limits), sweep_timer_(home.timers(), this) {}

  task<result<net::stream_ptr, client_error>> connect(origin to, deadline until) {
    return connector_.connect(std::move(to), until);
  }

  /// The most recently used one that still lives; none if there is none.
  net::stream_ptr take(const origin& from) {
    auto& idle = idle_[from];
    while (!idle.empty()) {
      auto kept = std::move(idle.back());
      idle.pop_back();
      // Readable means closed, or bytes that nobody asked for.
      if (kept.expires > loop::current().now() && !kept.stream->readable()) return std::move(kept.stream);
    }
    return nullptr;
  }

  void keep(const origin& from, net::stream_ptr stream) {
    if (limits_.idle_connections_per_origin == 0) return;
    auto& idle = idle_[from];
    if (idle.size() >= limits_.idle_connections_per_origin) idle.pop_front();
    stream->set_deadline(deadline::never());
    idle.push_back({std::move(stream), loop::current().now() + limits_.idle_time});
    if (!sweep_timer_.armed()) sweep_timer_.arm(loop::current().now() + limits_.idle_time);
  }

  void close_all() {
    idle_.clear();
    sweep_timer_.disarm();
  }

 private:
  struct idle_connection {
    net::stream_ptr stream;
    time_point expires;
  };

  void on_sweep() {
    const auto now = loop::current().now();
    auto next = time_point::max();
    for (auto each = idle_.begin(); each != idle_.end();) {
      auto& list = each->second;
      while (!list.empty() && list.front().expires <= now) list.pop_front();
      if (list.empty()) {
        each = idle_.erase(each);
        continue;
      }
      next = std::min(next, list.front().expires);
      ++each;
    }
    if (next != time_point::max()) sweep_timer_.arm(next);
  }

  connector connector_;
  const client_limits& limits_;
  std::map<origin, std::list<idle_connection>> idle_;
  bound_timer<&pool::on_sweep> sweep_timer_;
};

client::client(net::network& reach, std::size_t loops, client_limits limits)
    : network_(reach), limits_(limits), pools_(loops) {}

client::~client() = default;

client::pool& client::here() {
  auto& home = loop::current();
  auto& mine = pools_.at(home.index());
  if (!mine) mine = std::make_unique<pool>(network_, limits_, home);
  return *mine;
}

void client::close_idle() { here().close_all(); }

task<outcome> client::call(client_request request, deadline until) {
  for (unsigned followed = 0;; ++followed) {
    auto answer = co_await call_once(request, until);
    if (!answer) co_return answer;
    const auto location = answer->find("location");
    const bool follows = is_redirect(answer->code_number) && location && request.redirects > 0 &&
                         (request.verb == method::get || request.verb == method::head);
    if (!follows) co_return answer;
    if (followed == request.redirects) co_return client_error::too_many_redirects;

    const auto reference = boost::urls::parse_uri_reference(*location);
    boost::urls::url next;
    if (!reference || !boost::urls::resolve(request.url, *reference, next)) co_return client_error::bad_url;
    const bool gives_up_tls = origin_of(request.url)->secure && next.scheme_id() == boost::urls::scheme::http;
    if (gives_up_tls) co_return client_error::bad_url;
    next.remove_fragment();
    if (origin_of(next) != origin_of(request.url)) {
      // Keys and cookies are for the one they were given for.
      std::erase_if(request.fields, [](const auto& each) {
        return !same_name(each.first, "accept") && !same_name(each.first, "user-agent");
      });
    }
    request.url = std::move(next);
  }
}

task<outcome> client::call_once(const client_request& request, deadline until) {
  const auto to = origin_of(request.url);
  if (!to || !is_safe(request)) co_return client_error::bad_url;
  if (until.expired(loop::current().now())) co_return client_error::no_time_left;
  auto& connections = here();
  const auto text = serialised(request);

  auto stream = connections.take(*to);
  for (bool reused = stream != nullptr;; reused = false) {
    if (!stream) {
      auto made = co_await connections.connect(*to, until);
      if (!made) co_return made.error();
      stream = std::move(*made);
    }
    stream->set_deadline(until);
    auto done = co_await exchange(*stream, request, text, limits_);
    if (done.answer) {
      if (done.reusable) connections.keep(*to, std::move(stream));
      if (const auto wrong = unpack(*done.answer, limits_.body_bytes)) co_return *wrong;
      co_return std::move(done.answer);
    }
    // Not reusable in any case: an answer may still be under way to it.
    stream.reset();
    const auto why = done.answer.error();
    const bool died_unused = why == client_error::no_answer || why == client_error::send_failed;
    if (!reused || !died_unused || !is_idempotent(request.verb)) co_return why;
  }
}

}  // namespace cohort::http
