// RequestBatch: what one HTTP thread hands over between two sleeps. Writes wake each partition once; reads
// share the readers' jobs. Without it every request of a burst would wake a thread of its own, and wake-ups
// are most of what a small request costs. Belongs to the thread that fills it.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "actors/replica_driver.h"
#include "net/dispatcher.h"
#include "net/link_burst.h"
#include "storage/reader_pool.h"

namespace stator::actors {

// Runs each job, or answers all of them where the readers' queue is full.
inline void submit_reads(storage::ReaderPool& readers, std::vector<ReadJob> jobs) {
  auto shared = std::make_shared<std::vector<ReadJob>>(std::move(jobs));
  bool accepted = readers.try_submit([shared] {
    for (ReadJob& job : *shared) job(nullptr);
  });
  if (accepted) return;
  api::Error error = api::service_unavailable("The node's readers are busy", 50).error;
  for (ReadJob& job : *shared) job(&error);
}

class RequestBatch final : public net::DispatchBatch {
 public:
  // Both outlive the batch.
  RequestBatch(storage::ReaderPool& readers, size_t reader_threads)
      : readers_(readers), threads_(reader_threads) {}

  // The mailbox got its first input since it was emptied: wakes its actor at the flush.
  void wake(std::shared_ptr<ReplicaMailbox> mailbox) { sleeping_.push_back(std::move(mailbox)); }
  void read(ReadJob job) { reads_.push_back(std::move(job)); }
  // For what goes to other nodes.
  net::LinkBurst& burst() { return burst_; }

  void flush() override {
    burst_.flush();
    for (const auto& mailbox : sleeping_) mailbox->wake();
    sleeping_.clear();
    // A job a reader; small ones are not worth a second thread.
    size_t each = std::max(kReadsMin, (reads_.size() + threads_ - 1) / threads_);
    for (size_t from = 0; from < reads_.size(); from += each) {
      auto begin = std::make_move_iterator(reads_.begin() + static_cast<ptrdiff_t>(from));
      size_t count = std::min(each, reads_.size() - from);
      submit_reads(readers_, std::vector<ReadJob>(begin, begin + static_cast<ptrdiff_t>(count)));
    }
    reads_.clear();
  }

 private:
  static constexpr size_t kReadsMin = 8;
  storage::ReaderPool& readers_;
  const size_t threads_;
  net::LinkBurst burst_;
  std::vector<std::shared_ptr<ReplicaMailbox>> sleeping_;
  std::vector<ReadJob> reads_;
};

}  // namespace stator::actors
