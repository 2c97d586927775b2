// Bundles of Raft messages: one writer and one reader a kind of message.
#include "cluster/raft_messages.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "cluster/body_codec.h"
#include "schemas/raft.capnp.h"

namespace stator::cluster {
namespace {

using Wire = schemas::RaftMessage;

constexpr size_t kMessageBytes = 128;  // its struct, its body's and their pointers
constexpr size_t kEntryBytes = 32;     // the struct of an entry, and padding
constexpr size_t kReserveMax = 1024;   // elements; a list's length is only what its sender says

// --- writing ---

void write(Wire::Builder out, const raft::Append& append) {
  auto body = out.initAppend();
  body.setPrevIndex(append.prev_index);
  body.setPrevTerm(append.prev_term);
  body.setCommit(append.commit);
  auto entries = body.initEntries(static_cast<uint>(append.entries.size()));
  raft::Index index = append.prev_index;
  for (uint i = 0; i < entries.size(); ++i) {
    const raft::Entry& entry = append.entries[i];
    STATOR_ASSERT(entry.index == ++index, "the entries of an Append follow each other");
    entries[i].setTerm(entry.term);
    entries[i].setKind(static_cast<uint8_t>(entry.kind));
    if (entry.data) entries[i].setData(data_of(*entry.data));
  }
}

void write(Wire::Builder out, const raft::AppendResponse& response) {
  auto body = out.initAppendResponse();
  body.setRejected(response.rejected);
  body.setIndex(response.index);
  body.setHintIndex(response.hint_index);
  body.setHintTerm(response.hint_term);
}

void write(Wire::Builder out, const raft::Heartbeat& heartbeat) {
  auto body = out.initHeartbeat();
  body.setCommit(heartbeat.commit);
  body.setReadRound(heartbeat.read_round);
  body.setRest(heartbeat.rest);
  body.setFloor(heartbeat.floor);
}

void write(Wire::Builder out, const raft::HeartbeatResponse& response) {
  auto body = out.initHeartbeatResponse();
  body.setReadRound(response.read_round);
  body.setResting(response.resting);
}

void write(Wire::Builder out, const raft::CommitNotice& notice) { out.setCommitNotice(notice.commit); }

void write(Wire::Builder out, const raft::PreVoteRequest& request) {
  auto body = out.initPreVoteRequest();
  body.setLastIndex(request.last_index);
  body.setLastTerm(request.last_term);
}

void write(Wire::Builder out, const raft::PreVoteResponse& response) {
  out.setPreVoteResponse(response.granted);
}

void write(Wire::Builder out, const raft::VoteRequest& request) {
  auto body = out.initVoteRequest();
  body.setLastIndex(request.last_index);
  body.setLastTerm(request.last_term);
  body.setTransfer(request.transfer);
}

void write(Wire::Builder out, const raft::VoteResponse& response) { out.setVoteResponse(response.granted); }
void write(Wire::Builder out, const raft::TimeoutNow&) { out.setTimeoutNow(); }

void write_ids(capnp::List<uint64_t>::Builder out, const std::vector<model::ReplicaId>& ids) {
  for (uint i = 0; i < out.size(); ++i) out.set(i, ids[i].value);
}

void write(Wire::Builder out, const raft::SnapshotChunk& chunk) {
  auto body = out.initSnapshotChunk();
  body.setIndex(chunk.meta.index);
  body.setTerm(chunk.meta.term);
  const raft::Membership& membership = chunk.meta.membership;
  write_ids(body.initVoters(static_cast<uint>(membership.voters.size())), membership.voters);
  write_ids(body.initLearners(static_cast<uint>(membership.learners.size())), membership.learners);
  body.setStream(chunk.stream);
  body.setOffset(chunk.offset);
  body.setDone(chunk.done);
  if (chunk.data) body.setData(data_of(*chunk.data));
}

void write(Wire::Builder out, const raft::SnapshotAck& ack) {
  auto body = out.initSnapshotAck();
  body.setStream(ack.stream);
  body.setOffset(ack.offset);
  body.setNextOffset(ack.next_offset);
}

// --- reading: nullopt for what is no message ---

std::shared_ptr<const std::string> own(capnp::Data::Reader data) {
  return std::make_shared<const std::string>(view_of(data));
}

std::optional<raft::MessageBody> read(Wire::Append::Reader in) {
  raft::Append append{in.getPrevIndex(), in.getPrevTerm(), in.getCommit(), {}};
  auto entries = in.getEntries();
  if (append.prev_index > UINT64_MAX - entries.size()) return std::nullopt;
  append.entries.reserve(std::min<size_t>(entries.size(), kReserveMax));
  raft::Index index = append.prev_index;
  for (auto entry : entries) {
    const auto kind = static_cast<raft::EntryKind>(entry.getKind());
    if (kind < raft::EntryKind::kNoop || kind > raft::EntryKind::kMembership) return std::nullopt;
    append.entries.push_back({++index, entry.getTerm(), kind, own(entry.getData())});
  }
  return append;
}

std::vector<model::ReplicaId> read_ids(capnp::List<uint64_t>::Reader in) {
  std::vector<model::ReplicaId> ids;
  for (const uint64_t id : in) ids.push_back(model::ReplicaId(id));
  return ids;
}

std::optional<raft::MessageBody> read(Wire::SnapshotChunk::Reader in) {
  raft::SnapshotChunk chunk;
  chunk.meta = {in.getIndex(), in.getTerm(), {read_ids(in.getVoters()), read_ids(in.getLearners())}};
  chunk.stream = in.getStream();
  chunk.offset = in.getOffset();
  chunk.done = in.getDone();
  chunk.data = own(in.getData());
  return chunk;
}

std::optional<raft::MessageBody> read_body(Wire::Reader in) {
  switch (in.which()) {
    case Wire::APPEND:
      return read(in.getAppend());
    case Wire::APPEND_RESPONSE: {
      auto body = in.getAppendResponse();
      return raft::AppendResponse{body.getRejected(), body.getIndex(), body.getHintIndex(),
                                  body.getHintTerm()};
    }
    case Wire::HEARTBEAT: {
      auto body = in.getHeartbeat();
      return raft::Heartbeat{body.getCommit(), body.getReadRound(), body.getRest(), body.getFloor()};
    }
    case Wire::HEARTBEAT_RESPONSE: {
      auto body = in.getHeartbeatResponse();
      return raft::HeartbeatResponse{body.getReadRound(), body.getResting()};
    }
    case Wire::COMMIT_NOTICE:
      return raft::CommitNotice{in.getCommitNotice()};
    case Wire::PRE_VOTE_REQUEST: {
      auto body = in.getPreVoteRequest();
      return raft::PreVoteRequest{body.getLastIndex(), body.getLastTerm()};
    }
    case Wire::PRE_VOTE_RESPONSE:
      return raft::PreVoteResponse{in.getPreVoteResponse()};
    case Wire::VOTE_REQUEST: {
      auto body = in.getVoteRequest();
      return raft::VoteRequest{body.getLastIndex(), body.getLastTerm(), body.getTransfer()};
    }
    case Wire::VOTE_RESPONSE:
      return raft::VoteResponse{in.getVoteResponse()};
    case Wire::TIMEOUT_NOW:
      return raft::TimeoutNow{};
    case Wire::SNAPSHOT_CHUNK:
      return read(in.getSnapshotChunk());
    case Wire::SNAPSHOT_ACK: {
      auto body = in.getSnapshotAck();
      return raft::SnapshotAck{body.getStream(), body.getOffset(), body.getNextOffset()};
    }
  }
  return std::nullopt;
}

bool is_known(Wire::Reader in) { return in.which() <= Wire::SNAPSHOT_ACK; }

}  // namespace

RaftTraffic traffic_of(const raft::Message& message) {
  struct Visitor {
    RaftTraffic operator()(const raft::Append&) const { return RaftTraffic::kData; }
    RaftTraffic operator()(const raft::AppendResponse&) const { return RaftTraffic::kData; }
    RaftTraffic operator()(const raft::Heartbeat&) const { return RaftTraffic::kControl; }
    RaftTraffic operator()(const raft::HeartbeatResponse&) const { return RaftTraffic::kControl; }
    RaftTraffic operator()(const raft::CommitNotice&) const { return RaftTraffic::kData; }
    RaftTraffic operator()(const raft::PreVoteRequest&) const { return RaftTraffic::kControl; }
    RaftTraffic operator()(const raft::PreVoteResponse&) const { return RaftTraffic::kControl; }
    RaftTraffic operator()(const raft::VoteRequest&) const { return RaftTraffic::kControl; }
    RaftTraffic operator()(const raft::VoteResponse&) const { return RaftTraffic::kControl; }
    RaftTraffic operator()(const raft::TimeoutNow&) const { return RaftTraffic::kControl; }
    RaftTraffic operator()(const raft::SnapshotChunk&) const { return RaftTraffic::kBulk; }
    // Few and small: they must not wait behind the pieces of a snapshot that goes the other way.
    RaftTraffic operator()(const raft::SnapshotAck&) const { return RaftTraffic::kData; }
  };
  return std::visit(Visitor{}, message.body);
}

size_t approximate_bytes(const GroupMessage& message) {
  size_t bytes = kMessageBytes;
  if (const auto* append = std::get_if<raft::Append>(&message.message.body)) {
    for (const raft::Entry& entry : append->entries)
      bytes += kEntryBytes + (entry.data ? entry.data->size() : 0);
  } else if (const auto* chunk = std::get_if<raft::SnapshotChunk>(&message.message.body)) {
    const raft::Membership& membership = chunk->meta.membership;
    bytes += (membership.voters.size() + membership.learners.size()) * sizeof(uint64_t);
    bytes += chunk->data ? chunk->data->size() : 0;
  }
  return bytes;
}

std::string encode_raft_messages(std::span<const GroupMessage> messages) {
  size_t bytes = 0;
  for (const GroupMessage& message : messages) bytes += approximate_bytes(message);
  capnp::MallocMessageBuilder bundle(words_for(bytes));
  auto list = bundle.initRoot<schemas::RaftBundle>().initMessages(static_cast<uint>(messages.size()));
  for (uint i = 0; i < list.size(); ++i) {
    const raft::Message& message = messages[i].message;
    auto out = list[i];
    out.setPartition(messages[i].partition.value);
    out.setRangeEpoch(messages[i].range_epoch);
    out.setFrom(message.from.value);
    out.setTo(message.to.value);
    out.setTerm(message.term);
    std::visit([&](const auto& body) { write(out, body); }, message.body);
  }
  return flatten(bundle);
}

model::Result<std::vector<GroupMessage>, LogEntryError> decode_raft_messages(std::string_view body) {
  using Messages = std::vector<GroupMessage>;
  constexpr LogEntryError kMalformed = LogEntryError::kMalformed;
  return decode_body<Messages>(
      body, kMalformed, [](BodyReader& reader) -> model::Result<Messages, LogEntryError> {
        auto list = reader.root<schemas::RaftBundle>().getMessages();
        Messages messages;
        messages.reserve(std::min<size_t>(list.size(), kReserveMax));
        for (auto in : list) {
          if (in.getFrom() == 0 || in.getTo() == 0) return model::Failure(kMalformed);
          if (!is_known(in)) continue;
          std::optional<raft::MessageBody> content = read_body(in);
          if (!content) return model::Failure(kMalformed);
          messages.push_back({model::PartitionId(in.getPartition()),
                              in.getRangeEpoch(),
                              {model::ReplicaId(in.getFrom()), model::ReplicaId(in.getTo()), in.getTerm(),
                               std::move(*content)}});
        }
        return messages;
      });
}

}  // namespace stator::cluster
