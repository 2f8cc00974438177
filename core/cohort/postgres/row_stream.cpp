// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/row_stream.hpp>

#include <cohort/postgres/pool/active_call.hpp>
#include <cohort/runtime/loop_fairness.hpp>

namespace cohort::postgres {
namespace {

constexpr std::size_t max_chunk_bytes = std::size_t{64} * 1024;

}  // namespace

row_stream::row_stream(std::shared_ptr<active_call> call, bool ends_call) noexcept
    : call_(std::move(call)), ends_call_(ends_call) {}
row_stream::row_stream(row_stream&&) noexcept = default;
row_stream& row_stream::operator=(row_stream&&) noexcept = default;
row_stream::~row_stream() = default;

task<result<rows>> row_stream::next(std::size_t max_rows) {
  const auto call = call_;
  if (has_ended_) co_return rows{};
  rows chunk;
  const fetch_limits limits{.max_rows = std::max<std::size_t>(max_rows, 1), .max_bytes = max_chunk_bytes};
  const auto has_more = co_await call->fetch(chunk, limits);
  if (has_more && *has_more) {
    // Rows that libpq has already received are returned without a wait.
    if (must_yield_after(chunk.bytes())) co_await yield_to_loop();
    co_return std::move(chunk);
  }
  has_ended_ = true;
  if (!has_more) call->log_failure(has_more.error(), "(rows of a stream)");
  if (ends_call_) {
    call->release();
    call->end(code_of(has_more));
  }
  if (!has_more) co_return has_more.error();
  co_return std::move(chunk);
}

}  // namespace cohort::postgres
