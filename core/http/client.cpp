#include "core/http/client.hpp"

#include <boost/asio/error.hpp>
#include <boost/url/parse.hpp>

#include "core/http/gzip.hpp"
#include "core/http/remaining_time.hpp"
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

/// What an exchange tells of the address that it was with.
policy::load_balancer::outcome verdict_on(const outcome& answer, bool blames_for_timeout) noexcept {
  using verdict = policy::load_balancer::outcome;
  if (answer && answer->code_number < 500) return verdict::success;
  if (!answer && answer.error() == client_error::cancelled) return verdict::none;
  return was_late(answer) && !blames_for_timeout ? verdict::none : verdict::failure;
}

}  // namespace

bool was_late(const outcome& of) noexcept { return of ? of->code == status::gateway_timeout : is_timeout(of.error()); }

client::client(net::network& reach, std::size_t loops, client_limits limits)
    : network_(reach), limits_(limits), pools_(loops) {}

client::~client() = default;

connection_pool& client::here() {
  auto& home = loop::current();
  auto& mine = pools_.at(home.index());
  if (!mine) mine = std::make_unique<connection_pool>(network_, limits_, home);
  return *mine;
}

redirection redirect_of(const client_request& request, const outcome& answer, unsigned followed) {
  redirection made;
  if (!answer || request.redirects == 0 || !is_redirect(answer->code_number)) return made;
  const auto location = answer->find("location");
  if (!location || (request.verb != method::get && request.verb != method::head)) return made;
  if (followed == request.redirects) {
    made.wrong = client_error::too_many_redirects;
    return made;
  }
  const auto reference = boost::urls::parse_uri_reference(*location);
  boost::urls::url next;
  made.wrong = client_error::bad_url;
  if (!reference || !boost::urls::resolve(request.url, *reference, next)) return made;
  const bool gives_up_tls = origin_of(request.url)->secure && next.scheme_id() == boost::urls::scheme::http;
  if (gives_up_tls || !origin_of(next)) return made;
  next.remove_fragment();
  auto onward = request;
  if (origin_of(next) != origin_of(request.url)) {
    // Keys and cookies are for the one they were given for.
    std::erase_if(onward.fields, [](const auto& each) {
      return !same_name(each.first, "accept") && !same_name(each.first, "user-agent");
    });
  }
  onward.url = std::move(next);
  return {std::move(onward), std::nullopt};
}

task<outcome> client::call(client_request request, deadline until) {
  for (unsigned followed = 0;; ++followed) {
    auto answer = co_await call_without_redirects(request, until);
    auto onward = redirect_of(request, answer, followed);
    if (onward.wrong) co_return *onward.wrong;
    if (!onward.next) co_return answer;
    request = std::move(*onward.next);
  }
}

task<outcome> client::call_without_redirects(const client_request& request, deadline until) {
  attempt_plan first;
  auto done = co_await try_once(request, until, std::move(first));
  if (!done.met_dead_connection || !is_idempotent(request.verb)) co_return std::move(done.answer);
  attempt_plan second;
  second.connection.fresh = true;
  auto again = co_await try_once(request, until, std::move(second));
  co_return std::move(again.answer);
}

task<client::attempt> client::try_once(const client_request& request, deadline until, attempt_plan how) {
  const auto to = origin_of(request.url);
  if (!to || !is_safe(request)) co_return attempt{client_error::bad_url};
  if (until.expired(loop::current().now())) co_return attempt{client_error::no_time_left};
  auto taken = co_await here().take(*to, until, std::move(how.connection));
  if (!taken) co_return attempt{taken.error()};

  if (how.on_address) how.on_address(taken->where());
  const auto now = loop::current().now();
  // Of the answer's use to the caller here, the upstream has what the way there and back leaves.
  const deadline told{until.is_never() ? until.at() : until.at() - here().round_trip(*to)};
  if (told.expired(now)) {
    taken->finish(policy::load_balancer::outcome::none, true);
    co_return attempt{client_error::no_time_left};
  }
  const bool tells = how.tells_deadline && !until.is_never();
  const auto text =
      tells ? serialised(request, remaining_time_field, format_remaining_time(told, now)) : serialised(request);
  taken->stream().set_deadline(until);
  auto done = co_await exchange(taken->stream(), request, text, limits_);
  taken->finish(verdict_on(done.answer, how.blames_for_timeout), done.reusable);
  attempt made{std::move(done.answer), taken->where()};
  if (made.answer) {
    if (const auto wrong = unpack(*made.answer, limits_.body_bytes)) made.answer = *wrong;
    co_return made;
  }
  const auto why = made.answer.error();
  made.met_dead_connection = taken->reused() && (why == client_error::no_answer || why == client_error::send_failed);
  co_return made;
}

}  // namespace cohort::http
