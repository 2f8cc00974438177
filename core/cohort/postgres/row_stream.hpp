// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>

#include <cohort/postgres/connection.hpp>

namespace cohort::postgres {

class active_call;

/// Streams the rows of a statement. The stream reads from the server only during `next`, so a slow reader applies
/// backpressure to the server. If the stream is destroyed before its end, the statement is cancelled.
class row_stream {
 public:
  row_stream(row_stream&&) noexcept;
  row_stream& operator=(row_stream&&) noexcept;
  ~row_stream();

  /// Returns the next rows: at most `max_rows`, and at most 64 KiB plus one row. An empty `rows` marks the end of the
  /// result.
  task<result<rows>> next(std::size_t max_rows = 256);

 private:
  friend class pool;
  friend class transaction;
  row_stream(std::shared_ptr<active_call> call, bool ends_call) noexcept;

  std::shared_ptr<active_call> call_;
  bool ends_call_;
  bool has_ended_ = false;
};

}  // namespace cohort::postgres
