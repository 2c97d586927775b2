// The overlay's rows, parked commands and the order in which proposals will leave it.
#include "cluster/overlay.h"

#include "model/assert.h"

namespace stator::cluster {

Overlay::Admission Overlay::admit(Command& command) {
  auto it = rows_.find(std::string_view(command.key));
  if (it != rows_.end() && !it->second.loading) {
    ++it->second.holders;
    return Admission::kReady;
  }
  Admission admission = Admission::kWaiting;
  if (it == rows_.end()) {
    it = rows_.emplace(command.key, Row{}).first;
    it->second.load = ++last_load_;
    admission = Admission::kLoad;
  }
  it->second.waiting.push_back(std::move(command));
  ++parked_;
  return admission;
}

std::vector<Command> Overlay::loaded(const std::string& key, uint64_t load, api::StoredItemPtr row) {
  auto it = rows_.find(std::string_view(key));
  if (it == rows_.end() || !it->second.loading || it->second.load != load) return {};
  it->second.loading = false;
  it->second.item = std::move(row);
  std::vector<Command> waiting = std::move(it->second.waiting);
  it->second.waiting.clear();
  it->second.holders = waiting.size();
  parked_ -= waiting.size();
  return waiting;
}

std::vector<Command> Overlay::load_failed(const std::string& key, uint64_t load) {
  auto it = rows_.find(std::string_view(key));
  if (it == rows_.end() || !it->second.loading || it->second.load != load) return {};
  std::vector<Command> waiting = std::move(it->second.waiting);
  parked_ -= waiting.size();
  rows_.erase(it);
  return waiting;
}

const api::StoredItemPtr& Overlay::row(std::string_view key) const {
  auto it = rows_.find(key);
  STATOR_ASSERT(it != rows_.end() && !it->second.loading, "evaluation reads a row that was admitted");
  return it->second.item;
}

raft::Index Overlay::index(std::string_view key) const {
  auto it = rows_.find(key);
  return it == rows_.end() ? 0 : it->second.index;
}

void Overlay::put(std::string_view key, api::StoredItemPtr row, raft::Index index) {
  auto it = rows_.find(key);
  STATOR_ASSERT(it != rows_.end() && !it->second.loading, "a proposal writes a row that was admitted");
  STATOR_ASSERT(index >= it->second.index, "proposals are made in order");
  it->second.item = std::move(row);
  if (it->second.index == index) return;  // twice in one entry
  it->second.index = index;
  written_.emplace_back(index, it->first);
}

void Overlay::release(std::string_view key) {
  auto it = rows_.find(key);
  if (it == rows_.end() || it->second.loading) return;  // cleared since, and perhaps asked for again
  STATOR_ASSERT(it->second.holders > 0, "a row is released by those that hold it");
  if (--it->second.holders == 0 && it->second.index == 0) rows_.erase(it);
}

void Overlay::applied(raft::Index index) {
  while (!written_.empty() && written_.front().first <= index) {
    auto it = rows_.find(std::string_view(written_.front().second));
    // A later proposal may have written the key again: then that one's turn comes.
    if (it != rows_.end() && it->second.index <= index) {
      it->second.index = 0;  // what is here is what items/ holds
      if (it->second.holders == 0) rows_.erase(it);
    }
    written_.pop_front();
  }
}

std::vector<Command> Overlay::clear() {
  std::vector<Command> parked;
  for (auto& [key, row] : rows_) {
    for (Command& command : row.waiting) parked.push_back(std::move(command));
  }
  rows_.clear();
  written_.clear();
  parked_ = 0;
  return parked;
}

}  // namespace stator::cluster
