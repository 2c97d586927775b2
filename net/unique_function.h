// UniqueFunction: a callback that can own what cannot be copied (g++ 12 has no std::move_only_function in
// C++20). Small callables live inside, so that a callback a request costs no allocation. Not thread-safe; may
// be moved between threads.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "model/assert.h"

namespace stator::net {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  UniqueFunction(F&& callable) {  // NOLINT
    using Callable = std::remove_cvref_t<F>;
    if constexpr (kFitsInside<Callable>) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
      actions_ = &kInside<Callable>;
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(callable)));
      actions_ = &kOutside<Callable>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return actions_ != nullptr; }
  // Requires a callable inside.
  R operator()(Args... args) {
    STATOR_ASSERT(actions_ != nullptr, "a callback that is there");
    return actions_->invoke(storage_, std::forward<Args>(args)...);
  }
  void reset() {
    if (actions_ == nullptr) return;
    const Actions* actions = std::exchange(actions_, nullptr);
    actions->destroy(storage_);
  }

 private:
  static constexpr size_t kInsideBytes = 48;

  struct Actions {
    R (*invoke)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;  // leaves nothing at `from`
    void (*destroy)(void*) noexcept;
  };

  template <class F>
  static constexpr bool kFitsInside = sizeof(F) <= kInsideBytes && alignof(F) <= alignof(std::max_align_t) &&
                                      std::is_nothrow_move_constructible_v<F>;
  template <class F>
  static constexpr Actions kInside{
      [](void* at, Args&&... args) -> R { return (*static_cast<F*>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept {
        ::new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* at) noexcept { static_cast<F*>(at)->~F(); }};
  template <class F>
  static constexpr Actions kOutside{
      [](void* at, Args&&... args) -> R { return (**static_cast<F**>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept { ::new (to) F*(*static_cast<F**>(from)); },
      [](void* at) noexcept { delete *static_cast<F**>(at); }};

  void take(UniqueFunction& other) noexcept {
    actions_ = std::exchange(other.actions_, nullptr);
    if (actions_ != nullptr) actions_->move(other.storage_, storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInsideBytes];
  const Actions* actions_ = nullptr;
};

}  // namespace stator::net
