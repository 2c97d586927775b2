// Building indexes: the items of before, read and marked in pieces.
#include "actors/partition_upkeep.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "actors/store_view.h"
#include "api/internal/index_built.h"
#include "cluster/index_marks.h"
#include "model/expiry.h"
#include "model/index.h"

namespace stator::actors {

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

// The piece before is over, its marks are settled: what it took is known.
bool PartitionUpkeep::may_build(Clock::time_point now) {
  if (build_began_) services_.pace->spent(now - *std::exchange(build_began_, std::nullopt));
  build_items_ = services_.pace->items(now);
  if (build_items_ == 0) return false;
  builds_turn_ = false;
  build_began_ = now;
  return true;
}

uint64_t PartitionUpkeep::build_remaining() const {
  std::lock_guard lock(mutex_);
  uint64_t remaining = 0;
  if (!serving_ || !table_ || table_->index_of) return 0;  // an index's own table names the index too
  for (const model::GlobalIndex& index : table_->global_indexes) {
    const bool told = std::ranges::find(index.built, partition_) != index.built.end();
    if (!index.backfilling || told) continue;
    const auto build = builds_.find(index.number);
    if (build == builds_.end()) {
      remaining += items_;
    } else if (!build->second.done) {
      remaining += items_ - std::min(items_, build->second.read);
    }
  }
  return remaining;
}

void PartitionUpkeep::build(const View& view) {
  std::optional<Build> build;
  size_t items_max;
  {
    std::lock_guard lock(mutex_);
    build = unbuilt();
    items_max = build_items_;
  }
  if (!build) return step_done(true);
  if (build->number != 0 && view.table->find_global(build->number) == nullptr) return step_done(true);  // dropped meanwhile
  auto stored = services_.items.get(view.space, model::RowKind::kBuild, cluster::build_key(build->number));
  if (!stored.ok()) return step_done(false);
  cluster::BuildPlace place = cluster::decode_build_place(*stored, build->generation);
  if (place.done) {
    bool settled;
    {
      std::lock_guard lock(mutex_);
      if (build->number != 0 && !std::exchange(builds_[build->number], place).done) {
        // Found by a new leader: until now no answer has waited for this index.
        build_written_ = applied_;
        marked(applied_);
      }
      settled = clean_through_ >= build_written_;
    }
    return settled ? tell(view, build->number, place) : step_done(true);
  }
  std::vector<model::RowWrite> rows;
  const cluster::BuildPlace before = place;
  if (!read_for_build(view, *build, items_max, place, rows)) return step_done(false);
  rows.push_back({model::RowKind::kBuild, cluster::build_key(build->number),
                  cluster::encode_build_place(build->generation, place)});
  write_rows(std::move(rows), [self = shared_from_this(), number = build->number, before, place](bool written) {
    {
      // The next cycle is not over before it has seen these.
      std::lock_guard lock(self->mutex_);
      self->build_written_ = self->applied_;
      self->marked(self->applied_);
      if (written && number != 0) self->builds_[number] = place;
    }
    if (written && number != 0) self->services_.build_read(place.read - before.read, place.skipped - before.skipped);
    self->step_done(written);
  });
}

// Reads on behind `place`, which follows, and appends what is to be written. False where that failed.
bool PartitionUpkeep::read_for_build(const View& view, const Build& build, size_t items_max, cluster::BuildPlace& place,
                                     std::vector<model::RowWrite>& rows) {
  const model::GlobalIndex* index = build.number == 0 ? nullptr : view.table->find_global(build.number);
  model::Table only;  // of the table's indexes the one that is made
  if (index) only.global_indexes = {*index};
  storage::ScanOptions options;
  options.fill_cache = false;
  const std::string from = place.cursor.empty() ? std::string() : place.cursor + '\0';
  auto items = services_.items.scan(view.space, model::RowKind::kItem, {from, {}}, options);
  size_t bytes = 0;
  for (size_t read = 0; items.valid() && read < items_max && bytes < kUpkeepBytes; items.next(), ++read) {
    place.cursor = items.key();
    bytes += items.value().size();
    auto item = decode_item(place.cursor, items.value());
    if (!item.ok()) return false;
    if (!*item) continue;
    ++place.read;
    if (index == nullptr) {
      if (const auto expiry = model::expiry_seconds(view.table->time_to_live, (*item)->item))
        rows.push_back({model::RowKind::kTtl, model::encode_expiry_key(*expiry, place.cursor), std::string()});
    } else if (model::index_key(*view.table, *index, (*item)->item)) {
      rows.push_back(
          {model::RowKind::kDirty, cluster::encode_mark_key({place.cursor, index->number, {}}), std::string()});
    } else if (model::check_index_keys(only, (*item)->item)) {
      ++place.skipped;
    }
  }
  place.done = !items.valid();
  return items.status().ok();
}

// Every mark of the build is settled.
void PartitionUpkeep::tell(const View& view, uint16_t number, const cluster::BuildPlace& place) {
  auto built = [self = shared_from_this(), number, table = view.table] {
    std::lock_guard lock(self->mutex_);
    self->built_.insert({number, number == 0 ? table->time_to_live.changed.micros : 0});
  };
  if (number == 0) {
    built();
    return step_done(true);
  }
  spdlog::info("index built table={} partition={} index={} items={} skipped={}", view.table->name, partition_.value, number,
               place.read, place.skipped);
  services_.tell_tables(api::IndexBuilt::request(*view.table, number, partition_),
                        [self = shared_from_this(), built](api::Result<api::Answer> result) {
                          if (result.ok()) built();
                          self->step_done(result.ok());
                        });
}

}  // namespace stator::actors
