// A snapshot as bytes, for carriers of replicas that have no LevelDB: the state, the rows, a checksum over
// both.
#pragma once

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/replica_outputs.h"

namespace stator::cluster {

// items/ of one replica.
using Rows = std::map<std::pair<model::RowKind, std::string>, std::string>;

struct DecodedSnapshot {
  AppliedState state;  // without membership
  Rows rows;
};

inline std::string encode_snapshot(const AppliedState& state, const Rows& rows,
                                   const std::vector<StoredRow>& requests) {
  std::string bytes(sizeof(uint64_t), '\0');
  const auto number = [&](uint64_t value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  const auto text = [&](const std::string& value) {
    number(value.size());
    bytes += value;
  };
  for (uint64_t value : {state.index, state.term, state.stamp.micros, uint64_t{state.schema_version},
                         state.items, state.bytes, state.checksum}) {
    number(value);
  }
  const auto row = [&](model::RowKind kind, const std::string& key, const std::string& value) {
    number(static_cast<uint64_t>(kind));
    text(key);
    text(value);
  };
  for (const auto& [key, value] : rows) {
    if (key.first != model::RowKind::kRequest) row(key.first, key.second, value);
  }
  for (const StoredRow& request : requests) row(request.kind, request.key, request.value);
  const uint64_t checksum = XXH3_64bits(bytes.data() + sizeof checksum, bytes.size() - sizeof checksum);
  std::memcpy(bytes.data(), &checksum, sizeof checksum);
  return bytes;
}

// nullopt where the bytes are damaged or not all there.
inline std::optional<DecodedSnapshot> decode_snapshot(const std::string& bytes) {
  size_t at = 0;
  const auto number = [&] {
    uint64_t value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
    return value;
  };
  const auto text = [&] {
    const size_t size = number();
    at += size;
    return bytes.substr(at - size, size);
  };
  if (bytes.size() < 8 * sizeof(uint64_t)) return std::nullopt;
  if (number() != XXH3_64bits(bytes.data() + at, bytes.size() - at)) return std::nullopt;
  DecodedSnapshot decoded;
  AppliedState& state = decoded.state;
  state.index = number();
  state.term = number();
  state.stamp.micros = number();
  state.schema_version = static_cast<uint32_t>(number());
  state.items = number();
  state.bytes = number();
  state.checksum = number();
  while (at < bytes.size()) {
    const auto kind = static_cast<model::RowKind>(number());
    std::string key = text();
    decoded.rows[{kind, std::move(key)}] = text();
  }
  return decoded;
}

// What the replica is told of it.
inline SnapshotState snapshot_state(const DecodedSnapshot& decoded,
                                    const std::vector<model::RowKind>& kinds) {
  SnapshotState whole{decoded.state, {}};
  for (const auto& [key, value] : decoded.rows) {
    if (std::find(kinds.begin(), kinds.end(), key.first) != kinds.end())
      whole.rows.push_back({key.first, key.second, value});
  }
  return whole;
}

// Without what is not the same on all replicas.
inline Rows replicated(Rows rows) {
  std::erase_if(rows, [](const auto& row) { return row.first.first == model::RowKind::kRequest; });
  return rows;
}

}  // namespace stator::cluster
