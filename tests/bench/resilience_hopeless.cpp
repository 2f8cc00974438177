// What requests cost that cannot be answered in time, refused and not.
#include "core/http/remaining_time.hpp"
#include "loadgen/figures.hpp"
#include "tests/bench/resilience_bed.hpp"
#include "tests/bench/resilience_parts.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr unsigned lessons = 100;
constexpr unsigned requests = 10'000;
constexpr std::size_t callers = 256;
constexpr auto usual = 100ms;
constexpr auto left = "50";  // milliseconds

struct asking {
  bed& on;
  http::client_request request;
  unsigned to_ask;
  unsigned late = 0;  // 504
  duration server_cpu{};
};

task<http::response> answer_slowly(unsigned& begun) {
  ++begun;
  auto working = sleep_for(usual);
  if (co_await std::move(working) == wait_status::cancelled) {
    co_return http::error_response(http::status::gateway_timeout, "Its time is over");
  }
  co_return http::json_response("{}");
}

task<> ask_again_and_again(asking& of) {
  while (of.to_ask > 0) {
    --of.to_ask;
    auto request = of.request;
    const auto answer = co_await of.on.client().call(std::move(request), deadline::after(loop::current().now(), 5s));
    if (answer && answer->code == http::status::gateway_timeout) ++of.late;
  }
}

task<> ask_all(asking& of) {
  auto learning = all_at_once(callers, [&of] { return ask_again_and_again(of); });
  co_await std::move(learning);
  of.to_ask = requests;
  of.request.fields.emplace_back(http::remaining_time_field, left);
  const auto before = co_await of.on.server_cpu_time();
  auto asking_all = all_at_once(callers, [&of] { return ask_again_and_again(of); });
  co_await std::move(asking_all);
  of.server_cpu = co_await of.on.server_cpu_time() - before;
}

void measure(std::string_view name, http::admission_settings::hopeless deadlines) {
  unsigned begun = 0;
  http::router routes;
  routes.get("/slow", [&begun](http::request_context&) { return answer_slowly(begun); });
  http::admission_settings how;
  how.deadlines = deadlines;
  bed on{routes, how, callers};
  asking of{on, on.request("/slow"), lessons};
  on.run(ask_all(of));
  const auto each = std::chrono::duration<double, std::micro>(of.server_cpu).count() / requests;
  print_row("hopeless", name,
            loadgen::count_text(of.late) + " × 504 · " + loadgen::fixed_text(each, 1) +
                " µs of the server's CPU time each · " + loadgen::count_text(begun - lessons) +
                " handlers begun in vain");
}

}  // namespace

void measure_hopeless() {
  using hopeless = http::admission_settings::hopeless;
  measure("ignored", hopeless::ignore);
  measure("refused", hopeless::refuse);
}

}  // namespace cohort::bench
