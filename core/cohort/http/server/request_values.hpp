// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/core/demangle.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace cohort::http {

/// Stores the values of a request by their type. An empty object is one null pointer; each value is one allocation.
class request_values {
 public:
  request_values() noexcept = default;
  ~request_values() = default;
  request_values(request_values&&) noexcept = default;
  request_values& operator=(request_values&&) noexcept = default;

  template <class T>
  T& set(T value) {
    static_assert(std::is_same_v<T, std::decay_t<T>>);
    if (auto* existing = find(&key<T>)) {
      auto& stored = static_cast<node_of<T>*>(existing)->value;
      stored = std::move(value);
      return stored;
    }
    auto new_node = std::make_unique<node_of<T>>(std::move(value));
    auto& stored = new_node->value;
    new_node->next = std::move(first_);
    first_ = std::move(new_node);
    return stored;
  }
  template <class T>
  T* get() const noexcept {
    auto* found = find(&key<T>);
    return found ? &static_cast<node_of<T>*>(found)->value : nullptr;
  }
  template <class T>
  T& require() const {
    if (auto* found = get<T>()) return *found;
    throw std::logic_error{"the request has no value of type " + boost::core::demangle(typeid(T).name()) +
                           "; the middleware that sets it did not run"};
  }

 private:
  struct node {
    explicit node(const void* type) noexcept : type(type) {}
    virtual ~node() = default;
    const void* type;
    std::unique_ptr<node> next;
  };
  template <class T>
  struct node_of final : node {
    explicit node_of(T initial) : node(&key<T>), value(std::move(initial)) {}
    T value;
  };
  /// A variable whose address identifies the type.
  template <class T>
  inline static char key = 0;

  node* find(const void* type) const noexcept {
    for (auto* each = first_.get(); each; each = each->next.get()) {
      if (each->type == type) return each;
    }
    return nullptr;
  }

  std::unique_ptr<node> first_;
};

}  // namespace cohort::http
