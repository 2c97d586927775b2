// The reader pool's queue and threads (reader_pool.h).
#include "storage/reader_pool.h"

#include "model/assert.h"
#include "storage/thread_name.h"

namespace stator::storage {

ReaderPool::ReaderPool(size_t threads, size_t jobs_max, StorageObserver& observer)
    : jobs_max_(jobs_max), observer_(observer) {
  STATOR_ASSERT(threads >= 1 && jobs_max >= 1, "a pool without threads or room serves nobody");
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] {
      name_this_thread("reader");
      run();
    });
}

ReaderPool::~ReaderPool() { stop(); }

bool ReaderPool::try_submit(std::function<void()> job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (jobs_.size() < jobs_max_) {
      jobs_.push_back(std::move(job));
      changed_.notify_one();
      return true;
    }
  }
  observer_.queue_full("readers");
  return false;
}

void ReaderPool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

size_t ReaderPool::waiting() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

void ReaderPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds goes without the lock
    lock.lock();
  }
}

}  // namespace stator::storage
