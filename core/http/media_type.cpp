#include "core/http/media_type.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace cohort::http {
namespace {

struct media_type {
  std::string_view type;
  std::string_view subtype;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  /// In thousandths.
  unsigned quality = 1000;
};

/// Takes what stands before the next `separator` outside quotes, without the white space around it.
std::string_view next_part(std::string_view& rest, char separator) noexcept {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size() && (quoted || rest[at] != separator); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (quoted && rest[at] == '\\') ++at;
  }
  const auto part = trimmed(rest.substr(0, at));
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

/// `1`, `0.5`, `0.333` (RFC 9110 section 12.4.2).
std::optional<unsigned> parse_quality(std::string_view text) noexcept {
  constexpr std::size_t longest = 5;
  if (text.empty() || text.size() > longest || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  unsigned thousandths = text[0] == '1' ? 1000 : 0;
  unsigned place = 100;
  for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    thousandths += place * static_cast<unsigned>(digit - '0');
    place /= 10;
  }
  if (thousandths > 1000) return std::nullopt;
  return thousandths;
}

std::string_view unquoted(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

std::optional<media_type> parse_media_type(std::string_view text) {
  const auto name = next_part(text, ';');
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  media_type made{name.substr(0, slash), name.substr(slash + 1), {}};
  while (!text.empty()) {
    const auto parameter = next_part(text, ';');
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    const auto key = parameter.substr(0, equals);
    const auto value = parameter.substr(equals + 1);
    if (!same_name(key, "q")) {
      made.parameters.emplace_back(key, unquoted(value));
      continue;
    }
    const auto quality = parse_quality(value);
    if (!quality) return std::nullopt;
    made.quality = *quality;
  }
  return made;
}

/// How closely a range is made for an offer: the greater, the more so. Nothing if it does not take it.
std::optional<std::tuple<bool, bool, std::size_t>> fit_of(const media_type& range, const media_type& offer) {
  const bool same_type = same_name(range.type, offer.type);
  const bool same_subtype = same_type && same_name(range.subtype, offer.subtype);
  if (!same_type && !(range.type == "*" && range.subtype == "*")) return std::nullopt;
  if (same_type && !same_subtype && range.subtype != "*") return std::nullopt;
  std::size_t shared = 0;
  for (const auto& [key, wanted] : range.parameters) {
    for (const auto& [name, given] : offer.parameters) {
      if (!same_name(key, name)) continue;
      if (!same_name(wanted, given)) return std::nullopt;
      ++shared;
    }
  }
  return std::tuple{same_type, same_subtype, shared};
}

/// What the range says that is made most closely for the offer; zero if it is not taken.
unsigned quality_of(const media_type& offer, const std::vector<media_type>& ranges) {
  std::optional<std::tuple<bool, bool, std::size_t>> closest;
  unsigned quality = 0;
  for (const auto& range : ranges) {
    const auto fit = fit_of(range, offer);
    if (!fit || (closest && *fit <= *closest)) continue;
    closest = fit;
    quality = range.quality;
  }
  return quality;
}

}  // namespace

std::size_t preferred_media_type(const request_head& head, std::span<const std::string_view> offered) {
  std::vector<media_type> ranges;
  for (const auto& each : head.fields) {
    if (!same_name(each.name, "accept")) continue;
    for (auto rest = each.value; !rest.empty();) {
      if (auto range = parse_media_type(next_part(rest, ','))) ranges.push_back(std::move(*range));
    }
  }
  std::size_t best = 0;
  unsigned best_quality = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const auto offer = parse_media_type(offered[i]);
    const auto quality = offer ? quality_of(*offer, ranges) : 0;
    if (quality <= best_quality) continue;
    best = i;
    best_quality = quality;
  }
  return best;
}

}  // namespace cohort::http
