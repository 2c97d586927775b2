@0xe10a3e39276378ab;
# What two processes say to each other before anything else on a connection (net/link_hello.h): the body of a hello frame.
#
# Written by both ends of each connection, nothing of it is stored. The frame's header has the class of the connection.
# Version rule: fields are only ever added, and a reader takes an absent one for its default.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

struct LinkHello {
  clusterId @0 :Data;          # 16 bytes; zeros: belongs to none
  node @1 :UInt64;             # 0: an operator's tool
  incarnation @2 :Data;        # of the data folder, 16 bytes
  bootEpoch @3 :UInt64;        # random, new with every start
  formatsMin @4 :UInt32;
  formatsMax @5 :UInt32;
  activeVersion @6 :UInt32;
  version @7 :Text;            # of the binary
  zone @8 :Text;
  linkAddress @9 :Text;
  clientAddress @10 :Text;
  adminAddress @11 :Text;
  wallClockMicros @12 :UInt64; # since 1970
  to @13 :UInt64;              # the node that the dialler wants; 0: whoever is there
  session @14 :UInt64;         # of the dialler: its three connections share one, a later one replaces it
  features @15 :UInt64;        # bits; none is defined yet
}
