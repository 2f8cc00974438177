// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>

#include <cohort/service/service.hpp>

using namespace cohort;

/// Reads a file on the threads for blocking work.
class report {
 public:
  report(blocking_pool& blocking, std::string path) : blocking_(blocking), path_(std::move(path)) {}

  task<result<std::string>> read(deadline read_deadline) {
    auto read_file = [path = path_]() -> result<std::string> {
      std::ifstream file{path};
      file.peek();  // a directory can be opened, but not read
      if (!file.is_open() || file.bad()) return error_code{errno, boost::system::system_category()};
      std::ostringstream content;
      content << file.rdbuf();
      return content.str();
    };
    return blocking_.run(read_deadline, std::move(read_file), "read report");
  }
  task<> load(deadline load_deadline) {
    auto content = co_await read(load_deadline);
    if (!content) throw service::start_error{"cannot read " + path_ + ": " + content.error().message(), 3};
    const std::lock_guard lock{mutex_};
    content_ = std::move(*content);
  }
  std::string content() const {
    const std::lock_guard lock{mutex_};
    return content_;
  }

 private:
  blocking_pool& blocking_;
  std::string path_;
  /// Necessary because handlers run on all loops.
  mutable std::mutex mutex_;
  std::string content_;
};

static task<http::response> read_now(std::shared_ptr<report> source, deadline read_deadline) {
  const auto content = co_await source->read(read_deadline);
  if (!content) co_return http::error_response(http::status::service_unavailable, "The report cannot be read now");
  co_return http::response{}.body(*content, "text/plain");
}

static http::router routes(service::service_context& context, const std::string& path) {
  auto source = std::make_shared<report>(context.blocking, path);
  context.on_start(source->load(deadline::never()));
  context.every("reload report", std::chrono::minutes{10},
                [source](const call_context& call) { return source->load(call.deadline); },
                {.jitter = std::chrono::seconds{30}, .timeout = std::chrono::minutes{1}});
  context.cron("nightly report", "30 2 * * mon-fri",
               [source](const call_context& call) { return source->load(call.deadline); });

  http::router router;
  router.get("/api/report",
             [source](http::request_context&) { return http::response{}.body(source->content(), "text/plain"); });
  router.get("/api/report/now", [source](http::request_context& request) {
    const deadline read_deadline = deadline::after(loop::current().now(), std::chrono::milliseconds{300});
    return read_now(source, std::min(request.deadline(), read_deadline));
  });
  // Responds immediately; the task continues after the response, until the service stops.
  router.post("/api/report/reload", [source, &background = context.background](http::request_context&) {
    background.spawn(source->load(deadline::never()));
    return http::response{http::status::accepted};
  });
  return router;
}

int main(int argc, char** argv) {
  const auto path = std::make_shared<std::string>("report.txt");
  service::definition definition;
  definition.name = "report-service";
  definition.metric_prefix = "report_service";
  definition.description = "Serves a file that it reads at startup and periodically";
  definition.port = 5017;
  definition.add_options = [path](config::options& options) {
    options.add(*path, {"--report", "REPORT", "File to serve"}, config::text(), *path);
  };
  definition.app = [path](service::service_context& context, service::api_key_authenticator&) {
    return routes(context, *path);
  };
  return service::run(argc, argv, std::move(definition));
}
