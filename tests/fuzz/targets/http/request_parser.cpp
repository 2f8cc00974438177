// SPDX-License-Identifier: BSL-1.0
// Fuzzes the bytes that a server receives on a connection: head_scanner, request_parser and body_decoder read them from
// an input_buffer.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/message/request/input_buffer.hpp>
#include <cohort/http/message/request/request_line.hpp>
#include <cohort/http/message/request/request_parser.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::request_parser_target {
namespace {

/// The limits are small, so that short inputs reach them.
constexpr http::server_limits limits{
    .max_target_bytes = 128, .max_header_bytes = 768, .max_fields = 12, .max_body_bytes = 512};

/// The requests of a connection, and whether it ended with a rejection.
struct transcript {
  std::vector<std::string> requests;
  bool is_rejected = false;
  friend bool operator==(const transcript&, const transcript&) = default;
};

/// Serializes a request in its simplest form: parsing the result returns the same request.
std::string serialize(const http::request_head& head, const std::string& body) {
  auto text = std::string{head.method_text} + ' ' + std::string{head.target} +
              (head.is_http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const auto& field : head.fields) text.append(field.name).append(":").append(field.value).append("\r\n");
  text += "\r\n";
  if (!head.find(http::field::transfer_encoding)) return text + body;
  constexpr std::string_view digits = "0123456789abcdef";
  if (!body.empty()) {
    for (int shift = 8; shift >= 0; shift -= 4) text += digits[body.size() >> static_cast<unsigned>(shift) & 0xFU];
    text += "\r\n" + body + "\r\n";
  }
  return text + "0\r\n\r\n";
}

/// Returns the authority of a target in absolute-form, which replaces `Host` (RFC 9112 section 3.2.2); the result is
/// empty for other forms.
std::string_view absolute_authority(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (target.starts_with('/') || scheme_end == std::string_view::npos) return {};
  const auto authority = target.substr(scheme_end + 3);
  return authority.substr(0, authority.find_first_of("/?"));
}

/// Checks with an independent line reader that each line of the header section is the start line, a field or empty.
void check_lines(std::string_view head_bytes, const http::request_head& head) {
  const auto authority = absolute_authority(head.target);
  bool has_host = false;
  std::size_t field_count = 0;
  auto rest = head_bytes.substr(head_bytes.find("\r\n") + 2);
  for (;;) {
    const auto end = rest.find("\r\n");
    require(end != std::string_view::npos, "a header section ends with an empty line");
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.empty()) break;
    require(field_count < head.fields.size(), "each line is a field");
    const auto& field = head.fields[field_count++];
    require(line.substr(0, line.find(':')) == field.name, "a field's name is the text before the colon");
    const bool is_host = http::iequals(field.name, "host");
    has_host = has_host || is_host;
    const auto value = http::trimmed(line.substr(line.find(':') + 1));
    require(field.value == (is_host && !authority.empty() ? authority : value),
            "a field's value is the rest of its line, except that the authority of the target replaces `Host`");
  }
  if (!authority.empty() && !has_host) {
    require(field_count < head.fields.size() && head.fields[field_count].value == authority,
            "an absolute target sets Host");
    ++field_count;
  }
  require(rest.empty() && field_count == head.fields.size(), "each field is a line");
}

void check_request(const http::request_head& head, const std::string& body) {
  require(http::is_token(head.method_text), "a method is a token");
  require(!head.target.empty() && head.target.size() <= limits.max_target_bytes, "a target's length is limited");
  require(head.path.starts_with('/') || (head.path == "*" && head.method == http::method::options), "a path is valid");
  const std::size_t added_field_count = absolute_authority(head.target).empty() ? 0 : 1;
  require(head.fields.size() <= limits.max_fields + added_field_count, "the number of fields is limited");
  require(body.size() <= limits.max_body_bytes, "a body's length is limited");
  std::size_t length_count = 0;
  std::size_t coding_count = 0;
  std::size_t host_count = 0;
  for (const auto& field : head.fields) {
    require(http::is_token(field.name), "a field's name is a token");
    require(http::is_field_value(field.value), "a field's value has no control character");
    if (http::iequals(field.name, "content-length")) {
      ++length_count;
      require(std::stoull(std::string{field.value}) == body.size(), "a body has its declared length");
    }
    if (http::iequals(field.name, "transfer-encoding")) ++coding_count;
    if (http::iequals(field.name, "host")) ++host_count;
  }
  require(length_count + coding_count <= 1, "a request has one framing");
  require(length_count + coding_count == 1 || body.empty(), "a request without framing has no body");
  require(coding_count == 0 || !head.is_http_1_0, "HTTP/1.0 has no transfer coding");
  require(host_count == 1 || (host_count == 0 && head.is_http_1_0), "a request has one Host");
}

