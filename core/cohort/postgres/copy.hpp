// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <cohort/postgres/connection.hpp>

namespace cohort::postgres {

class active_call;

/// Streams the data of a COPY … TO STDOUT. The reader reads from the server only during `next`, so a slow reader
/// applies backpressure to the server. If the reader is destroyed before its end, the statement is cancelled.
class copy_reader {
 public:
  copy_reader(copy_reader&&) noexcept;
  copy_reader& operator=(copy_reader&&) noexcept;
  ~copy_reader();

  /// Returns the next complete rows that have arrived, at most 64 KiB plus one row. The statement specifies the format;
  /// in the default format, text, columns are separated by tabs and rows by line feeds. An empty string marks the end
  /// of the data.
  task<result<std::string>> next();

 private:
  friend class pool;
  friend class transaction;
  copy_reader(std::shared_ptr<active_call> call, bool ends_call) noexcept;

  std::shared_ptr<active_call> call_;
  bool ends_call_;
  bool has_ended_ = false;
};

/// Writes the data of a COPY … FROM STDIN. `finish` stores all rows or none. If the writer is destroyed before
/// `finish`, the statement fails on the server and stores nothing.
class copy_writer {
 public:
  copy_writer(copy_writer&&) noexcept;
  copy_writer& operator=(copy_writer&&) noexcept;
  ~copy_writer();

  /// Sends data, which need not end with a complete row. Returns once the operating system has accepted the data, so a
  /// slow server applies backpressure and memory is bounded. The server reports invalid data only to `finish`.
  task<result<void>> write(std::string data);
  /// Ends the data, and returns the number of rows that were stored, or the server's error.
  task<result<std::uint64_t>> finish();

 private:
  friend class pool;
  friend class transaction;
  copy_writer(std::shared_ptr<active_call> call, bool ends_call) noexcept;

  std::shared_ptr<active_call> call_;
  bool ends_call_;
  bool has_ended_ = false;
};

/// A value in COPY's text format: backslash, tab, line feed and carriage return are escaped (PostgreSQL manual, COPY,
/// "Text Format"). A null value is `\N`, unescaped.
std::string copy_text(std::string_view value);

}  // namespace cohort::postgres
