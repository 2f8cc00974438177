#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/json/reader.hpp"
#include "loadgen/wishes.hpp"

namespace cohort::loadgen {
namespace {

using object = simdjson::dom::object;
using element = simdjson::dom::element;
using problem = std::optional<std::string>;

/// Of a scenario, a body or an earlier report; `/dev/zero` has no end.
constexpr std::size_t most_read = std::size_t{64} << 20;

/// A text, a number or a flag, as it would stand on the command line.
std::optional<std::string> scalar_text(element value) {
  if (value.is_string()) return std::string{std::string_view{value}};
  if (value.is_number() || value.is_bool()) return simdjson::minify(value);
  return std::nullopt;
}

/// Reads one object: each key by the reader that has its name.
class object_reader {
 public:
  explicit object_reader(std::string where) : where_(std::move(where)) {}

  template <class T, class Assign>
  void add(std::string key, config::rule<T> how, Assign assign) {
    readers_.emplace_back(std::move(key), [how = std::move(how), assign](element value) -> problem {
      const auto text = scalar_text(value);
      auto parsed = text ? how.parse(*text) : std::nullopt;
      if (!parsed) return "is " + simdjson::minify(value).substr(0, 80) + ", but must be " + how.accepts;
      assign(std::move(*parsed));
      return std::nullopt;
    });
  }
  void add_reader(std::string key, std::function<problem(element)> read) {
    readers_.emplace_back(std::move(key), std::move(read));
  }

  problem read(element value) const {
    object fields;
    if (value.get(fields) != simdjson::SUCCESS) return where_ + " must be an object";
    for (const auto& [key, content] : fields) {
      const auto reader = std::find_if(readers_.begin(), readers_.end(), [&](auto& each) { return each.first == key; });
      if (reader == readers_.end()) return where_ + " has an unknown key " + in_quotes(key);
      if (const auto wrong = reader->second(content)) return where_ + ": " + std::string{key} + " " + *wrong;
    }
    return std::nullopt;
  }

 private:
  static std::string in_quotes(std::string_view key) {
    std::string shown{key.substr(0, 80)};
    for (char& c : shown) c = c >= ' ' && c <= '~' ? c : '?';
    return '"' + shown + '"';
  }

