// The simulated disk of one replica: what survives a crash, and the writes on their way there. Models the two
// databases of a store: the log (term, vote, entries) and the items (the applied state), which are not
// written atomically together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "raft/node.h"

namespace stator::simulation {

using raft::Entry;
using raft::EntryKind;
using raft::HardState;
using raft::Index;
using raft::Membership;
using raft::Message;
using raft::ReplicaId;
using raft::SnapshotMeta;
using raft::Term;

// The stored log: entries after `compacted`.
struct StoredLog {
  Index compacted = 0;
  Term compacted_term = 0;
  std::vector<Entry> entries;

  Index last() const { return compacted + entries.size(); }
  const Entry& at(Index index) const { return entries[index - compacted - 1]; }
  std::optional<Term> term_at(Index index) const {
    if (index == compacted) return compacted_term;
    if (index < compacted || index > last()) return std::nullopt;
    return at(index).term;
  }
  // As ready.h says: what is stored at and after the first new entry goes.
  void write(const std::vector<Entry>& fresh) {
    if (fresh.empty()) return;
    STATOR_ASSERT(fresh.front().index > compacted && fresh.front().index <= last() + 1,
                  "no hole in the stored log");
    entries.resize(fresh.front().index - compacted - 1);
    entries.insert(entries.end(), fresh.begin(), fresh.end());
  }
  void reset(Index index, Term term) { *this = StoredLog{index, term, {}}; }
  void compact(Index index) {
    if (index <= compacted) return;
    compacted_term = *term_at(index);
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(index - compacted));
    compacted = index;
  }
};

// The applied state: a hash over everything applied, so that two machines are equal where their hashes are.
struct Machine {
  Index applied = 0;
  Term term = 0;
  uint64_t hash = 0;
  Membership membership;

  void apply(const Entry& entry, std::string_view body) {
    applied = entry.index;
    term = entry.term;
    hash = hash * 0x9E3779B97F4A7C15ULL + std::hash<std::string_view>{}(*entry.data);
    if (entry.kind == EntryKind::kMembership) membership = *raft::decode_membership(body);
  }
  std::string encode() const {
    std::string out;
    for (uint64_t word : {applied, term, hash}) out.append(reinterpret_cast<const char*>(&word), sizeof word);
    return out + raft::encode_membership(membership);
  }
  static Machine decode(const std::string& bytes) {
    Machine machine;
    uint64_t words[3];
    std::copy_n(bytes.data(), sizeof words, reinterpret_cast<char*>(words));
    machine.applied = words[0];
    machine.term = words[1];
    machine.hash = words[2];
    machine.membership = *raft::decode_membership(std::string_view(bytes).substr(sizeof words));
    return machine;
  }
};

// What one Ready asked to persist, and what is to be sent afterwards.
struct Write {
  uint64_t persist_id = 0;
  std::optional<HardState> hard_state;
  std::optional<Machine> snapshot;
  std::vector<Entry> entries;
  std::vector<Message> messages_after_sync;
};

struct Disk {
  HardState hard_state;
  StoredLog log;
  Machine machine;  // the items as of their last synced write

  void write(const Write& write) {
    if (write.hard_state) hard_state = *write.hard_state;
    if (write.snapshot) {
      machine = *write.snapshot;
      log.reset(machine.applied, machine.term);
    }
    log.write(write.entries);
  }
  // The machine is power-cut after the first of the two databases took an install.
  void write_torn(const Write& write) {
    if (write.snapshot) machine = *write.snapshot;
  }

  // What a restart begins with. `tail` entries at most are loaded.
  raft::InitialState restart(size_t tail) {
    if (log.term_at(machine.applied) != std::optional<Term>(machine.term))
      log.reset(machine.applied, machine.term);
    raft::InitialState initial;
    initial.hard_state = hard_state;
    // An install writes the state before the log, and with the log the term.
    initial.hard_state.term = std::max(hard_state.term, log.compacted_term);
    if (initial.hard_state.term != hard_state.term) initial.hard_state.vote = ReplicaId();
    initial.compacted_index = log.compacted;
    initial.compacted_term = log.compacted_term;
    initial.last_index = log.last();
    Term term = 0;
    for (const Entry& entry : log.entries) {
      if (initial.terms.empty() || entry.term != term) initial.terms.push_back({entry.index, entry.term});
      term = entry.term;
      if (entry.index > machine.applied && entry.kind == EntryKind::kMembership) {
        initial.memberships.push_back(entry);
      }
    }
    tail = std::min(tail, log.entries.size());
    initial.tail.assign(log.entries.end() - static_cast<std::ptrdiff_t>(tail), log.entries.end());
    initial.applied = machine.applied;
    initial.membership = machine.membership;
    return initial;
  }
};

}  // namespace stator::simulation
