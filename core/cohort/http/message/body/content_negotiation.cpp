// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/content_negotiation.hpp>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// A media type (of an offer) or a media range (of `Accept`).
struct media_range {
  std::string_view type;
  std::string_view subtype;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  /// The weight `q`, in thousandths.
  unsigned quality = 1000;
};

/// Removes and returns the text before the next `separator` outside quotes, without the whitespace around it.
std::string_view next_part(std::string_view& remaining, char separator) noexcept {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < remaining.size() && (is_quoted || remaining[end] != separator); ++end) {
    if (remaining[end] == '"') is_quoted = !is_quoted;
    if (is_quoted && remaining[end] == '\\') ++end;
  }
  const auto part = trimmed(remaining.substr(0, end));
  remaining.remove_prefix(std::min(end + 1, remaining.size()));
  return part;
}

/// Parses `1`, `0.5`, `0.333` (RFC 9110 section 12.4.2) into thousandths.
std::optional<unsigned> parse_quality(std::string_view text) noexcept {
  constexpr std::size_t max_length = 5;
  if (text.empty() || text.size() > max_length || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  unsigned thousandths = text[0] == '1' ? 1000 : 0;
  unsigned decimal_weight = 100;
  for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    thousandths += decimal_weight * static_cast<unsigned>(digit - '0');
    decimal_weight /= 10;
  }
  if (thousandths > 1000) return std::nullopt;
  return thousandths;
}

std::optional<media_range> parse_media_range(std::string_view text) {
  const auto name = next_part(text, ';');
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  media_range range{name.substr(0, slash), name.substr(slash + 1), {}};
  while (!text.empty()) {
    const auto parameter = next_part(text, ';');
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    const auto key = parameter.substr(0, equals);
    const auto value = parameter.substr(equals + 1);
    if (!iequals(key, "q")) {
      range.parameters.emplace_back(key, strip_quotes(value));
      continue;
    }
    const auto quality = parse_quality(value);
    if (!quality) return std::nullopt;
    range.quality = *quality;
  }
  return range;
}

/// The specificity of a match (RFC 9110 section 12.5.1); a greater value is more specific.
using specificity = std::tuple<bool, bool, std::size_t>;

/// Returns an empty result if the range does not match.
std::optional<specificity> match(const media_range& range, const media_range& offer) {
  const bool is_same_type = iequals(range.type, offer.type);
  const bool is_same_subtype = is_same_type && iequals(range.subtype, offer.subtype);
  if (!is_same_type && !(range.type == "*" && range.subtype == "*")) return std::nullopt;
  if (is_same_type && !is_same_subtype && range.subtype != "*") return std::nullopt;
  std::size_t shared_parameter_count = 0;
  for (const auto& [range_name, range_value] : range.parameters) {
    for (const auto& [offer_name, offer_value] : offer.parameters) {
      if (!iequals(range_name, offer_name)) continue;
      if (!iequals(range_value, offer_value)) return std::nullopt;
      ++shared_parameter_count;
    }
  }
  return specificity{is_same_type, is_same_subtype, shared_parameter_count};
}

/// The quality of the most specific range that matches the offer; zero if none does.
unsigned quality_of(const media_range& offer, const std::vector<media_range>& ranges) {
  std::optional<specificity> most_specific;
  unsigned quality = 0;
  for (const auto& range : ranges) {
    const auto match_result = match(range, offer);
    if (!match_result || (most_specific && *match_result <= *most_specific)) continue;
    most_specific = match_result;
    quality = range.quality;
  }
  return quality;
}

/// `x-gzip` and `x-compress` are equivalent to the names without `x-` (RFC 9110 section 8.4.1).
std::string_view canonical_coding(std::string_view name) noexcept {
  return iequals(name, "x-gzip") || iequals(name, "x-compress") ? name.substr(2) : name;
}

/// The weights that `Accept-Encoding` assigns to the codings, in thousandths.
struct coding_weights {
  std::vector<std::pair<std::string_view, unsigned>> listed_codings;
  std::optional<unsigned> any;

  std::optional<unsigned> of(std::string_view coding) const noexcept {
    for (const auto& [name, weight] : listed_codings)
      if (iequals(name, coding)) return weight;
    return any;
  }
};

coding_weights parse_accept_encoding(const request_head& head) {
  coding_weights weights;
  for (const auto& header : head.fields) {
    if (header.id != field::accept_encoding) continue;
    for (auto remaining = header.value; !remaining.empty();) {
      auto element = next_part(remaining, ',');
      const auto name = next_part(element, ';');
      unsigned weight = 1000;
      if (const auto equals = element.find('='); equals != std::string_view::npos)
        weight = parse_quality(trimmed(element.substr(equals + 1))).value_or(0);
      if (name == "*") {
        weights.any = weight;
      } else if (!name.empty()) {
        weights.listed_codings.emplace_back(canonical_coding(name), weight);
      }
    }
  }
  return weights;
}

}  // namespace

std::optional<std::size_t> negotiate_content_coding(const request_head& head,
                                                    std::span<const std::string_view> offers) {
  const auto weights = parse_accept_encoding(head);
  std::optional<std::size_t> best;
  unsigned best_weight = 0;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const auto weight = weights.of(offers[i]).value_or(0);
    if (weight <= best_weight) continue;
    best = i;
    best_weight = weight;
  }
  // `*` does not state a preference for identity.
  for (const auto& [name, weight] : weights.listed_codings)
    if (iequals(name, "identity") && weight > best_weight) return std::nullopt;
  return best;
}

bool accepts_identity(const request_head& head) {
  if (!head.find(field::accept_encoding)) return true;
  return parse_accept_encoding(head).of("identity").value_or(1000) > 0;
}

std::optional<std::size_t> acceptable_media_type(const request_head& head, std::span<const std::string_view> offers) {
  std::vector<media_range> ranges;
  for (const auto& header : head.fields) {
    if (!iequals(header.name, "accept")) continue;
    for (auto remaining = header.value; !remaining.empty();) {
      if (auto range = parse_media_range(next_part(remaining, ','))) ranges.push_back(std::move(*range));
    }
  }
  if (ranges.empty()) return 0;
  std::optional<std::size_t> best;
  unsigned best_quality = 0;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const auto offer = parse_media_range(offers[i]);
    const auto quality = offer ? quality_of(*offer, ranges) : 0;
    if (quality <= best_quality) continue;
    best = i;
    best_quality = quality;
  }
  return best;
}

std::size_t negotiate_media_type(const request_head& head, std::span<const std::string_view> offers) {
  return acceptable_media_type(head, offers).value_or(0);
}

}  // namespace cohort::http
