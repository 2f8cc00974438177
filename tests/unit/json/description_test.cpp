// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/json/decode.hpp>
#include <cohort/json/encode.hpp>
#include <cohort/json/schema.hpp>

// Tests of the detection of members that a description omits, and of constraints that are not found.
namespace cohort::test::description {

struct point {
  int x = 1;
  int y = 2;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))
enum class color { red };
BOOST_DESCRIBE_ENUM(color, red)

/// Members of all kinds, some of which are constructible from any type.
struct complete {
  bool flag = false;
  std::int8_t number = 0;
  double ratio = 0;
  std::string name;
  std::optional<std::string> note;
  std::optional<std::optional<int>> nested;
  std::optional<point> place;
  std::array<point, 2> corners;
  std::vector<std::optional<point>> path;
  std::map<std::string, std::vector<int>> groups;
  std::unordered_map<std::string, point> places;
  color tint{};
  std::chrono::seconds length{};
  std::chrono::sys_time<std::chrono::milliseconds> time;
  std::vector<bool> bits;
};
BOOST_DESCRIBE_STRUCT(complete, (),
                      (flag, number, ratio, name, note, nested, place, corners, path, groups, places, tint, length,
                       time, bits))

template <class T>
struct page {
  std::vector<T> items;
  int total = 0;
};
BOOST_DESCRIBE_STRUCT(page<point>, (), (items, total))

struct derived : point {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(derived, (point), (name))
struct twice_derived_struct : derived {
  std::optional<int> number;
};
BOOST_DESCRIBE_STRUCT(twice_derived_struct, (derived), (number))

template <class T>
struct mixin {
  void function() const {}
};
struct struct_with_mixin : mixin<struct_with_mixin> {
  int number = 0;
  static inline int count = 0;
};
BOOST_DESCRIBE_STRUCT(struct_with_mixin, (), (number))

struct empty {};
BOOST_DESCRIBE_STRUCT(empty, (), ())

/// This type is not checked, because it is not an aggregate.
struct struct_with_constructor {
  explicit struct_with_constructor(int value) : number(value), hidden(value) {}
  int number;
  int hidden;
};
BOOST_DESCRIBE_STRUCT(struct_with_constructor, (), (number))

struct undescribed_first_member {
  std::optional<int> first;
  std::string second;
};
BOOST_DESCRIBE_STRUCT(undescribed_first_member, (), (second))
struct undescribed_last_member {
  std::chrono::seconds first{};
  color last{};
};
BOOST_DESCRIBE_STRUCT(undescribed_last_member, (), (first))
struct undescribed_members {
  std::vector<int> numbers;
};
BOOST_DESCRIBE_STRUCT(undescribed_members, (), ())
struct undescribed_base : point {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(undescribed_base, (), (number))
struct undescribed_derived_member : point {
  int number = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(undescribed_derived_member, (point), (number))

struct session {
  std::string user;
  std::string password_hash;
};
BOOST_DESCRIBE_STRUCT(session, (), (user))

struct limited {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(limited, (), (name))
constexpr auto constraints(json::type<limited>) {
  return json::constrain(json::member(&limited::name, {.max_length = 3}));
}
namespace other {
struct limited {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(limited, (), (name))
}  // namespace other
constexpr auto constraints(json::type<other::limited>) {
  return json::constrain(json::member(&other::limited::name, {.max_length = 3}));
}

template <class T>
constexpr bool has_incomplete_description = json::detail::has_undescribed_member<
    T, boost::mp11::mp_size<boost::describe::describe_members<T, boost::describe::mod_public |
                                                                     boost::describe::mod_inherited>>::value>();

}  // namespace cohort::test::description

template <>
inline constexpr bool cohort::json::omits_members<cohort::test::description::session> = true;

namespace cohort::test::description {

TEST_CASE("description: a member of an aggregate that is not described is detected", "[json]") {
  STATIC_CHECK(has_incomplete_description<undescribed_first_member>);
  STATIC_CHECK(has_incomplete_description<undescribed_last_member>);
  STATIC_CHECK(has_incomplete_description<undescribed_members>);
  STATIC_CHECK(has_incomplete_description<undescribed_base>);
  STATIC_CHECK(has_incomplete_description<undescribed_derived_member>);
}

TEST_CASE("description: complete descriptions, and types that cannot be checked, are accepted", "[json]") {
  STATIC_CHECK_FALSE(has_incomplete_description<point>);
  STATIC_CHECK_FALSE(has_incomplete_description<complete>);
  STATIC_CHECK_FALSE(has_incomplete_description<page<point>>);
  STATIC_CHECK_FALSE(has_incomplete_description<derived>);
  STATIC_CHECK_FALSE(has_incomplete_description<twice_derived_struct>);
  STATIC_CHECK_FALSE(has_incomplete_description<struct_with_mixin>);
  STATIC_CHECK_FALSE(has_incomplete_description<empty>);
  STATIC_CHECK_FALSE(has_incomplete_description<struct_with_constructor>);
}

TEST_CASE("description: a struct can omit members intentionally", "[json]") {
  CHECK(json::encode(session{"eve", "secret"}) == R"({"user":"eve"})");
  const auto decode_result = json::decode<session>(R"({"user":"eve"})");
  CHECK(decode_result.value().user == "eve");
  CHECK(decode_result.value().password_hash.empty());
}

TEST_CASE("description: constraints in a namespace other than that of their struct can be detected", "[json]") {
  STATIC_CHECK(json::has_constraints<limited>);
  STATIC_CHECK_FALSE(json::has_constraints<other::limited>);
  CHECK_FALSE(json::decode<limited>(R"({"name":"long"})").has_value());
}

}  // namespace cohort::test::description
