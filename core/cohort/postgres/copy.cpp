// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/copy.hpp>

#include <cohort/postgres/pool/active_call.hpp>
#include <cohort/runtime/loop_fairness.hpp>

namespace cohort::postgres {
namespace {

/// Returns the connection, and records the outcome of a COPY outside a transaction.
void end_call(active_call& call, bool ends_call, const std::optional<error>& failure) {
  if (failure) call.log_failure(*failure, "(data of COPY)");
  if (!ends_call) return;
  call.release();
  call.end(failure ? std::optional{failure->code} : std::nullopt);
}

error ended_error() { return {errc::closed, {}, "the COPY has ended", {}, true}; }

}  // namespace

copy_reader::copy_reader(std::shared_ptr<active_call> call, bool ends_call) noexcept
    : call_(std::move(call)), ends_call_(ends_call) {}
copy_reader::copy_reader(copy_reader&&) noexcept = default;
copy_reader& copy_reader::operator=(copy_reader&&) noexcept = default;
copy_reader::~copy_reader() = default;

task<result<std::string>> copy_reader::next() {
  const auto call = call_;
  if (has_ended_) co_return std::string{};
  auto read_task = call->read_copy();
  auto chunk = co_await std::move(read_task);
  if (chunk && !chunk->empty()) {
    if (must_yield_after(chunk->size())) co_await yield_to_loop();
    co_return chunk;
  }
  has_ended_ = true;
  end_call(*call, ends_call_, chunk ? std::nullopt : std::optional{chunk.error()});
  co_return chunk;
}

copy_writer::copy_writer(std::shared_ptr<active_call> call, bool ends_call) noexcept
    : call_(std::move(call)), ends_call_(ends_call) {}
copy_writer::copy_writer(copy_writer&&) noexcept = default;
copy_writer& copy_writer::operator=(copy_writer&&) noexcept = default;
copy_writer::~copy_writer() = default;

task<result<void>> copy_writer::write(std::string data) {
  const auto call = call_;
  if (has_ended_) co_return ended_error();
  auto write_task = call->write_copy(data);
  auto failure = co_await std::move(write_task);
  if (!failure) {
    // A write waits only while the socket's buffer is full.
    if (must_yield_after(data.size())) co_await yield_to_loop();
    co_return result<void>{};
  }
  has_ended_ = true;
  end_call(*call, ends_call_, failure);
  co_return std::move(*failure);
}

task<result<std::uint64_t>> copy_writer::finish() {
  const auto call = call_;
  if (has_ended_) co_return ended_error();
  has_ended_ = true;
  auto end_task = call->end_copy();
  auto stored_rows = co_await std::move(end_task);
  end_call(*call, ends_call_, stored_rows ? std::nullopt : std::optional{stored_rows.error()});
  co_return stored_rows;
}

std::string copy_text(std::string_view value) {
  std::string escaped;
  escaped.reserve(value.size());
  for (const char each : value) {
    switch (each) {
      case '\\': escaped += "\\\\"; break;
      case '\t': escaped += "\\t"; break;
      case '\n': escaped += "\\n"; break;
      case '\r': escaped += "\\r"; break;
      default: escaped += each;
    }
  }
  return escaped;
}

}  // namespace cohort::postgres
