// CommitterQueue: which submissions go into the next synced batch. The pure half of the committer: inputs are
// offers and the outcome of a write, outputs are batches and the callbacks to run. Pure.
//
//   idle --take() finds work--> writing --finish(ok)--> idle
//                                   \----finish(error)--> failed: all that waits, and every later offer, gets
//                                   it
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "storage/error.h"
#include "storage/log_store.h"

namespace stator::storage {

// Called once its update is durable, or will never be. Cumulative: where one sync covers several submissions
// of a replica, only the newest one's callback runs, and stands for all of that replica before it. On the
// committer's thread: short, and not back into the committer except try_submit.
using Committed = std::function<void(const Result<void>&)>;

struct Submission {
  LogUpdate update;
  Committed committed;
};

struct CommitterLimits {
  size_t queue_bytes_max =
      64 * 1024 * 1024;              // waiting; one submission of any size is accepted by an empty queue
  size_t batch_bytes = 1024 * 1024;  // a batch closes after the submission that crosses this
};

// What one synced batch carries. updates[i] belongs to callbacks[i], which is empty where a newer one stands
// for it.
struct CommitBatch {
  std::vector<LogUpdate> updates;
  std::vector<Committed> callbacks;
  uint64_t entries = 0;
  uint64_t bytes = 0;
};

class CommitterQueue {
 public:
  explicit CommitterQueue(CommitterLimits limits = {}) : limits_(limits) {}

  enum class Offer : uint8_t { kAccepted, kFull, kFailed };
  // Takes the submission only where the answer is kAccepted.
  Offer offer(Submission& submission);

  bool has_work() const { return !waiting_.empty() && !writing_ && !failed_; }
  // The next batch. Requires has_work().
  CommitBatch take();
  // The batch that was taken is durable, or failed. On failure: the callbacks of everything that still waits,
  // newest of each replica only, to be run with the error.
  std::vector<Committed> finish(const Result<void>& outcome);

  const std::optional<Error>& failure() const { return failed_; }
  size_t waiting_bytes() const { return waiting_bytes_; }
  size_t waiting() const { return waiting_.size(); }
  // Enough room that a refused submitter may try again.
  bool has_room() const { return waiting_bytes_ * 2 <= limits_.queue_bytes_max; }

 private:
  struct Waiting {
    Submission submission;
    size_t bytes;
  };
  const CommitterLimits limits_;
  std::deque<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  bool writing_ = false;
  std::optional<Error> failed_;
};

}  // namespace stator::storage
