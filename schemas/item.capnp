@0xa1f3c6d28b7e4c10;
# The body of an item record (model/item_record.h): one item's attributes.
#
# Written by the leader when it evaluates a write; read by every replica that applies it or serves it.
# Version rule: fields and union members are only ever added; the record header's format byte is raised when a reader
# that does not know the addition would misread the item. Readers set a nesting limit of 128: an item may nest 32 deep,
# and each of its levels costs two of Cap'n Proto's.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

struct Item {
  attributes @0 :List(Attribute);   # in order of name, each name once
}

struct Attribute {
  name @0 :Data;                    # UTF-8
  value @1 :AttributeValue;
}

# A canonical decimal (model/number.h): coefficient * 10^exponent.
struct Number {
  high @0 :UInt64;       # of the 128-bit coefficient
  low @1 :UInt64;
  exponent @2 :Int16;
  negative @3 :Bool;
}

struct AttributeValue {
  union {
    s @0 :Data;          # UTF-8; Data, since a string may hold NUL
    n @1 :Number;
    b @2 :Data;
    bool @3 :Bool;
    null @4 :Void;
    m @5 :List(Attribute);
    l @6 :List(AttributeValue);
    ss @7 :List(Data);   # sorted
    ns @8 :List(Number);
    bs @9 :List(Data);
  }
}
