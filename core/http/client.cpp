#include "core/http/client.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/url/parse.hpp>

#include <list>
#include <map>

#include "core/http/gzip.hpp"
#include "core/net/tls.hpp"
#include "core/runtime/loop.hpp"

namespace cohort::http {
namespace {

using outcome = client::outcome;

/// What connections can be shared by.
struct origin {
  bool secure;
  std::string host;
  std::uint16_t port;
  friend auto operator<=>(const origin&, const origin&) = default;
};

std::optional<origin> origin_of(const boost::urls::url& url) {
  const bool secure = url.scheme_id() == boost::urls::scheme::https;
  if ((!secure && url.scheme_id() != boost::urls::scheme::http) || url.host().empty()) return std::nullopt;
  std::string host = url.host_address();
  const std::uint16_t usual = secure ? 443 : 80;
  return origin{secure, std::move(host), url.has_port() ? url.port_number() : usual};
}

bool is_idempotent(method verb) noexcept {
  return verb == method::get || verb == method::head || verb == method::put || verb == method::delete_ ||
         verb == method::options || verb == method::trace;
}

bool has_field(const client_request& request, std::string_view name) {
  return std::any_of(request.fields.begin(), request.fields.end(),
                     [&](const auto& each) { return same_name(each.first, name); });
}

std::string serialised(const client_request& request) {
  std::string text;
  text.append(boost::beast::http::to_string(request.verb)).append(" ");
  const std::string path{request.url.encoded_path()};
  text.append(path.empty() ? "/" : path);
  if (request.url.has_query()) text.append("?").append(std::string{request.url.encoded_query()});
  text.append(" HTTP/1.1\r\nHost: ").append(std::string{request.url.encoded_host_and_port()}).append("\r\n");
  if (!has_field(request, "user-agent")) text.append("User-Agent: cohort/" COHORT_VERSION "\r\n");
  if (!has_field(request, "accept-encoding")) text.append("Accept-Encoding: gzip\r\n");
  for (const auto& [name, value] : request.fields) text.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.verb == method::post || request.verb == method::put) {
    text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  text.append("\r\n").append(request.body);
  return text;
}

/// Whether a text could end its header line and begin another.
bool breaks_lines(std::string_view text) noexcept {
  return text.find_first_of("\r\n\0", 0, 3) != std::string_view::npos;
}

/// Whether a field says where the message ends or for whom it is: that is the client's own to say, once.
bool is_framing(std::string_view name) noexcept {
  return same_name(name, "host") || same_name(name, "content-length") || same_name(name, "transfer-encoding");
}

bool is_safe(const client_request& request) {
  return std::none_of(request.fields.begin(), request.fields.end(), [](const auto& each) {
    return breaks_lines(each.first) || breaks_lines(each.second) || is_framing(each.first) ||
           each.first.find_first_of(" :\t") != std::string::npos;
  });
}

client_error at_stage(const error_code& failed, client_error timeout, client_error otherwise) noexcept {
  if (failed == asio::error::timed_out) return timeout;
  if (failed == asio::error::operation_aborted) return client_error::cancelled;
  return otherwise;
}

client_error tls_error(const error_code& failed) noexcept {
  const bool is_ssl = failed.category() == asio::error::get_ssl_category();
  if (is_ssl && ERR_GET_REASON(static_cast<unsigned long>(failed.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return client_error::tls_bad_certificate;
  }
  return at_stage(failed, client_error::tls_timeout, client_error::tls_failed);
}

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
      : network_(reach), limits_(limits), sweep_timer_(home.timers(), this) {}

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

  task<result<net::stream_ptr, client_error>> connect(origin to, deadline until) {
    auto addresses = co_await network_.resolve(to.host, to.port, until);
    if (!addresses) {
      co_return at_stage(addresses.error(), client_error::resolve_timeout, client_error::resolve_failed);
    }
    std::optional<client_error> failure;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
      // What is left is shared by the addresses that are left, so that one black hole does not cost the others.
      const auto now = loop::current().now();
      const auto share = until.is_never() ? duration{std::chrono::seconds{10}}
                                          : until.remaining(now) / static_cast<std::int64_t>(addresses->size() - i);
      auto plain = co_await network_.connect((*addresses)[i], std::min(until, deadline::after(now, share)));
      if (plain) {
        if (!to.secure) co_return std::move(*plain);
        co_return co_await secure(std::move(*plain), to.host, until);
      }
      const auto refused = plain.error() == asio::error::connection_refused;
      const auto why = at_stage(plain.error(), client_error::connect_timeout,
                                refused ? client_error::connect_refused : client_error::connect_failed);
      // In the enumeration's order: `connect_refused` is for a name whose every address refused.
      failure = std::max(failure.value_or(why), why);
      if (why == client_error::cancelled) break;
    }
    co_return failure.value_or(client_error::connect_failed);
  }

 private:
  struct idle_connection {
    net::stream_ptr stream;
    time_point expires;
  };

  task<result<net::stream_ptr, client_error>> secure(net::stream_ptr plain, std::string host, deadline until) {
    if (!tls_) tls_ = std::make_unique<net::tls_client_context>();
    plain->set_deadline(until);
    auto secured = co_await tls_->handshake(std::move(plain), std::move(host));
    if (!secured) co_return tls_error(secured.error());
    co_return std::move(*secured);
  }

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

  net::network& network_;
  const client_limits& limits_;
  std::map<origin, std::list<idle_connection>> idle_;
  std::unique_ptr<net::tls_client_context> tls_;
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
