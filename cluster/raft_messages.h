// Raft messages on the wire: one body of a frame bundles the messages of many groups from one node to another
// (schemas/raft.capnp), so that a sync costs one frame a peer and not one a partition. What a frame is, and
// how it travels, is net's. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/log_entry.h"
#include "model/ids.h"
#include "model/result.h"
#include "raft/messages.h"

namespace stator::cluster {

// A message and the group that it belongs to.
struct GroupMessage {
  model::PartitionId partition;
  uint32_t range_epoch = 0;  // of the sender's range
  raft::Message message;
};

// Which connection a message takes (docs/architecture.md, protocol 14). Control is small and never waits
// behind data; bulk never delays data.
enum class RaftTraffic : uint8_t { kControl = 1, kData, kBulk };
RaftTraffic traffic_of(const raft::Message& message);

// What the message adds to an encoded bundle, roughly: for those who fill one up to a size.
size_t approximate_bytes(const GroupMessage& message);

// The body of a frame. Requires that each Append's entries are contiguous and follow its prev_index.
std::string encode_raft_messages(std::span<const GroupMessage> messages);

// The inverse, for bytes that may come from anywhere: kMalformed for those that are no bundle. A message of a
// kind that this version does not know is left out. Entries and snapshot pieces get memory of their own, at
// most a few times the body's size in all.
model::Result<std::vector<GroupMessage>, LogEntryError> decode_raft_messages(std::string_view body);

}  // namespace stator::cluster
