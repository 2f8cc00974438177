// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/discovery/endpoint_source.hpp>
#include <cohort/http/client/client.hpp>

namespace cohort::discovery {

/// The settings of an `http::client` for `api_client`. Connections are not reused: requests are infrequent, and the
/// server could close an idle connection while the next request is sent.
http::client_settings api_client_settings(net::tls_client_settings tls, http::proxy_settings proxies = {});

/// The HTTP API of a discovery system.
class api_client {
 public:
  /// Returns the header fields of each request, such as `Authorization`.
  using header_field_provider = std::function<std::vector<std::pair<std::string, std::string>>()>;

  /// `transport` must outlive the client. `base` is `http://HOST:PORT`, or https.
  api_client(http::client& transport, boost::urls::url base, header_field_provider fields = {});

  /// Timeout of requests, except for those that wait for a change.
  static constexpr duration default_timeout = std::chrono::seconds{5};

  /// Sends a request; `target` is the path and the query, percent-encoded; a body is JSON. The error contains the
  /// request. A status of 300 or more is an error, unless it equals `accepted_status`.
  task<result<http::client_response, source_error>> send(http::method method, std::string target, std::string body,
                                                         duration timeout = default_timeout,
                                                         unsigned accepted_status = 200);
  /// Like `send`, but streams the response body.
  task<result<http::streamed_response, source_error>> open(http::method method, std::string target, std::string body);

 private:
  http::client_request make_request(http::method method, std::string_view target, std::string body) const;

  http::client& transport_;
  boost::urls::url base_;
  header_field_provider fields_;
};

/// Reads a streamed body that has one JSON document per line.
class line_reader {
 public:
  explicit line_reader(std::unique_ptr<http::response_body_stream> body) : body_(std::move(body)) {}

  /// Maximum length of a line; longer lines are an error.
  static constexpr std::size_t max_line_bytes = std::size_t{4} << 20U;

  enum class failure { ended, timed_out, broken, too_long };
  /// The next non-empty line, without its line ending; valid until the next call.
  task<result<std::string_view, failure>> next(deadline read_deadline);

 private:
  std::unique_ptr<http::response_body_stream> body_;
  std::string buffer_;
  /// The number of bytes at the front of `buffer_` that `next` has returned.
  std::size_t consumed_ = 0;
};

std::string_view to_string(line_reader::failure failure) noexcept;

}  // namespace cohort::discovery
