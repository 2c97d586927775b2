@0xe3c1a7d25b904f68;
# What nodes ask of each other beside Raft: requests of clients that belong to a partition led elsewhere, and what is
# needed to answer them. Bodies of frames of class request (cluster/request_wire.h has the kinds).
#
# Sent by the router of the node that a client talks to, to the node that leads the partition; the answer comes back on the
# same connection. Version rule: fields are only ever added, with defaults that mean "as before"; a new kind of answer is
# given only to a node that announced in its handshake that it reads it.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

struct Forward {
  partition @0 :UInt64;         # 0: group 0
  operation @1 :Text;           # "PutItem"
  body @2 :Data;                # the client's JSON, as it came
  requestId @3 :Data;           # 16 bytes: a repetition under the same id is applied once
  region @4 :Text;              # of the client's signature
  part :union {
    whole @5 :Void;             # an item operation, or one on tables
    page :group {               # the part of a page that this partition gives
      from @6 :Data;
      to @7 :Data;              # empty: no end
      scannedCount @8 :UInt64;  # what the page has used up before it
      bytesEvaluated @9 :UInt64;
      consistent @10 :Bool;
    }
    batch @11 :List(UInt32);    # of a batch operation: these parts of it
  }
}

struct Answered {
  union {
    error @0 :Error;
    item @1 :ItemAnswer;
    page @2 :PageAnswer;
    table @3 :TableAnswer;
    batch @4 :List(BatchPart);  # in the order of Forward.part.batch
  }
  applied @5 :UInt64;           # up to here the partition is applied on the leader: what a later read elsewhere should know
}

struct Error {
  code @0 :UInt16;              # api::ErrorCode
  message @1 :Text;
  item @2 :Data;                # an Item message (schemas/item.capnp); empty: none
  retryAfterMs @3 :UInt32;
}

struct Capacity {
  readUnits @0 :Float64;
  writeUnits @1 :Float64;
  indexes @2 :List(IndexUnits); # their parts of the units, where the client asked for them

  struct IndexUnits {
    index @0 :Data;             # its name
    local @1 :Bool;
    units @2 :Float64;
  }
}

struct ItemAnswer {
  hasItem @0 :Bool;
  item @1 :Data;
  capacity @2 :Capacity;
  collectionKey @3 :Data;       # an Item message: the partition key whose size was asked for; empty: it was not
  collectionBytes @4 :UInt64;
}

struct PageAnswer {
  items @0 :List(Data);
  count @1 :UInt64;
  scannedCount @2 :UInt64;
  bytesEvaluated @3 :UInt64;
  lastKey @4 :Data;
  stopped @5 :Bool;
  hasLastEvaluatedKey @6 :Bool;
  lastEvaluatedKey @7 :Data;
  capacity @8 :Capacity;
}

struct TableAnswer {
  table @0 :Data;               # a table record
  items @1 :UInt64;
  bytes @2 :UInt64;
  indexes @3 :List(Counts);     # of its indexes, local ones first; absent: zeros

  struct Counts {
    items @0 :UInt64;
    bytes @1 :UInt64;
  }
}

struct BatchPart {
  union {
    item @0 :ItemAnswer;
    error @1 :Error;
  }
}

# To group 0's leader: up to which index group 0's state must be applied so that a read that began before this was sent
# sees everything acknowledged. No request body.
struct Barrier {
  index @0 :UInt64;
}

# One-way, to all peers: what this node leads and serves. At once when that changes, and all of it (complete) on a new
# connection and every few seconds.
struct Report {
  complete @0 :Bool;            # what is not in it is not served by the sender
  partitions @1 :List(Leadership);
  clockAstray @2 :Bool;         # the sender leads nothing for now (a complete report says it)
  reaches @3 :List(UInt64);     # nodes that the sender is connected with; of a complete report

  struct Leadership {
    partition @0 :UInt64;
    term @1 :UInt64;
    serving @2 :Bool;
    items @3 :UInt64;
    bytes @4 :UInt64;
    localIndexes @5 :List(IndexCounts);  # entries of the table's local indexes
    voters @6 :List(UInt64);    # replicas that belong to the group, by what is committed
    learners @7 :List(UInt64);
    whole @8 :Bool;             # they are as wished, and none lags far behind
  }

  struct IndexCounts {
    number @0 :UInt16;          # of the index
    items @1 :UInt64;
    bytes @2 :UInt64;
  }
}
