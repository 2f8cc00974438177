// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/dns/dns_message.hpp>

#include <algorithm>
#include <array>

#include <cohort/http/message/field.hpp>

namespace cohort::discovery {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t max_name_length = 253;
constexpr std::size_t max_label_length = 63;
constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t opt_type = 41;
constexpr std::uint16_t datagram_size = 1232;  // https://www.dnsflagday.net/2020/
constexpr std::uint16_t response_flag = 0x8000;
constexpr std::uint16_t truncated_flag = 0x0200;
constexpr std::uint16_t recursion_desired = 0x0100;

void append_u16(std::string& out, unsigned value) {
  out.push_back(static_cast<char>(value >> 8U & 0xffU));
  out.push_back(static_cast<char>(value & 0xffU));
}

/// False if `name` is not a valid domain name.
bool append_name(std::string& out, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > max_name_length) return false;
  for (;;) {
    const auto label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > max_label_length) return false;
    out.push_back(static_cast<char>(label.size()));
    out.append(label);
    if (label.size() == name.size()) break;
    name.remove_prefix(label.size() + 1);
  }
  out.push_back('\0');
  return true;
}

/// Reads the fields of a message in order. After a failure, all further reads fail.
class message_reader {
 public:
  explicit message_reader(std::string_view message) noexcept : message_(message) {}

  bool failed() const noexcept { return has_failed_; }
  std::size_t position() const noexcept { return position_; }
  void fail() noexcept { has_failed_ = true; }

  std::uint16_t read_u16() noexcept {
    const auto bytes = take(2);
    if (bytes.size() < 2) return 0;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8U |
                                      static_cast<unsigned char>(bytes[1]));
  }
  std::uint32_t read_u32() noexcept {
    const std::uint32_t high = read_u16();
    return high << 16U | read_u16();
  }
  std::string_view take(std::size_t count) noexcept {
    if (has_failed_ || count > message_.size() - position_) {
      has_failed_ = true;
      return {};
    }
    const auto bytes = message_.substr(position_, count);
    position_ += count;
    return bytes;
  }

  /// Reads a name, whose last labels may be a pointer to an earlier position (RFC 1035 section 4.1.4). A pointer must
  /// refer to an earlier position than the labels before it, so that there is no loop.
  std::string name() {
    std::string text;
    auto at = position_;
    auto target_limit = position_;
    bool has_jumped = false;
    for (;;) {
      if (has_failed_ || at >= message_.size()) return fail_with_empty_name();
      const auto length = static_cast<unsigned char>(message_[at]);
      if (length >= 0xc0) {
        if (at + 1 >= message_.size()) return fail_with_empty_name();
        const auto target =
            static_cast<std::size_t>(length & 0x3fU) << 8U | static_cast<unsigned char>(message_[at + 1]);
        if (target >= target_limit) return fail_with_empty_name();
        if (!std::exchange(has_jumped, true)) position_ = at + 2;
        at = target_limit = target;
        continue;
      }
      if (length > max_label_length || at + 1 + length > message_.size()) return fail_with_empty_name();
      if (length == 0) break;
      if (!append_label(text, message_.substr(at + 1, length))) return fail_with_empty_name();
      at += 1U + length;
    }
    if (!has_jumped) position_ = at + 1;
    return text;
  }

 private:
  /// Appends the label in lower case. False if the name becomes too long or a label contains a dot, which would change
  /// its meaning.
  static bool append_label(std::string& name, std::string_view label) {
    if (label.find('.') != std::string_view::npos) return false;
    if (!name.empty()) name.push_back('.');
    if (name.size() + label.size() > max_name_length) return false;
    for (const char c : label) name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    return true;
  }
  std::string fail_with_empty_name() {
    has_failed_ = true;
    return {};
  }

  std::string_view message_;
  std::size_t position_ = 0;
  bool has_failed_ = false;
};

template <class Address>
asio::ip::address to_address(std::string_view bytes) {
  typename Address::bytes_type address_bytes{};
  std::copy(bytes.begin(), bytes.end(), address_bytes.begin());
  return Address{address_bytes};
}

/// Reads the data of a record, which has `length` bytes. False if the type is not one of `dns_type`.
bool read_data(message_reader& in, dns_record& record, std::uint16_t length) {
  constexpr std::size_t v4_size = 4;
  constexpr std::size_t v6_size = 16;
  switch (record.type) {
    case dns_type::a:
      if (length != v4_size) in.fail();
      if (const auto bytes = in.take(v4_size); !in.failed()) record.address = to_address<asio::ip::address_v4>(bytes);
      return true;
    case dns_type::aaaa:
      if (length != v6_size) in.fail();
      if (const auto bytes = in.take(v6_size); !in.failed()) record.address = to_address<asio::ip::address_v6>(bytes);
      return true;
    case dns_type::cname: record.target = in.name(); return true;
    case dns_type::srv:
      record.priority = in.read_u16();
      record.weight = in.read_u16();
      record.port = in.read_u16();
      record.target = in.name();
      return true;
    case dns_type::soa:
      in.name();
      in.name();
      in.take(16);  // serial, refresh, retry, expire
      record.minimum = in.read_u32();
      return true;
  }
  in.take(length);
  return false;
}

