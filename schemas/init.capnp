@0x9c27e1a4d58f3b60;
# How a cluster comes to be, and how a node comes into it (cluster/init_messages.h): bodies of frames between a node and
# whoever calls its link, also before there is a cluster id.
#
# `stator cluster init` asks every peer who it is (Identify, whose body is empty) and sends all of them the same Bootstrap. A
# node whose folder knows no cluster asks the nodes that it was told of to let it in (Join).
# Version rule: fields are only ever added, with defaults that mean "as before". Nothing of it is stored.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stator::schemas");

# Ids of clusters and incarnations are 16 bytes, random. Addresses: link "HOST:PORT", client and admin "http://HOST:PORT".
struct Member {
  node @0 :UInt64;
  metadataReplica @1 :UInt64;      # its replica of group 0; at the bootstrap the node's own number
  incarnation @2 :Data;
  link @3 :Data;
  client @4 :Data;
  admin @5 :Data;
  zone @6 :Data;
}

struct IdentifyReply {
  self @0 :Member;                 # metadataReplica: 0 while the node is in no cluster
  clusterId @1 :Data;              # empty while the node is in no cluster
  members @2 :List(Member);        # of that cluster, as they were bootstrapped; empty while it is in none
}

struct Bootstrap {
  clusterId @0 :Data;
  members @1 :List(Member);        # each node once, sorted by its number
}

struct BootstrapReply {
  done @0 :Bool;                   # durable, also where it was done before with the same id
  reason @1 :Data;                 # of a refusal, for the operator
}

struct Join {
  self @0 :Member;                 # metadataReplica: 0; node: 0 where it is to be given a number
  version @1 :Data;                # of the binary, as in "0.1.0"
  formatMin @2 :UInt32;            # the formats that it reads
  formatMax @3 :UInt32;
}

struct JoinReply {
  union {
    welcome @0 :Welcome;
    refusal @1 :Refusal;
  }

  struct Welcome {
    clusterId @0 :Data;
    metadataReplica @1 :UInt64;    # what its replica of group 0 is called
    late @2 :Bool;                 # the replica begins as a learner with nothing, not as a bootstrapped voter
    members @3 :List(Member);
    node @4 :UInt64;               # under which it is known: the number that it asked for, or was given
  }
  struct Refusal {
    reason @0 :Data;               # for the operator
    again @1 :Bool;                # the same request may succeed later: there is no leader yet, say
  }
}

# What an operator asks of the cluster, through any of its nodes (cluster/administer_messages.h). The same request may be sent
# again and again: the answer says how far it has come.
struct Administer {
  verb @0 :UInt8;                  # cluster::AdministerVerb
  node @1 :UInt64;                 # 0 where the verb names none
}

struct AdministerReply {
  state @0 :UInt8;                 # cluster::AdministerState
  text @1 :Data;                   # for the operator
  left @2 :UInt32;                 # replicas that are still on a node that is decommissioned
}
