// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/values/rows.hpp>

namespace cohort::postgres {

namespace detail {

error null_error(const column& read) {
  return {errc::unexpected_null, {}, "column \"" + read.name + "\" is null; read it as a std::optional"};
}

error mismatch_error(const column& read, std::string_view requested) {
  return {errc::type_mismatch,
          {},
          "column \"" + read.name + "\" of the type with OID " + std::to_string(read.type) + " cannot be read as " +
              std::string{requested}};
}

}  // namespace detail

const column_list& rows::columns() const noexcept {
  static const column_list none;
  return columns_ ? *columns_ : none;
}

std::optional<std::size_t> rows::find(std::string_view name) const noexcept {
  const auto& all = columns();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
  }
  return std::nullopt;
}

void rows::append_value(std::optional<std::string_view> value) {
  cells_.push_back({data_.size(), value ? value->size() : null_length});
  if (value) data_.append(*value);
}

std::optional<std::string_view> row::text(std::size_t position) const noexcept {
  const auto& cell = owner_->cells_[index_ * owner_->columns().size() + position];
  if (cell.length == rows::null_length) return std::nullopt;
  return std::string_view{owner_->data_}.substr(cell.offset, cell.length);
}

}  // namespace cohort::postgres
