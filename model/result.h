// Result<T, E>: a value or the error that stands in its place. Errors are values at every boundary (docs/hacking.md).
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "model/assert.h"

namespace stator::model {

// Wraps an error so that it converts to any Result with that error type: `return Failure(error)`.
template <class E>
struct Failure {
  E error;
  explicit Failure(E e) : error(std::move(e)) {}
};

// Holds exactly one of a T and an E. value() and error() require that the asked one is there.
template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}                  // NOLINT
  template <class F>
  Result(Failure<F> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return check(), *std::get_if<0>(&state_); }
  const T& value() const& { return check(), *std::get_if<0>(&state_); }
  T&& value() && { return check(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  E& error() & { return check_error(), *std::get_if<1>(&state_); }
  const E& error() const& { return check_error(), *std::get_if<1>(&state_); }
  E&& error() && { return check_error(), std::move(*std::get_if<1>(&state_)); }

 private:
  void check() const { STATOR_ASSERT(ok(), "value() of a failed Result"); }
  void check_error() const { STATOR_ASSERT(!ok(), "error() of a Result that holds a value"); }

  std::variant<T, E> state_;
};

// The Result of a step that has nothing to return.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <class F>
  Result(Failure<F> failure) : error_(std::move(failure.error)) {}  // NOLINT

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  E& error() & { return check_error(), *error_; }
  const E& error() const& { return check_error(), *error_; }
  E&& error() && { return check_error(), std::move(*error_); }

 private:
  void check_error() const { STATOR_ASSERT(!ok(), "error() of a Result that holds a value"); }

  std::optional<E> error_;
};

}  // namespace stator::model
