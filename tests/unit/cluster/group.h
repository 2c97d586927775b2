// Replicas of one group, each in a Carrier of its own, and the messages between them.
#pragma once

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {

// Carriers that send each other messages, when the test says so.
class Group {
 public:
  explicit Group(uint64_t count) {
    std::vector<uint64_t> ids;
    for (uint64_t id = 1; id <= count; ++id) ids.push_back(id);
    for (uint64_t id : ids) {
      members.push_back(std::make_unique<Carrier>(id, ids));
      members.back()->start();
    }
  }

  // A replica that is to be added to the group: it knows no members. REQUIRES: the next id.
  Carrier& add(uint64_t id) {
    EXPECT_EQ(id, members.size() + 1);
    members.push_back(std::make_unique<Carrier>(id, std::vector<uint64_t>{}));
    members.back()->start();
    return *members.back();
  }

  Carrier& operator[](uint64_t id) { return *members[id - 1]; }
  bool connected(uint64_t a, uint64_t b) const { return !cut_off.contains(a) && !cut_off.contains(b); }

  // Disks are done at once and messages arrive, except for those of members that are cut off: they are lost.
  void settle() {
    for (bool busy = true; busy;) {
      busy = false;
      for (auto& member : members) {
        member->settle();
        busy |= deliver(*member);
      }
    }
  }
  // Hands out what `from` has to send.
  bool deliver(Carrier& from) {
    bool any = false;
    while (!from.messages.empty()) {
      raft::Message message = std::move(from.messages.front());
      from.messages.pop_front();
      if (!connected(message.from.value, message.to.value)) continue;
      Carrier& to = (*this)[message.to.value];
      to.replica->step(std::move(message), to.now);
      to.take();
      any = true;
    }
    return any;
  }
  void tick(uint64_t ticks) {
    for (; ticks > 0; --ticks) {
      for (auto& member : members) member->replica->tick(member->now);
      settle();
    }
  }
  // Makes `id` the leader of a new term, among those that are not cut off: only their clocks go on.
  void elect(uint64_t id) {
    for (auto& member : members) {
      if (cut_off.contains(member->config.raft.self.value)) continue;
      for (uint32_t i = 0; i < member->config.raft.election_ticks_min; ++i) {
        member->replica->tick(member->now);
        member->settle();
      }
      member->messages.clear();
    }
    (*this)[id].replica->campaign((*this)[id].now);
    settle();
    EXPECT_TRUE((*this)[id].replica->serving());
  }
  // The first leader, serving.
  void begin(uint64_t id) {
    (*this)[id].replica->campaign((*this)[id].now);
    settle();
    for (auto& member : members) member->replica->configure(test_table(), member->now);
    settle();
    tick(2);
    EXPECT_TRUE((*this)[id].replica->serving());
  }

  std::vector<std::unique_ptr<Carrier>> members;
  std::set<uint64_t> cut_off;
};

}  // namespace stator::cluster
