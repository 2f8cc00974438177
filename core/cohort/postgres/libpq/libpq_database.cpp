// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/libpq/libpq_database.hpp>

#include <vector>

#include <cohort/postgres/libpq/connection_parameters.hpp>
#include <cohort/postgres/libpq/libpq_connection.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::postgres {
namespace {

/// Notices can quote values; libpq would write them to standard error.
void ignore_notice(void*, const PGresult*) {}

/// For a failed connection, libpq provides only a message. The verbose message contains the SQLSTATE between the
/// severity and the text: `connection to server at "::1", port 5432 failed: FATAL: 28P01: password authentication
/// failed …`.
error connect_error(const PGconn& failed) {
  std::string_view text{PQerrorMessage(&failed)};
  // Uses the error of the last host that was tried.
  const auto severity = text.rfind("FATAL:  ");
  if (severity == std::string_view::npos) {
    return {errc::connect_failed, {}, std::string{text.substr(0, text.find('\n'))}, {}, true};
  }
  text.remove_prefix(severity + 8);
  text = text.substr(0, text.find('\n'));
  const bool has_sqlstate = text.size() > 7 && text.substr(5, 2) == ": ";
  const std::string sqlstate{has_sqlstate ? text.substr(0, 5) : ""};
  const auto code = sqlstate.starts_with("28") ? errc::authentication_failed : errc::connection_rejected;
  return {code, sqlstate, std::string{text.substr(has_sqlstate ? 7 : 0)}, {}, true};
}

error wait_error(socket_status status) {
  return {status == socket_status::timed_out ? errc::connect_timeout : errc::cancelled, {}, {}, {}, true};
}

/// Waits for the event that PQconnectPoll requested, on the current socket, because libpq opens a socket for each
/// address.
task<socket_status> wait_for(PGconn* pending_connection, PostgresPollingStatusType direction,
                             deadline connect_deadline) {
  auto socket = libpq_socket::make(loop::current(), PQsocket(pending_connection));
  // Without a free descriptor, PQconnectPoll reports an error of its connection attempt.
  if (!socket) co_return socket_status::ready;
  (*socket)->set_deadline(connect_deadline);
  if (direction == PGRES_POLLING_READING) co_return co_await (*socket)->wait_readable();
  co_return co_await (*socket)->wait_writable();
}

pg_connection start_connection(const connection_parameters& parameters) {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  return pg_connection{PQconnectStartParams(keywords.data(), values.data(), 0)};
}

}  // namespace

struct libpq_database::target {
  connection_parameters parameters;
};

result<std::shared_ptr<libpq_database>> libpq_database::make(const std::string& connection_string,
                                                             net::network& network, blocking_pool& blocking,
                                                             libpq_settings settings) {
  auto parameters = parse_connection_string(connection_string);
  if (!parameters) return parameters.error();
  auto server = std::make_unique<target>(target{std::move(*parameters)});
  return std::shared_ptr<libpq_database>{new libpq_database{std::move(server), network, blocking, settings}};
}

libpq_database::libpq_database(std::unique_ptr<target> server, net::network& network, blocking_pool& blocking,
                               libpq_settings settings)
    : target_(std::move(server)), network_(network), blocking_(blocking), settings_(settings) {}
libpq_database::~libpq_database() = default;

task<result<std::unique_ptr<connection>>> libpq_database::connect(deadline connect_deadline) {
  auto resolve_task = resolve_hosts(target_->parameters, network_, connect_deadline);
  auto parameters = co_await std::move(resolve_task);
  if (!parameters) co_return parameters.error();
  auto pending_connection = start_connection(*parameters);
  if (!pending_connection) co_return error{errc::connect_failed, {}, "insufficient memory", {}, true};
  auto* const native_connection = pending_connection.get();
  PQsetErrorVerbosity(native_connection, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(native_connection, ignore_notice, nullptr);
  auto state = PQstatus(native_connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) co_return connect_error(*native_connection);
    const auto wait_result = co_await wait_for(native_connection, state, connect_deadline);
    if (wait_result != socket_status::ready) co_return wait_error(wait_result);
    state = PQconnectPoll(native_connection);
  }
  PQsetErrorVerbosity(native_connection, PQERRORS_DEFAULT);
  auto socket = libpq_socket::make(loop::current(), PQsocket(native_connection));
  if (!socket) co_return error{errc::connect_failed, {}, socket.error().message(), {}, true};
  if (PQsetnonblocking(native_connection, 1) != 0) co_return connect_error(*native_connection);
  std::unique_ptr<connection> connection = std::make_unique<libpq_connection>(
      std::move(pending_connection), std::move(*socket), blocking_, settings_.max_prepared_statements);
  co_return std::move(connection);
}

}  // namespace cohort::postgres
