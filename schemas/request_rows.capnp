@0x9d1c0b7e6a5f4382;
# The value of a row of kind request (cluster/request_rows.h): a remembered request that travels with a snapshot.
#
# Written by the leader that sends the snapshot; kept in items/ by the replica that installs it, until it is forgotten.
# Version rule: fields and union members are only ever added.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");
using Log = import "/schemas/log_entry.capnp";

struct RememberedRequest {
  stamp @0 :UInt64;               # of the entry that answered it, microseconds since 1970
  union {                         # what a retry is answered with
    item @1 :Log.Outcome;
    table @2 :Log.TableOutcome;
  }
}
