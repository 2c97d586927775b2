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
