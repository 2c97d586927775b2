// Feeding indexes, building them, and sweeping what has expired.
#include "actors/partition_upkeep.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>

#include "actors/clock.h"
#include "actors/store_view.h"
#include "api/internal/expire_item.h"
#include "api/internal/index_built.h"
#include "api/internal/index_writes.h"
#include "cluster/item_machine.h"
#include "model/byte_order.h"
#include "model/expiry.h"
#include "model/index.h"
#include "model/item_record.h"

namespace stator::actors {
namespace {

// How far a build came: the value of a kBuild row.
//   generation u64 big-endian | done u8 | the key of the last item that was read
constexpr size_t kBuildHeader = 9;

std::string build_key(uint16_t number) {
  std::string key;
  model::append_big_endian(key, number);
  return key;
}

std::string encode_build(uint64_t generation, bool done, std::string_view cursor) {
  std::string value;
  model::append_big_endian(value, generation);
  value.push_back(done ? 1 : 0);
  value.append(cursor);
  return value;
}

struct BuildPlace {
  bool done = false;
  std::string cursor;
};
// Of another generation, or none: from the beginning.
BuildPlace decode_build(const std::optional<std::string>& value, uint64_t generation) {
  if (!value || value->size() < kBuildHeader) return {};
  if (model::load_big_endian<uint64_t>(value->data()) != generation) return {};
  return {(*value)[8] == 1, value->substr(kBuildHeader)};
}

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
      cursor_.clear();
      built_.clear();
      marks_waiting_ = 0;
      marks_seen_ = replica.marks();
      table_.reset();
    }
    serving_ = serving;
    alone_ = replica.serves_alone();
    space_ = space;
    applied_ = replica.applied_index();
    if (serving) {
      newest_mark_ = std::max(newest_mark_, replica.newest_mark());
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
    if (!alone_ || !table_ || table_->index_of || table_->global_indexes.empty()) return done;
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

std::optional<PartitionUpkeep::Build> PartitionUpkeep::unbuilt() const {
  if (applied_ < captured_) return std::nullopt;  // an item may still come that nobody marks
  for (const model::GlobalIndex& index : table_->global_indexes) {
    const bool told = std::ranges::find(index.built, partition_) != index.built.end();
    if (index.backfilling && !told && !built_.contains({index.number, 0})) return Build{index.number, 0};
  }
  const model::TimeToLive& time_to_live = table_->time_to_live;
  if (time_to_live.enabled && !built_.contains({0, time_to_live.changed.micros}))
    return Build{0, time_to_live.changed.micros};
  return std::nullopt;
}

PartitionUpkeep::Step PartitionUpkeep::next_step(Clock::time_point now) {
  if (stopped_ || !serving_ || running_ || !table_ || now < pause_until_) return Step::kNone;
  if (table_->index_of) return now >= next_sweep_ ? Step::kSweep : Step::kNone;
  const bool marks = newest_mark_ > clean_through_;
  // In turns: under writes that do not end there are always marks.
  if (unbuilt() && (!marks || std::exchange(builds_turn_, false))) return Step::kBuild;
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
      if (cycle_clean_) clean_through_ = std::max(clean_through_, cycle_applied_);
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

// --- build
// ----------------------------------------------------------------------------------------------------------------

void PartitionUpkeep::build(const View& view) {
  std::optional<Build> build;
  {
    std::lock_guard lock(mutex_);
    build = unbuilt();
  }
  if (!build) return step_done(true);
  auto stored = services_.items.get(view.space, model::RowKind::kBuild, build_key(build->number));
  if (!stored.ok()) return step_done(false);
  const BuildPlace place = decode_build(*stored, build->generation);
  if (place.done) {
    bool settled;
    {
      std::lock_guard lock(mutex_);
      settled = clean_through_ >= build_written_;
    }
    return settled ? tell(view, build->number) : step_done(true);
  }

  const model::GlobalIndex* index = build->number == 0 ? nullptr : view.table->find_global(build->number);
  if (build->number != 0 && index == nullptr) return step_done(true);  // it was dropped meanwhile
  storage::ScanOptions options;
  options.fill_cache = false;
  const std::string from = place.cursor.empty() ? std::string() : place.cursor + '\0';
  auto items = services_.items.scan(view.space, model::RowKind::kItem, {from, {}}, options);
  std::vector<model::RowWrite> rows;
  std::string cursor;
  size_t bytes = 0;
  size_t read = 0;
  for (; items.valid() && read < kUpkeepRows && bytes < kUpkeepBytes; items.next(), ++read) {
    cursor = items.key();
    bytes += items.value().size();
    auto item = decode_item(cursor, items.value());
    if (!item.ok()) return step_done(false);
    if (!*item) continue;
    if (index == nullptr) {
      if (const auto expiry = model::expiry_seconds(view.table->time_to_live, (*item)->item))
        rows.push_back({model::RowKind::kTtl, model::encode_expiry_key(*expiry, cursor), std::string()});
    } else if (model::index_key(*view.table, *index, (*item)->item)) {
      rows.push_back({model::RowKind::kDirty, cluster::encode_mark_key({cursor, index->number, {}}), std::string()});
    }
  }
  const bool done = !items.valid();
  if (!items.status().ok()) return step_done(false);
  rows.push_back({model::RowKind::kBuild, build_key(build->number), encode_build(build->generation, done, cursor)});
  write_rows(std::move(rows), [self = shared_from_this()](bool written) {
    {
      // The next cycle is not over before it has seen these.
      std::lock_guard lock(self->mutex_);
      self->build_written_ = self->applied_;
      self->newest_mark_ = std::max(self->newest_mark_, self->applied_);
    }
    self->step_done(written);
  });
}

// Every mark of the build is settled.
void PartitionUpkeep::tell(const View& view, uint16_t number) {
  auto built = [self = shared_from_this(), number, table = view.table] {
    std::lock_guard lock(self->mutex_);
    self->built_.insert({number, number == 0 ? table->time_to_live.changed.micros : 0});
  };
  if (number == 0) {
    built();
    return step_done(true);
  }
  spdlog::info("index built table={} partition={} index={}", view.table->name, partition_.value, number);
  services_.tell_tables(api::IndexBuilt::request(*view.table, number, partition_),
                        [self = shared_from_this(), built](api::Result<api::Answer> result) {
                          if (result.ok()) built();
                          self->step_done(result.ok());
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
