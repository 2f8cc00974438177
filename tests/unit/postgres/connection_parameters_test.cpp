// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/libpq/connection_parameters.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/net/system/system_network.hpp>
#include <cohort/postgres/pool/prepared_statements.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::postgres {
namespace {

using namespace std::chrono_literals;

TEST_CASE("postgres::parse_connection_string: accepts URLs and keywords", "[postgres][settings]") {
  const auto url = parse_connection_string("postgresql://ada:s%40crt@db.example:5433/shop?sslmode=verify-full").value();
  CHECK(url.at("host") == "db.example");
  CHECK(url.at("port") == "5433");
  CHECK(url.at("password") == "s@crt");
  CHECK(url.at("sslmode") == "verify-full");
  CHECK(parse_connection_string("host=db dbname=shop").value().at("dbname") == "shop");
}

TEST_CASE("postgres::parse_connection_string: an error contains no part of the text", "[postgres][settings]") {
  const auto* const text =
      GENERATE("postgresql://ada:hunter2 @db/shop?hunter2=1", "host=db password=a hunter2", "password='hunter2",
               "hunter2=db", "postgresql://ada:%zzhunter2@db", "host=db port=hunter2", "host=db port=0");
  const auto parsed = parse_connection_string(text);
  REQUIRE(!parsed);
  CHECK(parsed.error().code == errc::invalid_connection_string);
  CHECK_THAT(parsed.error().message, !Catch::Matchers::ContainsSubstring("hunter2"));
  CHECK(parsed.error().message.size() > 20);
}

/// Resolves names that are IP addresses, which do not need a thread for the lookup.
TEST_CASE("postgres::resolve_hosts: host names are resolved to addresses, and paths of Unix sockets are kept",
          "[postgres][settings]") {
  virtual_time time;
  net::system_network network;
  const connection_parameters connection_parameters{{"host", "127.0.0.1,/run/pg,::1"}, {"port", "5432,5433,5434"}};
  const auto resolved = time.run(resolve_hosts(connection_parameters, network, deadline::never())).value();
  CHECK(resolved.at("host") == "127.0.0.1,/run/pg,::1");
  CHECK(resolved.at("hostaddr") == "127.0.0.1,,::1");
  CHECK(resolved.at("port") == "5432,5433,5434");
}

TEST_CASE("postgres::prepared_statements: the least recently used statement is evicted", "[postgres][settings]") {
  prepared_statements statements{2};
  for (const auto* const text : {"a", "b"}) statements.add(text, statements.next_number());
  CHECK(statements.is_full());
  REQUIRE(statements.find("a"));
  CHECK(statements.remove_oldest() == 2);
  CHECK(statements.find("b") == nullptr);
  CHECK(statements.find("a")->number == 1);
}

}  // namespace
}  // namespace cohort::postgres
