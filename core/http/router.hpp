#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/http/context.hpp"
#include "core/http/message.hpp"

namespace cohort::http {

/// Answers a request: at once, or as a coroutine when it has to wait for something.
using immediate_handler = std::function<response(request_context&)>;
using awaiting_handler = std::function<task<response>(request_context&)>;
using handler = std::variant<immediate_handler, awaiting_handler>;

/// Looks at a request before its handler does, and may answer in its place.
/// `endpoint` is the route's template or `unmatched`.
using filter = std::function<std::optional<response>(const request_context&, std::string_view endpoint)>;

/// One path of a service and what it does for each method.
struct route {
  /// As it was registered, such as `/api/things/{id}`: the `endpoint` of metrics and logs.
  std::string pattern;
  std::vector<std::pair<method, handler>> methods;
  /// Health and metrics: neither counted, nor limited, nor asked for keys.
  bool is_probe = false;
  /// Less than the server's own limit, for a route that has to be quicker.
  std::optional<duration> limit;
  /// Its handler makes do with whatever time there is, as one that leaves out what is late: no request is refused for
  /// having too little.
  bool adapts_to_deadline = false;
  std::size_t index = 0;

  const handler* find(method wanted) const noexcept;
  /// Whether it has a handler that waits for something.
  bool awaits() const noexcept;
  /// For `Allow`.
  std::string allowed() const;
};

/// The table of a service's routes. Literal paths win over templates, those over a prefix (`/assets/*`).
class router {
 public:
  /// `get` answers HEAD too; the connection leaves the body out.
  template <class Handler>
  route& get(std::string pattern, Handler handle) {
    return add(method::get, std::move(pattern), wrap(std::move(handle)));
  }
  template <class Handler>
  route& post(std::string pattern, Handler handle) {
    return add(method::post, std::move(pattern), wrap(std::move(handle)));
  }
  route& add(method verb, std::string pattern, handler handle);
  /// Filters run in this order, for every request but probes.
  void add_filter(filter check) { filters_.push_back(std::move(check)); }

  /// Fills `context.parameters`.
  const route* match(request_context& context) const;
  const std::vector<filter>& filters() const noexcept { return filters_; }
  const std::vector<std::unique_ptr<route>>& routes() const noexcept { return routes_; }

 private:
  template <class Handler>
  static handler wrap(Handler handle) {
    using answer = std::invoke_result_t<Handler&, request_context&>;
    if constexpr (std::is_same_v<answer, response>) {
      return immediate_handler{std::move(handle)};
    } else {
      return awaiting_handler{std::move(handle)};
    }
  }

  std::vector<std::unique_ptr<route>> routes_;
  std::map<std::string, route*, std::less<>> literal_;
  std::vector<route*> templates_;
  std::vector<route*> prefixes_;
  std::vector<filter> filters_;
};

/// The routes for one path's errors: unknown path, unknown method, wrong method (RFC 9110
/// sections 15.5.5, 15.5.6, 15.6.2).
response no_such_route();
response unknown_method();
response method_not_allowed(const route& found);

}  // namespace cohort::http
