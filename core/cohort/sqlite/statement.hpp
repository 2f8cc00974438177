// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <cohort/sqlite/error.hpp>
#include <cohort/sqlite/parameter.hpp>

struct sqlite3_stmt;

namespace cohort::sqlite {

/// A prepared statement with its parameters, which is executed row by row. Used by `connection`.
class statement {
 public:
  /// `prepared_statement` must outlive this object.
  explicit statement(sqlite3_stmt* prepared_statement) noexcept : prepared_statement_(prepared_statement) {}
  /// Ends the execution and removes the parameters.
  ~statement();
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  /// Sets all parameters.
  std::optional<error> bind(const std::vector<parameter>& parameters);
  /// Continues up to the next row; false if there is none.
  result<bool> step();
  int columns() const noexcept;

  /// Reads a column of the current row; `index` from 0. A null value is an error, except for an optional.
  std::optional<error> read(int index, std::int64_t& value) const;
  std::optional<error> read(int index, double& value) const;
  std::optional<error> read(int index, std::string& value) const;
  std::optional<error> read(int index, bytes& value) const;
  std::optional<error> read(int index, bool& value) const;
  template <storable_integer T>
  std::optional<error> read(int index, T& value) const {
    std::int64_t number = 0;
    if (auto failure = read(index, number)) return failure;
    if (number < std::int64_t{std::numeric_limits<T>::min()} || number > std::int64_t{std::numeric_limits<T>::max()}) {
      const auto range =
          std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max());
      return mismatch_error(index, (std::to_string(number) + " is out of the range " + range).c_str());
    }
    value = static_cast<T>(number);
    return std::nullopt;
  }
  template <class T>
  std::optional<error> read(int index, std::optional<T>& value) const {
    value.reset();
    return is_null(index) ? std::nullopt : read(index, value.emplace());
  }

 private:
  bool is_null(int index) const noexcept;
  /// Checks the type of a value: SQLITE_INTEGER or another type code.
  std::optional<error> expect(int index, int type, const char* type_name) const;
  error mismatch_error(int index, const char* reason) const;
  error last_error() const;

  sqlite3_stmt* prepared_statement_;
};

namespace detail {

template <class T>
constexpr bool is_tuple = false;
template <class... T>
constexpr bool is_tuple<std::tuple<T...>> = true;

template <class Row>
using row_members =
    boost::describe::describe_members<Row, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class Row>
constexpr int column_count() {
  if constexpr (is_tuple<Row>) {
    return static_cast<int>(std::tuple_size_v<Row>);
  } else if constexpr (boost::describe::has_describe_members<Row>::value) {
    return static_cast<int>(boost::mp11::mp_size<row_members<Row>>::value);
  } else {
    return 1;
  }
}

/// Reads the current row: the columns in the order of the elements or described members (members of base classes
/// first).
template <class Row>
std::optional<error> read_row(const statement& source, Row& row) {
  std::optional<error> failure;
  int index = 0;
  const auto read_next = [&](auto& value) {
    if (!failure) failure = source.read(index++, value);
  };
  if constexpr (is_tuple<Row>) {
    std::apply([&](auto&... element) { (read_next(element), ...); }, row);
  } else if constexpr (boost::describe::has_describe_members<Row>::value) {
    boost::mp11::mp_for_each<row_members<Row>>([&](auto member) { read_next(row.*member.pointer); });
  } else {
    read_next(row);
  }
  return failure;
}

}  // namespace detail

}  // namespace cohort::sqlite
