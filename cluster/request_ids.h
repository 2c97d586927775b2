// RequestIds: what a partition remembers of answered writes, so that a retry applies once
// (docs/architecture.md, protocol 9).
//
// The SDKs send amz-sdk-invocation-id, the same over all attempts of one call. Hashed with caller and body it
// is the request id that the log entry carries; every replica that applies the entry remembers the outcome
// for 60 s. Bounded in bytes: the oldest go first when the bound is reached, so that a retry older than that
// may apply twice (as without the header). Only writes are remembered: a condition that failed changed
// nothing, and is evaluated again. Built from applied entries, and aged by their stamps, so that all replicas
// know the same ones. Pure; belongs to one replica.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <unordered_map>

#include "api/answer.h"
#include "model/ids.h"
#include "raft/entry.h"

namespace stator::cluster {

using RequestId = std::array<uint8_t, 16>;

struct RequestIdHash {
  size_t operator()(const RequestId& id) const {  // the id is a hash itself
    size_t value;
    std::memcpy(&value, id.data(), sizeof value);
    return value;
  }
};

inline constexpr uint64_t kRequestIdRetentionMicros = 60'000'000;  // what protocol 9 promises
inline constexpr size_t kRequestIdBytesMax = 4 * 1024 * 1024;      // a partition

class RequestIds {
 public:
  explicit RequestIds(size_t bytes_max = kRequestIdBytesMax) : bytes_max_(bytes_max) {}

  struct Remembered {
    raft::Index index = 0;
    api::Answer outcome;
  };

  // Null where the id is unknown or forgotten. Valid until the next remember() or forget_before().
  const Remembered* find(const RequestId& id) const;
  // Forgets what the stamp makes older than the retention. Requires a stamp not below those remembered
  // before.
  void remember(const RequestId& id, model::Stamp stamp, raft::Index index, api::Answer outcome);
  // Forgets what is older than the retention, seen from `now`: for a log to which nothing is added.
  void forget_before(model::Stamp now);
  // The log must be kept from this index on, so that a restart can rebuild the ids. nullopt: nothing is
  // remembered.
  std::optional<raft::Index> oldest_index() const { return oldest_index_after(0); }
  // The same, without regard to what was answered up to `index`.
  std::optional<raft::Index> oldest_index_after(raft::Index index) const;
  // Calls visit(id, stamp, remembered) for all that was answered up to `index`, oldest first.
  template <class Visit>
  void visit_up_to(raft::Index index, Visit visit) const {
    for (const Entry& entry : order_) {
      if (entry.index > index) return;
      visit(entry.id, entry.stamp, by_id_.at(entry.id));
    }
  }

  void clear();

  size_t bytes() const { return bytes_; }
  size_t size() const { return by_id_.size(); }

 private:
  struct Entry {
    RequestId id;
    model::Stamp stamp;
    size_t bytes;
    raft::Index index;
  };
  void drop_oldest();

  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::unordered_map<RequestId, Remembered, RequestIdHash> by_id_;
  std::deque<Entry> order_;  // oldest first
};

}  // namespace stator::cluster
