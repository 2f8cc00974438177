// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/page/page_routes.hpp"

#include <algorithm>

#include <cohort/http/message/body/content_negotiation.hpp>
#include <cohort/http/message/html.hpp>
#include <cohort/http/middleware/compression.hpp>
#include "services/dashboard/page/alerts_html.hpp"
#include "services/dashboard/page/page_template.hpp"
#include "services/dashboard/page/page_text.hpp"
#include "services/dashboard/page_assets.hpp"

namespace cohort::dashboard {
namespace {

constexpr std::string_view page_path = "/";
constexpr std::string_view not_found_path = "/not-found";

/// The files that are sent unchanged.
std::vector<http::asset> static_assets() {
  std::vector<http::asset> selected;
  std::ranges::copy_if(page_assets(), std::back_inserter(selected),
                       [](const http::asset& file) { return file.path != page_path && file.path != not_found_path; });
  return selected;
}

std::string_view html_of(std::string_view path) {
  const auto found = std::ranges::find(page_assets(), path, &http::asset::path);
  return found == page_assets().end() ? std::string_view{} : found->identity;
}

std::string links_html(const std::vector<page_link>& links) {
  std::string html;
  for (const auto& link : links) {
    html +=
        " <a data-link=\"" + http::escape_html(link.name) + "\" href=\"" + http::escape_html(link.url.buffer()) + "\">";
    html += http::escape_html(link.label) + "</a>";
  }
  return html;
}

/// The template of one alert, which is part of the page.
std::string_view alert_item(std::string_view page) {
  constexpr std::string_view begin = R"(<template id="alert">)";
  const auto found = page.find(begin);
  if (found == page.npos) return {};
  page.remove_prefix(found + begin.size());
  return page.substr(0, page.find("</template>"));
}

/// The values that the client is authorized to view.
struct page_content {
  page_values::snapshot values;
  alert_store::snapshot alerts;
  std::string experiment;
  std::string history;
  wall_time now{};
};

/// The page, with values in its HTML.
struct page_handler {
  page_sources sources;
  page_template html{html_of(page_path)};
  page_template alert{alert_item(html_of(page_path))};
  http::compressor compressor{};

  static task<http::response> respond(std::shared_ptr<const page_handler> self, http::request_context& context) {
    std::optional<page_content> content;
    if (self->sources.is_authenticated(context)) {
      auto read_task = page_values::current(self->sources.values);
      content.emplace();
      content->values = co_await std::move(read_task);
      content->alerts = self->sources.alerts->read(loop::current().now());
      content->history = self->sources.history->body(loop::current().now());
      content->now = loop::current().wall_now();
      if (self->sources.experiment) content->experiment = self->sources.experiment(context);
    }
    http::response response;
    response.body(self->html.render([&](std::string_view slot) {
      if (slot == "links") return links_html(self->sources.links);
      return content ? self->fill(slot, *content) : fill_without_values(slot);
    }),
                  "text/html; charset=utf-8");
    response.set("Cache-Control", "private, no-cache");
    response.set("Vary", "Cookie, X-API-Key");
    self->compressor.apply(context.head(), response);
    co_return response;
  }

  std::string fill(std::string_view slot, const page_content& content) const {
    // The attribute that hides the panel.
    if (slot == "experiment") return content.experiment.empty() ? std::string{} : std::string{" "};
    if (slot == "initial") {
      return initial_events(content.values, {.alerts = alerts_json(content.alerts, content.now),
                                             .history = content.history,
                                             .experiment = content.experiment});
    }
    if (slot.starts_with("alerts.")) return alerts_html{content.alerts, alert, content.now}.slot(slot);
    return slot_html(content.values, content.alerts.firing.size(), slot);
  }

  /// Without the API key or a session, the page has no values.
  static std::string fill_without_values(std::string_view slot) {
    if (slot == "headline") return R"(<p id="headline" data-tone="idle">API key required</p>)";
    // Replaces the content of the panels, because without a script it would never be updated.
    if (slot == "panels") return R"( class="locked")";
    return {};
  }
};

/// Returns the relative URL of the root for a path, such as `../` for `/a/b`.
std::string root_url(std::string_view path) {
  constexpr std::ptrdiff_t max_depth = 32;
  const auto depth = std::ranges::count(path, '/') - 1;
  if (depth > max_depth) return "/";
  std::string url = "./";
  for (std::ptrdiff_t i = 0; i < depth; ++i) url += "../";
  return url;
}

/// Responds with a page to browsers; other clients receive the JSON.
std::optional<http::response> not_found_page(const page_template& html, const http::request_context& context) {
  constexpr std::array<std::string_view, 2> types{"application/json", "text/html"};
  const auto& path = context.head().path;
  if (context.matched_route() || path.starts_with("/api/") || http::negotiate_media_type(context.head(), types) == 0) {
    return std::nullopt;
  }
  http::response response{http::status::not_found};
  const auto root = root_url(path);
  response.body(html.render([&](std::string_view slot) {
    return slot == "root" ? root : slot == "path" ? http::escape_html(path.substr(0, 200)) : std::string{};
  }),
                "text/html; charset=utf-8");
  response.set("Vary", "Accept");
  return response;
}

void add_page_without_files(http::router& router) {
  router
      .get("/",
           [](http::request_context&) {
             return http::error_response(http::status::service_unavailable, "This program was built without the page");
           })
      .summary("The page")
      .returns_error(http::status::service_unavailable, "The program was built without the page");
}

}  // namespace

void add_page_routes(http::router& router, page_sources sources) {
  http::add_assets(router, static_assets());
  // The links of the page are relative to a path without a trailing slash.
  router
      .get("/runbook/",
           [](http::request_context&) {
             http::response response{http::status::permanent_redirect};
             response.set("Location", "../runbook");
             return response;
           })
      .summary("Redirects to the runbook");
  if (page_assets().empty()) return add_page_without_files(router);
  auto page = std::make_shared<const page_handler>(page_handler{std::move(sources)});
  router.get("/", [page](http::request_context& context) { return page_handler::respond(page, context); })
      .summary("The page, with the current values")
      .tags({"page"})
      .adapts_to_deadline()
      .returns(http::status::ok, "The page", {.media_type = "text/html"});
  router.use([html = page_template{html_of(not_found_path)}](http::request_context& context) {
    return not_found_page(html, context);
  });
}

}  // namespace cohort::dashboard
