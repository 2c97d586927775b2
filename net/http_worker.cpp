// The io thread: its loop, its mailbox, the sweep over deadlines, and Exchange, which is the other end of the
// mailbox.
#include "net/http_worker.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <ctime>

#include "model/assert.h"
#include "net/http_connection.h"

namespace stator::net {
namespace {

constexpr size_t kFreeExchangesMax = 64;

// Of the worker whose io thread this is. A mailbox's address is not used again while an exchange of it is
// about, a worker's might be.
thread_local const Mailbox* t_mailbox = nullptr;

}  // namespace

// --- Mailbox

void Mailbox::post(std::unique_ptr<ExchangeState> state) {
  const std::lock_guard lock(mutex_);
  // Under the lock: the worker cannot go between the look and the post. A dropped state goes with this call.
  if (worker_ == nullptr) return;
  posted_.push_back(std::move(state));
  if (posted_.size() == 1) boost::asio::post(worker_->io(), [worker = worker_] { worker->drain_mailbox(); });
}

void Mailbox::take(std::vector<std::unique_ptr<ExchangeState>>& out) {
  STATOR_ASSERT(out.empty(), "what was taken before is dealt with");
  const std::lock_guard lock(mutex_);
  out.swap(posted_);
}

void Mailbox::close() {
  std::vector<std::unique_ptr<ExchangeState>> dropped;
  const std::lock_guard lock(mutex_);
  worker_ = nullptr;
  dropped.swap(posted_);
}

// --- Exchange

Exchange::Exchange() = default;
Exchange::Exchange(std::unique_ptr<ExchangeState> state) : state_(std::move(state)) {}
Exchange::Exchange(Exchange&&) noexcept = default;
Exchange& Exchange::operator=(Exchange&& other) noexcept {
  if (this != &other) {
    Exchange dropped(std::move(state_));
    state_ = std::move(other.state_);
  }
  return *this;
}
Exchange::~Exchange() {
  if (state_ == nullptr) return;
  HttpResponse response;
  response.status = 500;
  respond(std::move(response));
}

HttpRequest& Exchange::request() { return state_->request; }
size_t Exchange::worker() const { return state_->worker_index; }
bool Exchange::charge(uint64_t bytes) { return state_->charge.try_grow_or_alone(bytes); }
void Exchange::charge_always(uint64_t bytes) { state_->charge.grow(bytes); }
void Exchange::give_back(uint64_t bytes) { state_->charge.shrink(bytes); }

void Exchange::respond(HttpResponse response) {
  STATOR_ASSERT(state_ != nullptr, "an exchange is answered once");
  state_->response = std::move(response);
  state_->step.reset();
  if (state_->mailbox.get() == t_mailbox) {
    HttpWorker& worker = *state_->worker;
    return worker.deliver(std::move(state_));
  }
  const std::shared_ptr<Mailbox> mailbox = state_->mailbox;
  mailbox->post(std::move(state_));
}

void Exchange::resume(UniqueFunction<void(Exchange)> step) {
  STATOR_ASSERT(state_ != nullptr && step, "an exchange that is not answered, and something to do");
  state_->step = std::move(step);
  if (state_->mailbox.get() == t_mailbox) {
    HttpWorker& worker = *state_->worker;
    return worker.deliver(std::move(state_));
  }
  const std::shared_ptr<Mailbox> mailbox = state_->mailbox;
  mailbox->post(std::move(state_));
}

// --- HttpWorker

HttpWorker::HttpWorker(std::shared_ptr<HttpShared> shared, size_t index)
    : shared_(std::move(shared)),
      index_(index),
      io_(1),
      work_(io_.get_executor()),
      sweep_timer_(io_),
      mailbox_(std::make_shared<Mailbox>(*this)) {}

HttpWorker::~HttpWorker() {
  STATOR_ASSERT(!thread_.joinable(), "join() comes before the end");
  mailbox_->close();
}

void HttpWorker::start() {
  boost::asio::post(io_, [this] { sweep(); });
  thread_ = std::thread([this] {
    t_mailbox = mailbox_.get();
    pthread_setname_np(pthread_self(), (shared_->thread_name + "-" + std::to_string(index_)).c_str());
    run();
    t_mailbox = nullptr;
  });
}

// Takes all that is ready before it sleeps again, up to a bound, and tells the handler after each such batch.
void HttpWorker::run() {
  while (io_.run_one() != 0) {
    for (int taken = 1; taken < kBatchMax && io_.poll_one() != 0; ++taken) {
    }
    shared_->handler->end_of_batch(index_);
  }
}

void HttpWorker::drain() {
  boost::asio::post(io_, [this] {
    draining_ = true;
    const auto connections = connections_;  // closing changes the set
    for (const auto& connection : connections) connection->drain();
    flush_dirty();
    const std::lock_guard lock(empty_mutex_);
    is_empty_ = connections_.empty();
    empty_.notify_all();
  });
}

bool HttpWorker::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(empty_mutex_);
  return empty_.wait_until(lock, deadline, [this] { return is_empty_; });
}

