// Feeding indexes, and sweeping what has expired. Building indexes: partition_builds.cpp.
#include "actors/partition_upkeep.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>

#include "actors/clock.h"
#include "actors/store_view.h"
#include "api/internal/expire_item.h"
#include "api/internal/index_writes.h"
#include "cluster/item_machine.h"
#include "model/expiry.h"
#include "model/item_record.h"

namespace stator::actors {
namespace {

const model::Table* table_of(const cluster::Replica& replica) {
  return static_cast<const cluster::ItemMachine&>(replica.machine()).table();
}

}  // namespace

// --- what happens
// ---------------------------------------------------------------------------------------------------------

void PartitionUpkeep::observe(const cluster::Replica& replica, model::SpaceId space) {
  std::vector<Waiting> released;
  {
    std::lock_guard lock(mutex_);
    const bool serving = replica.serving();
    if (serving && !serving_) {
      // What its predecessor left undone is not known: the first cycle finds out.
      newest_mark_ = build_written_ = replica.applied_index();
      clean_through_ = 0;
      mark_times_.clear();
      marked(newest_mark_);
      cursor_.clear();
      built_.clear();
      builds_.clear();
      build_began_.reset();
      marks_waiting_ = 0;
      marks_seen_ = replica.marks();
      table_.reset();
    }
    serving_ = serving;
    alone_ = replica.serves_alone();
    space_ = space;
    applied_ = replica.applied_index();
    items_ = replica.applied_state().items;
    if (serving) {
      marked(replica.newest_mark());
      marks_waiting_ += replica.marks() - marks_seen_;
      marks_seen_ = replica.marks();
      const model::Table* table = table_of(replica);
      if (table && (!table_ || table_->schema_version != table->schema_version)) {
        table_ = std::make_shared<const model::Table>(*table);
        captured_ = replica.newest_evaluated();
      }
    }
    released = this->released(Clock::now());
  }
  answer(std::move(released));
  run_if_needed();
}

void PartitionUpkeep::tick() {
  std::vector<Waiting> released;
  {
    std::lock_guard lock(mutex_);
    released = this->released(Clock::now());
  }
  answer(std::move(released));
  run_if_needed();
}

void PartitionUpkeep::stop() {
  std::vector<Waiting> released;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    serving_ = false;
    released = this->released(Clock::now());
  }
  answer(std::move(released));
}

net::Done PartitionUpkeep::after_indexes(net::Done done) {
  {
    std::lock_guard lock(mutex_);
    if (!alone_ || !shows_writes()) return done;
  }
  return [self = shared_from_this(), done = std::move(done)](api::Result<api::Answer> result) mutable {
    {
      std::lock_guard lock(self->mutex_);
      if (result.ok() && self->serving_ && self->newest_mark_ > self->clean_through_) {
        self->waiting_.push_back(
            {self->newest_mark_, Clock::now() + kIndexWaitMax, std::move(done), std::move(result)});
        return;
      }
    }
    done(std::move(result));
  };
}

bool PartitionUpkeep::behind() const {
  std::lock_guard lock(mutex_);
  return marks_waiting_ > kMarksMax;
}

uint64_t PartitionUpkeep::marks() const {
  std::lock_guard lock(mutex_);
  return serving_ ? marks_waiting_ : 0;
}

std::chrono::duration<double> PartitionUpkeep::lag() const {
  std::lock_guard lock(mutex_);
  // Nothing is fed from an index's own table, so what it may hold from before its leader came is never looked for.
  if (!serving_ || !table_ || table_->index_of || mark_times_.empty()) return {};
  return Clock::now() - mark_times_.front().second;
}

// Whether an index can be read, or may be so as soon as what waits is settled. Of one whose items of before are still being
// read nobody expects to see what was written.
bool PartitionUpkeep::shows_writes() const {
  if (!table_ || table_->index_of) return false;
  return std::ranges::any_of(table_->global_indexes, [&](const model::GlobalIndex& index) {
    if (index.status == model::TableStatus::kDeleting) return false;
    const auto build = builds_.find(index.number);
    return !index.backfilling || (build != builds_.end() && build->second.done);
  });
}

// The entry at `index` left marks.
void PartitionUpkeep::marked(raft::Index index) {
  newest_mark_ = std::max(newest_mark_, index);
  if (index <= clean_through_ || (!mark_times_.empty() && index <= mark_times_.back().first)) return;
  const Clock::time_point now = Clock::now();
  if (mark_times_.empty() || (now - mark_times_.back().second >= kMarkTimeStep && mark_times_.size() < kMarkTimesMax)) {
    mark_times_.emplace_back(index, now);
  } else {
    mark_times_.back().first = index;
  }
}

// The indexes have seen every mark up to `index`.
void PartitionUpkeep::settled_through(raft::Index index) {
  clean_through_ = std::max(clean_through_, index);
  while (!mark_times_.empty() && mark_times_.front().first <= clean_through_) mark_times_.pop_front();
}

