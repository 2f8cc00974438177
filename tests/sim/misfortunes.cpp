#include "tests/sim/misfortunes.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

constexpr duration drain_time = 10s;

class fate {
 public:
  explicit fate(stack& all) : all_(all), net_(all.fleet.network()), chance_(all.how.seed ^ 0xFA7EU) {}

  task<> run() {
    for (auto left = all_.how.misfortunes; left > 0; --left) {
      auto quiet = sleep_for(chance_.between(10ms, all_.how.length / 2));
      co_await std::move(quiet);
      // Named first: GCC 12 destroys the temporary twice otherwise.
      auto next = all_.how.gentle ? gentle() : rough();
      co_await std::move(next);
    }
  }

 private:
  sim::member& any_upstream() {
    const auto which = chance_.below(all_.time_services.size() + 2);
    if (which == 0) return all_.sysinfo;
    if (which == 1) return all_.weather;
    return *all_.time_services[which - 2];
  }
  sim::member& any_server() {
    const auto which = chance_.below(10);
    if (which < 2) return which == 0 ? all_.wttr : all_.meteo;
    return which == 2 ? all_.dashboard : any_upstream();
  }
  duration a_while() { return chance_.between(5ms, 1500ms); }
  void breaks(const sim::member& whom) { all_.broken.push_back(&whom.at()); }

  /// Nothing that loses a request.
  task<> gentle() {
    switch (chance_.below(4)) {
      case 0: {
        auto& whom = any_upstream();
        if (!whom.is_running()) co_return;
        all_.restarted.push_back(&whom);
        co_await all_.fleet.stop(whom, drain_time);
        auto away = sleep_for(a_while());
        co_await std::move(away);
        all_.fleet.start(whom);
        break;
      }
      case 1: {
        net_.slow_name("time-service", 1ms, a_while());
        auto lasts = sleep_for(a_while());
        co_await std::move(lasts);
        net_.slow_name("time-service", 0ms, 0ms);
        break;
      }
      case 2: all_.fleet.time().step_wall_clock(chance_.between(-48h, 48h)); break;
      default: {
        auto slower = all_.how.links;
        slower.most_latency += a_while() / 10;
        net_.set_conditions(all_.dashboard.at(), any_upstream().at(), slower);
      }
    }
  }

  task<> rough() {
    switch (chance_.below(8)) {
      case 0: co_await die(any_server()); break;
      case 1: co_await part(any_server()); break;
      case 2: cut(any_server()); break;
      case 3: lose(any_server()); break;
      case 4: co_await shut_out(any_server()); break;
      case 5: co_await forget_name(); break;
      default: co_await gentle();
    }
  }

  task<> die(sim::member& whom) {
    if (!whom.is_running()) co_return;
    breaks(whom);
    if (chance_.chance(0.5)) {
      all_.fleet.kill(whom);
    } else {
      all_.fleet.vanish(whom);
    }
    auto away = sleep_for(a_while());
    co_await std::move(away);
    all_.fleet.start(whom);
  }

  task<> part(sim::member& whom) {
    auto& other = &whom == &all_.wttr || &whom == &all_.meteo ? all_.weather : all_.dashboard;
    breaks(whom);
    net_.partition(other.at(), whom.at());
    auto lasts = sleep_for(a_while());
    co_await std::move(lasts);
    net_.heal(other.at(), whom.at());
  }

  void cut(sim::member& whom) {
    breaks(whom);
    for (const auto& each : connections_to(whom)) {
      if (chance_.chance(0.5)) {
        each->reset_after(whom.at(), chance_.below(2000));
      } else {
        each->reset();
      }
    }
  }

  void lose(sim::member& whom) {
    breaks(whom);
    for (const auto& each : connections_to(whom)) {
      if (chance_.chance(0.5)) each->lose();
    }
  }

  task<> shut_out(sim::member& whom) {
    breaks(whom);
    const bool swallows = chance_.chance(0.5);
    swallows ? net_.swallow_connections(whom.at()) : net_.refuse_connections(whom.at());
    auto lasts = sleep_for(a_while());
    co_await std::move(lasts);
    swallows ? net_.swallow_connections(whom.at(), false) : net_.refuse_connections(whom.at(), false);
  }

  task<> forget_name() {
    net_.fail_name("time-service");
    auto lasts = sleep_for(a_while());
    co_await std::move(lasts);
    net_.fail_name("time-service", false);
  }

  std::vector<std::shared_ptr<sim::connection>> connections_to(const sim::member& whom) {
    auto found = net_.connections(all_.dashboard.at(), whom.at());
    const auto others = net_.connections(*net_.find("loadgen"), whom.at());
    found.insert(found.end(), others.begin(), others.end());
    return found;
  }

  stack& all_;
  sim::network& net_;
  random_source chance_;
};

}  // namespace

task<> befall(stack& all) {
  fate mine{all};
  co_await mine.run();
}

}  // namespace cohort::test
