#include "loadgen/preflight.hpp"

#include "core/http/connector.hpp"
#include "core/runtime/when_all.hpp"

namespace cohort::loadgen {
namespace {

std::string hint_for(unsigned code) {
  switch (code) {
    case 401:
    case 403: return "; is the key right (API_KEY)?";
    case 404: return "; is the path right?";
    default: return "; is the method right?";
  }
}

std::optional<std::string> judged(const http::client_response& answer) {
  switch (answer.code_number) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 501: break;
    default: return std::nullopt;
  }
  return "answered " + std::to_string(answer.code_number) + " " +
         std::string{boost::beast::http::obsolete_reason(answer.code)} + hint_for(answer.code_number);
}

bool is_safe_to_try(http::method verb) {
  return verb == http::method::get || verb == http::method::head || verb == http::method::options;
}

std::string line_for(const target& to, const std::string& why) {
  return to.name + " (" + std::string{to.request.url.buffer()} + "): " + why;
}

task<std::string> try_one(http::client& through, net::network& reach, const target& to, deadline until) {
  if (!is_safe_to_try(to.request.verb)) {
    http::connector connections{reach};
    const auto made = co_await connections.connect(*http::origin_of(to.request.url), until);
    if (!made) co_return line_for(to, make_error_code(made.error()).message());
    co_return "";
  }
  const auto answer = co_await through.call(to.request, until);
  if (!answer && answer.error() != http::client_error::body_too_big) {
    co_return line_for(to, make_error_code(answer.error()).message());
  }
  if (!answer) co_return "";
  const auto wrong = judged(*answer);
  co_return wrong ? line_for(to, *wrong) : "";
}

}  // namespace

task<std::vector<std::string>> preflight(http::client& through, net::network& reach, const std::vector<target>& targets,
                                         duration timeout) {
  const auto until = deadline::after(loop::current().now(), timeout);
  std::vector<task<std::string>> all;
  all.reserve(targets.size());
  for (const auto& each : targets) all.push_back(try_one(through, reach, each, until));
  auto asking = when_all(std::move(all));
  auto lines = co_await std::move(asking);
  std::erase(lines, "");
  co_return lines;
}

}  // namespace cohort::loadgen
