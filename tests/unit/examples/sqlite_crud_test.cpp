// SPDX-License-Identifier: BSL-1.0
#include "examples/sqlite-crud/notes.hpp"

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/sim/fleet.hpp>
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

struct notes_fleet : sim::fleet {
  // The service is ready once its table exists.
  notes_fleet() : fleet(1) { run_for(std::chrono::seconds{1}); }
  // Stops the fleet before the members are destroyed.
  ~notes_fleet() { shutdown(duration{}); }

  http::client_response request(http::method method, const std::string& path, std::string body = {}) {
    http::client_request sent;
    sent.method = method;
    sent.url = boost::urls::parse_uri(notes.url() + path).value();
    if (!body.empty()) {
      sent.fields.emplace_back("Content-Type", "application/json");
      sent.body = std::move(body);
    }
    const auto call_deadline = deadline::after(event_loop().now(), std::chrono::seconds{5});
    return run(http::fetch(client(), std::move(sent), call_deadline)).value();
  }

  temporary_directory directory;
  sim::node& notes = add_service(notes::note_service, "notes", {{"DATABASE", directory.path() / "notes.db"}});
};

TEST_CASE("SQLite example: a note is created, read, replaced and deleted", "[examples][sqlite]") {
  using http::method;
  notes_fleet fleet;
  const auto created = fleet.request(method::post, "/api/notes", R"({"title":"Milk","text":"two litres"})");
  CHECK(created.status == http::status::created);
  CHECK(created.body == R"({"title":"Milk","text":"two litres","id":1})");
  CHECK(fleet.request(method::get, "/api/notes/1").body == created.body);
  CHECK(fleet.request(method::get, "/api/notes").body == R"({"notes":[)" + created.body + "]}");
  CHECK(fleet.request(method::get, "/api/notes?after=1").body == R"({"notes":[]})");
  CHECK(fleet.request(method::post, "/api/notes", R"({"title":"Milk"})").status == http::status::conflict);
  CHECK(fleet.request(method::post, "/api/notes", R"({"title":""})").status == http::status::bad_request);
  CHECK(fleet.request(method::put, "/api/notes/1", R"({"title":"Tea"})").status == http::status::no_content);
  CHECK(fleet.request(method::get, "/api/notes/1").body == R"({"title":"Tea","text":"","id":1})");
  CHECK(fleet.request(method::delete_, "/api/notes/1").status == http::status::no_content);
  for (const auto each : {method::get, method::delete_}) {
    CHECK(fleet.request(each, "/api/notes/1").status == http::status::not_found);
  }
  CHECK(fleet.request(method::put, "/api/notes/1", R"({"title":"Tea"})").status == http::status::not_found);
}

TEST_CASE("SQLite example: acknowledged notes survive a killed process", "[examples][sqlite]") {
  notes_fleet fleet;
  CHECK(fleet.request(http::method::post, "/api/notes", R"({"title":"Milk"})").status == http::status::created);
  fleet.kill(fleet.notes);
  fleet.run_for(std::chrono::seconds{1});
  fleet.start(fleet.notes);
  fleet.run_for(std::chrono::seconds{1});
  CHECK(fleet.request(http::method::get, "/api/notes/1").status == http::status::ok);
  fleet.shutdown();
  for (const auto& leak : fleet.leaks()) FAIL_CHECK(leak);
}

}  // namespace
}  // namespace cohort::test
