// MemoryBudget: the bytes that requests hold, over all connections of a server, against one bound. A request
// takes its share before it keeps the bytes and gives it back when it goes, on whatever thread. Lock-free.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "model/assert.h"

namespace stator::net {

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // False, and nothing taken, where the bound would be crossed.
  bool try_take(uint64_t bytes) {
    const uint64_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= bytes_max_) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  // For what is there already and cannot be refused (an answer): later requests are refused instead.
  void take(uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  bool has_room(uint64_t bytes) const { return used() + bytes <= bytes_max_; }
  // Three quarters are gone.
  bool is_short() const { return used() > bytes_max_ - bytes_max_ / 4; }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t bytes_max() const { return bytes_max_; }

 private:
  const uint64_t bytes_max_;
  std::atomic<uint64_t> used_{0};
};

// One holder's share: given back when it goes. Not thread-safe; may be moved between threads.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  explicit MemoryCharge(std::shared_ptr<MemoryBudget> budget) : budget_(std::move(budget)) {}
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    if (this != &other) {
      release();
      budget_ = std::move(other.budget_);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~MemoryCharge() { release(); }

  // False, and nothing more taken, where the budget has no room.
  bool try_grow(uint64_t bytes) {
    if (!budget_->try_take(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  // As try_grow(), but whoever is alone gets what it needs: else what exceeds the bound by itself would be
  // refused for ever.
  bool try_grow_or_alone(uint64_t bytes) {
    if (try_grow(bytes)) return true;
    if (budget_->used() != bytes_) return false;
    grow(bytes);
    return true;
  }
  void grow(uint64_t bytes) {
    budget_->take(bytes);
    bytes_ += bytes;
  }
  void release() {
    if (bytes_ != 0) budget_->give_back(std::exchange(bytes_, 0));
  }
  // Requires that it holds so much.
  void shrink(uint64_t bytes) {
    STATOR_ASSERT(bytes <= bytes_, "no more is given back than was taken");
    budget_->give_back(bytes);
    bytes_ -= bytes;
  }
  uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<MemoryBudget> budget_;
  uint64_t bytes_ = 0;
};

}  // namespace stator::net