// Deadlines are in the order in which they came, and so are indexes.
std::vector<PartitionUpkeep::Waiting> PartitionUpkeep::released(Clock::time_point now) {
  std::vector<Waiting> released;
  while (!waiting_.empty() &&
         (!serving_ || waiting_.front().index <= clean_through_ || waiting_.front().deadline <= now)) {
    released.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return released;
}

void PartitionUpkeep::answer(std::vector<Waiting> waiting) {
  for (Waiting& one : waiting) one.done(std::move(one.result));
}

// --- one step after the other
// ---------------------------------------------------------------------------------------------

PartitionUpkeep::Step PartitionUpkeep::next_step(Clock::time_point now) {
  if (stopped_ || !serving_ || running_ || !table_ || now < pause_until_) return Step::kNone;
  if (table_->index_of) return now >= next_sweep_ ? Step::kSweep : Step::kNone;
  const bool marks = newest_mark_ > clean_through_;
  // In turns: under writes that do not end there are always marks.
  if (unbuilt() && (!marks || builds_turn_) && may_build(now)) return Step::kBuild;
  if (marks) return Step::kFeed;
  return table_->time_to_live.enabled && now >= next_sweep_ ? Step::kSweep : Step::kNone;
}

void PartitionUpkeep::run_if_needed() {
  Step step;
  {
    std::lock_guard lock(mutex_);
    step = next_step(Clock::now());
    if (step == Step::kNone) return;
    running_ = true;
  }
  if (!services_.readers.try_submit([self = shared_from_this(), step] { self->run(step); })) step_done(false);
}

void PartitionUpkeep::run(Step step) {
  View view;
  {
    std::lock_guard lock(mutex_);
    view = {table_, space_};
  }
  switch (step) {
    case Step::kFeed:
      return feed(view);
    case Step::kBuild:
      return build(view);
    case Step::kSweep:
      return sweep(view);
    case Step::kNone:
      break;
  }
  step_done(true);
}

void PartitionUpkeep::step_done(bool ok) {
  std::vector<Waiting> released;
  {
    std::lock_guard lock(mutex_);
    running_ = false;
    if (!ok) pause_until_ = Clock::now() + kUpkeepPause;
    released = this->released(Clock::now());
  }
  answer(std::move(released));
  if (ok) run_if_needed();  // else with a tick
}

// Where this partition is led elsewhere by now, `then` hears false.
void PartitionUpkeep::write_rows(std::vector<model::RowWrite> rows, std::function<void(bool)> then) {
  WriteCall call;
  call.rows = std::make_shared<const std::vector<model::RowWrite>>(std::move(rows));
  call.done = [then = std::move(then)](api::Result<api::Answer> result) { then(result.ok()); };
  mailbox_->push(std::move(call));
}

// --- feed
// -----------------------------------------------------------------------------------------------------------------

void PartitionUpkeep::feed(const View& view) {
  storage::Snapshot snapshot = services_.items.snapshot();
  auto state = services_.items.partition_state(partition_, &snapshot);
  if (!state.ok()) return step_done(false);
  std::string cursor;
  {
    std::lock_guard lock(mutex_);
    if (cursor_.empty()) {
      cycle_applied_ = state->applied.index;
      cycle_clean_ = true;
    }
    cursor = cursor_;
  }
  std::vector<cluster::MarkRow> rows;
  auto marks = services_.items.scan(view.space, model::RowKind::kDirty, {cursor, {}}, {}, &snapshot);
  for (; marks.valid() && rows.size() < kUpkeepRows; marks.next())
    rows.push_back({std::string(marks.key()), std::string(marks.value())});
  const bool last = !marks.valid();
  if (!marks.status().ok()) return step_done(false);
  {
    std::lock_guard lock(mutex_);
    cursor_ = last ? std::string() : rows.back().key + '\0';
    if (rows.empty()) marks_waiting_ = 0;
  }

  auto request = std::make_shared<api::IndexWritesRequest>();
  request->operation = &api::kIndexWrites;
  std::vector<cluster::MarkGroup> groups = cluster::group_marks(rows);
  std::vector<size_t> group_of;  // of each part of the request
  const model::Stamp now{wall_clock_micros()};
  for (size_t i = 0; i < groups.size(); ++i) {
    auto value = services_.items.get(view.space, model::RowKind::kItem, groups[i].item_key, &snapshot);
    if (!value.ok()) return step_done(false);
    api::StoredItemPtr item;
    if (*value) {
      auto read = decode_item(groups[i].item_key, **value);
      if (!read.ok()) return step_done(false);
      item = std::move(*read);
    }
    for (api::RequestPtr& write : cluster::index_writes(*view.table, groups[i], item, now)) {
      request->parts.push_back(std::move(write));
      group_of.push_back(i);
    }
  }
  if (request->parts.empty()) return fed(std::move(groups), {}, api::Answer(api::BatchAnswer{}));
  services_.write_indexes(request, [self = shared_from_this(), groups = std::move(groups),
                                    group_of = std::move(group_of)](api::Result<api::Answer> result) mutable {
    self->fed(std::move(groups), std::move(group_of), std::move(result));
  });
}

// Marks whose index has heard all of it are settled; the others are read again in the next cycle.
void PartitionUpkeep::fed(std::vector<cluster::MarkGroup> groups, std::vector<size_t> group_of,
                          api::Result<api::Answer> result) {
  std::vector<bool> failed(groups.size(), !result.ok());
  if (result.ok()) {
    const auto& parts = std::get<api::BatchAnswer>(*result).parts;
    for (size_t i = 0; i < group_of.size(); ++i) {
      if (!std::holds_alternative<api::ItemAnswer>(parts[i])) failed[group_of[i]] = true;
    }
  }
  std::vector<std::string> settled;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (failed[i]) continue;
    settled.insert(settled.end(), std::make_move_iterator(groups[i].mark_keys.begin()),
                   std::make_move_iterator(groups[i].mark_keys.end()));
  }
  const bool all = std::ranges::find(failed, true) == failed.end();
  std::vector<Waiting> released;
  {
    std::lock_guard lock(mutex_);
    cycle_clean_ &= all;
    if (cursor_.empty()) {
      builds_turn_ = true;
      if (cycle_clean_) settled_through(cycle_applied_);
    }
    released = this->released(Clock::now());
  }
  answer(std::move(released));
  forget_marks(std::move(settled), all);
}

