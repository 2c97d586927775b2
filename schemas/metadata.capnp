@0xbd3c7f0e5a916d24;
# The body of a table record (model/table_record.h): what group 0 knows of a table.
#
# Written by group 0's leader when a table is created or changed; kept as a row of group 0's state, and carried by the schema
# entries of every partition's log, so that a partition evaluates against the table as its own log has it.
# Version rule: fields are only ever added, with defaults that mean "as before"; the record header's format byte is raised
# when a reader that does not know the addition would misread the table.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

# Enums are stored as the numbers of model/table.h and model/attribute_value.h. Stamps are microseconds since 1970; 0: never.
struct Table {
  id @0 :UInt64;
  name @1 :Data;
  uuid @2 :Data;                # TableId on the wire: 8-4-4-4-12 lower-case hex
  schemaVersion @3 :UInt32;
  status @4 :UInt8;             # model::TableStatus
  created @5 :UInt64;
  partitionKey @6 :KeyAttribute;
  sortKey @7 :KeyAttribute;     # null: none
  attributeDefinitions @8 :List(KeyAttribute);  # in the order of the request
  billingMode @9 :UInt8;        # model::BillingMode
  lastUpdateToOnDemand @10 :UInt64;
  throughput @11 :Throughput;
  tableClass @12 :UInt8;        # model::TableClass
  deletionProtection @13 :Bool;
  tags @14 :List(Tag);          # in the order in which they were given
  extras @15 :Extras;           # null: all as its defaults say
}

# What only some tables have: the records of others stay small.
struct Extras {
  onDemand @0 :Units;           # limits; zeros: none
  warm @1 :Units;               # zeros: the service's default
  timeToLive @2 :TimeToLive;
  localIndexes @3 :List(LocalIndex);
  globalIndexes @4 :List(GlobalIndex);
  nextIndexNumber @5 :UInt16 = 1;
  indexOf @6 :IndexOf;          # null: a table of a client's
}

# Request or capacity units a second.
struct Units {
  read @0 :UInt64;
  write @1 :UInt64;
}

struct TimeToLive {
  attribute @0 :Data;           # empty: never enabled
  enabled @1 :Bool;
  changed @2 :UInt64;
}

struct Projection {
  type @0 :UInt8 = 1;           # model::ProjectionType
  nonKeyAttributes @1 :List(Data);
}

struct LocalIndex {
  number @0 :UInt16;
  name @1 :Data;
  sortKey @2 :KeyAttribute;
  projection @3 :Projection;
}

struct GlobalIndex {
  number @0 :UInt16;
  id @1 :UInt64;                # of the table that holds its entries
  name @2 :Data;
  partitionKey @3 :List(KeyAttribute);
  sortKey @4 :List(KeyAttribute);
  projection @5 :Projection;
  status @6 :UInt8;             # model::TableStatus
  backfilling @7 :Bool;
  throughput @8 :Throughput;
  onDemand @9 :Units;
  warm @10 :Units;
  built @11 :List(UInt64);      # while it is backfilling: the table's partitions that have been read
}

# Whose entries a table holds that is an index's.
struct IndexOf {
  table @0 :UInt64;             # the base table
  number @1 :UInt16;            # the index's number there
}

struct KeyAttribute {
  name @0 :Data;
  type @1 :UInt8;               # model::AttributeType: S, N or B
}

# Provisioned throughput, in capacity units a second; zeros on demand.
struct Throughput {
  readUnits @0 :UInt64;
  writeUnits @1 :UInt64;
  lastIncrease @2 :UInt64;
  lastDecrease @3 :UInt64;
  decreasesToday @4 :UInt32;
}

struct Tag {
  key @0 :Data;
  value @1 :Data;
}
