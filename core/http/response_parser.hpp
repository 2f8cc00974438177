#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/client_error.hpp"
#include "core/http/message.hpp"

namespace cohort::http {

/// An answer as a client gets it.
struct client_response {
  http::status code{};
  unsigned code_number = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
};

/// Parses one answer, byte runs of any size. Interim answers (1xx) are for the caller to skip.
class response_parser : private boost::beast::http::basic_parser<false> {
  using base = boost::beast::http::basic_parser<false>;

 public:
  struct limits {
    std::size_t header_bytes;
    std::size_t body_bytes;
    /// Who only wants to know the status and that the rest is in order saves the copies. The body's limit holds anyway.
    bool keep_fields = true;
    bool keep_body = true;
  };
  /// `to_head` says that the answer is to a HEAD request, so has no body whatever it announces.
  response_parser(limits bounds, bool to_head);

  /// Says how many bytes were used; `wrong` if this cannot become an answer.
  std::size_t parse(std::string_view bytes, std::optional<client_error>& wrong);
  /// The connection ended.
  std::optional<client_error> end();

  bool head_done() const { return base::is_header_done(); }
  bool done() const { return base::is_done(); }
  bool keeps_alive() const { return base::keep_alive(); }
  client_response& answer() noexcept { return answer_; }

 private:
  using error = boost::beast::error_code;
  using view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, view, view, int, error&) override {}
  void on_response_impl(int code, view reason, int version, error&) override;
  void on_field_impl(boost::beast::http::field, view, view, error&) override;
  virtual void on_trailer_field_impl(boost::beast::http::field, view, view, error&) {}
  void on_header_impl(error&) override { in_header_ = false; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
  std::size_t on_body_impl(view, error&) override;
  void on_chunk_header_impl(std::uint64_t, view, error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, view, error&) override;
  void on_finish_impl(error&) override {}
  std::size_t take(view bytes, error& failed);

  limits bounds_;
  client_response answer_;
  std::size_t body_size_ = 0;
  bool in_header_ = true;
  bool http_1_0_ = false;
};

}  // namespace cohort::http