/// Reads requests as the server's connection does.
class connection {
 public:
  void receive(std::string_view bytes) {
    while (!bytes.empty() && !is_closed_) {
      require(input_.reserve(), "a request that fills the buffer is rejected");
      const auto free = input_.free_space();
      const auto count = std::min(free.size(), bytes.size());
      std::copy_n(bytes.data(), count, static_cast<char*>(free.data()));
      input_.commit(count);
      bytes.remove_prefix(count);
      while (!is_closed_ && (is_reading_body_ ? read_body() : read_head())) {
      }
    }
  }
  const transcript& result() const { return result_; }

 private:
  /// Returns false if more bytes are needed.
  bool read_head() {
    if (may_skip_empty_line_ && input_.unread().starts_with("\r\n")) {
      input_.consume(2);
      scanner_.reset();
      may_skip_empty_line_ = false;
    }
    const auto state = scanner_.scan(input_.unread());
    if (state == http::head_scanner::state::bare_line_feed) return reject();
    if (state == http::head_scanner::state::incomplete) {
      const auto size = input_.unread().size();
      return size >= limits.max_header_bytes || !http::may_become_request(input_.unread()) ? reject() : false;
    }
    const auto bytes = input_.unread().substr(0, scanner_.length());
    parser_.emplace(limits, head_, body_);
    if (parser_->parse_head(bytes) || parser_->content_length().value_or(0) > limits.max_body_bytes) return reject();
    check_lines(bytes, head_);
    input_.consume(bytes.size());
    input_.preserve_consumed();
    is_reading_body_ = true;
    return true;
  }

  bool read_body() {
    std::optional<http::status> rejection;
    const auto size = input_.unread().size();
    const auto consumed = parser_->parse_body(input_.unread(), rejection);
    require(consumed <= size, "a decoder consumes at most its input");
    input_.consume(consumed);
    if (rejection) return reject();
    if (parser_->has_body()) {
      require(consumed == size, "the decoder consumes all of an incomplete body");
      return false;
    }
    check_request(head_, body_);
    result_.requests.push_back(serialize(head_, body_) + (parser_->keep_alive() ? 'k' : 'c') +
                               (parser_->expects_continue() ? 'e' : ' '));
    is_closed_ = !parser_->keep_alive();
    body_.clear();
    head_.clear();
    scanner_.reset();
    is_reading_body_ = false;
    may_skip_empty_line_ = true;
    return !input_.empty();
  }

  bool reject() {
    is_closed_ = result_.is_rejected = true;
    return false;
  }

  http::input_buffer input_{limits.max_header_bytes};
  http::head_scanner scanner_;
  http::request_head head_;
  std::string body_;
  std::optional<http::request_parser> parser_;
  bool may_skip_empty_line_ = true;
  bool is_reading_body_ = false;
  bool is_closed_ = false;
  transcript result_;
};

transcript parse(const std::vector<std::string_view>& slices) {
  connection server;
  for (const auto slice : slices) server.receive(slice);
  return server.result();
}

void run(std::string_view input) {
  const auto unsliced_result = parse({input});
  require(unsliced_result == parse(random_slices(input, hash(input))),
          "requests do not depend on the segmentation of the bytes");
  for (const auto& request : unsliced_result.requests) {
    const auto again = parse({std::string_view{request}.substr(0, request.size() - 2)});
    require(again.requests == std::vector{request} && !again.is_rejected,
            "parsing a serialized request returns the same request");
  }
}

const registration fuzz_registration{{"request_parser", run}};

}  // namespace
}  // namespace cohort::fuzz::request_parser_target