void HttpWorker::join() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    stopping_ = true;
    sweep_timer_.cancel();
    const auto connections = connections_;
    for (const auto& connection : connections) connection->close();
    dirty_.clear();
    mailbox_->close();
    work_.reset();  // the aborted operations' handlers run, then the loop ends
  });
  thread_.join();
}

void HttpWorker::adopt(boost::asio::ip::tcp::socket socket) {
  if (stopping_ || draining_) {
    shared_->open_connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto connection = std::make_shared<HttpConnection>(*this, std::move(socket));
  connections_.insert(connection);
  connection->start();
  flush_dirty();
}

void HttpWorker::forget(const std::shared_ptr<HttpConnection>& connection) {
  if (connections_.erase(connection) == 0) return;
  shared_->open_connections.fetch_sub(1, std::memory_order_relaxed);
  if (!draining_ || !connections_.empty()) return;
  const std::lock_guard lock(empty_mutex_);
  is_empty_ = true;
  empty_.notify_all();
}

std::unique_ptr<ExchangeState> HttpWorker::new_exchange() {
  std::unique_ptr<ExchangeState> state;
  if (free_.empty()) {
    state = std::make_unique<ExchangeState>();
    state->mailbox = mailbox_;
    state->worker = this;
    state->worker_index = index_;
    state->charge = MemoryCharge(shared_->budget);
  } else {
    state = std::move(free_.back());
    free_.pop_back();
  }
  return state;
}

void HttpWorker::recycle(std::unique_ptr<ExchangeState> state) {
  state->charge.release();
  if (free_.size() >= kFreeExchangesMax) return;
  state->request.clear();
  static_cast<void>(std::exchange(state->response, HttpResponse{}));  // an assignment would keep the memory
  state->step.reset();
  state->connection.reset();
  free_.push_back(std::move(state));
}

void HttpWorker::deliver(std::unique_ptr<ExchangeState> state) {
  if (state->step) {
    UniqueFunction<void(Exchange)> step = std::move(state->step);
    step(Exchange(std::move(state)));
    return;
  }
  if (const auto connection = state->connection.lock()) {
    connection->answer(state->sequence, std::move(state->response), std::move(state->charge));
    state->charge = MemoryCharge(shared_->budget);
  }
  recycle(std::move(state));
}

void HttpWorker::drain_mailbox() {
  mailbox_->take(inbox_);
  for (auto& state : inbox_) deliver(std::move(state));
  inbox_.clear();
  flush_dirty();
}

void HttpWorker::flush_dirty() {
  // Flushing may make others dirty (a connection that reads on answers at once), so the list may grow
  // meanwhile.
  for (size_t i = 0; i < dirty_.size(); ++i) {
    const auto connection = std::move(dirty_[i]);
    connection->flush();
  }
  dirty_.clear();
}

void HttpWorker::sweep() {
  if (stopping_) return;
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<HttpConnection>> overdue;  // closing changes the set
  for (const auto& connection : connections_) {
    if (connection->overdue(now)) overdue.push_back(connection);
  }
  for (const auto& connection : overdue) connection->on_deadline();
  shared_->handler->tick(index_, now);
  flush_dirty();
  sweep_timer_.expires_at(now + limits().sweep_interval);
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) sweep();
  });
}

const std::string& HttpWorker::date() {
  const int64_t now = std::time(nullptr);
  if (now != date_seconds_) {
    date_seconds_ = now;
    date_ = http_date(now);
  }
  return date_;
}

}  // namespace stator::net
