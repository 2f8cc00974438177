// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <cohort/http/client/client_response.hpp>

namespace cohort::sim {

/// The result of a test's call: the response, with any status, or the `http::client_error`. Unlike in
/// `http::client_result`, `->` and `*` throw a `boost::system::system_error` with the text of the error if there is no
/// response. A test that reads `call(…)->body` then fails with the reason.
class call_result : public http::client_result {
  using base = http::client_result;

 public:
  using base::base;
  call_result(http::client_result outcome) : base(std::move(outcome)) {}

  http::client_response* operator->() { return &value(); }
  const http::client_response* operator->() const { return &value(); }
  http::client_response& operator*() & { return value(); }
  const http::client_response& operator*() const& { return value(); }
  http::client_response operator*() && { return std::move(*this).value(); }
};

}  // namespace cohort::sim
