#include "core/http/target.hpp"

#include "core/http/message.hpp"

namespace cohort::http {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_well_formed(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c <= ' ' || c == 0x7F || c == '#') return false;
    if (c != '%') continue;
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return false;
    // No route and no query means anything by a zero byte; what follows it may be cut off by others.
    if (text[i + 1] == '0' && text[i + 2] == '0') return false;
  }
  return true;
}

}  // namespace

std::optional<target_parts> split_target(std::string_view target) noexcept {
  // Bytes above 0x7F are not legal in a target, yet common; they are data to us, never syntax.
  if (!is_well_formed(target)) return std::nullopt;
  if (target == "*") return target_parts{target, {}};
  if (same_name(target.substr(0, 7), "http://") || same_name(target.substr(0, 8), "https://")) {
    const auto authority = target.find("//") + 2;
    const auto path = target.find_first_of("/?", authority);
    if (path == authority) return std::nullopt;
    if (path == std::string_view::npos) return target_parts{"/", {}};
    target.remove_prefix(path);
    if (target.front() == '?') return target_parts{"/", target.substr(1)};
  }
  if (!target.starts_with('/')) return std::nullopt;
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return target_parts{target, {}};
  return target_parts{target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::string> percent_decoded(std::string_view text, bool form) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += form && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = pair.find('=');
    if (percent_decoded(pair.substr(0, equals), true) != name) continue;
    return equals == std::string_view::npos ? std::string{} : percent_decoded(pair.substr(equals + 1), true);
  }
  return std::nullopt;
}

}  // namespace cohort::http
