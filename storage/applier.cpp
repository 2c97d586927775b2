// The applier's thread (applier.h). It applies what waits, syncs where that is due, and deletes when idle.
#include "storage/applier.h"

#include <algorithm>
#include <unordered_map>

#include "storage/thread_name.h"

namespace stator::storage {

namespace {

Error closed_error() { return Error{ErrorCode::kClosed, "The applier has stopped", {}}; }

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

std::chrono::microseconds throttle_delay(int level0_files, size_t bytes) {
  constexpr int kFree = 6;        // LevelDB begins to compact at 4
  constexpr int kSlowest = 11;    // and stops writes at 12
  constexpr uint64_t kRate = 32;  // bytes a microsecond are MB/s
  if (level0_files < kFree) return std::chrono::microseconds(0);
  const int step = std::min(level0_files, kSlowest) - kFree;
  return std::chrono::microseconds((bytes << step) / kRate);
}

Applier::Applier(ItemStore& items, ApplierLimits limits, ItemsSynced on_synced, StorageObserver& observer)
    : items_(items), limits_(limits), on_synced_(std::move(on_synced)), observer_(observer), thread_([this] {
        name_this_thread("applier");
        run();
      }) {}

Applier::~Applier() { stop(); }

bool Applier::try_apply(ApplyBatch& batch, Applied& applied) {
  const size_t bytes = batch.bytes();
  std::optional<Error> refused;
  {
    std::lock_guard lock(mutex_);
    if (failed_) {
      refused = failed_;
    } else if (stopping_) {
      refused = closed_error();
    } else if (waiting_.empty() || waiting_bytes_ + bytes <= limits_.queue_bytes_max) {
      waiting_.push_back({std::move(batch), std::move(applied), bytes});
      waiting_bytes_ += bytes;
      ++accepted_;
      if (waiting_.size() == 1) changed_.notify_one();
      return true;
    }
  }
  if (!refused) {
    observer_.queue_full("applier");
    return false;
  }
  const Applied taken = std::move(applied);
  if (taken) taken(Failure(*refused));
  return true;
}

bool Applier::try_apply_now(ApplyBatch& batch, Result<void>& outcome) {
  const size_t bytes = batch.bytes();
  if (bytes > limits_.now_bytes_max) return false;
  {
    std::lock_guard lock(mutex_);
    const bool idle = waiting_.empty() && sync_requests_.empty() && !busy_ && !lent_ && !failed_ && !stopping_;
    if (!idle || items_.has_dropped_spaces()) return false;
    if (throttle_delay(items_.engine().level0_files(), bytes).count() != 0) return false;
    lent_ = true;
  }
  const auto begin = std::chrono::steady_clock::now();
  outcome = items_.apply(std::span(&batch, 1));
  if (outcome.ok()) observer_.items_apply(seconds_since(begin), 1, batch.rows.size(), bytes);
  {
    std::lock_guard lock(mutex_);
    lent_ = false;
    if (outcome.ok()) unsynced_bytes_ += bytes;
    // What came meanwhile waits for this, and a sync may be due.
    if (stopping_ || !waiting_.empty() || !sync_requests_.empty() || unsynced_bytes_ >= limits_.sync_every_bytes)
      changed_.notify_one();
  }
  if (!outcome.ok()) fail(outcome.error());
  return true;
}

void Applier::when_room(std::function<void()> again) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_ && !failed_ && waiting_bytes_ * 2 > limits_.queue_bytes_max) {
      waiting_for_room_.push_back(std::move(again));
      return;
    }
  }
  again();
}

