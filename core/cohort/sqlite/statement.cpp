// SPDX-License-Identifier: BSL-1.0
#include <cohort/sqlite/statement.hpp>

#include <sqlite3.h>

namespace cohort::sqlite {
namespace {

struct binder {
  sqlite3_stmt* prepared_statement;
  int index;
  int operator()(std::monostate) const { return sqlite3_bind_null(prepared_statement, index); }
  int operator()(std::int64_t number) const { return sqlite3_bind_int64(prepared_statement, index, number); }
  int operator()(double number) const { return sqlite3_bind_double(prepared_statement, index, number); }
  // The caller keeps the parameters until the statement has ended.
  int operator()(const std::string& text) const {
    return sqlite3_bind_text64(prepared_statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(const bytes& value) const {
    // A null pointer would bind NULL.
    const char* const data = value.data.empty() ? "" : value.data.data();
    return sqlite3_bind_blob64(prepared_statement, index, data, value.data.size(), SQLITE_STATIC);
  }
};

}  // namespace

statement::~statement() {
  sqlite3_reset(prepared_statement_);
  sqlite3_clear_bindings(prepared_statement_);
}

std::optional<error> statement::bind(const std::vector<parameter>& parameters) {
  const auto expected = static_cast<std::size_t>(sqlite3_bind_parameter_count(prepared_statement_));
  if (parameters.size() != expected) {
    return error{errc::invalid_statement, "the number of parameters is " + std::to_string(expected) +
                                              ", but the number of values is " + std::to_string(parameters.size())};
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (std::visit(binder{prepared_statement_, static_cast<int>(i) + 1}, parameters[i].value()) != SQLITE_OK)
      return last_error();
  }
  return std::nullopt;
}

result<bool> statement::step() {
  const int code = sqlite3_step(prepared_statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return last_error();
}

int statement::columns() const noexcept { return sqlite3_column_count(prepared_statement_); }

std::optional<error> statement::read(int index, std::int64_t& value) const {
  if (auto failure = expect(index, SQLITE_INTEGER, "an integer")) return failure;
  value = sqlite3_column_int64(prepared_statement_, index);
  return std::nullopt;
}

std::optional<error> statement::read(int index, double& value) const {
  const bool is_integer = sqlite3_column_type(prepared_statement_, index) == SQLITE_INTEGER;
  if (auto failure = is_integer ? std::nullopt : expect(index, SQLITE_FLOAT, "a number")) return failure;
  value = sqlite3_column_double(prepared_statement_, index);
  return std::nullopt;
}

std::optional<error> statement::read(int index, std::string& value) const {
  if (auto failure = expect(index, SQLITE_TEXT, "a string")) return failure;
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(prepared_statement_, index));
  if (!text) return last_error();
  value.assign(text, static_cast<std::size_t>(sqlite3_column_bytes(prepared_statement_, index)));
  return std::nullopt;
}

std::optional<error> statement::read(int index, bytes& value) const {
  if (auto failure = expect(index, SQLITE_BLOB, "binary data")) return failure;
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared_statement_, index));
  // The data pointer of an empty value is null.
  value.data.assign(size == 0 ? "" : static_cast<const char*>(sqlite3_column_blob(prepared_statement_, index)), size);
  return std::nullopt;
}

std::optional<error> statement::read(int index, bool& value) const {
  std::int64_t number = 0;
  if (auto failure = read(index, number)) return failure;
  if (number != 0 && number != 1)
    return mismatch_error(index, ("a boolean must be 0 or 1, but is " + std::to_string(number)).c_str());
  value = number == 1;
  return std::nullopt;
}

bool statement::is_null(int index) const noexcept {
  return sqlite3_column_type(prepared_statement_, index) == SQLITE_NULL;
}

std::optional<error> statement::expect(int index, int type, const char* type_name) const {
  const int actual_type = sqlite3_column_type(prepared_statement_, index);
  if (actual_type == type) return std::nullopt;
  if (actual_type == SQLITE_NULL) {
    auto failure = mismatch_error(index, "the value is null; read it as std::optional");
    failure.code = errc::unexpected_null;
    return failure;
  }
  return mismatch_error(index, (std::string{"the value is not "} + type_name).c_str());
}

error statement::mismatch_error(int index, const char* reason) const {
  const char* const name = sqlite3_column_name(prepared_statement_, index);
  return error{errc::type_mismatch, std::string{"column "} + (name ? name : "?") + ": " + reason};
}

error statement::last_error() const {
  auto* const owner = sqlite3_db_handle(prepared_statement_);
  return detail::make_error(sqlite3_extended_errcode(owner), sqlite3_errmsg(owner));
}

}  // namespace cohort::sqlite
