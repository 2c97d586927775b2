@0xc2a9b1d4e86f7035;
# The state of a partition as of its applied index (storage/partition_state.h): one row in space 0 of items/.
#
# Written by the applier, in the LevelDB batch of the rows that it describes; read at the start, and by snapshots.
# Version rule: fields are only ever added; the row's format byte is raised when a reader that does not know an addition
# would misread the row.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

struct PartitionState {
  partition @0 :UInt64;
  table @1 :UInt64;
  space @2 :UInt64;
  replica @3 :UInt64;
  rangeFrom @4 :Data;
  rangeTo @5 :Data;                # empty: no end
  rangeEpoch @6 :UInt32;
  configurationEpoch @7 :UInt32;
  voters @8 :List(UInt64);         # replica ids, sorted
  learners @9 :List(UInt64);
  appliedIndex @10 :UInt64;
  appliedTerm @11 :UInt64;
  lastStamp @12 :UInt64;           # microseconds since 1970
  highestDeletionStamp @13 :UInt64;
  schemaVersion @14 :UInt32;
  countsApproximate @15 :Bool;
  itemCount @16 :UInt64;
  itemBytes @17 :UInt64;
  shards @18 :List(Shard);
  trimIndex @19 :UInt64;
  lineageParent @20 :UInt64;       # 0: not split off
  lineageSplitIndex @21 :UInt64;
  lastChecksum @22 :UInt64;        # of the log entry at appliedIndex
  requestIds @23 :Data;
  extension @24 :Data;
  localIndexes @25 :List(LocalIndex);  # entries of the table's local indexes, in order of number; a partition that has entries
                                       # and no counts was written before there were any, and is counted when it is opened
}

struct LocalIndex {
  number @0 :UInt16;
  items @1 :UInt64;
  bytes @2 :UInt64;                # as the service counts
}

struct Shard {
  id @0 :UInt64;
  parent @1 :UInt64;               # 0: none
  firstIndex @2 :UInt64;
  lastIndex @3 :UInt64;            # 0: open
  created @4 :UInt64;
  label @5 :Text;
}
