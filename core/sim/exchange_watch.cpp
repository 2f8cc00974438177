#include "core/sim/exchange_watch.hpp"

#include <algorithm>
#include <charconv>

#include "core/http/remaining_time.hpp"
#include "core/http/request_parser.hpp"
#include "core/http/response_parser.hpp"

namespace cohort::sim {
namespace {

/// Only where messages end is of interest here; their sizes are the peers' own business.
constexpr std::size_t no_limit = 1U << 30U;
const http::server_limits lenient{
    .target_bytes = no_limit, .header_bytes = no_limit, .fields = no_limit, .body_bytes = no_limit};

constexpr http::response_parser::limits answer_limits() {
  http::response_parser::limits bounds{};
  bounds.header_bytes = no_limit;
  bounds.body_bytes = no_limit;
  bounds.keep_fields = false;
  bounds.keep_body = false;
  return bounds;
}

}  // namespace

/// One connection, with what its server has read of requests and written of answers.
class exchange_watch::conversation {
 public:
  conversation(exchange_watch& owner, const connection& which) : owner_(owner), which_(which) {}

  void on_read(std::string_view bytes);
  void on_written(std::string_view bytes);
  void on_client_left() noexcept {
    client_left_ = true;
    for (auto* each : unanswered_) each->client_left = true;
  }
  void on_closed();

 private:
  bool read_request();
  void begin_answer();
  void end_answer();
  void complain(std::string_view what);

  exchange_watch& owner_;
  const connection& which_;
  std::string unread_;
  http::head_scanner scanner_;
  http::request_head head_;
  std::string body_;
  /// While a request's body is still to come.
  std::optional<http::request_parser> reading_;
  exchange next_{};
  /// What cannot be read as requests is the server's to refuse; answers are not counted from then on.
  bool beyond_us_ = false;
  std::deque<exchange*> unanswered_;
  std::optional<http::response_parser> answering_;
  std::string unparsed_;
  bool talks_nonsense_ = false;
  bool client_left_ = false;
};

exchange_watch::exchange_watch(loop& home) : home_(home) {}
exchange_watch::~exchange_watch() = default;

void exchange_watch::conversation::on_read(std::string_view bytes) {
  if (beyond_us_) return;
  unread_.append(bytes);
  while (!unread_.empty() && read_request()) {
  }
}

/// False if there is no whole one.
bool exchange_watch::conversation::read_request() {
  if (!reading_) {
    if (unread_.starts_with("\r\n")) {
      unread_.erase(0, 2);
      scanner_.reset();
    }
    const auto state = scanner_.scan(unread_);
    if (state == http::head_scanner::state::incomplete) return false;
    const std::string_view head{unread_.data(), scanner_.length()};
    scanner_.reset();
    head_.clear();
    reading_.emplace(lenient, head_, body_);
    if (state == http::head_scanner::state::bare_line_feed || reading_->parse_head(head)) {
      beyond_us_ = true;
      return false;
    }
    next_ = {.connection = which_.number(),
             .from = &which_.from(),
             .at = &which_.to(),
             .method = std::string{head_.method_text},
             .path = std::string{head_.path}};
    if (const auto left = head_.find(http::remaining_time_field)) next_.remaining = http::parse_remaining_time(*left);
    unread_.erase(0, head.size());
  }
  if (reading_->has_body()) {
    http::request_parser::verdict wrong;
    unread_.erase(0, reading_->parse_body(unread_, wrong));
    beyond_us_ = wrong.has_value();
    if (reading_->has_body()) return false;
  }
  body_.clear();
  reading_.reset();
  next_.read = owner_.home_.now();
  next_.client_left = client_left_;
  next_.pipelined = !unanswered_.empty();
  unanswered_.push_back(&owner_.exchanges_.emplace_back(std::move(next_)));
  return true;
}

void exchange_watch::conversation::on_written(std::string_view bytes) {
  if (talks_nonsense_) return;
  unparsed_.append(bytes);
  while (!unparsed_.empty()) {
    if (!answering_) begin_answer();
    std::optional<http::client_error> wrong;
    const auto used = answering_->parse(unparsed_, wrong);
    unparsed_.erase(0, used);
    if (wrong) {
      complain("wrote what is no answer");
      talks_nonsense_ = true;
      return;
    }
    const auto code = answering_->answer().code_number;
    if (answering_->done() && code >= 100 && code < 200) {
      answering_.reset();
      if (!unanswered_.empty()) unanswered_.front()->answer_began.reset();
      continue;
    }
    if (answering_->head_done() && !unanswered_.empty()) unanswered_.front()->status = code;
    if (answering_->done()) {
      end_answer();
    } else if (used == 0) {
      return;
    }
  }
}

void exchange_watch::conversation::begin_answer() {
  const bool to_head = !unanswered_.empty() && unanswered_.front()->method == "HEAD";
  answering_.emplace(answer_limits(), to_head);
  if (!unanswered_.empty()) {
    unanswered_.front()->answer_began = owner_.home_.now();
    return;
  }
  // A request that is not whole may be refused.
  const bool has_begun = reading_ || !unread_.empty();
  if (!has_begun) complain("answered what was not asked");
}

void exchange_watch::conversation::end_answer() {
  answering_.reset();
  if (unanswered_.empty()) return;
  unanswered_.front()->answered = owner_.home_.now();
  unanswered_.pop_front();
}

void exchange_watch::conversation::on_closed() {
  for (auto* each : unanswered_) each->closed_unanswered = !each->answer_began;
  const bool until_close = answering_ && answering_->head_done() && !answering_->end();
  if (until_close) end_answer();
}

void exchange_watch::conversation::complain(std::string_view what) {
  owner_.violations_.push_back(which_.to().name + " " + std::string{what} + ", on connection #" +
                               std::to_string(which_.number()) + " from " + which_.from().name);
}

exchange_counts exchange_watch::count(const std::function<bool(const exchange&)>& which) const {
  exchange_counts all;
  for (const auto& each : exchanges_) {
    if (!which(each)) continue;
    ++all.requests;
    if (each.answered) ++all.answers;
    if (each.closed_unanswered) ++all.closed_unanswered;
  }
  return all;
}

exchange_counts exchange_watch::count(const host& at, std::string_view path) const {
  return count([&](const exchange& each) { return each.at == &at && each.path == path; });
}

void exchange_watch::on_opened(const connection& which) {
  conversations_[which.number()] = std::make_unique<conversation>(*this, which);
}

void exchange_watch::on_sent(const connection& which, net::pipe_side from, std::string_view bytes) {
  const auto found = conversations_.find(which.number());
  if (from == 1 && found != conversations_.end()) found->second->on_written(bytes);
}

void exchange_watch::on_read(const connection& which, net::pipe_side by, std::string_view bytes) {
  const auto found = conversations_.find(which.number());
  if (by == 1 && found != conversations_.end()) found->second->on_read(bytes);
}

void exchange_watch::on_closed(const connection& which, net::pipe_side by) {
  const auto found = conversations_.find(which.number());
  if (found == conversations_.end()) return;
  if (by == 0) {
    found->second->on_client_left();
    return;
  }
  found->second->on_closed();
  conversations_.erase(found);
}

}  // namespace cohort::sim
