// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cohort/json/decode.hpp>

// The JSON types of requests and responses.
namespace crud {

enum class genre { fiction, science, other };
BOOST_DESCRIBE_ENUM(genre, fiction, science, other)

struct book {
  std::string title;
  std::vector<std::string> authors;
  crud::genre genre = crud::genre::other;
  std::optional<int> year;
};
BOOST_DESCRIBE_STRUCT(book, (), (title, authors, genre, year))
constexpr auto constraints(cohort::json::type<book>) {
  return cohort::json::constrain(
      cohort::json::member(&book::title, {.min_length = 1, .max_length = 200}),
      cohort::json::member(&book::authors,
                           {.min_items = 1, .max_items = 16, .unique = true, .items = {.min_length = 1}}),
      cohort::json::member(&book::genre, {.fallback = genre::other}),
      cohort::json::member(&book::year, {.min = 1450, .max = 2100}));
}

struct stored_book : book {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(stored_book, (book), (id))

struct book_list {
  std::vector<stored_book> books;
  std::size_t total = 0;
};
BOOST_DESCRIBE_STRUCT(book_list, (), (books, total))

}  // namespace crud
