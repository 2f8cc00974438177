// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/faults/fault_script.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/service/extension.hpp>
#include <cohort/service/lifecycle/background_tasks.hpp>
#include "tests/fault_gate/gate_connection.hpp"

namespace cohort::test {

/// A link: the port to listen on (0: the system chooses) and the server behind it.
struct link_settings {
  std::string name;
  net::endpoint target;
  std::uint16_t port = 0;
};

/// `NAME=ADDRESS:PORT` or `NAME=ADDRESS:PORT@LISTEN_PORT`.
config::value_parser<link_settings> link_parser();

/// Accepts the connections of one link and forwards them to its server.
class gate_link {
 public:
  gate_link(link_settings settings, loop& event_loop);
  gate_link(const gate_link&) = delete;
  gate_link& operator=(const gate_link&) = delete;

  /// Listens on 127.0.0.1. Returns the system's error.
  error_code listen();
  /// Accepts and serves connections until it is cancelled.
  task<> run();
  void set_fault(const faults::link_fault& fault);

  const std::string& name() const noexcept { return settings_.name; }
  const link_state& state() const noexcept { return state_; }
  std::size_t connection_count() const noexcept { return connections_.size(); }
  std::string url() const;
  std::string target() const;

 private:
  using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;
  task<> serve(net::tcp_socket client);

  link_settings settings_;
  loop& loop_;
  std::optional<acceptor> acceptor_;
  net::endpoint local_endpoint_;
  link_state state_;
  std::list<gate_connection*> connections_;
};

/// The fault-injecting proxy (fault gate). It serves an HTTP API for its links: `GET /api/links`, `PUT
/// /api/links/{name}` with a fault as text (`faults::parse_link_fault`), and `PUT /api/script` with a fault script. A
/// script starts immediately and replaces an earlier script. All links run on one loop.
class fault_gate final : public service::extension {
 public:
  void add_options(config::options& options) override;
  void install(const service::extension_context& context) override;
  void set_background(service::background_tasks& background) noexcept { background_ = &background; }

 private:
  void add_routes(http::router& routes);
  http::response put_fault(const http::request_context& context);
  http::response put_script(const http::request_context& context);
  std::string describe_links() const;
  gate_link* find(std::string_view name) const noexcept;
  /// Returns an error message about the first link of the script that does not exist; empty if all exist.
  std::string find_unknown_link(const std::vector<faults::scripted_fault>& script) const;
  static task<> play(fault_gate& self, std::vector<faults::scripted_fault> script, std::uint64_t run);
  static task<> run_link(gate_link& link);

  std::vector<link_settings> settings_;
  std::string script_file_;
  std::vector<std::unique_ptr<gate_link>> links_;
  service::background_tasks* background_ = nullptr;
  loop* loop_ = nullptr;
  std::optional<telemetry::logger> log_;
  std::uint64_t script_run_count_ = 0;
};

}  // namespace cohort::test