/// Appends the known records of a section.
void read_section(message_reader& in, unsigned count, std::vector<dns_record>& records) {
  for (unsigned i = 0; i < count && !in.failed(); ++i) {
    dns_record record;
    record.name = in.name();
    const auto type = in.read_u16();
    const auto record_class = in.read_u16();
    record.ttl = in.read_u32();
    // RFC 2181 section 8: a TTL with the highest bit set is zero.
    if (record.ttl > 0x7fffffffU) record.ttl = 0;
    const auto length = in.read_u16();
    const auto end = in.position() + length;
    if (record_class != class_in) {
      in.take(length);
      continue;
    }
    record.type = static_cast<dns_type>(type);
    const bool is_known = read_data(in, record, length);
    if (in.position() != end) in.fail();
    if (is_known && !in.failed()) records.push_back(std::move(record));
  }
}

std::uint16_t u16_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8U |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

std::string canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string text{name};
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace

std::optional<std::string> make_dns_query(std::uint16_t id, std::string_view name, dns_type type) {
  std::string query;
  append_u16(query, id);
  append_u16(query, recursion_desired);
  for (const unsigned count : {1U, 0U, 0U, 1U}) append_u16(query, count);
  if (!append_name(query, name)) return std::nullopt;
  append_u16(query, static_cast<unsigned>(type));
  append_u16(query, class_in);
  query.push_back('\0');  // the name of the OPT record: the root
  append_u16(query, opt_type);
  append_u16(query, datagram_size);
  for (int i = 0; i < 3; ++i) append_u16(query, 0);  // extended code, version and flags; no options
  return query;
}

bool is_dns_response_to(std::string_view query, std::string_view response) noexcept {
  if (response.size() < header_size || query.size() < header_size) return false;
  if (u16_at(query, 0) != u16_at(response, 0) || (u16_at(response, 2) & response_flag) == 0) return false;
  // A server that cannot parse the query returns no question.
  const auto questions = u16_at(response, 4);
  if (questions == 0) return (u16_at(response, 2) & 0xfU) != 0;
  const auto end = query.find('\0', header_size);
  if (end == std::string_view::npos) return false;
  const auto size = end + 1 + 4 - header_size;
  return questions == 1 && response.size() >= header_size + size &&
         http::iequals(query.substr(header_size, size), response.substr(header_size, size));
}

std::optional<dns_response> parse_dns_response(std::string_view message) {
  message_reader in{message};
  dns_response response;
  response.id = in.read_u16();
  const auto flags = in.read_u16();
  response.code = static_cast<dns_code>(flags & 0xfU);
  response.is_truncated = (flags & truncated_flag) != 0;
  std::array<std::uint16_t, 4> counts{};
  for (auto& count : counts) count = in.read_u16();
  if (in.failed() || (flags & response_flag) == 0) return std::nullopt;
  for (unsigned i = 0; i < counts[0] && !in.failed(); ++i) {
    in.name();
    in.take(4);
  }
  read_section(in, counts[1], response.answers);
  read_section(in, counts[2], response.authority);
  read_section(in, counts[3], response.additional);
  // A truncated message can end within a record, so its records are ignored.
  if (in.failed() && !response.is_truncated) return std::nullopt;
  return response;
}

dns_records select_dns_records(const dns_response& response, std::string_view name, dns_type type,
                               std::uint32_t max_ttl) {
  constexpr int max_aliases = 16;
  dns_records found{{}, max_ttl};
  auto queried_name = canonical_name(name);
  for (int aliases = 0; aliases <= max_aliases; ++aliases) {
    const auto previous_name = queried_name;
    for (const auto& record : response.answers) {
      if (record.name != queried_name) continue;
      if (record.type == type) {
        found.records.push_back(record);
        found.ttl = std::min(found.ttl, record.ttl);
      } else if (record.type == dns_type::cname) {
        found.ttl = std::min(found.ttl, record.ttl);
        queried_name = record.target;
        break;
      }
    }
    if (!found.records.empty() || queried_name == previous_name) break;
  }
  if (!found.records.empty()) return found;
  for (const auto& record : response.authority) {
    if (record.type == dns_type::soa) found.ttl = std::min({found.ttl, record.ttl, record.minimum});
  }
  return found;
}

}  // namespace cohort::discovery
