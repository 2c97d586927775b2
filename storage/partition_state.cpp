// Encoding of partition states:  format u8 | 0 x7 | checksum u64 | Cap'n Proto, flat
// The checksum is XXH3-64 of the body, seeded with partition and format.
#include "storage/partition_state.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>
#include <xxhash.h>

#include <cstring>

#include "schemas/partition_state.capnp.h"

namespace stator::storage {

namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kHeader = 16;
constexpr uint64_t kWordsMax = 64 * 1024 * 1024 / sizeof(capnp::word);

uint64_t checksum(model::PartitionId partition, std::string_view body) {
  return XXH3_64bits_withSeed(body.data(), body.size(), partition.value * 0x9E3779B97F4A7C15ULL + kFormat);
}

capnp::Data::Reader as_data(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}
std::string text(capnp::Data::Reader bytes) {
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

template <class Builder>
void put_ids(Builder list, const std::vector<model::ReplicaId>& ids) {
  for (size_t i = 0; i < ids.size(); ++i) list.set(i, ids[i].value);
}
std::vector<model::ReplicaId> get_ids(capnp::List<uint64_t>::Reader list) {
  std::vector<model::ReplicaId> ids;
  for (const uint64_t id : list) ids.push_back(model::ReplicaId(id));
  return ids;
}

void build(schemas::PartitionState::Builder out, const PartitionState& state) {
  out.setPartition(state.partition.value);
  out.setTable(state.table.value);
  out.setSpace(state.space.value);
  out.setReplica(state.replica.value);
  out.setRangeFrom(as_data(state.range.from));
  out.setRangeTo(as_data(state.range.to));
  out.setRangeEpoch(state.range_epoch);
  out.setConfigurationEpoch(state.configuration_epoch);
  put_ids(out.initVoters(state.membership.voters.size()), state.membership.voters);
  put_ids(out.initLearners(state.membership.learners.size()), state.membership.learners);
  out.setAppliedIndex(state.applied.index);
  out.setAppliedTerm(state.applied.term);
  out.setLastStamp(state.last_stamp.micros);
  out.setHighestDeletionStamp(state.highest_deletion_stamp.micros);
  out.setSchemaVersion(state.schema_version);
  out.setCountsApproximate(state.counts_approximate);
  out.setItemCount(state.item_count);
  out.setItemBytes(state.item_bytes);
  if (!state.shards.empty()) {
    auto shards = out.initShards(state.shards.size());
    for (size_t i = 0; i < state.shards.size(); ++i) {
      shards[i].setId(state.shards[i].id);
      shards[i].setParent(state.shards[i].parent);
      shards[i].setFirstIndex(state.shards[i].first_index);
      shards[i].setLastIndex(state.shards[i].last_index);
      shards[i].setCreated(state.shards[i].created.micros);
      shards[i].setLabel(state.shards[i].label);
    }
  }
  out.setTrimIndex(state.trim_index);
  out.setLineageParent(state.lineage.parent.value);
  out.setLineageSplitIndex(state.lineage.split_index);
  out.setLastChecksum(state.last_checksum);
  if (!state.request_ids.empty()) out.setRequestIds(as_data(state.request_ids));
  if (!state.extension.empty()) out.setExtension(as_data(state.extension));
  if (!state.local_indexes.empty()) {
    auto indexes = out.initLocalIndexes(state.local_indexes.size());
    for (size_t i = 0; i < state.local_indexes.size(); ++i) {
      indexes[i].setNumber(state.local_indexes[i].number);
      indexes[i].setItems(state.local_indexes[i].counts.items);
      indexes[i].setBytes(state.local_indexes[i].counts.bytes);
    }
  }
}

PartitionState parse(schemas::PartitionState::Reader in) {
  PartitionState state;
  state.partition = model::PartitionId(in.getPartition());
  state.table = model::TableId(in.getTable());
  state.space = model::SpaceId(in.getSpace());
  state.replica = model::ReplicaId(in.getReplica());
  state.range = {text(in.getRangeFrom()), text(in.getRangeTo())};
  state.range_epoch = in.getRangeEpoch();
  state.configuration_epoch = in.getConfigurationEpoch();
  state.membership = {get_ids(in.getVoters()), get_ids(in.getLearners())};
  state.applied = {in.getAppliedIndex(), in.getAppliedTerm()};
  state.last_stamp = {in.getLastStamp()};
  state.highest_deletion_stamp = {in.getHighestDeletionStamp()};
  state.schema_version = in.getSchemaVersion();
  state.item_count = in.getItemCount();
  state.item_bytes = in.getItemBytes();
  state.counts_approximate = in.getCountsApproximate();
  for (const auto shard : in.getShards()) {
    const auto label = shard.getLabel();
    state.shards.push_back({shard.getId(), shard.getParent(), shard.getFirstIndex(), shard.getLastIndex(),
                            model::Stamp{shard.getCreated()}, std::string(label.begin(), label.end())});
  }
  state.trim_index = in.getTrimIndex();
  state.lineage = {model::PartitionId(in.getLineageParent()), in.getLineageSplitIndex()};
  state.last_checksum = in.getLastChecksum();
  state.request_ids = text(in.getRequestIds());
  state.extension = text(in.getExtension());
  for (const auto index : in.getLocalIndexes())
    state.local_indexes.push_back({index.getNumber(), {index.getItems(), index.getBytes()}});
  return state;
}

Failure damaged(model::PartitionId partition) {
  return Failure(Error{ErrorCode::kCorruption,
                       "The state of partition " + std::to_string(partition.value) +
                           " is damaged in items/; remove this replica and add a new one",
                       {}});
}

}  // namespace

std::string encode_partition_state(const PartitionState& state) {
  capnp::word first[256];  // enough for nearly all states: no allocation for the segment
  std::memset(first, 0, sizeof first);
  capnp::MallocMessageBuilder message(kj::arrayPtr(first, 256));
  build(message.initRoot<schemas::PartitionState>(), state);
  const auto words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  const std::string_view body(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  std::string out(kHeader, '\0');
  out.reserve(kHeader + body.size());
  out[0] = static_cast<char>(kFormat);
  const uint64_t sum = checksum(state.partition, body);
  std::memcpy(out.data() + 8, &sum, sizeof sum);
  out.append(body);
  return out;
}

Result<PartitionState> decode_partition_state(model::PartitionId partition, std::string_view bytes) {
  if (!bytes.empty() && static_cast<uint8_t>(bytes[0]) != kFormat) {
    return Failure(Error{ErrorCode::kFormat,
                         "The state of partition " + std::to_string(partition.value) +
                             " has a format that this version does not know; run the version that wrote it",
                         {}});
  }
  if (bytes.size() < kHeader || (bytes.size() - kHeader) % sizeof(capnp::word) != 0)
    return damaged(partition);
  const std::string_view body = bytes.substr(kHeader);
  uint64_t stored;
  std::memcpy(&stored, bytes.data() + 8, sizeof stored);
  if (stored != checksum(partition, body)) return damaged(partition);
  // LevelDB's slices lie anywhere; Cap'n Proto reads aligned words.
  auto words = kj::heapArray<capnp::word>(body.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), body.data(), body.size());
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = kWordsMax;
    capnp::FlatArrayMessageReader reader(words, options);
    PartitionState state = parse(reader.getRoot<schemas::PartitionState>());
    if (state.partition != partition) return damaged(partition);
    return state;
  } catch (const kj::Exception&) {  // checksummed bytes that are no message: written wrong
    return damaged(partition);
  }
}

}  // namespace stator::storage
