// SPDX-License-Identifier: BSL-1.0
#include "examples/crud/app.hpp"

#include <map>
#include <mutex>

#include <cohort/http/server/input/typed_handler.hpp>
#include "examples/crud/book.hpp"

using namespace cohort;
using http::status;

namespace crud {
namespace {

/// The greatest integer that every JSON parser represents exactly.
constexpr std::int64_t max_id = 9'007'199'254'740'991;

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

struct book_request {
  http::from_path<std::int64_t> id;
};
BOOST_DESCRIBE_STRUCT(book_request, (), (id))
constexpr auto constraints(json::type<book_request>) {
  return json::constrain(json::member(&book_request::id, {.min = 1, .max = max_id}));
}

struct replace_request : book_request {
  http::from_body<crud::book> book;
};
BOOST_DESCRIBE_STRUCT(replace_request, (book_request), (book))

/// The mutex is necessary because handlers run on several threads. No function holds the mutex during a `co_await`.
class book_collection {
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
  /// Returns an empty value if the collection is full.
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

http::response not_found() { return http::error_response(status::not_found, "The book does not exist"); }

}  // namespace

http::router app() {
  auto books = std::make_shared<book_collection>();
  http::router routes;
  routes
      .get("/api/books",
           http::typed<list_request>([books](const list_request& request) { return books->list(request); }))
      .summary("Lists books by their IDs");
  routes
      .post("/api/books", http::typed<http::from_body<book>>([books](const book& posted) {
              const auto added = books->add(posted);
              if (!added) return http::error_response(status::insufficient_storage, "The collection is full");
              return http::json_response(*added, status::created)
                  .set("Location", "/api/books/" + std::to_string(added->id));
            }))
      .summary("Adds a book")
      .returns<stored_book>(status::created, "The book with its ID", {{"Location", "The path of the new book"}})
      .returns_error(status::insufficient_storage, "The collection is full");
  routes
      .get("/api/books/{id}", http::typed<book_request>([books](const book_request& request) {
             const auto found = books->find(request.id);
             return found ? http::json_response(*found) : not_found();
           }))
      .summary("A book")
      .returns<stored_book>(status::ok, "The book")
      .returns_error(status::not_found, "The book does not exist");
  routes
      .put("/api/books/{id}", http::typed<replace_request>([books](const replace_request& request) {
             return books->replace(request.id, request.book) ? http::response{status::no_content} : not_found();
           }))
      .summary("Replaces a book")
      .returns(status::no_content, "The book is replaced")
      .returns_error(status::not_found, "The book does not exist");
  routes
      .del("/api/books/{id}", http::typed<book_request>([books](const book_request& request) {
             return books->remove(request.id) ? http::response{status::no_content} : not_found();
           }))
      .summary("Removes a book")
      .returns(status::no_content, "The book is removed")
      .returns_error(status::not_found, "The book does not exist");
  return routes;
}

}  // namespace crud
