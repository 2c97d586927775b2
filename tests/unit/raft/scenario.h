// Scenarios: small groups that are driven by commands, every message and every other effect written down. For
// the datadriven files in tests/data/raft, where the whole trace is the expectation.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lone.h"

namespace stator::raft {

// One of the group's members at a time acts; messages are delivered in the order in which they were sent,
// until none is left.
//
//   group 1,2,3 [learners=4] [key=value of Config ...]   a new group; its members start
//   add 5                  a replica that belongs to nothing yet
//   campaign 1             an election now
//   tick 1 [20]            so many ticks
//   propose 1 BODY
//   change 1 add-learner|promote|demote|remove 4
//   read 1 CONTEXT
//   transfer 1 2
//   lost 2 1               replica 2 loses its connection to replica 1
//   cut 1 2                messages from 1 to 2 are lost, and so on for every pair given; `cut 1 *` both ways
//   with all heal                   no more cuts crash 1 / start 1      what is unsynced is lost hold 1 /
//   sync 1 / release 1    syncs of 1 wait / the oldest is done / they happen at once again compact 1 INDEX
//   log 1                  term and index of its stored entries
//   status                 of all
class Scenario {
 public:
  // Runs the commands, a line each; what happened, a line each.
  std::string run(const std::string& commands);

 private:
  using Words = std::vector<std::string>;

  void run_command(const Words& words);
  void new_group(const Words& words);
  void change(Lone& lone, const Words& words);
  void cut(const Words& words);
  void show_log(uint64_t replica);
  void show_status();

  Lone& at(const std::string& replica) { return *members_.at(std::stoull(replica)); }
  void start(uint64_t replica, Disk disk);
  void observe(uint64_t replica, const Ready& ready);
  void pump(uint64_t replica);
  void collect(uint64_t replica, Output out);
  void snapshots(uint64_t replica, const Output& out);
  void deliver_all();
  void say(const std::string& line) { trace_ += line + "\n"; }

  Config shape_;
  std::map<uint64_t, std::unique_ptr<Lone>> members_;
  std::map<uint64_t, Disk> crashed_;
  std::set<std::pair<uint64_t, uint64_t>> cuts_;
  std::deque<Message> network_;
  std::string trace_;
};

}  // namespace stator::raft