void PartitionUpkeep::forget_marks(std::vector<std::string> keys, bool ok) {
  if (keys.empty()) return step_done(ok);
  const size_t count = keys.size();
  std::vector<model::RowWrite> rows;
  rows.reserve(count);
  for (std::string& key : keys) rows.push_back({model::RowKind::kDirty, std::move(key), std::nullopt});
  write_rows(std::move(rows), [self = shared_from_this(), count, ok](bool written) {
    if (written) {
      std::lock_guard lock(self->mutex_);
      self->marks_waiting_ -= std::min<uint64_t>(count, self->marks_waiting_);
    }
    self->step_done(ok && written);
  });
}

// --- sweep
// ----------------------------------------------------------------------------------------------------------------

namespace {

// Answered one by one, from any thread; the last one goes on.
class Countdown {
 public:
  Countdown(size_t count, std::function<void(bool)> then) : left_(count), then_(std::move(then)) {}
  void one(bool ok) {
    if (!ok) ok_ = false;
    if (left_.fetch_sub(1) == 1) then_(ok_);
  }

 private:
  std::atomic<size_t> left_;
  std::atomic<bool> ok_{true};
  const std::function<void(bool)> then_;
};

}  // namespace

void PartitionUpkeep::sweep(const View& view) {
  const uint64_t now = wall_clock_micros() / 1'000'000;
  // What expired longer ago than the rule allows is not even looked at.
  const uint64_t oldest = view.table->index_of || now < model::kExpiredSecondsMax ? 0 : now - model::kExpiredSecondsMax + 1;
  const model::KeyRange range{model::encode_expiry_key(static_cast<uint32_t>(oldest), {}),
                              model::encode_expiry_key(static_cast<uint32_t>(now + 1), {})};
  std::vector<std::shared_ptr<api::ExpireItemRequest>> due;
  if (services_.trusts_clock()) {
    auto rows = services_.items.scan(view.space, model::RowKind::kTtl, range);
    for (; rows.valid() && due.size() < kUpkeepRows; rows.next()) {
      auto expiry = model::decode_expiry_key(rows.key());
      if (!expiry) continue;
      auto request = std::make_shared<api::ExpireItemRequest>();
      request->operation = &api::kExpireItem;
      request->table_name = request->table_given = view.table->name;
      request->key = expiry->item_key;
      request->expiry = rows.key();
      request->seconds = expiry->seconds;
      due.push_back(std::move(request));
    }
    if (!rows.status().ok()) return step_done(false);
  }
  if (due.size() < kUpkeepRows) {
    std::lock_guard lock(mutex_);
    next_sweep_ = Clock::now() + services_.sweep_interval;
  }
  if (due.empty()) return step_done(true);
  auto countdown = std::make_shared<Countdown>(due.size(), [self = shared_from_this()](bool ok) { self->step_done(ok); });
  for (auto& request : due) {
    WriteCall call;
    call.key = request->key;
    call.request = std::move(request);
    call.done = [countdown](api::Result<api::Answer> result) { countdown->one(result.ok()); };
    mailbox_->push(std::move(call));
  }
}

}  // namespace stator::actors
