// The committer's thread (committer.h). Callbacks run without the lock, so that they may submit again.
#include "storage/committer.h"

#include <chrono>

#include "storage/thread_name.h"

namespace stator::storage {

namespace {

Error closed_error() { return Error{ErrorCode::kClosed, "The committer has stopped", {}}; }

}  // namespace

Committer::Committer(LogStore& log, CommitterLimits limits, StorageObserver& observer)
    : log_(log), observer_(observer), queue_(limits), thread_([this] {
        name_this_thread("committer");
        run();
      }) {}

Committer::~Committer() { stop(); }

bool Committer::try_submit(Submission& submission) {
  std::optional<Error> refused;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) {
      refused = closed_error();
    } else {
      switch (queue_.offer(submission)) {
        case CommitterQueue::Offer::kAccepted:
          if (queue_.waiting() == 1) changed_.notify_one();  // else the thread is awake, or was told already
          return true;
        case CommitterQueue::Offer::kFull:
          break;
        case CommitterQueue::Offer::kFailed:
          refused = queue_.failure();
          break;
      }
    }
  }
  if (!refused) {
    observer_.queue_full("committer");
    return false;
  }
  const Submission taken = std::move(submission);
  if (taken.committed) taken.committed(Failure(*refused));
  return true;
}

void Committer::when_room(std::function<void()> again) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_ && !queue_.failure() && !queue_.has_room()) {
      waiting_for_room_.push_back(std::move(again));
      return;
    }
  }
  again();
}

std::optional<Error> Committer::failure() const {
  std::lock_guard lock(mutex_);
  return queue_.failure();
}

void Committer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Committer::run() {
  while (true) {
    CommitBatch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return queue_.has_work() || stopping_; });
      if (!queue_.has_work()) break;
      batch = queue_.take();
    }
    write(std::move(batch));
  }
  std::vector<std::function<void()>> room;
  {
    std::lock_guard lock(mutex_);
    room.swap(waiting_for_room_);
  }
  for (const auto& again : room) again();
}

void Committer::write(CommitBatch batch) {
  const auto begin = std::chrono::steady_clock::now();
  Result<void> outcome = log_.write(batch.updates);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (outcome) observer_.log_sync(took.count(), batch.updates.size(), batch.entries, batch.bytes);

  std::vector<Committed> refused;
  std::vector<std::function<void()>> room;
  {
    std::lock_guard lock(mutex_);
    refused = queue_.finish(outcome);
    if (queue_.has_room()) room.swap(waiting_for_room_);
  }
  for (const Committed& committed : batch.callbacks) {
    if (committed) committed(outcome);
  }
  for (const Committed& committed : refused) {
    if (committed) committed(outcome);
  }
  for (const auto& again : room) again();
}

}  // namespace stator::storage
