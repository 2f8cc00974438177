// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/cpu/cpu_accounting.hpp>

#include <cohort/sim/cpu/processor.hpp>

namespace cohort::sim {
namespace {

/// Makes the thread spend `cost` before the handlers that are posted to its loop after this call.
void post_cost(cpu_thread& thread, duration cost) {
  if (cost <= duration{0}) return;
  asio::post(thread.event_loop().get_executor(), [&thread, cost] { thread.spend(cost); });
}

/// Returns the running thread if it belongs to the process of the host. Returns null if a function of another loop acts
/// on behalf of the process.
cpu_thread* running_thread_of(const host& machine) {
  auto* const thread = cpu_thread::current();
  if (!machine.program || !thread) return nullptr;
  for (const auto& candidate : machine.program->threads()) {
    if (candidate.get() == thread) return thread;
  }
  return nullptr;
}

bool is_rejection(unsigned status) { return status == 429 || status == 503; }

}  // namespace

void cpu_accounting::on_opened(const connection& connection) {
  auto* const program = connection.server().program;
  if (!program || program->costs().connection.is_zero()) return;
  post_cost(*program->threads().front(), program->costs().connection.draw(program->random()));
  program->wake();
}

void cpu_accounting::on_sent(const connection& connection, net::pipe_side sender, std::string_view) {
  auto* const program = connection.client().program;
  if (sender != 0 || !program || program->costs().call.is_zero()) return;
  if (!requests_sent_.insert(connection.id()).second) return;
  if (auto* const thread = running_thread_of(connection.client())) {
    thread->spend(thread->slowed(program->costs().call.draw(program->random())));
  }
}

void cpu_accounting::on_closed(const connection& connection, net::pipe_side) { requests_sent_.erase(connection.id()); }

/// The cost is posted, so that the thread spends it immediately before the handler of this request.
void cpu_accounting::on_request_read(const exchange& request) {
  auto* const thread = running_thread_of(*request.server);
  if (!thread) return;
  thread->on_request_read();
  if (request.server->program->costs().read.is_zero()) return;
  auto& program = *request.server->program;
  post_cost(*thread, thread->slowed(program.costs().read.draw(program.random())));
}

void cpu_accounting::on_response_started(const exchange& response) {
  requests_sent_.erase(response.connection_id);
  auto* const thread = running_thread_of(*response.server);
  if (!thread || is_rejection(response.status)) return;
  auto& program = *response.server->program;
  const auto& cost = program.costs().route(response.path);
  if (!cost.is_zero()) thread->spend(thread->slowed(cost.draw(program.random())));
}

}  // namespace cohort::sim
