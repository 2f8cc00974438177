// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <cohort/http/server/content/body_reader.hpp>
#include "services/gateway/routing/mirror.hpp"

namespace cohort::gateway {

/// The body of a request with the limit of its route, copied for the mirror.
class observed_body final : public http::body_reader {
 public:
  /// `source` must outlive this object. `copy` may be null.
  observed_body(http::body_reader& source, std::uint64_t max_bytes, std::shared_ptr<mirrored_request> copy)
      : source_(source), max_bytes_(max_bytes), copy_(std::move(copy)) {}

  task<result<std::string_view, http::body_error>> read(call_context context) override {
    if (source_.content_length().value_or(0) > max_bytes_) co_return http::body_error::too_large;
    auto read_task = source_.read(context);
    const auto part = co_await std::move(read_task);
    if (!part) co_return part.error();
    received_bytes_ += part->size();
    if (received_bytes_ > max_bytes_) co_return http::body_error::too_large;
    if (copy_) copy_->append_body(*part);
    // For a body with a content length, the reader stops at that length.
    if (copy_ && (part->empty() || received_bytes_ == content_length())) copy_->end_body();
    co_return *part;
  }
  std::optional<std::uint64_t> content_length() const noexcept override { return source_.content_length(); }

 private:
  http::body_reader& source_;
  std::uint64_t max_bytes_;
  std::uint64_t received_bytes_ = 0;
  std::shared_ptr<mirrored_request> copy_;
};

}  // namespace cohort::gateway
