// SPDX-License-Identifier: BSL-1.0
#include "examples/crud/app.hpp"

#include <map>
#include <mutex>

#include <cohort/http/server/input/typed_handler.hpp>

using namespace cohort;
using http::status;

namespace crud {
namespace {

/// The greatest integer that every JSON parser represents exactly.
constexpr std::int64_t max_id = 9'007'199'254'740'991;

enum class genre { fiction, science, other };
BOOST_DESCRIBE_ENUM(genre, fiction, science, other)

struct book {
  std::string title;
  std::vector<std::string> authors;
  crud::genre genre = crud::genre::other;
  std::optional<int> year;
};
BOOST_DESCRIBE_STRUCT(book, (), (title, authors, genre, year))
constexpr auto constraints(json::type<book>) {
  return json::constrain(
      json::member(&book::title, {.min_length = 1, .max_length = 200}),
      json::member(&book::authors, {.min_items = 1, .max_items = 16, .unique = true, .items = {.min_length = 1}}),
      json::member(&book::genre, {.fallback = genre::other}), json::member(&book::year, {.min = 1450, .max = 2100}));
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

struct list_request {
  http::from_query<int> limit;
  http::from_query<std::int64_t> after;
  http::from_query<std::optional<crud::genre>> genre;
};
BOOST_DESCRIBE_STRUCT(list_request, (), (limit, after, genre))
constexpr auto constraints(json::type<list_request>) {
  return json::constrain(json::member(&list_request::limit, {.min = 1, .max = 100, .fallback = 20}),
                         json::member(&list_request::after, {.min = 0, .max = max_id, .fallback = 0}));
}

struct create_request {
  http::from_body<crud::book> book;
};
BOOST_DESCRIBE_STRUCT(create_request, (), (book))

struct book_request {
  http::from_path<std::int64_t> id;
};
BOOST_DESCRIBE_STRUCT(book_request, (), (id))
constexpr auto constraints(json::type<book_request>) {
  return json::constrain(json::member(&book_request::id, {.min = 1, .max = max_id}));
}

struct replace_request {
  http::from_path<std::int64_t> id;
  http::from_body<crud::book> book;
};
BOOST_DESCRIBE_STRUCT(replace_request, (), (id, book))
constexpr auto constraints(json::type<replace_request>) {
  return json::constrain(json::member(&replace_request::id, {.min = 1, .max = max_id}));
}

/// The handlers run on several threads, so the lock is needed; it is never held across a wait.
class collection {
 public:
  book_list list(const list_request& request) {
    const std::lock_guard lock{mutex_};
    book_list page{.total = books_.size()};
    for (auto at = books_.upper_bound(request.after); at != books_.end(); ++at) {
      if (page.books.size() == static_cast<std::size_t>(*request.limit)) break;
      if (!*request.genre || at->second.genre == **request.genre) page.books.push_back(at->second);
    }
    return page;
  }
  std::optional<stored_book> find(std::int64_t id) {
    const std::lock_guard lock{mutex_};
    const auto found = books_.find(id);
    return found == books_.end() ? std::nullopt : std::optional{found->second};
  }
  /// Empty if the collection is full.
  std::optional<stored_book> add(const book& added) {
    const std::lock_guard lock{mutex_};
    if (books_.size() == max_books) return std::nullopt;
    const auto id = next_id_++;
    return books_[id] = stored_book{added, id};
  }
  bool replace(std::int64_t id, const book& replacement) {
    const std::lock_guard lock{mutex_};
    const auto found = books_.find(id);
    if (found != books_.end()) found->second = stored_book{replacement, id};
    return found != books_.end();
  }
  bool remove(std::int64_t id) {
    const std::lock_guard lock{mutex_};
    return books_.erase(id) > 0;
  }

 private:
  static constexpr std::size_t max_books = 10'000;
  std::mutex mutex_;
  std::map<std::int64_t, stored_book> books_;
  std::int64_t next_id_ = 1;
};

http::response not_found() { return http::error_response(status::not_found, "There is no such book"); }

}  // namespace

http::router app() {
  auto books = std::make_shared<collection>();
  http::router routes;
  const std::vector<std::string> tags{"books"};
  routes
      .get("/api/books",
           http::typed<list_request>([books](const list_request& request) { return books->list(request); }))
      .summary("Lists books by their IDs")
      .tags(tags);
  routes
      .post("/api/books", http::typed<create_request>([books](const create_request& request) {
              const auto added = books->add(request.book);
              if (!added) return http::error_response(status::insufficient_storage, "The collection is full");
              return http::json_response(*added, status::created)
                  .set("Location", "/api/books/" + std::to_string(added->id));
            }))
      .summary("Adds a book")
      .tags(tags)
      .returns<stored_book>(status::created, "The book with its ID", {{"Location", "The path of the book"}})
      .returns_error(status::insufficient_storage, "The collection is full");
  routes
      .get("/api/books/{id}", http::typed<book_request>([books](const book_request& request) {
             const auto found = books->find(request.id);
             return found ? http::json_response(*found) : not_found();
           }))
      .summary("A book")
      .tags(tags)
      .returns<stored_book>(status::ok, "The book")
      .returns_error(status::not_found, "There is no such book");
  routes
      .put("/api/books/{id}", http::typed<replace_request>([books](const replace_request& request) {
             return books->replace(request.id, request.book) ? http::response{status::no_content} : not_found();
           }))
      .summary("Replaces a book")
      .tags(tags)
      .returns(status::no_content, "The book is replaced")
      .returns_error(status::not_found, "There is no such book");
  routes
      .del("/api/books/{id}", http::typed<book_request>([books](const book_request& request) {
             return books->remove(request.id) ? http::response{status::no_content} : not_found();
           }))
      .summary("Removes a book")
      .tags(tags)
      .returns(status::no_content, "The book is removed")
      .returns_error(status::not_found, "There is no such book");
  return routes;
}

}  // namespace crud
