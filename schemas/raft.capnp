@0xe4a8d35b7c1f9026;
# What nodes send each other for their Raft groups (cluster/raft_messages.h): one body of a frame bundles the messages of
# many groups to one node.
#
# Written by the replica's node, read by the receiver's; nothing of it is stored, but for the entries' data, which is what
# lies in the logs (cluster/log_entry.h), byte for byte.
# Version rule: fields and union members are only ever added. A reader leaves out a message of a kind that it does not know;
# what it must not leave out raises the cluster's active version first (docs/architecture.md, protocol 6).
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

struct RaftBundle {
  messages @0 :List(RaftMessage);
}

# Fields of the bodies are explained in raft/messages.h, under the same names.
struct RaftMessage {
  partition @0 :UInt64;           # 0: group 0
  rangeEpoch @1 :UInt32;          # of the sender's range
  from @2 :UInt64;                # replica ids
  to @3 :UInt64;
  term @4 :UInt64;
  union {
    append @5 :Append;
    appendResponse @6 :AppendResponse;
    heartbeat @7 :Heartbeat;
    heartbeatResponse @8 :HeartbeatResponse;
    commitNotice @9 :UInt64;      # the commit index
    preVoteRequest @10 :VoteRequest;
    preVoteResponse @11 :Bool;    # granted
    voteRequest @12 :VoteRequest;
    voteResponse @13 :Bool;       # granted
    timeoutNow @14 :Void;
    snapshotChunk @15 :SnapshotChunk;
    snapshotAck @16 :SnapshotAck;
  }

  struct Append {
    prevIndex @0 :UInt64;
    prevTerm @1 :UInt64;
    commit @2 :UInt64;
    entries @3 :List(Entry);      # the first has index prevIndex + 1, and so on
  }

  struct Entry {
    term @0 :UInt64;
    kind @1 :UInt8;               # raft::EntryKind
    data @2 :Data;
  }

  struct AppendResponse {
    rejected @0 :Bool;
    index @1 :UInt64;
    hintIndex @2 :UInt64;
    hintTerm @3 :UInt64;
  }

  struct Heartbeat {
    commit @0 :UInt64;
    readRound @1 :UInt64;
    rest @2 :Bool;
    floor @3 :UInt64;
  }

  struct HeartbeatResponse {
    readRound @0 :UInt64;
    resting @1 :Bool;
  }

  struct VoteRequest {
    lastIndex @0 :UInt64;
    lastTerm @1 :UInt64;
    transfer @2 :Bool;
  }

  struct SnapshotChunk {
    index @0 :UInt64;
    term @1 :UInt64;
    voters @2 :List(UInt64);
    learners @3 :List(UInt64);
    stream @4 :UInt64;
    offset @5 :UInt64;
    done @6 :Bool;
    data @7 :Data;
  }

  struct SnapshotAck {
    stream @0 :UInt64;
    nextOffset @1 :UInt64;
    offset @2 :UInt64;
  }
}
