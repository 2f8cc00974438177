// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/postgres/error.hpp>
#include <cohort/postgres/values/value_reader.hpp>

namespace cohort::postgres {

/// A column of a result.
struct column {
  std::string name;
  /// The object identifier of its type: `pg_type.oid`.
  std::uint32_t type = 0;
};
using column_list = std::vector<column>;

class rows;

namespace detail {
template <class T>
struct optional_traits {
  static constexpr bool is_optional = false;
  using value_type = T;
};
template <class T>
struct optional_traits<std::optional<T>> {
  static constexpr bool is_optional = true;
  using value_type = T;
};
error null_error(const column& read);
error mismatch_error(const column& read, std::string_view requested);
}  // namespace detail

/// A row of a result: a view, valid for the lifetime of its `rows`.
class row {
 public:
  row(const rows& owner, std::size_t index) noexcept : owner_(&owner), index_(index) {}

  /// The value of a column, by position from zero or by name. `T` is `bool`, an integer, `float`, `double`,
  /// `std::string`, `std::string_view` (valid for the lifetime of the `rows`), `bytes`, `wall_time` (of `timestamptz`),
  /// or a `std::optional` of those, which is empty for null. Errors: `no_such_column`, `unexpected_null`,
  /// `type_mismatch` (the column has another type, or the value is out of the range of `T`).
  template <class T>
  result<T> get(std::size_t position) const;
  template <class T>
  result<T> get(std::string_view name) const;

  /// The value in PostgreSQL's text format; empty if it is null. Precondition: `position` is a column.
  std::optional<std::string_view> text(std::size_t position) const noexcept;

 private:
  const rows* owner_;
  std::size_t index_;
};

/// The result of a statement, or a part of a result. The rows own their data and do not depend on the connection.
class rows {
 public:
  rows() = default;
  explicit rows(std::shared_ptr<const column_list> columns) : columns_(std::move(columns)) {}

  std::size_t size() const noexcept { return row_count_; }
  bool empty() const noexcept { return row_count_ == 0; }
  /// Precondition: `index < size()`.
  row operator[](std::size_t index) const noexcept { return row{*this, index}; }

  class iterator {
   public:
    using value_type = row;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const rows& owner, std::size_t index) noexcept : owner_(&owner), index_(index) {}
    row operator*() const noexcept { return row{*owner_, index_}; }
    iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    void operator++(int) noexcept { ++index_; }
    friend bool operator==(const iterator&, const iterator&) = default;

   private:
    const rows* owner_ = nullptr;
    std::size_t index_ = 0;
  };
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, row_count_}; }

  const column_list& columns() const noexcept;
  /// The position of the first column with this name.
  std::optional<std::size_t> find(std::string_view name) const noexcept;
  /// The number of rows that INSERT, UPDATE, DELETE or MERGE affected, or that SELECT returned.
  std::uint64_t affected_rows() const noexcept { return affected_rows_; }
  /// The command that the server executed, such as `INSERT` or `ROLLBACK`.
  const std::string& command() const noexcept { return command_; }
  /// The total size of all values, in bytes.
  std::size_t bytes() const noexcept { return data_.size(); }

  // The following functions are for implementations of `connection`.
  void set_columns(std::shared_ptr<const column_list> columns) noexcept { columns_ = std::move(columns); }
  bool has_columns() const noexcept { return columns_ != nullptr; }
  /// Appends the values of a row, one for each column.
  void append_value(std::optional<std::string_view> value);
  void end_row() noexcept { ++row_count_; }
  void set_outcome(std::string command, std::uint64_t affected_rows) {
    command_ = std::move(command);
    affected_rows_ = affected_rows;
  }

 private:
  friend class row;
  struct cell {
    std::size_t offset;
    std::size_t length;
  };
  static constexpr std::size_t null_length = static_cast<std::size_t>(-1);

  std::shared_ptr<const column_list> columns_;
  std::string data_;
  std::vector<cell> cells_;
  std::size_t row_count_ = 0;
  std::uint64_t affected_rows_ = 0;
  std::string command_;
};

template <class T>
result<T> row::get(std::size_t position) const {
  using traits = detail::optional_traits<T>;
  using reader = value_reader<typename traits::value_type>;
  const auto& columns = owner_->columns();
  if (position >= columns.size()) {
    return error{errc::no_such_column, {}, "the result has no column " + std::to_string(position)};
  }
  const auto value = text(position);
  if constexpr (traits::is_optional) {
    if (!value) return T{};
  } else {
    if (!value) return detail::null_error(columns[position]);
  }
  if (!reader::accepts(columns[position].type)) return detail::mismatch_error(columns[position], reader::name);
  auto parsed = reader::parse(*value);
  if (!parsed) return detail::mismatch_error(columns[position], reader::name);
  return T{std::move(*parsed)};
}

template <class T>
result<T> row::get(std::string_view name) const {
  const auto position = owner_->find(name);
  if (!position) return error{errc::no_such_column, {}, "the result has no column \"" + std::string{name} + "\""};
  return get<T>(*position);
}

}  // namespace cohort::postgres
