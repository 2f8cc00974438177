#include "core/http/response_parser.hpp"

namespace cohort::http {
namespace {

namespace beast_http = boost::beast::http;

client_error error_for(const boost::beast::error_code& failed, bool head_done) noexcept {
  // Found once the header is whole, but of the header.
  if (failed == beast_http::error::bad_transfer_encoding) return client_error::answer_malformed;
  if (failed == beast_http::error::body_limit) return client_error::body_too_big;
  if (failed == beast_http::error::header_limit) return client_error::answer_header_too_big;
  if (failed == beast_http::error::partial_message) {
    return head_done ? client_error::body_cut_short : client_error::answer_cut_short;
  }
  return head_done ? client_error::body_malformed : client_error::answer_malformed;
}

}  // namespace

std::optional<std::string_view> client_response::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields)
    if (same_name(key, name)) return value;
  return std::nullopt;
}

response_parser::response_parser(limits bounds, bool to_head) : bounds_(bounds) {
  base::header_limit(static_cast<std::uint32_t>(bounds.header_bytes));
  base::body_limit(bounds.body_bytes);
  base::skip(to_head);
}

std::size_t response_parser::parse(std::string_view bytes, std::optional<client_error>& wrong) {
  // No chunked body ends in less, and Beast 1.81 asserts that it gets as much once it has seen the last chunk's size.
  constexpr std::size_t shortest_end = std::string_view{"0\r\n\r\n"}.size();
  if (base::is_header_done() && base::chunked() && bytes.size() < shortest_end) return 0;
  boost::beast::error_code failed;
  const auto used = base::put(asio::buffer(bytes.data(), bytes.size()), failed);
  // Only now: the header on its own, so that what is behind it comes through the check above.
  if (base::is_header_done()) base::eager(true);
  if (failed && failed != beast_http::error::need_more) wrong = error_for(failed, base::is_header_done());
  return used;
}

std::optional<client_error> response_parser::end() {
  if (!base::got_some()) return client_error::no_answer;
  boost::beast::error_code failed;
  base::put_eof(failed);
  if (failed) return error_for(failed, base::is_header_done());
  return std::nullopt;
}

void response_parser::on_response_impl(int code, view, int version, error& failed) {
  // RFC 9110 section 15: three digits from 100 on; Beast takes 000, too.
  if (code < 100) failed = beast_http::error::bad_status;
  answer_.code_number = static_cast<unsigned>(code);
  answer_.code = static_cast<status>(code);
  http_1_0_ = version == 10;
}

void response_parser::on_field_impl(beast_http::field id, view name, view value, error& failed) {
  if (!in_header_) return;
  // What a server may not send us either, since it would let two readers disagree about where the answer ends.
  if (id == beast_http::field::transfer_encoding && (http_1_0_ || !same_name(trimmed(value), "chunked"))) {
    failed = beast_http::error::bad_transfer_encoding;
    return;
  }
  if (bounds_.keep_fields) answer_.fields.emplace_back(std::string{name}, std::string{value});
}

std::size_t response_parser::take(view bytes, error& failed) {
  // Beast's limit does not hold for a body that ends with the connection.
  if (bytes.size() > bounds_.body_bytes - body_size_) {
    failed = beast_http::error::body_limit;
    return 0;
  }
  body_size_ += bytes.size();
  if (bounds_.keep_body) answer_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t response_parser::on_body_impl(view bytes, error& failed) { return take(bytes, failed); }

std::size_t response_parser::on_chunk_body_impl(std::uint64_t, view bytes, error& failed) {
  return take(bytes, failed);
}

}  // namespace cohort::http
