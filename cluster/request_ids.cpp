// The table of remembered requests: a hash map for the retry, a queue for the age.
#include "cluster/request_ids.h"

#include <algorithm>

#include "model/assert.h"
#include "model/size.h"

namespace stator::cluster {
namespace {

// What one remembered request costs, beside its returned attributes: both containers' nodes.
constexpr size_t kEntryOverhead = 160;

constexpr size_t kTableAnswerBytes = 2048;

size_t cost(const api::Answer& outcome) {
  const auto* answer = std::get_if<api::ItemAnswer>(&outcome);
  if (!answer) return kEntryOverhead + kTableAnswerBytes;
  return kEntryOverhead + (answer->item ? model::size_bytes(*answer->item) * 2 : 0);
}

}  // namespace

const RequestIds::Remembered* RequestIds::find(const RequestId& id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

void RequestIds::remember(const RequestId& id, model::Stamp stamp, raft::Index index, api::Answer outcome) {
  STATOR_ASSERT(order_.empty() || order_.back().stamp <= stamp,
                "entries are applied in order of their stamps");
  forget_before(stamp);
  size_t bytes = cost(outcome);
  auto [it, inserted] = by_id_.try_emplace(id, Remembered{index, std::move(outcome)});
  if (!inserted) return;  // a second entry under one id: the first outcome is the answer
  order_.push_back({id, stamp, bytes, index});
  bytes_ += bytes;
  while (bytes_ > bytes_max_ && order_.size() > 1) drop_oldest();
}

void RequestIds::forget_before(model::Stamp now) {
  while (!order_.empty() && order_.front().stamp.micros + kRequestIdRetentionMicros < now.micros)
    drop_oldest();
}

std::optional<raft::Index> RequestIds::oldest_index_after(raft::Index index) const {
  auto oldest = std::partition_point(order_.begin(), order_.end(),
                                     [&](const Entry& entry) { return entry.index <= index; });
  if (oldest == order_.end()) return std::nullopt;
  return oldest->index;
}

void RequestIds::clear() {
  by_id_.clear();
  order_.clear();
  bytes_ = 0;
}

void RequestIds::drop_oldest() {
  bytes_ -= order_.front().bytes;
  by_id_.erase(order_.front().id);
  order_.pop_front();
}

}  // namespace stator::cluster
