// TokenBucket: what is left of a throughput. It fills at the rate up to what kBurstSeconds bring, is full at first, admits
// while it is above zero, and then goes into debt by whatever the request turns out to cost, since that is known only when
// it is done; later requests wait until the debt is paid. Source: Developer Guide, "Burst capacity" (300 s of what was not
// used); "Amazon DynamoDB: A Scalable ... Service" (USENIX ATC 2022), 4.1. Whole numbers only, so nothing drifts. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace stator::cluster {

inline constexpr uint64_t kBurstSeconds = 300;

class TokenBucket {
 public:
  // Thousandths of half a capacity unit a second: a bucket may be a share of a small one. More than kRateMax (five million
  // units) counts as that: no node serves it.
  static constexpr uint64_t kRateMax = 10'000'000'000;
  static constexpr uint64_t kRateOfUnit = 2'000;  // one capacity unit a second

  // Full. `now_micros` of any clock that does not go back; where it does, no time has passed.
  TokenBucket(uint64_t rate, uint64_t now_micros) : rate_(limited(rate)), level_(capacity()), filled_at_(now_micros) {}

  // What it holds stays, up to the new capacity.
  void set_rate(uint64_t rate, uint64_t now_micros) {
    fill(now_micros);
    rate_ = limited(rate);
    level_ = std::clamp(level_, -capacity(), capacity());
  }
  bool admits(uint64_t now_micros) {
    fill(now_micros);
    return level_ > 0;
  }
  // A debt of more than kBurstSeconds is forgiven: nothing waits for longer.
  void take(uint64_t half_units, uint64_t now_micros) {
    fill(now_micros);
    const auto above = static_cast<uint64_t>(level_ + capacity());
    level_ = half_units > above / kHalfUnit ? -capacity() : level_ - static_cast<int64_t>(half_units * kHalfUnit);
  }
  // Then it is as good as a new one.
  bool full(uint64_t now_micros) const {
    TokenBucket then = *this;
    then.fill(now_micros);
    return then.level_ == capacity();
  }

 private:
  // The level's unit is what a rate of one brings in a microsecond.
  static constexpr uint64_t kHalfUnit = 1'000'000'000;

  static uint64_t limited(uint64_t rate) { return std::clamp<uint64_t>(rate, 1, kRateMax); }
  int64_t capacity() const { return static_cast<int64_t>(rate_ * kBurstSeconds * 1'000'000); }
  void fill(uint64_t now_micros) {
    if (now_micros <= filled_at_) return;
    const uint64_t elapsed = now_micros - filled_at_;
    const auto missing = static_cast<uint64_t>(capacity() - level_);
    level_ = elapsed > missing / rate_ ? capacity() : level_ + static_cast<int64_t>(elapsed * rate_);
    filled_at_ = now_micros;
  }

  uint64_t rate_;
  int64_t level_;  // from -capacity() to capacity(): at most 3e18
  uint64_t filled_at_;
};

}  // namespace stator::cluster
