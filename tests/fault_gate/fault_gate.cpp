// SPDX-License-Identifier: BSL-1.0
#include "tests/fault_gate/fault_gate.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::test {
namespace {

constexpr int exit_usage = 2;

[[noreturn]] void exit_with_error(const std::string& message) {
  std::cerr << "fault-gate: " << message << std::endl;
  std::_Exit(exit_usage);  // the loops are already running
}

}  // namespace

void fault_gate::add_options(config::options& options) {
  options.add_list(settings_, {"--link", "", "Link to a server, as NAME=ADDRESS:PORT[@LISTEN_PORT]; repeatable"},
                   link_parser());
  options.add(script_file_, {"--script", "", "File with a fault script, which starts with the program"},
              config::text());
}

void fault_gate::install(const service::extension_context& context) {
  loop_ = context.loops.front();
  log_.emplace(context.log);
  for (auto& settings : settings_) {
    if (find(settings.name)) exit_with_error("two links have the name \"" + settings.name + "\"");
    auto& link = *links_.emplace_back(std::make_unique<gate_link>(std::move(settings), *loop_));
    if (const auto error = link.listen()) {
      exit_with_error("cannot listen for the link \"" + link.name() + "\": " + error.message());
    }
    const auto url = link.url();
    const auto target = link.target();
    log_->write(telemetry::log_level::info, "link",
                {{"name", std::string_view{link.name()}},
                 {"url", std::string_view{url}},
                 {"target", std::string_view{target}}});
  }
  std::vector<faults::scripted_fault> script;
  if (!script_file_.empty()) {
    std::ifstream file{script_file_};
    if (!file) exit_with_error("--script is \"" + script_file_ + "\", which cannot be read");
    std::ostringstream text;
    text << file.rdbuf();
    auto parsed = faults::parse_fault_script(text.str());
    const auto error = parsed ? find_unknown_link(*parsed) : parsed.error();
    if (!error.empty()) exit_with_error(script_file_ + ": " + error);
    script = std::move(*parsed);
  }
  add_routes(context.routes);
  asio::post(loop_->get_executor(), [this, script = std::move(script)]() mutable {
    for (auto& link : links_) background_->spawn(run_link(*link));
    if (!script.empty()) background_->spawn(play(*this, std::move(script), ++script_run_count_));
  });
}

void fault_gate::add_routes(http::router& routes) {
  routes.get("/api/links", [this](http::request_context&) { return http::json_response(describe_links()); });
  routes.add(http::method::put, "/api/links/{name}",
             [this](http::request_context& context) { return put_fault(context); });
  routes.add(http::method::put, "/api/script", [this](http::request_context& context) { return put_script(context); });
}

http::response fault_gate::put_fault(const http::request_context& context) {
  auto* const link = find(context.parameter("name"));
  if (!link) return http::error_response(http::status::not_found, "There is no link with this name");
  const auto fault = faults::parse_link_fault(context.body());
  if (!fault) return http::error_response(http::status::bad_request, fault.error());
  ++script_run_count_;  // ends a script
  link->set_fault(*fault);
  return http::json_response(describe_links());
}

http::response fault_gate::put_script(const http::request_context& context) {
  auto script = faults::parse_fault_script(context.body());
  const auto error = script ? find_unknown_link(*script) : script.error();
  if (!error.empty()) return http::error_response(http::status::bad_request, error);
  for (auto& link : links_) link->set_fault({});
  background_->spawn(play(*this, std::move(*script), ++script_run_count_));
  return http::json_response(describe_links());
}

std::string fault_gate::describe_links() const {
  std::string text;
  json::writer body{text};
  body.open_object().key("links").open_array();
  for (const auto& link : links_) {
    body.open_object()
        .field("name", link->name())
        .field("url", link->url())
        .field("target", link->target())
        .field("fault", faults::to_text(link->state().fault))
        .field("connections", link->connection_count())
        .field("accepted", link->state().accepted)
        .field("injected", link->state().injected)
        .close_object();
  }
  body.close_array().close_object();
  return text;
}

gate_link* fault_gate::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(links_, name, [](const auto& link) -> std::string_view { return link->name(); });
  return found == links_.end() ? nullptr : found->get();
}

std::string fault_gate::find_unknown_link(const std::vector<faults::scripted_fault>& script) const {
  for (const auto& fault : script) {
    if (!find(fault.link)) return "the script has a fault of the link \"" + fault.link + "\", which does not exist";
  }
  return {};
}

task<> fault_gate::run_link(gate_link& link) { co_await link.run(); }

task<> fault_gate::play(fault_gate& self, std::vector<faults::scripted_fault> script, std::uint64_t run) {
  struct change {
    duration time;
    gate_link* link;
    faults::link_fault fault;
  };
  std::vector<change> changes;
  for (const auto& fault : script) {
    auto* const link = self.find(fault.link);
    changes.push_back({fault.start, link, fault.fault});
    changes.push_back({fault.start + fault.length, link, {}});
  }
  // If a fault ends when the next one starts, the end is applied first.
  std::ranges::sort(changes, {}, [](const change& item) {
    return std::pair{item.time, item.fault.type != faults::link_fault::kind::none};
  });
  const auto start = self.loop_->now();
  for (const auto& item : changes) {
    auto sleep_task = sleep_until(deadline::after(start, item.time));
    if (co_await std::move(sleep_task) == wait_status::cancelled || run != self.script_run_count_) co_return;
    item.link->set_fault(item.fault);
    const auto text = faults::to_text(item.fault);
    self.log_->write(telemetry::log_level::info, "fault",
                     {{"link", std::string_view{item.link->name()}}, {"fault", std::string_view{text}}});
  }
}

}  // namespace cohort::test
