// SPDX-License-Identifier: BSL-1.0
#include "examples/sqlite-crud/notes.hpp"

#include <memory>

#include <cohort/http/server/input/typed_handler.hpp>
#include <cohort/sqlite/database.hpp>

using namespace cohort;
using http::status;

namespace notes {
namespace {

using database = std::shared_ptr<sqlite::database>;
using response_task = task<http::response>;
struct note {
  std::string title;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(note, (), (title, text))
constexpr auto constraints(json::type<note>) {
  return json::constrain(json::member(&note::title, {.min_length = 1, .max_length = 200}),
                         json::member(&note::text, {.max_length = 10'000, .fallback = ""}));
}

// A row of `SELECT title, text, id`: the members are the columns in their order.
struct stored_note : note {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(stored_note, (note), (id))
struct note_list {
  std::vector<stored_note> notes;
};
BOOST_DESCRIBE_STRUCT(note_list, (), (notes))

struct list_request {
  http::from_query<std::int64_t> after;
};
BOOST_DESCRIBE_STRUCT(list_request, (), (after))
constexpr auto constraints(json::type<list_request>) {
  return json::constrain(json::member(&list_request::after, {.fallback = 0}));
}

struct note_request {
  http::from_path<std::int64_t> id;
};
struct replace_request {
  http::from_path<std::int64_t> id;
  http::from_body<notes::note> note;
};
BOOST_DESCRIBE_STRUCT(note_request, (), (id))
BOOST_DESCRIBE_STRUCT(replace_request, (), (id, note))

http::response not_found() { return http::error_response(status::not_found, "The note does not exist"); }

http::response to_error_response(const sqlite::error& failure) {
  switch (failure.code) {
    case sqlite::errc::unique_violation: return http::error_response(status::conflict, "The title already exists");
    case sqlite::errc::disk_full: return http::error_response(status::insufficient_storage, "The disk is full");
    case sqlite::errc::timeout: return http::error_response(status::gateway_timeout, "The database timed out");
    default: return http::error_response(status::service_unavailable, "The database is unavailable");
  }
}

response_task list(database store, http::request_context& context, list_request request) {
  auto read_task = store->query<stored_note>(
      context, "SELECT title, text, id FROM notes WHERE id > ?1 ORDER BY id LIMIT 20", *request.after);
  auto found = co_await std::move(read_task);
  if (!found) co_return to_error_response(found.error());
  co_return http::json_response(note_list{std::move(*found)});
}

response_task create(database store, http::request_context& context, http::from_body<note> added) {
  auto write_task =
      store->execute(context, "INSERT INTO notes (title, text) VALUES (?1, ?2)", added->title, added->text);
  const auto insert_result = co_await std::move(write_task);
  if (!insert_result) co_return to_error_response(insert_result.error());
  const stored_note stored{*added, insert_result->last_insert_id};
  co_return http::json_response(stored, status::created).set("Location", "/api/notes/" + std::to_string(stored.id));
}

response_task find(database store, http::request_context& context, note_request request) {
  auto read_task = store->query<stored_note>(context, "SELECT title, text, id FROM notes WHERE id = ?1", *request.id);
  const auto found = co_await std::move(read_task);
  if (!found) co_return to_error_response(found.error());
  co_return found->empty() ? not_found() : http::json_response(found->front());
}

response_task replace(database store, http::request_context& context, replace_request request) {
  auto write_task = store->execute(context, "UPDATE notes SET title = ?1, text = ?2 WHERE id = ?3", request.note->title,
                                   request.note->text, *request.id);
  const auto update_result = co_await std::move(write_task);
  if (!update_result) co_return to_error_response(update_result.error());
  co_return update_result->rows == 0 ? not_found() : http::response{status::no_content};
}

response_task remove(database store, http::request_context& context, note_request request) {
  auto write_task = store->execute(context, "DELETE FROM notes WHERE id = ?1", *request.id);
  const auto remove_result = co_await std::move(write_task);
  if (!remove_result) co_return to_error_response(remove_result.error());
  co_return remove_result->rows == 0 ? not_found() : http::response{status::no_content};
}

}  // namespace

service::definition note_service() {
  const auto path = std::make_shared<std::string>("notes.db");
  service::definition definition;
  definition.name = "note-service";
  definition.metric_prefix = "note_service";
  definition.description = "Notes in a SQLite database: /api/notes";
  definition.port = 5022;
  definition.add_options = [path](config::options& options) {
    options.add(*path, {"--database", "DATABASE", "Path of the database"}, config::text(), *path);
  };
  definition.app = [path](service::service_context& context, service::api_key_authenticator&) {
    const auto store = std::make_shared<sqlite::database>(context.blocking, context.metrics, context.log,
                                                          sqlite::database_settings{.path = *path});
    context.on_start(store->create_schema(
        "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, text TEXT NOT NULL)"));
    context.on_stop(store->close());
    http::router routes;
    routes.get("/api/notes", http::typed(list, store)).summary("Lists notes after an ID");
    routes.post("/api/notes", http::typed(create, store)).summary("Adds a note");
    routes.get("/api/notes/{id}", http::typed(find, store)).summary("A note");
    routes.put("/api/notes/{id}", http::typed(replace, store)).summary("Replaces a note");
    routes.del("/api/notes/{id}", http::typed(remove, store)).summary("Removes a note");
    return routes;
  };
  return definition;
}

}  // namespace notes
