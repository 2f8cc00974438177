#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include "core/runtime/wait_queue.hpp"
#include "core/sim/fleet.hpp"

using namespace cohort;
using namespace std::chrono_literals;

// A service as its own main() would run it: it passes on what its backend says, and gives it 2 s.
static service::definition front() {
  struct front_app {
    static task<http::response> pass_on(http::client& client, boost::urls::url backend) {
      http::client_request question;
      question.url = std::move(backend);
      const auto got = co_await client.call(std::move(question), deadline::after(loop::current().now(), 2s));
      if (!got) co_return http::error_response(http::status::bad_gateway, http::error_class(got.error()));
      co_return http::response{}.body(got->body, "text/plain");
    }
  };
  auto backend = std::make_shared<std::optional<boost::urls::url>>();
  service::definition made;
  made.name = "front";
  made.metric_prefix = "front";
  made.port = 8080;
  made.add_options = [backend](config::options& options) {
    options.add(*backend, {"--backend-url", "BACKEND_URL", "Whom to ask"}, config::http_url());
  };
  made.app = [backend](service::kit& with, service::key_guard&) {
    http::router routes;
    routes.get("/", [backend, &client = with.client](http::request_context&) {
      return front_app::pass_on(client, **backend);
    });
    return routes;
  };
  return made;
}

static http::router backend() {
  http::router routes;
  routes.get("/", [](http::request_context&) { return http::response{}.body("fine", "text/plain"); });
  return routes;
}

TEST_CASE("The front answers in time, whatever becomes of its backend") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sim::fleet f{seed};
    auto& behind = f.add_site("backend", 80, backend);
    auto& asked = f.add_service(front, "front", {{"BACKEND_URL", "http://backend/"}});

    // The first answer is cut off within its first 500 bytes, at a place that the seed decides.
    f.network().on_connection([&](sim::connection& which) {
      if (&which.to() == &behind.at()) which.reset_after(behind.at(), f.home().random().below(500));
    });
    const auto cut = f.call(asked.url() + "/");
    INFO("seed " << seed);
    CHECK(cut->code == (cut->body == "fine" ? http::status::ok : http::status::bad_gateway));

    // Then nothing gets through, and after that all is well.
    f.network().on_connection({});
    f.network().partition(asked.at(), behind.at());
    const auto before = f.elapsed();
    CHECK(f.call(asked.url() + "/")->code == http::status::bad_gateway);
    CHECK(f.elapsed() - before < 2s + 10ms);
    f.network().heal(asked.at(), behind.at());
    CHECK(f.call(asked.url() + "/")->body == "fine");

    CHECK(f.exchanges().violations().empty());
    f.shutdown();
    CHECK(f.leftovers().empty());
  }
}
