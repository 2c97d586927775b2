// Strong types for every id and log position, so that a table's id is never passed for a partition's.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace stator::model {

// An integer with a meaning. Ids are allocated by group 0, start at 1 and are never reused; 0 means "none".
template <class Tag>
struct Id {
  uint64_t value = 0;
  constexpr Id() = default;
  constexpr explicit Id(uint64_t v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;
  constexpr explicit operator bool() const { return value != 0; }
};

using NodeId = Id<struct NodeIdTag>;
using TableId = Id<struct TableIdTag>;
using PartitionId = Id<struct PartitionIdTag>;  // partition 0 is group 0, the metadata group
using ReplicaId = Id<struct ReplicaIdTag>;      // never reused, also not by a wiped node
using SpaceId = Id<struct SpaceIdTag>;          // node-local: the first part of every key in items/

// A time stamp of the hybrid logical clock: wall-clock microseconds since 1970, pushed above every stamp that the log
// holds already. An input to the pure core, which knows no clock (docs/architecture.md, protocol 10).
struct Stamp {
  uint64_t micros = 0;
  constexpr auto operator<=>(const Stamp&) const = default;
  constexpr int64_t seconds() const { return static_cast<int64_t>(micros / 1'000'000); }
};

}  // namespace stator::model

template <class Tag>
struct std::hash<stator::model::Id<Tag>> {
  size_t operator()(stator::model::Id<Tag> id) const noexcept {
    // In-memory tables only. Nothing stored depends on it.
    return static_cast<size_t>(id.value * 0x9E3779B97F4A7C15ULL);
  }
};