  std::string where_;
  std::vector<std::pair<std::string, std::function<problem(element)>>> readers_;
};

/// Reads each element of an array with `read(element, its number from 1)`.
template <class Read>
std::function<problem(element)> each_of(Read read) {
  return [read](element value) -> problem {
    simdjson::dom::array all;
    if (value.get(all) != simdjson::SUCCESS) return "must be an array";
    std::size_t number = 0;
    for (const auto each : all)
      if (auto wrong = read(each, ++number)) return wrong;
    return std::nullopt;
  };
}

problem read_stage(element value, std::size_t number, wishes& into) {
  stage_of_plan stage;
  std::optional<duration> length;
  std::optional<request_rate> rate_at_end;
  object_reader reader{"number " + std::to_string(number)};
  reader.add("duration", stage_length(), [&](duration parsed) { length = parsed; });
  reader.add("rate", stage_rate(), [&](request_rate parsed) { rate_at_end = parsed; });
  reader.add("shape", config::one_of({"linear", "step"}),
             [&](const std::string& shape) { stage.is_step = shape == "step"; });
  if (auto wrong = reader.read(value)) return wrong;
  if (!length || !rate_at_end) return "number " + std::to_string(number) + " needs a duration and a rate";
  stage.length = *length;
  stage.rate = *rate_at_end;
  into.stages.push_back(stage);
  return std::nullopt;
}

problem read_target(element value, std::size_t number, wishes& into) {
  target_wish made;
  std::optional<std::string> name;
  problem unreadable;
  const auto where = "number " + std::to_string(number);
  object_reader reader{where};
  reader.add("name", target_name(), [&](std::string parsed) { name = std::move(parsed); });
  // With a key for the name and one for the weight, an `=` or an `@` here is the URL's own.
  reader.add("url", called_url(), [&](boost::urls::url parsed) { made.where.url = std::move(parsed); });
  reader.add("weight", config::integer(1, 1000),
             [&](std::int64_t parsed) { made.where.weight = static_cast<unsigned>(parsed); });
  reader.add("method", request_method(), [&](http::method parsed) { made.verb = parsed; });
  reader.add("body", config::text(), [&](std::string parsed) { made.body = std::move(parsed); });
  reader.add("body_file", config::text(), [&](const std::string& path) {
    auto content = read_file(path);
    if (content)
      made.body = std::move(*content);
    else
      unreadable = content.error();
  });
  reader.add("expect_body", config::text(), [&](std::string parsed) { made.expected_text = std::move(parsed); });
  reader.add_reader("headers", [&](element headers) -> problem {
    object fields;
    if (headers.get(fields) != simdjson::SUCCESS) return "must be an object";
    for (const auto& [key, content] : fields) {
      const auto text = scalar_text(content);
      const auto line = text ? header_line().parse(std::string{key} + ": " + *text) : std::nullopt;
      if (!line) return "must be " + header_line().accepts;
      made.fields.push_back(*line);
    }
    return std::nullopt;
  });
  if (auto wrong = reader.read(value)) return wrong;
  if (unreadable) return where + ": " + *unreadable;
  if (made.where.url.empty()) return where + " needs a url";
  made.where.name = name ? *name : name_for(made.where.url);
  into.targets.push_back(std::move(made));
  return std::nullopt;
}

object_reader scenario_reader(const std::string& path, wishes& into) {
  object_reader reader{path};
  const auto to = [](auto& member) { return [&member](auto parsed) { member = std::move(parsed); }; };
  reader.add("mode", mode_rule(), to(into.mode));
  reader.add("rate", rate(), to(into.rate));
  reader.add("duration", length_rule(), to(into.length));
  reader.add("arrivals", arrivals_rule(), to(into.arrivals));
  reader.add("seed", seed_rule(), to(into.seed));
  reader.add("connections", connections_rule(), to(into.connections));
  reader.add("threads", threads_rule(), to(into.threads));
  reader.add("timeout", timeout_rule(), to(into.timeout));
  reader.add("deadline", time_limit_rule(), to(into.time_limit));
  reader.add("keep_alive", config::one_of({"true", "false"}),
             [&into](const std::string& flag) { into.keep_alive = flag == "true"; });
  reader.add_reader("stages", each_of([&into](element e, std::size_t n) { return read_stage(e, n, into); }));
  reader.add_reader("targets", each_of([&into](element e, std::size_t n) { return read_target(e, n, into); }));
  reader.add_reader("slo", each_of([&into](element e, std::size_t) -> problem {
                      if (!e.is_string()) return "must be an array of texts";
                      into.objectives.emplace_back(std::string_view{e});
                      return std::nullopt;
                    }));
  return reader;
}

}  // namespace

result<std::string, std::string> read_file(const std::string& path) {
  using outcome = result<std::string, std::string>;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content;
  std::array<char, 16 * 1024> piece{};
  while (content.size() <= most_read && (file.read(piece.data(), piece.size()) || file.gcount() > 0)) {
    content.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!content.empty() && content.size() <= most_read)
    return outcome(boost::system::in_place_value, std::move(content));
  const std::string why = errno != 0        ? std::strerror(errno)
                          : content.empty() ? "it is empty"
                                            : "it has more than 64 MiB";
  return outcome(boost::system::in_place_error, '"' + path + "\" cannot be read: " + why);
}

result<wishes, std::string> read_scenario(const std::string& path) {
  using outcome = result<wishes, std::string>;
  const auto content = read_file(path);
  if (!content) return outcome(boost::system::in_place_error, content.error());
  auto read = json::read(*content, [&](element root) -> result<std::pair<wishes, problem>> {
    std::pair<wishes, problem> made;
    made.second = scenario_reader(path, made.first).read(root);
    return made;
  });
  if (!read) return outcome(boost::system::in_place_error, path + " is no JSON");
  if (read->second) return outcome(boost::system::in_place_error, *read->second);
  return std::move(read->first);
}

}  // namespace cohort::loadgen