void Applier::request_sync(ItemsSynced done) {
  std::optional<Error> refused;
  {
    std::lock_guard lock(mutex_);
    if (failed_) {
      refused = failed_;
    } else if (stopping_) {
      refused = closed_error();
    } else {
      sync_requests_.push_back({accepted_, std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  if (done) done(Failure(*refused));
}

std::optional<Error> Applier::failure() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

void Applier::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Applier::Taken Applier::take() {
  Taken taken;
  std::lock_guard lock(mutex_);
  std::unordered_map<PartitionId, size_t> newest;
  while (!waiting_.empty() && taken.bytes < limits_.write_bytes) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    ++taken_;
    waiting_bytes_ -= next.bytes;
    taken.bytes += next.bytes;
    const auto [place, first] = newest.try_emplace(next.batch.state.partition, taken.batches.size());
    if (!first) {
      taken.callbacks[place->second] = nullptr;
      place->second = taken.batches.size();
    }
    taken.batches.push_back(std::move(next.batch));
    taken.callbacks.push_back(std::move(next.applied));
  }
  while (!sync_requests_.empty() && sync_requests_.front().after <= taken_) {
    taken.syncs.push_back(std::move(sync_requests_.front()));
    sync_requests_.pop_front();
  }
  busy_ = true;
  taken.sync = !taken.syncs.empty() || unsynced_bytes_ + taken.bytes >= limits_.sync_every_bytes ||
               (stopping_ && waiting_.empty());
  return taken;
}

void Applier::run() {
  while (true) {
    bool stopping = false;
    {
      std::unique_lock lock(mutex_);
      const auto wanted = [this] {
        return !lent_ && (stopping_ || !waiting_.empty() || !sync_requests_.empty() ||
                          (unsynced_bytes_ >= limits_.sync_every_bytes && !failed_));
      };
      if (!failed_ && items_.has_dropped_spaces()) {
        changed_.wait_for(lock, limits_.delete_pause, wanted);
      } else {
        changed_.wait(lock, wanted);
      }
      if (lent_) continue;  // it tells when it is done
      stopping = stopping_;
    }
    Taken taken = take();
    if (taken.batches.empty() && !taken.sync) {
      if (!stopping) delete_some();
      std::lock_guard lock(mutex_);
      busy_ = false;
      if (stopping) break;
      continue;
    }
    if (!taken.batches.empty()) apply(taken);
    if (taken.sync) sync(taken);
    run_room_callbacks();
    std::lock_guard lock(mutex_);
    busy_ = false;
    if (stopping_ && waiting_.empty() && taken.sync) break;
  }
  fail(closed_error());  // what came in at the last moment
  run_room_callbacks();
}

void Applier::apply(Taken& taken) {
  if (!failure()) throttle(taken.bytes);
  size_t rows = 0;
  for (const ApplyBatch& batch : taken.batches) rows += batch.rows.size();
  const auto begin = std::chrono::steady_clock::now();
  const Result<void> outcome = items_.apply(taken.batches);
  if (outcome) {
    observer_.items_apply(seconds_since(begin), taken.batches.size(), rows, taken.bytes);
    std::lock_guard lock(mutex_);
    unsynced_bytes_ += taken.bytes;
  }
  for (const Applied& applied : taken.callbacks) {
    if (applied) applied(outcome);
  }
  if (!outcome) fail(outcome.error());
}

void Applier::sync(Taken& taken) {
  const auto begin = std::chrono::steady_clock::now();
  const Result<std::vector<SyncedIndex>> outcome = items_.sync();
  if (outcome) {
    observer_.items_sync(seconds_since(begin));
    std::lock_guard lock(mutex_);
    unsynced_bytes_ = 0;
  }
  for (const SyncRequest& request : taken.syncs) {
    if (request.done) request.done(outcome);
  }
  if (on_synced_) on_synced_(outcome);
  if (!outcome) fail(outcome.error());
}

void Applier::throttle(size_t bytes) {
  const auto delay = throttle_delay(items_.engine().level0_files(), bytes);
  if (delay.count() == 0) return;
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, delay, [this] { return stopping_; });
  lock.unlock();
  observer_.items_throttled(seconds_since(begin));
}

void Applier::delete_some() {
  if (failure() || !items_.has_dropped_spaces()) return;
  if (auto more = items_.delete_dropped_rows(limits_.delete_rows); !more) fail(more.error());
}

void Applier::run_room_callbacks() {
  std::vector<std::function<void()>> room;
  {
    std::lock_guard lock(mutex_);
    if (waiting_bytes_ * 2 <= limits_.queue_bytes_max || failed_ || stopping_) room.swap(waiting_for_room_);
  }
  for (const auto& again : room) again();
}

// Everything that waits gets the error, the newest callback of each partition only; and so does all that
// comes.
void Applier::fail(const Error& error) {
  std::deque<Waiting> waiting;
  std::deque<SyncRequest> syncs;
  {
    std::lock_guard lock(mutex_);
    if (!failed_ && error.code != ErrorCode::kClosed) failed_ = error;
    waiting.swap(waiting_);
    waiting_bytes_ = 0;
    syncs.swap(sync_requests_);
  }
  std::unordered_map<PartitionId, bool> told;
  for (auto next = waiting.rbegin(); next != waiting.rend(); ++next) {
    if (told.emplace(next->batch.state.partition, true).second && next->applied)
      next->applied(Failure(error));
  }
  for (const SyncRequest& request : syncs) {
    if (request.done) request.done(Failure(error));
  }
}

}  // namespace stator::storage
