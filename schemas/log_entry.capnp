@0xd0b6a1f4c5e92871;
# The bodies of log entries (cluster/log_entry.h has the fixed header before them).
#
# Encoded once, by the leader that proposes the entry; the same bytes go to log/, to the followers and to an archive, and
# every replica applies them. They hold effects, never requests: applying an entry evaluates nothing.
# Version rule: fields are only ever added. What an older reader must not skip raises the cluster's active version first
# (docs/architecture.md, protocol 6), since a replica that refuses a committed entry stops its partition.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

# Kind write: the effects of one or more requests on items of this partition. The position of an operation in the list is its
# ordinal: together with the entry's index it is the version of the row that it writes.
struct WriteBody {
  operations @0 :List(Operation);
  rows @1 :List(Row);         # of other kinds than items, after the operations: entries of local indexes, what global ones have
                              # yet to see, when items expire, sizes of item collections
}

struct Row {
  kind @0 :UInt8;             # model::RowKind
  key @1 :Data;               # without space and kind
  value @2 :Data;
  deleted @3 :Bool;
  countDelta @4 :Int8;        # entries of local indexes: what it does to the count of the index's entries: -1, 0, 1
  bytesDelta @5 :Int32;       # ... and to their bytes. Zeros where the entry was written before there were such counts
}

struct Operation {
  key @0 :Data;               # item key: hash16, partition key, sort key (model/key.h)
  record @1 :Data;            # the new item record, whole; empty: the item is deleted
  countDelta @2 :Int8;        # what it does to the partition's item count: -1, 0, 1
  bytesDelta @3 :Int64;       # ... and to its bytes, as the service counts an item
  requestId @4 :Data;         # 16 bytes; empty where the client cannot retry the request under one id
  outcome @5 :Outcome;        # what a retry is answered with; null where requestId is empty
}

# The answer to a request on an item, kept so that a retry gets the same one.
struct Outcome {
  hasItem @0 :Bool;
  item @1 :Data;              # returned attributes: an Item message (schemas/item.capnp)
  readUnits @2 :Float64;
  writeUnits @3 :Float64;
  details @4 :Details;        # null where the client asked for none of them

  struct Details {
    indexes @0 :List(IndexUnits);  # their parts of the units
    collectionKey @1 :Data;        # an Item message: the partition key whose size was asked for; empty: it was not
    collectionBytes @2 :UInt64;
  }

  struct IndexUnits {
    index @0 :Data;           # its name
    local @1 :Bool;
    units @2 :Float64;
  }
}

# Kind schema: the table as it is from this entry on (model/table_record.h).
struct SchemaBody {
  table @0 :Data;
}

# Kind metadata, in group 0 only: nodes, tables and partitions as they are from this entry on.
struct MetadataBody {
  changes @0 :List(Change);
  requestId @1 :Data;           # 16 bytes; empty where the client cannot retry the request under one id
  outcome @2 :TableOutcome;     # what a retry is answered with; null where requestId is empty

  struct Change {
    union {
      putTable @0 :Data;          # a table record
      deleteTable @1 :UInt64;     # a table's id
      putPartition @2 :Partition;
      deletePartition @3 :UInt64; # a partition's id
      allocated @4 :Allocated;    # the allocators' new floor
      putNode @5 :Node;
      deleteNode @6 :UInt64;      # a node's id
      putCluster @7 :Cluster;
    }
  }
}

# The answer to a request on a table: the table as the answer showed it.
struct TableOutcome {
  table @0 :Data;               # a table record
  items @1 :UInt64;
  bytes @2 :UInt64;
  indexes @3 :List(Counts);     # of its indexes, local ones first; absent: zeros

  struct Counts {
    items @0 :UInt64;
    bytes @1 :UInt64;
  }
}

# The next id that is free, of each kind. Never goes back.
struct Allocated {
  table @0 :UInt64;
  partition @1 :UInt64;
  replica @2 :UInt64;
  metadataReplica @3 :UInt64 = 101;  # of group 0 itself; below 1000
  node @4 :UInt64 = 1;               # a floor: nodes that exist count too
}

# A node as group 0 knows it (cluster/node_record.h).
struct Node {
  id @0 :UInt64;
  incarnation @1 :Data;       # 16 bytes
  metadataReplica @2 :UInt64; # the id of its replica of group 0
  metadataLate @3 :Bool;      # which was added to a group that existed
  zone @4 :Data;              # text, as are the next four
  linkAddress @5 :Data;
  clientAddress @6 :Data;
  adminAddress @7 :Data;
  version @8 :Data;
  formatsMin @9 :UInt32;      # the formats that it reads
  formatsMax @10 :UInt32;
  retired @11 :Data;          # its incarnations before, 16 bytes each, the oldest first
  phase @12 :UInt8;           # cluster::NodePhase
}

# What holds for the whole cluster.
struct Cluster {
  id @0 :Data;                # 16 bytes
  activeVersion @1 :UInt32;   # what leaders write
}

# A partition as group 0 wishes it: its range, and who holds it.
struct Partition {
  id @0 :UInt64;
  table @1 :UInt64;
  from @2 :Data;              # first item key
  to @3 :Data;                # end of the range; empty: no end
  rangeEpoch @4 :UInt32;
  replicas @5 :List(Replica);
  firstLeader @6 :UInt64;     # replica id: campaigns at once when the group is born

  struct Replica {
    id @0 :UInt64;
    node @1 :UInt64;
    store @2 :UInt16;
    learner @3 :Bool;
    late @4 :Bool;            # added to a group that existed: it began empty
    leaving @5 :Bool;         # stays until the group has the others
  }
}
