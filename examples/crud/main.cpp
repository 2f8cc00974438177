// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/service.hpp>
#include "examples/crud/app.hpp"

int main(int argc, char** argv) {
  cohort::service::definition books;
  books.name = "book-service";
  books.metric_prefix = "book_service";
  books.description = "Book collection in memory: /api/books";
  books.version = "1.0.0";
  books.port = 5013;
  books.app = [](auto&, auto&) { return crud::app(); };
  return cohort::service::run(argc, argv, std::move(books));
}
