// The committer's decisions (committer_queue.h). Pure.
#include "storage/committer_queue.h"

#include <unordered_set>

#include "model/assert.h"

namespace stator::storage {

CommitterQueue::Offer CommitterQueue::offer(Submission& submission) {
  if (failed_) return Offer::kFailed;
  const size_t bytes = submission.update.bytes();
  if (!waiting_.empty() && waiting_bytes_ + bytes > limits_.queue_bytes_max) return Offer::kFull;
  waiting_bytes_ += bytes;
  waiting_.push_back({std::move(submission), bytes});
  return Offer::kAccepted;
}

CommitBatch CommitterQueue::take() {
  STATOR_ASSERT(has_work(), "take() needs work");
  CommitBatch batch;
  std::unordered_map<ReplicaAddress, size_t> newest;  // its place in the batch
  while (!waiting_.empty() && batch.bytes < limits_.batch_bytes) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.bytes;
    batch.bytes += next.bytes;
    batch.entries += next.submission.update.entries.size();
    const auto [place, first] = newest.try_emplace(next.submission.update.replica, batch.updates.size());
    if (!first) {
      batch.callbacks[place->second] = nullptr;
      place->second = batch.updates.size();
    }
    batch.updates.push_back(std::move(next.submission.update));
    batch.callbacks.push_back(std::move(next.submission.committed));
  }
  writing_ = true;
  return batch;
}

std::vector<Committed> CommitterQueue::finish(const Result<void>& outcome) {
  STATOR_ASSERT(writing_, "finish() follows take()");
  writing_ = false;
  std::vector<Committed> callbacks;
  if (outcome) return callbacks;
  failed_ = outcome.error();
  std::unordered_set<ReplicaAddress> told;
  for (auto waiting = waiting_.rbegin(); waiting != waiting_.rend(); ++waiting) {
    if (told.insert(waiting->submission.update.replica).second) {
      callbacks.push_back(std::move(waiting->submission.committed));
    }
  }
  waiting_.clear();
  waiting_bytes_ = 0;
  return callbacks;
}

}  // namespace stator::storage
